//! Options of primaries and replicas. Names are Redis's older ones where Valkey has a second: a
//! rewritten file is understood by both.

use std::time::Duration;

use crate::config::kinds::choice::{choices, one_of, yes_no};
use crate::config::kinds::lists::{Primary, replica_of};
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::{Secret, optional, text};
use crate::config::table::{IMMUTABLE, MUTABLE, options};

choices! {
    /// When a replica loads a snapshot straight from the socket.
    DisklessLoad {
        /// Never: to the disk first.
        Disabled = "disabled",
        /// When it has no data that could be lost.
        OnEmptyDb = "on-empty-db",
        /// Always, keeping the old data until the new is whole.
        Swapdb = "swapdb",
        /// Always, dropping the old data first.
        FlushBeforeLoad = "flush-before-load",
    }
}

options! {
    /// Replication
    replication: Replication {
        /// The primary that this server follows.
        "replicaof" | "slaveof" replicaof: Option<Primary> =
            None, replica_of(), IMMUTABLE.stored_only();
        /// The user as which a replica logs in at its primary.
        "masteruser" | "primaryuser" masteruser: String =
            String::new(), optional(), MUTABLE.sensitive().stored_only();
        /// The password with which it does.
        "masterauth" | "primaryauth" masterauth: Secret =
            Secret::default(), optional(), MUTABLE.sensitive().stored_only();
        /// Answers clients while the link to the primary is down.
        "replica-serve-stale-data" | "slave-serve-stale-data" replica_serve_stale_data: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Refuses writes on a replica.
        "replica-read-only" | "slave-read-only" replica_read_only: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Lets only the primary evict keys.
        "replica-ignore-maxmemory" | "slave-ignore-maxmemory" replica_ignore_maxmemory: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Frees the old data in the background when a full synchronization begins.
        "replica-lazy-flush" | "slave-lazy-flush" replica_lazy_flush: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Keeps following when writing to the disk fails.
        "replica-ignore-disk-write-errors" replica_ignore_disk_write_errors: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// Which replica a failover prefers: the lowest; 0 is never chosen.
        "replica-priority" | "slave-priority" replica_priority: u32 =
            100, integer(0, I32_MAX), MUTABLE.stored_only();
        /// Whether Sentinel is told of this replica.
        "replica-announced" replica_announced: bool = true, yes_no(), MUTABLE.stored_only();
        /// The address that a replica tells its primary.
        "replica-announce-ip" | "slave-announce-ip" replica_announce_ip: String =
            String::new(), optional(), MUTABLE.stored_only();
        /// The port that a replica tells its primary; 0 is the one it listens on.
        "replica-announce-port" | "slave-announce-port" replica_announce_port: u16 =
            0, integer(0, 65535), MUTABLE.stored_only();
        /// What a replica may collect during a full synchronization; 0 is the limit of its class.
        "replica-full-sync-buffer-limit" replica_full_sync_buffer_limit: u64 =
            0, memory(0, I64_MAX), MUTABLE.stored_only();
        /// Refuses writes while fewer replicas keep up; 0 is off.
        "min-replicas-to-write" | "min-slaves-to-write" min_replicas_to_write: u32 =
            0, integer(0, I32_MAX), MUTABLE.stored_only();
        /// The lag up to which a replica keeps up.
        "min-replicas-max-lag" | "min-slaves-max-lag" min_replicas_max_lag: Duration =
            Duration::from_secs(10), seconds(0, I32_MAX), MUTABLE.stored_only();
        /// How often a primary pings its replicas.
        "repl-ping-replica-period" | "repl-ping-slave-period" repl_ping_replica_period: Duration =
            Duration::from_secs(10), seconds(1, I32_MAX), MUTABLE.stored_only();
        /// How long the other side may be silent before the link is given up.
        "repl-timeout" repl_timeout: Duration =
            Duration::from_secs(60), seconds(1, I32_MAX), MUTABLE.stored_only();
        /// How much of the stream is kept for replicas that return.
        "repl-backlog-size" repl_backlog_size: u64 =
            10 << 20, memory(1, I64_MAX).clamped(16 << 10, I64_MAX), MUTABLE.stored_only();
        /// How long it is kept after the last replica left; 0 is for ever.
        "repl-backlog-ttl" repl_backlog_ttl: Duration =
            Duration::from_secs(3600), seconds(0, I64_MAX), MUTABLE.stored_only();
        /// Saves bandwidth on the link at the price of 40 ms.
        "repl-disable-tcp-nodelay" repl_disable_tcp_nodelay: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// Sends the snapshot from memory, without a file.
        "repl-diskless-sync" repl_diskless_sync: bool = true, yes_no(), MUTABLE.stored_only();
        /// How long such a transfer waits for more replicas.
        "repl-diskless-sync-delay" repl_diskless_sync_delay: Duration =
            Duration::from_secs(5), seconds(0, I32_MAX), MUTABLE.stored_only();
        /// How many replicas end that wait; 0 is off.
        "repl-diskless-sync-max-replicas" repl_diskless_sync_max_replicas: u32 =
            0, integer(0, I32_MAX), MUTABLE.stored_only();
        /// When a replica loads a snapshot straight from the socket.
        "repl-diskless-load" repl_diskless_load: DisklessLoad =
            DisklessLoad::Disabled, one_of(), MUTABLE.denied_while_loading().stored_only();
        /// Sends the snapshot over a connection of its own (Redis's way).
        "repl-rdb-channel" repl_rdb_channel: bool = true, yes_no(), MUTABLE.stored_only().hidden();
        /// Sends the snapshot over a connection of its own (Valkey's way).
        "dual-channel-replication-enabled" dual_channel_replication_enabled: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// Uses multipath TCP for the link.
        "repl-mptcp" repl_mptcp: bool = false, yes_no(), IMMUTABLE.stored_only();
        /// Takes in data from another server: nothing expires or is evicted meanwhile.
        "import-mode" import_mode: bool = false, yes_no(), MUTABLE.stored_only();
        /// Where this server stands, for clients that prefer a near one.
        "availability-zone" availability_zone: String =
            String::new(), text(), MUTABLE.stored_only();
    }
}
