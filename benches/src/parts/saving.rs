//! Snapshots: how long the others wait and how much memory it takes while keys are saved under full
//! write load, and how fast saving and loading are.
//!
//! ```text
//! idle      PING alone, nothing else to do
//! loaded    PING while clients SET keys that exist, flat out
//! saving    the same, from BGSAVE to its end
//! ```
//! Memory: how much more is resident at the most while saving than before; for a server that forks,
//! what it says its child copied (`rdb_last_cow_size`). Then, without load, SAVE is timed, and a
//! server that starts with the file, from its start to its first answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Bench, load_keys};
use crate::control::info_field;
use crate::load::{Deadline, Generator, Keys, Operation, Outcome, Shape, Stop, Work};
use crate::progress::Progress;
use crate::results::{Saving, SavingCase};
use crate::servers::{Program, Server};

const KEYS: u64 = 10_000_000;
const VALUE_BYTES: usize = 16;
const PIPELINE: usize = 16;
const IDLE: Duration = Duration::from_secs(2);
const LOADED: Duration = Duration::from_secs(3);
/// The load is looked after this often.
const STRETCH: Duration = Duration::from_millis(250);
/// Memory is read this often.
const LOOK: Duration = Duration::from_millis(20);

/// Measures every server that stores.
pub fn run(bench: &Bench) -> Result<Vec<SavingCase>> {
    let programs = bench.storing();
    let keys = bench.keys_or(KEYS);
    let rounds = bench.rounds_or(1);
    let mut progress = Progress::new("saving", programs.len() * rounds);
    let mut cases: Vec<SavingCase> = programs
        .iter()
        .map(|program| SavingCase { server: program.name.clone(), keys, rounds: Vec::new() })
        .collect();
    for _ in 0..rounds {
        for (case, program) in cases.iter_mut().zip(&programs) {
            progress.step(&program.name);
            case.rounds.push(measure(program, keys, bench)?);
        }
    }
    Ok(cases)
}

fn measure(program: &Program, keys: u64, bench: &Bench) -> Result<Saving> {
    let server = program.start(&bench.layout.server)?;
    load_keys(&server, keys, (VALUE_BYTES, Deadline::None))?;
    let work = Work {
        operation: Operation::Set,
        keys: Keys::Uniform(keys),
        value_bytes: VALUE_BYTES,
        deadline: Deadline::None,
    };
    let shape = Shape { clients: bench.options.clients, pipeline: PIPELINE, ping: true };
    let mut generator = Generator::connect(server.address, shape, (&work, 0))?;
    // The first ping pays for what is done once.
    generator.idle(Duration::from_millis(100))?;
    let idle = generator.idle(IDLE)?;
    let loaded = generator.run(Stop::After(LOADED))?;
    let before = server.resident_bytes()?;
    let (saving, took, most) = save_under_load(&server, &mut generator)?;
    drop(generator);
    let copied = info(&server, "rdb_last_cow_size")?.parse::<u64>().unwrap_or(0);
    let began = Instant::now();
    server.control()?.call(&["SAVE"])?;
    let save_seconds = began.elapsed().as_secs_f64();
    let (_again, load_seconds) = program.start_with(&bench.layout.server, &server)?;
    Ok(Saving {
        idle_ms: longest_ms(&idle),
        loaded_ms: longest_ms(&loaded),
        saving_ms: longest_ms(&saving),
        commands_while_saving: saving.commands,
        bgsave_seconds: took.as_secs_f64(),
        added_bytes: copied.max(most.saturating_sub(before)),
        save_seconds,
        load_seconds,
    })
}

/// Runs the load until BGSAVE has ended. Gives what the load showed, how long BGSAVE took, and the
/// most memory that was resident.
fn save_under_load(server: &Server, generator: &mut Generator) -> Result<(Outcome, Duration, u64)> {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let watched = watch(server);
            is_over.store(true, Ordering::Relaxed);
            watched
        });
        let mut outcome = generator.run(Stop::After(STRETCH))?;
        while !is_over.load(Ordering::Relaxed) {
            outcome.add(&generator.run(Stop::After(STRETCH))?)?;
        }
        let (took, most) = watcher.join().expect("the watcher reports its errors")?;
        Ok((outcome, took, most))
    })
}

fn watch(server: &Server) -> Result<(Duration, u64)> {
    let began = Instant::now();
    server.control()?.call(&["BGSAVE"])?;
    let mut most = 0;
    loop {
        most = most.max(server.resident_bytes()?);
        if info(server, "rdb_bgsave_in_progress")? == "0" {
            ensure!(info(server, "rdb_last_bgsave_status")? == "ok", "BGSAVE failed");
            return Ok((began.elapsed(), most));
        }
        thread::sleep(LOOK);
    }
}

fn info(server: &Server, field: &str) -> Result<String> {
    let text = server.control()?.call(&["INFO", "persistence"])?.text()?;
    let value = info_field(&text, field).with_context(|| format!("INFO has no {field}"))?;
    Ok(value.to_owned())
}

fn longest_ms(outcome: &Outcome) -> f64 {
    outcome.pings.max() as f64 / 1e6
}
