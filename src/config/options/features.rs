//! Options of single features: events, scripts, client tracking, compatibility.

use std::time::Duration;

use crate::config::kinds::choice::{choices, one_of, yes_no};
use crate::config::kinds::events::{NotifyFlags, events};
use crate::config::kinds::numbers::*;
use crate::config::table::{IMMUTABLE, MUTABLE, options};

choices! {
    /// What happens when a command from the primary or the append-only file fails.
    PropagationError {
        /// It is counted and logged.
        Ignore = "ignore",
        /// The server ends.
        Panic = "panic",
        /// The server ends when it is a replica.
        PanicOnReplicas = "panic-on-replicas",
    }
}

options! {
    /// Features
    features: Features {
        /// Which keyspace events are published.
        "notify-keyspace-events" notify_keyspace_events: NotifyFlags =
            NotifyFlags::NONE, events(), MUTABLE.stored_only();
        /// How long a script may run before other clients are answered BUSY.
        "busy-reply-threshold" | "lua-time-limit" busy_reply_threshold: Duration =
            Duration::from_secs(5), milliseconds(0, I64_MAX), MUTABLE.stored_only();
        /// Gives scripts the parts of Lua's library that reach outside.
        "lua-enable-insecure-api" | "lua-enable-deprecated-api" lua_enable_insecure_api: bool =
            false, yes_no(), MUTABLE.stored_only().hidden();
        /// How many keys are remembered for clients that cache; 0 is no limit.
        "tracking-table-max-keys" tracking_table_max_keys: usize =
            1_000_000, integer(0, I64_MAX), MUTABLE.stored_only();
        /// What happens when a command from the primary or the append-only file fails.
        "propagation-error-behavior" propagation_error_behavior: PropagationError =
            PropagationError::Ignore, one_of(), MUTABLE.stored_only();
        /// Lets Valkey call itself Redis where clients may mind.
        "extended-redis-compatibility" extended_redis_compatibility: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// For tests: the protocol of a client that has not said HELLO.
        "client-default-resp" client_default_resp: u32 =
            2, integer(2, 3), IMMUTABLE.stored_only().hidden();
        /// Runs vector set commands on one thread.
        "vset-force-single-threaded-execution" vset_force_single_threaded_execution: bool =
            false, yes_no(), MUTABLE.stored_only();
        /// The elements in a slice of an array.
        "array-slice-size" array_slice_size: u32 = 4096, integer(1, I32_MAX), MUTABLE.stored_only();
        /// The most elements of a sparse slice of an array.
        "array-sparse-kmax" array_sparse_kmax: u32 = 10, integer(0, I32_MAX), MUTABLE.stored_only();
        /// The elements below which a slice of an array becomes sparse again.
        "array-sparse-kmin" array_sparse_kmin: u32 = 5, integer(0, I32_MAX), MUTABLE.stored_only();
    }
}
