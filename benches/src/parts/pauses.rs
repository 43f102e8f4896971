//! What one command over a big container costs everybody else: the replies to another client's
//! pings while it runs, and for a second after it, when a server may still be freeing.
//!
//! The pings come from the load generator's own loop, as in `stalls`: one each millisecond, unless
//! another is still on its way.

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use super::filling::{Kind, fill};
use crate::load::{Generator, Keys, Outcome, Script, Shape, Stop};
use crate::progress::Progress;
use crate::results::{Pause, PauseCase};
use crate::servers::{Program, Server};

/// Elements of the containers that are deleted; the others are a tenth of them.
const ELEMENTS: u64 = 10_000_000;
const IDLE: Duration = Duration::from_secs(2);
/// The watch goes on for so long after the reply.
const AFTER: Duration = Duration::from_secs(1);

/// A command, and what it needs.
struct Act {
    name: &'static str,
    command: &'static str,
    /// Key, type, from which element to which: in tenths of `ELEMENTS`.
    containers: &'static [(&'static str, Kind, u64, u64)],
}

const ACTS: [Act; 7] = [
    Act { name: "DEL of a set", command: "DEL big", containers: &[("big", Kind::Set, 0, 10)] },
    Act { name: "DEL of a hash", command: "DEL big", containers: &[("big", Kind::Hash, 0, 10)] },
    Act {
        name: "DEL of a sorted set",
        command: "DEL big",
        containers: &[("big", Kind::SortedSet, 0, 10)],
    },
    Act { name: "DEL of a list", command: "DEL big", containers: &[("big", Kind::List, 0, 10)] },
    Act {
        name: "DEL of a stream",
        command: "DEL big",
        containers: &[("big", Kind::Stream, 0, 10)],
    },
    Act {
        name: "SUNIONSTORE of two sets",
        command: "SUNIONSTORE union a b",
        containers: &[("a", Kind::Set, 0, 1), ("b", Kind::Set, 1, 2)],
    },
    Act { name: "SMEMBERS of a set", command: "SMEMBERS a", containers: &[("a", Kind::Set, 0, 1)] },
];

/// Measures every server that stores, each command on a server of its own.
pub fn run(bench: &Bench) -> Result<Vec<PauseCase>> {
    let programs = bench.storing();
    let elements = bench.keys_or(ELEMENTS).max(10);
    let rounds = bench.rounds_or(1);
    let mut progress = Progress::new("pauses", programs.len() * ACTS.len() * rounds);
    let mut cases = Vec::new();
    for act in &ACTS {
        let mut case = PauseCase {
            command: act.name.to_owned(),
            elements: act
                .containers
                .iter()
                .map(|(_, _, from, to)| (to - from) * elements / 10)
                .max()
                .unwrap_or(0),
            servers: programs.iter().map(|p| (p.name.clone(), Vec::new())).collect(),
        };
        for _ in 0..rounds {
            for ((_, pauses), program) in case.servers.iter_mut().zip(&programs) {
                progress.step(&format!("{}: {}", program.name, act.name));
                pauses.push(act.watch(program, elements, bench)?);
            }
        }
        cases.push(case);
    }
    Ok(cases)
}

impl Act {
    fn watch(&self, program: &Program, elements: u64, bench: &Bench) -> Result<Pause> {
        let server = program.start(&bench.layout.server)?;
        for &(key, kind, from, to) in self.containers {
            fill(&server, kind, (key, from * elements / 10..to * elements / 10))?;
        }
        let mut generator = self.generator(&server)?;
        // The first ping pays for what is done once.
        generator.idle(Duration::from_millis(100))?;
        let idle = generator.idle(IDLE)?;
        let mut during = generator.run(Stop::WithKeys)?;
        let took_ms = during.wall.as_secs_f64() * 1000.0;
        during.add(&generator.idle(AFTER)?)?;
        Ok(Pause {
            idle_p999_ms: milliseconds(&idle, 0.999),
            idle_longest_ms: milliseconds(&idle, 1.0),
            p999_ms: milliseconds(&during, 0.999),
            longest_ms: milliseconds(&during, 1.0),
            took_ms,
        })
    }

    fn generator(&self, server: &Server) -> Result<Generator> {
        let script = Script::new(&[self.command], Keys::Each(0..1), 1);
        let shape = Shape { clients: 1, pipeline: 1, ping: true };
        Generator::play(server.address, shape, (&script, 0))
    }
}

fn milliseconds(outcome: &Outcome, quantile: f64) -> f64 {
    outcome.pings.value_at_quantile(quantile) as f64 / 1e6
}
