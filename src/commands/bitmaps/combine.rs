//! BITOP: a string made of the bits of several others.

use crate::command::error::bitmaps as errors;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::commands::strings::value;
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline, NewValue};
use crate::types::bits::{self, Operation};
use bytes::Bytes;
use smallvec::SmallVec;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[BITOP];

const BITOP: Command = Command::write(
    "BITOP <AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE> destkey key [key ...]",
    bitop,
)
.since("2.6.0")
.grows()
.costs("O(N) where N is the number of bytes of all sources.")
.keys(&["OW update", "RO access"])
.about("Combines strings bit by bit into one at `destkey`; answers how long it is.");

/// Results up to this length are put into the record.
const LONGEST_INLINE: usize = 512;

fn bitop(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let operation = read_operation(args)?;
    let result = combined(db, args, operation)?;
    let (key, length) = (args.get(2), result.len());
    if length > LONGEST_INLINE {
        db.put(key, NewValue::Shared(Bytes::from(result)), Deadline::Clear);
        db.changed(Class::String, "set", key);
    } else if length > 0 {
        db.put(key, NewValue::Raw(&result), Deadline::Clear);
        db.changed(Class::String, "set", key);
    } else if db.remove(key) {
        db.changed(Class::Generic, "del", key);
    }
    reply.integer(length as i64);
    Ok(())
}

fn read_operation(args: &Args) -> Result<Operation, Error> {
    const NAMES: &[(&str, Operation)] = &[
        ("AND", Operation::And),
        ("OR", Operation::Or),
        ("XOR", Operation::Xor),
        ("NOT", Operation::Not),
        ("DIFF", Operation::Diff),
        ("DIFF1", Operation::Diff1),
        ("ANDOR", Operation::AndOr),
        ("ONE", Operation::One),
    ];
    let named = NAMES.iter().find(|(name, _)| args.is(1, name));
    let (name, operation) = named.ok_or(error::SYNTAX)?;
    let sources = args.len() - 3;
    match operation {
        Operation::Not if sources > 1 => Err(errors::BITOP_NOT_KEYS),
        Operation::Diff | Operation::Diff1 | Operation::AndOr if sources < 2 => {
            Err(Error::bitop_keys(name))
        }
        operation => Ok(*operation),
    }
}

/// What the sources make. A key that is not there is an empty string.
fn combined(db: &Db, args: &Args, operation: Operation) -> Result<Vec<u8>, Error> {
    let count = args.len() - 3;
    let mut buffers: SmallVec<[itoa::Buffer; 4]> = SmallVec::new();
    buffers.resize_with(count, itoa::Buffer::new);
    let mut sources: SmallVec<[&[u8]; 4]> = SmallVec::new();
    for (key, buffer) in args.iter(3).zip(&mut buffers) {
        sources.push(match db.find(key) {
            None => b"",
            Some(record) => value::text(&record, buffer)?,
        });
    }
    Ok(bits::combine(operation, &sources))
}
