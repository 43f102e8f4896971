//! Writers of whole fields: HSET, HMSET, HSETNX, HDEL.

use super::edit::{self, Pair};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::hash::Ttl;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[HSET, HMSET, HSETNX, HDEL];

const HSET: Command = Command::write("HSET key field value [field value ...]", hset)
    .since("2.0.0")
    .fast()
    .grows()
    .costs("O(N) in the number of fields that are set.")
    .about("Sets fields; answers how many of them are new. Their deadlines go.");

fn hset(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let new = set_pairs(db, args, "hset")?;
    reply.integer(new as i64);
    Ok(())
}

const HMSET: Command = Command::write("HMSET key field value [field value ...]", hmset)
    .since("2.0.0")
    .fast()
    .grows()
    .costs("O(N) in the number of fields that are set.")
    .replaced_by("4.0.0", "`HSET` with multiple field-value pairs")
    .about("Sets fields.");

fn hmset(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    set_pairs(db, args, "hmset")?;
    reply.ok();
    Ok(())
}

fn set_pairs(db: &mut Db, args: &Args, command: &str) -> Result<usize, Error> {
    if !args.len().is_multiple_of(2) {
        return Err(Error::arity(command));
    }
    let key = args.get(1);
    let new = edit::set_all(db, key, pairs(args, 2..args.len()), Ttl::Clear)?;
    db.changed(Class::Hash, "hset", key);
    Ok(new)
}

/// The words of `range`, an even number of them, as fields with their values.
pub fn pairs<'a>(
    args: &Args<'a>,
    range: std::ops::Range<usize>,
) -> impl ExactSizeIterator<Item = Pair<'a>> {
    let args = *args;
    range.step_by(2).map(move |at| (args.get(at), args.get(at + 1)))
}

const HSETNX: Command = Command::write("HSETNX key field value", hsetnx)
    .since("2.0.0")
    .fast()
    .grows()
    .keys(&["RW insert"])
    .about("Sets a field unless it is there; answers 1 if it was set.");

fn hsetnx(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (key, field) = (args.get(1), args.get(2));
    let is_there = edit::look(db, key)?.is_some_and(|hash| hash.get(field).is_some());
    if !is_there {
        edit::set(db, key, (field, args.get(3)), Ttl::Clear)?;
        db.changed(Class::Hash, "hset", key);
    }
    reply.integer((!is_there).into());
    Ok(())
}

const HDEL: Command = Command::write("HDEL key field [field ...]", hdel)
    .since("2.0.0")
    .fast()
    .keys(&["RW delete"])
    .costs("O(N) in the number of fields that are removed.")
    .about("Removes fields; answers how many there were.");

fn hdel(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let mut removed = 0;
    for field in args.iter(2) {
        removed += i64::from(edit::remove(db, key, field)?);
    }
    if removed > 0 {
        tell_removal(db, key);
    }
    reply.integer(removed);
    Ok(())
}

/// Says that fields of `key` were removed, and that the key is gone if it is.
pub fn tell_removal(db: &mut Db, key: &[u8]) {
    db.changed(Class::Hash, "hdel", key);
    if db.look(db.index(), key).is_none() {
        db.event(Class::Generic, "del", key);
    }
}
