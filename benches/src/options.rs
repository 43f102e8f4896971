//! What the command line says.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::load::Operation;

/// Loads Redstart and every real server it finds in the same way, and compares what that costs
/// them.
///
/// The real servers are those of --server, those in the variables REDIS_SERVER and VALKEY_SERVER
/// (several: separated by colons), or else redis-server and valkey-server on PATH.
#[derive(Clone, Debug, Parser)]
#[command(name = "make bench ARGS=", version, max_term_width = 100)]
pub struct Options {
    /// What is measured; everything when nothing is named.
    #[arg(value_enum)]
    pub parts: Vec<Part>,

    /// The Redstart to measure [default: target/release/redstart].
    #[arg(long, value_name = "PATH")]
    pub redstart: Option<PathBuf>,
    /// Flags for Redstart, separated by spaces; in `speed` the first of them are `--threads 1`.
    #[arg(long, value_name = "FLAGS", default_value = "", allow_hyphen_values = true)]
    pub redstart_flags: String,
    /// A real server to compare with; may be given several times.
    #[arg(long, value_name = "PATH")]
    pub server: Vec<PathBuf>,
    /// Only the servers in whose name one of these occurs: `redstart,valkey,nothing`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Commands, in `speed` and `scaling`.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub commands: Vec<Operation>,
    /// Numbers of keys: 1M,10M.
    #[arg(long, value_delimiter = ',', value_parser = count)]
    pub keys: Vec<u64>,
    /// Lengths of values in bytes: 16,64,1K,64K.
    #[arg(long, value_delimiter = ',', value_parser = bytes)]
    pub value: Vec<usize>,
    /// Commands a client sends before it waits for replies.
    #[arg(long, value_delimiter = ',', value_parser = at_least_one)]
    pub pipeline: Vec<usize>,
    /// Connections.
    #[arg(long, default_value = "50", value_parser = at_least_one)]
    pub clients: usize,
    /// How often everything is measured, the servers taking turns [default: 3, once in `stalls`,
    /// `expiry`, `pauses` and `saving`].
    #[arg(long, value_parser = at_least_one)]
    pub rounds: Option<usize>,
    /// Length of one measurement.
    #[arg(long, default_value = "0.7", value_parser = seconds)]
    pub seconds: f64,
    /// Every command at every pipeline, number of keys and length: an hour and more.
    #[arg(long)]
    pub full: bool,

    /// Numbers of Redstart's workers in `scaling` [default: 1,2,4 … up to the cores].
    #[arg(long, value_delimiter = ',', value_parser = at_least_one)]
    pub threads: Vec<usize>,
    /// Threads of the load generator in `scaling` [default: half of the cores].
    #[arg(long, value_parser = at_least_one)]
    pub generators: Option<usize>,
    /// Lets the kernel choose the cores, instead of the first for the server and the second for the
    /// load.
    #[arg(long)]
    pub unpinned: bool,

    /// Writes every sample to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Takes parts that are not measured now from these files, made by --json; later ones win.
    #[arg(long, value_name = "FILES", value_delimiter = ',')]
    pub from: Vec<PathBuf>,
    /// Measures nothing: shows what --from holds.
    #[arg(long, requires = "from")]
    pub only_show: bool,
    /// Rewrites docs/benchmarks.md and docs/benchmarks.svg.
    #[arg(long)]
    pub write_docs: bool,

    /// Serves on this port, storing nothing: how this program starts itself for comparison.
    #[arg(long, hide = true, value_name = "PORT")]
    pub null_server: Option<u16>,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// CPU per command, throughput, latency.
    Speed,
    /// Resident bytes per key.
    Memory,
    /// The longest reply while the keyspace grows.
    Stalls,
    /// How long dead keys stay, and the longest reply while many die.
    Expiry,
    /// Redstart with one worker and with more.
    Scaling,
    /// Bytes per element of containers; --keys says how many elements.
    Elements,
    /// CPU per command on containers; --keys says how many elements.
    Containers,
    /// How Redstart's cost grows with containers, up to --keys elements.
    Complexity,
    /// Others' replies while a container of --keys elements is deleted and the like.
    Pauses,
    /// The longest reply and the memory while --keys keys are saved, and how fast that is.
    Saving,
    /// What the append-only file costs.
    Logging,
}

impl Options {
    /// Whether this part is to be measured.
    pub fn wants(&self, part: Part) -> bool {
        !self.only_show && (self.parts.is_empty() || self.parts.contains(&part))
    }

    /// Whether a server of this name is to be measured.
    pub fn wants_server(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.only.is_empty() || self.only.iter().any(|only| name.contains(&only.to_lowercase()))
    }
}

fn count(text: &str) -> Result<u64, String> {
    scaled(text, 1000)
}

fn bytes(text: &str) -> Result<usize, String> {
    scaled(text, 1024).map(|bytes| bytes as usize)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    scaled(text, 1000).map(|number| number as usize)
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds from 0.01 to 3600 is expected".into()),
    }
}

fn scaled(text: &str, thousand: u64) -> Result<u64, String> {
    let lower = text.to_lowercase();
    let (digits, factor) = match lower.strip_suffix('k') {
        Some(digits) => (digits, thousand),
        None => match lower.strip_suffix('m') {
            Some(digits) => (digits, thousand * thousand),
            None => (&lower[..], 1),
        },
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    number
        .filter(|&number| number > 0)
        .ok_or_else(|| "a number like 64, 16K or 1M is expected".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_well_formed() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }

    #[test]
    fn thousands_and_kibibytes_differ() {
        assert_eq!(count("10M"), Ok(10_000_000));
        assert_eq!(bytes("64K"), Ok(65_536));
        assert!(count("0").is_err() && count("x").is_err());
    }
}
