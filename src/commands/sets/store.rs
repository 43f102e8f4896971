//! Several sets made into one: SINTERSTORE, SUNIONSTORE, SDIFFSTORE.
//!
//! The result replaces whatever is at the destination, which may be one of the sources; an empty
//! one removes it. Its encoding is the one that Redis arrives at: a union or difference begins as
//! an int set, an intersection as its smallest set, and becomes an int set in the end if it can.

use super::change;
use super::combine::{
    Views, for_each_missing, intersect, is_subtracted, operands, subtract, unite, views,
};
use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline};
use crate::types::set::{Encoding, Limits, Set, View};
use smallvec::SmallVec;
use std::ops::ControlFlow;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SINTERSTORE, SUNIONSTORE, SDIFFSTORE];

const KEYS: &[&str] = &["OW update", "RO access"];

const SINTERSTORE: Command = Command::write("SINTERSTORE destination key [key ...]", sinterstore)
    .grows()
    .costs("O(N*M) where N is the size of the smallest set and M the number of sets")
    .keys(KEYS)
    .about("Stores the members that all the sets have, and answers how many there are.");

fn sinterstore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let limits = change::limits(db);
    let result = intersection(views(db, args.iter(2))?, &limits);
    store(db, args.get(1), result, "sinterstore", reply);
    Ok(())
}

fn intersection(sets: Views<'_>, limits: &Limits) -> Set {
    let smallest = sets.iter().flatten().min_by_key(|set| set.len());
    let is_ordered = matches!(smallest, Some(View::Integers(_)));
    let mut result = Set::empty(if is_ordered { Encoding::IntSet } else { Encoding::ListPack });
    let mut only_integers = true;
    intersect(sets, |member| {
        only_integers &= member.integer().is_some();
        result.add_member(member, limits);
        ControlFlow::Continue(())
    });
    if only_integers {
        result.gather_integers(limits);
    }
    result
}

const SUNIONSTORE: Command = Command::write("SUNIONSTORE destination key [key ...]", sunionstore)
    .grows()
    .costs("O(N) where N is the number of members of all the sets")
    .keys(KEYS)
    .about("Stores the members that any of the sets has, and answers how many there are.");

fn sunionstore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let limits = change::limits(db);
    let sets: SmallVec<[View<'_>; 4]> = views(db, args.iter(2))?.into_iter().flatten().collect();
    let result = unite(&sets, &limits);
    drop(sets);
    store(db, args.get(1), result, "sunionstore", reply);
    Ok(())
}

const SDIFFSTORE: Command = Command::write("SDIFFSTORE destination key [key ...]", sdiffstore)
    .grows()
    .costs("O(N) where N is the number of members of all the sets")
    .keys(KEYS)
    .about("Stores what the first set has and no other, and answers how many members that is.");

fn sdiffstore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let limits = change::limits(db);
    let sets = views(db, args.iter(2))?;
    let result = match operands(&sets) {
        None => Set::empty(Encoding::IntSet),
        Some((first, others)) if is_subtracted(first, &others) => subtract(first, &others, &limits),
        Some((first, others)) => {
            let mut result = Set::empty(Encoding::IntSet);
            for_each_missing(first, &others, |member| _ = result.add_member(member, &limits));
            result
        }
    };
    drop(sets);
    store(db, args.get(1), result, "sdiffstore", reply);
    Ok(())
}

/// Puts a result in its place and answers how many members it has.
fn store(db: &mut Db, key: &[u8], set: Set, event: &'static str, reply: &mut Reply) {
    reply.integer(set.len() as i64);
    if !set.is_empty() {
        change::put(db, key, set, Deadline::Clear);
        db.changed(Class::Set, event, key);
    } else if db.remove(key) {
        db.changed(Class::Generic, "del", key);
    }
}
