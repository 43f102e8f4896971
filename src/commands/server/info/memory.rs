//! INFO's section Memory, and the figures that it shares with MEMORY STATS and MEMORY DOCTOR.
//!
//! ```text
//! resident  what the system gave the process
//!  └ allocator_resident ─ active ─ allocated: what the program asked for = used_memory
//!     └ dataset: tables and records     the rest: overhead
//! ```

use super::{Lines, human, process};
use crate::config::Choice;
use crate::server::Context;
use std::sync::atomic::Ordering;
use tikv_jemalloc_ctl::stats;

/// What memory is used for, in bytes.
pub struct Figures {
    /// What the program asked for.
    pub used: u64,
    /// The highest that ever was.
    pub peak: u64,
    /// Before the first key.
    pub startup: u64,
    /// What the system counts for the process.
    pub resident: u64,
    /// Tables and records of all databases.
    pub dataset: u64,
    /// Buffers of connections.
    pub clients: u64,
    /// Keys of all databases.
    pub keys: u64,
    /// The allocator's own figures.
    pub allocator: Allocator,
}

/// What the allocator says of itself, in bytes.
pub struct Allocator {
    /// In pages that hold something.
    pub active: u64,
    /// In memory, pages kept in reserve included.
    pub resident: u64,
}

impl Figures {
    /// The figures as they are now. Locks each shard once, one after the other.
    pub fn read(context: &Context) -> Self {
        let server = context.server;
        let (used, peak) = server.used_memory();
        let keyspace = &server.keyspace;
        let dbs = 0..keyspace.databases();
        let dataset = dbs.clone().map(|db| keyspace.memory_bytes(db)).sum::<usize>();
        let keys = dbs.map(|db| keyspace.count(db).0).sum::<usize>();
        let clients = server.clients.all();
        let clients = clients.iter().map(|client| {
            let figures = &client.figures;
            figures.query_bytes.load(Ordering::Relaxed)
                + figures.output_bytes.load(Ordering::Relaxed)
                + size_of_val(&**client)
        });
        // Neither figure fails once jemalloc runs; the epoch was advanced by `used_memory`.
        let allocator = Allocator {
            active: stats::active::read().unwrap_or(used) as u64,
            resident: stats::resident::read().unwrap_or(used) as u64,
        };
        Figures {
            used: used as u64,
            peak: peak as u64,
            startup: server.startup_memory as u64,
            resident: process::resident_bytes(used as u64),
            dataset: dataset as u64,
            clients: clients.sum::<usize>() as u64,
            keys: keys as u64,
            allocator,
        }
    }

    /// What is not data.
    pub fn overhead(&self) -> u64 {
        self.used.saturating_sub(self.dataset)
    }

    /// The data's share of what came after the start, in per cent.
    pub fn dataset_percent(&self) -> f64 {
        let grown = self.used.saturating_sub(self.startup).max(1);
        (100.0 * self.dataset as f64 / grown as f64).min(100.0)
    }

    /// What is used, of the highest that ever was, in per cent.
    pub fn peak_percent(&self) -> f64 {
        100.0 * self.used as f64 / self.peak.max(1) as f64
    }

    /// How the process's memory compares with what the program asked for.
    pub fn fragmentation(&self) -> (f64, i64) {
        compare(self.resident, self.used)
    }

    /// How pages in use compare with what was asked for.
    pub fn allocator_fragmentation(&self) -> (f64, i64) {
        compare(self.allocator.active, self.used)
    }

    /// How pages in memory compare with those in use.
    pub fn allocator_reserve(&self) -> (f64, i64) {
        compare(self.allocator.resident, self.allocator.active)
    }

    /// How the process's memory compares with the allocator's.
    pub fn process_overhead(&self) -> (f64, i64) {
        compare(self.resident, self.allocator.resident)
    }
}

/// `whole` as a multiple of `part`, and the bytes between them.
fn compare(whole: u64, part: u64) -> (f64, i64) {
    (whole as f64 / part.max(1) as f64, whole as i64 - part as i64)
}

/// Memory.
pub fn memory(context: &Context, lines: &mut Lines) {
    let figures = Figures::read(context);
    let peak_at_ms = context.server.peak_at_ms.load(Ordering::Relaxed);
    sizes(&figures, peak_at_ms / 1000, lines);
    scripts(lines);
    let config = context.server.config.load();
    lines.add("maxmemory", config.memory.maxmemory);
    lines.add("maxmemory_human", human(config.memory.maxmemory));
    lines.add("maxmemory_policy", config.memory.maxmemory_policy.name());
    ratios(&figures, lines);
    lines.zeros(&[
        "mem_not_counted_for_evict",
        "mem_replication_backlog",
        "mem_total_replication_buffers",
        "mem_replica_full_sync_buffer",
        "mem_clients_slaves",
    ]);
    lines.add("mem_clients_normal", figures.clients);
    lines.zeros(&["mem_cluster_links", "mem_aof_buffer"]);
    lines.add("mem_allocator", format!("jemalloc-{}", allocator_version()));
    lines.zeros(&["mem_overhead_db_hashtable_rehashing", "active_defrag_running"]);
    let garbage = &context.server.keyspace.garbage;
    lines.add("lazyfree_pending_objects", garbage.pending());
    lines.add("lazyfreed_objects", garbage.freed());
}

/// The allocator's version without the commit it was built from.
fn allocator_version() -> &'static str {
    let version = tikv_jemalloc_ctl::version::read().unwrap_or_default();
    version.split('-').next().unwrap_or(version)
}

fn sizes(figures: &Figures, peak_at_seconds: u64, lines: &mut Lines) {
    let sizes = [
        ("used_memory", figures.used),
        ("used_memory_rss", figures.resident),
        ("used_memory_peak", figures.peak),
    ];
    for (name, bytes) in sizes {
        lines.add(name, bytes);
        lines.add(&format!("{name}_human"), human(bytes));
    }
    lines.add("used_memory_peak_time", peak_at_seconds);
    lines.add("used_memory_peak_perc", format!("{:.2}%", figures.peak_percent()));
    lines.add("used_memory_overhead", figures.overhead());
    lines.add("used_memory_startup", figures.startup);
    lines.add("used_memory_dataset", figures.dataset);
    lines.add("used_memory_dataset_perc", format!("{:.2}%", figures.dataset_percent()));
    lines.add("allocator_allocated", figures.used);
    lines.add("allocator_active", figures.allocator.active);
    lines.add("allocator_resident", figures.allocator.resident);
    lines.add("allocator_muzzy", 0);
    let total = process::total_memory();
    lines.add("total_system_memory", total);
    lines.add("total_system_memory_human", human(total));
}

/// There are no scripts and no functions.
fn scripts(lines: &mut Lines) {
    lines.zeros(&["used_memory_lua", "used_memory_vm_eval"]);
    lines.add("used_memory_lua_human", human(0));
    lines.zeros(&[
        "used_memory_scripts_eval",
        "number_of_cached_scripts",
        "number_of_functions",
        "number_of_libraries",
        "used_memory_vm_functions",
        "used_memory_vm_total",
    ]);
    lines.add("used_memory_vm_total_human", human(0));
    lines.zeros(&["used_memory_functions", "used_memory_scripts"]);
    lines.add("used_memory_scripts_human", human(0));
}

fn ratios(figures: &Figures, lines: &mut Lines) {
    let ratios = [
        ("allocator_frag", "ratio", figures.allocator_fragmentation()),
        ("allocator_rss", "ratio", figures.allocator_reserve()),
        ("rss_overhead", "ratio", figures.process_overhead()),
        ("mem_fragmentation", "ratio", figures.fragmentation()),
    ];
    for (name, ratio, (times, bytes)) in ratios {
        lines.add(&format!("{name}_{ratio}"), format!("{times:.2}"));
        lines.add(&format!("{name}_bytes"), bytes);
    }
}
