//! The options themselves, by theme: one comment and one line each. See `table.rs` for what a line
//! means.
//!
//! `network` sockets, clients   `process` threads, files, shutdown   `observe` logs, slow log
//! `memory` limits, eviction
//! `persistence`  `replication`  `cluster`  `tls`  `security`  `containers` encodings   `features`
//! the rest Defaults are Redis's, or Valkey's where it chose a newer one; a line without
//! `stored_only` works today.

mod cluster;
mod containers;
mod features;
mod memory;
mod network;
mod observe;
mod persistence;
mod process;
mod replication;
mod security;
mod tls;

pub use cluster::{Cluster, EndpointType, SaveBehavior};
pub use containers::Containers;
pub use features::{Features, PropagationError};
pub use memory::{EvictionPolicy, Memory};
pub use network::Network;
pub use observe::{LogFormat, LogLevel, LogTimestamp, Observe, SyslogFacility};
pub use persistence::{FsyncPolicy, Persistence, RdbVersionCheck, SanitizeDump};
pub use process::{OomAdjust, Process, Supervised};
pub use replication::{DisklessLoad, Replication};
pub use security::{ChannelDefault, Protected, Security};
pub use tls::{ClientCertificates, Tls, UserField};

use super::table::Row;

/// Every section: what it is about, and its rows.
pub(super) fn sections() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        (Network::ABOUT, Network::rows()),
        (Process::ABOUT, Process::rows()),
        (Observe::ABOUT, Observe::rows()),
        (Security::ABOUT, Security::rows()),
        (Memory::ABOUT, Memory::rows()),
        (Persistence::ABOUT, Persistence::rows()),
        (Replication::ABOUT, Replication::rows()),
        (Cluster::ABOUT, Cluster::rows()),
        (Containers::ABOUT, Containers::rows()),
        (Features::ABOUT, Features::rows()),
        (Tls::ABOUT, Tls::rows()),
    ]
}
