//! INFO's sections Commandstats, Latencystats and Errorstats: calls, time and errors.

use super::Lines;
use crate::server::{CommandStats, Context};

/// Commandstats: every command that was called or refused.
pub fn command_stats(context: &Context, lines: &mut Lines) {
    let workers = &context.server.stats.workers;
    for entry in crate::commands::table().entries() {
        let sum = |counter: fn(&CommandStats) -> u64| {
            workers.iter().map(|worker| counter(&worker.per_command[entry.id])).sum::<u64>()
        };
        let calls = sum(|stats| stats.calls.get());
        let rejected = sum(|stats| stats.rejected.get());
        let failed = sum(|stats| stats.failed.get());
        if calls + rejected + failed == 0 {
            continue;
        }
        let took_us = sum(|stats| stats.nanos.get()) as f64 / 1000.0;
        let each_us = took_us / calls.max(1) as f64;
        lines.add(
            &format!("cmdstat_{}", entry.name),
            format!(
                "calls={calls},usec={},usec_per_call={each_us:.2},rejected_calls={rejected},\
                 failed_calls={failed}",
                took_us as u64
            ),
        );
    }
}

/// Latencystats: percentiles of every command that was called.
pub fn latency_stats(context: &Context, lines: &mut Lines) {
    let config = context.server.config.load();
    if !config.observe.latency_tracking {
        return;
    }
    for entry in crate::commands::table().entries() {
        let latency = context.server.stats.latency(entry.id);
        if latency.calls() == 0 {
            continue;
        }
        let percentiles = config.observe.latency_tracking_info_percentiles.iter();
        let shown: Vec<String> = percentiles
            .map(|percent| {
                let microseconds = latency.percentile(*percent) as f64 / 1000.0;
                format!("p{percent}={microseconds:.3}")
            })
            .collect();
        lines.add(&format!("latency_percentiles_usec_{}", entry.name), shown.join(","));
    }
}

/// Errorstats: error replies by their first word.
pub fn error_stats(context: &Context, lines: &mut Lines) {
    for (code, count) in context.server.stats.errors.lock().iter() {
        lines.add(&format!("errorstat_{code}"), format!("count={count}"));
    }
}
