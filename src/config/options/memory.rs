//! Options of memory: its limit, what is evicted, what is freed in the background, expiry.

use crate::config::kinds::choice::{choices, one_of, yes_no};
use crate::config::kinds::numbers::*;
use crate::config::table::{MUTABLE, options};

choices! {
    /// Which keys give way when `maxmemory` is reached.
    EvictionPolicy {
        /// Keys with a deadline, least recently used first.
        VolatileLru = "volatile-lru",
        /// Keys with a deadline, least frequently used first.
        VolatileLfu = "volatile-lfu",
        /// Keys with a deadline, by chance.
        VolatileRandom = "volatile-random",
        /// Keys with a deadline, the nearest first.
        VolatileTtl = "volatile-ttl",
        /// Keys with a deadline, least recently modified first.
        VolatileLrm = "volatile-lrm",
        /// All keys, least recently used first.
        AllkeysLru = "allkeys-lru",
        /// All keys, least frequently used first.
        AllkeysLfu = "allkeys-lfu",
        /// All keys, by chance.
        AllkeysRandom = "allkeys-random",
        /// All keys, least recently modified first.
        AllkeysLrm = "allkeys-lrm",
        /// None: commands that need memory are refused.
        NoEviction = "noeviction",
    }
}

options! {
    /// Memory
    memory: Memory {
        /// The memory above which commands that need more are refused; 0 is no limit.
        "maxmemory" maxmemory: u64 = 0, memory(0, U64_MAX), MUTABLE;
        /// Which keys give way when it is reached.
        "maxmemory-policy" maxmemory_policy: EvictionPolicy =
            EvictionPolicy::NoEviction, one_of(), MUTABLE.stored_only();
        /// How many keys are looked at to choose one.
        "maxmemory-samples" maxmemory_samples: u32 = 5, integer(1, 64), MUTABLE.stored_only();
        /// How much time eviction may take: 0 little, 100 as much as it needs.
        "maxmemory-eviction-tenacity" maxmemory_eviction_tenacity: u32 =
            10, integer(0, 100), MUTABLE.stored_only();
        /// How slowly the frequency counter grows.
        "lfu-log-factor" lfu_log_factor: u32 = 10, integer(0, I32_MAX), MUTABLE.stored_only();
        /// After how many minutes the frequency counter is lowered by one.
        "lfu-decay-time" lfu_decay_time_minutes: u32 =
            1, integer(0, I32_MAX), MUTABLE.stored_only();
        /// How hard Redis looks for keys that are past their deadline; Redstart knows which they
        /// are.
        "active-expire-effort" active_expire_effort: u32 = 1, integer(1, 10), MUTABLE.stored_only();
        /// Frees evicted values in the background.
        "lazyfree-lazy-eviction" lazyfree_lazy_eviction: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Frees expired values in the background.
        "lazyfree-lazy-expire" lazyfree_lazy_expire: bool = true, yes_no(), MUTABLE.stored_only();
        /// Frees values that a command overwrites in the background.
        "lazyfree-lazy-server-del" lazyfree_lazy_server_del: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Lets DEL free in the background, as UNLINK does.
        "lazyfree-lazy-user-del" lazyfree_lazy_user_del: bool =
            true, yes_no(), MUTABLE.stored_only();
        /// Lets FLUSHALL and FLUSHDB free in the background unless told otherwise.
        "lazyfree-lazy-user-flush" lazyfree_lazy_user_flush: bool = true, yes_no(), MUTABLE;
        /// Whether Redis resizes its tables in idle moments; Redstart's grow by small steps at any
        /// time.
        "activerehashing" activerehashing: bool = true, yes_no(), MUTABLE.stored_only();
        /// Moves values together when memory is fragmented.
        "activedefrag" activedefrag: bool = false, yes_no(), MUTABLE.stored_only();
        /// Less fragmentation than this is left alone.
        "active-defrag-ignore-bytes" active_defrag_ignore_bytes: u64 =
            100 << 20, memory(1, I64_MAX), MUTABLE.stored_only();
        /// The percentage of fragmentation at which it begins.
        "active-defrag-threshold-lower" active_defrag_threshold_lower: u32 =
            10, integer(0, 1000), MUTABLE.stored_only();
        /// The percentage of fragmentation at which it works as hard as it may.
        "active-defrag-threshold-upper" active_defrag_threshold_upper: u32 =
            100, integer(0, 1000), MUTABLE.stored_only();
        /// The least percentage of a core that it takes.
        "active-defrag-cycle-min" active_defrag_cycle_min: u32 =
            1, integer(1, 99), MUTABLE.stored_only();
        /// The greatest percentage of a core that it takes.
        "active-defrag-cycle-max" active_defrag_cycle_max: u32 =
            25, integer(1, 99), MUTABLE.stored_only();
        /// The longest that it works at a time, in microseconds.
        "active-defrag-cycle-us" active_defrag_cycle_us: u32 =
            500, integer(0, 100_000), MUTABLE.stored_only();
        /// Containers of more elements are moved in several turns.
        "active-defrag-max-scan-fields" active_defrag_max_scan_fields: u64 =
            1000, integer(1, I64_MAX), MUTABLE.stored_only();
    }
}
