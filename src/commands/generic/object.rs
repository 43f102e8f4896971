//! OBJECT: how a value is stored, and how much it is used.
//!
//! Idle times and frequencies share 24 bits of a key; which of the two they hold,
//! `maxmemory-policy` decides. Asked for the other, OBJECT answers with an error.
//! Source: https://redis.io/docs/latest/commands/object-encoding/

use crate::command::{Args, Command, Outcome, error, flag};
use crate::commands::help;
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::{Db, Kind, Record, Value, access};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[OBJECT, ENCODING, FREQ, HELP, IDLETIME, REFCOUNT];

/// Up to this length Redis keeps a string in one block with its header: `embstr`.
const LONGEST_EMBEDDED_BYTES: usize = 44;

const OBJECT: Command = Command::container("OBJECT")
    .since("2.2.3")
    .costs("as the subcommand's")
    .about("How values are stored and how much they are used.");

const ENCODING: Command = Command::read("OBJECT|ENCODING key", encoding)
    .since("2.2.3")
    .keys(&["RO"])
    .tips(&["nondeterministic_output"])
    .about("The name of the encoding of the value at `key`.");

fn encoding(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    match db.peek(args.get(2)) {
        Some(record) => reply.bulk(encoding_name(&record).as_bytes()),
        None => reply.null(),
    }
    Ok(())
}

/// The encoding that Redis would use for the value. Which strings are embedded is a matter of
/// length there; here records hold far longer ones, but clients know the names by Redis's limit.
pub fn encoding_name(record: &Record<'_>) -> &'static str {
    match record.value() {
        Value::Int(_) => "int",
        Value::Bytes(_) if record.kind() == Kind::Raw => "raw",
        Value::Bytes(bytes) if bytes.len() <= LONGEST_EMBEDDED_BYTES => "embstr",
        Value::Bytes(_) | Value::Shared(_) => "raw",
        Value::Packed(kind, bytes) => kind.encoding(bytes),
        Value::Object(object) => object.encoding(),
    }
}

const FREQ: Command = Command::read("OBJECT|FREQ key", freq)
    .since("4.0.0")
    .keys(&["RO"])
    .tips(&["nondeterministic_output"])
    .about("How often `key` is used, on a logarithmic scale from 0 to 255.");

fn freq(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let Some(record) = db.peek(args.get(2)) else {
        reply.null();
        return Ok(());
    };
    if !db.counts_frequency() {
        return Err(error::FREQUENCY_NOT_COUNTED);
    }
    reply.integer(i64::from(access::frequency(record.access(), db.now())));
    Ok(())
}

const HELP: Command = Command::server("OBJECT|HELP", help)
    .since("6.2.0")
    .flags(flag::LOADING | flag::STALE)
    .about("Prints this text.");

fn help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    help::write("object", reply)
}

const IDLETIME: Command = Command::read("OBJECT|IDLETIME key", idletime)
    .since("2.2.3")
    .keys(&["RO"])
    .tips(&["nondeterministic_output"])
    .about("Seconds since `key` was last used.");

fn idletime(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let Some(record) = db.peek(args.get(2)) else {
        reply.null();
        return Ok(());
    };
    if db.counts_frequency() {
        return Err(error::IDLE_TIME_NOT_COUNTED);
    }
    reply.integer(i64::from(access::idle_seconds(record.access(), db.now())));
    Ok(())
}

const REFCOUNT: Command = Command::read("OBJECT|REFCOUNT key", refcount)
    .since("2.2.3")
    .keys(&["RO"])
    .tips(&["nondeterministic_output"])
    .about("How many keys share the value at `key`: always 1, since values belong to their key.");

fn refcount(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    match db.peek(args.get(2)) {
        Some(_) => reply.integer(1),
        None => reply.null(),
    }
    Ok(())
}
