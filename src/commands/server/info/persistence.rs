//! INFO's section Persistence: snapshots; what it says of the append-only log is in `aof`.

use super::Lines;
use crate::persistence::loading::Loading;
use crate::server::{Context, clock};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Persistence. There is no fork, so that nothing is copied on a write.
pub fn persistence(context: &Context, lines: &mut Lines) {
    let running = context.server.saving.running();
    let loading = &context.server.loading;
    lines.add("loading", u8::from(loading.is_on()));
    lines.zeros(&["async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"]);
    let progress = running.as_ref().map(|running| {
        let keys = running.progress.keys.load(Ordering::Relaxed);
        (keys, running.progress.total.load(Ordering::Relaxed))
    });
    let (keys, total) = progress.unwrap_or_default();
    let percent = if total > 0 { keys as f64 * 100.0 / total as f64 } else { 0.0 };
    lines.add("current_fork_perc", format!("{percent:.2}"));
    lines.add("current_save_keys_processed", keys);
    lines.add("current_save_keys_total", total);
    snapshots(context, lines);
    lines.zeros(&["rdb_last_cow_size"]);
    lines.add("rdb_last_load_keys_expired", loading.dead_keys.load(Ordering::Relaxed));
    lines.add("rdb_last_load_keys_loaded", loading.keys.load(Ordering::Relaxed));
    super::aof::aof(context, lines);
    if loading.is_on() {
        progress_of(loading, lines);
    }
}

/// How far loading is.
fn progress_of(loading: &Loading, lines: &mut Lines) {
    let began_ms = loading.began_ms.load(Ordering::Relaxed);
    let total = loading.total_bytes.load(Ordering::Relaxed);
    let loaded = loading.loaded_bytes.load(Ordering::Relaxed).min(total);
    let elapsed_s = clock::now_ms().saturating_sub(began_ms) / 1000;
    // As Redis guesses it: one second where nothing is known yet.
    let left_s = (elapsed_s * (total - loaded)).checked_div(loaded).unwrap_or(1);
    lines.add("loading_start_time", began_ms / 1000);
    lines.add("loading_total_bytes", total);
    lines.add("loading_rdb_used_mem", loading.used_memory.load(Ordering::Relaxed));
    lines.add("loading_loaded_bytes", loaded);
    let percent = if total == 0 { 0.0 } else { loaded as f64 * 100.0 / total as f64 };
    lines.add("loading_loaded_perc", format!("{percent:.2}"));
    lines.add("loading_eta_seconds", left_s);
}

fn snapshots(context: &Context, lines: &mut Lines) {
    let server = context.server;
    let history = server.saving.history();
    let saving = server.saving.running().filter(|running| running.task.is_save());
    let seconds = |time: Option<Duration>| time.map_or(-1, |time| time.as_secs() as i64);
    lines.add("rdb_changes_since_last_save", server.unsaved_changes());
    lines.add("rdb_bgsave_in_progress", u8::from(saving.is_some()));
    lines.add("rdb_last_save_time", history.saved_ms / 1000);
    lines.add("rdb_last_bgsave_status", if history.is_good { "ok" } else { "err" });
    lines.add("rdb_last_bgsave_time_sec", seconds(history.took));
    let since = saving.map(|running| running.began.elapsed());
    lines.add("rdb_current_bgsave_time_sec", seconds(since));
    lines.add("rdb_saves", history.count);
}
