//! One bit: SETBIT, GETBIT.

use crate::command::error::bitmaps as errors;
use crate::command::{Args, Command, Error, Outcome};
use crate::commands::strings::{edit, value};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::number::parse_integer;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SETBIT, GETBIT];

const SETBIT: Command = Command::write("SETBIT key offset value", setbit)
    .since("2.2.0")
    .grows()
    .keys(&["RW access update"])
    .about("Sets or clears a bit of the string at `key`; answers what it was.");

fn setbit(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let place = bit_place(db, args.get(2), 1)?;
    let bit = match parse_integer(args.get(3)) {
        Some(0) => 0,
        Some(1) => 1,
        _ => return Err(errors::BIT_VALUE),
    };
    let byte = (place / 8) as usize;
    let shift = 7 - place % 8;
    let (old, is_changed) = edit::edit(db, args.get(1), byte + 1, |bytes, length| {
        let old = bytes[byte] >> shift & 1;
        bytes[byte] ^= (old ^ bit) << shift;
        (old, length <= byte || old != bit)
    })?;
    if is_changed {
        db.changed(Class::String, "setbit", args.get(1));
    }
    reply.integer(old.into());
    Ok(())
}

const GETBIT: Command = Command::read("GETBIT key offset", getbit)
    .since("2.2.0")
    .fast()
    .about("A bit of the string at `key`; 0 beyond its end.");

fn getbit(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let place = bit_place(db, args.get(2), 1)?;
    let bit = match db.find(args.get(1)) {
        None => 0,
        Some(record) => {
            let mut buffer = itoa::Buffer::new();
            let bytes = value::text(&record, &mut buffer)?;
            bytes.get((place / 8) as usize).map_or(0, |byte| byte >> (7 - place % 8) & 1)
        }
    };
    reply.integer(bit.into());
    Ok(())
}

/// The place of a bit, given in steps of `step` bits; it lies within the longest string there may
/// be.
pub fn bit_place(db: &Db, word: &[u8], step: u32) -> Result<u64, Error> {
    let longest = db.longest_string_bytes() as u64;
    parse_integer(word)
        .and_then(|place| u64::try_from(place).ok())
        .and_then(|place| place.checked_mul(step.into()))
        .filter(|place| place / 8 < longest)
        .ok_or(errors::BIT_OFFSET)
}
