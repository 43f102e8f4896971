//! `make bench`: the same load on Redstart and on every real server there is, one after the other,
//! and what it costs them.
//!
//! The measure is server CPU per command: the CPU time of the server's process over the commands it
//! answered. Throughput on a small machine is that of the load generator as often as the server's.
//! Everything runs on 127.0.0.1.
//!   options → servers → parts → results → report
//! A part (`parts/`) starts servers (`servers`), puts load on them (`load/`), reads what they used
//! (`process`), and gives samples (`results`); `report/` makes tables, JSON, docs/benchmarks.md and
//! its plot of them.

mod control;
mod load;
mod machine;
mod null_server;
mod options;
mod parts;
mod process;
mod progress;
mod report;
mod results;
mod servers;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use machine::{Cores, Facts, Layout};
use options::{Options, Part};
use parts::{
    Bench, complexity, containers, elements, expiry, logging, memory, pauses, saving, scaling,
    speed, stalls,
};
use results::Results;
use servers::{Program, end_with_signals, find_peers};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if let Some(port) = options.null_server {
        return null_server::serve(port);
    }
    end_with_signals()?;
    let mut results = Results::default();
    for file in &options.from {
        results.update(Results::read(file)?);
    }
    if !options.only_show {
        results.update(measure(options)?);
    }
    print!("{}", report::text(&results));
    if let Some(file) = &options.json {
        results.write(file)?;
    }
    if options.write_docs {
        report::write_docs(&results, &root()?.join("docs"))?;
    }
    Ok(())
}

fn measure(options: &Options) -> Result<Results> {
    let facts = Facts::gather(command_line())?;
    let bench = prepare(options)?;
    let mut results = Results { facts, ..Results::default() };
    if options.wants(Part::Speed) {
        results.speed = speed::run(&bench)?;
    }
    if options.wants(Part::Memory) {
        results.memory = memory::run(&bench)?;
    }
    if options.wants(Part::Stalls) {
        results.stalls = stalls::run(&bench)?;
    }
    if options.wants(Part::Expiry) {
        results.expiry = expiry::run(&bench)?;
    }
    if options.wants(Part::Scaling) && bench.measures_redstart() {
        results.scaling = scaling::run(&bench)?;
    }
    if options.wants(Part::Elements) {
        results.elements = elements::run(&bench)?;
    }
    if options.wants(Part::Containers) {
        results.containers = containers::run(&bench)?;
    }
    if options.wants(Part::Complexity) && bench.measures_redstart() {
        results.complexity = complexity::run(&bench)?;
    }
    if options.wants(Part::Pauses) {
        results.pauses = pauses::run(&bench)?;
    }
    if options.wants(Part::Saving) {
        results.saving = saving::run(&bench)?;
    }
    if options.wants(Part::Logging) {
        results.logging = logging::run(&bench)?;
    }
    Ok(results)
}

fn prepare(options: &Options) -> Result<Bench> {
    let layout = if options.unpinned { Layout::shared()? } else { Layout::apart()? };
    let mut programs = Vec::new();
    if options.wants_server("redstart") {
        let default = || Ok(root()?.join("target/release/redstart"));
        let path = options.redstart.clone().map_or_else(default, Ok::<_, anyhow::Error>)?;
        let flags: Vec<&str> = options.redstart_flags.split_whitespace().collect();
        programs.push(Program::redstart(&path)?.with_flags(&flags));
    }
    let peers = find_peers(&options.server, &layout.server)?;
    if peers.is_empty() {
        eprintln!("no real server found: name one by --server, REDIS_SERVER or VALKEY_SERVER");
    }
    programs.extend(peers.into_iter().filter(|peer| options.wants_server(&peer.name)));
    if options.wants_server("stores nothing") {
        programs.push(Program::null()?);
    }
    ensure!(!programs.is_empty(), "no server is left to measure");
    let everywhere = Cores::allowed()?;
    layout.generator.pin_this_thread()?;
    Ok(Bench { options: options.clone(), layout, everywhere, programs })
}

/// The repository: the nearest folder, from this crate's or from where we are, that holds benches/.
fn root() -> Result<PathBuf> {
    let start = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => env::current_dir()?,
    };
    let found = start.ancestors().find(|folder| folder.join("benches/Cargo.toml").is_file());
    Ok(found.context("run it by `make bench` or inside the repository")?.to_owned())
}

/// The command that repeats this run. Of paths only the last part: the rest is this machine's
/// business.
fn command_line() -> String {
    let shorten = |word: String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let words: Vec<String> = env::args().skip(1).map(shorten).collect();
    match words.is_empty() {
        true => "make bench".into(),
        false => format!("make bench ARGS=\"{}\"", words.join(" ")),
    }
}
