//! Strings as they are stored and answered: the step between a value's encoding and its bytes.

use crate::command::{Args, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{NewValue, Record, Value};
use crate::types::number::parse_integer;

/// Longest text of a 64-bit integer: `-9223372036854775808`.
const LONGEST_INTEGER: usize = 20;

/// The argument at `at` as a value: a number where its text is one, its own allocation where it has
/// one.
#[inline]
pub fn encode<'a>(args: &Args<'a>, at: usize) -> NewValue<'a> {
    let bytes = args.get(at);
    if bytes.len() <= LONGEST_INTEGER {
        return match parse_integer(bytes) {
            Some(number) => NewValue::Int(number),
            None => NewValue::Bytes(bytes),
        };
    }
    match args.shared(at) {
        Some(shared) => NewValue::Shared(shared.clone()),
        None => NewValue::Bytes(bytes),
    }
}

/// Answers with the string in `record`; null where there is none, WRONGTYPE where it is no string.
#[inline]
pub fn write(record: Option<Record<'_>>, reply: &mut Reply) -> Outcome {
    let Some(record) = record else {
        reply.null();
        return Ok(());
    };
    match record.value() {
        Value::Bytes(bytes) => reply.bulk(bytes),
        Value::Int(number) => reply.bulk(itoa::Buffer::new().format(number).as_bytes()),
        Value::Shared(bytes) => reply.bulk_shared(bytes),
        Value::Packed(..) | Value::Object(_) => return Err(error::WRONG_TYPE),
    }
    Ok(())
}

/// The string in `record` as bytes; a number is written into `buffer`. WRONGTYPE where it is no
/// string.
pub fn text<'a>(record: &Record<'a>, buffer: &'a mut itoa::Buffer) -> Result<&'a [u8], Error> {
    match record.value() {
        Value::Bytes(bytes) => Ok(bytes),
        Value::Shared(bytes) => Ok(bytes),
        Value::Int(number) => Ok(buffer.format(number).as_bytes()),
        Value::Packed(..) | Value::Object(_) => Err(error::WRONG_TYPE),
    }
}
