//! LMOVE, RPOPLPUSH: an element goes from one list to another; BLMOVE, BRPOPLPUSH wait for it.
//!
//! Source and destination may be the same list, which is then turned.

use super::pop::{self, end, wait};
use super::push;
use super::stored::{self, Stored};
use crate::command::{Args, Command, Error, Outcome, Served};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::list::{Element, End, Order};
use bytes::Bytes;
use smallvec::SmallVec;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[LMOVE, RPOPLPUSH, BLMOVE, BRPOPLPUSH];

const KEYS: &[&str] = &["RW access delete", "RW insert"];
const INSTEAD: &str = "`LMOVE` with the `RIGHT` and `LEFT` arguments";
const BLOCKING_INSTEAD: &str = "`BLMOVE` with the `RIGHT` and `LEFT` arguments";

const LMOVE: Command =
    Command::write("LMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT>", lmove)
        .since("6.2.0")
        .grows()
        .keys(KEYS)
        .about("Takes an element from one end of a list and adds it at an end of another.");

fn lmove(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let ends = (end(args, 3)?, end(args, 4)?);
    if !transfer(db, args, ends, reply)? {
        reply.null();
    }
    Ok(())
}

const RPOPLPUSH: Command = Command::write("RPOPLPUSH source destination", rpoplpush)
    .since("1.2.0")
    .grows()
    .keys(KEYS)
    .replaced_by("6.2.0", INSTEAD)
    .about("Takes the last element of a list and makes it the first of another.");

fn rpoplpush(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    if !transfer(db, args, (End::Right, End::Left), reply)? {
        reply.null();
    }
    Ok(())
}

const BLMOVE: Command =
    Command::blocking("BLMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout", blmove)
        .since("6.2.0")
        .grows()
        .keys(KEYS)
        .refusing(Reply::null)
        .about("As LMOVE; waits for an element if the source has none.");

fn blmove(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    let ends = (end(args, 3)?, end(args, 4)?);
    let until_ms = args.deadline(5, db.now())?;
    if !transfer(db, args, ends, reply)? {
        return Ok(Served::Later(wait(1..2, until_ms)));
    }
    let words = [b"LMOVE", args.get(1), args.get(2), args.get(3), args.get(4)];
    db.replay_as(&words);
    Ok(Served::Now)
}

const BRPOPLPUSH: Command = Command::blocking("BRPOPLPUSH source destination timeout", brpoplpush)
    .since("2.2.0")
    .grows()
    .keys(KEYS)
    .replaced_by("6.2.0", BLOCKING_INSTEAD)
    .refusing(Reply::null)
    .about("As RPOPLPUSH; waits for an element if the source has none.");

fn brpoplpush(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    let until_ms = args.deadline(3, db.now())?;
    if !transfer(db, args, (End::Right, End::Left), reply)? {
        return Ok(Served::Later(wait(1..2, until_ms)));
    }
    db.replay_as(&[b"RPOPLPUSH", args.get(1), args.get(2)]);
    Ok(Served::Now)
}

/// Moves an element and answers with it; false where the source has none.
fn transfer(
    db: &mut Db,
    args: &Args,
    (from, to): (End, End),
    reply: &mut Reply,
) -> Result<bool, Error> {
    let (source, destination) = (args.get(1), args.get(2));
    let Some(length) = stored::length(db, source)? else {
        return Ok(false);
    };
    stored::length(db, destination)?;
    let left = if source == destination {
        turn(db, source, (from, to), reply)?;
        length
    } else {
        let mut moved = Moved::default();
        let left = stored::pop(db, source, from, 1, &mut |element| moved.take(element))?;
        stored::push(db, destination, to, std::iter::once(moved.element()))?;
        stored::write(moved.element(), reply);
        left.expect("a list that was looked up")
    };
    // One change of two keys: `pop::tell` counts it.
    db.event(Class::List, push::event(to), destination);
    pop::tell(db, source, from, left);
    Ok(true)
}

/// Takes an element from one end of a list to an end of the same. The list is there throughout, its
/// deadline with it, even if it has no other element.
fn turn(db: &mut Db, key: &[u8], (from, to): (End, End), reply: &mut Reply) -> Outcome {
    let mut moved = Moved::default();
    if stored::is_large(db, key) {
        let setting = db.limits().list_max_listpack_size();
        stored::edit(db, key, |list| {
            list.pop(from, &mut |element| moved.take(element));
            let element = moved.element();
            list.prepare(setting, element.bytes.len(), 1);
            list.push(to, element);
            list.settle(setting);
        });
    } else if stored::length(db, key)? == Some(1) {
        let record = db.find_mut(key).expect("a list that was looked up");
        let list = Stored::of(record.value())?;
        list.walk(0..1, Order::Forward, &mut |element| moved.take(element));
    } else {
        stored::pop(db, key, from, 1, &mut |element| moved.take(element))?;
        stored::push(db, key, to, std::iter::once(moved.element()))?;
    }
    stored::write(moved.element(), reply);
    Ok(())
}

/// An element between two lists.
#[derive(Default)]
struct Moved {
    short: SmallVec<[u8; 128]>,
    shared: Option<Bytes>,
}

impl Moved {
    fn take(&mut self, element: Element<'_>) {
        match element.shared {
            Some(shared) => self.shared = Some(shared.clone()),
            None => self.short.extend_from_slice(element.bytes),
        }
    }

    fn element(&self) -> Element<'_> {
        match &self.shared {
            Some(shared) => Element::from(shared),
            None => Element::from(&self.short[..]),
        }
    }
}
