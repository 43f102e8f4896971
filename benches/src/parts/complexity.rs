//! How the cost of a command grows with the container: server CPU per command on Redstart, for
//! every command on containers that Redis documents as O(1) or O(log n).
//!
//! A command that would change the size stands together with one that changes it back; the figure
//! is that of both. Elements are random, so on large containers every command misses the
//! processor's caches some times more: growth by a factor of about three from 10^2 to 10^6 is
//! memory and not steps.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::filling::{KINDS, Kind, fill};
use super::speed::{measure, one_worker};
use crate::load::{Generator, Keys, Script, Shape};
use crate::progress::Progress;
use crate::results::ComplexityCase;
use crate::servers::{Kind as ServerKind, Server};

/// Sizes of the containers.
const SIZES: [u64; 5] = [100, 1000, 10_000, 100_000, 1_000_000];
const PIPELINE: usize = 16;
const CLIENTS: usize = 10;
/// One measurement is this part of the others': there are many.
const SHARE_OF_TIME: f64 = 0.3;
/// Elements at the end that are not asked for: the last IDs of a stream have nothing behind them.
const LAST: u64 = 12;

/// A line of the table: the commands, and what Redis's documentation says of them.
struct Line {
    kind: Kind,
    documented: &'static str,
    commands: &'static [&'static str],
}

const LINES: [Line; 42] = [
    list("O(1)", &["LPUSH list {element}", "LPOP list"]),
    list("O(1)", &["RPUSH list {element}", "RPOP list"]),
    list("O(1)", &["LMOVE list list LEFT RIGHT"]),
    list("O(1)", &["LLEN list"]),
    list("O(1) at the ends", &["LINDEX list 0"]),
    list("O(1) at the ends", &["LINDEX list -1"]),
    list("O(1) at the ends", &["LSET list -1 elem:0000000"]),
    list("O(m) at the ends", &["LRANGE list -10 -1"]),
    set("O(1)", &["SADD set {element}"]),
    set("O(1)", &["SADD set {new}", "SREM set {same-new}"]),
    set("O(1)", &["SISMEMBER set {element}"]),
    set("O(1)", &["SCARD set"]),
    set("O(1)", &["SRANDMEMBER set"]),
    set("O(1)", &["SPOP set", "SADD set {new}"]),
    set("O(1) a call", &["SSCAN set 0 COUNT 10"]),
    hash("O(1)", &["HGET hash {element}"]),
    hash("O(1)", &["HSET hash {element} {value}"]),
    hash("O(1)", &["HSETNX hash {element} {value}"]),
    hash("O(1)", &["HSET hash {new} 1", "HDEL hash {same-new}"]),
    hash("O(1)", &["HEXISTS hash {element}"]),
    hash("O(1)", &["HSTRLEN hash {element}"]),
    hash("O(1)", &["HLEN hash"]),
    hash("O(1)", &["HRANDFIELD hash"]),
    hash("O(1) a call", &["HSCAN hash 0 COUNT 10"]),
    zset("O(log n)", &["ZADD zset {score} {element}"]),
    zset("O(log n)", &["ZADD zset {score} {new}", "ZREM zset {same-new}"]),
    zset("O(log n)", &["ZINCRBY zset 1 {element}"]),
    zset("O(log n)", &["ZRANK zset {element}"]),
    zset("O(log n)", &["ZREVRANK zset {element}"]),
    zset("O(1)", &["ZSCORE zset {element}"]),
    zset("O(1)", &["ZCARD zset"]),
    zset("O(log n)", &["ZCOUNT zset {score} +inf"]),
    zset("O(log n + m)", &["ZRANGE zset {index} {index+9}"]),
    zset("O(log n + m)", &["ZRANGEBYSCORE zset {score} +inf LIMIT 0 10"]),
    zset("O(log n)", &["ZPOPMIN zset", "ZADD zset {score} {new}"]),
    zset("O(1) a call", &["ZSCAN zset 0 COUNT 10"]),
    stream("O(1)", &["XLEN stream"]),
    stream("O(m)", &["XRANGE stream {id} + COUNT 10"]),
    stream("O(m)", &["XREVRANGE stream + - COUNT 10"]),
    stream("O(m)", &["XREAD COUNT 10 STREAMS stream {id}"]),
    stream("O(1)", &["XADD stream * first {element}"]),
    stream("O(1)", &["XADD stream MAXLEN {size} * first {element}"]),
];

const fn list(documented: &'static str, commands: &'static [&'static str]) -> Line {
    Line { kind: Kind::List, documented, commands }
}

const fn set(documented: &'static str, commands: &'static [&'static str]) -> Line {
    Line { kind: Kind::Set, documented, commands }
}

const fn hash(documented: &'static str, commands: &'static [&'static str]) -> Line {
    Line { kind: Kind::Hash, documented, commands }
}

const fn zset(documented: &'static str, commands: &'static [&'static str]) -> Line {
    Line { kind: Kind::SortedSet, documented, commands }
}

const fn stream(documented: &'static str, commands: &'static [&'static str]) -> Line {
    Line { kind: Kind::Stream, documented, commands }
}

/// Measures Redstart, size by size, each size on a server of its own.
pub fn run(bench: &Bench) -> Result<Vec<ComplexityCase>> {
    let most = bench.keys_or(*SIZES.last().expect("there are sizes"));
    let sizes: Vec<u64> = SIZES.into_iter().filter(|&size| size <= most).collect();
    let mut progress = Progress::new("complexity", sizes.len());
    let mut cases: Vec<ComplexityCase> = LINES.iter().map(Line::empty_case).collect();
    let own = bench.programs.iter().find(|program| program.kind == ServerKind::Redstart);
    let program = one_worker(own.context("complexity is measured on Redstart alone")?);
    for size in sizes {
        progress.step(&format!("{}: containers of {size}", program.name));
        let server = program.start(&bench.layout.server)?;
        for kind in KINDS {
            fill(&server, kind, (kind.key(), 0..size))?;
        }
        for (case, line) in cases.iter_mut().zip(&LINES) {
            let what = || format!("measuring {} at {size} elements", case.command);
            case.cpu_us.push((size, line.cost(&server, size, bench).with_context(what)?));
        }
    }
    Ok(cases)
}

impl Line {
    fn empty_case(&self) -> ComplexityCase {
        ComplexityCase {
            kind: self.kind.name().to_owned(),
            command: self.commands.join(", "),
            documented: self.documented.to_owned(),
            cpu_us: Vec::new(),
        }
    }

    /// Microseconds for all commands of the line together.
    fn cost(&self, server: &Server, size: u64, bench: &Bench) -> Result<f64> {
        // What is added must not be there already, or the container would shrink.
        let keys = match self.commands.iter().any(|command| command.contains("{new}")) {
            true => Keys::Each(0..u64::MAX),
            false => Keys::Uniform(size - LAST),
        };
        let script = Script::new(self.commands, keys, size);
        let shape = Shape { clients: CLIENTS, pipeline: PIPELINE, ping: false };
        let mut generator = Generator::play(server.address, shape, (&script, 0))?;
        let time = Duration::from_secs_f64(bench.options.seconds * SHARE_OF_TIME);
        let sample = measure(server, &mut generator, time)?;
        Ok(sample.cpu_us * self.commands.len() as f64)
    }
}
