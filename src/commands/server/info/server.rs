//! INFO's sections on the server itself: Server, Clients, Replication, CPU.

use super::{Lines, process};
use crate::server::{Context, PauseKind, REDIS_VERSION, VERSION, clock};
use crate::store::access;
use std::sync::atomic::Ordering;

/// Server.
pub fn server(context: &Context, lines: &mut Lines) {
    let server = context.server;
    let config = server.config.load();
    lines.add("redis_version", REDIS_VERSION);
    lines.add("server_name", "redstart");
    lines.add("redstart_version", VERSION);
    lines.add("redis_git_sha1", "00000000");
    lines.add("redis_git_dirty", 0);
    lines.add("redis_build_id", VERSION);
    lines.add("redis_mode", "standalone");
    lines.add("server_mode", "standalone");
    lines.add("os", process::system());
    lines.add("arch_bits", usize::BITS);
    lines.add("monotonic_clock", "POSIX clock_gettime");
    lines.add("multiplexing_api", "epoll");
    lines.add("atomicvar_api", "rust-std");
    lines.add("gcc_version", "0.0.0");
    lines.add("process_id", std::process::id());
    lines.add("process_supervised", "no");
    lines.add("run_id", &server.run_id);
    lines.add("tcp_port", config.network.port);
    lines.add("server_time_usec", clock::now_us());
    let uptime_s = server.started.elapsed().as_secs();
    lines.add("uptime_in_seconds", uptime_s);
    lines.add("uptime_in_days", uptime_s / 86_400);
    lines.add("hz", config.process.hz);
    lines.add("configured_hz", config.process.hz);
    lines.add("lru_clock", access::clock(context.now_ms));
    let executable = std::env::current_exe().unwrap_or_default();
    lines.add("executable", executable.display());
    let file = config.file.clone().unwrap_or_default();
    lines.add("config_file", file.display());
    lines.add("io_threads_active", 0);
    // The last set of counters belongs to the background thread.
    lines.add("worker_threads", server.stats.workers.len() - 1);
    listeners(context, lines);
}

fn listeners(context: &Context, lines: &mut Lines) {
    let config = context.server.config.load();
    let port = config.network.port;
    let mut next = 0;
    if port != 0 {
        let bind: String =
            config.network.bind.iter().map(|address| format!("bind={address},")).collect();
        lines.add("listener0", format!("name=tcp,{bind}port={port}"));
        next = 1;
    }
    let socket = &config.network.unixsocket;
    if !socket.as_os_str().is_empty() {
        lines.add(&format!("listener{next}"), format!("name=unix,bind={}", socket.display()));
    }
}

/// Clients.
pub fn clients(context: &Context, lines: &mut Lines) {
    let server = context.server;
    let clients = server.clients.all();
    let most = |figure: fn(&crate::server::clients::Figures) -> usize| {
        clients.iter().map(|client| figure(&client.figures)).max().unwrap_or(0)
    };
    lines.add("connected_clients", clients.len());
    lines.add("cluster_connections", 0);
    lines.add("maxclients", server.config.load().network.maxclients);
    let query = most(|figures| figures.query_bytes.load(Ordering::Relaxed));
    lines.add("client_recent_max_input_buffer", query);
    let owed = most(|figures| figures.output_bytes.load(Ordering::Relaxed));
    lines.add("client_recent_max_output_buffer", owed);
    let waits = |client: &&std::sync::Arc<crate::server::Client>| {
        client.figures.waits.load(Ordering::Relaxed)
    };
    lines.add("blocked_clients", clients.iter().filter(waits).count());
    lines.zeros(&["tracking_clients", "pubsub_clients"]);
    let watched = |client: &std::sync::Arc<crate::server::Client>| {
        client.figures.watched_keys.load(Ordering::Relaxed) as usize
    };
    lines.add("watching_clients", clients.iter().filter(|client| watched(client) > 0).count());
    lines.add("clients_in_timeout_table", 0);
    lines.add("total_watched_keys", clients.iter().map(watched).sum::<usize>());
    lines.add("total_blocking_keys", server.waiting.keys());
    lines.add("total_blocking_keys_on_nokey", server.waiting.keys_that_end_waits());
    let (reason, actions) = match server.pause.at(context.now_ms) {
        None => ("none", "none"),
        Some(PauseKind::Write) => ("client_pause", "write"),
        Some(PauseKind::All) => ("client_pause", "all"),
    };
    lines.add("paused_reason", reason);
    lines.add("paused_actions", actions);
    lines.add("paused_timeout_milliseconds", server.pause.left_ms(context.now_ms));
}

/// Replication.
pub fn replication(context: &Context, lines: &mut Lines) {
    let server = context.server;
    lines.add("role", "master");
    lines.add("connected_slaves", 0);
    lines.add("master_failover_state", "no-failover");
    lines.add("master_replid", &server.replication_id);
    lines.add("master_replid2", "0".repeat(40));
    lines.add("master_repl_offset", 0);
    lines.add("second_repl_offset", -1);
    lines.add("repl_backlog_active", 0);
    lines.add("repl_backlog_size", server.config.load().replication.repl_backlog_size);
    lines.zeros(&["repl_backlog_first_byte_offset", "repl_backlog_histlen"]);
}

/// CPU.
pub fn cpu(_: &Context, lines: &mut Lines) {
    let all = process::processor_time();
    let main = process::main_thread_time();
    let times = [
        ("used_cpu_sys", all.system),
        ("used_cpu_user", all.user),
        ("used_cpu_sys_children", all.system_children),
        ("used_cpu_user_children", all.user_children),
        ("used_cpu_sys_main_thread", main.system),
        ("used_cpu_user_main_thread", main.user),
    ];
    times.iter().for_each(|(name, seconds)| lines.add(name, format!("{seconds:.6}")));
}
