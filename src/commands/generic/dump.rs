//! DUMP: a value as bytes, which RESTORE makes a value of, here or on another server.

use crate::command::{Args, Command, Outcome};
use crate::persistence::rdb::write::{Style, dump as bytes_of};
use crate::protocol::Reply;
use crate::store::Db;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[DUMP];

const DUMP: Command = Command::read("DUMP key", dump)
    .since("2.6.0")
    .keys(&["RO access"])
    .tips(&["nondeterministic_output"])
    .costs("O(N) with N the size of the value")
    .about("The value at `key` as RESTORE takes it, of the version that `rdb-version` says.");

fn dump(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let limits = db.limits();
    let style = Style { version: limits.rdb_version(), compresses: limits.rdbcompression() };
    match db.find(args.get(1)) {
        Some(record) => reply.bulk(&bytes_of(&record.value(), style)),
        None => reply.null(),
    }
    Ok(())
}
