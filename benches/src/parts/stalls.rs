//! The longest reply while the keyspace grows from empty.
//!
//! One more client asks PING every millisecond. It lives in the load generator's own loop, which
//! looks at its reply first of all, so that neither the scheduler nor the load's own work is
//! mistaken for the server's silence. Three figures:
//! ```text
//! idle     PING alone, the server empty and without load
//! growing  PING while clients SET keys that do not exist, from the first to the last, flat out
//! steady   PING under the same load on keys that exist
//! ```
//! Growing less idle is what a client feels at worst; growing less steady is what growth itself
//! adds.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use super::Bench;
use crate::load::{Deadline, Generator, Keys, Operation, Shape, Stop, Work};
use crate::progress::Progress;
use crate::results::StallCase;
use crate::servers::Server;

const KEYS: u64 = 10_000_000;
const VALUE_BYTES: usize = 16;
const PIPELINE: usize = 16;
const IDLE: Duration = Duration::from_secs(3);
/// The steady load is as long as the growth, within these.
const STEADY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));

/// Measures every server that stores, round by round.
pub fn run(bench: &Bench) -> Result<Vec<StallCase>> {
    let programs = bench.storing();
    let keys = bench.keys_or(KEYS);
    // A growth to ten million is long enough to meet every kind of noise: one round is enough.
    let rounds = bench.rounds_or(1);
    let mut progress = Progress::new("stalls", programs.len() * rounds);
    let mut cases: Vec<StallCase> = programs.iter().map(|p| empty_case(&p.name, keys)).collect();
    for _ in 0..rounds {
        for (case, program) in cases.iter_mut().zip(&programs) {
            progress.step(&format!("{}: growing to {keys} keys", program.name));
            grow(&program.start(&bench.layout.server)?, case, bench)?;
        }
    }
    Ok(cases)
}

fn empty_case(name: &str, keys: u64) -> StallCase {
    StallCase {
        server: name.to_owned(),
        keys,
        idle_ms: Vec::new(),
        growing_ms: Vec::new(),
        growing_load_ms: Vec::new(),
        steady_ms: Vec::new(),
    }
}

fn grow(server: &Server, case: &mut StallCase, bench: &Bench) -> Result<()> {
    let pipeline = *bench.options.pipeline.first().unwrap_or(&PIPELINE);
    let shape = Shape { clients: bench.options.clients, pipeline, ping: true };
    let mut generator =
        Generator::connect(server.address, shape, (&work(Keys::Each(0..case.keys)), 0))?;
    // The first ping pays for what is done once.
    generator.idle(Duration::from_millis(50))?;
    case.idle_ms.push(longest_ms(&generator.idle(IDLE)?.pings));
    let growth = generator.run(Stop::WithKeys)?;
    case.growing_ms.push(longest_ms(&growth.pings));
    case.growing_load_ms.push(longest_ms(&growth.latency));
    drop(generator);
    let work = work(Keys::Uniform(case.keys));
    let mut generator = Generator::connect(server.address, shape, (&work, 0))?;
    let steady = generator.run(Stop::After(growth.wall.clamp(STEADY.0, STEADY.1)))?;
    case.steady_ms.push(longest_ms(&steady.pings));
    Ok(())
}

fn work(keys: Keys) -> Work {
    Work { operation: Operation::Set, keys, value_bytes: VALUE_BYTES, deadline: Deadline::None }
}

fn longest_ms(histogram: &Histogram<u64>) -> f64 {
    histogram.max() as f64 / 1e6
}
