//! The tables of containers: memory, CPU, growth of cost, pauses.

use super::grid::Grid;
use super::tables::{is_own, number, spread};
use crate::results::{
    ComplexityCase, ContainerCase, ElementsCase, Measured, Pause, PauseCase, Results, Spread,
};

const ABSENT: &str = "–";

/// The tables of those parts that were measured.
pub fn all(results: &Results) -> Vec<Grid> {
    let mut grids = Vec::new();
    if !results.elements.is_empty() {
        grids.extend([elements(&results.elements, true), elements(&results.elements, false)]);
    }
    if !results.containers.is_empty() {
        grids.push(containers(&results.containers));
    }
    if !results.complexity.is_empty() {
        grids.push(complexity(&results.complexity));
    }
    if !results.pauses.is_empty() {
        grids.push(pauses(&results.pauses));
    }
    grids
}

fn elements(cases: &[ElementsCase], large: bool) -> Grid {
    let cases: Vec<&ElementsCase> = cases.iter().filter(|case| case.large == large).collect();
    let count = number(cases.first().map_or(0, |case| case.count));
    let (title, note) = match large {
        true => (
            format!("Memory of one container of {count} elements"),
            "Bytes per element, by `used_memory`. Elements and a hash's values have 12 bytes, \
             `elem:0000001` and up; those of a random list 8 random digits behind `elem`. A score \
             has 8 digits, a stream's entry two fields.",
        ),
        false => (
            format!("Memory of {count} small containers"),
            "Bytes per key, by `used_memory`, the key of 16 bytes included. Ten elements each: \
             words, fields and values of 7 bytes.",
        ),
    };
    let mut grid = Grid::new(&title, note, &["container"]);
    let first = cases.first().map_or(&[][..], |case| &case.servers);
    grid.header.extend(first.iter().map(|(name, _)| name.clone()));
    for case in cases {
        let cells = case.servers.iter().map(|(_, bytes)| format!("{bytes:.1}"));
        grid.rows.push(std::iter::once(case.what.clone()).chain(cells).collect());
    }
    grid
}

/// `HGET, 1M elements, pipeline 16`.
pub fn load_name(case: &ContainerCase) -> String {
    format!("{}, {} elements, pipeline {}", case.load, number(case.elements), case.pipeline)
}

/// Redstart's share of another server's CPU, round by round.
pub fn share(case: &ContainerCase, other: &Measured) -> Option<Spread> {
    let own = case.servers.iter().find(|measured| is_own(&measured.server))?;
    Spread::of_ratios(&own.samples, &other.samples, |sample| sample.cpu_us)
}

fn containers(cases: &[ContainerCase]) -> Grid {
    let mut grid = Grid::new(
        "Server CPU per command on containers",
        "Microseconds: median of the rounds (lowest to highest); behind the others Redstart's \
         share, the median of the rounds' ratios.",
        &["load"],
    );
    let servers = &cases[0].servers;
    for measured in servers {
        grid.header.push(measured.server.clone());
        if !is_own(&measured.server) {
            grid.header.push("share".to_owned());
        }
    }
    for case in cases {
        let mut row = vec![load_name(case)];
        for measured in &case.servers {
            let costs = measured.samples.iter().map(|sample| sample.cpu_us);
            row.push(spread(Spread::of(costs), 3));
            if !is_own(&measured.server) {
                let share = share(case, measured).map(|share| format!("{:.2}", share.median));
                row.push(share.unwrap_or_else(|| ABSENT.into()));
            }
        }
        grid.rows.push(row);
    }
    grid
}

fn complexity(cases: &[ComplexityCase]) -> Grid {
    let mut grid = Grid::new(
        "How the cost of a command grows with the container",
        "Microseconds of Redstart's CPU for the commands of the line, at so many elements; growth \
         is the last of these over the first. Elements are random: large containers do not fit \
         into the processor's caches. The smallest ones are packed, and a scan of them answers \
         all.",
        &["commands", "documented"],
    );
    grid.header.extend(cases[0].cpu_us.iter().map(|(size, _)| number(*size)));
    grid.header.push("growth".to_owned());
    for case in cases {
        let mut row = vec![case.command.clone(), case.documented.clone()];
        row.extend(case.cpu_us.iter().map(|(_, cost)| format!("{cost:.2}")));
        let ends = case.cpu_us.first().zip(case.cpu_us.last());
        let growth = ends.map(|((_, small), (_, large))| format!("{:.1}", large / small));
        row.push(growth.unwrap_or_else(|| ABSENT.into()));
        grid.rows.push(row);
    }
    grid
}

fn pauses(cases: &[PauseCase]) -> Grid {
    let mut grid = Grid::new(
        "What a command over a big container costs other clients",
        "Milliseconds. Replies to a ping each millisecond: on the idle server, and while the \
         command runs and for a second after it.",
        &["command", "server", "idle p99.9", "p99.9", "longest", "the command itself"],
    );
    for case in cases {
        for (server, rounds) in &case.servers {
            let of = |value: fn(&Pause) -> f64| spread(Spread::of(rounds.iter().map(value)), 2);
            grid.rows.push(vec![
                format!("{}, {} elements", case.command, number(case.elements)),
                server.clone(),
                of(|pause| pause.idle_p999_ms),
                of(|pause| pause.p999_ms),
                of(|pause| pause.longest_ms),
                of(|pause| pause.took_ms),
            ]);
        }
    }
    grid
}
