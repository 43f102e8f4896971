//! The parts of the measurement, and what they share: which servers, which cores, how keys get into
//! a server.

pub mod complexity;
pub mod containers;
pub mod elements;
pub mod expiry;
pub mod filling;
pub mod logging;
pub mod memory;
pub mod pauses;
pub mod saving;
pub mod scaling;
pub mod speed;
pub mod stalls;

use std::time::Duration;

use anyhow::{Context, Result};

use crate::load::{Deadline, Generator, Keys, Operation, Outcome, Shape, Stop, Work};
use crate::machine::{Cores, Layout};
use crate::options::Options;
use crate::results::Sample;
use crate::servers::{Kind, Program, Server};

/// Bytes of a batch while keys are loaded: big values go in small batches.
const LOADING_BATCH_BYTES: usize = 64 * 1024;
const LOADING_CLIENTS: usize = 50;
const LOADING_PIPELINE: usize = 64;
/// Rounds of the parts whose figures are of the CPU; the others watch for so long that one is
/// enough.
const ROUNDS: usize = 3;
/// Time every load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(150);

/// All that a part needs.
pub struct Bench {
    /// The command line.
    pub options: Options,
    /// Who runs where.
    pub layout: Layout,
    /// All cores, for everyone.
    pub everywhere: Cores,
    /// The servers, Redstart first.
    pub programs: Vec<Program>,
}

impl Bench {
    /// The keys of a part that measures one number of them.
    pub fn keys_or(&self, default: u64) -> u64 {
        self.options.keys.first().copied().unwrap_or(default)
    }

    /// Rounds of a part that does with `default` of them.
    pub fn rounds_or(&self, default: usize) -> usize {
        self.options.rounds.unwrap_or(default)
    }

    /// Whether Redstart is among the servers.
    pub fn measures_redstart(&self) -> bool {
        self.programs.iter().any(|program| program.kind == Kind::Redstart)
    }

    /// The servers that keep what they are given.
    pub fn storing(&self) -> Vec<Program> {
        self.programs.iter().filter(|program| program.stores()).cloned().collect()
    }
}

/// Sets the first `keys` keys, each once.
pub fn load_keys(
    server: &Server,
    keys: u64,
    (value_bytes, deadline): (usize, Deadline),
) -> Result<()> {
    let pipeline = (LOADING_BATCH_BYTES / value_bytes.max(1)).clamp(1, LOADING_PIPELINE);
    let work = Work { operation: Operation::Set, keys: Keys::Each(0..keys), value_bytes, deadline };
    run_through(server, &work, pipeline)
        .with_context(|| format!("loading {keys} keys into {}", server.program.name))
}

/// Runs a load over each of its keys.
pub fn run_through(server: &Server, work: &Work, pipeline: usize) -> Result<()> {
    let shape = Shape { clients: LOADING_CLIENTS, pipeline, ping: false };
    Generator::connect(server.address, shape, (work, 0))?.run(Stop::WithKeys)?;
    Ok(())
}

/// What a run of `outcome` that used `cpu` of the server says.
pub fn sample(outcome: &Outcome, cpu: Duration) -> Sample {
    let commands = outcome.commands as f64;
    let latency = |quantile| outcome.latency.value_at_quantile(quantile) as f64 / 1000.0;
    Sample {
        commands: outcome.commands,
        cpu_us: cpu.as_nanos() as f64 / 1000.0 / commands,
        per_second: commands / outcome.wall.as_secs_f64(),
        p50_us: latency(0.5),
        p99_us: latency(0.99),
        p999_us: latency(0.999),
    }
}
