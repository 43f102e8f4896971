//! MEMORY: what a key costs, what all memory is used for, and what the allocator does with it.

use super::info::Figures;
use crate::command::{Args, Command, Error, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::Db;
use tikv_jemalloc_ctl::{Access, AsName, arenas, stats_print};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    MEMORY,
    MEMORY_DOCTOR,
    MEMORY_HELP,
    MEMORY_MALLOC_STATS,
    MEMORY_PURGE,
    MEMORY_STATS,
    MEMORY_USAGE,
];

const MEMORY: Command = Command::container("MEMORY")
    .since("4.0.0")
    .costs("Depends on subcommand.")
    .about("Commands on memory.");

const MEMORY_DOCTOR: Command = Command::server("MEMORY|DOCTOR", memory_doctor)
    .since("4.0.0")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .about("What is odd about the memory in use, in words.");

fn memory_doctor(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.verbatim("txt", diagnosis(&Figures::read(context)).as_bytes());
    Ok(())
}

fn diagnosis(figures: &Figures) -> String {
    /// Below this, ratios say nothing.
    const HARDLY_ANYTHING: u64 = 5 << 20;
    if figures.used < HARDLY_ANYTHING {
        return "Hardly any memory is in use: there is nothing to diagnose yet.\n".to_string();
    }
    let mut findings = Vec::new();
    if figures.peak as f64 > 1.5 * figures.used as f64 {
        findings.push(format!(
            "Peak: {} bytes were in use once, {:.0} % of that are now. The system may not have got \
             all of the difference back; MEMORY PURGE asks the allocator to return it.",
            figures.peak,
            figures.peak_percent()
        ));
    }
    let (ratio, bytes) = figures.allocator_fragmentation();
    if ratio > 1.1 && bytes > (10 << 20) {
        findings.push(format!(
            "Fragmentation: pages in use hold {ratio:.2} times what was asked for, {bytes} bytes \
             more. It shrinks as keys are written anew."
        ));
    }
    let (ratio, bytes) = figures.allocator_reserve();
    if ratio > 1.1 && bytes > (10 << 20) {
        findings.push(format!(
            "Reserve: the allocator keeps {bytes} bytes for what comes. MEMORY PURGE returns them."
        ));
    }
    if findings.is_empty() {
        findings.push("Nothing is odd about the memory in use.".to_string());
    }
    findings.join("\n") + "\n"
}

const MEMORY_HELP: Command = Command::server("MEMORY|HELP", memory_help)
    .since("4.0.0")
    .flags(flag::LOADING | flag::STALE)
    .about("This list.");

fn memory_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    crate::commands::help::write("memory", reply)
}

const MEMORY_MALLOC_STATS: Command = Command::server("MEMORY|MALLOC-STATS", memory_malloc_stats)
    .since("4.0.0")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .about("The allocator's own report.");

fn memory_malloc_stats(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let mut report = Vec::new();
    let printed = stats_print::stats_print(&mut report, stats_print::Options::default());
    printed.map_err(|error| Error::plain(&error))?;
    reply.verbatim("txt", &report);
    Ok(())
}

const MEMORY_PURGE: Command = Command::server("MEMORY|PURGE", memory_purge)
    .since("4.0.0")
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .about("Lets the allocator give back to the system what it keeps in reserve.");

fn memory_purge(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let arenas = arenas::narenas::read().map_err(|_| error::PURGE)?;
    for arena in 0..arenas {
        for option in ["dirty_decay_ms", "muzzy_decay_ms"] {
            // Pages in reserve for longer than no time at all go at once; then all is as before.
            // An arena that was never used has no such option.
            let name = format!("arena.{arena}.{option}\0");
            let name = name.as_bytes().name();
            let before: Result<isize, _> = name.read();
            if let Ok(before) = before {
                name.write(0isize).and_then(|()| name.write(before)).map_err(|_| error::PURGE)?;
            }
        }
    }
    reply.ok();
    Ok(())
}

const MEMORY_STATS: Command = Command::server("MEMORY|STATS", memory_stats)
    .since("4.0.0")
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .about("What memory is used for.");

fn memory_stats(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let figures = Figures::read(context);
    let open = reply.open_array();
    let mut pairs = 0;
    let mut integer = |reply: &mut Reply, name: &str, value: u64| {
        reply.bulk(name.as_bytes());
        reply.integer(value as i64);
        pairs += 1;
    };
    integer(reply, "peak.allocated", figures.peak);
    integer(reply, "total.allocated", figures.used);
    integer(reply, "startup.allocated", figures.startup);
    integer(reply, "replication.backlog", 0);
    integer(reply, "clients.slaves", 0);
    integer(reply, "clients.normal", figures.clients);
    for name in ["cluster.links", "aof.buffer", "lua.caches", "functions.caches", "script.VMs"] {
        integer(reply, name, 0);
    }
    let dbs = write_databases(context, reply);
    integer(reply, "overhead.db.hashtable.lut", 0);
    integer(reply, "overhead.db.hashtable.rehashing", 0);
    integer(reply, "db.dict.rehashing.count", 0);
    integer(reply, "overhead.total", figures.overhead());
    integer(reply, "keys.count", figures.keys);
    integer(reply, "keys.bytes-per-key", figures.dataset / figures.keys.max(1));
    integer(reply, "dataset.bytes", figures.dataset);
    integer(reply, "allocator.allocated", figures.used);
    integer(reply, "allocator.active", figures.allocator.active);
    integer(reply, "allocator.resident", figures.allocator.resident);
    integer(reply, "allocator.muzzy", 0);
    let ratios = write_ratios(&figures, reply);
    reply.close_map(open, pairs + dbs + ratios);
    Ok(())
}

/// Writes a pair for each database that holds keys; says how many.
fn write_databases(context: &Context, reply: &mut Reply) -> usize {
    let keyspace = &context.server.keyspace;
    let used = (0..keyspace.databases()).filter(|db| keyspace.count(*db).0 > 0);
    used.inspect(|db| {
        // Keys and their places are one table, which also holds the values.
        reply.bulk(format!("db.{db}").as_bytes());
        reply.map(2);
        reply.bulk(b"overhead.hashtable.main");
        reply.integer(keyspace.memory_bytes(*db) as i64);
        reply.bulk(b"overhead.hashtable.expires");
        reply.integer(0);
    })
    .count()
}

/// Writes what is a fraction; says how many pairs.
fn write_ratios(figures: &Figures, reply: &mut Reply) -> usize {
    let percents = [
        ("dataset.percentage", figures.dataset_percent()),
        ("peak.percentage", figures.peak_percent()),
    ];
    for (name, value) in percents {
        reply.bulk(name.as_bytes());
        reply.double(value);
    }
    let ratios = [
        ("allocator-fragmentation.ratio", ".bytes", figures.allocator_fragmentation()),
        ("allocator-rss.ratio", ".bytes", figures.allocator_reserve()),
        ("rss-overhead.ratio", ".bytes", figures.process_overhead()),
        ("fragmentation", ".bytes", figures.fragmentation()),
    ];
    for (name, bytes_name, (ratio, bytes)) in ratios {
        reply.bulk(name.as_bytes());
        reply.double(ratio);
        let stem = name.strip_suffix(".ratio").unwrap_or(name);
        reply.bulk(format!("{stem}{bytes_name}").as_bytes());
        reply.integer(bytes);
    }
    percents.len() + 2 * ratios.len()
}

const MEMORY_USAGE: Command = Command::read("MEMORY|USAGE key [SAMPLES count]", memory_usage)
    .since("4.0.0")
    .keys(&["RO"])
    .costs("O(N) with N the number of samples")
    .about("Bytes that the key and its value take; null when there is no such key.");

fn memory_usage(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    match args.len() {
        3 => {}
        5 if args.is(3, "SAMPLES") => {
            if args.integer(4)? < 0 {
                return Err(error::SYNTAX);
            }
        }
        _ => return Err(error::SYNTAX),
    }
    match db.look(db.index(), args.get(2)) {
        // A record knows its size: nothing has to be estimated from samples.
        Some(record) => reply.integer(record.bytes() as i64),
        None => reply.null(),
    }
    Ok(())
}
