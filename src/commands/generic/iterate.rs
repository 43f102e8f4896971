//! KEYS, SCAN, RANDOMKEY: commands over all keys of a database.
//!
//! They go shard by shard and never hold two locks. A lock is held for a slice of a few hundred
//! keys, the connection's worker for a turn of a few thousand: neither other shards nor other
//! connections wait for a KEYS of millions.
//!
//! SCAN and RANDOMKEY remove the dead keys they meet, as Redis does: whoever walks on would meet
//! them again and again while expiry is paused or behind.
//!
//! ```text
//! SCAN's cursor    place in the shard's table: 40 bits | shard: up to 10 bits       below 2^53
//! ```
//! so that a client that keeps cursors as doubles loses nothing. The table's part holds over growth
//! and shrinking (`Table::scan`); the number of shards never changes.

use crate::command::{Args, Begun, Command, Errand, Error, Outcome, Progress, error, flag};
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::{Keyspace, Record, Shard, Table};
use crate::types::glob::{Case, glob_match};
use std::collections::HashSet;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[KEYS, SCAN, RANDOMKEY];

/// Keys looked at under one lock: below 0.1 ms.
const KEYS_A_LOCK: usize = 512;
/// Keys looked at before other connections get their turn: about 1 ms.
const KEYS_A_TURN: usize = 8192;

const KEYS: Command = Command::long("KEYS pattern", keys)
    .flags(flag::READONLY)
    .categories(&["dangerous"])
    .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
    .costs("O(N) in the number of keys of the database")
    .about("Every key that matches a pattern.");

fn keys(context: &mut Context, args: &Args) -> Begun {
    let filter = Filter { pattern: pattern(args.get(1)), type_name: None };
    Ok(Box::new(Keys(Walk::new(context.session.db, Position::START, filter))))
}

/// A KEYS under way.
struct Keys(Walk);

impl Errand for Keys {
    fn go_on(&mut self, context: &mut Context, reply: &mut Reply) -> Result<Progress, Error> {
        let mut looked_at = 0;
        while !self.0.at.is_end {
            if looked_at >= KEYS_A_TURN {
                return Ok(Progress::Again);
            }
            looked_at += self.0.slice(context, KEYS_A_LOCK).keys;
        }
        self.0.found.write(reply);
        Ok(Progress::Done)
    }
}

const SCAN: Command = Command::long("SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]", scan)
    .since("2.8.0")
    .flags(flag::READONLY | flag::TOUCHES_ARBITRARY_KEYS)
    .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
    .costs("O(1) a call, O(N) for a whole walk over N keys")
    .about("A few keys and the cursor to go on with; 0 begins, and ends, a walk.");

fn scan(context: &mut Context, args: &Args) -> Begun {
    let cursor = cursor(args.get(1)).ok_or(error::INVALID_CURSOR)?;
    let (mut count, mut filter) = (10, Filter::default());
    let mut at = 2;
    while at < args.len() {
        let has_value = at + 1 < args.len();
        if args.is(at, "COUNT") && has_value {
            count = args.integer(at + 1)?;
            if count < 1 {
                return Err(error::SYNTAX);
            }
        } else if args.is(at, "MATCH") && has_value {
            filter.pattern = pattern(args.get(at + 1));
        } else if args.is(at, "TYPE") && has_value {
            filter.type_name = Some(args.get(at + 1).into());
        } else if args.is(at, "NOVALUES") {
            return Err(error::NOVALUES_OUTSIDE_HSCAN);
        } else {
            return Err(error::SYNTAX);
        }
        at += 2;
    }
    let start = Position::from_cursor(cursor, &context.server.keyspace);
    let walk = Walk::new(context.session.db, start, filter);
    let walk = Walk { dead: Some(KeyList::default()), ..walk };
    Ok(Box::new(Scan { walk, left: count as usize, steps_left: most_steps(count as usize) }))
}

/// The cursor that a client sent: any unsigned 64-bit number, written as strtoull reads it.
fn cursor(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.trim_ascii_start().parse().ok()
}

/// How many groups of a table a SCAN looks into at the most, however few keys it meets there. Redis
/// allows ten a key asked for. An empty group costs next to nothing here: the rest lets a database
/// of few keys end in one call.
fn most_steps(count: usize) -> usize {
    const ALWAYS: usize = 16 * 1024;
    count.saturating_mul(10).saturating_add(ALWAYS)
}

/// A SCAN under way.
struct Scan {
    walk: Walk,
    /// How many more keys to look at.
    left: usize,
    /// How many more groups.
    steps_left: usize,
}

impl Errand for Scan {
    fn go_on(&mut self, context: &mut Context, reply: &mut Reply) -> Result<Progress, Error> {
        let mut looked_at = 0;
        while self.left > 0 && self.steps_left > 0 && !self.walk.at.is_end {
            if looked_at >= KEYS_A_TURN {
                return Ok(Progress::Again);
            }
            let seen = self.walk.slice(context, self.left.min(KEYS_A_LOCK));
            self.walk.remove_dead(context);
            looked_at += seen.keys;
            self.left = self.left.saturating_sub(seen.keys);
            self.steps_left = self.steps_left.saturating_sub(seen.steps);
        }
        let cursor = self.walk.at.cursor(&context.server.keyspace);
        reply.array(2);
        reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
        self.walk.found.write(reply);
        Ok(Progress::Done)
    }
}

/// A pattern to match with; none where every key matches.
fn pattern(word: &[u8]) -> Option<Box<[u8]>> {
    (word != b"*").then(|| word.into())
}

/// Which keys are asked for.
#[derive(Default)]
struct Filter {
    pattern: Option<Box<[u8]>>,
    /// In whatever case; a name that no type has matches nothing.
    type_name: Option<Box<[u8]>>,
}

impl Filter {
    fn accepts(&self, record: &Record<'_>) -> bool {
        let is_of_type = |name: &[u8]| record.type_name().as_bytes().eq_ignore_ascii_case(name);
        let matches = |pattern: &[u8]| glob_match(pattern, record.key(), Case::Sensitive);
        self.type_name.as_deref().is_none_or(is_of_type)
            && self.pattern.as_deref().is_none_or(matches)
    }
}

/// How far a walk has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Position {
    shard: usize,
    /// The table's own cursor in that shard.
    place: u64,
    is_end: bool,
}

impl Position {
    const START: Position = Position { shard: 0, place: 0, is_end: false };

    /// Where a cursor points. One that no server gave points anywhere, but into a table.
    fn from_cursor(cursor: u64, keyspace: &Keyspace) -> Self {
        let shards = keyspace.shard_count() as u64;
        let place = cursor / shards % Table::CURSORS;
        Position { shard: (cursor % shards) as usize, place, is_end: false }
    }

    /// What a client goes on with; 0 at the end.
    fn cursor(self, keyspace: &Keyspace) -> u64 {
        if self.is_end { 0 } else { self.place * keyspace.shard_count() as u64 + self.shard as u64 }
    }
}

/// A walk over the keys of a database.
struct Walk {
    db: usize,
    at: Position,
    filter: Filter,
    found: KeyList,
    /// What was found before the shard it is in.
    found_before: usize,
    /// Dead keys of the last slice, where they are asked for.
    dead: Option<KeyList>,
}

/// What one slice looked at.
#[derive(Default)]
struct Seen {
    keys: usize,
    /// Groups of the table.
    steps: usize,
}

impl Walk {
    fn new(db: usize, at: Position, filter: Filter) -> Self {
        Walk { db, at, filter, found: KeyList::default(), found_before: 0, dead: None }
    }

    /// Goes on by one lock: through about `most` keys, or to the end of the shard.
    fn slice(&mut self, context: &Context, most: usize) -> Seen {
        let Some(shards) = context.server.keyspace.used_shards(self.db) else {
            self.at.is_end = true;
            return Seen::default();
        };
        let is_whole_shard = self.at.place == 0;
        let seen = self.slice_of(&shards[self.at.shard], most, context.now_ms);
        if self.at.place != 0 {
            return seen;
        }
        if !is_whole_shard {
            // A table that shrinks between two slices may show a key twice.
            self.found.remove_repeats(self.found_before);
        }
        self.found_before = self.found.len();
        self.at.shard += 1;
        self.at.is_end = self.at.shard == shards.len();
        seen
    }

    /// Removes the dead keys of the last slice.
    fn remove_dead(&mut self, context: &Context) {
        let Some(dead) = &mut self.dead else { return };
        let dead = std::mem::take(dead);
        (0..dead.len()).for_each(|at| remove_dead(context, self.db, dead.get(at)));
    }

    fn slice_of(&mut self, shard: &Shard, most: usize, now_ms: u64) -> Seen {
        /// Groups looked into under one lock, where they hold few keys.
        const STEPS_A_LOCK: usize = 1024;
        let mut seen = Seen::default();
        let table = shard.lock();
        while seen.keys < most && seen.steps < STEPS_A_LOCK {
            self.at.place = table.scan(self.at.place, &mut |record| {
                seen.keys += 1;
                if record.is_dead(now_ms) {
                    self.dead.iter_mut().for_each(|dead| dead.push(record.key()));
                } else if self.filter.accepts(record) {
                    self.found.push(record.key());
                }
            });
            if self.at.place == 0 {
                break;
            }
            seen.steps += 1;
        }
        seen
    }
}

/// Removes a key if it is dead still.
fn remove_dead(context: &Context, db: usize, key: &[u8]) {
    // Nothing changes during CLIENT PAUSE.
    if context.server.pause.at(context.now_ms).is_some() {
        return;
    }
    let mut db = context.db_at(db);
    db.lock_one(key);
    db.remove_dead_unasked(key);
    context.stats.expired.add(db.tally.expired.into());
    context.stats.expired_fields.add(db.tally.expired_fields.into());
}

/// Keys, one after the other in one piece of memory.
#[derive(Default)]
struct KeyList {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyList {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    /// Leaves each key from number `from` on only once.
    fn remove_repeats(&mut self, from: usize) {
        let mut seen = HashSet::with_capacity(self.len() - from);
        let first_times: Vec<usize> =
            (from..self.len()).filter(|at| seen.insert(self.get(*at))).collect();
        if first_times.len() == self.len() - from {
            return;
        }
        let mut left = KeyList::default();
        first_times.iter().for_each(|at| left.push(self.get(*at)));
        self.ends.truncate(from);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
        (0..left.len()).for_each(|at| self.push(left.get(at)));
    }

    fn write(&self, reply: &mut Reply) {
        reply.array(self.len());
        (0..self.len()).for_each(|at| reply.bulk(self.get(at)));
    }
}

const RANDOMKEY: Command = Command::server("RANDOMKEY", randomkey)
    .flags(flag::READONLY | flag::TOUCHES_ARBITRARY_KEYS)
    .tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"])
    .costs("O(1); one look at each shard")
    .about("Any key of the database, all being about equally likely; null where there is none.");

fn randomkey(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    /// Dead keys met by chance before a living one is looked for in order: expiry removes them
    /// within milliseconds.
    const TRIES: usize = 32;
    let key = (0..TRIES).find_map(|_| drawn_key(context));
    match key.or_else(|| first_living(context)) {
        Some(key) => reply.bulk(&key),
        None => reply.null(),
    }
    Ok(())
}

/// A key drawn by chance, if it is alive.
fn drawn_key(context: &Context) -> Option<Box<[u8]>> {
    let index = context.session.db;
    let shards = context.server.keyspace.used_shards(index)?;
    let sizes: Vec<usize> = shards.iter().map(|shard| shard.lock().len()).collect();
    let total: usize = sizes.iter().sum();
    let mut number = if total == 0 { return None } else { fastrand::usize(..total) };
    let is_drawn = |size: &usize| {
        let is_here = number < *size;
        number = number.saturating_sub(*size);
        is_here
    };
    let drawn = sizes.iter().position(is_drawn)?;
    let table = shards[drawn].lock();
    let record = table.random(fastrand::u64(..))?;
    let (key, is_dead) = (Box::from(record.key()), record.is_dead(context.now_ms));
    drop(table);
    if is_dead {
        remove_dead(context, index, &key);
        return None;
    }
    Some(key)
}

/// The first key of the database that is alive: for a database in which nearly all are dead.
fn first_living(context: &Context) -> Option<Box<[u8]>> {
    let mut walk = Walk::new(context.session.db, Position::START, Filter::default());
    while !walk.at.is_end {
        walk.slice(context, 1);
        if walk.found.len() > 0 {
            return Some(walk.found.get(0).into());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_stay_below_what_a_double_counts_exactly() {
        let keyspace = Keyspace::new(1, crate::store::MOST_SHARD_BITS);
        let last = Position { shard: 1023, place: Table::CURSORS - 1, is_end: false };
        let cursor = last.cursor(&keyspace);
        assert!(cursor < 1 << 53);
        assert_eq!(Position::from_cursor(cursor, &keyspace), last);
        assert_eq!(Position::from_cursor(0, &keyspace), Position::START);
        Position::from_cursor(u64::MAX, &keyspace);
    }

    #[test]
    fn repeats_are_removed_from_the_last_shard_only() {
        let mut list = KeyList::default();
        ["a", "b", "c", "b", "", "c", "", "d"].iter().for_each(|key| list.push(key.as_bytes()));
        list.remove_repeats(2);
        let keys: Vec<&[u8]> = (0..list.len()).map(|at| list.get(at)).collect();
        assert_eq!(keys, [&b"a"[..], b"b", b"c", b"b", b"", b"d"]);
        list.remove_repeats(list.len());
        assert_eq!(list.len(), 6);
    }
}
