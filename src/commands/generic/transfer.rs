//! RENAME, RENAMENX, MOVE, COPY: a value gets another key, or the same in another database.
//!
//! MOVE and COPY reach into a second database, so they say themselves which keys to lock
//! (`…_places`). What they cannot make sense of they leave out; the handler then answers with the
//! error.

use crate::command::{Args, Command, Error, Outcome, Reach, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Place};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[RENAME, RENAMENX, MOVE, COPY];

const RENAME: Command = Command::write("RENAME key newkey", rename)
    .keys(&["RW access delete", "OW update"])
    .about("Gives the value at `key` the name `newkey`, over whatever is there.");

fn rename(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    give_name(db, args, |_| true)?;
    reply.ok();
    Ok(())
}

const RENAMENX: Command = Command::write("RENAMENX key newkey", renamenx)
    .fast()
    .keys(&["RW access delete", "OW insert"])
    .about("As RENAME, but only if `newkey` is free; answers 1 if it was.");

fn renamenx(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let renamed = give_name(db, args, |is_free| is_free)?;
    reply.integer(i64::from(renamed));
    Ok(())
}

/// Renames if `may` agrees, being told whether the new name is free. Says whether it agreed.
fn give_name(db: &mut Db, args: &Args, may: impl Fn(bool) -> bool) -> Result<bool, Error> {
    let (key, new_key) = (args.get(1), args.get(2));
    if db.find_mut(key).is_none() {
        return Err(error::NO_SUCH_KEY);
    }
    if !may(db.find_mut(new_key).is_none()) {
        return Ok(false);
    }
    if key != new_key {
        let index = db.index();
        db.carry(Place { db: index, key }, Place { db: index, key: new_key });
        db.changed(Class::Generic, "rename_from", key);
        db.event(Class::Generic, "rename_to", new_key);
    }
    Ok(true)
}

const MOVE: Command = Command::write("MOVE key db", move_key)
    .fast()
    .keys(&["RW access update"])
    .locking(move_places)
    .about("Moves `key` to another database unless it is there already; answers 1 if moved.");

fn move_places<'a>(
    args: &Args<'a>,
    db: usize,
    places: &mut Vec<Place<'a>>,
) -> Result<Reach, Error> {
    places.push(Place { db, key: args.get(1) });
    if let Some(target) = number(args, 2) {
        places.push(Place { db: target, key: args.get(1) });
    }
    Ok(Reach::Places)
}

fn move_key(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (key, source) = (args.get(1), db.index());
    let target = database(db, args, 2)?;
    if source == target {
        return Err(error::SAME_OBJECT);
    }
    db.remove_dead(source, key);
    db.remove_dead(target, key);
    if db.look(source, key).is_none() || db.look(target, key).is_some() {
        reply.integer(0);
        return Ok(());
    }
    db.carry(Place { db: source, key }, Place { db: target, key });
    db.event(Class::Generic, "move_from", key);
    db.changed_in(target, Class::Generic, "move_to", key);
    reply.integer(1);
    Ok(())
}

const COPY: Command = Command::write("COPY source destination [DB destination-db] [REPLACE]", copy)
    .since("6.2.0")
    .grows()
    .keys(&["RO access", "OW update"])
    .locking(copy_places)
    .costs("O(N) in the elements of a container, O(1) for a string")
    .about("Puts a copy of a value, with its deadline, at another key; answers 1 if it did.");

fn copy_places<'a>(
    args: &Args<'a>,
    db: usize,
    places: &mut Vec<Place<'a>>,
) -> Result<Reach, Error> {
    places.push(Place { db, key: args.get(1) });
    let is_given = |at: &usize| args.is(*at, "DB") && at + 1 < args.len();
    // The handler, too, lets the last DB win; a "DB" that is itself a DB's number is no number.
    let given = (3..args.len()).rev().find(is_given);
    let target = given.map_or(Some(db), |at| number(args, at + 1));
    if let Some(target) = target {
        places.push(Place { db: target, key: args.get(2) });
    }
    Ok(Reach::Places)
}

fn copy(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (source, destination) = (args.get(1), args.get(2));
    let index = db.index();
    let (mut target, mut replaces) = (index, false);
    let mut at = 3;
    while at < args.len() {
        if args.is(at, "REPLACE") {
            replaces = true;
        } else if args.is(at, "DB") && at + 1 < args.len() {
            at += 1;
            target = database(db, args, at)?;
        } else {
            return Err(error::SYNTAX);
        }
        at += 1;
    }
    if target == index && source == destination {
        return Err(error::SAME_OBJECT);
    }
    db.remove_dead(index, source);
    if db.find(source).is_none() {
        reply.integer(0);
        return Ok(());
    }
    db.remove_dead(target, destination);
    if !replaces && db.look(target, destination).is_some() {
        reply.integer(0);
        return Ok(());
    }
    db.copy(Place { db: index, key: source }, Place { db: target, key: destination });
    db.changed_in(target, Class::Generic, "copy_to", destination);
    reply.integer(1);
    Ok(())
}

/// The word at `at` as a number of a database that may exist.
fn number(args: &Args, at: usize) -> Option<usize> {
    args.integer(at).ok().and_then(|number| usize::try_from(number).ok())
}

/// The database that the word at `at` names.
fn database(db: &Db, args: &Args, at: usize) -> Result<usize, Error> {
    let number = args.integer_in(at, i64::from(i32::MIN)..=i64::from(i32::MAX))?;
    let index = usize::try_from(number).ok().filter(|index| *index < db.databases());
    index.ok_or(error::DB_OUT_OF_RANGE)
}
