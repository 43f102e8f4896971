//! INFO's section Stats: what has happened since the start or CONFIG RESETSTAT.

use super::Lines;
use crate::server::Context;
use std::sync::atomic::Ordering;

/// Stats.
pub fn stats(context: &Context, lines: &mut Lines) {
    traffic(context, lines);
    keys(context, lines);
    lines.zeros(&[
        "pubsub_channels",
        "pubsub_patterns",
        "pubsubshard_channels",
        "latest_fork_usec",
        "total_forks",
        "migrate_cached_sockets",
        "slave_expires_tracked_keys",
        "active_defrag_hits",
        "active_defrag_misses",
        "active_defrag_key_hits",
        "active_defrag_key_misses",
        "total_active_defrag_time",
        "current_active_defrag_time",
        "tracking_total_keys",
        "tracking_total_items",
        "tracking_total_prefixes",
        "unexpected_error_replies",
    ]);
    errors_and_limits(context, lines);
}

fn traffic(context: &Context, lines: &mut Lines) {
    let stats = &context.server.stats;
    let rates = context.server.samples.rates();
    let refused = stats.refused.load(Ordering::Relaxed);
    lines.add("total_connections_received", stats.sum(|worker| &worker.connections) + refused);
    lines.add("total_commands_processed", stats.sum(|worker| &worker.commands));
    lines.add("instantaneous_ops_per_sec", rates.commands.round());
    lines.add("total_net_input_bytes", stats.sum(|worker| &worker.net_in));
    lines.add("total_net_output_bytes", stats.sum(|worker| &worker.net_out));
    lines.zeros(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
    lines.add("instantaneous_input_kbps", format!("{:.2}", rates.input_kbps));
    lines.add("instantaneous_output_kbps", format!("{:.2}", rates.output_kbps));
    lines.add("instantaneous_input_repl_kbps", "0.00");
    lines.add("instantaneous_output_repl_kbps", "0.00");
    lines.add("rejected_connections", refused);
    lines.zeros(&["sync_full", "sync_partial_ok", "sync_partial_err"]);
}

fn keys(context: &Context, lines: &mut Lines) {
    let stats = &context.server.stats;
    // Redis's name, then Valkey's.
    let expired_fields = stats.sum(|worker| &worker.expired_fields);
    lines.add("expired_subkeys", expired_fields);
    lines.add("expired_fields", expired_fields);
    lines.add("expired_keys", stats.sum(|worker| &worker.expired));
    // Keys go at their deadline: none is stale, and no cycle runs out of time.
    lines.add("expired_stale_perc", "0.00");
    lines.zeros(&[
        "expired_time_cap_reached_count",
        "expire_cycle_cpu_milliseconds",
        "evicted_keys",
        "evicted_clients",
        "evicted_scripts",
        "total_eviction_exceeded_time",
        "current_eviction_exceeded_time",
    ]);
    lines.add("keyspace_hits", stats.sum(|worker| &worker.hits));
    lines.add("keyspace_misses", stats.sum(|worker| &worker.misses));
}

fn errors_and_limits(context: &Context, lines: &mut Lines) {
    let stats = &context.server.stats;
    let (errors, denied) = {
        let errors = stats.errors.lock();
        (errors.values().sum::<u64>(), errors.get("WRONGPASS").copied().unwrap_or(0))
    };
    lines.add("total_error_replies", errors);
    lines.add("dump_payload_sanitizations", 0);
    lines.add("total_reads_processed", stats.sum(|worker| &worker.reads));
    lines.add("total_writes_processed", stats.sum(|worker| &worker.writes));
    lines.zeros(&["io_threaded_reads_processed", "io_threaded_writes_processed"]);
    let query = stats.query_limit_drops.load(Ordering::Relaxed);
    lines.add("client_query_buffer_limit_disconnections", query);
    let output = stats.output_limit_drops.load(Ordering::Relaxed);
    lines.add("client_output_buffer_limit_disconnections", output);
    lines.zeros(&["reply_buffer_shrinks", "reply_buffer_expands", "eventloop_cycles"]);
    lines.zeros(&["eventloop_duration_sum", "eventloop_duration_cmd_sum"]);
    lines.zeros(&["instantaneous_eventloop_cycles_per_sec"]);
    lines.zeros(&["instantaneous_eventloop_duration_usec"]);
    lines.add("acl_access_denied_auth", denied);
    lines.zeros(&["acl_access_denied_cmd", "acl_access_denied_key", "acl_access_denied_channel"]);
}
