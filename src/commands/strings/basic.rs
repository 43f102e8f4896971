//! GET and SET.

use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[GET, SET];

const GET: Command =
    Command::read("GET key", get).fast().about("The string at `key`, or null when there is none.");

fn get(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    super::value::write(db.find(args.get(1)), reply)
}

const SET: Command = Command::write("SET key value", set)
    .grows()
    .about("Puts a string at `key`, whatever was there.");

fn set(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let value = super::value::encode(args, 2);
    db.put(args.get(1), value, Deadline::Clear);
    db.changed(Class::String, "set", args.get(1));
    reply.ok();
    Ok(())
}
