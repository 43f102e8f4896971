//! LPUSH, RPUSH, and LPUSHX, RPUSHX, which add to lists that are there.

use super::stored::{self, element};
use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::list::End;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[LPUSH, RPUSH, LPUSHX, RPUSHX];

const COST: &str = "O(N) where N is the number of elements given.";

const LPUSH: Command = Command::write("LPUSH key element [element ...]", lpush)
    .fast()
    .grows()
    .costs(COST)
    .keys(&["RW insert"])
    .about("Adds elements at the head of a list, one after the other; answers how many it has.");

fn lpush(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    push(db, args, End::Left, reply)
}

const RPUSH: Command = Command::write("RPUSH key element [element ...]", rpush)
    .fast()
    .grows()
    .costs(COST)
    .keys(&["RW insert"])
    .about("Adds elements at the tail of a list, one after the other; answers how many it has.");

fn rpush(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    push(db, args, End::Right, reply)
}

const LPUSHX: Command = Command::write("LPUSHX key element [element ...]", lpushx)
    .since("2.2.0")
    .fast()
    .grows()
    .costs(COST)
    .keys(&["RW insert"])
    .about("As LPUSH, if there is a list at `key`; otherwise nothing, and 0 is answered.");

fn lpushx(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    push_if_there(db, args, End::Left, reply)
}

const RPUSHX: Command = Command::write("RPUSHX key element [element ...]", rpushx)
    .since("2.2.0")
    .fast()
    .grows()
    .costs(COST)
    .keys(&["RW insert"])
    .about("As RPUSH, if there is a list at `key`; otherwise nothing, and 0 is answered.");

fn rpushx(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    push_if_there(db, args, End::Right, reply)
}

fn push_if_there(db: &mut Db, args: &Args, end: End, reply: &mut Reply) -> Outcome {
    if db.find_mut(args.get(1)).is_none() {
        reply.integer(0);
        return Ok(());
    }
    push(db, args, end, reply)
}

#[inline]
fn push(db: &mut Db, args: &Args, end: End, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let elements = (2..args.len()).map(|at| element(args, at));
    let length = stored::push(db, key, end, elements)?;
    db.changed(Class::List, event(end), key);
    reply.integer(length as i64);
    Ok(())
}

/// The event of a push at this end.
pub fn event(end: End) -> &'static str {
    match end {
        End::Left => "lpush",
        End::Right => "rpush",
    }
}
