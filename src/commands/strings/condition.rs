//! Conditions on what a key holds: NX, XX and the comparisons of SET, DELEX, DELIFEQ.
//!
//! ```text
//!                      no key    a string that differs    the same string    another type
//! NX (Absent)          yes       no                       no                 no
//! XX (Present)         no        yes                      yes                yes
//! IFEQ, IFDEQ          no        no                       yes                WRONGTYPE
//! IFNE, IFDNE          yes       yes                      no                 WRONGTYPE
//! ```
//! IFDEQ and IFDNE compare the XXH3 digest of the string instead of the string, so that a client
//! need not send a large value back to say which version it read. Source:
//! https://redis.io/docs/latest/commands/set/, https://redis.io/docs/latest/commands/delex/

use super::value;
use crate::command::{Args, Error, error};
use crate::store::RecordMut;
use xxhash_rust::xxh3::xxh3_64;

/// Hexadecimal digits of a digest.
pub const DIGEST_DIGITS: usize = 16;

/// When a command acts.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub enum Condition<'a> {
    /// In any case.
    #[default]
    Always,
    /// There is no such key.
    Absent,
    /// There is such a key.
    Present,
    /// The key holds this string.
    Equal(&'a [u8]),
    /// The key does not hold this string.
    NotEqual(&'a [u8]),
    /// The digest of the key's string is this one.
    DigestEqual(&'a [u8]),
    /// The digest of the key's string is another one.
    DigestNotEqual(&'a [u8]),
}

impl<'a> Condition<'a> {
    /// Takes the option at `at` if it is NX or XX and goes with what was taken before; tells how
    /// many words it has.
    pub fn take_existence(&mut self, args: &Args<'a>, at: usize) -> Option<usize> {
        let wanted = match args.get(at) {
            word if word.eq_ignore_ascii_case(b"NX") => Condition::Absent,
            word if word.eq_ignore_ascii_case(b"XX") => Condition::Present,
            _ => return None,
        };
        if *self != Condition::Always && *self != wanted {
            return None;
        }
        *self = wanted;
        Some(1)
    }

    /// Takes the option at `at` if it is one of the comparisons and the first condition; tells how
    /// many words it has.
    pub fn take_comparison(&mut self, args: &Args<'a>, at: usize) -> Option<usize> {
        if *self != Condition::Always || at + 1 >= args.len() {
            return None;
        }
        *self = Self::comparison(args, at)?;
        Some(2)
    }

    /// The comparison that the words at `at` and after it ask for.
    pub fn comparison(args: &Args<'a>, at: usize) -> Option<Self> {
        let make: fn(&'a [u8]) -> Self = match args.get(at) {
            word if word.eq_ignore_ascii_case(b"IFEQ") => Condition::Equal,
            word if word.eq_ignore_ascii_case(b"IFNE") => Condition::NotEqual,
            word if word.eq_ignore_ascii_case(b"IFDEQ") => Condition::DigestEqual,
            word if word.eq_ignore_ascii_case(b"IFDNE") => Condition::DigestNotEqual,
            _ => return None,
        };
        Some(make(args.get(at + 1)))
    }

    /// Whether it holds for what was found at the key.
    pub fn holds(self, found: Option<RecordMut<'_>>) -> Result<bool, Error> {
        let Some(record) = found else {
            return Ok(!matches!(self, Self::Present | Self::Equal(_) | Self::DigestEqual(_)));
        };
        let (record, mut buffer) = (record.read(), itoa::Buffer::new());
        match self {
            Self::Always | Self::Present => Ok(true),
            Self::Absent => Ok(false),
            Self::Equal(wanted) => Ok(value::text(&record, &mut buffer)? == wanted),
            Self::NotEqual(wanted) => Ok(value::text(&record, &mut buffer)? != wanted),
            Self::DigestEqual(wanted) => has_digest(value::text(&record, &mut buffer)?, wanted),
            Self::DigestNotEqual(wanted) => {
                Ok(!has_digest(value::text(&record, &mut buffer)?, wanted)?)
            }
        }
    }
}

/// The XXH3 digest of a string, in hexadecimal.
pub fn digest(string: &[u8]) -> [u8; DIGEST_DIGITS] {
    let hash = xxh3_64(string);
    std::array::from_fn(|at| b"0123456789abcdef"[(hash >> (60 - 4 * at)) as usize & 0xF])
}

/// Compares a digest without regard to case. Its length is checked, its digits are not: as in
/// Redis.
fn has_digest(string: &[u8], wanted: &[u8]) -> Result<bool, Error> {
    if wanted.len() != DIGEST_DIGITS {
        return Err(error::DIGEST_LENGTH);
    }
    Ok(digest(string).eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_keeps_its_leading_zeros() {
        let known = [
            (&b"Hello world"[..], b"b6acb9d84a38ff74"),
            (b"", b"2d06800538d394c2"),
            (b"v8", b"0cc76dbb41381419"),
        ];
        for (string, expected) in known {
            assert_eq!(&digest(string), expected);
        }
    }
}
