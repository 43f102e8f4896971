//! A batch: the commands that one read brought.
//!
//! Three passes over it. The first looks every command up and hashes its keys; the second, for
//! tables that do not fit the processor's cache, fetches first the groups and then the records of
//! all keys, and likewise of the elements of large containers, so that the misses of a whole batch
//! overlap instead of following one another; the third runs the commands in order.

use super::blocking::{Blocked, Waiters};
use super::run::Unfinished;
use super::{gates, run};
use crate::command::{Entry, Locks, Table};
use crate::protocol::{Batch, Input, Reply, Words};
use crate::server::histogram;
use crate::server::{Context, ReplyMode, Server, Session, Waiter, WorkerStats, clock};
use crate::store::hash::hash_key;
use crate::store::{Dict, Guard, Keyspace, KnownHash};
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Replies of one batch are written out once they reach this, so that a batch of large reads stays
/// bounded.
const MOST_REPLY_BYTES: usize = 1024 * 1024;

/// A database with fewer keys than this lies in the processor's cache: nothing is fetched ahead.
const MANY_KEYS: usize = 50_000;

/// The same for the elements of a container.
const MANY_ELEMENTS: usize = 10_000;

/// The two steps of a look-up that may each miss the processor's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch {
    /// The group of slots.
    Group,
    /// The record that a slot refers to.
    Record,
}

/// What `net` does after a batch.
pub enum Flow {
    /// Every command ran: write the replies, drop the batch's bytes, read on.
    Done,
    /// Replies piled up: write them, then go on with this batch.
    Write,
    /// A pause is in force: write, and try the rest again after this many milliseconds.
    Wait(u64),
    /// A command has not ended: write, and go on with it before the rest of the batch.
    GoOn(Unfinished),
    /// A command waits for its keys to be changed: write, and go on with the rest of the batch once
    /// it is answered.
    Block(Blocked),
    /// Write the replies and close.
    Close,
}

/// A command of the batch, looked up.
pub(super) struct Planned<'t> {
    /// Its entry, unless the table has no such command.
    pub entry: Option<&'t Entry>,
    /// Its keys' hashes among the batch's.
    pub known: Range<u32>,
}

/// Runs batches on one worker. Its buffers are used again for every batch of every connection.
pub struct Engine {
    server: Arc<Server>,
    table: &'static Table,
    worker: usize,
    plan: Plan,
}

impl Engine {
    /// An engine for worker number `worker`.
    pub fn new(server: Arc<Server>, table: &'static Table, worker: usize) -> Self {
        Engine { server, table, worker, plan: Plan::default() }
    }

    /// The counters of this worker.
    pub fn stats(&self) -> &WorkerStats {
        &self.server.stats.workers[self.worker]
    }

    /// Runs the commands of `batch` from number `from` on; says how many have run, and what to do
    /// next.
    pub fn run(
        &mut self,
        session: &mut Session,
        bytes: (&Input, &Batch),
        from: usize,
        reply: &mut Reply,
    ) -> (usize, Flow) {
        let (input, batch) = bytes;
        let end = batch.len();
        let began_ns = clock::now_ns();
        let now_ms = began_ns / 1_000_000;
        session.client.figures.seen_ms.store(now_ms, Ordering::Relaxed);
        let Engine { server, table, plan, .. } = self;
        plan.make(table, bytes, from);
        plan.prefetch(&server.keyspace, session.db, bytes);
        let mut done = from;
        let mut flow = Flow::Done;
        let mut turn = run::Turn {
            context: Context {
                stats: &server.stats.workers[self.worker],
                server,
                session,
                now_ms,
                is_exec: false,
            },
            table,
            slow_nanos: 0,
            times_all: server.times_quick_commands.load(Ordering::Relaxed),
            unfinished: None,
            blocked: None,
            ready: Vec::new(),
        };
        while done < end {
            let planned = &plan.planned[done - from];
            let known = &plan.known[planned.known.start as usize..planned.known.end as usize];
            let words = input.view(batch, done);
            if let Some(wait_ms) = gates::waits(&turn.context, planned.entry) {
                flow = Flow::Wait(wait_ms);
                break;
            }
            if !turn.run(planned.entry, words, known, reply) {
                // It took no time that would be its own.
                plan.planned[done - from].entry = None;
            }
            done += 1;
            if let Some(next) = turn.interrupted() {
                flow = next;
                break;
            }
            if reply.pending_bytes() > MOST_REPLY_BYTES && done < end {
                flow = Flow::Write;
                break;
            }
        }
        let (times_all, slow_nanos) = (turn.times_all, turn.slow_nanos);
        // The time of day serves as a stop-watch: one reading less for each batch. Where it was set
        // back meanwhile, the batch took no time.
        let nanos = clock::now_ns().saturating_sub(began_ns).saturating_sub(slow_nanos);
        let ran = &plan.planned[..done - from];
        note_figures(session, ran);
        count(&server.stats.workers[self.worker], ran, (!times_all).then_some(nanos));
        (done, flow)
    }

    /// Fetches ahead for a lone command: first the group of its key, then its record. True when
    /// there is something to fetch, so that the others' turns are worth waiting for. Its key is
    /// looked up in the same way when it runs.
    pub fn fetch_ahead(&self, session: &Session, words: Words<'_>, step: Fetch) -> bool {
        let single = self.table.find(words.get(0)).and_then(|entry| entry.single_key);
        let Some(at) = single.filter(|at| *at < words.len()) else { return false };
        let keyspace = &self.server.keyspace;
        let Some(shards) = keyspace.used_shards(session.db) else { return false };
        let hash = hash_key(words.get(at));
        let Some(table) = shards[keyspace.shard_of(hash)].try_lock() else { return false };
        if table.len() * shards.len() < MANY_KEYS {
            return false;
        }
        match step {
            Fetch::Group => table.prefetch_group(hash),
            Fetch::Record => table.prefetch_record(hash),
        }
        true
    }

    /// Gives a command that has not ended one more turn.
    pub fn go_on(&self, session: &mut Session, rest: &mut Unfinished, reply: &mut Reply) {
        let now_ms = clock::now_ms();
        let server = &self.server;
        let mut context = Context { stats: self.stats(), server, session, now_ms, is_exec: false };
        rest.go_on(&mut context, reply);
    }

    /// Tries again for a client that waits and asked for a try at this moment.
    pub fn try_again(&self, waiter: &Waiter) {
        let (server, table, stats) = (&*self.server, self.table, self.stats());
        Waiters { server, table, stats, now_ms: clock::now_ms() }.try_now(waiter);
    }
}

impl run::Turn<'_> {
    /// What the command that has just run wants before the next may: that those who wait for its
    /// keys are served, that the connection waits, goes on with it, or closes.
    #[inline]
    fn interrupted(&mut self) -> Option<Flow> {
        if !self.ready.is_empty() {
            self.serve_waiters();
        }
        if let Some(blocked) = self.blocked.take() {
            return Some(Flow::Block(blocked));
        }
        if let Some(rest) = self.unfinished.take() {
            return Some(Flow::GoOn(rest));
        }
        self.context.session.is_closing.then_some(Flow::Close)
    }
}

/// The commands of a batch, looked up, and the hashes of their keys.
#[derive(Default)]
struct Plan {
    planned: Vec<Planned<'static>>,
    known: Vec<KnownHash>,
    /// Commands that name an element of a container: their number in the batch, and that of their
    /// key's hash.
    elements: Vec<(u32, u32)>,
    /// By shard, while keys are fetched: the number of its guard.
    guard_of: Vec<u16>,
}

impl Plan {
    /// Looks up the commands from number `from` on and hashes their keys.
    fn make(&mut self, table: &'static Table, (input, batch): (&Input, &Batch), from: usize) {
        self.planned.clear();
        self.known.clear();
        self.elements.clear();
        // Most pipelines send one command again and again: its look-up is done once.
        let mut last: (&[u8], Option<&'static Entry>) = (b"", None);
        for index in from..batch.len() {
            let words = input.view(batch, index);
            if words.get(0) != last.0 {
                last = (words.get(0), table.find(words.get(0)));
            }
            let entry = last.1;
            let first = self.known.len() as u32;
            if let Some(entry) = entry.filter(|entry| hashes_ahead(entry, words)) {
                let known = &mut self.known;
                entry.each_key(words, |at| {
                    let key = words.get(at);
                    known.push(KnownHash { address: key.as_ptr() as usize, hash: hash_key(key) });
                });
                if entry.element.is_some() {
                    self.elements.push((index as u32, first));
                }
            }
            self.planned.push(Planned { entry, known: first..self.known.len() as u32 });
        }
    }

    /// Fetches the groups, then the records, of all keys of the batch; and of the elements.
    fn prefetch(&mut self, keyspace: &Keyspace, db: usize, bytes: (&Input, &Batch)) {
        let Some(shards) = keyspace.used_shards(db).filter(|_| self.known.len() > 1) else {
            return;
        };
        // A lock orders the reads before and after it. So all are taken first, and kept until the
        // records are asked for: the reads of all groups then wait together.
        let mut guards: SmallVec<[Guard<'_>; 64]> = SmallVec::new();
        self.guard_of.resize(shards.len(), NO_GUARD);
        for known in &self.known {
            let shard = keyspace.shard_of(known.hash);
            // A shard that somebody holds is left alone: fetching is worth less than waiting.
            if self.guard_of[shard] == NO_GUARD
                && let Some(guard) = shards[shard].try_lock()
            {
                self.guard_of[shard] = guards.len() as u16;
                guards.push(guard);
            }
            if let Some(table) = guards.get(usize::from(self.guard_of[shard])) {
                table.prefetch_group(known.hash);
            }
        }
        for known in &self.known {
            let number = &self.guard_of[keyspace.shard_of(known.hash)];
            if let Some(table) = guards.get(usize::from(*number)) {
                table.prefetch_record(known.hash);
            }
        }
        if !self.elements.is_empty() {
            self.prefetch_elements(keyspace, &guards, bytes);
        }
        for known in &self.known {
            self.guard_of[keyspace.shard_of(known.hash)] = NO_GUARD;
        }
    }

    /// The same for elements of containers that do not fit the processor's cache.
    fn prefetch_elements(
        &self,
        keyspace: &Keyspace,
        guards: &[Guard<'_>],
        (input, batch): (&Input, &Batch),
    ) {
        let from = batch.len() - self.planned.len();
        let mut hashed: SmallVec<[(&Dict, u64); 64]> = SmallVec::new();
        for (index, known) in &self.elements {
            let words = input.view(batch, *index as usize);
            let entry = self.planned[*index as usize - from].entry;
            let places = entry.and_then(|entry| entry.single_key.zip(entry.element));
            let hash = self.known[*known as usize].hash;
            let guard = guards.get(usize::from(self.guard_of[keyspace.shard_of(hash)]));
            let (Some((key, element)), Some(table)) = (places, guard) else { continue };
            let elements = table.elements(hash, words.get(key));
            if let Some(dict) = elements.filter(|dict| dict.len() >= MANY_ELEMENTS)
                && element < words.len()
            {
                let hash = dict.hash_of(words.get(element));
                dict.prefetch_group(hash);
                hashed.push((dict, hash));
            }
        }
        for (dict, hash) in hashed {
            dict.prefetch_element(hash);
        }
    }
}

/// Marks a shard without a guard.
const NO_GUARD: u16 = u16::MAX;

/// Counts the commands that ran. Quick ones share the batch's time: a clock read for each would
/// cost as much as they do. None: each was timed by itself.
fn count(stats: &WorkerStats, ran: &[Planned<'_>], quick_nanos: Option<u64>) {
    stats.commands.add(ran.len() as u64);
    let Some(nanos) = quick_nanos else { return };
    let quick = || ran.iter().filter_map(|planned| planned.entry).filter(|entry| entry.is_quick);
    let share = nanos / (quick().count().max(1) as u64);
    let bucket = histogram::bucket(share);
    // Most batches are one command again and again: counted at once.
    let mut left = quick().peekable();
    while let Some(entry) = left.next() {
        let mut calls = 1;
        while left.next_if(|next| next.id == entry.id).is_some() {
            calls += 1;
        }
        stats.per_command[entry.id].took(share, bucket, calls);
    }
}

/// Whether a command's keys are hashed before it runs.
#[inline]
fn hashes_ahead(entry: &Entry, words: Words<'_>) -> bool {
    /// Beyond this, fetching ahead only pushes out what was fetched before.
    const MOST_WORDS: usize = 64;
    matches!(entry.command.locks, Locks::Keys)
        && entry.arity.fits(words.len())
        && words.len() <= MOST_WORDS
}

/// Writes down what CLIENT LIST shows of the connection.
fn note_figures(session: &Session, ran: &[Planned<'_>]) {
    let figures = &session.client.figures;
    // A container's subcommand noted itself as it ran.
    if let Some(Planned { entry: Some(entry), .. }) = ran.last()
        && entry.subcommands.is_empty()
    {
        figures.note_command(entry.id);
    }
    let commands = figures.commands.load(Ordering::Relaxed) + ran.len() as u64;
    figures.commands.store(commands, Ordering::Relaxed);
}

/// Moves CLIENT REPLY on after a command; true when this command's reply is to be dropped.
pub(super) fn drops_reply(session: &mut Session, before: ReplyMode) -> bool {
    match (before, session.reply_mode) {
        // CLIENT REPLY ON is answered although replies were off.
        (_, ReplyMode::On) => false,
        (ReplyMode::SkipThis, ReplyMode::SkipThis) => {
            session.reply_mode = ReplyMode::On;
            true
        }
        (_, ReplyMode::SkipNext) => {
            session.reply_mode = ReplyMode::SkipThis;
            true
        }
        (_, ReplyMode::Off | ReplyMode::SkipThis) => true,
    }
}
