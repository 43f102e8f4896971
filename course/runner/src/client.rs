//! One connection to the server under test. A thread of its own reads whatever arrives, at once and
//! for as long as the connection lives: so the other connections can be looked at when one is
//! silent, and a client that sends a hundred thousand commands before it asks for the first reply
//! cannot run into a deadlock with a simple server.

use crate::wire::{self, Malformed, Reply};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Enough for a reader's buffer on the heap; hundreds of clients run at once.
const STACK_BYTES: usize = 128 << 10;
/// How long a server may refuse to take bytes before sending counts as failed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);
/// No reply of a test is that long. Whoever sends more does not stop.
const MOST_UNREAD_BYTES: usize = 32 << 20;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    inbox: Arc<Inbox>,
    held: Vec<u8>,
}

#[derive(Debug, Default)]
struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// How much of `bytes` has been taken as replies.
    taken: usize,
    closed: bool,
    /// When the first of what was not taken came, or the end.
    since: Option<Instant>,
    /// More came than any reply is long; the rest was not read.
    flooded: bool,
}

/// What came when a reply was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// A whole reply.
    Reply(Reply),
    /// Nothing, or only these bytes, which are no whole reply.
    Silence(Vec<u8>),
    /// The server closed the connection after these bytes.
    Closed(Vec<u8>),
    /// These bytes, which never become a reply.
    Malformed(Vec<u8>, Malformed),
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?)
    }

    /// Uses a connection that exists already.
    pub fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let inbox = Arc::new(Inbox::default());
        let (reader, filled) = (stream.try_clone()?, Arc::clone(&inbox));
        let builder = std::thread::Builder::new().stack_size(STACK_BYTES);
        builder.spawn(move || filled.fill(reader))?;
        Ok(Client { stream, inbox, held: Vec::new() })
    }

    /// Keeps bytes for the next `send`.
    pub fn hold(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Sends what was held, then these bytes, as one packet if they fit.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.held.is_empty() {
            return self.stream.write_all(bytes);
        }
        self.held.extend_from_slice(bytes);
        let sent = self.stream.write_all(&self.held);
        self.held.clear();
        sent
    }

    /// Waits for the next reply and takes it.
    pub fn reply(&mut self, patience: Duration) -> Arrival {
        let deadline = Instant::now() + patience;
        let mut state = self.inbox.lock();
        loop {
            match wire::read(&state.bytes[state.taken..]) {
                Ok(Some((reply, length))) => {
                    state.take(length);
                    return Arrival::Reply(reply);
                }
                Err(malformed) => return Arrival::Malformed(state.rest(), malformed),
                Ok(None) if state.flooded => {
                    return Arrival::Malformed(state.rest(), flood(&state));
                }
                Ok(None) if state.closed => return Arrival::Closed(state.rest()),
                Ok(None) => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Arrival::Silence(state.rest());
            }
            state = self.inbox.wait(state, left);
        }
    }

    /// Waits until something is there or the connection is closed; the bytes there, and whether it
    /// is closed. Takes nothing.
    pub fn anything(&self, patience: Duration) -> (Vec<u8>, bool) {
        let deadline = Instant::now() + patience;
        let mut state = self.inbox.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if state.taken < state.bytes.len() || state.closed || left.is_zero() {
                return (state.rest(), state.closed);
            }
            state = self.inbox.wait(state, left);
        }
    }

    /// Waits until then; whether nothing came before. What comes later is another matter, even if
    /// this thread is so late that it is there already.
    pub fn stays_quiet(&self, until: Instant) -> bool {
        let mut state = self.inbox.lock();
        loop {
            if let Some(since) = state.since {
                return since >= until;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            state = self.inbox.wait(state, left);
        }
    }

    /// The replies that are there and were not asked for yet, and the bytes behind them that are
    /// none.
    pub fn unread(&self) -> (Vec<Reply>, Vec<u8>) {
        let state = self.inbox.lock();
        let mut rest = &state.bytes[state.taken..];
        let mut replies = Vec::new();
        while let Ok(Some((reply, length))) = wire::read(rest) {
            replies.push(reply);
            rest = &rest[length..];
        }
        (replies, rest.to_vec())
    }
}

fn flood(state: &State) -> Malformed {
    let what = "here the test stopped to read: there was still no end".into();
    Malformed { at: state.bytes.len() - state.taken, what }
}

impl Drop for Client {
    fn drop(&mut self) {
        // An error says that it is closed already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }

    fn fill(&self, mut stream: TcpStream) {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = match stream.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // A reset is an end as well: what counts is what came before.
                Err(_) | Ok(0) => 0,
                Ok(read) => read,
            };
            let mut state = self.lock();
            state.since.get_or_insert_with(Instant::now);
            state.bytes.extend_from_slice(&buffer[..read]);
            state.closed = read == 0;
            state.flooded = state.bytes.len() - state.taken > MOST_UNREAD_BYTES;
            self.changed.notify_all();
            if state.closed || state.flooded {
                return;
            }
        }
    }
}

impl State {
    fn take(&mut self, length: usize) {
        self.taken += length;
        if self.taken == self.bytes.len() && !self.closed {
            self.since = None;
        }
        // Moving the rest only when half is gone keeps a long pipeline linear.
        if self.taken * 2 > self.bytes.len() {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }

    fn rest(&self) -> Vec<u8> {
        self.bytes[self.taken..].to_vec()
    }
}
