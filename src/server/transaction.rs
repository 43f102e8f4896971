//! What a connection has begun: MULTI's queue, and the keys it watches.

use super::Server;
use crate::protocol::OwnedWords;
use crate::store::{Place, Touched};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A queued command.
pub struct Queued {
    /// The number of the command.
    pub command: usize,
    /// Its words.
    pub words: OwnedWords,
}

/// MULTI: what EXEC will run.
#[derive(Default)]
pub struct Transaction {
    /// The commands, in order.
    pub queue: Vec<Queued>,
    /// One was refused: EXEC will refuse all.
    pub is_aborted: bool,
    /// One of them writes.
    pub writes: bool,
}

/// WATCH: keys that must not change before EXEC. Ends when it is dropped.
pub struct Watching {
    server: Arc<Server>,
    touched: Touched,
    keys: Vec<(usize, Box<[u8]>)>,
}

impl Watching {
    /// Watches nothing yet.
    pub fn new(server: Arc<Server>) -> Self {
        Watching { server, touched: Touched::default(), keys: Vec::new() }
    }

    /// Watches one more key. To be called with its shard locked.
    pub fn add(&mut self, db: usize, key: &[u8]) {
        if self.places().any(|place| place.db == db && place.key == key) {
            return;
        }
        self.server.keyspace.watch(&Place { db, key }, &self.touched);
        self.keys.push((db, key.into()));
    }

    /// The keys.
    pub fn places(&self) -> impl Iterator<Item = Place<'_>> {
        self.keys.iter().map(|(db, key)| Place { db: *db, key })
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it watches nothing.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether one of the keys was changed.
    pub fn is_touched(&self) -> bool {
        self.touched.load(Ordering::SeqCst)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        for (db, key) in &self.keys {
            self.server.keyspace.unwatch(&Place { db: *db, key }, &self.touched);
        }
    }
}
