//! Deadlines of fields: HEXPIRE and its family set them, HPERSIST takes them away, HTTL and its
//! family tell them.
//!
//! ```text
//!             relative to now    since 1970     tells what is left    tells when
//! seconds     HEXPIRE            HEXPIREAT      HTTL                  HEXPIRETIME
//! ms          HPEXPIRE           HPEXPIREAT     HPTTL                 HPEXPIRETIME
//! ```
//! Each field has an answer of its own: -2 there is no such field, 0 the condition does not hold,
//! 1 done, 2 removed, since the moment has passed. The journal gets HPEXPIREAT with the fields that
//! got a deadline and HDEL with those that were removed.
//! Source: https://redis.io/docs/latest/commands/hexpire/

use super::set::tell_removal;
use super::{edit, fields, view};
use crate::command::error::{self, hashes};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT, HPERSIST, HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME];

/// The latest deadline of a field: 2^46 - 1 ms, in the year 4199. Redis's own limit.
const LATEST_MS: i64 = (1 << 46) - 1;
const COST: &str = "O(N) in the number of fields named.";
const NO_FIELD: i64 = -2;
const NO_DEADLINE: i64 = -1;

const HEXPIRE: Command = Command::write(
    "HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    hexpire,
)
.since("7.4.0")
.fast()
.costs(COST)
.about("Gives fields so many seconds to live.");

fn hexpire(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let since_ms = db.now() as i64;
    set(db, args, Clock { name: "hexpire", since_ms, unit_ms: 1000 }, reply)
}

const HPEXPIRE: Command = Command::write(
    "HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    hpexpire,
)
.since("7.4.0")
.fast()
.costs(COST)
.about("Gives fields so many milliseconds to live.");

fn hpexpire(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let since_ms = db.now() as i64;
    set(db, args, Clock { name: "hpexpire", since_ms, unit_ms: 1 }, reply)
}

const HEXPIREAT: Command = Command::write(
    "HEXPIREAT key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    hexpireat,
)
.since("7.4.0")
.fast()
.costs(COST)
.about("Lets fields live until a moment, in seconds since 1970.");

fn hexpireat(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    set(db, args, Clock { name: "hexpireat", since_ms: 0, unit_ms: 1000 }, reply)
}

const HPEXPIREAT: Command = Command::write(
    "HPEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
    hpexpireat,
)
.since("7.4.0")
.fast()
.costs(COST)
.about("Lets fields live until a moment, in milliseconds since 1970.");

fn hpexpireat(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    set(db, args, Clock { name: "hpexpireat", since_ms: 0, unit_ms: 1 }, reply)
}

/// How a command counts time.
#[derive(Clone, Copy)]
pub struct Clock {
    /// The command, for the error text.
    pub name: &'static str,
    /// What its times are added to.
    pub since_ms: i64,
    /// What they are multiplied by.
    pub unit_ms: i64,
}

impl Clock {
    /// The moment that the word at `at` means, in milliseconds since 1970.
    pub fn moment_ms(&self, args: &Args, at: usize) -> Result<u64, Error> {
        let given = args.integer(at)?;
        if given < 0 {
            return Err(hashes::EXPIRE_NEGATIVE);
        }
        let ms = given.checked_mul(self.unit_ms).and_then(|ms| ms.checked_add(self.since_ms));
        let ms = ms.filter(|ms| *ms <= LATEST_MS);
        ms.map(i64::cast_unsigned).ok_or_else(|| Error::invalid_expire(self.name))
    }
}

/// When HEXPIRE may replace the deadline there is. A field without one counts as living for ever.
#[derive(Clone, Copy)]
enum Condition {
    Without,
    With,
    Later,
    Earlier,
}

impl Condition {
    fn read(word: &[u8]) -> Option<Self> {
        let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
        match () {
            () if is(b"NX") => Some(Condition::Without),
            () if is(b"XX") => Some(Condition::With),
            () if is(b"GT") => Some(Condition::Later),
            () if is(b"LT") => Some(Condition::Earlier),
            () => None,
        }
    }

    fn allows(self, current: Option<u64>, moment_ms: u64) -> bool {
        match self {
            Condition::Without => current.is_none(),
            Condition::With => current.is_some(),
            Condition::Later => current.is_some_and(|ms| moment_ms > ms),
            Condition::Earlier => current.is_none_or(|ms| moment_ms < ms),
        }
    }
}

/// Condition and fields of a call of the HEXPIRE family.
fn read(args: &Args) -> Result<(Option<Condition>, Range<usize>), Error> {
    let condition = Condition::read(args.get(3));
    let at = 3 + usize::from(condition.is_some());
    let fields = fields::announced(args, at, hashes::FIELDS_PARAMETER)?;
    if fields.end == args.len() {
        return Ok((condition, fields));
    }
    let is_one_left = condition.is_none() && fields.end + 1 == args.len();
    let after = is_one_left.then(|| Condition::read(args.get(fields.end))).flatten();
    after.map(|condition| (Some(condition), fields)).ok_or(hashes::FIELDS_MISMATCH)
}

/// The HEXPIRE family.
fn set(db: &mut Db, args: &Args, clock: Clock, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    edit::look(db, key)?;
    let moment_ms = clock.moment_ms(args, 2)?;
    let (condition, fields) = read(args)?;
    edit::expect_deadlines(db, key)?;
    let mut touched = Vec::new();
    reply.array(fields.len());
    for at in fields {
        let field = args.get(at);
        let deadline = edit::look(db, key)?.and_then(|hash| hash.deadline(field));
        let Some(current) = deadline else {
            reply.integer(NO_FIELD);
            continue;
        };
        if condition.is_some_and(|condition| !condition.allows(current, moment_ms)) {
            reply.integer(0);
            continue;
        }
        touched.push(field);
        reply.integer(set_deadline(db, key, field, moment_ms)?);
    }
    tell_deadlines(db, key, &touched, moment_ms);
    Ok(())
}

/// Gives a field that is there a deadline: 1. Or removes it, if the moment has passed: 2.
pub fn set_deadline(db: &mut Db, key: &[u8], field: &[u8], moment_ms: u64) -> Result<i64, Error> {
    if moment_ms <= db.now() {
        edit::remove(db, key, field)?;
        return Ok(2);
    }
    edit::with_large(db, key, |hash| hash.set_deadline(field, Some(moment_ms)));
    Ok(1)
}

/// Says that fields of `key` got a deadline, or were removed if that has passed.
pub fn tell_deadlines(db: &mut Db, key: &[u8], touched: &[&[u8]], moment_ms: u64) {
    if touched.is_empty() {
        return;
    }
    if moment_ms <= db.now() {
        tell_removal(db, key);
        replay(db, &[b"HDEL", key], touched);
        return;
    }
    db.changed(Class::Hash, "hexpire", key);
    let mut buffers = (itoa::Buffer::new(), itoa::Buffer::new());
    let (moment, count) = (buffers.0.format(moment_ms), buffers.1.format(touched.len()));
    let words: [&[u8]; 5] = [b"HPEXPIREAT", key, moment.as_bytes(), b"FIELDS", count.as_bytes()];
    replay(db, &words, touched);
}

/// Replays a call of these words and the fields behind them.
pub fn replay(db: &mut Db, words: &[&[u8]], fields: &[&[u8]]) {
    if db.is_followed() {
        db.replay_as(&[words, fields].concat());
    }
}

const HPERSIST: Command =
    Command::write("HPERSIST key FIELDS numfields field [field ...]", hpersist)
        .since("7.4.0")
        .fast()
        .costs(COST)
        .about("Takes the deadlines of fields away; answers 1 for each that had one.");

fn hpersist(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    edit::look(db, key)?;
    let fields = fields::last(args, 2, hashes::FIELDS_NOT_POSITIVE)?;
    let mut persisted = 0;
    reply.array(fields.len());
    for at in fields {
        let field = args.get(at);
        let is_volatile = match edit::look(db, key)?.and_then(|hash| hash.deadline(field)) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(_)) => 1,
        };
        if is_volatile == 1 {
            edit::with_large(db, key, |hash| hash.set_deadline(field, None));
            persisted += 1;
        }
        reply.integer(is_volatile);
    }
    if persisted > 0 {
        db.changed(Class::Hash, "hpersist", key);
    }
    Ok(())
}

const HTTL: Command = Command::read("HTTL key FIELDS numfields field [field ...]", httl)
    .since("7.4.0")
    .fast()
    .costs(COST)
    .tips(&["nondeterministic_output"])
    .about("Seconds fields have to live; -1 without a deadline, -2 without the field.");

fn httl(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, |ms| seconds(ms.saturating_sub(db.now())), reply)
}

const HPTTL: Command = Command::read("HPTTL key FIELDS numfields field [field ...]", hpttl)
    .since("7.4.0")
    .fast()
    .costs(COST)
    .tips(&["nondeterministic_output"])
    .about("Milliseconds fields have to live; -1 without a deadline, -2 without the field.");

fn hpttl(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, |ms| ms.saturating_sub(db.now()), reply)
}

const HEXPIRETIME: Command =
    Command::read("HEXPIRETIME key FIELDS numfields field [field ...]", hexpiretime)
        .since("7.4.0")
        .fast()
        .costs(COST)
        .about(
            "When fields die, in seconds since 1970; -1 without a deadline, -2 without the field.",
        );

fn hexpiretime(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, seconds, reply)
}

const HPEXPIRETIME: Command =
    Command::read("HPEXPIRETIME key FIELDS numfields field [field ...]", hpexpiretime)
        .since("7.4.0")
        .fast()
        .costs(COST)
        .about("When fields die, in milliseconds since 1970; -1 or -2 as HEXPIRETIME.");

fn hpexpiretime(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    tell(db, args, |ms| ms, reply)
}

/// A field that has less than a second left has one: unlike TTL, HTTL rounds up.
fn seconds(ms: u64) -> u64 {
    ms.div_ceil(1000)
}

/// The HTTL family: `shown` of each deadline.
fn tell(db: &Db, args: &Args, shown: impl Fn(u64) -> u64, reply: &mut Reply) -> Outcome {
    let hash = view::find(db, args.get(1))?;
    let fields = fields::last(args, 2, hashes::FIELDS_NOT_POSITIVE)?;
    reply.array(fields.len());
    for at in fields {
        reply.integer(match hash.and_then(|hash| hash.deadline(args.get(at))) {
            None => NO_FIELD,
            Some(None) => NO_DEADLINE,
            Some(Some(ms)) => shown(ms) as i64,
        });
    }
    Ok(())
}

/// A word that stands for how a time is given: EX, PX, EXAT, PXAT.
pub fn clock(word: &[u8], command: &'static str, now_ms: u64) -> Option<Clock> {
    let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
    let now_ms = now_ms as i64;
    let (since_ms, unit_ms) = match () {
        () if is(b"EX") => (now_ms, 1000),
        () if is(b"PX") => (now_ms, 1),
        () if is(b"EXAT") => (0, 1000),
        () if is(b"PXAT") => (0, 1),
        () => return None,
    };
    Some(Clock { name: command, since_ms, unit_ms })
}

/// The moment given by the word behind the one at `at`.
pub fn moment_behind(args: &Args, at: usize, clock: Clock) -> Result<u64, Error> {
    if at + 1 >= args.len() {
        return Err(error::SYNTAX);
    }
    clock.moment_ms(args, at + 1)
}
