//! LPOP, RPOP, LMPOP, and BLPOP, BRPOP, BLMPOP, which wait for elements.
//!
//! A blocking form that finds an element is followed as the pop it was: replayed, it must not wait,
//! nor look at other keys.

use super::stored;
use crate::command::{Args, Command, Error, Outcome, Served, Wait, error};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::list::End;
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[LPOP, RPOP, LMPOP, BLPOP, BRPOP, BLMPOP];

const COST: &str = "O(N) where N is the number of elements taken.";
const SEVERAL_COST: &str = "O(N+M) where N is the number of keys and M that of elements taken.";

const LPOP: Command = Command::write("LPOP key [count]", lpop)
    .fast()
    .costs(COST)
    .keys(&["RW access delete"])
    .about("Takes the first element of a list, or the first `count` of them.");

fn lpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    pop(db, args, End::Left, reply)
}

const RPOP: Command = Command::write("RPOP key [count]", rpop)
    .fast()
    .costs(COST)
    .keys(&["RW access delete"])
    .about("Takes the last element of a list, or the last `count` of them, from its end.");

fn rpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    pop(db, args, End::Right, reply)
}

#[inline]
fn pop(db: &mut Db, args: &Args, end: End, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    match args.len() {
        2 => {
            let Some(left) = pop_to(db, key, end, 1, reply)? else {
                reply.null();
                return Ok(());
            };
            tell(db, key, end, left);
        }
        3 => {
            let count = args.integer(2).ok().and_then(|count| usize::try_from(count).ok());
            let count = count.ok_or(error::MUST_BE_POSITIVE)?;
            match stored::length(db, key)? {
                None => reply.null_array(),
                Some(_) if count == 0 => reply.array(0),
                Some(length) => pop_array(db, key, end, count.min(length), reply)?,
            }
        }
        _ => return Err(Error::arity(if end == End::Left { "lpop" } else { "rpop" })),
    }
    Ok(())
}

/// Takes so many elements and writes them. Gives back how many are left; `None` where there is no
/// list.
#[inline]
fn pop_to(
    db: &mut Db,
    key: &[u8],
    end: End,
    count: usize,
    reply: &mut Reply,
) -> Result<Option<usize>, Error> {
    stored::pop(db, key, end, count, &mut |element| stored::write(element, reply))
}

/// Takes so many elements, which there are, and answers with them.
fn pop_array(db: &mut Db, key: &[u8], end: End, count: usize, reply: &mut Reply) -> Outcome {
    reply.array(count);
    let left = pop_to(db, key, end, count, reply)?.expect("a list that was looked up");
    tell(db, key, end, left);
    Ok(())
}

/// Tells that elements were taken from an end, and so many are left.
pub fn tell(db: &mut Db, key: &[u8], end: End, left: usize) {
    let event = if end == End::Left { "lpop" } else { "rpop" };
    db.changed(Class::List, event, key);
    if left == 0 {
        db.event(Class::Generic, "del", key);
    }
}

const LMPOP: Command =
    Command::write("LMPOP numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", lmpop)
        .since("7.0.0")
        .costs(SEVERAL_COST)
        .keys(&["RW access delete"])
        .about("Takes elements from the first of several lists that has any.");

fn lmpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    if !Several::parse(args, 1)?.pop(db, args, reply)? {
        reply.null_array();
    }
    Ok(())
}

const BLPOP: Command = Command::blocking("BLPOP key [key ...] timeout", blpop)
    .since("2.0.0")
    .costs("O(N) where N is the number of keys.")
    .keys(&["RW access delete"])
    .about("Takes the first element of the first list that has any; waits for one if none has.");

fn blpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    blocking_pop(db, args, End::Left, reply)
}

const BRPOP: Command = Command::blocking("BRPOP key [key ...] timeout", brpop)
    .since("2.0.0")
    .costs("O(N) where N is the number of keys.")
    .keys(&["RW access delete"])
    .about("Takes the last element of the first list that has any; waits for one if none has.");

fn brpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    blocking_pop(db, args, End::Right, reply)
}

fn blocking_pop(db: &mut Db, args: &Args, end: End, reply: &mut Reply) -> Result<Served, Error> {
    let last = args.len() - 1;
    let until_ms = args.deadline(last, db.now())?;
    for key in (1..last).map(|at| args.get(at)) {
        if stored::length(db, key)?.is_none() {
            continue;
        }
        reply.array(2);
        reply.bulk(key);
        let left = pop_to(db, key, end, 1, reply)?.expect("a list that was looked up");
        tell(db, key, end, left);
        db.replay_as(&[pop_name(end), key]);
        return Ok(Served::Now);
    }
    Ok(Served::Later(wait(1..last, until_ms)))
}

fn pop_name(end: End) -> &'static [u8] {
    match end {
        End::Left => b"LPOP",
        End::Right => b"RPOP",
    }
}

/// Waits for the keys at these places. Who waits is tried again once one of them holds a list; any
/// error is the answer then, as if the call had come at that moment.
pub fn wait(keys: Range<usize>, until_ms: Option<u64>) -> Wait {
    Wait {
        keys: keys.collect(),
        until_ms,
        timed_out: Reply::null_array,
        ends_on_error: true,
        call: None,
    }
}

const BLMPOP: Command =
    Command::blocking("BLMPOP timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", blmpop)
        .since("7.0.0")
        .costs(SEVERAL_COST)
        .keys(&["RW access delete"])
        .about("As LMPOP; waits for elements if no list has any.");

fn blmpop(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    let several = Several::parse(args, 2)?;
    let until_ms = args.deadline(1, db.now())?;
    if several.pop(db, args, reply)? {
        return Ok(Served::Now);
    }
    Ok(Served::Later(wait(several.keys, until_ms)))
}

/// What LMPOP and BLMPOP are asked for.
struct Several {
    /// The places of the keys.
    keys: Range<usize>,
    end: End,
    count: usize,
}

impl Several {
    /// Reads the words from the number of keys on.
    fn parse(args: &Args, at: usize) -> Result<Self, Error> {
        let keys = positive(args, at).ok_or_else(|| Error::not_positive("numkeys"))?;
        let after = keys.checked_add(at + 1).filter(|after| *after < args.len());
        let after = after.ok_or(error::SYNTAX)?;
        let end = end(args, after)?;
        let count = match args.len() - after {
            1 => 1,
            3 if args.is(after + 1, "COUNT") => {
                positive(args, after + 2).ok_or_else(|| Error::not_positive("count"))?
            }
            // The first COUNT is read before what follows it is refused.
            4.. if args.is(after + 1, "COUNT") && positive(args, after + 2).is_none() => {
                return Err(Error::not_positive("count"));
            }
            _ => return Err(error::SYNTAX),
        };
        Ok(Several { keys: at + 1..after, end, count })
    }

    /// Takes elements of the first list that has any; false where none has.
    fn pop(&self, db: &mut Db, args: &Args, reply: &mut Reply) -> Result<bool, Error> {
        for key in self.keys.clone().map(|at| args.get(at)) {
            let Some(length) = stored::length(db, key)? else {
                continue;
            };
            let count = self.count.min(length);
            reply.array(2);
            reply.bulk(key);
            pop_array(db, key, self.end, count, reply)?;
            let mut buffer = itoa::Buffer::new();
            db.replay_as(&[pop_name(self.end), key, buffer.format(count).as_bytes()]);
            return Ok(true);
        }
        Ok(false)
    }
}

/// The word at `at` as a number above 0.
fn positive(args: &Args, at: usize) -> Option<usize> {
    args.integer(at).ok().filter(|number| *number > 0).map(|number| number as usize)
}

/// The end that the word at `at` names.
pub fn end(args: &Args, at: usize) -> Result<End, Error> {
    if args.is(at, "LEFT") {
        Ok(End::Left)
    } else if args.is(at, "RIGHT") {
        Ok(End::Right)
    } else {
        Err(error::SYNTAX)
    }
}
