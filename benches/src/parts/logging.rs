//! What the append-only file costs: the same SETs on a server without one, with `everysec` and with
//! `always`.

use std::time::Duration;

use anyhow::Result;

use super::speed::{measure, one_worker};
use super::{Bench, ROUNDS, load_keys};
use crate::load::{Deadline, Generator, Keys, Operation, Shape, Work};
use crate::progress::Progress;
use crate::results::{LoggingCase, Measured};
use crate::servers::Server;

const KEYS: u64 = 1_000_000;
const VALUE_BYTES: usize = 64;
const PIPELINES: [usize; 2] = [1, 16];
const POLICIES: [(&str, &[&str]); 3] = [
    ("no file", &[]),
    ("everysec", &["--appendonly", "yes", "--appendfsync", "everysec"]),
    ("always", &["--appendonly", "yes", "--appendfsync", "always"]),
];

/// Measures every server that stores, each with each policy.
pub fn run(bench: &Bench) -> Result<Vec<LoggingCase>> {
    let programs = bench.storing();
    let keys = bench.keys_or(KEYS);
    let mut progress = Progress::new("logging", programs.len() * PIPELINES.len());
    let mut cases = Vec::new();
    for program in &programs {
        let servers: Vec<Server> = POLICIES
            .iter()
            .map(|(_, flags)| {
                // The last flags hold: those of this part.
                let server = one_worker(program).with_flags(flags).start(&bench.layout.server)?;
                load_keys(&server, keys, (VALUE_BYTES, Deadline::None))?;
                // Redis rewrites the file when it has grown so far: not in the midst of a round.
                server.control()?.call(&["CONFIG", "SET", "auto-aof-rewrite-percentage", "0"])?;
                Ok(server)
            })
            .collect::<Result<_>>()?;
        for pipeline in PIPELINES {
            progress.step(&format!("{} at pipeline {pipeline}", program.name));
            cases.push(compare(&servers, (keys, pipeline), bench)?);
        }
    }
    Ok(cases)
}

fn compare(
    servers: &[Server],
    (keys, pipeline): (u64, usize),
    bench: &Bench,
) -> Result<LoggingCase> {
    let work = Work {
        operation: Operation::Set,
        keys: Keys::Uniform(keys),
        value_bytes: VALUE_BYTES,
        deadline: Deadline::None,
    };
    let shape = Shape { clients: bench.options.clients, pipeline, ping: false };
    let time = Duration::from_secs_f64(bench.options.seconds);
    let mut policies: Vec<Measured> = POLICIES
        .iter()
        .map(|(name, _)| Measured { server: (*name).to_owned(), samples: Vec::new() })
        .collect();
    for round in 0..bench.rounds_or(ROUNDS) {
        for turn in 0..servers.len() {
            let index = (turn + round) % servers.len();
            let mut generator =
                Generator::connect(servers[index].address, shape, (&work, round as u64))?;
            policies[index].samples.push(measure(&servers[index], &mut generator, time)?);
        }
    }
    Ok(LoggingCase { server: servers[0].program.name.clone(), pipeline, policies })
}
