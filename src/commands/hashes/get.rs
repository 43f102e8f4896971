//! Readers: HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HSTRLEN, HEXISTS.

use super::view;
use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::Db;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HSTRLEN, HEXISTS];

const COST: &str = "O(N) in the number of fields.";

const HGET: Command = Command::read("HGET key field", hget)
    .since("2.0.0")
    .fast()
    .about("The value of a field; null where there is none.");

fn hget(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    write(hash.and_then(|hash| hash.get(args.get(2))), reply);
    Ok(())
}

/// Answers with a value; null where there is none.
pub fn write(value: Option<&[u8]>, reply: &mut Reply) {
    match value {
        Some(value) => reply.bulk(value),
        None => reply.null(),
    }
}

const HMGET: Command = Command::read("HMGET key field [field ...]", hmget)
    .since("2.0.0")
    .fast()
    .costs("O(N) in the number of fields asked for.")
    .about("The values of several fields; null for each that is not there.");

fn hmget(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    reply.array(args.len() - 2);
    for field in args.iter(2) {
        write(hash.and_then(|hash| hash.get(field)), reply);
    }
    Ok(())
}

const HGETALL: Command = Command::read("HGETALL key", hgetall)
    .since("2.0.0")
    .costs(COST)
    .tips(&["nondeterministic_output_order"])
    .about("All fields with their values.");

fn hgetall(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    reply.map(hash.map_or(0, |hash| hash.len()));
    if let Some(hash) = hash {
        hash.each(|field, value| {
            reply.bulk(field);
            reply.bulk(value);
        });
    }
    Ok(())
}

const HKEYS: Command = Command::read("HKEYS key", hkeys)
    .since("2.0.0")
    .costs(COST)
    .tips(&["nondeterministic_output_order"])
    .about("All fields.");

fn hkeys(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    reply.array(hash.map_or(0, |hash| hash.len()));
    if let Some(hash) = hash {
        hash.each(|field, _| reply.bulk(field));
    }
    Ok(())
}

const HVALS: Command = Command::read("HVALS key", hvals)
    .since("2.0.0")
    .costs(COST)
    .tips(&["nondeterministic_output_order"])
    .about("All values.");

fn hvals(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    reply.array(hash.map_or(0, |hash| hash.len()));
    if let Some(hash) = hash {
        hash.each(|_, value| reply.bulk(value));
    }
    Ok(())
}

const HLEN: Command = Command::read("HLEN key", hlen)
    .since("2.0.0")
    .fast()
    .keys(&["RO"])
    .about("How many fields there are.");

fn hlen(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    reply.integer(hash.map_or(0, |hash| hash.len()) as i64);
    Ok(())
}

const HSTRLEN: Command = Command::read("HSTRLEN key field", hstrlen)
    .since("3.2.0")
    .fast()
    .keys(&["RO"])
    .about("How many bytes the value of a field has; 0 where there is none.");

fn hstrlen(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    let value = hash.and_then(|hash| hash.get(args.get(2)));
    reply.integer(value.map_or(0, <[u8]>::len) as i64);
    Ok(())
}

const HEXISTS: Command = Command::read("HEXISTS key field", hexists)
    .since("2.0.0")
    .fast()
    .keys(&["RO"])
    .about("Whether there is such a field: 1 or 0.");

fn hexists(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    let value = hash.and_then(|hash| hash.get(args.get(2)));
    reply.integer(value.is_some().into());
    Ok(())
}
