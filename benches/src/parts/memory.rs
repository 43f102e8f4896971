//! Resident bytes per key: what the process holds more after the keys than before, over their
//! number.
//!
//! The clients that load the keys are gone before the second reading, and the server has had a
//! second to give back what it held for them. The figure is of the whole process, so it counts the
//! allocator's and the table's slack, too. A table that doubles has its slack at some numbers of
//! keys and not at others: `--keys` tries them.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::{Bench, load_keys};
use crate::load::Deadline;
use crate::options::Options;
use crate::progress::Progress;
use crate::results::MemoryCase;
use crate::servers::{Program, Server};

/// Time in which buffers of closed clients are freed and the allocator returns pages.
const SETTLE: Duration = Duration::from_millis(1500);
/// Keys that are set before the first reading, with the same clients: what those cost is not the
/// keys'.
const WARM_UP_KEYS: u64 = 1000;

/// Measures each kind of key on each server, freshly started.
pub fn run(bench: &Bench) -> Result<Vec<MemoryCase>> {
    let mut cases = kinds(&bench.options);
    let programs = bench.storing();
    let mut progress = Progress::new("memory", cases.len() * programs.len());
    for case in &mut cases {
        for program in &programs {
            let with = if case.volatile { " and a deadline" } else { "" };
            let (keys, value) = (case.keys, case.value_bytes);
            progress.step(&format!("{}: {keys} keys, {value} B{with}", program.name));
            let bytes = bytes_per_key(bench, program, case)?;
            case.servers.push((program.name.clone(), bytes));
        }
    }
    Ok(cases)
}

fn bytes_per_key(bench: &Bench, program: &Program, case: &MemoryCase) -> Result<f64> {
    let server = program.start(&bench.layout.server)?;
    let deadline = if case.volatile { Deadline::Far } else { Deadline::None };
    load_keys(&server, WARM_UP_KEYS, (case.value_bytes, deadline))?;
    let before = settled(&server)?;
    load_keys(&server, case.keys, (case.value_bytes, deadline))?;
    let after = settled(&server)?;
    let added = case.keys.saturating_sub(WARM_UP_KEYS).max(1);
    Ok(after.saturating_sub(before) as f64 / added as f64)
}

fn settled(server: &Server) -> Result<u64> {
    thread::sleep(SETTLE);
    server.resident_bytes()
}

fn kinds(options: &Options) -> Vec<MemoryCase> {
    let default: &[u64] = if options.full { &[1_000_000, 10_000_000] } else { &[1_000_000] };
    let numbers = if options.keys.is_empty() { default } else { &options.keys };
    let mut cases = Vec::new();
    for &keys in numbers {
        for (value_bytes, volatile) in [(16, false), (16, true), (100, false)] {
            cases.push(MemoryCase { keys, value_bytes, volatile, servers: Vec::new() });
        }
    }
    cases
}
