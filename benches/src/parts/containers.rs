//! CPU per command on containers of a million elements, of every server under the same loads.
//!
//! As in `speed` the servers stand side by side and take turns. Elements are random among those
//! that are there, except where the command says `new`: those are added. LPOP takes from the list
//! it has, so that list is made longer before each turn.

use std::time::Duration;

use anyhow::Result;

use super::filling::{KINDS, Kind, fill};
use super::speed::{measure, one_worker};
use super::{Bench, ROUNDS, WARM_UP};
use crate::load::{Generator, Keys, Script, Shape};
use crate::progress::Progress;
use crate::results::{ContainerCase, Measured};
use crate::servers::{Program, Server};

const ELEMENTS: u64 = 1_000_000;
const PIPELINE: usize = 16;
/// LPOP takes no more than so many elements in a second, on any server.
const POPS_PER_SECOND: f64 = 4e6;

/// New elements that a round may add: numbers have 7 digits.
const NEW_PER_ROUND: u64 = 2_500_000;
/// Elements at the end that are not asked for.
const LAST: u64 = 20;

/// A load: its name, its commands, the length of the array it is answered, whether its elements
/// are new ones.
struct Load {
    name: &'static str,
    command: &'static str,
    array: Option<usize>,
    adds: bool,
}

const LOADS: [Load; 11] = [
    known("HGET", "HGET hash {element}", None),
    known("HSET", "HSET hash {element} {value}", None),
    known("ZRANK", "ZRANK zset {element}", None),
    known("ZRANGE of 10", "ZRANGE zset {index} {index+9}", Some(10)),
    known("ZADD", "ZADD zset {score} {element}", None),
    known("LRANGE of 100", "LRANGE list 0 99", Some(100)),
    known("LPUSH", "LPUSH list {element}", None),
    known("LPOP", "LPOP list", None),
    new("SADD, new", "SADD set {element}"),
    known("XREAD of 10", "XREAD COUNT 10 STREAMS stream {id}", Some(1)),
    known("XADD", "XADD stream * first {element} second {value}", None),
];

const fn known(name: &'static str, command: &'static str, array: Option<usize>) -> Load {
    Load { name, command, array, adds: false }
}

const fn new(name: &'static str, command: &'static str) -> Load {
    Load { name, command, array: None, adds: true }
}

/// Measures every server that stores.
pub fn run(bench: &Bench) -> Result<Vec<ContainerCase>> {
    let elements = bench.keys_or(ELEMENTS);
    let programs: Vec<Program> = bench.storing().iter().map(one_worker).collect();
    let mut progress = Progress::new("containers", programs.len() + LOADS.len());
    let mut servers = Vec::new();
    for program in &programs {
        progress.step(&format!("{}: containers of {elements}", program.name));
        let server = program.start(&bench.layout.server)?;
        for kind in KINDS {
            fill(&server, kind, (kind.key(), 0..elements))?;
        }
        servers.push(server);
    }
    let mut cases = Vec::new();
    for load in &LOADS {
        progress.step(load.name);
        cases.push(load.compare(&servers, elements, bench)?);
    }
    Ok(cases)
}

impl Load {
    fn compare(&self, servers: &[Server], elements: u64, bench: &Bench) -> Result<ContainerCase> {
        let options = &bench.options;
        let pipeline = *options.pipeline.first().unwrap_or(&PIPELINE);
        let shape = Shape { clients: options.clients, pipeline, ping: false };
        let empty =
            |server: &Server| Measured { server: server.program.name.clone(), samples: Vec::new() };
        let mut measured: Vec<Measured> = servers.iter().map(empty).collect();
        for round in 0..bench.rounds_or(ROUNDS) {
            for turn in 0..servers.len() {
                // Each round begins with another server: none is always measured in another's
                // wake.
                let index = (turn + round) % servers.len();
                let server = &servers[index];
                if self.command.starts_with("LPOP") {
                    let seconds = options.seconds + WARM_UP.as_secs_f64();
                    let pops = (seconds * POPS_PER_SECOND) as u64;
                    fill(server, Kind::List, (Kind::List.key(), 0..pops))?;
                }
                let script = self.script(elements, round as u64);
                let mut generator =
                    Generator::play(server.address, shape, (&script, round as u64))?;
                let time = Duration::from_secs_f64(options.seconds);
                measured[index].samples.push(measure(server, &mut generator, time)?);
            }
        }
        let load = self.name.to_owned();
        Ok(ContainerCase { load, elements, pipeline, servers: measured })
    }

    fn script(&self, elements: u64, round: u64) -> Script {
        let keys = match self.adds {
            true => Keys::Each((round + 1) * NEW_PER_ROUND..u64::MAX),
            // Behind the last entries of a stream there would be nothing to read.
            false => Keys::Uniform(elements.saturating_sub(LAST).max(1)),
        };
        Script { array: self.array, ..Script::new(&[self.command], keys, elements) }
    }
}
