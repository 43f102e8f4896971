//! Options of the process: threads, files, start and end.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::kinds::choice::{ShutdownFlags, choices, one_of, shutdown_flags, yes_no};
use crate::config::kinds::lists::oom_scores;
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::{directory, optional, text, title_template};
use crate::config::table::{IMMUTABLE, MUTABLE, options};

choices! {
    /// What started the server and waits to be told that it is ready.
    Supervised {
        /// Upstart: the process stops itself once ready.
        Upstart = "upstart",
        /// systemd: READY=1 on its socket.
        Systemd = "systemd",
        /// Whichever the environment names.
        Auto = "auto",
        /// Nothing.
        No = "no",
    }

    /// How the kernel's out-of-memory score of the process is set.
    OomAdjust {
        /// Left alone.
        No = "no",
        /// Added to what it was at start.
        Relative = "yes" | "relative",
        /// Set as it stands.
        Absolute = "absolute",
    }
}

options! {
    /// Process
    process: Process {
        /// The number of worker threads; 0 chooses by the number of cores. What 0 should choose is
        /// still being measured.
        "threads" threads: u32 = 0, integer(0, 1024), IMMUTABLE;
        /// The number of databases that SELECT can choose from.
        "databases" databases: u32 = 16, integer(1, I32_MAX), IMMUTABLE;
        /// The working directory: where snapshots, logs and the append-only file are.
        "dir" dir: PathBuf =
            start_directory(), directory(), MUTABLE.protected().denied_while_loading();
        /// Runs in the background.
        "daemonize" daemonize: bool = false, yes_no(), IMMUTABLE.stored_only();
        /// A file to write the process id to.
        "pidfile" pidfile: PathBuf = PathBuf::new(), optional(), IMMUTABLE;
        /// What is told that the server is ready.
        "supervised" supervised: Supervised = Supervised::No, one_of(), IMMUTABLE.stored_only();
        /// How SIGINT ends the server.
        "shutdown-on-sigint" shutdown_on_sigint: ShutdownFlags =
            ShutdownFlags::DEFAULT, shutdown_flags(), MUTABLE;
        /// How SIGTERM ends the server.
        "shutdown-on-sigterm" shutdown_on_sigterm: ShutdownFlags =
            ShutdownFlags::DEFAULT, shutdown_flags(), MUTABLE;
        /// How long the end waits for replicas that lag.
        "shutdown-timeout" shutdown_timeout: Duration =
            Duration::from_secs(10), seconds(0, I32_MAX), MUTABLE.stored_only();
        /// Whether the title of the process tells what it serves.
        "set-proc-title" set_proc_title: bool = true, yes_no(), IMMUTABLE.stored_only();
        /// What the title tells.
        "proc-title-template" proc_title_template: String =
            "{title} {listen-addr} {server-mode}".into(),
            text().checked(title_template), MUTABLE.stored_only();
        /// Shows the start-up screen even when the log is no terminal.
        "always-show-logo" always_show_logo: bool = false, yes_no(), IMMUTABLE.stored_only();
        /// Start-up warnings that are not to be fatal.
        "ignore-warnings" ignore_warnings: String = String::new(), text(), MUTABLE.stored_only();
        /// The order of texts for SORT … ALPHA.
        "locale-collate" locale_collate: String = String::new(), text(), MUTABLE.stored_only();
        /// How often a second Redis does its housekeeping; Redstart's is driven by what is due.
        "hz" hz: u32 = 10, integer(0, I32_MAX).clamped(1, 500), MUTABLE.stored_only();
        /// Whether `hz` grows with the number of clients.
        "dynamic-hz" dynamic_hz: bool = true, yes_no(), MUTABLE.stored_only();
        /// Redis's threads for sockets. Redstart has `threads`.
        "io-threads" io_threads: u32 = 1, integer(1, 256), MUTABLE.stored_only();
        /// Whether Redis's socket threads read, too.
        "io-threads-do-reads" io_threads_do_reads: bool = false, yes_no(), IMMUTABLE.stored_only();
        /// Whether Valkey's socket threads work however few clients there are.
        "io-threads-always-active" io_threads_always_active: bool =
            false, yes_no(), MUTABLE.stored_only().hidden();
        /// How many events make Valkey use one more socket thread.
        "events-per-io-thread" events_per_io_thread: u32 =
            2, integer(0, I32_MAX), MUTABLE.stored_only();
        /// How many keys Valkey prefetches at a time.
        "prefetch-batch-max-size" prefetch_batch_max_size: u32 =
            16, integer(0, 128), MUTABLE.stored_only();
        /// How many commands of a pipeline Redis parses ahead to prefetch their keys.
        "lookahead" lookahead: u32 = 16, integer(1, I32_MAX), MUTABLE.stored_only();
        /// Valkey's least number of socket threads for replies that are not copied.
        "min-io-threads-avoid-copy-reply" min_io_threads_avoid_copy_reply: u32 =
            7, integer(0, I32_MAX), MUTABLE.stored_only().hidden();
        /// The shortest string that Valkey answers without a copy.
        "min-string-size-avoid-copy-reply" min_string_size_avoid_copy_reply: u32 =
            16_384, integer(0, I32_MAX), MUTABLE.stored_only().hidden();
        /// The same when socket threads are in use.
        "min-string-size-avoid-copy-reply-threaded" min_string_size_avoid_copy_reply_threaded: u32 =
            65_536, integer(0, I32_MAX), MUTABLE.stored_only().hidden();
        /// The cores that serve clients, as in `0-3,8`.
        "server-cpulist" | "server_cpulist" server_cpulist: String =
            String::new(), optional(), IMMUTABLE.stored_only();
        /// The cores of background threads.
        "bio-cpulist" | "bio_cpulist" bio_cpulist: String =
            String::new(), optional(), IMMUTABLE.stored_only();
        /// The cores that rewrite the append-only file.
        "aof-rewrite-cpulist" | "aof_rewrite_cpulist" aof_rewrite_cpulist: String =
            String::new(), optional(), IMMUTABLE.stored_only();
        /// The cores that write snapshots.
        "bgsave-cpulist" | "bgsave_cpulist" bgsave_cpulist: String =
            String::new(), optional(), IMMUTABLE.stored_only();
        /// Whether the process asks the kernel to be killed later, or earlier, when memory is
        /// short.
        "oom-score-adj" oom_score_adj: OomAdjust = OomAdjust::No, one_of(), MUTABLE.stored_only();
        /// The scores of a primary, a replica, and a process that saves.
        "oom-score-adj-values" oom_score_adj_values: [i32; 3] =
            [0, 200, 800], oom_scores(), MUTABLE.stored_only();
        /// Switches transparent huge pages off for the process.
        "disable-thp" disable_thp: bool = true, yes_no(), IMMUTABLE.stored_only();
        /// Whether the allocator gives memory back from a thread of its own.
        "jemalloc-bg-thread" jemalloc_bg_thread: bool = true, yes_no(), MUTABLE.stored_only();
        /// Exits instead of aborting when an invariant is broken.
        "use-exit-on-panic" use_exit_on_panic: bool =
            false, yes_no(), MUTABLE.stored_only().hidden();
        /// Checks invariants that cost time.
        "enable-debug-assert" enable_debug_assert: bool =
            false, yes_no(), IMMUTABLE.stored_only().hidden();
        /// A text that the crash report repeats.
        "debug-context" debug_context: String =
            String::new(), text(), MUTABLE.stored_only().hidden();
        /// Logs where a command hangs for longer than this; 0 is off.
        "watchdog-period" watchdog_period: Duration =
            Duration::ZERO, milliseconds(0, I32_MAX), MUTABLE.stored_only().hidden();
    }
}

/// The directory that the server is started in; the root when it has been removed.
fn start_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
}
