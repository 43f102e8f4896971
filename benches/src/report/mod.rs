//! From samples to what a person reads: tables on the terminal, docs/benchmarks.md with a plot.

mod containers;
mod docs;
mod durability;
mod grid;
mod plot;
mod tables;
mod targets;

use crate::results::Results;

pub use docs::write_docs;

/// All tables, as text.
pub fn text(results: &Results) -> String {
    let facts = &results.facts;
    let head = format!(
        "{} · {} cores of {} · {} GiB · Linux {}\n{}\n",
        facts.date, facts.cores, facts.processor, facts.memory_gib, facts.kernel, facts.command
    );
    let tables = tables::all(results);
    tables.iter().fold(head, |text, grid| text + "\n" + &grid.to_text())
}
