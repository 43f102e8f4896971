//! MIGRATE: keys go to another server.
//!
//! ```text
//! keys locked: dumped, watched ─► unlocked: sent and acknowledged ─► locked: removed if unchanged
//!                    ▲                                                   │
//!                    └──────────── sent again if changed ◄───────────────┘
//! ```
//! Redis stands still for all of this, so that no key can change between its copy and its removal.
//! Here clients are served meanwhile: a key that was changed under way is sent again, over what is
//! there, until it has not changed. So it is never lost, and never lives on in two versions.
//! Source: https://redis.io/docs/latest/commands/migrate/

mod exchange;

use crate::command::{Args, Begun, Command, Errand, Error, Progress, error};
use crate::persistence::rdb::write::{Style, dump};
use crate::protocol::Reply;
use crate::server::{Context, Watching};
use crate::store::{Class, Place};
use exchange::{Outcome, Parcel, Target, send};
use std::thread::JoinHandle;
use std::time::Duration;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[MIGRATE];

/// Redis's own time-out where none is given.
const DEFAULT_TIMEOUT_MS: u64 = 1000;
/// A key that changes each time it is sent is sent so often.
const MOST_TRIES: usize = 16;
/// Who waits for the other server looks so often.
const LOOK_MS: u64 = 1;
/// The place of the one key.
const KEY: usize = 3;
/// The place of the first option.
const OPTIONS: usize = 6;

const MIGRATE: Command = Command::long(
    "MIGRATE host port <key | \"\"> destination-db timeout [COPY] [REPLACE] \
     [AUTH auth | AUTH2 username password] [KEYS key [key ...]]",
    migrate,
)
.since("2.6.0")
.flags(crate::command::flag::WRITE | crate::command::flag::MOVABLE_KEYS)
.categories(&["dangerous"])
.keys(&["RW access delete", "RW access delete incomplete"])
.tips(&["nondeterministic_output"])
.costs("O(N) with N the size of the values, here and there")
.about("Moves keys to another server; `COPY` leaves them here as well.");

/// What the call asks for.
struct Wish {
    target: Target,
    copies: bool,
    replaces: bool,
}

fn migrate(context: &mut Context, args: &Args) -> Begun {
    if context.is_exec {
        // The keys of a transaction stay locked to its end; nobody waits for a network so long.
        return Err(error::transactions::NOT_IN_TRANSACTION);
    }
    let (wish, keys) = parse(args)?;
    let db = context.session.db;
    let mut migration =
        Migration { wish, db, under_way: Vec::new(), thread: None, tries: 0, outcome: None };
    migration.start(context, keys.into_iter().map(|key| (key, false)).collect())?;
    Ok(Box::new(migration))
}

fn parse(args: &Args) -> Result<(Wish, Vec<Vec<u8>>), Error> {
    let (mut copies, mut replaces, mut auth, mut keys) = (false, false, None, None);
    let mut at = OPTIONS;
    let word = |at: usize| args.get(at).to_vec();
    while at < args.len() {
        let left = args.len() - at - 1;
        if args.is(at, "COPY") {
            copies = true;
        } else if args.is(at, "REPLACE") {
            replaces = true;
        } else if args.is(at, "AUTH") && left >= 1 {
            auth = Some(vec![word(at + 1)]);
            at += 1;
        } else if args.is(at, "AUTH2") && left >= 2 {
            auth = Some(vec![word(at + 1), word(at + 2)]);
            at += 2;
        } else if args.is(at, "KEYS") {
            if !args.get(KEY).is_empty() {
                return Err(error::persistence::KEY_AND_KEYS);
            }
            keys = Some((at + 1..args.len()).map(word).collect());
            break;
        } else {
            return Err(error::SYNTAX);
        }
        at += 1;
    }
    let timeout_ms = args.integer(5)?;
    let db = args.integer(4)?.to_string().into_bytes();
    let timeout_ms = u64::try_from(timeout_ms).ok().filter(|ms| *ms > 0);
    let timeout = Duration::from_millis(timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS));
    // What is no port cannot be connected to.
    let port = args.integer(2).ok().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    let target = Target { host: args.text(1), port, auth, db, timeout };
    Ok((Wish { target, copies, replaces }, keys.unwrap_or_else(|| vec![word(KEY)])))
}

/// Keys on their way.
struct Migration {
    wish: Wish,
    db: usize,
    /// What was sent, and whether it has changed since.
    under_way: Vec<(Vec<u8>, Watching)>,
    thread: Option<JoinHandle<Outcome>>,
    tries: usize,
    outcome: Option<&'static str>,
}

impl Migration {
    /// Dumps keys, each told whether it was sent before, and sends them.
    fn start(&mut self, context: &Context, keys: Vec<(Vec<u8>, bool)>) -> Result<(), Error> {
        self.tries += 1;
        let parcels = self.pack(context, keys);
        if parcels.is_empty() {
            self.outcome = Some("NOKEY");
            return Ok(());
        }
        let target = self.wish.target.clone();
        let thread = std::thread::Builder::new().name("redstart-migrate".into());
        let thread = thread.spawn(move || send(&target, &parcels)).map_err(|error| {
            tracing::warn!("MIGRATE gets no thread: {error}");
            error::INTERNAL
        })?;
        self.thread = Some(thread);
        Ok(())
    }

    fn pack(&mut self, context: &Context, keys: Vec<(Vec<u8>, bool)>) -> Vec<Parcel> {
        let mut db = context.db_at(self.db);
        db.lock(keys.iter().map(|(key, _)| Place { db: self.db, key }));
        let limits = db.limits();
        let style = Style { version: limits.rdb_version(), compresses: limits.rdbcompression() };
        let mut parcels = Vec::new();
        for (key, was_sent) in keys {
            let content = db.find(&key).map(|record| {
                let left_ms = |deadline: u64| deadline.saturating_sub(db.now()).max(1);
                (dump(&record.value(), style), record.deadline().map_or(0, left_ms))
            });
            if content.is_none() && !was_sent {
                continue;
            }
            let mut watching = Watching::new(context.server.clone());
            watching.add(self.db, &key);
            self.under_way.push((key.clone(), watching));
            parcels.push(Parcel { key, content, replaces: self.wish.replaces || was_sent });
        }
        parcels
    }

    /// Removes what has arrived, unless it has changed meanwhile; gives back what has.
    fn remove(&mut self, context: &Context, arrived: &[bool]) -> Vec<Vec<u8>> {
        let mut changed = Vec::new();
        for ((key, watching), has_arrived) in self.under_way.drain(..).zip(arrived) {
            if !has_arrived {
                continue;
            }
            let mut db = context.db_at(self.db);
            db.lock_one(&key);
            if watching.is_touched() {
                changed.push(key);
            } else if db.remove(&key) {
                db.changed(Class::Generic, "del", &key);
                db.commit([&b"DEL"[..], &key].into_iter());
                context.stats.changes.add(1);
            }
            drop(db);
        }
        changed
    }
}

impl Errand for Migration {
    fn go_on(&mut self, context: &mut Context, reply: &mut Reply) -> Result<Progress, Error> {
        if let Some(outcome) = self.outcome {
            reply.simple(outcome);
            return Ok(Progress::Done);
        }
        let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else {
            return Ok(Progress::After { ms: LOOK_MS });
        };
        let outcome = thread.join().map_err(|_| error::INTERNAL)?;
        let changed = match self.wish.copies {
            true => Vec::new(),
            false => self.remove(context, &outcome.arrived),
        };
        if let Some(failure) = outcome.failure {
            return Err(Error::new(failure));
        }
        if changed.is_empty() {
            reply.ok();
            return Ok(Progress::Done);
        }
        if self.tries >= MOST_TRIES {
            return Err(error::persistence::KEEPS_CHANGING);
        }
        self.start(context, changed.into_iter().map(|key| (key, true)).collect())?;
        Ok(Progress::After { ms: LOOK_MS })
    }
}
