//! Bytes per element of one large container, and per key of small ones.
//!
//! The figure is the growth of `used_memory` in INFO, which all servers keep: what the elements
//! cost and not what the allocator has taken from the kernel for the next ones. Elements have 12
//! bytes (`elem:0000001`), so have a hash's values; a score has 8 digits, a stream's entry two
//! fields with short names. A small container has ten elements: fields, values, words of 7 bytes,
//! keys of 16.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::filling::{KINDS, Kind, fill, play};
use crate::control::info_field;
use crate::load::{Keys, Script, Shape};
use crate::progress::Progress;
use crate::results::ElementsCase;
use crate::servers::{Program, Server};

const ELEMENTS: u64 = 1_000_000;
/// Small containers are so many times fewer than the elements of a large one.
const ELEMENTS_PER_SMALL: u64 = 10;
/// Random elements that one command pushes.
const SCATTERED: u64 = 10;
/// Time in which buffers of closed clients are freed.
const SETTLE: Duration = Duration::from_millis(1500);
/// Keys that are set before the first reading, with the same clients.
const WARM_UP: u64 = 100;

/// One load that is weighed.
enum Load {
    Large(Kind),
    /// A list whose elements do not follow each other: those that do can be told in few bytes.
    Scattered,
    Small(Kind),
}

/// Measures each container on each server, freshly started.
pub fn run(bench: &Bench) -> Result<Vec<ElementsCase>> {
    let elements = bench.keys_or(ELEMENTS);
    let programs = bench.storing();
    let small = [Kind::Hash, Kind::Set, Kind::List, Kind::SortedSet];
    let large = KINDS.map(Load::Large).into_iter().chain([Load::Scattered]);
    let loads: Vec<Load> = large.chain(small.map(Load::Small)).collect();
    let mut progress = Progress::new("elements", loads.len() * programs.len());
    let mut cases = Vec::new();
    for load in &loads {
        let mut case = load.case(elements);
        for program in &programs {
            progress.step(&format!("{}: {}", program.name, case.what));
            case.servers.push((program.name.clone(), load.weigh(bench, program, &case)?));
        }
        cases.push(case);
    }
    Ok(cases)
}

impl Load {
    fn case(&self, elements: u64) -> ElementsCase {
        let (what, count) = match self {
            Load::Large(kind) => (kind.name().to_owned(), elements),
            Load::Scattered => ("list, random".to_owned(), elements),
            Load::Small(kind) => {
                let count = elements / ELEMENTS_PER_SMALL;
                (format!("{} of 10", kind.name()), count.max(1))
            }
        };
        ElementsCase { what, count, large: !matches!(self, Load::Small(_)), servers: Vec::new() }
    }

    fn weigh(&self, bench: &Bench, program: &Program, case: &ElementsCase) -> Result<f64> {
        let server = program.start(&bench.layout.server)?;
        let warm_up = Script::new(&["SET {key} x"], Keys::Each(0..WARM_UP), WARM_UP);
        let shape = Shape { clients: 1, pipeline: 16, ping: false };
        play(&server, shape, &warm_up)?;
        let before = settled(&server)?;
        match self {
            Load::Large(kind) => fill(&server, *kind, (kind.key(), 0..case.count))?,
            Load::Scattered => {
                let line = format!("RPUSH list{}", " {random}".repeat(SCATTERED as usize));
                let pushes = Keys::Each(0..case.count / SCATTERED);
                play(&server, shape, &Script::new(&[&line], pushes, case.count))?;
            }
            Load::Small(kind) => {
                // Other keys than those of the warm-up.
                let keys = Keys::Each(WARM_UP..WARM_UP + case.count);
                play(&server, shape, &Script::new(&[&small(*kind)], keys, case.count))?;
            }
        }
        let after = settled(&server)?;
        Ok((after as f64 - before as f64) / case.count as f64)
    }
}

/// The command that makes a small container.
fn small(kind: Kind) -> String {
    let (name, each): (&str, fn(u32) -> String) = match kind {
        Kind::Hash => ("HSET", |i| format!("field:{i} value:{i}")),
        Kind::Set => ("SADD", |i| format!("word:0{i}")),
        Kind::List => ("RPUSH", |i| format!("word:0{i}")),
        Kind::SortedSet => ("ZADD", |i| format!("{}{i} word:0{i}", i + 1)),
        Kind::Stream => ("XADD", |_| String::new()),
    };
    let elements: Vec<String> = (0..10).map(each).collect();
    format!("{name} {{key}} {}", elements.join(" "))
}

fn settled(server: &Server) -> Result<u64> {
    thread::sleep(SETTLE);
    let text = server.control()?.call(&["INFO", "memory"])?.text()?;
    let used = info_field(&text, "used_memory").context("INFO names no used_memory")?;
    Ok(used.parse()?)
}
