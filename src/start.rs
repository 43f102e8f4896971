//! From a configuration to a running server: the working directory, the log, the workers, the
//! start-up screen.

use crate::config::{Choice, Config};
use crate::server::Server;
use crate::{commands, engine, net, observe};
use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::sync::Arc;

/// File descriptors that the server needs beside those of clients.
const RESERVED_DESCRIPTORS: u64 = 32;

/// Serves until a signal or SHUTDOWN.
///
/// # Errors
/// A sentence on what could not be done at the start.
pub fn serve(mut config: Config) -> Result<()> {
    let dir = &config.process.dir;
    std::env::set_current_dir(dir)
        .with_context(|| format!("Can't chdir to '{}'", dir.display()))?;
    observe::log::start(config.observe.loglevel.name(), &config.observe.logfile)?;
    fit_clients_to_descriptors(&mut config);
    write_pid_file(&config);
    let workers = worker_count(&config);
    let table = commands::table_with(&config.renamed_commands)?;
    let server = Arc::new(Server::new(config, workers, table.entries().len()));
    let reload = Box::new(move |server: &Arc<Server>| engine::replay::restore_again(server, table));
    server.reload_log.get_or_init(|| reload);
    net::run(&server, table, workers, |server| {
        // Whoever has read the process id can connect, be it that the data are still to come.
        greet();
        engine::replay::begin(server, table).context("starting the thread that loads the data")?;
        tell_ready(server, workers);
        Ok(())
    })?;
    server.aof.close();
    tracing::warn!("Redstart is now ready to exit, bye bye...");
    Ok(())
}

/// How many worker threads to start.
fn worker_count(config: &Config) -> usize {
    match config.process.threads {
        0 => default_workers(std::thread::available_parallelism().map_or(1, |cores| cores.get())),
        threads => threads as usize,
    }
}

/// The default for a machine of `cores` cores. Measured: docs/decisions/003-number-of-workers.md.
fn default_workers(cores: usize) -> usize {
    cores.div_ceil(2)
}

/// The start-up screen: what runs …
fn greet() {
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!("Redstart {version} · PID: {}", std::process::id());
    tracing::info!("Server initialized");
}

/// … where, and how to stop it.
fn tell_ready(server: &Server, workers: usize) {
    let config = server.config.load();
    let port = config.network.port;
    let plural = if workers == 1 { "" } else { "s" };
    if port != 0 {
        tracing::info!("port {port} · {workers} worker{plural} · stop with Ctrl-C or SHUTDOWN");
        tracing::info!("Ready to accept connections tcp");
    }
    let socket = &config.network.unixsocket;
    if !socket.as_os_str().is_empty() {
        tracing::info!("Ready to accept connections unix at {}", socket.display());
    }
}

/// Raises the limit of open files to what `maxclients` needs, or lowers `maxclients` to what there
/// is.
fn fit_clients_to_descriptors(config: &mut Config) {
    let wanted = config.network.maxclients as u64 + RESERVED_DESCRIPTORS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    limit.current = Some(limit.maximum.map_or(wanted, |maximum| wanted.min(maximum)));
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
    let got = getrlimit(Resource::Nofile).current.unwrap_or(wanted);
    if got < wanted {
        let clients = got.saturating_sub(RESERVED_DESCRIPTORS).max(1);
        tracing::warn!(
            "maxclients has been reduced to {clients}: the system allows {got} open files"
        );
        config.network.maxclients = clients as _;
    }
}

/// Writes the process id where `pidfile` asks for it. Failing to is no reason not to serve.
fn write_pid_file(config: &Config) {
    let path = &config.process.pidfile;
    if path.as_os_str().is_empty() {
        return;
    }
    if let Err(error) = std::fs::write(path, format!("{}\n", std::process::id())) {
        tracing::warn!("Failed to write PID file {}: {error}", path.display());
    }
}
