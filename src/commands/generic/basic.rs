//! DEL, UNLINK, EXISTS, TOUCH, TYPE.
//!
//! DEL and UNLINK are one: a value large enough to be felt is freed by the background thread in
//! either case, so that nobody waits for a DEL.

use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[DEL, UNLINK, EXISTS, TOUCH, TYPE];

const DEL: Command = Command::write("DEL key [key ...]", del)
    .keys(&["RM delete"])
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .costs("O(N) in the number of keys; large values are freed in the background")
    .about("Removes keys; answers how many there were.");

const UNLINK: Command = Command::write("UNLINK key [key ...]", del)
    .since("4.0.0")
    .fast()
    .keys(&["RM delete"])
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .costs("O(N) in the number of keys; large values are freed in the background")
    .about("Removes keys as DEL does; kept for those who know it as the one that does not block.");

fn del(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let mut removed = 0;
    for key in args.iter(1) {
        if db.remove(key) {
            db.changed(Class::Generic, "del", key);
            removed += 1;
        }
    }
    reply.integer(removed);
    Ok(())
}

const EXISTS: Command = Command::read("EXISTS key [key ...]", exists)
    .fast()
    .keys(&["RO"])
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .costs("O(N) in the number of keys")
    .about("How many of the keys are there; one named twice counts twice.");

fn exists(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let present = args.iter(1).filter(|key| db.peek(key).is_some()).count();
    reply.integer(present as i64);
    Ok(())
}

const TOUCH: Command = Command::read("TOUCH key [key ...]", touch)
    .since("3.2.1")
    .fast()
    .keys(&["RO"])
    .tips(&["request_policy:multi_shard", "response_policy:agg_sum"])
    .costs("O(N) in the number of keys")
    .about("Marks keys as used now; answers how many there are.");

fn touch(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let touched = args.iter(1).filter(|key| db.find(key).is_some()).count();
    reply.integer(touched as i64);
    Ok(())
}

const TYPE: Command = Command::read("TYPE key", type_of)
    .fast()
    .keys(&["RO"])
    .about("The name of the type of the value at `key`, or `none`.");

fn type_of(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    reply.simple(db.peek(args.get(1)).map_or("none", |record| record.type_name()));
    Ok(())
}
