//! Removing a key under a condition: DELEX (Redis) and DELIFEQ (Valkey). A lock is released by its
//! owner only.

use super::condition::Condition;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Record};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[DELEX, DELIFEQ];

const DELEX: Command = Command::write(
    "DELEX key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]",
    delex,
)
.since("8.4.0")
.fast()
.costs("O(1); O(N) for IFDEQ and IFDNE, where N is the length of the string.")
.keys(&["RW delete variable_flags"])
.about("Removes `key`; on a condition about the string in it or its digest, if asked.");

fn delex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    match args.len() {
        2 => remove_if(db, args, Condition::Always, reply),
        4 => delex_on_condition(db, args, reply),
        _ => Err(Error::arity("delex")),
    }
}

fn delex_on_condition(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let found = db.find_mut(args.get(1));
    let value_is_string = |record: Record<'_>| record.is_string();
    // Redis looks at the key first: nothing is wrong with a condition on a key that is not there.
    match found.map(|record| value_is_string(record.read())) {
        None => {
            reply.integer(0);
            return Ok(());
        }
        Some(false) => return Err(error::CONDITION_NEEDS_STRING),
        Some(true) => {}
    }
    let condition = Condition::comparison(args, 2).ok_or(error::INVALID_CONDITION)?;
    remove_if(db, args, condition, reply)
}

const DELIFEQ: Command = Command::write("DELIFEQ key value", delifeq)
    .since("9.0.0")
    .fast()
    .keys(&["RM delete"])
    .about("Removes `key` when the string in it is the given one.");

fn delifeq(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    remove_if(db, args, Condition::Equal(args.get(2)), reply)
}

/// Removes the key in word 1 where the condition holds for it; answers 1 or 0.
fn remove_if(db: &mut Db, args: &Args, condition: Condition<'_>, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let holds = match db.find_mut(key) {
        Some(found) => condition.holds(Some(found))?,
        None => false,
    };
    if holds {
        db.remove(key);
        db.changed(Class::Generic, "del", key);
        db.replay_as(&[b"DEL", key]);
    }
    reply.integer(holds.into());
    Ok(())
}
