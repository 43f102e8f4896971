//! The tables of durability: snapshots and the append-only file.

use super::grid::Grid;
use super::tables::{number, spread};
use crate::results::{LoggingCase, Results, Saving, SavingCase, Spread};

/// The tables of those parts that were measured.
pub fn all(results: &Results) -> Vec<Grid> {
    let mut grids = Vec::new();
    if !results.saving.is_empty() {
        grids.push(saving(&results.saving));
    }
    if !results.logging.is_empty() {
        grids.push(logging(&results.logging));
    }
    grids
}

fn saving(cases: &[SavingCase]) -> Grid {
    let keys = number(cases[0].keys);
    let mut grid = Grid::new(
        &format!("Saving {keys} keys under full write load"),
        "The longest reply to a ping, milliseconds: on the idle server, under SETs at pipeline 16, \
         and under the same SETs while BGSAVE runs. Memory added: what more was resident at the \
         most, or what a forked child had to copy. SAVE and loading without load, by the clock.",
        &[
            "server",
            "idle",
            "under load",
            "saving",
            "BGSAVE, s",
            "SETs meanwhile",
            "memory added, MB",
            "SAVE, s",
            "loading, s",
        ],
    );
    for case in cases {
        let of = |value: fn(&Saving) -> f64, digits| {
            spread(Spread::of(case.rounds.iter().map(value)), digits)
        };
        grid.rows.push(vec![
            case.server.clone(),
            of(|round| round.idle_ms, 2),
            of(|round| round.loaded_ms, 2),
            of(|round| round.saving_ms, 2),
            of(|round| round.bgsave_seconds, 1),
            of(|round| round.commands_while_saving as f64, 0),
            of(|round| round.added_bytes as f64 / 1e6, 0),
            of(|round| round.save_seconds, 2),
            of(|round| round.load_seconds, 2),
        ]);
    }
    grid
}

fn logging(cases: &[LoggingCase]) -> Grid {
    let mut grid = Grid::new(
        "What the append-only file costs",
        "SET of 64 bytes, a million keys: microseconds of server CPU per command, median of the \
         rounds (lowest to highest), beside it the ratio to the same server without a file; and \
         commands per second.",
        &["server", "pipeline", "appendfsync", "CPU", "ratio", "per second"],
    );
    for case in cases {
        for policy in &case.policies {
            let none = &case.policies[0].samples;
            let ratio = Spread::of_ratios(&policy.samples, none, |sample| sample.cpu_us);
            grid.rows.push(vec![
                case.server.clone(),
                case.pipeline.to_string(),
                policy.server.clone(),
                spread(Spread::of(policy.samples.iter().map(|sample| sample.cpu_us)), 3),
                ratio.map_or_else(String::new, |ratio| format!("{:.2}", ratio.median)),
                spread(Spread::of(policy.samples.iter().map(|sample| sample.per_second)), 0),
            ]);
        }
    }
    grid
}
