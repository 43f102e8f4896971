//! INCREX: a counter with bounds and a deadline in one step, as a rate limiter needs it.
//!
//! ```text
//! sum = value + increment                        integers, or 80-bit floats with BYFLOAT
//!   within the bounds      → the sum is put; answers [sum, increment]
//!   outside, SATURATE      → the bound is put; answers [bound, bound - value]
//!   outside                → nothing happens; answers [value, 0]
//! ```
//! Leaving the range of the type is leaving the bounds. The deadline is set, kept (ENX: if there is
//! one) or taken away only where something was put. Source:
//! https://redis.io/docs/latest/commands/increx/

use super::count::{float_of, integer_of};
use super::lifetime::Lifetime;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::{Protocol, Reply};
use crate::store::{Class, Db, Deadline, NewValue, RecordMut};
use crate::types::long_double::LongDouble;
use crate::types::number::{parse_float, parse_integer};
use std::cmp::Ordering;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[INCREX];

const INCREX: Command = Command::write(
    "INCREX key [BYFLOAT float | BYINT integer] [SATURATE] [LBOUND lowerbound] [UBOUND upperbound] \
     [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | \
     PERSIST] [ENX]",
    increx,
)
.since("8.8.0")
.fast()
.grows()
.keys(&["RW access update"])
.about("Adds to the number at `key` within bounds, sets its deadline, answers what was added.");

fn increx(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::parse(args)?;
    let count = Count::parse(args, &options)?;
    let deadline = options.lifetime.deadline(args, db.now(), "increx")?;
    let (step, had_deadline) = match db.find_mut(args.get(1)) {
        None => (count.step(None, options.saturates)?, false),
        Some(found) => (count.step(Some(&found), options.saturates)?, found.deadline().is_some()),
    };
    reply.array(2);
    step.value.answer(reply);
    step.applied.answer(reply);
    if step.is_within {
        let deadline = match options.lifetime {
            Lifetime::Unsaid => Deadline::Keep,
            Lifetime::Until { .. } if options.spares_deadline && had_deadline => Deadline::Keep,
            _ => deadline,
        };
        store(db, args.get(1), step.value, deadline);
        if deadline == Deadline::Clear && had_deadline {
            db.event(Class::Generic, "persist", args.get(1));
        }
    }
    Ok(())
}

/// Puts the number and tells of it, in the form that replays to the same state.
fn store(db: &mut Db, key: &[u8], number: Number, deadline: Deadline) {
    if let Deadline::At(ms) = deadline
        && ms <= db.now()
    {
        if db.remove(key) {
            db.changed(Class::Generic, "del", key);
            db.replay_as(&[b"DEL", key]);
        }
        return;
    }
    let text = number.text();
    let (value, event) = match number {
        Number::Integer(number) => (NewValue::Int(number), "incrby"),
        Number::Float(_) => (NewValue::Bytes(&text), "incrbyfloat"),
    };
    db.put(key, value, deadline);
    db.changed(Class::String, event, key);
    match deadline {
        Deadline::Keep => db.replay_as(&[b"SET", key, &text, b"KEEPTTL"]),
        Deadline::Clear => db.replay_as(&[b"SET", key, &text]),
        Deadline::At(ms) => {
            db.event(Class::Generic, "expire", key);
            let ms = itoa::Buffer::new().format(ms).to_owned();
            db.replay_as(&[b"SET", key, &text, b"PXAT", ms.as_bytes()]);
        }
    }
}

/// What the words after the key ask for. Numbers are given by their places: which kind of number
/// the bounds are is known only when all words have been read.
#[derive(Default)]
struct Options {
    integer: Option<usize>,
    float: Option<usize>,
    low: Option<usize>,
    high: Option<usize>,
    saturates: bool,
    lifetime: Lifetime,
    /// ENX: a deadline that is there stays.
    spares_deadline: bool,
}

impl Options {
    fn parse(args: &Args) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = 2;
        while at < args.len() {
            at += options.take(args, at).ok_or(error::SYNTAX)?;
        }
        let has_time = matches!(options.lifetime, Lifetime::Until { .. });
        match options.spares_deadline && !has_time {
            true if options.lifetime == Lifetime::Unsaid => Err(error::ENX_WITHOUT_EXPIRATION),
            true => Err(error::SYNTAX),
            false => Ok(options),
        }
    }

    /// Takes the option at `at`, which must not have come before; tells how many words it has.
    fn take(&mut self, args: &Args, at: usize) -> Option<usize> {
        let flag = match args.get(at) {
            word if word.eq_ignore_ascii_case(b"SATURATE") => Some(&mut self.saturates),
            word if word.eq_ignore_ascii_case(b"ENX") => Some(&mut self.spares_deadline),
            _ => None,
        };
        if let Some(flag) = flag {
            return (!std::mem::replace(flag, true)).then_some(1);
        }
        if self.lifetime == Lifetime::Unsaid
            && let Some(taken) =
                self.lifetime.take_time(args, at).or_else(|| self.lifetime.take_persist(args, at))
        {
            return Some(taken);
        }
        let has_increment = self.integer.is_some() || self.float.is_some();
        let place = match args.get(at) {
            word if word.eq_ignore_ascii_case(b"BYINT") && !has_increment => &mut self.integer,
            word if word.eq_ignore_ascii_case(b"BYFLOAT") && !has_increment => &mut self.float,
            word if word.eq_ignore_ascii_case(b"LBOUND") => &mut self.low,
            word if word.eq_ignore_ascii_case(b"UBOUND") => &mut self.high,
            _ => return None,
        };
        let is_new = place.replace(at + 1).is_none();
        (is_new && at + 1 < args.len()).then_some(2)
    }
}

/// What is added, and between which bounds.
enum Count {
    Integer { by: i64, low: i64, high: i64 },
    Float { by: LongDouble, low: LongDouble, high: LongDouble },
}

impl Count {
    fn parse(args: &Args, options: &Options) -> Result<Self, Error> {
        match options.float {
            Some(at) => Self::parse_float(args, at, options),
            None => Self::parse_integer(args, options),
        }
    }

    fn parse_integer(args: &Args, options: &Options) -> Result<Self, Error> {
        let number = |at: Option<usize>, what, otherwise| match at {
            Some(at) => {
                parse_integer(args.get(at)).ok_or_else(|| Error::named_not_an_integer(what))
            }
            None => Ok(otherwise),
        };
        let by = number(options.integer, "Increment", 1)?;
        let low = number(options.low, "LBOUND", i64::MIN)?;
        let high = number(options.high, "UBOUND", i64::MAX)?;
        if low > high { Err(error::BOUNDS_CROSS) } else { Ok(Count::Integer { by, low, high }) }
    }

    fn parse_float(args: &Args, at: usize, options: &Options) -> Result<Self, Error> {
        let number = |at: Option<usize>, what, otherwise| match at {
            Some(at) => LongDouble::parse(args.get(at)).ok_or_else(|| Error::not_a_float(what)),
            None => Ok(otherwise),
        };
        let by = number(Some(at), "Increment", LongDouble::LARGEST)?;
        if !by.is_finite() {
            return Err(error::INCREMENT_IS_INFINITE);
        }
        let low = number(options.low, "LBOUND", LongDouble::LARGEST.negated())?;
        let high = number(options.high, "UBOUND", LongDouble::LARGEST)?;
        if low.compare(high) == Ordering::Greater {
            return Err(error::BOUNDS_CROSS);
        }
        Ok(Count::Float { by, low, high })
    }

    /// What comes of it for the number that was found.
    fn step(&self, found: Option<&RecordMut<'_>>, saturates: bool) -> Result<Step, Error> {
        match *self {
            Count::Integer { by, low, high } => {
                let old = found.map_or(Ok(0), integer_of)?;
                let sum = i128::from(old) + i128::from(by);
                let new = sum.clamp(low.into(), high.into());
                if new != sum && !saturates {
                    return Ok(Step::refused(Number::Integer(old), Number::Integer(0)));
                }
                // Saturating can be a longer step than 64 bits hold.
                let applied = i64::try_from(new - i128::from(old));
                let applied = applied.map_err(|_| error::APPLIED_INCREMENT_OVERFLOW)?;
                Ok(Step::taken(
                    Number::Integer(old.wrapping_add(applied)),
                    Number::Integer(applied),
                ))
            }
            Count::Float { by, low, high } => float_step(found, (by, low, high), saturates),
        }
    }
}

fn float_step(
    found: Option<&RecordMut<'_>>,
    (by, low, high): (LongDouble, LongDouble, LongDouble),
    saturates: bool,
) -> Result<Step, Error> {
    let zero = LongDouble::from(0);
    let old = found.map_or(Ok(zero), float_of)?;
    if !old.is_finite() {
        return Err(error::VALUE_IS_INFINITE);
    }
    let sum = old.add(by).ok_or(error::INCREMENT_NAN)?;
    let bound = match (sum.compare(low), sum.compare(high)) {
        (Ordering::Less, _) => low,
        (_, Ordering::Greater) => high,
        _ => return Ok(Step::taken(Number::Float(sum), Number::Float(by))),
    };
    if !saturates {
        return Ok(Step::refused(Number::Float(old), Number::Float(zero)));
    }
    let applied = bound.add(old.negated()).filter(|applied| applied.is_finite());
    let applied = applied.ok_or(error::INCREMENT_NAN)?;
    Ok(Step::taken(Number::Float(bound), Number::Float(applied)))
}

/// The number after the call, and what was added to it.
struct Step {
    value: Number,
    applied: Number,
    /// Whether it is to be put.
    is_within: bool,
}

impl Step {
    fn taken(value: Number, applied: Number) -> Self {
        Step { value, applied, is_within: true }
    }

    fn refused(value: Number, applied: Number) -> Self {
        Step { value, applied, is_within: false }
    }
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Float(LongDouble),
}

impl Number {
    fn text(self) -> Vec<u8> {
        let mut text = Vec::new();
        match self {
            Number::Integer(number) => {
                text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            }
            Number::Float(number) => number.write(&mut text),
        }
        text
    }

    /// An integer; or a float, which is a double for those who know doubles and text for the
    /// others.
    fn answer(self, reply: &mut Reply) {
        match self {
            Number::Integer(number) => reply.integer(number),
            Number::Float(_) if reply.protocol() == Protocol::Resp2 => reply.bulk(&self.text()),
            Number::Float(_) => reply.double(parse_float(&self.text()).unwrap_or(f64::INFINITY)),
        }
    }
}
