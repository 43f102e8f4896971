//! Ranges of scores and of members' bytes, as clients write them.
//!
//! `(` leaves the bound itself out, `[` (before bytes) takes it in; `-` and `+` are before and
//! behind all bytes. A range says of a score or member whether it lies before or behind it, which
//! is what a search in sorted entries needs.
//! Source: https://redis.io/docs/latest/commands/zrange/

use crate::types::number::parse_float;
use std::cmp::Ordering;

/// Scores from `min` to `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreRange {
    /// The lower bound.
    pub min: f64,
    /// The upper bound.
    pub max: f64,
    /// Whether `min` itself is outside.
    pub leaves_out_min: bool,
    /// Whether `max` itself is outside.
    pub leaves_out_max: bool,
}

impl ScoreRange {
    /// A range with both its bounds.
    pub fn closed(min: f64, max: f64) -> Self {
        ScoreRange { min, max, leaves_out_min: false, leaves_out_max: false }
    }

    /// The range that a client wrote; none if a bound is no number.
    pub fn parse(min: &[u8], max: &[u8]) -> Option<Self> {
        let (leaves_out_min, min) = score_bound(min)?;
        let (leaves_out_max, max) = score_bound(max)?;
        Some(ScoreRange { min, max, leaves_out_min, leaves_out_max })
    }

    /// Whether `score` lies before the range.
    #[inline]
    pub fn is_behind(&self, score: f64) -> bool {
        if self.leaves_out_min { score <= self.min } else { score < self.min }
    }

    /// Whether `score` lies in the range or before it.
    #[inline]
    pub fn reaches(&self, score: f64) -> bool {
        if self.leaves_out_max { score < self.max } else { score <= self.max }
    }
}

/// A bound, and whether it is left out itself.
fn score_bound(text: &[u8]) -> Option<(bool, f64)> {
    let (is_left_out, digits) = match text {
        [b'(', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    bound_value(digits).map(|value| (is_left_out, value))
}

/// The number of a bound. It is read as a C string, which a zero byte ends. Unlike elsewhere,
/// nothing is 0, what is too large is infinite, and nothing is hexadecimal.
fn bound_value(text: &[u8]) -> Option<f64> {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    let text = &text[..end];
    if text.is_empty() {
        return Some(0.0);
    }
    if memchr::memchr2(b'x', b'X', text).is_some() {
        return None;
    }
    let is_plain = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    parse_float(text).or_else(|| {
        // Too large or too small for a float, if it is a number at all.
        let digits = str::from_utf8(text).ok().filter(|_| text.iter().all(is_plain));
        digits.and_then(|digits| digits.parse().ok())
    })
}

/// One end of a range of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LexBound<'a> {
    /// Before all members: `-`.
    Lowest,
    /// Behind all members: `+`.
    Highest,
    /// These bytes: `[`.
    Closed(&'a [u8]),
    /// The bytes next to these: `(`.
    Open(&'a [u8]),
}

impl<'a> LexBound<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        match text {
            [b'-'] => Some(LexBound::Lowest),
            [b'+'] => Some(LexBound::Highest),
            [b'[', bytes @ ..] => Some(LexBound::Closed(bytes)),
            [b'(', bytes @ ..] => Some(LexBound::Open(bytes)),
            _ => None,
        }
    }

    /// How the bound stands to a member; equal only where the bound is the member and taken in.
    fn compare(self, member: &[u8], if_left_out: Ordering) -> Ordering {
        match self {
            LexBound::Lowest => Ordering::Less,
            LexBound::Highest => Ordering::Greater,
            LexBound::Closed(bytes) => bytes.cmp(member),
            LexBound::Open(bytes) => bytes.cmp(member).then(if_left_out),
        }
    }
}

/// Members from `min` to `max`, in a set whose scores are all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// The lower bound.
    pub min: LexBound<'a>,
    /// The upper bound.
    pub max: LexBound<'a>,
}

impl<'a> LexRange<'a> {
    /// The range that a client wrote; none if a bound begins with something else than the signs.
    pub fn parse(min: &'a [u8], max: &'a [u8]) -> Option<Self> {
        Some(LexRange { min: LexBound::parse(min)?, max: LexBound::parse(max)? })
    }

    /// Whether `member` lies before the range.
    #[inline]
    pub fn is_behind(&self, member: &[u8]) -> bool {
        self.min.compare(member, Ordering::Greater) == Ordering::Greater
    }

    /// Whether `member` lies in the range or before it.
    #[inline]
    pub fn reaches(&self, member: &[u8]) -> bool {
        self.max.compare(member, Ordering::Less) != Ordering::Less
    }

    /// Whether no member can lie in it.
    pub fn is_empty(&self) -> bool {
        match (self.min, self.max) {
            (LexBound::Highest, _) | (_, LexBound::Lowest) => true,
            (LexBound::Lowest, _) | (_, LexBound::Highest) => false,
            (LexBound::Closed(min), LexBound::Closed(max)) => min > max,
            (LexBound::Open(min) | LexBound::Closed(min), LexBound::Open(max))
            | (LexBound::Open(min), LexBound::Closed(max)) => min >= max,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_may_be_nothing_or_beyond_all_floats() {
        let min = |text: &str| ScoreRange::parse(text.as_bytes(), b"0").map(|range| range.min);
        for (text, value) in [
            ("1.5", 1.5),
            ("(1.5", 1.5),
            ("-inf", f64::NEG_INFINITY),
            ("+inf", f64::INFINITY),
            ("", 0.0),
            ("(", 0.0),
            ("1e400", f64::INFINITY),
            ("-1e400", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("1\0x", 1.0),
            ("(\0", 0.0),
        ] {
            assert_eq!(min(text), Some(value), "{text:?}");
        }
        for text in ["nan", "(nan", "x", "((1", "1 ", " 1", " ", "1x", "0x10", "[1", "e", "+", "."]
        {
            assert_eq!(min(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_round_bracket_leaves_the_bound_out() {
        let range = ScoreRange::parse(b"(1", b"3").expect("a range");
        let inside =
            [1.0, 1.5, 3.0, 3.5].map(|score| !range.is_behind(score) && range.reaches(score));
        assert_eq!(inside, [false, true, true, false]);
        let range = ScoreRange::parse(b"1", b"(3").expect("a range");
        let inside =
            [1.0, 1.5, 3.0, 3.5].map(|score| !range.is_behind(score) && range.reaches(score));
        assert_eq!(inside, [true, true, false, false]);
    }

    #[test]
    fn bounds_of_bytes_need_a_sign() {
        assert_eq!(LexRange::parse(b"a", b"+"), None);
        assert_eq!(LexRange::parse(b"", b"+"), None);
        assert_eq!(LexRange::parse(b"-x", b"+"), None);
        let holds = |min: &str, max: &str, member: &str| {
            let range = LexRange::parse(min.as_bytes(), max.as_bytes()).expect("a range");
            !range.is_behind(member.as_bytes()) && range.reaches(member.as_bytes())
        };
        assert!(holds("-", "+", ""));
        assert!(holds("[a", "[b", "a") && holds("[a", "[b", "b") && holds("(a", "(b", "ab"));
        assert!(!holds("(a", "[b", "a") && !holds("[a", "(b", "b") && !holds("+", "-", "a"));
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_empty() {
        let is_empty = |min: &str, max: &str| {
            LexRange::parse(min.as_bytes(), max.as_bytes()).expect("a range").is_empty()
        };
        for (min, max) in [("+", "-"), ("+", "+"), ("-", "-"), ("[b", "[a"), ("(a", "[a")] {
            assert!(is_empty(min, max), "{min} {max}");
        }
        for (min, max) in [("-", "+"), ("[a", "[a"), ("-", "[a"), ("(a", "[b")] {
            assert!(!is_empty(min, max), "{min} {max}");
        }
    }
}
