//! Worker threads: each runs its own event loop and keeps its connections for their whole life.
//!
//! A thread without work is parked in the kernel. New connections go to the worker that has fewest.

use super::connection::{self, Gear};
use super::stream::{Reader, Writer};
use crate::command::Table;
use crate::engine::Engine;
use crate::server::Server;
use anyhow::{Context, Result};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A connection on its way to a worker.
pub struct Guest {
    /// The accepted socket.
    pub socket: Socket,
    /// The client's address.
    pub address: String,
}

/// An accepted socket, not yet part of any event loop.
pub enum Socket {
    /// TCP.
    Tcp(std::net::TcpStream),
    /// Unix.
    Unix(std::os::unix::net::UnixStream),
}

/// The way to one worker.
pub struct Door {
    guests: UnboundedSender<Guest>,
    load: Arc<AtomicUsize>,
}

/// All workers.
pub struct Workers {
    doors: Vec<Door>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` workers.
    ///
    /// # Errors
    /// When the operating system starts no thread.
    pub fn start(server: &Arc<Server>, table: &'static Table, count: usize) -> Result<Self> {
        let mut workers = Workers { doors: Vec::new(), threads: Vec::new() };
        for number in 0..count {
            let (guests, arrivals) = unbounded_channel();
            let load = Arc::new(AtomicUsize::new(0));
            let worker = Worker { server: server.clone(), table, number, load: load.clone() };
            let thread = std::thread::Builder::new()
                .name(format!("redstart-{number}"))
                .spawn(move || worker.run(arrivals))
                .context("starting a worker thread")?;
            workers.doors.push(Door { guests, load });
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Hands a connection to the worker that has fewest.
    pub fn welcome(&self, guest: Guest) {
        let door = self.doors.iter().min_by_key(|door| door.load.load(Ordering::Relaxed));
        let door = door.expect("there is at least one worker");
        door.load.fetch_add(1, Ordering::Relaxed);
        if door.guests.send(guest).is_err() {
            // The worker has ended: so does the server, and the socket closes as the guest is
            // dropped.
            door.load.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Waits until every worker has ended.
    pub fn join(self) {
        drop(self.doors);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker thread ended by a panic");
            }
        }
    }
}

/// What a worker's connections share.
pub struct House {
    /// The server.
    pub server: Arc<Server>,
    /// Runs batches. Borrowed for the length of one batch, never across a wait.
    pub engine: RefCell<Engine>,
    /// Buffers that no connection uses at the moment.
    pub gear: RefCell<Vec<Gear>>,
}

struct Worker {
    server: Arc<Server>,
    table: &'static Table,
    number: usize,
    load: Arc<AtomicUsize>,
}

impl Worker {
    fn run(self, arrivals: UnboundedReceiver<Guest>) {
        let runtime =
            Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
        let runtime = runtime.expect("the operating system gives an event queue");
        runtime.block_on(self.host(arrivals));
    }

    /// Takes connections in until the server ends, then waits for those it has.
    async fn host(self, mut arrivals: UnboundedReceiver<Guest>) {
        let engine = Engine::new(self.server.clone(), self.table, self.number);
        let house = Rc::new(House {
            server: self.server.clone(),
            engine: RefCell::new(engine),
            gear: RefCell::default(),
        });
        let mut connections = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                guest = arrivals.recv() => match guest {
                    Some(guest) => {
                        let load = self.load.clone();
                        let serving = serve(house.clone(), guest);
                        connections.spawn_local(async move {
                            let _left = Leaves(load);
                            serving.await;
                        });
                    }
                    None => break,
                },
                Some(ended) = connections.join_next() => report(ended),
            }
        }
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    }
}

/// A panic ends one connection, never the server.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection was dropped after an internal error: {error}");
    }
}

/// Takes a connection off the worker's load when it ends, however it does.
struct Leaves(Arc<AtomicUsize>);

impl Drop for Leaves {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve(house: Rc<House>, guest: Guest) {
    let _place = GivesBack(house.server.clone());
    let entered = match guest.socket {
        Socket::Tcp(socket) => enter_tcp(socket, guest.address),
        Socket::Unix(socket) => enter_unix(socket, guest.address),
    };
    match entered {
        Ok(entered) => connection::run(house, entered).await,
        Err(error) => tracing::debug!("a connection ended before it began: {error}"),
    }
}

/// Gives the connection's place among `maxclients` back, however it ends.
struct GivesBack(Arc<Server>);

impl Drop for GivesBack {
    fn drop(&mut self) {
        self.0.clients.leave_place();
    }
}

/// A connection that is part of this worker's event loop.
pub struct Entered {
    /// What it reads from.
    pub reader: Reader,
    /// What it writes to.
    pub writer: Arc<Writer>,
    /// The client's address.
    pub address: String,
    /// The server's side of it.
    pub local_address: String,
    /// The file descriptor.
    pub descriptor: i32,
    /// Came in over the Unix socket.
    pub is_unix: bool,
}

fn enter_tcp(socket: std::net::TcpStream, address: String) -> std::io::Result<Entered> {
    use std::os::fd::AsRawFd;
    let local_address = socket.local_addr()?.to_string();
    let descriptor = socket.as_raw_fd();
    let stream = tokio::net::TcpStream::from_std(socket)?;
    let (reader, writer) = super::stream::split_tcp(stream);
    Ok(Entered { reader, writer, address, local_address, descriptor, is_unix: false })
}

fn enter_unix(socket: std::os::unix::net::UnixStream, address: String) -> std::io::Result<Entered> {
    use std::os::fd::AsRawFd;
    let descriptor = socket.as_raw_fd();
    let stream = tokio::net::UnixStream::from_std(socket)?;
    let (reader, writer) = super::stream::split_unix(stream);
    let local_address = address.clone();
    Ok(Entered { reader, writer, address, local_address, descriptor, is_unix: true })
}
