//! HSCAN and HRANDFIELD: parts of a hash.
//!
//! What Redis would keep in one listpack is scanned in one call, whatever COUNT says, as there.

use super::edit::Pair;
use super::view::{self, View};
use crate::command::error::{self, hashes};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::{Protocol, Reply};
use crate::store::Db;
use crate::types::glob::{Case, glob_match};
use crate::types::hash::Form;
use std::collections::HashSet;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[HSCAN, HRANDFIELD];

/// About the most bytes HRANDFIELD answers with repeats: Redis has no such limit, and fills its
/// memory.
const MOST_REPEATED_BYTES: u64 = 1 << 30;

const HSCAN: Command = Command::read(
    "HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]",
    hscan,
)
.since("2.8.0")
.tips(&["nondeterministic_output"])
.costs("O(1) a call, O(N) for a whole walk over N fields")
.about("A few fields with their values and the cursor to go on with; 0 begins, and ends, a walk.");

fn hscan(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let cursor = cursor(args.get(2)).ok_or(error::INVALID_CURSOR)?;
    let hash = view::find(db, args.get(1))?;
    let Some(hash) = hash else {
        reply.array(2);
        reply.bulk(b"0");
        reply.array(0);
        return Ok(());
    };
    let filter = Filter::read(args)?;
    let mut found = Vec::new();
    let next = filter.scan(hash, cursor, &mut found);
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    reply.array(if filter.has_values { 2 * found.len() } else { found.len() });
    for (field, value) in found {
        reply.bulk(field);
        if filter.has_values {
            reply.bulk(value);
        }
    }
    Ok(())
}

/// The cursor that a client sent: any unsigned 64-bit number, written as strtoull reads it.
fn cursor(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.trim_ascii_start().parse().ok()
}

/// What HSCAN was asked for.
struct Filter<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
    has_values: bool,
}

impl<'a> Filter<'a> {
    fn read(args: &Args<'a>) -> Result<Self, Error> {
        let mut filter = Filter { pattern: None, count: 10, has_values: true };
        let mut at = 3;
        while at < args.len() {
            let has_value = at + 1 < args.len();
            if args.is(at, "COUNT") && has_value {
                let count = args.integer(at + 1)?;
                filter.count = usize::try_from(count).map_err(|_| error::SYNTAX)?;
                if count < 1 {
                    return Err(error::SYNTAX);
                }
                at += 2;
            } else if args.is(at, "MATCH") && has_value {
                filter.pattern = Some(args.get(at + 1)).filter(|pattern| *pattern != b"*");
                at += 2;
            } else if args.is(at, "NOVALUES") {
                filter.has_values = false;
                at += 1;
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(filter)
    }

    /// Collects what is found from `cursor` on; gives back the next cursor.
    fn scan<'h>(&self, hash: View<'h>, cursor: u64, found: &mut Vec<Pair<'h>>) -> u64 {
        let matches = |field: &[u8]| {
            self.pattern.is_none_or(|pattern| glob_match(pattern, field, Case::Sensitive))
        };
        let (table, now_ms) = match hash {
            View::Large(hash, now_ms) if hash.form() == Form::Table => (hash, now_ms),
            _ => {
                hash.each(|field, value| {
                    if matches(field) {
                        found.push((field, value));
                    }
                });
                return 0;
            }
        };
        let (mut next, mut seen) = (cursor, 0);
        // Nearly empty parts of a table that shrank: Redis looks into ten for each field asked for.
        for _ in 0..self.count.saturating_mul(10) {
            next = table.scan(next, now_ms, |field, value| {
                seen += 1;
                if matches(field) {
                    found.push((field, value));
                }
            });
            if next == 0 || seen >= self.count {
                break;
            }
        }
        next
    }
}

const HRANDFIELD: Command = Command::read("HRANDFIELD key [count [WITHVALUES]]", hrandfield)
    .since("6.2.0")
    .tips(&["nondeterministic_output"])
    .costs("O(N) in the number of fields answered.")
    .about("Fields drawn by chance: different ones, or with repeats where the count is negative.");

fn hrandfield(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() == 2 {
        match view::find(db, args.get(1))? {
            Some(hash) => reply.bulk(draw(hash).0),
            None => reply.null(),
        }
        return Ok(());
    }
    let count = args.integer_in(2, -i64::MAX..=i64::MAX)?;
    let has_values = args.len() == 4 && args.is(3, "WITHVALUES");
    if args.len() > 3 && !has_values {
        return Err(error::SYNTAX);
    }
    let is_double = has_values && count.unsigned_abs() > i64::MAX as u64 / 2;
    if is_double {
        return Err(hashes::COUNT_OUT_OF_RANGE);
    }
    let Some(hash) = view::find(db, args.get(1))? else {
        reply.array(0);
        return Ok(());
    };
    if count >= 0 {
        let drawn = different(hash, usize::try_from(count).unwrap_or(usize::MAX));
        write(drawn.into_iter(), has_values, reply);
        return Ok(());
    }
    let count = count.unsigned_abs();
    if count.saturating_mul(average_bytes(hash)) > MOST_REPEATED_BYTES {
        return Err(hashes::COUNT_OUT_OF_RANGE);
    }
    match hash {
        View::Packed(packed) => {
            let starts = packed.starts();
            let draw = |_| {
                let entry = packed.entry(usize::from(starts[fastrand::usize(..starts.len())]));
                (entry.name, entry.value)
            };
            write((0..count as usize).map(draw), has_values, reply);
        }
        View::Large(hash, now_ms) => {
            write((0..count as usize).map(|_| hash.random(now_ms)), has_values, reply);
        }
    }
    Ok(())
}

/// About how many bytes a field takes with its value.
fn average_bytes(hash: View<'_>) -> u64 {
    let bytes = match hash {
        View::Packed(packed) => packed.end(),
        View::Large(hash, _) => hash.weight(),
    };
    (bytes / hash.len().max(1)).max(1) as u64
}

/// Fields, and their values if asked for: in RESP3 as pairs.
fn write<'a>(drawn: impl ExactSizeIterator<Item = Pair<'a>>, has_values: bool, reply: &mut Reply) {
    let is_nested = has_values && reply.protocol() == Protocol::Resp3;
    let words = if has_values && !is_nested { 2 } else { 1 };
    reply.array(words * drawn.len());
    for (field, value) in drawn {
        if is_nested {
            reply.array(2);
        }
        reply.bulk(field);
        if has_values {
            reply.bulk(value);
        }
    }
}

/// A field with its value, all being equally likely.
fn draw(hash: View<'_>) -> Pair<'_> {
    match hash {
        View::Packed(packed) => {
            let index = fastrand::usize(..packed.count());
            let entry = packed.entry(packed.start_of(index));
            (entry.name, entry.value)
        }
        View::Large(hash, now_ms) => hash.random(now_ms),
    }
}

/// `count` different fields, or all there are.
fn different(hash: View<'_>, count: usize) -> Vec<Pair<'_>> {
    /// Where at least this part of the fields is asked for, drawing again would be slow.
    const PART: usize = 3;
    let len = hash.len();
    if let View::Large(table, now_ms) = hash
        && count < len / PART
    {
        let mut seen = HashSet::with_capacity(count);
        let mut drawn = Vec::with_capacity(count);
        while drawn.len() < count {
            let pair = table.random(now_ms);
            if seen.insert(pair.0) {
                drawn.push(pair);
            }
        }
        return drawn;
    }
    let mut all = Vec::with_capacity(len);
    hash.each(|field, value| all.push((field, value)));
    if count < len {
        // The first `count` places of a shuffle.
        for at in 0..count {
            all.swap(at, fastrand::usize(at..len));
        }
        all.truncate(count);
    }
    all
}
