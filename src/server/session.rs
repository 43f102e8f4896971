//! One connection as commands see it: what it has chosen so far.

use super::{Client, Server, Transaction, Watching, WorkerStats};
use crate::store::Db;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// CLIENT REPLY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyMode {
    /// Every command is answered.
    On,
    /// None is.
    Off,
    /// The command after this one is not.
    SkipNext,
    /// This one is not; afterwards all are.
    SkipThis,
}

/// What a connection has chosen.
pub struct Session {
    /// Its entry among the clients.
    pub client: Arc<Client>,
    /// The database in use.
    pub db: usize,
    /// Whether it may run commands: no password is set, or it gave the right one.
    pub is_authenticated: bool,
    /// CLIENT REPLY.
    pub reply_mode: ReplyMode,
    /// CLIENT NO-TOUCH.
    pub no_touch: bool,
    /// The connection ends once its replies are written.
    pub is_closing: bool,
    /// MULTI has begun.
    pub transaction: Option<Box<Transaction>>,
    /// WATCH.
    watching: Option<Box<Watching>>,
}

impl Session {
    /// A connection as it begins.
    pub fn new(client: Arc<Client>, is_authenticated: bool) -> Self {
        Session {
            client,
            db: 0,
            is_authenticated,
            reply_mode: ReplyMode::On,
            no_touch: false,
            is_closing: false,
            transaction: None,
            watching: None,
        }
    }

    /// Watches one more key, whose shard is locked.
    pub fn watch(&mut self, server: &Arc<Server>, key: &[u8]) {
        let watching = self.watching.get_or_insert_with(|| Box::new(Watching::new(server.clone())));
        watching.add(self.db, key);
        self.client.figures.watched_keys.store(watching.len() as u32, Ordering::Relaxed);
    }

    /// Ends WATCH; gives back what was watched, which ends when it is dropped.
    pub fn stop_watching(&mut self) -> Option<Box<Watching>> {
        self.client.figures.watched_keys.store(0, Ordering::Relaxed);
        self.watching.take()
    }

    /// Goes to another database.
    pub fn select(&mut self, db: usize) {
        self.db = db;
        self.client.figures.db.store(db as u32, Ordering::Relaxed);
    }
}

/// What a handler of a server command sees.
pub struct Context<'a> {
    /// The server.
    pub server: &'a Arc<Server>,
    /// The connection.
    pub session: &'a mut Session,
    /// The counters of the worker it runs on.
    pub stats: &'a WorkerStats,
    /// The moment the command runs at (ms).
    pub now_ms: u64,
    /// Inside EXEC: nothing may wait.
    pub is_exec: bool,
}

impl<'a> Context<'a> {
    /// The session's database with nothing locked.
    pub fn db(&self) -> Db<'a> {
        self.db_at(self.session.db)
    }

    /// A database with nothing locked.
    pub fn db_at(&self, index: usize) -> Db<'a> {
        Db::new(&self.server.keyspace, index, self.now_ms)
    }
}
