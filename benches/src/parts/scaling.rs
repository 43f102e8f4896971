//! Redstart with one worker and with more, all on the same cores as the load generator, the kernel
//! placing the threads.
//!
//! The servers stand side by side and take turns, so that a ratio compares neighbours in time.
//! Where there are few cores the load generator takes its share of them: more workers cannot bring
//! more then, but must not bring less.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Bench, ROUNDS, WARM_UP, load_keys, sample};
use crate::load::{Deadline, Generator, Keys, Operation, Shape, Stop, Work, run_together};
use crate::machine::Cores;
use crate::options::Options;
use crate::progress::Progress;
use crate::results::{Sample, ScalingCase};
use crate::servers::{Kind, Server};

const KEYS: u64 = 1_000_000;
const VALUE_BYTES: usize = 64;
const OPERATIONS: [Operation; 2] = [Operation::Get, Operation::Set];
const PIPELINES: [usize; 3] = [1, 16, 64];
/// Clients of one generator thread at the least, so that many workers all have some.
const CLIENTS_PER_GENERATOR: usize = 25;

/// Measures Redstart, if it is there, with every number of workers.
pub fn run(bench: &Bench) -> Result<Vec<ScalingCase>> {
    let redstart = bench.programs.iter().find(|program| program.kind == Kind::Redstart);
    let redstart = redstart.context("scaling measures Redstart, which --only leaves out")?;
    let cores = bench.everywhere.count();
    let generators = bench.options.generators.unwrap_or(cores.div_ceil(2));
    let numbers = numbers(&bench.options, cores);
    let operations = or(&bench.options.commands, &OPERATIONS);
    let pipelines = or(&bench.options.pipeline, &PIPELINES);
    let steps = numbers.len() + operations.len() * pipelines.len();
    let mut progress = Progress::new("scaling", steps);
    let mut servers = Vec::new();
    let keys = bench.keys_or(KEYS);
    for &threads in &numbers {
        progress.step(&format!("{threads} workers: {keys} keys"));
        let program = redstart.with_flags(&["--threads", &threads.to_string()]);
        let server = program.start(&bench.everywhere)?;
        load_keys(&server, keys, (VALUE_BYTES, Deadline::None))?;
        servers.push((threads, server));
    }
    let mut cases = Vec::new();
    for &operation in &operations {
        for &pipeline in &pipelines {
            progress.step(&format!("{} at pipeline {pipeline}", operation.name()));
            let deadline = Deadline::None;
            let keys = Keys::Uniform(keys);
            let work = Work { operation, keys, value_bytes: VALUE_BYTES, deadline };
            cases.push(measure(bench, &servers, (&work, pipeline, generators))?);
        }
    }
    Ok(cases)
}

fn measure(
    bench: &Bench,
    servers: &[(usize, Server)],
    (work, pipeline, generators): (&Work, usize, usize),
) -> Result<ScalingCase> {
    let options = &bench.options;
    let clients = options.clients.max(generators * CLIENTS_PER_GENERATOR) / generators;
    let shape = Shape { clients, pipeline, ping: false };
    let time = Duration::from_secs_f64(options.seconds);
    let mut threads: Vec<(usize, Vec<Sample>)> =
        servers.iter().map(|&(threads, _)| (threads, Vec::new())).collect();
    for round in 0..bench.rounds_or(ROUNDS) {
        for turn in 0..servers.len() {
            let index = (turn + round) % servers.len();
            let server = &servers[index].1;
            let mut loads = Vec::new();
            for number in 0..generators {
                let seed = (round * generators + number) as u64;
                loads.push(Generator::connect(server.address, shape, (work, seed))?);
            }
            threads[index].1.push(one((server, &bench.everywhere), &mut loads, time)?);
        }
    }
    let clients = clients * generators;
    let operation = work.operation;
    Ok(ScalingCase { operation, pipeline, clients, generators, threads })
}

/// One measurement. The generators' threads are started by one that may run on every core.
fn one(
    (server, everywhere): (&Server, &Cores),
    loads: &mut [Generator],
    time: Duration,
) -> Result<Sample> {
    let run = || {
        everywhere.pin_this_thread()?;
        run_together(loads, Stop::After(WARM_UP.min(time)))?;
        let before = server.cpu_time()?;
        let outcome = run_together(loads, Stop::After(time))?;
        Ok(sample(&outcome, server.cpu_time_since(before)?))
    };
    thread::scope(|scope| scope.spawn(run).join().expect("a load reports its errors"))
}

fn numbers(options: &Options, cores: usize) -> Vec<usize> {
    if !options.threads.is_empty() {
        return options.threads.clone();
    }
    std::iter::successors(Some(1), |number| Some(number * 2))
        .take_while(|&number| number <= cores)
        .collect()
}

fn or<T: Clone>(given: &[T], default: &[T]) -> Vec<T> {
    if given.is_empty() { default.to_vec() } else { given.to_vec() }
}
