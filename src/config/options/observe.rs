//! Options of what can be seen of a server: its log, the slow log, latencies, crash reports.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::kinds::choice::{choices, one_of, yes_no};
use crate::config::kinds::lists::percentiles;
use crate::config::kinds::numbers::*;
use crate::config::kinds::text::text;
use crate::config::table::{IMMUTABLE, MUTABLE, options};

choices! {
    /// How much is logged: each level holds those after it.
    LogLevel {
        /// Everything.
        Debug = "debug",
        /// What is rarely of use.
        Verbose = "verbose",
        /// What one wants to know of a server in production.
        Notice = "notice",
        /// Only what is important.
        Warning = "warning",
        /// Nothing at all.
        Nothing = "nothing",
    }

    /// The form of a log line.
    LogFormat {
        /// Redis's.
        Legacy = "legacy",
        /// `key=value` pairs.
        Logfmt = "logfmt",
        /// One JSON object a line.
        Json = "json",
    }

    /// The form of the time in a log line.
    LogTimestamp {
        /// `21 Nov 2026 13:00:00.000`
        Legacy = "legacy",
        /// `2026-11-21T13:00:00.000+01:00`
        Iso8601 = "iso8601",
        /// Milliseconds since 1970.
        Milliseconds = "milliseconds",
    }

    /// Where syslog files what is logged.
    SyslogFacility {
        /// LOG_USER
        User = "user",
        /// LOG_LOCAL0
        Local0 = "local0",
        /// LOG_LOCAL1
        Local1 = "local1",
        /// LOG_LOCAL2
        Local2 = "local2",
        /// LOG_LOCAL3
        Local3 = "local3",
        /// LOG_LOCAL4
        Local4 = "local4",
        /// LOG_LOCAL5
        Local5 = "local5",
        /// LOG_LOCAL6
        Local6 = "local6",
        /// LOG_LOCAL7
        Local7 = "local7",
    }
}

options! {
    /// Logs and measurements
    observe: Observe {
        /// How much is logged.
        "loglevel" loglevel: LogLevel = LogLevel::Notice, one_of(), MUTABLE;
        /// The file that the log goes to; standard output when empty.
        "logfile" logfile: PathBuf = PathBuf::new(), text(), IMMUTABLE;
        /// The form of a log line.
        "log-format" log_format: LogFormat = LogFormat::Legacy, one_of(), MUTABLE.stored_only();
        /// The form of the time in a log line.
        "log-timestamp-format" log_timestamp_format: LogTimestamp =
            LogTimestamp::Legacy, one_of(), MUTABLE.stored_only();
        /// Keeps keys, values and names out of the log.
        "hide-user-data-from-log" hide_user_data_from_log: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Logs to syslog, too.
        "syslog-enabled" syslog_enabled: bool = false, yes_no(), IMMUTABLE.stored_only();
        /// The name under which syslog knows the server.
        "syslog-ident" syslog_ident: String = "redstart".into(), text(), IMMUTABLE.stored_only();
        /// Where syslog files it.
        "syslog-facility" syslog_facility: SyslogFacility =
            SyslogFacility::Local0, one_of(), IMMUTABLE.stored_only();
        /// Logs a report when the server crashes.
        "crash-log-enabled" crash_log_enabled: bool = true, yes_no(), MUTABLE.stored_only();
        /// Tests the memory after a crash.
        "crash-memcheck-enabled" crash_memcheck_enabled: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Commands that take at least so many microseconds are kept for SLOWLOG; -1 keeps none.
        "slowlog-log-slower-than" | "commandlog-execution-slower-than"
            slowlog_log_slower_than_us: i64 =
            10_000, integer(-1, I64_MAX), MUTABLE;
        /// How many of them are kept.
        "slowlog-max-len" | "commandlog-slow-execution-max-len" slowlog_max_len: usize =
            128, integer(0, I64_MAX), MUTABLE;
        /// How many arguments of a command SLOWLOG keeps.
        "slowlog-entry-max-argc" slowlog_entry_max_argc: u32 =
            32, integer(2, I32_MAX), MUTABLE.stored_only();
        /// How many bytes of an argument SLOWLOG keeps.
        "slowlog-entry-max-string-len" slowlog_entry_max_string_len: u32 =
            128, integer(1, I32_MAX), MUTABLE.stored_only();
        /// Requests of more bytes are kept for COMMANDLOG; -1 keeps none.
        "commandlog-request-larger-than" commandlog_request_larger_than: i64 =
            1 << 20, integer(-1, I64_MAX), MUTABLE.stored_only();
        /// How many of them are kept.
        "commandlog-large-request-max-len" commandlog_large_request_max_len: usize =
            128, integer(0, I64_MAX), MUTABLE.stored_only();
        /// Replies of more bytes are kept for COMMANDLOG; -1 keeps none.
        "commandlog-reply-larger-than" commandlog_reply_larger_than: i64 =
            1 << 20, integer(-1, I64_MAX), MUTABLE.stored_only();
        /// How many of them are kept.
        "commandlog-large-reply-max-len" commandlog_large_reply_max_len: usize =
            128, integer(0, I64_MAX), MUTABLE.stored_only();
        /// Events that take at least this long are kept for LATENCY; 0 keeps none.
        "latency-monitor-threshold" latency_monitor_threshold: Duration =
            Duration::ZERO, milliseconds(0, I64_MAX), MUTABLE;
        /// Measures the latency of every command for INFO and LATENCY HISTOGRAM.
        "latency-tracking" latency_tracking: bool = true, yes_no(), MUTABLE;
        /// The percentiles that INFO tells.
        "latency-tracking-info-percentiles" latency_tracking_info_percentiles: Vec<f64> =
            vec![50.0, 99.0, 99.9], percentiles(), MUTABLE;
        /// Counts keys by their size.
        "key-memory-histograms" key_memory_histograms: bool =
            false, yes_no(), IMMUTABLE.stored_only();
    }
}
