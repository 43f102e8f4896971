//! The options that say what becomes of a key's deadline: EX, PX, EXAT, PXAT, KEEPTTL, PERSIST.
//!
//! They are taken while the words are read, and worked out only when all of them have been: a
//! syntax error later in the call is told before a wrong number, as in Redis.

use crate::command::{Args, Error};
use crate::store::Deadline;

/// How a time is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// EX: seconds from now.
    Seconds,
    /// PX: milliseconds from now.
    Milliseconds,
    /// EXAT: seconds since 1970.
    UnixSeconds,
    /// PXAT: milliseconds since 1970.
    UnixMilliseconds,
}

/// What becomes of the deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lifetime {
    /// Nothing was said: each command has its own rule.
    #[default]
    Unsaid,
    /// KEEPTTL: stays as it is.
    Keep,
    /// PERSIST: goes away.
    Persist,
    /// Is set to the time in the word at `at`.
    Until {
        /// How the time is given.
        unit: Unit,
        /// Where the word stands.
        at: usize,
    },
}

impl Unit {
    fn parse(word: &[u8]) -> Option<Self> {
        let named = |name: &[u8]| word.eq_ignore_ascii_case(name);
        match word.len() {
            2 if named(b"EX") => Some(Unit::Seconds),
            2 if named(b"PX") => Some(Unit::Milliseconds),
            4 if named(b"EXAT") => Some(Unit::UnixSeconds),
            4 if named(b"PXAT") => Some(Unit::UnixMilliseconds),
            _ => None,
        }
    }

    /// The moment, in milliseconds since 1970; none for one that is not positive or does not fit.
    fn moment_ms(self, given: i64, now_ms: u64) -> Option<u64> {
        if given <= 0 {
            return None;
        }
        let ms = match self {
            Unit::Seconds | Unit::UnixSeconds => given.checked_mul(1000)?,
            Unit::Milliseconds | Unit::UnixMilliseconds => given,
        };
        let since = match self {
            Unit::Seconds | Unit::Milliseconds => i64::try_from(now_ms).ok()?,
            Unit::UnixSeconds | Unit::UnixMilliseconds => 0,
        };
        ms.checked_add(since).map(i64::cast_unsigned)
    }
}

impl Lifetime {
    /// Takes the option at `at` if it names a time and goes with what was taken before; tells how
    /// many words it has. The same option may come again: the last one counts.
    pub fn take_time(&mut self, args: &Args, at: usize) -> Option<usize> {
        let unit = Unit::parse(args.get(at)).filter(|_| at + 1 < args.len())?;
        match *self {
            Lifetime::Unsaid => {}
            Lifetime::Until { unit: before, .. } if before == unit => {}
            _ => return None,
        }
        *self = Lifetime::Until { unit, at: at + 1 };
        Some(2)
    }

    /// Takes the option at `at` if it is KEEPTTL and goes with what was taken before.
    pub fn take_keep(&mut self, args: &Args, at: usize) -> Option<usize> {
        args.is(at, "KEEPTTL").then(|| self.settle_on(Lifetime::Keep))?
    }

    /// Takes the option at `at` if it is PERSIST and goes with what was taken before.
    pub fn take_persist(&mut self, args: &Args, at: usize) -> Option<usize> {
        args.is(at, "PERSIST").then(|| self.settle_on(Lifetime::Persist))?
    }

    fn settle_on(&mut self, wanted: Lifetime) -> Option<usize> {
        if *self != Lifetime::Unsaid && *self != wanted {
            return None;
        }
        *self = wanted;
        Some(1)
    }

    /// What to do about the deadline in a call that came at `now_ms`; nothing said means `Clear`.
    /// An error names `command`.
    pub fn deadline(self, args: &Args, now_ms: u64, command: &str) -> Result<Deadline, Error> {
        match self {
            Lifetime::Unsaid | Lifetime::Persist => Ok(Deadline::Clear),
            Lifetime::Keep => Ok(Deadline::Keep),
            Lifetime::Until { unit, at } => {
                let moment = unit.moment_ms(args.integer(at)?, now_ms);
                moment.map(Deadline::At).ok_or_else(|| Error::invalid_expire(command))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_does_not_fit_is_no_moment() {
        assert_eq!(Unit::Seconds.moment_ms(10, 5), Some(10_005));
        assert_eq!(Unit::UnixMilliseconds.moment_ms(10, 5), Some(10));
        assert_eq!(Unit::Seconds.moment_ms(i64::MAX / 1000 + 1, 0), None);
        assert_eq!(Unit::Milliseconds.moment_ms(i64::MAX, 1), None);
        assert_eq!(Unit::UnixSeconds.moment_ms(0, 5), None);
    }
}
