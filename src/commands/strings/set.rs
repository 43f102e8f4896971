//! SET with all its options, and the commands it made needless: SETNX, SETEX, PSETEX, GETSET.
//!
//! `SET key value` is the hottest write there is: it goes past the options. Whatever the options
//! say, the journal gets the plain form of what happened, with an absolute time: `SET key value
//! [PXAT ms | KEEPTTL]`, or DEL where the time given has passed already.

use super::condition::Condition;
use super::lifetime::{Lifetime, Unit};
use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline, NewValue};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SET, SETNX, SETEX, PSETEX, GETSET];

const SET: Command = Command::write(
    "SET key value [NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | \
     IFDNE ifdne-digest] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
     PXAT unix-time-milliseconds | KEEPTTL]",
    set,
)
.grows()
.keys(&["RW access update variable_flags"])
.about("Puts a string at `key`, whatever was there; on conditions and with a deadline, if asked.");

fn set(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() > 3 {
        return set_with_options(db, args, reply);
    }
    db.put(args.get(1), value::encode(args, 2), Deadline::Clear);
    db.changed(Class::String, "set", args.get(1));
    reply.ok();
    Ok(())
}

/// What SET was asked for beyond key and value.
#[derive(Default)]
struct Options<'a> {
    condition: Condition<'a>,
    lifetime: Lifetime,
    answers_old_value: bool,
}

impl<'a> Options<'a> {
    fn parse(args: &Args<'a>, from: usize) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = from;
        while at < args.len() {
            at += options.take(args, at).ok_or(error::SYNTAX)?;
        }
        Ok(options)
    }

    fn take(&mut self, args: &Args<'a>, at: usize) -> Option<usize> {
        if args.is(at, "GET") {
            self.answers_old_value = true;
            return Some(1);
        }
        self.lifetime
            .take_time(args, at)
            .or_else(|| self.lifetime.take_keep(args, at))
            .or_else(|| self.condition.take_existence(args, at))
            .or_else(|| self.condition.take_comparison(args, at))
    }
}

fn set_with_options(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::parse(args, 3)?;
    let deadline = options.lifetime.deadline(args, db.now(), "set")?;
    let key = args.get(1);
    if options.answers_old_value {
        value::write(db.find(key), reply)?;
    }
    let holds = match options.condition {
        Condition::Always => true,
        condition => condition.holds(db.find_mut(key))?,
    };
    if holds {
        store(db, args, 2, deadline);
    }
    match (options.answers_old_value, holds) {
        (true, _) => {}
        (false, true) => reply.ok(),
        (false, false) => reply.null(),
    }
    Ok(())
}

/// Puts the word at `at` at the key in word 1 and tells of it, in the form that replays to the same
/// state.
fn store(db: &mut Db, args: &Args, at: usize, deadline: Deadline) {
    let key = args.get(1);
    put_one(db, key, value::encode(args, at), deadline);
    if !db.is_followed() || db.journal.changes == 0 {
        return;
    }
    let text = args.get(at);
    match deadline {
        Deadline::At(ms) if ms <= db.now() => db.replay_as(&[b"DEL", key]),
        Deadline::At(ms) => {
            let mut buffer = itoa::Buffer::new();
            db.replay_as(&[b"SET", key, text, b"PXAT", buffer.format(ms).as_bytes()]);
        }
        Deadline::Keep => db.replay_as(&[b"SET", key, text, b"KEEPTTL"]),
        Deadline::Clear => db.replay_as(&[b"SET", key, text]),
    }
}

/// Puts a string and tells of the events. One whose time has passed already is not kept: what was
/// there goes.
pub fn put_one(db: &mut Db, key: &[u8], value: NewValue<'_>, deadline: Deadline) {
    if let Deadline::At(ms) = deadline
        && ms <= db.now()
    {
        if db.remove(key) {
            db.changed(Class::Generic, "del", key);
        }
        return;
    }
    db.put(key, value, deadline);
    db.changed(Class::String, "set", key);
    if matches!(deadline, Deadline::At(_)) {
        db.event(Class::Generic, "expire", key);
    }
}

const SETNX: Command = Command::write("SETNX key value", setnx)
    .fast()
    .grows()
    .keys(&["OW insert"])
    .replaced_by("2.6.12", "`SET` with the `NX` argument")
    .about("Puts a string at `key` if there is no such key.");

fn setnx(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let is_free = db.find_mut(args.get(1)).is_none();
    if is_free {
        store(db, args, 2, Deadline::Clear);
    }
    reply.integer(is_free.into());
    Ok(())
}

const SETEX: Command = Command::write("SETEX key seconds value", setex)
    .since("2.0.0")
    .grows()
    .keys(&["OW update"])
    .replaced_by("2.6.12", "`SET` with the `EX` argument")
    .about("Puts a string at `key` for so many seconds.");

fn setex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    set_for(db, args, Unit::Seconds)?;
    reply.ok();
    Ok(())
}

const PSETEX: Command = Command::write("PSETEX key milliseconds value", psetex)
    .since("2.6.0")
    .grows()
    .keys(&["OW update"])
    .replaced_by("2.6.12", "`SET` with the `PX` argument")
    .about("Puts a string at `key` for so many milliseconds.");

fn psetex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    set_for(db, args, Unit::Milliseconds)?;
    reply.ok();
    Ok(())
}

fn set_for(db: &mut Db, args: &Args, unit: Unit) -> Outcome {
    let command = if unit == Unit::Seconds { "setex" } else { "psetex" };
    let deadline = Lifetime::Until { unit, at: 2 }.deadline(args, db.now(), command)?;
    store(db, args, 3, deadline);
    Ok(())
}

const GETSET: Command = Command::write("GETSET key value", getset)
    .fast()
    .grows()
    .keys(&["RW access update"])
    .replaced_by("6.2.0", "`SET` with the `GET` argument")
    .about("Puts a string at `key` and answers with the one that was there.");

fn getset(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    value::write(db.find(args.get(1)), reply)?;
    store(db, args, 2, Deadline::Clear);
    Ok(())
}
