//! HyperLogLog: how many different elements were seen, in 12 KB at the most.
//!
//! A sketch is a string: GET, SET and APPEND take it as one, and one that a Redis made is read as
//! it is. Registers, runs and the count are `types::hyperloglog`.
//!
//! - `add`: PFADD, PFCOUNT, PFMERGE
//! - `debug`: PFDEBUG, PFSELFTEST
//! - `journal`: tests of what the journal gets
//!
//! Source: https://redis.io/docs/latest/commands/?group=hyperloglog

mod add;
mod debug;
#[cfg(test)]
mod journal;

use crate::command::error::hyperloglog as errors;
use crate::command::{Error, Group, error};
use crate::store::{Db, Deadline, NewValue, Record, Value};
use crate::types::hyperloglog::{Corrupted, is_sketch};
use bytes::Bytes;

/// The group `hyperloglog`.
pub const GROUP: Group = Group {
    name: "hyperloglog",
    category: Some("hyperloglog"),
    commands: &[add::COMMANDS, debug::COMMANDS],
};

/// Sketches up to this length are put into the record.
const LONGEST_INLINE: usize = 512;

impl From<Corrupted> for Error {
    fn from(_: Corrupted) -> Error {
        errors::CORRUPTED
    }
}

/// The sketch in a record; an error where it holds something else.
fn sketch_in<'a>(record: &Record<'a>) -> Result<&'a [u8], Error> {
    let bytes = match record.value() {
        Value::Bytes(bytes) => bytes,
        Value::Shared(bytes) => bytes,
        Value::Int(_) => return Err(errors::NOT_A_SKETCH),
        Value::Packed(..) | Value::Object(_) => return Err(error::WRONG_TYPE),
    };
    if is_sketch(bytes) { Ok(bytes) } else { Err(errors::NOT_A_SKETCH) }
}

/// Puts a sketch at `key`, which keeps its deadline.
fn put(db: &mut Db, key: &[u8], sketch: Vec<u8>) {
    let value = match sketch.len() {
        0..=LONGEST_INLINE => NewValue::Raw(&sketch),
        _ => NewValue::Shared(Bytes::from(sketch.into_boxed_slice())),
    };
    db.put(key, value, Deadline::Keep);
}
