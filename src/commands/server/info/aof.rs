//! INFO's section Persistence, as far as it tells of the append-only log.

use super::Lines;
use crate::persistence::saving::Task;
use crate::server::Context;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The fields whose names begin with `aof_`.
pub fn aof(context: &Context, lines: &mut Lines) {
    let aof = &context.server.aof;
    let is_on = aof.is_wanted.load(Ordering::Relaxed);
    let running = context.server.saving.running();
    let running = running.filter(|running| running.task == Task::Rewrite);
    let rewrites = aof.rewrites();
    let seconds = |time: Option<Duration>| time.map_or(-1, |time| time.as_secs() as i64);
    lines.add("aof_enabled", u8::from(is_on));
    lines.add("aof_rewrite_in_progress", u8::from(running.is_some()));
    let is_scheduled = aof.is_rewrite_scheduled.load(Ordering::Relaxed);
    lines.add("aof_rewrite_scheduled", u8::from(is_scheduled));
    lines.add("aof_last_rewrite_time_sec", seconds(rewrites.took));
    let since = running.map(|running| running.began.elapsed());
    lines.add("aof_current_rewrite_time_sec", seconds(since));
    lines.add("aof_last_bgrewrite_status", if rewrites.is_good { "ok" } else { "err" });
    lines.add("aof_rewrites", rewrites.count);
    lines.add("aof_rewrites_consecutive_failures", rewrites.failures);
    let status = if aof.log.is_failing() { "err" } else { "ok" };
    lines.add("aof_last_write_status", status);
    lines.zeros(&["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"]);
    if is_on {
        lines.add("aof_current_size", aof.size());
        lines.add("aof_base_size", aof.base_size());
        lines.add("aof_pending_rewrite", u8::from(!aof.log.is_on()));
        lines.add("aof_buffer_length", aof.log.pending_bytes());
        lines.add("aof_pending_bio_fsync", u8::from(aof.log.is_syncing()));
        lines.add("aof_delayed_fsync", aof.log.delays());
    }
}
