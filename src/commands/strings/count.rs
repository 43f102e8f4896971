//! Counters: INCR, DECR, INCRBY, DECRBY on 64-bit integers, INCRBYFLOAT on 80-bit floats.
//!
//! A number stored as one is changed where it lies: one look-up, no allocation. A number that lies
//! there as text (it was appended to, or cut) becomes one.

use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline, NewValue, RecordMut};
use crate::types::long_double::LongDouble;
use crate::types::number::parse_integer;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT];

const INCR: Command = Command::write("INCR key", incr)
    .fast()
    .grows()
    .keys(&["RW access update"])
    .about("Adds 1 to the number at `key`; a key that is not there counts as 0.");

fn incr(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    add(db, args.get(1), 1, reply)
}

const DECR: Command = Command::write("DECR key", decr)
    .fast()
    .grows()
    .keys(&["RW access update"])
    .about("Takes 1 from the number at `key`; a key that is not there counts as 0.");

fn decr(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    add(db, args.get(1), -1, reply)
}

const INCRBY: Command = Command::write("INCRBY key increment", incrby)
    .fast()
    .grows()
    .keys(&["RW access update"])
    .about("Adds to the number at `key`; a key that is not there counts as 0.");

fn incrby(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    add(db, args.get(1), args.integer(2)?, reply)
}

const DECRBY: Command = Command::write("DECRBY key decrement", decrby)
    .fast()
    .grows()
    .keys(&["RW access update"])
    .about("Takes from the number at `key`; a key that is not there counts as 0.");

fn decrby(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let increment = args.integer(2)?.checked_neg().ok_or(error::DECREMENT_OVERFLOW)?;
    add(db, args.get(1), increment, reply)
}

#[inline]
fn add(db: &mut Db, key: &[u8], increment: i64, reply: &mut Reply) -> Outcome {
    let sum = match add_in_place(db.find_mut(key), increment)? {
        Sum::InPlace(sum) => sum,
        Sum::ToPut(sum) => {
            db.put(key, NewValue::Int(sum), Deadline::Keep);
            sum
        }
    };
    db.changed(Class::String, "incrby", key);
    reply.integer(sum);
    Ok(())
}

enum Sum {
    /// The record holds it.
    InPlace(i64),
    /// It has to be put.
    ToPut(i64),
}

#[inline]
fn add_in_place(found: Option<RecordMut<'_>>, increment: i64) -> Result<Sum, Error> {
    let Some(mut record) = found else { return Ok(Sum::ToPut(increment)) };
    if let Some(number) = record.int_mut() {
        *number = number.checked_add(increment).ok_or(error::INCREMENT_OVERFLOW)?;
        return Ok(Sum::InPlace(*number));
    }
    let number = integer_of(&record)?;
    number.checked_add(increment).map(Sum::ToPut).ok_or(error::INCREMENT_OVERFLOW)
}

/// The integer that a record holds, as a number or as text.
pub fn integer_of(record: &RecordMut<'_>) -> Result<i64, Error> {
    let mut buffer = itoa::Buffer::new();
    parse_integer(value::text(&record.read(), &mut buffer)?).ok_or(error::NOT_AN_INTEGER)
}

const INCRBYFLOAT: Command = Command::write("INCRBYFLOAT key increment", incrbyfloat)
    .since("2.6.0")
    .fast()
    .grows()
    .keys(&["RW access update"])
    .about("Adds a float to the number at `key`; a key that is not there counts as 0.");

fn incrbyfloat(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let old = db.find_mut(key).as_ref().map(float_of).transpose()?;
    let increment = float(args.get(2))?;
    let sum = match old {
        Some(old) => old.add(increment),
        None => Some(increment),
    };
    let sum = sum.filter(|sum| sum.is_finite()).ok_or(error::INCREMENT_NAN)?;
    let mut text = Vec::new();
    sum.write(&mut text);
    db.put(key, NewValue::Bytes(&text), Deadline::Keep);
    db.changed(Class::String, "incrbyfloat", key);
    // The sum, not the increment: a replica on another machine may round otherwise.
    db.replay_as(&[b"SET", key, &text, b"KEEPTTL"]);
    reply.bulk(&text);
    Ok(())
}

/// The float that a record holds, as a number or as text.
pub fn float_of(record: &RecordMut<'_>) -> Result<LongDouble, Error> {
    float(value::text(&record.read(), &mut itoa::Buffer::new())?)
}

fn float(text: &[u8]) -> Result<LongDouble, Error> {
    LongDouble::parse(text).ok_or(error::NOT_A_FLOAT)
}
