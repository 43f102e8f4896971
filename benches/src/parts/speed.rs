//! CPU per command, throughput and latency, of every server under the same loads.
//!
//! The servers stand side by side, each with the same keys; a load runs on one after the other,
//! round by round, so that what the machine does otherwise meets them all alike. Before the first
//! load every key has been read once: a table of Redis's that was growing has then moved to its new
//! size, and is not measured on the way.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;

use super::{Bench, ROUNDS, WARM_UP, load_keys, run_through, sample};
use crate::load::{Deadline, Generator, Keys, Operation, Shape, Stop, Work};
use crate::machine::available_bytes;
use crate::options::Options;
use crate::progress::Progress;
use crate::results::{Measured, Sample, SpeedCase};
use crate::servers::{Kind, Program, Server};

/// Values a server holds at most, in bytes; with larger values there are fewer keys.
const DATA_LIMIT_BYTES: u64 = 1 << 30;
/// Bytes of one batch at most: deeper pipelines of large values are left out.
const BATCH_LIMIT_BYTES: usize = 1 << 20;
/// What a key costs beside its value, generously, to see whether all servers fit into memory.
const KEY_COST_BYTES: u64 = 150;
const PIPELINES: [usize; 3] = [1, 16, 64];
const OPERATIONS: [Operation; 4] =
    [Operation::Set, Operation::Get, Operation::Incr, Operation::Mset];

/// One filling of the servers, and the loads that run on it.
#[derive(Debug, PartialEq)]
struct Dataset {
    keys: u64,
    value_bytes: usize,
    counters: bool,
    loads: Vec<(Operation, usize)>,
}

/// Measures everything that the options ask for.
pub fn run(bench: &Bench) -> Result<Vec<SpeedCase>> {
    let datasets = plan(&bench.options);
    let programs: Vec<Program> = bench.programs.iter().map(one_worker).collect();
    let steps = datasets.iter().map(|dataset| dataset.loads.len() + programs.len()).sum();
    let mut progress = Progress::new("speed", steps);
    let mut cases = Vec::new();
    for dataset in &datasets {
        if !dataset.fits(programs.iter().filter(|program| program.stores()).count() as u64) {
            eprintln!("{} do not fit into memory: left out", dataset.name());
            continue;
        }
        let mut servers = Vec::new();
        for program in &programs {
            progress.step(&format!("{}: {}", program.name, dataset.name()));
            servers.push(dataset.fill(program.start(&bench.layout.server)?)?);
        }
        for &load in &dataset.loads {
            progress.step(&format!(
                "{} at pipeline {}, {} keys",
                load.0.name(),
                load.1,
                dataset.keys
            ));
            cases.push(dataset.measure(&servers, load, bench)?);
        }
    }
    Ok(cases)
}

/// On its one core a server gets one worker; Redis and Valkey have one by default.
pub fn one_worker(program: &Program) -> Program {
    match program.kind {
        Kind::Redstart => program.with_first_flags(&["--threads", "1"]),
        _ => program.clone(),
    }
}

impl Dataset {
    fn name(&self) -> String {
        match self.counters {
            true => format!("{} counters", self.keys),
            false => format!("{} keys of {} B", self.keys, self.value_bytes),
        }
    }

    fn fits(&self, servers: u64) -> bool {
        let needed = servers * self.keys * (self.value_bytes as u64 + KEY_COST_BYTES);
        needed < available_bytes() / 10 * 9
    }

    fn fill(&self, server: Server) -> Result<Server> {
        // One value is all that the server that stores nothing can learn.
        let keys = if server.program.stores() { self.keys } else { 1 };
        if self.counters {
            run_through(&server, &self.work(Operation::Incr, Keys::Each(0..keys)), 64)?;
            return Ok(server);
        }
        load_keys(&server, keys, (self.value_bytes, Deadline::None))?;
        run_through(&server, &self.work(Operation::Get, Keys::Each(0..keys)), 16)?;
        Ok(server)
    }

    fn work(&self, operation: Operation, keys: Keys) -> Work {
        Work { operation, keys, value_bytes: self.value_bytes, deadline: Deadline::None }
    }

    fn measure(
        &self,
        servers: &[Server],
        load: (Operation, usize),
        bench: &Bench,
    ) -> Result<SpeedCase> {
        let options = &bench.options;
        let (operation, pipeline) = load;
        let mut measured: Vec<Measured> = servers
            .iter()
            .map(|server| Measured { server: server.program.name.clone(), samples: Vec::new() })
            .collect();
        let shape = Shape { clients: options.clients, pipeline, ping: false };
        let work = self.work(operation, Keys::Uniform(self.keys));
        for round in 0..bench.rounds_or(ROUNDS) {
            for turn in 0..servers.len() {
                // Each round begins with another server: none is always measured in another's wake.
                let index = (turn + round) % servers.len();
                let mut generator =
                    Generator::connect(servers[index].address, shape, (&work, round as u64))?;
                let time = Duration::from_secs_f64(options.seconds);
                measured[index].samples.push(measure(&servers[index], &mut generator, time)?);
            }
        }
        let (keys, value_bytes, clients) = (self.keys, self.value_bytes, options.clients);
        Ok(SpeedCase { operation, keys, value_bytes, pipeline, clients, servers: measured })
    }
}

/// Runs a load for `time`, after a warm-up, and reads what it cost the server.
pub fn measure(server: &Server, generator: &mut Generator, time: Duration) -> Result<Sample> {
    generator.run(Stop::After(WARM_UP.min(time)))?;
    let before = server.cpu_time()?;
    let outcome = generator.run(Stop::After(time))?;
    Ok(sample(&outcome, server.cpu_time_since(before)?))
}

/// Which loads run: a choice that shows each influence once, everything with `--full`, or what the
/// options name.
fn plan(options: &Options) -> Vec<Dataset> {
    let named =
        !options.keys.is_empty() || !options.value.is_empty() || !options.pipeline.is_empty();
    let or = |given: &[usize], default: &[usize]| -> Vec<usize> {
        if given.is_empty() { default.to_vec() } else { given.to_vec() }
    };
    let operations = match options.commands.is_empty() {
        true => OPERATIONS.to_vec(),
        false => options.commands.clone(),
    };
    let mut loads = Vec::new();
    let mut add = |keys: u64, values: &[usize], pipelines: &[usize], operations: &[Operation]| {
        for &value in values {
            loads.extend(cross(keys, value, pipelines, operations));
        }
    };
    if options.full || named {
        let (values, keys): (&[usize], &[u64]) = match options.full {
            true => (&[16, 64, 1024, 65536], &[1_000_000, 10_000_000]),
            false => (&[64], &[1_000_000]),
        };
        let keys = if options.keys.is_empty() { keys } else { &options.keys };
        for &keys in keys {
            add(keys, &or(&options.value, values), &or(&options.pipeline, &PIPELINES), &operations);
        }
    } else {
        let plain: Vec<Operation> = operations
            .iter()
            .copied()
            .filter(|operation| matches!(operation, Operation::Set | Operation::Get))
            .collect();
        add(1_000_000, &[64], &PIPELINES, &operations);
        add(1_000_000, &[16, 1024], &[16], &plain);
        add(1_000_000, &[65536], &[1], &plain);
        add(10_000_000, &[64], &[16], &plain);
    }
    group(loads)
}

/// A load before it is grouped: keys, length of values, command, pipeline.
type Load = (u64, usize, Operation, usize);

fn cross(keys: u64, value: usize, pipelines: &[usize], operations: &[Operation]) -> Vec<Load> {
    let keys = keys.min(DATA_LIMIT_BYTES / value as u64);
    let mut loads = Vec::new();
    for &operation in operations {
        let per_command = if operation == Operation::Mset { 10 * value } else { value };
        let fitting = pipelines.iter().filter(|&&p| p == 1 || p * per_command <= BATCH_LIMIT_BYTES);
        loads.extend(fitting.map(|&pipeline| (keys, value, operation, pipeline)));
    }
    loads
}

/// Loads that can share a filling come together, in the order of their first.
fn group(loads: Vec<Load>) -> Vec<Dataset> {
    let mut datasets: Vec<Dataset> = Vec::new();
    let mut seen = BTreeSet::new();
    for (keys, value_bytes, operation, pipeline) in loads {
        // Counters have no value of a length.
        let counters = operation == Operation::Incr;
        let value_bytes = if counters { 0 } else { value_bytes };
        if !seen.insert((keys, value_bytes, operation.name(), pipeline)) {
            continue;
        }
        let same = |set: &&mut Dataset| {
            (set.keys, set.value_bytes, set.counters) == (keys, value_bytes, counters)
        };
        match datasets.iter_mut().find(same) {
            Some(dataset) => dataset.loads.push((operation, pipeline)),
            None => {
                let loads = vec![(operation, pipeline)];
                datasets.push(Dataset { keys, value_bytes, counters, loads });
            }
        }
    }
    datasets
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn planned(line: &str) -> Vec<Dataset> {
        plan(&Options::parse_from(["bench"].into_iter().chain(line.split_whitespace())))
    }

    #[test]
    fn named_loads_are_crossed_and_share_a_filling() {
        let datasets = planned("--keys 5 --value 16 --pipeline 1,16 --commands get,set");
        assert_eq!(datasets.len(), 1);
        assert_eq!(datasets[0].loads.len(), 4);
    }

    #[test]
    fn counters_have_a_filling_of_their_own() {
        let datasets = planned("--keys 5 --value 16,64 --pipeline 1");
        let counters: Vec<_> = datasets.iter().filter(|dataset| dataset.counters).collect();
        assert_eq!((datasets.len(), counters.len(), counters[0].loads.len()), (3, 1, 1));
    }

    #[test]
    fn large_values_mean_fewer_keys_and_shallow_pipelines() {
        let datasets = planned("--value 64K --commands set");
        assert_eq!((datasets[0].keys, datasets[0].loads.len()), (16_384, 2));
    }

    #[test]
    fn by_default_everything_has_a_place() {
        let loads: usize = planned("").iter().map(|dataset| dataset.loads.len()).sum();
        assert_eq!(loads, 4 * 3 + 2 * 2 + 2 + 2);
    }
}
