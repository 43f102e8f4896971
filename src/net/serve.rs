//! The life of the server: listen, accept, hand over, and at the end let everyone finish.

use super::listen::Listeners;
use super::worker::{Guest, Socket, Workers};
use crate::command::{Table, error};
use crate::config::ShutdownFlags;
use crate::engine::background;
use crate::server::{Farewell, Server, clock};
use anyhow::{Context, Result};
use socket2::{SockRef, TcpKeepalive};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};

/// Accepting goes on this long after an error such as "too many open files".
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until a signal or SHUTDOWN, then finishes what runs and returns. `ready` is called when
/// clients can connect, and before any is let in.
///
/// # Errors
/// What `ready` says; and when the addresses cannot be listened on or the operating system gives no
/// threads.
pub fn run(
    server: &Arc<Server>,
    table: &'static Table,
    workers: usize,
    ready: impl FnOnce(&Arc<Server>) -> Result<()>,
) -> Result<()> {
    let listeners = Listeners::open(&server.config.load())?;
    let background =
        background::start(server.clone(), table).context("starting the background thread")?;
    let workers = Workers::start(server, table, workers)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting the event loop that accepts connections")?;
    let socket_path = listeners.unix.as_ref().map(|(_, path)| path.clone());
    let accepted = runtime.block_on(accept_all(server, &workers, listeners, || ready(server)));
    server.ending.ask();
    server.clients.all().iter().for_each(|client| client.stop_reading());
    server.aof.log.give_up();
    workers.join();
    if background.join().is_err() {
        tracing::error!("the background thread ended by a panic");
    }
    server.save_the_rest();
    if let Some(path) = socket_path
        && let Err(error) = std::fs::remove_file(&path)
    {
        tracing::warn!("cannot remove the Unix socket {}: {error}", path.display());
    }
    accepted
}

/// Accepts on every listener until the server ends.
async fn accept_all(
    server: &Arc<Server>,
    workers: &Workers,
    listeners: Listeners,
    ready: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let tcp: Vec<TcpListener> =
        listeners.tcp.into_iter().map(TcpListener::from_std).collect::<Result<_, _>>()?;
    let unix = listeners.unix.map(|(listener, _)| UnixListener::from_std(listener)).transpose()?;
    ready()?;
    let mut accepting = std::pin::pin!(async {
        let mut loops: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
        for listener in &tcp {
            loops.push(Box::pin(accept_tcp(server, workers, listener)));
        }
        if let Some(listener) = &unix {
            loops.push(Box::pin(accept_unix(server, workers, listener)));
        }
        join_all(loops).await;
    });
    // A signal may find that the data cannot be saved: then clients are served on.
    loop {
        tokio::select! {
            () = &mut accepting => return Ok(()),
            _ = terminate.recv() => {
                end_by("SIGTERM", server.config.load().process.shutdown_on_sigterm, server);
            }
            _ = interrupt.recv() => {
                end_by("SIGINT", server.config.load().process.shutdown_on_sigint, server);
            }
            () = server.ending.wait() => return Ok(()),
        }
    }
}

/// Ends the server as the options of the signal say.
fn end_by(signal: &str, flags: ShutdownFlags, server: &Arc<Server>) {
    tracing::warn!("Received {signal} scheduling shutdown...");
    let (save, nosave) =
        (flags.contains(ShutdownFlags::SAVE), flags.contains(ShutdownFlags::NOSAVE));
    let saves = (save || nosave).then_some(save);
    let how = Farewell { saves, is_forced: flags.contains(ShutdownFlags::FORCE) };
    if let Err(error) = server.end(how) {
        tracing::error!("the server cannot end: {error}");
    }
}

/// Drives a handful of endless loops on one task.
async fn join_all(mut loops: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + '_>>>) {
    std::future::poll_fn(|context| {
        loops.retain_mut(|each| each.as_mut().poll(context).is_pending());
        match loops.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}

async fn accept_tcp(server: &Arc<Server>, workers: &Workers, listener: &TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, address)) => match stream.into_std() {
                Ok(stream) => take_tcp(server, workers, stream, address),
                Err(error) => tracing::warn!("a connection could not be taken over: {error}"),
            },
            Err(error) => {
                tracing::warn!("Accepting client connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn accept_unix(server: &Arc<Server>, workers: &Workers, listener: &UnixListener) {
    let path = server.config.load().network.unixsocket.display().to_string();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => match stream.into_std() {
                Ok(stream) if has_place(server, &stream) => {
                    let guest =
                        Guest { socket: Socket::Unix(stream), address: format!("{path}:0") };
                    workers.welcome(guest);
                }
                Ok(_) => {}
                Err(error) => tracing::warn!("a connection could not be taken over: {error}"),
            },
            Err(error) => {
                tracing::warn!("Accepting client connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn take_tcp(server: &Server, workers: &Workers, stream: std::net::TcpStream, address: SocketAddr) {
    if !is_welcome(server, &stream, address) || !has_place(server, &stream) {
        return;
    }
    let config = server.config.load();
    if let Err(error) = tune(&stream, config.network.tcp_keepalive) {
        tracing::debug!("setting socket options: {error}");
    }
    let guest = Guest { socket: Socket::Tcp(stream), address: address.to_string() };
    workers.welcome(guest);
}

/// No delay for small replies; keep-alive probes as `tcp-keepalive` asks.
fn tune(stream: &std::net::TcpStream, idle: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    if !idle.is_zero() {
        let third = (idle / 3).max(Duration::from_secs(1));
        let probes = TcpKeepalive::new().with_time(idle).with_interval(third).with_retries(3);
        SockRef::from(stream).set_tcp_keepalive(&probes)?;
    }
    Ok(())
}

/// Takes a place among `maxclients`; a client too many is told so.
fn has_place(server: &Server, stream: impl Write) -> bool {
    let has_place = server.clients.take_place(server.config.load().network.maxclients as usize);
    if !has_place {
        turn_away(server, stream, error::MAX_CLIENTS.text());
    }
    has_place
}

/// Protected mode: without a password, clients from other machines are turned away.
fn is_welcome(server: &Server, stream: &std::net::TcpStream, address: SocketAddr) -> bool {
    let config = server.config.load();
    let is_local = address.ip().to_canonical().is_loopback();
    if is_local || !config.network.protected_mode || !config.security.requirepass.is_empty() {
        return true;
    }
    turn_away(server, stream, error::PROTECTED_MODE.text());
    false
}

/// Says why, and closes. The socket is new, so that one short write always fits its buffer.
fn turn_away(server: &Server, mut stream: impl Write, text: &str) {
    server.stats.refused.fetch_add(1, Ordering::Relaxed);
    if let Err(error) = stream.write_all(format!("-{text}\r\n").as_bytes()) {
        tracing::debug!("a client left before it was refused ({error}) at {}", clock::now_ms());
    }
}
