//! One connection as commands see it: what it has chosen so far.

use super::{Client, Server, WorkerStats};
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
        }
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
