//! Transactions: what MULTI queues, and EXEC.
//!
//! EXEC holds the shards of all keys of its commands, and of the keys that are watched, from its
//! first command to its last: nobody sees a part of it. Each command then runs as it does alone
//! (`store::guard` lets it in). A command that looks at keys it does not name (KEYS, FLUSHALL,
//! SELECT …) makes it hold all keys.

use super::run::Turn;
use crate::command::{Args, Entry, Error, Handler, Locks, Outcome, Progress, Reach, error, flag};
use crate::protocol::{Reply, Words};
use crate::server::{Queued, Watching};
use crate::store::hash::hash_key;
use crate::store::{Keyspace, Place};

impl Turn<'_> {
    /// Puts a command in the queue.
    #[cold]
    pub(super) fn queue(&mut self, entry: &Entry, words: Words<'_>, reply: &mut Reply) {
        let Some(transaction) = &mut self.context.session.transaction else { return };
        if entry.has(flag::NO_MULTI) {
            transaction.is_aborted = true;
            return reply.error(error::transactions::NOT_IN_TRANSACTION.text());
        }
        transaction.writes |= entry.has(flag::WRITE);
        if !transaction.is_aborted {
            transaction.queue.push(Queued { command: entry.id, words: words.to_owned() });
        }
        reply.simple("QUEUED");
    }

    /// An EXEC that is refused ends its transaction all the same, and says so.
    #[cold]
    pub(super) fn end_if_exec(&mut self, entry: Option<&Entry>, error: Error) -> Error {
        let is_exec = |entry: &Entry| matches!(entry.command.handler, Handler::Exec);
        if !entry.is_some_and(is_exec) {
            return error;
        }
        self.context.session.transaction = None;
        self.context.session.stop_watching();
        Error::exec_aborted(error.text())
    }

    /// EXEC.
    #[cold]
    pub(super) fn exec(&mut self, reply: &mut Reply) -> Outcome {
        let session = &mut *self.context.session;
        let transaction =
            session.transaction.take().ok_or(error::transactions::EXEC_WITHOUT_MULTI)?;
        let watching = session.stop_watching();
        if transaction.is_aborted {
            return Err(error::transactions::EXEC_ABORTED);
        }
        let server = self.context.server.clone();
        let places = self.places(&transaction.queue, watching.as_deref());
        let holding = server.keyspace.hold(places.as_deref());
        if watching.is_some_and(|keys| is_touched(&server.keyspace, &keys, self.context.now_ms)) {
            reply.null_array();
            return Ok(());
        }
        // Its end, before the shards are unlocked, makes what was written one entry.
        let whole = server.keyspace.followers.begin_transaction();
        reply.array(transaction.queue.len());
        self.context.is_exec = true;
        for queued in &transaction.queue {
            let entry = &self.table.entries()[queued.command];
            self.perform(entry, queued.words.view(), &[], reply);
            self.end_errand(reply);
        }
        self.context.is_exec = false;
        drop(whole);
        drop(holding);
        Ok(())
    }

    /// Goes on with a command that does not end in one turn until it does.
    fn end_errand(&mut self, reply: &mut Reply) {
        let Some(mut rest) = self.unfinished.take() else { return };
        while rest.progress != Progress::Done {
            rest.go_on(&mut self.context, reply);
        }
    }

    /// What the commands of a transaction reach; `None` for everything.
    fn places<'q>(
        &self,
        queue: &'q [Queued],
        watching: Option<&'q Watching>,
    ) -> Option<Vec<Place<'q>>> {
        let db = self.context.session.db;
        let mut places: Vec<Place<'q>> = Vec::new();
        for queued in queue {
            let entry = &self.table.entries()[queued.command];
            let words = queued.words.view();
            match (entry.command.handler, entry.command.locks) {
                _ if entry.has(flag::KEYLESS) => {}
                (Handler::Server(_) | Handler::Long(_) | Handler::Exec, _) => return None,
                (Handler::Container, _) => {}
                (_, Locks::Keys) => {
                    entry.each_key(words, |at| places.push(Place { db, key: words.get(at) }));
                }
                (_, Locks::Places(find)) => {
                    let reach = find(&Args::new(words, entry.name_words), db, &mut places);
                    // A call that is refused later touches nothing.
                    if reach == Ok(Reach::Everything) {
                        return None;
                    }
                }
            }
        }
        places.extend(watching.into_iter().flat_map(Watching::places));
        Some(places)
    }
}

/// Whether a watched key was changed, or has passed its deadline. Its shards are held.
fn is_touched(keyspace: &Keyspace, watching: &Watching, now_ms: u64) -> bool {
    let is_dead = |place: Place<'_>| {
        let hash = hash_key(place.key);
        let table = keyspace.shards(place.db)[keyspace.shard_of(hash)].lock();
        let deadline = table.find(hash, place.key).and_then(|record| record.deadline());
        deadline.is_some_and(|deadline| deadline <= now_ms)
    };
    watching.is_touched() || watching.places().any(is_dead)
}
