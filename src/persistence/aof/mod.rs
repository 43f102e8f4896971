//! The append-only log: every change as the command that brings it about, in files that are
//! replayed at the start.
//!
//! - `state`: the log of a server: loaded, opened, closed
//! - `manifest`: which files count, in which order; `folder`: where they are
//! - `encode`: commands as bytes; `read`: bytes as commands; `load`: all files, in order
//! - `log`: what was appended and is not yet in a file; who waits for it
//! - `rewrite`: all keys in the place of everything that made them so; `commands`: as commands
//! - `writer`: the thread that writes; `syncer`: the one that syncs meanwhile
//! - `check`: what is in a file, for whoever looks after it
//!
//! Source: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/

pub mod check;
mod commands;
mod encode;
mod folder;
mod load;
mod log;
mod manifest;
mod read;
mod rewrite;
mod state;
mod syncer;
mod writer;

use std::sync::LazyLock;
use std::time::Instant;

pub use load::Replay;
pub use log::Log;
pub use state::Aof;

/// Milliseconds since the first call, and never 0.
fn monotonic_ms() -> u64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGUN.elapsed().as_millis() as u64 + 1
}

/// Seconds since 1970.
fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
