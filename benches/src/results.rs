//! What was measured: every sample, as it is written to JSON and read back.
//!
//! Tables show the median of the rounds with the lowest and the highest. A ratio is taken within a
//! round, between two servers that were measured a second apart, and the median is that of the
//! ratios.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::load::Operation;
use crate::machine::Facts;

/// A run, or several put together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// The machine.
    pub facts: Facts,
    /// The parts; those not measured are empty.
    pub speed: Vec<SpeedCase>,
    /// Resident bytes per key.
    pub memory: Vec<MemoryCase>,
    /// Longest replies while the keyspace grows.
    pub stalls: Vec<StallCase>,
    /// Expiry.
    pub expiry: Vec<ExpiryCase>,
    /// Redstart with several workers.
    pub scaling: Vec<ScalingCase>,
    /// Bytes per element.
    #[serde(default)]
    pub elements: Vec<ElementsCase>,
    /// CPU per command on containers.
    #[serde(default)]
    pub containers: Vec<ContainerCase>,
    /// How cost grows with containers.
    #[serde(default)]
    pub complexity: Vec<ComplexityCase>,
    /// What commands over big containers cost others.
    #[serde(default)]
    pub pauses: Vec<PauseCase>,
    /// Saving under load.
    #[serde(default)]
    pub saving: Vec<SavingCase>,
    /// What the append-only file costs.
    #[serde(default)]
    pub logging: Vec<LoggingCase>,
}

/// How one server saves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavingCase {
    /// Name and version.
    pub server: String,
    /// Keys in the server.
    pub keys: u64,
    /// One for each round.
    pub rounds: Vec<Saving>,
}

/// What one round of saving showed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Saving {
    /// Longest reply to a ping with nothing else to do, milliseconds.
    pub idle_ms: f64,
    /// The same under the load.
    pub loaded_ms: f64,
    /// The same under the load while BGSAVE runs.
    pub saving_ms: f64,
    /// Commands answered meanwhile.
    pub commands_while_saving: u64,
    /// How long BGSAVE took.
    pub bgsave_seconds: f64,
    /// How much more memory it took at the most.
    pub added_bytes: u64,
    /// How long SAVE takes without load.
    pub save_seconds: f64,
    /// From the start of a server with that file to its first answer.
    pub load_seconds: f64,
}

/// One server with each policy of its append-only file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoggingCase {
    /// Name and version.
    pub server: String,
    /// Commands per batch.
    pub pipeline: usize,
    /// The policies, by name; the first is no file.
    pub policies: Vec<Measured>,
}

/// One load, on each server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpeedCase {
    /// The command.
    pub operation: Operation,
    /// Keys in the server.
    pub keys: u64,
    /// Length of the values.
    pub value_bytes: usize,
    /// Commands per batch.
    pub pipeline: usize,
    /// Connections.
    pub clients: usize,
    /// What came of it, server by server.
    pub servers: Vec<Measured>,
}

/// The rounds of one server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Its name and version.
    pub server: String,
    /// One for each round.
    pub samples: Vec<Sample>,
}

/// One measurement of a load.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// Commands answered.
    pub commands: u64,
    /// Microseconds of server CPU per command.
    pub cpu_us: f64,
    /// Commands per second.
    pub per_second: f64,
    /// Latency of a batch, microseconds.
    pub p50_us: f64,
    /// The same, 99 of 100.
    pub p99_us: f64,
    /// The same, 999 of 1000.
    pub p999_us: f64,
}

/// Memory for one kind of key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MemoryCase {
    /// Keys loaded.
    pub keys: u64,
    /// Length of the values.
    pub value_bytes: usize,
    /// Whether each key has a deadline.
    pub volatile: bool,
    /// Server and resident bytes per key.
    pub servers: Vec<(String, f64)>,
}

/// Longest replies of one server, milliseconds, one for each round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StallCase {
    /// Name and version.
    pub server: String,
    /// Keys it grew to.
    pub keys: u64,
    /// A ping, with nothing else to do.
    pub idle_ms: Vec<f64>,
    /// A ping, while the keyspace grows.
    pub growing_ms: Vec<f64>,
    /// A batch of the load itself, while the keyspace grows.
    pub growing_load_ms: Vec<f64>,
    /// A ping, under the same load on keys that exist.
    pub steady_ms: Vec<f64>,
}

/// How one server lets keys die.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExpiryCase {
    /// Name and version.
    pub server: String,
    /// Many keys with one deadline.
    pub burst: Vec<Burst>,
    /// Few keys that die among many that do not.
    pub lag: Vec<Lag>,
}

/// Many keys with one deadline. Milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Burst {
    /// How many.
    pub keys: u64,
    /// The longest reply before they were loaded.
    pub idle_ms: f64,
    /// The longest reply from just before the deadline until all are gone.
    pub longest_ms: f64,
    /// From the deadline until half are gone.
    pub half_gone_ms: Option<f64>,
    /// From the deadline until all are gone; none when the watch ended before.
    pub gone_ms: Option<f64>,
}

/// Few keys that die among many that do not. Milliseconds from deadline to removal.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Lag {
    /// Volatile keys that stay.
    pub volatile: u64,
    /// Keys that die.
    pub sampled: usize,
    /// Those still there when the watch ended.
    pub left: usize,
    /// How long it went on after the last deadline.
    pub watched_ms: f64,
    /// Half of the keys were gone by then.
    pub median_ms: Option<f64>,
    /// The last was gone by then.
    pub longest_ms: Option<f64>,
}

/// Redstart with some number of workers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScalingCase {
    /// The command.
    pub operation: Operation,
    /// Commands per batch.
    pub pipeline: usize,
    /// Connections.
    pub clients: usize,
    /// Threads of the load generator.
    pub generators: usize,
    /// Number of workers, and the rounds.
    pub threads: Vec<(usize, Vec<Sample>)>,
}

/// What one kind of container needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ElementsCase {
    /// The type; of small ones the number of elements, too.
    pub what: String,
    /// Elements of the large one, or how many small ones there were.
    pub count: u64,
    /// One large container, or many small ones.
    pub large: bool,
    /// Server, and bytes per element of the large one or per small one.
    pub servers: Vec<(String, f64)>,
}

/// One load on large containers, on each server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContainerCase {
    /// The command.
    pub load: String,
    /// Elements of each container.
    pub elements: u64,
    /// Commands per batch.
    pub pipeline: usize,
    /// What came of it, server by server.
    pub servers: Vec<Measured>,
}

/// What a command costs Redstart on containers of several sizes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComplexityCase {
    /// Type of the container.
    pub kind: String,
    /// The command, or several that leave the size as it was.
    pub command: String,
    /// What Redis's documentation says.
    pub documented: String,
    /// Size, and microseconds of server CPU for the command or for all of them.
    pub cpu_us: Vec<(u64, f64)>,
}

/// What a command over a big container costs others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PauseCase {
    /// The command.
    pub command: String,
    /// Elements of each of its containers.
    pub elements: u64,
    /// Server, and the rounds.
    pub servers: Vec<(String, Vec<Pause>)>,
}

/// Replies to pings, milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Pause {
    /// 999 of 1000, with nothing else to do.
    pub idle_p999_ms: f64,
    /// All of them.
    pub idle_longest_ms: f64,
    /// 999 of 1000, while the command runs and for a second after it.
    pub p999_ms: f64,
    /// All of them.
    pub longest_ms: f64,
    /// From the command to its reply.
    pub took_ms: f64,
}

/// Median, lowest and highest of several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Results {
    /// Reads what `write` has written.
    pub fn read(path: &Path) -> Result<Results> {
        let text = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("understanding {}", path.display()))
    }

    /// Writes everything as JSON.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Takes the parts that `newer` has.
    pub fn update(&mut self, newer: Results) {
        self.facts = newer.facts;
        replace(&mut self.speed, newer.speed);
        replace(&mut self.memory, newer.memory);
        replace(&mut self.stalls, newer.stalls);
        replace(&mut self.expiry, newer.expiry);
        replace(&mut self.scaling, newer.scaling);
        replace(&mut self.elements, newer.elements);
        replace(&mut self.containers, newer.containers);
        replace(&mut self.complexity, newer.complexity);
        replace(&mut self.pauses, newer.pauses);
        replace(&mut self.saving, newer.saving);
        replace(&mut self.logging, newer.logging);
    }
}

fn replace<T>(part: &mut Vec<T>, newer: Vec<T>) {
    if !newer.is_empty() {
        *part = newer;
    }
}

impl Spread {
    /// Of these values; none of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (&low, &high) = (values.first()?, values.last()?);
        let upper = values[values.len() / 2];
        let lower = values[(values.len() - 1) / 2];
        Some(Spread { median: (lower + upper) / 2.0, low, high })
    }

    /// Of the ratios of `these` to `those`, round by round.
    pub fn of_ratios(these: &[Sample], those: &[Sample], of: fn(&Sample) -> f64) -> Option<Spread> {
        Spread::of(these.iter().zip(those).map(|(this, that)| of(this) / of(that)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        let spread = Spread::of([4.0, 1.0, 2.0, 3.0]);
        assert_eq!(spread, Some(Spread { median: 2.5, low: 1.0, high: 4.0 }));
        assert_eq!(Spread::of([]), None);
    }
}
