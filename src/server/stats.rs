//! Counters: every worker writes its own set, whoever asks adds them up.
//!
//! A worker's counters have one writer, so that counting is a load and a store, not a locked
//! addition.

use super::histogram::{self, Histogram};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that one thread counts up and others read.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`. For the one thread that owns the counter.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.get().wrapping_add(n), Ordering::Relaxed);
    }

    /// The count.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Starts over. A count that happens at the same time may survive; statistics can bear it.
    pub fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// One command's counters: INFO's cmdstat_…
#[derive(Default)]
pub struct CommandStats {
    /// Calls that ran.
    pub calls: Counter,
    /// Nanoseconds they took.
    pub nanos: Counter,
    /// Calls refused before they ran.
    pub rejected: Counter,
    /// Calls that ran and answered an error.
    pub failed: Counter,
    /// How long they took. Made at the first call: most commands are never called.
    pub latency: OnceLock<Box<Histogram>>,
}

impl CommandStats {
    /// Counts the time of calls, each of which took `nanos`, which falls into `bucket`.
    #[inline]
    pub fn took(&self, nanos: u64, bucket: usize, calls: u64) {
        self.nanos.add(nanos * calls);
        self.latency.get_or_init(Box::default).add(bucket, calls);
    }

    fn reset(&self) {
        let all = [&self.calls, &self.nanos, &self.rejected, &self.failed];
        all.into_iter().for_each(Counter::reset);
        if let Some(latency) = self.latency.get() {
            latency.reset();
        }
    }
}

/// One worker's counters.
#[repr(align(128))]
pub struct WorkerStats {
    /// Commands run.
    pub commands: Counter,
    /// Bytes read.
    pub net_in: Counter,
    /// Bytes written.
    pub net_out: Counter,
    /// Reads from sockets.
    pub reads: Counter,
    /// Writes to sockets.
    pub writes: Counter,
    /// Look-ups that found a key.
    pub hits: Counter,
    /// Look-ups that found none.
    pub misses: Counter,
    /// Keys removed at their deadline.
    pub expired: Counter,
    /// expired_subkeys
    pub expired_fields: Counter,
    /// Changes to the data.
    pub changes: Counter,
    /// Connections it has taken.
    pub connections: Counter,
    /// By the number of the command.
    pub per_command: Box<[CommandStats]>,
}

impl WorkerStats {
    /// Counters for this many commands.
    pub fn new(commands: usize) -> Self {
        WorkerStats {
            commands: Counter::default(),
            net_in: Counter::default(),
            net_out: Counter::default(),
            reads: Counter::default(),
            writes: Counter::default(),
            hits: Counter::default(),
            misses: Counter::default(),
            expired: Counter::default(),
            expired_fields: Counter::default(),
            changes: Counter::default(),
            connections: Counter::default(),
            per_command: (0..commands).map(|_| CommandStats::default()).collect(),
        }
    }

    fn reset(&self) {
        let all = [
            &self.commands,
            &self.net_in,
            &self.net_out,
            &self.reads,
            &self.writes,
            &self.hits,
            &self.misses,
            &self.expired,
            &self.expired_fields,
            &self.connections,
        ];
        all.into_iter().for_each(Counter::reset);
        self.per_command.iter().for_each(CommandStats::reset);
    }
}

/// The most kinds of errors that are counted apart: a script may make up any number of code words.
const MOST_ERROR_CODES: usize = 128;

/// All counters.
pub struct Stats {
    /// One set a worker; the last belongs to the background thread.
    pub workers: Box<[WorkerStats]>,
    /// Error replies by their code word.
    pub errors: Mutex<BTreeMap<String, u64>>,
    /// Connections refused because of `maxclients` or protected mode.
    pub refused: AtomicU64,
    /// Clients dropped at their output limit.
    pub output_limit_drops: AtomicU64,
    /// Clients dropped at their query buffer limit.
    pub query_limit_drops: AtomicU64,
}

impl Stats {
    /// Counters for `workers` workers and the background thread.
    pub fn new(workers: usize, commands: usize) -> Self {
        Stats {
            workers: (0..=workers).map(|_| WorkerStats::new(commands)).collect(),
            errors: Mutex::default(),
            refused: AtomicU64::new(0),
            output_limit_drops: AtomicU64::new(0),
            query_limit_drops: AtomicU64::new(0),
        }
    }

    /// The background thread's own counters.
    pub fn background(&self) -> &WorkerStats {
        self.workers.last().expect("the background thread has counters")
    }

    /// Adds up one counter over all workers.
    pub fn sum(&self, counter: impl Fn(&WorkerStats) -> &Counter) -> u64 {
        self.workers.iter().map(|worker| counter(worker).get()).sum()
    }

    /// How long the calls of a command took, by its number.
    pub fn latency(&self, command: usize) -> histogram::Sum {
        let workers = self.workers.iter();
        histogram::Sum::of(
            workers.filter_map(|worker| worker.per_command[command].latency.get()).map(|h| &**h),
        )
    }

    /// Counts an error reply.
    pub fn count_error(&self, code: &str) {
        let mut errors = self.errors.lock();
        if let Some(count) = errors.get_mut(code) {
            *count += 1;
        } else if errors.len() < MOST_ERROR_CODES {
            errors.insert(code.to_string(), 1);
        }
    }

    /// CONFIG RESETSTAT.
    pub fn reset(&self) {
        self.workers.iter().for_each(WorkerStats::reset);
        self.errors.lock().clear();
        for counter in [&self.refused, &self.output_limit_drops, &self.query_limit_drops] {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// Bytes the allocator has given out and not got back.
pub fn allocated_bytes() -> usize {
    // jemalloc caches its figures; advancing the epoch makes them current. Neither call fails once
    // jemalloc runs.
    let current = tikv_jemalloc_ctl::epoch::advance();
    current.and_then(|_| tikv_jemalloc_ctl::stats::allocated::read()).unwrap_or(0)
}
