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
    let mut page = String::from(INTRODUCTION);
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
        "## The newest run\n\n{}, {} cores of {}, {} GiB of memory, Linux {}. Repeat it with\n\n```\n{}\n```\n",
        facts.date, facts.cores, facts.processor, facts.memory_gib, facts.kernel, facts.command
    )
}

const INTRODUCTION: &str = "\
# Benchmarks

`make bench` starts Redstart and every real server it finds, puts the same load on each in turn, and compares. This page is
written by it (`--write-docs`); nobody edits it by hand.

## What is measured, and how

- **Server CPU per command**: the CPU time of the server's process, user and system, all threads, divided by the commands it
  answered. Throughput on a small machine measures the load generator; CPU says what the server costs.
- The server has the first core to itself and the load generator the second. Every server gets `--save \"\" --appendonly no`;
  Redstart runs with one worker there, as Redis and Valkey do by default.
- 50 clients in a closed loop: each sends a batch (\"pipeline\" is its length), waits for all replies, sends the next. Keys are
  random among those that exist, 16 bytes long. Every reply is compared with what it must be; one wrong byte ends the run.
- All servers hold the same keys and take turns, second by second, for several rounds, each round beginning with another
  server. Figures are medians of the rounds, with the lowest and the highest; ratios are taken within a round.
- \"stores nothing\" reads whole commands, answers each with a constant and forgets them: what sockets alone cost. It is one
  thread on epoll, in this same program.
- Lengths of values limit the number of keys: a server holds at most 1 GiB of values.

The load generator is in [`benches/`](../benches); `make bench ARGS=\"--help\"` lists its options, `make bench ARGS=\"memory\"` runs one
part.

";
