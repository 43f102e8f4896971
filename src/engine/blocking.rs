//! Blocking: commands that wait until somebody changes one of their keys.
//!
//! ```text
//! BLPOP finds nothing ─► a waiter in the queue of each key ─► its connection sleeps
//! LPUSH … ends ─► its keys have waiters? ─► their own handlers are tried again, in order
//!                                           ─► answered: their connections write the reply
//! ```
//! Whoever changed the key tries for those who wait, before the next command of its own connection
//! runs: first come, first served. A transaction ends first.

use super::run::{Turn, lock_keys, settle};
use crate::command::{Args, Entry, Handler, Served, Table, Wait};
use crate::protocol::{Protocol, Reply, Words};
use crate::server::waiting::{Answer, Request};
use crate::server::{Server, Waiter, WorkerStats};
use crate::store::{Db, Ready};
use std::collections::VecDeque;
use std::sync::Arc;

/// A command whose connection sleeps.
pub struct Blocked {
    /// Its place in the queues.
    pub waiter: Arc<Waiter>,
    /// When it gives up (ms); `None` for never.
    pub until_ms: Option<u64>,
    /// What it is answered then.
    timed_out: fn(&mut Reply),
    /// Its reply is to be dropped.
    pub(super) is_silent: bool,
}

impl Blocked {
    /// Writes an answer.
    pub fn write(&self, answer: Answer, reply: &mut Reply) {
        if self.is_silent {
            return;
        }
        match answer {
            Answer::Reply(bytes) => reply.raw(&bytes),
            Answer::TimedOut => (self.timed_out)(reply),
            Answer::Unblocked => {
                reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
            }
        }
    }
}

impl Turn<'_> {
    /// Puts the connection in the queues of the keys it waits for, which are locked.
    #[cold]
    pub(super) fn block(
        &self,
        entry: &Entry,
        words: Words<'_>,
        (wait, again_ms): (Wait, Option<u64>),
    ) -> Blocked {
        let session = &self.context.session;
        let keys = wait.keys.iter().map(|at| words.get(*at).into()).collect();
        let is_resp3 = session.client.figures.is_resp3();
        let request = Request {
            command: entry.id,
            call: wait.call.unwrap_or_else(|| words.to_owned()),
            db: session.db,
            keys,
            is_resp3,
            ends_on_error: wait.ends_on_error,
            awaits_end: wait.ends_on_error && entry.group == "stream",
        };
        let server = self.context.server;
        let waiter = server.waiting.add(&server.keyspace, request);
        waiter.set_again(again_ms);
        *session.client.waiter.lock() = Some(waiter.clone());
        let (until_ms, timed_out) = (wait.until_ms, wait.timed_out);
        Blocked { waiter, until_ms, timed_out, is_silent: false }
    }
}

impl Turn<'_> {
    /// Serves who waits for the keys that the last command changed.
    #[cold]
    pub(super) fn serve_waiters(&mut self) {
        let ready = std::mem::take(&mut self.ready);
        let context = &self.context;
        let (server, stats, now_ms) = (context.server, context.stats, context.now_ms);
        Waiters { server, table: self.table, stats, now_ms }.serve(ready);
    }
}

/// Who serves: what it needs to run the commands of others.
pub struct Waiters<'a> {
    /// The server.
    pub server: &'a Server,
    /// Its commands.
    pub table: &'static Table,
    /// The counters of the thread that serves.
    pub stats: &'a WorkerStats,
    /// Now (ms).
    pub now_ms: u64,
}

impl Waiters<'_> {
    /// Tries again for everyone who waits for one of these keys, and for the keys that this
    /// changes in turn.
    pub fn serve(&self, ready: Vec<Ready>) {
        let mut ready = VecDeque::from(ready);
        while let Some(key) = ready.pop_front() {
            let mut last = None;
            while let Some((ticket, waiter)) = self.server.waiting.next(&key, last) {
                last = Some(ticket);
                if let Some(awaited) = self.awaited_type(&waiter) {
                    match self.type_of(&key) {
                        // Those behind who wait on behalf of a group are told that it has gone.
                        None if self.server.waiting.is_an_end_awaited() => continue,
                        None => break,
                        Some(held) if held != awaited => continue,
                        Some(_) => {}
                    }
                }
                if waiter.claim() {
                    ready.extend(self.try_again(&waiter));
                }
            }
        }
    }

    /// Tries again for one that waits, since it asked for a try at this moment.
    pub fn try_now(&self, waiter: &Waiter) {
        if waiter.claim() {
            let ready = self.try_again(waiter);
            self.serve(ready);
        }
    }

    /// What a key must hold for the waiter to be tried again: as in Redis, who waits for a list or
    /// a sorted set is told of nothing else.
    fn awaited_type(&self, waiter: &Waiter) -> Option<&'static str> {
        match self.table.entries()[waiter.command].group {
            "list" => Some("list"),
            "sorted-set" => Some("zset"),
            _ => None,
        }
    }

    /// What the key holds; none where there is nothing to take.
    fn type_of(&self, (db, key): &Ready) -> Option<&'static str> {
        let mut view = Db::new(&self.server.keyspace, *db, self.now_ms);
        view.lock_one(key);
        view.look(*db, key).map(|record| record.type_name())
    }

    /// Runs the call of a waiter that was claimed; gives back the keys it has changed and that
    /// others wait for.
    fn try_again(&self, waiter: &Waiter) -> Vec<Ready> {
        let entry = &self.table.entries()[waiter.command];
        let words = waiter.call.view();
        let mut reply = Reply::new();
        if waiter.is_resp3 {
            reply.set_protocol(Protocol::Resp3);
        }
        let Handler::Blocking(run) = entry.command.handler else {
            unreachable!("only such a command waits");
        };
        let mut db = Db::new(&self.server.keyspace, waiter.db, self.now_ms);
        let locked = lock_keys(&mut db, entry, words);
        let served =
            locked.and_then(|()| run(&mut db, &Args::new(words, entry.name_words), &mut reply));
        db.commit(words.iter());
        settle(self.stats, &db);
        let ready = db.journal.take_ready();
        let answer = match served {
            Ok(Served::Now) => Some(reply.to_vec()),
            Err(error) if waiter.ends_on_error => {
                self.stats.per_command[entry.id].failed.add(1);
                self.server.stats.count_error(error.code());
                let mut refusal = Reply::new();
                refusal.error(error.text());
                Some(refusal.to_vec())
            }
            Ok(Served::LaterOrAt(_, ms)) => {
                waiter.set_again(Some(ms));
                None
            }
            Ok(Served::Later(_)) | Err(_) => None,
        };
        // With its keys still locked: a change that comes now finds it free to be taken again.
        match answer {
            None => waiter.release(),
            Some(bytes) => {
                self.server.waiting.remove(&self.server.keyspace, waiter);
                waiter.answer(Answer::Reply(bytes));
            }
        }
        ready
    }
}
