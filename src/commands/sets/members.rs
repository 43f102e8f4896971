//! Members one by one: SADD, SREM, SMOVE, SISMEMBER, SMISMEMBER; SCARD and SMEMBERS.

use super::{change, find, view};
use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::set::View;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SADD, SREM, SMOVE, SISMEMBER, SMISMEMBER, SCARD, SMEMBERS];

const SADD: Command = Command::write("SADD key member [member ...]", sadd)
    .fast()
    .grows()
    .costs("O(1) for each member added")
    .keys(&["RW insert"])
    .about("Adds members to the set at `key`, and answers how many were not in it.");

fn sadd(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let added = change::add(db, key, args, 2)?;
    if added > 0 {
        db.journal.changes += added as u64 - 1;
        db.changed(Class::Set, "sadd", key);
    }
    reply.integer(added as i64);
    Ok(())
}

const SREM: Command = Command::write("SREM key member [member ...]", srem)
    .fast()
    .costs("O(1) for each member removed")
    .keys(&["RW delete"])
    .about("Removes members from the set at `key`, and answers how many were in it.");

fn srem(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let removal = change::remove(db, key, args, 2)?;
    if removal.removed > 0 {
        db.journal.changes += removal.removed as u64 - 1;
        db.changed(Class::Set, "srem", key);
    }
    if removal.is_last {
        db.event(Class::Generic, "del", key);
    }
    reply.integer(removal.removed as i64);
    Ok(())
}

const SMOVE: Command = Command::write("SMOVE source destination member", smove)
    .fast()
    .keys(&["RW access delete", "RW insert"])
    .about(
        "Moves a member from one set to another; answers 1, or 0 where it was not in the first.",
    );

fn smove(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (source, destination, member) = (args.get(1), args.get(2), args.get(3));
    let Some(record) = db.find_mut(source) else {
        reply.integer(0);
        return Ok(());
    };
    let is_member = view(&record.read())?.contains(member);
    drop(record);
    if let Some(record) = db.find_mut(destination) {
        view(&record.read())?;
    }
    reply.integer(i64::from(is_member));
    if !is_member || source == destination {
        return Ok(());
    }
    let removal = change::remove(db, source, args, 3)?;
    db.changed(Class::Set, "srem", source);
    if removal.is_last {
        db.event(Class::Generic, "del", source);
    }
    if change::add(db, destination, args, 3)? > 0 {
        db.changed(Class::Set, "sadd", destination);
    }
    Ok(())
}

const SISMEMBER: Command = Command::read("SISMEMBER key member", sismember)
    .fast()
    .keys(&["RO"])
    .about("1 if the word is a member of the set at `key`, else 0.");

fn sismember(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let set = find(db, args.get(1))?;
    reply.integer(i64::from(set.is_some_and(|set| set.contains(args.get(2)))));
    Ok(())
}

const SMISMEMBER: Command = Command::read("SMISMEMBER key member [member ...]", smismember)
    .since("6.2.0")
    .fast()
    .costs("O(N) where N is the number of members asked for")
    .about("For each word, 1 if it is a member of the set at `key`, else 0.");

fn smismember(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let set = find(db, args.get(1))?;
    reply.array(args.len() - 2);
    for member in args.iter(2) {
        reply.integer(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(())
}

const SCARD: Command = Command::read("SCARD key", scard)
    .fast()
    .keys(&["RO"])
    .about("How many members the set at `key` has; 0 when there is none.");

fn scard(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let set = find(db, args.get(1))?;
    reply.integer(set.map_or(0, |set| set.len()) as i64);
    Ok(())
}

const SMEMBERS: Command = Command::read("SMEMBERS key", smembers)
    .costs("O(N) where N is the number of members")
    .tips(&["nondeterministic_output_order"])
    .about("All members of the set at `key`.");

fn smembers(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    match find(db, args.get(1))? {
        Some(set) => write_all(set, reply),
        None => reply.set(0),
    }
    Ok(())
}

/// Answers a whole set.
pub(super) fn write_all(set: View<'_>, reply: &mut Reply) {
    let mut buffer = itoa::Buffer::new();
    reply.set(set.len());
    set.for_each(|member| reply.bulk(member.text(&mut buffer)));
}
