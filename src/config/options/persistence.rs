//! Options of snapshots and of the append-only file.

use std::time::Duration;

use crate::config::kinds::choice::{choices, one_of, yes_no};
use crate::config::kinds::lists::{SavePoint, save_points};
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::{bare_name, text};
use crate::config::table::{IMMUTABLE, MUTABLE, options};

choices! {
    /// When what was appended reaches the disk.
    FsyncPolicy {
        /// Within about a second.
        Everysec = "everysec",
        /// Before the reply.
        Always = "always",
        /// When the kernel likes.
        No = "no",
    }

    /// Whether the payloads of RESTORE and snapshots are checked in depth.
    SanitizeDump {
        /// Never.
        No = "no",
        /// Always.
        Yes = "yes",
        /// When a client sends them that is no replica and has no right to skip it.
        Clients = "clients",
    }

    /// Whether a snapshot of a version not yet known is loaded.
    RdbVersionCheck {
        /// No.
        Strict = "strict",
        /// Yes, as far as it can be understood.
        Relaxed = "relaxed",
    }
}

options! {
    /// Persistence
    persistence: Persistence {
        /// Saves when so many keys changed in so many seconds; several pairs, any of which is
        /// enough.
        "save" save: Vec<SavePoint> = default_save_points(), save_points(), MUTABLE;
        /// The name of the snapshot in `dir`.
        "dbfilename" dbfilename: String =
            "dump.rdb".into(), text().checked(dbfilename), MUTABLE.protected();
        /// Compresses strings in snapshots and in what DUMP gives out.
        "rdbcompression" rdbcompression: bool = true, yes_no(), MUTABLE;
        /// For which version snapshots and what DUMP gives out are written: 9 is Redis 5 and 6, 10
        /// is 7.0, 11 is 7.2, 12 is 7.4.
        "rdb-version" rdb_version: u16 = 11, integer(9, 12), MUTABLE;
        /// Ends snapshots with a checksum, and checks it.
        "rdbchecksum" rdbchecksum: bool = true, yes_no(), IMMUTABLE;
        /// Whether a snapshot of a version not yet known is loaded.
        "rdb-version-check" rdb_version_check: RdbVersionCheck =
            RdbVersionCheck::Strict, one_of(), MUTABLE;
        /// Whether the payloads of RESTORE and snapshots are checked in depth.
        "sanitize-dump-payload" sanitize_dump_payload: SanitizeDump =
            SanitizeDump::No, one_of(), MUTABLE.stored_only();
        /// Refuses writes after a snapshot failed.
        "stop-writes-on-bgsave-error" stop_writes_on_bgsave_error: bool =
            true, yes_no(), MUTABLE;
        /// Removes snapshots that served only a replica's synchronization.
        "rdb-del-sync-files" rdb_del_sync_files: bool = false, yes_no(), MUTABLE.stored_only();
        /// Syncs a snapshot to the disk bit by bit while it is written.
        "rdb-save-incremental-fsync" rdb_save_incremental_fsync: bool =
            true, yes_no(), MUTABLE;
        /// For tests: microseconds that saving waits after each key.
        "rdb-key-save-delay" rdb_key_save_delay_us: i32 =
            0, integer(I32_MIN, I32_MAX), MUTABLE.hidden();
        /// For tests: microseconds that loading waits after each key.
        "key-load-delay" key_load_delay_us: i32 =
            0, integer(I32_MIN, I32_MAX), MUTABLE.hidden();
        /// After how many bytes loading looks after clients.
        "loading-process-events-interval-bytes" loading_process_events_interval_bytes: u64 =
            2 << 20, memory(1024, I32_MAX), MUTABLE.stored_only().hidden();
        /// Appends every write to a file that is replayed at start.
        "appendonly" appendonly: bool =
            false, yes_no(), MUTABLE.denied_while_loading();
        /// How the names of its parts begin.
        "appendfilename" appendfilename: String =
            "appendonly.aof".into(), text().checked(appendfilename), IMMUTABLE;
        /// The directory of its parts, in `dir`.
        "appenddirname" appenddirname: String =
            "appendonlydir".into(), text().checked(appenddirname), IMMUTABLE;
        /// When what was appended reaches the disk.
        "appendfsync" appendfsync: FsyncPolicy =
            FsyncPolicy::Everysec, one_of(), MUTABLE;
        /// Leaves syncing to the kernel while a snapshot or a rewrite is under way.
        "no-appendfsync-on-rewrite" no_appendfsync_on_rewrite: bool =
            false, yes_no(), MUTABLE;
        /// Rewrites the file when it grew by this percentage; 0 never does.
        "auto-aof-rewrite-percentage" auto_aof_rewrite_percentage: u32 =
            100, integer(0, I32_MAX), MUTABLE;
        /// A smaller file is not rewritten.
        "auto-aof-rewrite-min-size" auto_aof_rewrite_min_size: u64 =
            64 << 20, memory(0, I64_MAX), MUTABLE;
        /// Loads a file whose end is missing, up to the last whole command.
        "aof-load-truncated" aof_load_truncated: bool = true, yes_no(), MUTABLE;
        /// Cuts off a damaged end of up to this size instead of refusing to start.
        "aof-load-corrupt-tail-max-size" aof_load_corrupt_tail_max_size: u64 =
            0, memory(0, I64_MAX), MUTABLE;
        /// Begins a rewritten file with a snapshot.
        "aof-use-rdb-preamble" aof_use_rdb_preamble: bool = true, yes_no(), MUTABLE;
        /// Writes the time into the file, so that it can be cut there.
        "aof-timestamp-enabled" aof_timestamp_enabled: bool =
            false, yes_no(), MUTABLE;
        /// Syncs a rewrite to the disk bit by bit while it is written.
        "aof-rewrite-incremental-fsync" aof_rewrite_incremental_fsync: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// For tests: keeps parts that are no longer needed.
        "aof-disable-auto-gc" aof_disable_auto_gc: bool =
            false, yes_no(), MUTABLE.hidden();
    }
}

fn default_save_points() -> Vec<SavePoint> {
    let point = |(after_s, changes)| SavePoint { after: Duration::from_secs(after_s), changes };
    [(3600, 1), (300, 100), (60, 10_000)].map(point).to_vec()
}

fn dbfilename(word: &[u8]) -> Result<(), &'static str> {
    bare_name(word, "dbfilename can't be empty", "dbfilename can't be a path, just a filename")
}

fn appendfilename(word: &[u8]) -> Result<(), &'static str> {
    let path = "appendfilename can't be a path, just a filename";
    bare_name(word, "appendfilename can't be empty", path)
}

fn appenddirname(word: &[u8]) -> Result<(), &'static str> {
    let path = "appenddirname can't be a path, just a dirname";
    bare_name(word, "appenddirname can't be empty", path)
}
