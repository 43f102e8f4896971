//! Everyone connected: what CLIENT LIST shows, and how CLIENT KILL and the idle time-out end a
//! connection.
//!
//! A connection's task writes its own figures here with plain stores, once a batch; whoever asks
//! reads them as they are.

use super::Waiter;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// Ends a connection from outside its task. Given by `net`.
pub trait HangUp: Send + Sync {
    /// Makes the connection's next read report its end.
    fn hang_up(&self);

    /// Lets it write what it owes; its next read reports the end.
    fn stop_reading(&self);
}

/// What a client said about itself.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// CLIENT SETNAME.
    pub name: Vec<u8>,
    /// CLIENT SETINFO LIB-NAME.
    pub library: Vec<u8>,
    /// CLIENT SETINFO LIB-VER.
    pub library_version: Vec<u8>,
}

/// Figures of one connection, as its own task last wrote them.
#[derive(Default)]
pub struct Figures {
    /// When a command last came (ms).
    pub seen_ms: AtomicU64,
    /// The database in use.
    pub db: AtomicU32,
    /// The number of the last command, plus one; 0 before the first.
    pub command: AtomicU32,
    /// Bytes read and not yet run.
    pub query_bytes: AtomicUsize,
    /// Bytes the client is owed.
    pub output_bytes: AtomicUsize,
    /// Bytes read in all.
    pub net_in: AtomicU64,
    /// Bytes written in all.
    pub net_out: AtomicU64,
    /// Commands run in all.
    pub commands: AtomicU64,
    /// 3 after HELLO 3.
    pub protocol: AtomicU32,
    /// CLIENT NO-EVICT.
    pub no_evict: AtomicBool,
    /// CLIENT NO-TOUCH.
    pub no_touch: AtomicBool,
    /// CLIENT CAPA redirect.
    pub redirects: AtomicBool,
    /// Waits for a pause to end, or for a key.
    pub waits: AtomicBool,
    /// Keys it watches.
    pub watched_keys: AtomicU32,
}

impl Figures {
    /// Counts bytes read. For the connection's own task.
    pub fn count_in(&self, bytes: u64) {
        self.net_in.store(self.net_in.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
    }

    /// Counts bytes written. For the connection's own task.
    pub fn count_out(&self, bytes: u64) {
        self.net_out.store(self.net_out.load(Ordering::Relaxed) + bytes, Ordering::Relaxed);
    }

    /// Whether replies go out in RESP3.
    pub fn is_resp3(&self) -> bool {
        self.protocol.load(Ordering::Relaxed) == 3
    }

    /// Notes the command that runs, by its number.
    #[inline]
    pub fn note_command(&self, number: usize) {
        self.command.store(number as u32 + 1, Ordering::Relaxed);
    }
}

/// One connection.
pub struct Client {
    /// Its number: never used twice.
    pub id: u64,
    /// The client's address, `ip:port` or `path:0`.
    pub address: String,
    /// The server's side of it.
    pub local_address: String,
    /// The file descriptor, for CLIENT LIST only.
    pub descriptor: i32,
    /// Came in over the Unix socket.
    pub is_unix: bool,
    /// When it connected (ms).
    pub created_ms: u64,
    /// Its figures.
    pub figures: Figures,
    /// Its names.
    pub named: Mutex<Named>,
    /// What it waits for in BLPOP and its kind.
    pub waiter: Mutex<Option<Arc<Waiter>>>,
    wire: Box<dyn HangUp>,
}

/// The wire of a client that is none.
struct NoWire;

impl HangUp for NoWire {
    fn hang_up(&self) {}

    fn stop_reading(&self) {}
}

impl Client {
    /// Stands in where commands run for no client: while a log is replayed.
    pub fn nobody() -> Arc<Self> {
        let arrival = Arrival {
            address: String::new(),
            local_address: String::new(),
            descriptor: -1,
            is_unix: true,
            wire: Box::new(NoWire),
        };
        Arc::new(Client::new(0, arrival, 0))
    }

    fn new(id: u64, arrival: Arrival, now_ms: u64) -> Self {
        let figures = Figures::default();
        figures.seen_ms.store(now_ms, Ordering::Relaxed);
        figures.protocol.store(2, Ordering::Relaxed);
        Client {
            id,
            address: arrival.address,
            local_address: arrival.local_address,
            descriptor: arrival.descriptor,
            is_unix: arrival.is_unix,
            created_ms: now_ms,
            figures,
            named: Mutex::default(),
            waiter: Mutex::default(),
            wire: arrival.wire,
        }
    }

    /// Ends the connection: its task sees the end of the stream at its next read.
    pub fn hang_up(&self) {
        self.wire.hang_up();
    }

    /// Whether it comes from this machine: the loopback interface or the Unix socket.
    pub fn is_local(&self) -> bool {
        let address = self.address.parse::<std::net::SocketAddr>();
        self.is_unix || address.is_ok_and(|address| address.ip().to_canonical().is_loopback())
    }

    /// Lets the connection finish what it is at, and end.
    pub fn stop_reading(&self) {
        self.wire.stop_reading();
    }

    /// Seconds since the last command.
    pub fn idle_seconds(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.figures.seen_ms.load(Ordering::Relaxed)) / 1000
    }
}

/// What `net` knows of a new connection.
pub struct Arrival {
    /// The client's address.
    pub address: String,
    /// The server's side of it.
    pub local_address: String,
    /// The file descriptor.
    pub descriptor: i32,
    /// Came in over the Unix socket.
    pub is_unix: bool,
    /// Ends it.
    pub wire: Box<dyn HangUp>,
}

/// Everyone connected, by number.
#[derive(Default)]
pub struct Clients {
    next: AtomicU64,
    count: AtomicUsize,
    all: Mutex<BTreeMap<u64, Arc<Client>>>,
}

impl Clients {
    /// Takes in a connection.
    pub fn add(&self, arrival: Arrival, now_ms: u64) -> Arc<Client> {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let client = Arc::new(Client::new(id, arrival, now_ms));
        self.all.lock().insert(id, client.clone());
        client
    }

    /// Forgets a connection.
    pub fn remove(&self, id: u64) {
        self.all.lock().remove(&id);
    }

    /// The connection with this number.
    pub fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.all.lock().get(&id).cloned()
    }

    /// All of them, oldest first.
    pub fn all(&self) -> Vec<Arc<Client>> {
        self.all.lock().values().cloned().collect()
    }

    /// How many there are, those being taken in included.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Takes a place for a new connection unless `limit` are taken.
    pub fn take_place(&self, limit: usize) -> bool {
        let more = |count: usize| (count < limit).then_some(count + 1);
        self.count.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// Gives a place back.
    pub fn leave_place(&self) {
        self.count.fetch_sub(1, Ordering::AcqRel);
    }
}
