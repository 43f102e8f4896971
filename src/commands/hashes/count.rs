//! Counters: HINCRBY on 64-bit integers, HINCRBYFLOAT on 80-bit floats.

use super::edit;
use crate::command::error::{self, hashes};
use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::hash::Ttl;
use crate::types::long_double::LongDouble;
use crate::types::number::parse_integer;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[HINCRBY, HINCRBYFLOAT];

const HINCRBY: Command = Command::write("HINCRBY key field increment", hincrby)
    .since("2.0.0")
    .fast()
    .grows()
    .keys(&["RW access update"])
    .about("Adds to the number in a field, which keeps its deadline; no field counts as 0.");

fn hincrby(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let increment = args.integer(3)?;
    let (key, field) = (args.get(1), args.get(2));
    let old = match edit::look(db, key)?.and_then(|hash| hash.get(field)) {
        Some(text) => parse_integer(text).ok_or(hashes::HASH_VALUE_NOT_AN_INTEGER)?,
        None => 0,
    };
    let sum = old.checked_add(increment).ok_or(error::INCREMENT_OVERFLOW)?;
    let mut buffer = itoa::Buffer::new();
    edit::set(db, key, (field, buffer.format(sum).as_bytes()), Ttl::Keep)?;
    db.changed(Class::Hash, "hincrby", key);
    reply.integer(sum);
    Ok(())
}

const HINCRBYFLOAT: Command = Command::write("HINCRBYFLOAT key field increment", hincrbyfloat)
    .since("2.6.0")
    .fast()
    .grows()
    .keys(&["RW access update"])
    .about("Adds a float to the number in a field, which keeps its deadline.");

fn hincrbyfloat(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let increment = LongDouble::parse(args.get(3)).ok_or(error::NOT_A_FLOAT)?;
    if !increment.is_finite() {
        return Err(hashes::INCREMENT_NOT_FINITE);
    }
    let (key, field) = (args.get(1), args.get(2));
    let hash = edit::look(db, key)?;
    let old = match hash.and_then(|hash| hash.get(field)) {
        Some(text) => Some(LongDouble::parse(text).ok_or(hashes::HASH_VALUE_NOT_A_FLOAT)?),
        None => None,
    };
    let is_volatile = hash.is_some_and(|hash| hash.deadline(field).flatten().is_some());
    let sum = old.map_or(Some(increment), |old| old.add(increment));
    let sum = sum.filter(|sum| sum.is_finite()).ok_or(error::INCREMENT_NAN)?;
    let mut text = Vec::new();
    sum.write(&mut text);
    edit::set(db, key, (field, &text), Ttl::Keep)?;
    db.changed(Class::Hash, "hincrbyfloat", key);
    // The sum, not the increment: a replica on another machine may round otherwise.
    if is_volatile {
        db.replay_as(&[b"HSETEX", key, b"KEEPTTL", b"FIELDS", b"1", field, &text]);
    } else {
        db.replay_as(&[b"HSET", key, field, &text]);
    }
    reply.bulk(&text);
    Ok(())
}
