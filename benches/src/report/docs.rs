//! docs/benchmarks.md: how it was measured, the plot, the tables, and how to repeat it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::grid::Grid;
use super::{plot, tables};
use crate::machine::Facts;
use crate::results::Results;

/// Writes `benchmarks.md` and `benchmarks.svg` into `folder`.
pub fn write_docs(results: &Results, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let files = [("benchmarks.md", page(results)), ("benchmarks.svg", plot::draw(results))];
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn page(results: &Results) -> String {
    let mut page = String::from(include_str!("introduction.md"));
    page += &machine(&results.facts);
    page += "\n![CPU per command and bytes per key](benchmarks.svg)\n";
    for grid in tables::all(results) {
        page += "\n";
        page += &folded(&grid);
    }
    page
}

/// A long table is folded away: it is looked into, not read.
fn folded(grid: &Grid) -> String {
    const LONG_ROWS: usize = 30;
    if grid.rows.len() <= LONG_ROWS {
        return grid.to_markdown();
    }
    let table = grid.to_markdown();
    format!("<details><summary>{}</summary>\n\n{table}\n</details>\n", grid.title)
}

fn machine(facts: &Facts) -> String {
    format!(
        "## The newest run\n\n{}, {} cores of {}, {} GiB of memory, Linux {}. \
         Repeat it with\n\n```\n{}\n```\n",
        facts.date, facts.cores, facts.processor, facts.memory_gib, facts.kernel, facts.command
    )
}
