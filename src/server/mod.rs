//! The server's state: what all connections share, and what one connection is.
//!
//! - `clients`: everyone connected, for CLIENT LIST, KILL, the idle time-out
//! - `session`: what one connection has chosen (database, name, reply mode); `Context`, what a
//!   server handler sees
//! - `stats`: counters, one set a worker, added up when asked for
//! - `histogram`: how long calls took
//! - `rates`: how much happens a second
//! - `slow_log`: SLOWLOG; `latency`: the latency monitor
//! - `pause`: CLIENT PAUSE
//! - `saves`: snapshots, and how the server ends; `loads`: snapshots that are loaded;
//!   `rewrites`: the append-only file
//! - `transaction`: MULTI's queue and WATCH's keys; `waiting`: who waits for a key (BLPOP)
//! - `clock`: the time of day
//!
//! Nothing here knows commands or sockets.

pub mod clients;
pub mod clock;
pub mod histogram;
pub mod latency;
mod loads;
pub mod pause;
pub mod rates;
mod rewrites;
mod saves;
pub mod session;
pub mod slow_log;
pub mod stats;
mod transaction;
pub mod waiting;

pub use clients::{Client, Clients, HangUp};
pub use pause::{Pause, PauseKind};
pub use saves::Farewell;
pub use session::{Context, ReplyMode, Session};
pub use slow_log::{SlowCall, SlowLog};
pub use stats::{CommandStats, Stats, WorkerStats};
pub use transaction::{Queued, Transaction, Watching};
pub use waiting::{Waiter, Waiting};

use crate::config::{Config, Containers, EvictionPolicy, Persistence, Setter};
use crate::persistence::aof::Aof;
use crate::persistence::loading::Loading;
use crate::persistence::saving::Saving;
use crate::store::{Keyspace, LimitValues};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// The version clients take the server for: what they choose their behaviour by.
pub const REDIS_VERSION: &str = "7.2.4";
/// Redstart's own version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Loads the log once more, in the place of all keys.
pub type ReloadLog = Box<dyn Fn(&Arc<Server>) -> anyhow::Result<()> + Send + Sync>;

/// What every connection and every background thread shares.
pub struct Server {
    /// The options in force. CONFIG SET puts a new value in its place.
    pub config: ArcSwap<Config>,
    /// One CONFIG SET or REWRITE at a time.
    pub config_lock: Mutex<()>,
    /// The keys.
    pub keyspace: Keyspace,
    /// The append-only log.
    pub aof: Aof,
    /// Who is connected.
    pub clients: Clients,
    /// Counters.
    pub stats: Stats,
    /// CLIENT PAUSE.
    pub pause: Pause,
    /// Who waits for keys.
    pub waiting: Waiting,
    /// SLOWLOG.
    pub slow_log: SlowLog,
    /// The latency monitor.
    pub latency: latency::Latency,
    /// SLOWLOG or the monitor want to know how long even quick commands take.
    pub times_quick_commands: AtomicBool,
    /// Samples of the counters, for INFO's rates.
    pub samples: rates::Samples,
    /// Snapshots.
    pub saving: Saving,
    /// What is known of loading.
    pub loading: Loading,
    /// Loads the log once more; given by the engine, which can run its commands.
    pub reload_log: OnceLock<ReloadLog>,
    /// How the server ends.
    pub ending: Ending,
    /// When the server started.
    pub started: Instant,
    /// The same as milliseconds since 1970.
    pub started_ms: u64,
    /// 40 hexadecimal digits, new at every start: INFO's run_id.
    pub run_id: String,
    /// 40 hexadecimal digits that name this history of the data: INFO's master_replid.
    pub replication_id: String,
    /// Bytes allocated before the first key.
    pub startup_memory: usize,
    /// The highest `used_memory` seen.
    pub peak_memory: AtomicUsize,
    /// When that was (ms).
    pub peak_at_ms: AtomicU64,
    /// `maxmemory` is reached: commands that grow the data are refused.
    pub is_out_of_memory: AtomicBool,
}

impl Server {
    /// A server with an empty keyspace. `workers` and `commands` size the counters.
    pub fn new(config: Config, workers: usize, commands: usize) -> Self {
        let shard_bits = shard_bits(workers);
        let keyspace = Keyspace::new(config.process.databases as usize, shard_bits);
        let server = Server {
            keyspace,
            aof: Aof::default(),
            clients: Clients::default(),
            stats: Stats::new(workers, commands),
            pause: Pause::default(),
            waiting: Waiting::default(),
            slow_log: SlowLog::default(),
            latency: latency::Latency::default(),
            times_quick_commands: AtomicBool::new(false),
            samples: rates::Samples::default(),
            saving: Saving::new(clock::now_ms()),
            loading: Loading::default(),
            reload_log: OnceLock::new(),
            ending: Ending::default(),
            started: Instant::now(),
            started_ms: clock::now_ms(),
            run_id: random_hex(40),
            replication_id: random_hex(40),
            startup_memory: stats::allocated_bytes(),
            peak_memory: AtomicUsize::new(0),
            peak_at_ms: AtomicU64::new(clock::now_ms()),
            is_out_of_memory: AtomicBool::new(false),
            config: ArcSwap::from_pointee(config),
            config_lock: Mutex::new(()),
        };
        server.settle();
        server
    }

    /// Brings what follows from the options up to date: after they changed, and at the start.
    pub fn settle(&self) {
        let config = self.config.load();
        let policy = config.memory.maxmemory_policy;
        let counts = matches!(policy, EvictionPolicy::AllkeysLfu | EvictionPolicy::VolatileLfu);
        self.keyspace.counts_frequency.store(counts, Ordering::Relaxed);
        let longest = config.network.proto_max_bulk_len;
        self.keyspace.longest_string_bytes.store(longest, Ordering::Relaxed);
        self.keyspace.limits.set(&limits(&config.containers, &config.persistence));
        self.aof.settle(&config.persistence);
        let observe = &config.observe;
        self.slow_log.limit(observe.slowlog_log_slower_than_us, observe.slowlog_max_len);
        self.latency.limit(observe.latency_monitor_threshold.as_millis() as u64);
        let times_quick_commands = self.slow_log.times_quick_ones() || self.latency.is_on();
        self.times_quick_commands.store(times_quick_commands, Ordering::Relaxed);
        self.watch_memory();
    }

    /// Whether `enable-debug-command` lets this client use DEBUG.
    pub fn permits_debug(&self, client: &Client) -> bool {
        let setter = Setter { local: client.is_local(), loading: false };
        self.config.load().security.enable_debug_command.allows(setter)
    }

    /// Looks at the memory in use: notes a new peak, and whether `maxmemory` is reached.
    pub fn watch_memory(&self) {
        let (used, _) = self.used_memory();
        let limit = self.config.load().memory.maxmemory;
        self.is_out_of_memory.store(limit > 0 && used as u64 > limit, Ordering::Relaxed);
    }

    /// Bytes the process has allocated, and the highest such figure so far.
    pub fn used_memory(&self) -> (usize, usize) {
        let used = stats::allocated_bytes();
        let before = self.peak_memory.fetch_max(used, Ordering::Relaxed);
        if used > before {
            self.peak_at_ms.store(clock::now_ms(), Ordering::Relaxed);
        }
        (used, before.max(used))
    }
}

/// The options of containers and of DUMP as the store knows them.
fn limits(options: &Containers, persistence: &Persistence) -> LimitValues {
    LimitValues {
        hash_max_listpack_entries: options.hash_max_listpack_entries,
        hash_max_listpack_value: options.hash_max_listpack_value,
        list_max_listpack_size: i64::from(options.list_max_listpack_size),
        set_max_intset_entries: options.set_max_intset_entries,
        set_max_listpack_entries: options.set_max_listpack_entries,
        set_max_listpack_value: options.set_max_listpack_value,
        zset_max_listpack_entries: options.zset_max_listpack_entries,
        zset_max_listpack_value: options.zset_max_listpack_value,
        hll_sparse_max_bytes: options.hll_sparse_max_bytes,
        stream_node_max_bytes: options.stream_node_max_bytes,
        stream_node_max_entries: options.stream_node_max_entries as usize,
        stream_idmp_duration_s: options.stream_idmp_duration_s as usize,
        stream_idmp_maxsize: options.stream_idmp_maxsize as usize,
        rdb_version: persistence.rdb_version,
        rdbcompression: persistence.rdbcompression,
    }
}

/// Shards grow with the workers, so that two workers seldom want the same one; more would only cost
/// memory.
fn shard_bits(workers: usize) -> u32 {
    const FEWEST_BITS: u32 = 7;
    const SHARDS_A_WORKER: usize = 32;
    let wanted = (workers * SHARDS_A_WORKER).next_power_of_two().trailing_zeros();
    wanted.clamp(FEWEST_BITS, crate::store::MOST_SHARD_BITS)
}

/// `digits` random hexadecimal digits.
pub fn random_hex(digits: usize) -> String {
    let mut random = fastrand::Rng::new();
    (0..digits).map(|_| char::from_digit(random.u32(..16), 16).expect("below 16")).collect()
}

/// The end of the server: asked for by a signal or SHUTDOWN, carried out by `net`.
#[derive(Default)]
pub struct Ending {
    /// The data is to be on disk in the end.
    pub saves: AtomicBool,
    asked: AtomicBool,
    wake: tokio::sync::Notify,
}

impl Ending {
    /// Asks the server to end. Idempotent.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.wake.notify_waiters();
    }

    /// Whether the server has been asked to end.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until the server is asked to end.
    pub async fn wait(&self) {
        let mut woken = std::pin::pin!(self.wake.notified());
        // Registered before the flag is read: an `ask` in between is not missed.
        woken.as_mut().enable();
        if !self.is_asked() {
            woken.await;
        }
    }
}

/// A server as its parts share it.
pub type Shared = Arc<Server>;
