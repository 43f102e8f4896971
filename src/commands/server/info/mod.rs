//! INFO: everything that can be read of the server, as `name:value` lines in sections.
//!
//! - `server`: Server, Clients, Replication, CPU, Cluster
//! - `memory`: Memory; `figures` has what MEMORY STATS shows, too
//! - `persistence`: Persistence; `aof`: its part on the append-only log
//! - `counters`: Stats
//! - `commands`: Commandstats, Errorstats, Latencystats
//! - `keyspace`: Keyspace
//!
//! Clients and monitors know Redis's fields, so every one of them is there: what Redstart has not
//! (a fork, a replica, a script) reads as it does on a Redis without one.

mod aof;
mod commands;
mod counters;
mod keyspace;
mod memory;
mod persistence;
mod process;
mod server;

pub(super) use memory::Figures;

use crate::command::{Args, Command, Outcome, flag};
use crate::protocol::Reply;
use crate::server::Context;
use std::fmt::{Display, Write};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[INFO];

/// The lines of a section under way.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: impl Display) {
        write!(self.0, "{name}:{value}\r\n").expect("a String takes whatever is written to it");
    }

    /// Fields that Redstart has nothing to say on yet.
    fn zeros(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.add(name, 0));
    }
}

struct Section {
    /// What stands in its heading; asked for in any case.
    title: &'static str,
    /// Whether INFO without arguments shows it.
    is_default: bool,
    write: fn(&Context, &mut Lines),
}

/// In the order in which they are shown, whatever the order in which they are asked for.
const SECTIONS: &[Section] = &[
    section("Server", server::server),
    section("Clients", server::clients),
    section("Memory", memory::memory),
    section("Persistence", persistence::persistence),
    section("Stats", counters::stats),
    section("Replication", server::replication),
    section("CPU", server::cpu),
    section("Modules", |_, _| {}),
    Section { is_default: false, ..section("Commandstats", commands::command_stats) },
    section("Errorstats", commands::error_stats),
    Section { is_default: false, ..section("Latencystats", commands::latency_stats) },
    section("Cluster", |_, lines| lines.add("cluster_enabled", 0)),
    section("Keyspace", keyspace::keyspace),
];

const fn section(title: &'static str, write: fn(&Context, &mut Lines)) -> Section {
    Section { title, is_default: true, write }
}

const INFO: Command = Command::server("INFO [section ...]", info)
    .flags(flag::LOADING | flag::STALE)
    .categories(&["dangerous"])
    .tips(&["nondeterministic_output", "request_policy:all_shards", "response_policy:special"])
    .about("Figures on the server: the sections asked for, `default`, `all` or `everything`.");

fn info(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let asked = |name: &str| (1..args.len()).any(|at| args.is(at, name));
    let all = asked("ALL") || asked("EVERYTHING");
    let default = args.len() == 1 || asked("DEFAULT");
    let mut lines = Lines::default();
    for section in SECTIONS {
        let is_wanted = all || default && section.is_default || asked(section.title);
        if !is_wanted {
            continue;
        }
        if !lines.0.is_empty() {
            lines.0.push_str("\r\n");
        }
        lines.0.push_str(&format!("# {}\r\n", section.title));
        (section.write)(context, &mut lines);
    }
    reply.verbatim("txt", lines.0.as_bytes());
    Ok(())
}

/// Bytes as people read them: `1.50M`.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["K", "M", "G", "T", "P"];
    if bytes < 1024 {
        return format!("{bytes}B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.2}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn bytes_get_the_unit_that_suits_them() {
        let shown = [0, 1023, 1024, 1536 * 1024, 3 << 30].map(human);
        assert_eq!(shown, ["0B", "1023B", "1.00K", "1.50M", "3.00G"]);
    }
}
