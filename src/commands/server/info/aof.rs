//! INFO's section Persistence, as far as it tells of the append-only log.

use super::Lines;
use crate::server::Context;

/// The fields whose names begin with `aof_`.
pub fn aof(context: &Context, lines: &mut Lines) {
    let aof = &context.server.aof;
    let is_on = aof.log.is_on();
    lines.add("aof_enabled", u8::from(is_on));
    lines.zeros(&["aof_rewrite_in_progress", "aof_rewrite_scheduled"]);
    lines.add("aof_last_rewrite_time_sec", -1);
    lines.add("aof_current_rewrite_time_sec", -1);
    lines.add("aof_last_bgrewrite_status", "ok");
    lines.zeros(&["aof_rewrites", "aof_rewrites_consecutive_failures"]);
    let status = if aof.log.is_failing() { "err" } else { "ok" };
    lines.add("aof_last_write_status", status);
    lines.zeros(&["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"]);
    if is_on {
        lines.add("aof_current_size", aof.size());
        lines.add("aof_base_size", aof.base_size());
        lines.zeros(&["aof_pending_rewrite"]);
        lines.add("aof_buffer_length", aof.log.pending_bytes());
        lines.add("aof_pending_bio_fsync", u8::from(aof.log.is_syncing()));
        lines.zeros(&["aof_delayed_fsync"]);
    }
}
