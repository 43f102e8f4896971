//! One command: found, let through the gates, its keys locked, its handler run, its journal entry
//! out, counted.

use super::batch::drops_reply;
use super::blocking::Blocked;
use super::gates;
use crate::command::{
    Args, Entry, Errand, Error, Handler, Locks, Outcome, Progress, Reach, Served, Table, flag,
};
use crate::protocol::{Reply, Words};
use crate::server::histogram;
use crate::server::latency::Spike;
use crate::server::{Context, ReplyMode, SlowCall, WorkerStats};
use crate::store::{Db, KnownHash, Place, Ready};
use smallvec::SmallVec;
use std::time::Instant;

/// A connection's turn: the commands of one batch run in it.
pub(super) struct Turn<'a> {
    pub context: Context<'a>,
    pub table: &'static Table,
    /// Nanoseconds spent in commands that were timed one by one.
    pub slow_nanos: u64,
    /// Quick commands are timed one by one, too.
    pub times_all: bool,
    /// The command that has just run and has not ended.
    pub unfinished: Option<Unfinished>,
    /// The command that has just run waits for its keys to be changed.
    pub blocked: Option<Blocked>,
    /// Keys that were changed and that somebody waits for.
    pub ready: Vec<Ready>,
}

/// A command that goes on after its turn.
pub struct Unfinished {
    errand: Box<dyn Errand>,
    /// What it needs next.
    pub progress: Progress,
    /// The number of the command.
    id: usize,
    /// Its reply is to be dropped.
    is_silent: bool,
}

impl Unfinished {
    /// Gives the command one more turn.
    pub fn go_on(&mut self, context: &mut Context<'_>, reply: &mut Reply) {
        let mark = reply.mark();
        let stats = &context.stats.per_command[self.id];
        let began = Instant::now();
        let outcome = self.errand.go_on(context, reply);
        stats.nanos.add(began.elapsed().as_nanos() as u64);
        self.progress = outcome.unwrap_or_else(|error| {
            stats.failed.add(1);
            context.server.stats.count_error(error.code());
            reply.take_back(mark);
            reply.error(error.text());
            Progress::Done
        });
        if self.is_silent {
            reply.take_back(mark);
        }
    }
}

impl Turn<'_> {
    /// Runs one command and writes its reply, or its error; false when it was refused.
    #[inline]
    pub fn run(
        &mut self,
        entry: Option<&Entry>,
        words: Words<'_>,
        known: &[KnownHash],
        reply: &mut Reply,
    ) -> bool {
        let mark = reply.mark();
        let mode = self.context.session.reply_mode;
        let entry = match self.resolve(entry, words) {
            Ok(entry) => entry,
            Err(error) => {
                let error = self.end_if_exec(entry, error);
                self.refuse(&error, reply);
                self.skip(mode, mark, reply);
                return false;
            }
        };
        if let Err(error) = gates::check(&self.context, entry) {
            let error = self.refused(entry, error);
            let error = self.end_if_exec(Some(entry), error);
            self.refuse(&error, reply);
            self.skip(mode, mark, reply);
            return false;
        }
        let is_queued = self.context.session.transaction.is_some();
        let runs = !is_queued || entry.has(flag::NEVER_QUEUED);
        match runs {
            true => self.perform(entry, words, known, reply),
            false => self.queue(entry, words, reply),
        }
        self.skip(mode, mark, reply);
        runs
    }

    /// Runs a command that was let through, writes its reply or its error, and counts it.
    #[inline]
    pub(super) fn perform(
        &mut self,
        entry: &Entry,
        words: Words<'_>,
        known: &[KnownHash],
        reply: &mut Reply,
    ) {
        let mark = reply.mark();
        let stats = &self.context.stats.per_command[entry.id];
        let is_timed = self.times_all || !entry.is_quick;
        let began = is_timed.then(Instant::now);
        let outcome = self.call(entry, words, known, reply);
        // Counted after it ran: INFO does not count itself.
        stats.calls.add(1);
        if let Some(began) = began {
            let nanos = began.elapsed().as_nanos() as u64;
            stats.took(nanos, histogram::bucket(nanos), 1);
            self.slow_nanos += nanos;
            let server = self.context.server;
            if server.slow_log.is_slow(nanos) || server.latency.is_slow(nanos) {
                self.note_slow(entry, words, nanos);
            }
        }
        if let Err(error) = outcome {
            stats.failed.add(1);
            reply.take_back(mark);
            self.count_error(&error);
            reply.error(error.text());
        }
    }

    /// Takes a call into the slow log, the latency monitor, or both.
    #[cold]
    fn note_slow(&self, entry: &Entry, words: Words<'_>, nanos: u64) {
        let server = self.context.server;
        let unix_seconds = self.context.now_ms / 1000;
        if server.latency.is_slow(nanos) {
            let event = if entry.has(flag::FAST) { "fast-command" } else { "command" };
            server.latency.add(event, Spike { unix_seconds, took_ms: nanos / 1_000_000 });
        }
        if !server.slow_log.is_slow(nanos) {
            return;
        }
        let client = &self.context.session.client;
        server.slow_log.add(SlowCall {
            id: 0,
            unix_seconds,
            took_us: nanos / 1000,
            words: words.iter().map(<[u8]>::to_vec).collect(),
            address: client.address.clone(),
            name: client.named.lock().name.clone(),
        });
    }

    /// The command that the words name, if their number fits it.
    #[inline]
    pub(super) fn resolve<'e>(
        &self,
        entry: Option<&'e Entry>,
        words: Words<'_>,
    ) -> Result<&'e Entry, Error> {
        let Some(mut entry) = entry else {
            let arguments: Vec<&[u8]> = (1..words.len()).map(|at| words.get(at)).collect();
            return Err(Error::unknown_command(words.get(0), &arguments));
        };
        if !entry.subcommands.is_empty() && words.len() > 1 {
            let table: &'static Table = self.table;
            entry = match table.find_subcommand(entry, words.get(1)) {
                Some(sub) => sub,
                None => return Err(Error::unknown_subcommand(&entry.name, words.get(1))),
            };
        }
        match entry.arity.fits(words.len()) {
            true => Ok(entry),
            false => Err(self.refused(entry, Error::arity(&entry.name))),
        }
    }

    /// Counts a refused call of a known command.
    fn refused(&self, entry: &Entry, error: Error) -> Error {
        self.context.stats.per_command[entry.id].rejected.add(1);
        error
    }

    /// Locks what the command needs and calls its handler.
    #[inline]
    pub(super) fn call(
        &mut self,
        entry: &Entry,
        words: Words<'_>,
        known: &[KnownHash],
        reply: &mut Reply,
    ) -> Outcome {
        let args = Args::new(words, entry.name_words);
        match entry.command.handler {
            Handler::Server(run) => {
                // CLIENT LIST shows the command that runs; for others the batch's last will do.
                self.context.session.client.figures.note_command(entry.id);
                let outcome = run(&mut self.context, &args, reply);
                self.ready.append(&mut self.context.server.keyspace.take_ready());
                outcome
            }
            Handler::Exec => self.exec(reply),
            Handler::Long(begin) => {
                let mut errand = begin(&mut self.context, &args)?;
                let progress = errand.go_on(&mut self.context, reply)?;
                if progress != Progress::Done {
                    let rest = Unfinished { errand, progress, id: entry.id, is_silent: false };
                    self.unfinished = Some(rest);
                }
                self.ready.append(&mut self.context.server.keyspace.take_ready());
                Ok(())
            }
            Handler::Container => Err(Error::arity(&entry.name)),
            Handler::Read(run) => {
                let db = self.locked(entry, words, known)?;
                let outcome = run(&db, &args, reply);
                settle(self.context.stats, &db);
                outcome
            }
            Handler::Write(run) => {
                let mut db = self.locked(entry, words, known)?;
                let outcome = run(&mut db, &args, reply);
                // Also after an error: what changed before it did change.
                db.commit(words.iter());
                settle(self.context.stats, &db);
                self.ready.append(&mut db.journal.take_ready());
                outcome
            }
            Handler::Blocking(run) => {
                let mut db = self.locked(entry, words, known)?;
                let outcome = run(&mut db, &args, reply);
                db.commit(words.iter());
                settle(self.context.stats, &db);
                self.ready.append(&mut db.journal.take_ready());
                let (wait, again_ms) = match outcome? {
                    Served::Now => return Ok(()),
                    Served::Later(wait) => (wait, None),
                    Served::LaterOrAt(wait, ms) => (wait, Some(ms)),
                };
                match self.context.is_exec {
                    true => entry.command.refusal.unwrap_or(wait.timed_out)(reply),
                    // Its keys are still locked: no change comes in between.
                    false => self.blocked = Some(self.block(entry, words, (wait, again_ms))),
                }
                Ok(())
            }
        }
    }

    /// The command's keys, locked.
    #[inline]
    fn locked<'k>(
        &self,
        entry: &Entry,
        words: Words<'_>,
        known: &'k [KnownHash],
    ) -> Result<Db<'k>, Error>
    where
        Self: 'k,
    {
        let session = &self.context.session;
        let mut db =
            Db::new(&self.context.server.keyspace, session.db, self.context.now_ms).knowing(known);
        // TOUCH is there to leave a trace, whatever the client chose.
        if session.no_touch && entry.name != "touch" {
            db = db.without_trace();
        }
        lock_keys(&mut db, entry, words)?;
        Ok(db)
    }

    /// Answers a command that does not run; a transaction under way will not either.
    fn refuse(&mut self, error: &Error, reply: &mut Reply) {
        if let Some(transaction) = &mut self.context.session.transaction {
            transaction.is_aborted = true;
        }
        self.count_error(error);
        reply.error(error.text());
    }

    fn count_error(&self, error: &Error) {
        self.context.server.stats.count_error(error.code());
    }

    /// Takes the reply back where CLIENT REPLY asks for silence.
    #[inline]
    fn skip(&mut self, before: ReplyMode, mark: crate::protocol::Mark, reply: &mut Reply) {
        let session = &mut *self.context.session;
        if session.reply_mode == ReplyMode::On && before == ReplyMode::On {
            return;
        }
        if drops_reply(session, before) {
            reply.take_back(mark);
            if let Some(rest) = &mut self.unfinished {
                rest.is_silent = true;
            }
            if let Some(blocked) = &mut self.blocked {
                blocked.is_silent = true;
            }
        }
    }
}

/// Locks the keys of a call.
#[inline]
pub(super) fn lock_keys(db: &mut Db<'_>, entry: &Entry, words: Words<'_>) -> Result<(), Error> {
    let index = db.index();
    match (entry.command.locks, entry.single_key) {
        (Locks::Keys, Some(at)) => db.lock_one(words.get(at)),
        (Locks::Keys, None) => {
            let mut keys = SmallVec::<[usize; 16]>::new();
            entry.each_key(words, |at| keys.push(at));
            db.lock(keys.iter().map(|at| Place { db: index, key: words.get(*at) }));
        }
        (Locks::Places(find), _) => {
            let mut places = Vec::new();
            match find(&Args::new(words, entry.name_words), index, &mut places)? {
                Reach::Places => db.lock(places.into_iter()),
                Reach::Everything => db.lock_all(),
            }
        }
    }
    Ok(())
}

/// Adds what a command did to the counters.
#[inline]
pub(super) fn settle(stats: &WorkerStats, db: &Db<'_>) {
    let tally = &db.tally;
    if tally.hits.get() > 0 {
        stats.hits.add(tally.hits.get() as u64);
    }
    if tally.misses.get() > 0 {
        stats.misses.add(tally.misses.get() as u64);
    }
    if tally.expired_fields > 0 {
        stats.expired_fields.add(tally.expired_fields as u64);
    }
    if tally.expired > 0 {
        stats.expired.add(tally.expired as u64);
    }
    if db.journal.changes > 0 {
        stats.changes.add(db.journal.changes);
    }
}
