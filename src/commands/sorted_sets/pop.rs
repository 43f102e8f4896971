//! Taking members from an end: ZPOPMIN, ZPOPMAX, ZMPOP, and the same for clients that wait until
//! there are some: BZPOPMIN, BZPOPMAX, BZMPOP.
//!
//! A pop of several keys takes from the first that has members. It replays as a ZPOPMIN or ZPOPMAX
//! of that key.

use super::value;
use crate::command::{Args, Command, Error, Outcome, Served, Wait, error};
use crate::protocol::{Protocol, Reply};
use crate::store::Db;
use crate::types::sorted_set::Direction;
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[ZPOPMIN, ZPOPMAX, ZMPOP, BZPOPMIN, BZPOPMAX, BZMPOP];

const COST: &str = "O(M*log(N)) where N is the size of the set and M how many members are taken";
const WAIT_COST: &str = "O(log(N)) where N is the size of the set";

const ZPOPMIN: Command = Command::write("ZPOPMIN key [count]", zpopmin)
    .since("5.0.0")
    .fast()
    .keys(&["RW access delete"])
    .costs(COST)
    .about("Takes the members with the lowest scores.");

fn zpopmin(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    pop_one_key(db, args, End::Min, reply)
}

const ZPOPMAX: Command = Command::write("ZPOPMAX key [count]", zpopmax)
    .since("5.0.0")
    .fast()
    .keys(&["RW access delete"])
    .costs(COST)
    .about("Takes the members with the highest scores.");

fn zpopmax(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    pop_one_key(db, args, End::Max, reply)
}

const ZMPOP: Command =
    Command::write("ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]", zmpop)
        .since("7.0.0")
        .keys(&["RW access delete"])
        .costs(
            "O(K)+O(M*log(N)) where K is the number of keys, N the size of the set taken from \
                and M how many members are taken",
        )
        .about("Takes members from an end of the first set that has any.");

fn zmpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (keys, pop) = parse_many(args, 1)?;
    if pop_first(db, args, keys, pop, reply)?.is_none() {
        reply.null_array();
    }
    Ok(())
}

const BZPOPMIN: Command = Command::blocking("BZPOPMIN key [key ...] timeout", bzpopmin)
    .since("5.0.0")
    .fast()
    .keys(&["RW access delete"])
    .costs(WAIT_COST)
    .about("Takes the member with the lowest score, waiting until there is one.");

fn bzpopmin(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    wait_for_one(db, args, End::Min, reply)
}

const BZPOPMAX: Command = Command::blocking("BZPOPMAX key [key ...] timeout", bzpopmax)
    .since("5.0.0")
    .fast()
    .keys(&["RW access delete"])
    .costs(WAIT_COST)
    .about("Takes the member with the highest score, waiting until there is one.");

fn bzpopmax(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    wait_for_one(db, args, End::Max, reply)
}

const BZMPOP: Command = Command::blocking(
    "BZMPOP timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
    bzmpop,
)
.since("7.0.0")
.keys(&["RW access delete"])
.costs(
    "O(K)+O(M*log(N)) where K is the number of keys, N the size of the set taken from and M how \
     many members are taken",
)
.about("Takes members from an end of the first set that has any, waiting until one does.");

fn bzmpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    let (keys, pop) = parse_many(args, 2)?;
    wait_for(db, args, (1, keys, pop), reply)
}

/// Which end of the set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Min,
    Max,
}

impl End {
    fn parse(args: &Args, at: usize) -> Option<End> {
        let ends = [("MIN", End::Min), ("MAX", End::Max)];
        ends.into_iter().find(|(name, _)| args.is(at, name)).map(|(_, end)| end)
    }
}

/// What is to be taken, and how it is answered.
#[derive(Clone, Copy)]
struct Pop {
    end: End,
    count: usize,
    form: Form,
}

/// The forms of the reply.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Members and scores beside each other.
    Flat,
    /// Pairs of member and score.
    Pairs,
    /// The key, and behind it one member and its score.
    KeyAndOne,
    /// The key and a list of pairs.
    KeyAndPairs,
}

fn pop_one_key(db: &mut Db, args: &Args, end: End, reply: &mut Reply) -> Outcome {
    let (key, has_count) = (args.get(1), args.len() > 2);
    if args.len() > 3 {
        return Err(error::SYNTAX);
    }
    let given = || args.integer(2).ok().and_then(|count| usize::try_from(count).ok());
    let count = if has_count { given().ok_or(error::MUST_BE_POSITIVE)? } else { 1 };
    let in_pairs = has_count && reply.protocol() == Protocol::Resp3;
    let pop = Pop { end, count, form: if in_pairs { Form::Pairs } else { Form::Flat } };
    if pop_from(db, key, pop, reply)? == 0 {
        reply.array(0);
    }
    Ok(())
}

/// Reads `numkeys key [key ...] MIN|MAX [COUNT count]`: where the keys are, and what to do.
fn parse_many(args: &Args, at: usize) -> Result<(Range<usize>, Pop), Error> {
    let numkeys = positive(args, at, "numkeys")?;
    let end_at = numkeys.saturating_add(at + 1);
    if end_at >= args.len() {
        return Err(error::SYNTAX);
    }
    let end = End::parse(args, end_at).ok_or(error::SYNTAX)?;
    let count = match args.len() - end_at {
        1 => 1,
        // A second COUNT is an error, but not before the first was read.
        3.. if args.is(end_at + 1, "COUNT") => {
            let count = positive(args, end_at + 2, "count")?;
            if args.len() > end_at + 3 {
                return Err(error::SYNTAX);
            }
            count
        }
        _ => return Err(error::SYNTAX),
    };
    Ok((at + 1..end_at, Pop { end, count, form: Form::KeyAndPairs }))
}

fn positive(args: &Args, at: usize, name: &str) -> Result<usize, Error> {
    let number = args.integer(at).ok().and_then(|number| usize::try_from(number).ok());
    number.filter(|number| *number > 0).ok_or_else(|| Error::not_positive(name))
}

fn wait_for_one(db: &mut Db, args: &Args, end: End, reply: &mut Reply) -> Result<Served, Error> {
    let timeout = args.len() - 1;
    let pop = Pop { end, count: 1, form: Form::KeyAndOne };
    wait_for(db, args, (timeout, 1..timeout, pop), reply)
}

fn wait_for(
    db: &mut Db,
    args: &Args,
    (timeout, keys, pop): (usize, Range<usize>, Pop),
    reply: &mut Reply,
) -> Result<Served, Error> {
    let until_ms = args.deadline(timeout, db.now())?;
    if pop_first(db, args, keys.clone(), pop, reply)?.is_some() {
        return Ok(Served::Now);
    }
    Ok(Served::Later(Wait {
        keys: keys.collect(),
        until_ms,
        timed_out: Reply::null_array,
        ends_on_error: true,
        call: None,
    }))
}

/// Takes from the first of these keys that has members; none if no key has.
fn pop_first(
    db: &mut Db,
    args: &Args,
    keys: Range<usize>,
    pop: Pop,
    reply: &mut Reply,
) -> Result<Option<()>, Error> {
    for key in keys.map(|at| args.get(at)) {
        let count = pop_from(db, key, pop, reply)?;
        if count > 0 {
            replay(db, key, pop, count);
            return Ok(Some(()));
        }
    }
    Ok(None)
}

fn replay(db: &mut Db, key: &[u8], pop: Pop, count: usize) {
    let name: &[u8] = if pop.end == End::Min { b"ZPOPMIN" } else { b"ZPOPMAX" };
    match pop.form {
        Form::KeyAndOne => db.replay_as(&[name, key]),
        _ => db.replay_as(&[name, key, itoa::Buffer::new().format(count).as_bytes()]),
    }
}

/// Takes members from the set at `key` and answers them; where there are none, nothing is written.
fn pop_from(db: &mut Db, key: &[u8], pop: Pop, reply: &mut Reply) -> Result<usize, Error> {
    let set = value::find_to_change(db, key)?;
    let count = pop.count.min(set.len());
    if count == 0 {
        return Ok(0);
    }
    let (ranks, direction, event) = match pop.end {
        End::Min => (0..count, Direction::Up, "zpopmin"),
        End::Max => (set.len() - count..set.len(), Direction::Down, "zpopmax"),
    };
    write_head(reply, key, pop.form, count);
    for (member, score) in set.walk(ranks.clone(), direction) {
        if matches!(pop.form, Form::Pairs | Form::KeyAndPairs) {
            reply.array(2);
        }
        reply.bulk(member);
        reply.double(score);
    }
    value::remove_ranks(db, key, ranks);
    value::removed(db, key, event);
    Ok(count)
}

fn write_head(reply: &mut Reply, key: &[u8], form: Form, count: usize) {
    match form {
        Form::Flat => reply.array(count * 2),
        Form::Pairs => reply.array(count),
        Form::KeyAndOne => {
            reply.array(3);
            reply.bulk(key);
        }
        Form::KeyAndPairs => {
            reply.array(2);
            reply.bulk(key);
            reply.array(count);
        }
    }
}
