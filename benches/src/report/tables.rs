//! Which tables there are, and what stands in their cells.

use super::grid::Grid;
use super::{containers, durability, targets};
use crate::results::{
    Burst, ExpiryCase, Lag, Measured, Results, Sample, ScalingCase, SpeedCase, Spread,
};

const ABSENT: &str = "–";

/// The tables of all parts that were measured.
pub fn all(results: &Results) -> Vec<Grid> {
    let mut grids = vec![targets::table(results)];
    if !results.speed.is_empty() {
        grids.extend([cpu(&results.speed), ratios(&results.speed), throughput(&results.speed)]);
    }
    if !results.memory.is_empty() {
        grids.push(memory(results));
    }
    if !results.stalls.is_empty() {
        grids.push(stalls(results));
    }
    if !results.expiry.is_empty() {
        grids.extend([burst(&results.expiry), lag(&results.expiry)]);
    }
    if !results.scaling.is_empty() {
        grids.push(scaling(&results.scaling));
    }
    grids.extend(containers::all(results));
    grids.extend(durability::all(results));
    grids.into_iter().filter(|grid| !grid.rows.is_empty()).collect()
}

/// The figures of a load that tell it from others: `GET, 1M keys, 64 B, pipeline 16`.
pub fn case_name(case: &SpeedCase) -> String {
    let value = match case.value_bytes {
        0 => String::new(),
        bytes if bytes % 1024 == 0 => format!(", {} KB", bytes / 1024),
        bytes => format!(", {bytes} B"),
    };
    let (name, keys) = (case.operation.name(), number(case.keys));
    format!("{name}, {keys} keys{value}, pipeline {}", case.pipeline)
}

/// `10M`, `16k`, `123`.
pub fn number(number: u64) -> String {
    match number {
        n if n >= 1_000_000 && n.is_multiple_of(100_000) => format!("{}M", n as f64 / 1e6),
        n if n >= 10_000 => format!("{:.0}k", n as f64 / 1e3),
        n => n.to_string(),
    }
}

fn cpu(cases: &[SpeedCase]) -> Grid {
    let mut grid = Grid::new(
        "Server CPU per command",
        "Microseconds, user and system: median of the rounds (lowest to highest).",
        &["load"],
    );
    let servers = servers(cases);
    grid.header.extend(servers.iter().cloned());
    for case in cases {
        let cells = servers.iter().map(|server| {
            let cost = of(case, server).and_then(|measured| {
                Spread::of(measured.samples.iter().map(|sample| sample.cpu_us))
            });
            spread(cost, 3)
        });
        grid.rows.push(std::iter::once(case_name(case)).chain(cells).collect());
    }
    grid
}

fn ratios(cases: &[SpeedCase]) -> Grid {
    let mut grid = Grid::new(
        "Redstart's CPU per command, as a share of the others'",
        "Less is better; 0.5 is half of the other's CPU. Median of the rounds' ratios (lowest to \
         highest).",
        &["load"],
    );
    let servers = servers(cases);
    let Some(own) = servers.iter().find(|name| is_own(name)) else {
        return grid;
    };
    let others: Vec<&String> = servers.iter().filter(|&name| name != own).collect();
    if others.is_empty() {
        return grid;
    }
    grid.header.extend(others.iter().map(|&name| name.clone()));
    for case in cases {
        let cells = others.iter().map(|other| {
            let ratio = of(case, own).zip(of(case, other)).and_then(|(own, other)| {
                Spread::of_ratios(&own.samples, &other.samples, |sample| sample.cpu_us)
            });
            spread(ratio, 2)
        });
        grid.rows.push(std::iter::once(case_name(case)).chain(cells).collect());
    }
    grid
}

fn throughput(cases: &[SpeedCase]) -> Grid {
    let mut grid = Grid::new(
        "Throughput and latency",
        "Commands per second as the one-threaded load generator reached them, and the time from a \
         batch to its last reply in microseconds: medians of the rounds.",
        &["load", "server", "commands/s", "p50", "p99", "p99.9"],
    );
    for case in cases {
        for measured in &case.servers {
            let median = |of: fn(&Sample) -> f64| {
                Spread::of(measured.samples.iter().map(of)).map_or(0.0, |spread| spread.median)
            };
            grid.rows.push(vec![
                case_name(case),
                measured.server.clone(),
                number((median(|sample| sample.per_second) / 1000.0).round() as u64 * 1000),
                format!("{:.0}", median(|sample| sample.p50_us)),
                format!("{:.0}", median(|sample| sample.p99_us)),
                format!("{:.0}", median(|sample| sample.p999_us)),
            ]);
        }
    }
    grid
}

fn memory(results: &Results) -> Grid {
    let mut grid = Grid::new(
        "Memory",
        "Resident bytes per key, key and value included: growth of the process over the number of \
         keys.",
        &["keys and values"],
    );
    let first = &results.memory[0];
    grid.header.extend(first.servers.iter().map(|(name, _)| name.clone()));
    for case in &results.memory {
        let deadline = if case.volatile { ", with a deadline" } else { "" };
        let what = format!("{} keys, 16 + {} B{deadline}", number(case.keys), case.value_bytes);
        let cells = case.servers.iter().map(|(_, bytes)| format!("{bytes:.1}"));
        grid.rows.push(std::iter::once(what).chain(cells).collect());
    }
    grid
}

fn stalls(results: &Results) -> Grid {
    let keys = number(results.stalls[0].keys);
    let mut grid = Grid::new(
        &format!("The longest reply while the keyspace grows from empty to {keys} keys"),
        "Milliseconds. A ping every millisecond: on the idle server, under clients that SET new \
         keys as fast as they can, and under the same load on keys that exist.",
        &["server", "idle", "growing", "growing less idle", "steady", "the load's own longest"],
    );
    for case in &results.stalls {
        let over = case.growing_ms.iter().zip(&case.idle_ms).map(|(growing, idle)| growing - idle);
        grid.rows.push(vec![
            case.server.clone(),
            values(&case.idle_ms, 2),
            values(&case.growing_ms, 2),
            spread(Spread::of(over), 2),
            values(&case.steady_ms, 2),
            values(&case.growing_load_ms, 2),
        ]);
    }
    grid
}

fn burst(cases: &[ExpiryCase]) -> Grid {
    let keys = cases.iter().find_map(|case| Some(case.burst.first()?.keys)).unwrap_or(0);
    let mut grid = Grid::new(
        &format!("{} keys that expire at the same moment", number(keys)),
        "Milliseconds: the longest reply before and while they die, and the time from their \
         deadline until half and all of them have left DBSIZE and are counted as expired.",
        &["server", "longest reply, idle", "longest reply, expiring", "half gone", "all gone"],
    );
    for case in cases.iter().filter(|case| !case.burst.is_empty()) {
        let of = |value: fn(&Burst) -> Option<f64>| -> String {
            let known: Vec<f64> = case.burst.iter().filter_map(value).collect();
            if known.len() < case.burst.len() {
                "not while watched".into()
            } else {
                values(&known, 1)
            }
        };
        grid.rows.push(vec![
            case.server.clone(),
            of(|burst| Some(burst.idle_ms)),
            of(|burst| Some(burst.longest_ms)),
            of(|burst| burst.half_gone_ms),
            of(|burst| burst.gone_ms),
        ]);
    }
    grid
}

fn lag(cases: &[ExpiryCase]) -> Grid {
    let first = cases.iter().find_map(|case| case.lag.first());
    let (volatile, sampled) = first.map_or((0, 0), |lag| (lag.volatile, lag.sampled));
    let watched_ms = first.map_or(0.0, |lag| lag.watched_ms);
    let title = format!("Expiry lag of {sampled} keys among {} volatile ones", number(volatile));
    let mut grid = Grid::new(
        &title,
        &format!(
            "Milliseconds from a key's deadline until it has left DBSIZE and is counted as \
             expired, nobody reading it. The watch ends {:.0} s after the last deadline.",
            watched_ms / 1000.0
        ),
        &["server", "median", "longest", "still there in the end"],
    );
    for case in cases.iter().filter(|case| !case.lag.is_empty()) {
        let of = |value: fn(&Lag) -> Option<f64>| -> String {
            let known: Vec<f64> = case.lag.iter().filter_map(value).collect();
            if known.len() < case.lag.len() {
                format!("> {watched_ms:.0}")
            } else {
                values(&known, 1)
            }
        };
        let left = Spread::of(case.lag.iter().map(|lag| lag.left as f64));
        grid.rows.push(vec![
            case.server.clone(),
            of(|lag| lag.median_ms),
            of(|lag| lag.longest_ms),
            spread(left, 0),
        ]);
    }
    grid
}

fn scaling(cases: &[ScalingCase]) -> Grid {
    let generators = cases[0].generators;
    let mut grid = Grid::new(
        "Redstart with several workers",
        &format!(
            "64-byte values, the load generators ({generators} threads) on the same cores. Gain: \
             throughput over that with the first number of workers, round by round."
        ),
        &["load", "workers", "commands/s", "gain", "CPU µs per command", "p99 µs"],
    );
    for case in cases {
        let Some((_, first)) = case.threads.first() else {
            continue;
        };
        for (threads, samples) in &case.threads {
            let median = |of: fn(&Sample) -> f64| {
                Spread::of(samples.iter().map(of)).map_or(0.0, |spread| spread.median)
            };
            let gain = Spread::of_ratios(samples, first, |sample| sample.per_second);
            grid.rows.push(vec![
                format!("{}, pipeline {}", case.operation.name(), case.pipeline),
                threads.to_string(),
                number((median(|sample| sample.per_second) / 1000.0).round() as u64 * 1000),
                spread(gain, 2),
                spread(Spread::of(samples.iter().map(|sample| sample.cpu_us)), 3),
                format!("{:.0}", median(|sample| sample.p99_us)),
            ]);
        }
    }
    grid
}

/// The servers of all loads, in the order of their first.
pub fn servers(cases: &[SpeedCase]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for measured in cases.iter().flat_map(|case| &case.servers) {
        if !names.contains(&measured.server) {
            names.push(measured.server.clone());
        }
    }
    names
}

/// Whether this is Redstart, and not who it is compared with.
pub fn is_own(server: &str) -> bool {
    server.starts_with("Redstart")
}

fn of<'a>(case: &'a SpeedCase, server: &str) -> Option<&'a Measured> {
    case.servers.iter().find(|measured| measured.server == server)
}

fn values(values: &[f64], digits: usize) -> String {
    spread(Spread::of(values.iter().copied()), digits)
}

/// Median, and lowest to highest where they differ.
pub fn spread(spread: Option<Spread>, digits: usize) -> String {
    match spread {
        None => ABSENT.into(),
        Some(Spread { median, low, high }) if low == high => format!("{median:.digits$}"),
        Some(Spread { median, low, high }) => {
            format!("{median:.digits$} ({low:.digits$}–{high:.digits$})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let short: Vec<_> = [1_000_000, 16_384, 250, 1_234_567].into_iter().map(number).collect();
        assert_eq!(short, ["1M", "16k", "250", "1235k"]);
    }
}
