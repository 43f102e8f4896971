//! What Redstart is held to, and whether it holds: the worst figure of each kind beside its limit.
//!
//! Limits that name Valkey need a Valkey in the run. A part that was not measured has no row.

use super::containers::{load_name, share as share_on_containers};
use super::grid::Grid;
use super::tables::{case_name, is_own};
use crate::results::{Measured, Results, SpeedCase, Spread};

/// Most CPU per command, as a share of Valkey's, in batches and one by one.
const PIPELINED_SHARE: f64 = 0.6;
const SINGLE_SHARE: f64 = 0.9;
/// Most resident bytes for a key and a value of 16 bytes each, without and with a deadline.
const PLAIN_BYTES: f64 = 55.0;
const VOLATILE_BYTES: f64 = 75.0;
/// Most milliseconds that the longest reply may take over that of the idle server.
const STALL_MS: f64 = 5.0;
/// Longest expiry lag.
const LAG_MS: f64 = 10.0;
/// Least throughput of several workers over that of one.
const LEAST_GAIN: f64 = 0.9;

/// Most bytes per element of a large container and per small one: 0.85 of the better of Redis 8.6
/// and Valkey 9.1.
const CONTAINER_BYTES: [(&str, f64); 8] = [
    ("list", 11.9),
    ("list, random", 11.9),
    ("set", 25.5),
    ("hash", 39.1),
    ("sorted set", 57.0),
    ("stream", 26.4),
    ("hash of 10", 209.0),
    ("set of 10", 141.0),
];

/// A figure, and where it came from.
type Finding = (f64, String);

/// One row for each limit that was put to the test.
pub fn table(results: &Results) -> Grid {
    let mut grid = Grid::new(
        "What Redstart is held to",
        "The worst figure of each kind.",
        &["limit", "measured", "where", "verdict"],
    );
    let mut at_most = |what: &str, limit: f64, findings: Vec<Finding>| {
        let worst = findings.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
        grid.rows.extend(worst.map(|worst| row(what, worst, |figure| figure <= limit)));
    };
    let pipelined = |case: &SpeedCase| case.pipeline >= 16;
    let single = |case: &SpeedCase| case.pipeline == 1;
    let name = format!("CPU at most {PIPELINED_SHARE} × Valkey's, pipelined");
    at_most(&name, PIPELINED_SHARE, shares(&results.speed, pipelined));
    let name = format!("CPU at most {SINGLE_SHARE} × Valkey's, unpipelined");
    at_most(&name, SINGLE_SHARE, shares(&results.speed, single));
    let name = format!("at most {PLAIN_BYTES} bytes for 16 + 16");
    at_most(&name, PLAIN_BYTES, bytes(results, false));
    let name = format!("at most {VOLATILE_BYTES} bytes for 16 + 16 with a deadline");
    at_most(&name, VOLATILE_BYTES, bytes(results, true));
    let name = format!("at most {STALL_MS} ms over idle while growing");
    at_most(&name, STALL_MS, growing(results));
    let name = format!("at most {STALL_MS} ms over idle while many expire");
    at_most(&name, STALL_MS, expiring(results));
    at_most(&format!("expiry lag at most {LAG_MS} ms"), LAG_MS, lags(results));
    for (what, limit) in CONTAINER_BYTES {
        let per = if what.ends_with("10") { "key" } else { "element" };
        at_most(&format!("at most {limit} bytes per {per}: {what}"), limit, weights(results, what));
    }
    let name = format!("CPU at most {PIPELINED_SHARE} × Valkey's, containers");
    at_most(&name, PIPELINED_SHARE, container_shares(results));
    let name = format!("p99.9 at most {STALL_MS} ms over idle while DEL frees");
    at_most(&name, STALL_MS, deleting(results));
    let least = gains(results).into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let name = format!("several workers at least {LEAST_GAIN} × as fast as one");
    grid.rows.extend(least.map(|least| row(&name, least, |figure| figure >= LEAST_GAIN)));
    grid
}

fn row(what: &str, (figure, place): Finding, holds: impl Fn(f64) -> bool) -> Vec<String> {
    let verdict = if holds(figure) { "held" } else { "missed" };
    let figure = if figure.is_finite() { format!("{figure:.2}") } else { "not seen".into() };
    vec![what.to_owned(), figure, place, verdict.to_owned()]
}

/// Redstart's share of the CPU of each Valkey, in the loads that count: 1 M keys, 64 bytes.
fn shares(cases: &[SpeedCase], counts: impl Fn(&SpeedCase) -> bool) -> Vec<Finding> {
    let held = |case: &&SpeedCase| {
        counts(case) && case.keys == 1_000_000 && matches!(case.value_bytes, 0 | 64)
    };
    let mut findings = Vec::new();
    for case in cases.iter().filter(held) {
        let Some(own) = case.servers.iter().find(|measured| is_own(&measured.server)) else {
            continue;
        };
        for other in case.servers.iter().filter(|other| other.server.starts_with("Valkey")) {
            findings.extend(share(own, other).map(|share| (share, case_name(case))));
        }
    }
    findings
}

fn share(own: &Measured, other: &Measured) -> Option<f64> {
    let ratios = Spread::of_ratios(&own.samples, &other.samples, |sample| sample.cpu_us);
    ratios.map(|spread| spread.median)
}

fn bytes(results: &Results, volatile: bool) -> Vec<Finding> {
    let cases = results.memory.iter();
    let cases = cases.filter(|case| case.value_bytes == 16 && case.volatile == volatile);
    let own = cases.flat_map(|case| {
        let own = case.servers.iter().filter(|(name, _)| is_own(name));
        own.map(|(_, bytes)| (*bytes, format!("{} keys", case.keys)))
    });
    own.collect()
}

fn weights(results: &Results, what: &str) -> Vec<Finding> {
    let cases = results.elements.iter().filter(|case| case.what == what);
    let own = cases.flat_map(|case| {
        let own = case.servers.iter().filter(|(name, _)| is_own(name));
        own.map(|(_, bytes)| (*bytes, format!("{} of them", case.count)))
    });
    own.collect()
}

fn container_shares(results: &Results) -> Vec<Finding> {
    let mut findings = Vec::new();
    for case in &results.containers {
        for other in case.servers.iter().filter(|other| other.server.starts_with("Valkey")) {
            let share = share_on_containers(case, other);
            findings.extend(share.map(|share| (share.median, load_name(case))));
        }
    }
    findings
}

fn deleting(results: &Results) -> Vec<Finding> {
    let mut findings = Vec::new();
    for case in results.pauses.iter().filter(|case| case.command.starts_with("DEL")) {
        for (_, rounds) in case.servers.iter().filter(|(server, _)| is_own(server)) {
            let over = rounds.iter().map(|pause| pause.p999_ms - pause.idle_p999_ms);
            let place = format!("{}, {} elements", case.command, case.elements);
            findings.extend(Spread::of(over).map(|over| (over.median, place)));
        }
    }
    findings
}

fn growing(results: &Results) -> Vec<Finding> {
    let own = results.stalls.iter().filter(|case| is_own(&case.server));
    own.filter_map(|case| {
        let over = case.growing_ms.iter().zip(&case.idle_ms).map(|(growing, idle)| growing - idle);
        Some((Spread::of(over)?.median, format!("to {} keys", case.keys)))
    })
    .collect()
}

fn expiring(results: &Results) -> Vec<Finding> {
    let own = results.expiry.iter().filter(|case| is_own(&case.server));
    own.filter_map(|case| {
        let over = case.burst.iter().map(|burst| burst.longest_ms - burst.idle_ms);
        Some((Spread::of(over)?.median, format!("{} keys", case.burst.first()?.keys)))
    })
    .collect()
}

fn lags(results: &Results) -> Vec<Finding> {
    let own = results.expiry.iter().filter(|case| is_own(&case.server));
    own.filter_map(|case| {
        let first = case.lag.first()?;
        let longest = case.lag.iter().map(|lag| lag.longest_ms.unwrap_or(f64::INFINITY));
        Some((Spread::of(longest)?.median, format!("among {} volatile keys", first.volatile)))
    })
    .collect()
}

fn gains(results: &Results) -> Vec<Finding> {
    let mut findings = Vec::new();
    for case in &results.scaling {
        let Some(((_, first), others)) = case.threads.split_first() else { continue };
        for (threads, samples) in others {
            let gain = Spread::of_ratios(samples, first, |sample| sample.per_second);
            let (name, pipeline) = (case.operation.name(), case.pipeline);
            let place = format!("{name}, pipeline {pipeline}, {threads} workers");
            findings.extend(gain.map(|gain| (gain.median, place)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Lag, MemoryCase};

    #[test]
    fn nothing_measured_is_nothing_held() {
        assert!(table(&Results::default()).rows.is_empty());
    }

    #[test]
    fn a_figure_over_its_limit_is_missed() {
        let servers = vec![("Redstart 1".to_owned(), 55.1), ("Valkey 9".to_owned(), 10.0)];
        let case = MemoryCase { keys: 5, value_bytes: 16, volatile: false, servers };
        let results = Results { memory: vec![case], ..Results::default() };
        let rows = table(&results).rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0][1..], ["55.10", "5 keys", "missed"]);
    }

    #[test]
    fn a_key_that_stays_is_a_lag_without_end() {
        let lag = Lag {
            volatile: 9,
            sampled: 5,
            left: 1,
            watched_ms: 10.0,
            median_ms: Some(1.0),
            longest_ms: None,
        };
        let server = "Redstart 1".to_owned();
        let case = crate::results::ExpiryCase { server, burst: Vec::new(), lag: vec![lag] };
        let rows = table(&Results { expiry: vec![case], ..Results::default() }).rows;
        assert_eq!(rows[0][1..], ["not seen", "among 9 volatile keys", "missed"]);
    }
}
