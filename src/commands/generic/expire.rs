//! Deadlines: EXPIRE and its family set them, PERSIST takes them away, TTL and its family tell
//! them.
//!
//! ```text
//!             relative to now    since 1970     tells what is left    tells when
//! seconds     EXPIRE             EXPIREAT       TTL                   EXPIRETIME
//! ms          PEXPIRE            PEXPIREAT      PTTL                  PEXPIRETIME
//! ```
//! A deadline that has passed already removes the key, at once. The journal gets the absolute time:
//! replayed an hour later, a relative one would give the key a second life.
//! Source: https://redis.io/docs/latest/commands/expire/

use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db};

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, PERSIST, TTL, PTTL, EXPIRETIME, PEXPIRETIME];

const EXPIRE: Command = Command::write("EXPIRE key seconds [NX | XX | GT | LT]", expire)
    .fast()
    .about("Gives `key` so many seconds to live.");

fn expire(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let now_ms = db.now() as i64;
    set(db, args, Clock { name: "expire", since_ms: now_ms, unit_ms: 1000 }, reply)
}

const PEXPIRE: Command = Command::write("PEXPIRE key milliseconds [NX | XX | GT | LT]", pexpire)
    .since("2.6.0")
    .fast()
    .about("Gives `key` so many milliseconds to live.");

fn pexpire(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let now_ms = db.now() as i64;
    set(db, args, Clock { name: "pexpire", since_ms: now_ms, unit_ms: 1 }, reply)
}

const EXPIREAT: Command =
    Command::write("EXPIREAT key unix-time-seconds [NX | XX | GT | LT]", expireat)
        .since("1.2.0")
        .fast()
        .about("Lets `key` live until a moment, in seconds since 1970.");

fn expireat(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    set(db, args, Clock { name: "expireat", since_ms: 0, unit_ms: 1000 }, reply)
}

const PEXPIREAT: Command =
    Command::write("PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]", pexpireat)
        .since("2.6.0")
        .fast()
        .about("Lets `key` live until a moment, in milliseconds since 1970.");

fn pexpireat(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    set(db, args, Clock { name: "pexpireat", since_ms: 0, unit_ms: 1 }, reply)
}

/// How a command of the EXPIRE family counts.
struct Clock {
    name: &'static str,
    /// What its times are added to.
    since_ms: i64,
    unit_ms: i64,
}

impl Clock {
    /// The moment that `time` means, in milliseconds since 1970; it may lie before that.
    fn moment(&self, time: i64) -> Result<i64, Error> {
        let ms = time.checked_mul(self.unit_ms).and_then(|ms| ms.checked_add(self.since_ms));
        ms.ok_or_else(|| Error::invalid_expire(self.name))
    }
}

/// When EXPIRE may replace the deadline there is. A key without one counts as living for ever.
#[derive(Default)]
struct Condition {
    only_without: bool,
    only_with: bool,
    only_later: bool,
    only_earlier: bool,
}

impl Condition {
    fn read(args: &Args) -> Result<Self, Error> {
        let mut condition = Condition::default();
        for at in 3..args.len() {
            let mark = match () {
                () if args.is(at, "NX") => &mut condition.only_without,
                () if args.is(at, "XX") => &mut condition.only_with,
                () if args.is(at, "GT") => &mut condition.only_later,
                () if args.is(at, "LT") => &mut condition.only_earlier,
                () => return Err(Error::unsupported_option(args.get(at))),
            };
            *mark = true;
        }
        let Condition { only_without, only_with, only_later, only_earlier } = condition;
        if only_without && (only_with || only_later || only_earlier) {
            return Err(error::EXPIRE_NX_AND_OTHERS);
        }
        if only_later && only_earlier {
            return Err(error::EXPIRE_GT_AND_LT);
        }
        Ok(condition)
    }

    fn allows(&self, current: Option<u64>, new_ms: i64) -> bool {
        let current = current.map(|ms| ms as i64);
        let is_later = current.is_some_and(|ms| new_ms > ms);
        let is_earlier = current.is_none_or(|ms| new_ms < ms);
        !(self.only_without && current.is_some()
            || self.only_with && current.is_none()
            || self.only_later && !is_later
            || self.only_earlier && !is_earlier)
    }
}

/// The EXPIRE family: sets the deadline, or removes the key if it has passed.
fn set(db: &mut Db, args: &Args, clock: Clock, reply: &mut Reply) -> Outcome {
    let condition = Condition::read(args)?;
    let moment_ms = clock.moment(args.integer(2)?)?;
    let key = args.get(1);
    let may = db.find_mut(key).is_some_and(|record| condition.allows(record.deadline(), moment_ms));
    if !may {
        reply.integer(0);
        return Ok(());
    }
    if moment_ms <= db.now() as i64 {
        db.remove(key);
        db.changed(Class::Generic, "del", key);
        db.replay_as(&[b"DEL", key]);
    } else {
        db.set_deadline(key, Some(moment_ms as u64));
        db.changed(Class::Generic, "expire", key);
        let moment = itoa::Buffer::new().format(moment_ms).to_owned();
        db.replay_as(&[b"PEXPIREAT", key, moment.as_bytes()]);
    }
    reply.integer(1);
    Ok(())
}

const PERSIST: Command = Command::write("PERSIST key", persist)
    .since("2.2.0")
    .fast()
    .about("Takes the deadline of `key` away; answers 1 if there was one.");

fn persist(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let is_volatile = db.find_mut(key).is_some_and(|record| record.deadline().is_some());
    if is_volatile {
        db.set_deadline(key, None);
        db.changed(Class::Generic, "persist", key);
    }
    reply.integer(i64::from(is_volatile));
    Ok(())
}

const TTL: Command = Command::read("TTL key", ttl)
    .fast()
    .tips(&["nondeterministic_output"])
    .about("Seconds `key` has to live, rounded; -1 without a deadline, -2 without the key.");

fn ttl(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, |ms| rounded_seconds(ms.saturating_sub(db.now())), reply)
}

const PTTL: Command = Command::read("PTTL key", pttl)
    .since("2.6.0")
    .fast()
    .tips(&["nondeterministic_output"])
    .about("Milliseconds `key` has to live; -1 without a deadline, -2 without the key.");

fn pttl(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, |ms| ms.saturating_sub(db.now()), reply)
}

const EXPIRETIME: Command = Command::read("EXPIRETIME key", expiretime)
    .since("7.0.0")
    .fast()
    .about("When `key` dies, in seconds since 1970; -1 without a deadline, -2 without the key.");

fn expiretime(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, rounded_seconds, reply)
}

const PEXPIRETIME: Command =
    Command::read("PEXPIRETIME key", pexpiretime).since("7.0.0").fast().about(
        "When `key` dies, in milliseconds since 1970; -1 without a deadline, -2 without the key.",
    );

fn pexpiretime(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, |ms| ms, reply)
}

fn rounded_seconds(ms: u64) -> u64 {
    (ms + 500) / 1000
}

/// The TTL family: `shown` of the deadline, or -1 without one, or -2 without the key.
fn tell(db: &Db, args: &Args, shown: impl Fn(u64) -> u64, reply: &mut Reply) -> Outcome {
    reply.integer(match db.peek(args.get(1)) {
        None => -2,
        Some(record) => record.deadline().map_or(-1, |ms| shown(ms) as i64),
    });
    Ok(())
}
