//! Options that are numbers: integers, octal modes, memory sizes with units, sizes or percentages,
//! spans of time.
//!
//! Limits and refusals are Redis's. Every number is compared as `i128`, which holds each type an
//! option can have, so that a limit stands in the table as it does in Redis: `integer(0, I32_MAX)`.
//! Memory units: `k`, `m`, `g` are powers of 1000; `kb`, `mb`, `gb` powers of 1024; case does not
//! matter.
//! Source: the head of redis.conf ("Note on units").

use std::marker::PhantomData;
use std::time::Duration;

use super::{Kind, Refusal};

pub(in crate::config) const I32_MIN: i128 = i32::MIN as i128;
pub(in crate::config) const I32_MAX: i128 = i32::MAX as i128;
pub(in crate::config) const U32_MAX: i128 = u32::MAX as i128;
pub(in crate::config) const I64_MAX: i128 = i64::MAX as i128;
pub(in crate::config) const U64_MAX: i128 = u64::MAX as i128;

/// A type that an integer option can have.
pub(in crate::config) trait Number:
    Copy + PartialEq + Send + Sync + 'static
{
    fn narrow(wide: i128) -> Self;
    fn widen(self) -> i128;
}

macro_rules! numbers {
    ($($number:ty)+) => {$(
        impl Number for $number {
            fn narrow(wide: i128) -> Self {
                wide.try_into().expect("an option's limits fit its type")
            }
            fn widen(self) -> i128 {
                i128::try_from(self).expect("an i128 holds every option's type")
            }
        }
    )+};
}
numbers!(u8 u16 u32 i32 u64 i64 usize);

#[derive(Clone, Copy)]
enum Notation {
    Decimal,
    Octal,
    Memory,
}

pub(in crate::config) struct Integer<N> {
    min: i128,
    max: i128,
    notation: Notation,
    /// Values outside are accepted and moved to the nearer end.
    clamp: Option<(i128, i128)>,
    number: PhantomData<N>,
}

const fn number<N>(min: i128, max: i128, notation: Notation) -> Integer<N> {
    Integer { min, max, notation, clamp: None, number: PhantomData }
}

/// A decimal integer.
pub(in crate::config) const fn integer<N: Number>(min: i128, max: i128) -> Integer<N> {
    number(min, max, Notation::Decimal)
}

/// An octal integer: the mode of a file.
pub(in crate::config) const fn octal<N: Number>(min: i128, max: i128) -> Integer<N> {
    number(min, max, Notation::Octal)
}

/// A number of bytes, with or without a unit.
pub(in crate::config) const fn memory<N: Number>(min: i128, max: i128) -> Integer<N> {
    number(min, max, Notation::Memory)
}

impl<N> Integer<N> {
    /// The same, but what is outside of `least..=most` is taken as the nearer of them.
    pub(in crate::config) const fn clamped(mut self, least: i128, most: i128) -> Self {
        self.clamp = Some((least, most));
        self
    }

    fn parse_wide(&self, word: &[u8]) -> Result<i128, Refusal> {
        let parsed = match self.notation {
            Notation::Decimal => {
                parse_decimal(word).ok_or("argument couldn't be parsed into an integer")
            }
            Notation::Octal => {
                parse_octal(word).ok_or("argument couldn't be parsed as an octal number")
            }
            Notation::Memory => self.parse_bytes(word).ok_or("argument must be a memory value"),
        };
        let wide = parsed?;
        if wide < self.min || wide > self.max {
            let (min, max) = (self.print(self.min), self.print(self.max));
            return Err(format!("argument must be between {min} and {max} inclusive").into());
        }
        Ok(self.clamp.map_or(wide, |(least, most)| wide.clamp(least, most)))
    }

    /// A size; with a sign where the limits have room for one.
    fn parse_bytes(&self, word: &[u8]) -> Option<i128> {
        match word.strip_prefix(b"-") {
            Some(size) if self.min < 0 && !size.is_empty() => {
                parse_memory(size).map(|bytes| -bytes)
            }
            _ => parse_memory(word),
        }
    }

    fn print(&self, wide: i128) -> String {
        match self.notation {
            Notation::Octal => format!("{wide:o}"),
            Notation::Decimal | Notation::Memory => wide.to_string(),
        }
    }

    /// As `print`, with the unit that divides a memory size.
    fn print_with_unit(&self, wide: i128) -> String {
        match self.notation {
            Notation::Memory => print_memory(wide),
            Notation::Decimal | Notation::Octal => self.print(wide),
        }
    }
}

impl<N: Number> Kind for Integer<N> {
    type Value = N;

    fn parse(&self, words: &[&[u8]], _: &N) -> Result<N, Refusal> {
        self.parse_wide(words[0]).map(N::narrow)
    }

    fn show(&self, value: &N) -> Vec<u8> {
        self.print(value.widen()).into_bytes()
    }

    fn written(&self, value: &N) -> String {
        self.print_with_unit(value.widen())
    }

    fn accepts(&self) -> String {
        let what = match self.notation {
            Notation::Decimal => "integer",
            Notation::Octal => "octal",
            Notation::Memory => "memory",
        };
        format!("{what}{}", told_range(self.min, self.max, |wide| self.print_with_unit(wide)))
    }
}

/// The limits of a number, where they say more than that it fits its type.
fn told_range(min: i128, max: i128, print: impl Fn(i128) -> String) -> String {
    let widest = [I32_MAX, U32_MAX, I64_MAX, U64_MAX].contains(&max);
    match (min == 0 || min == I32_MIN, widest) {
        (true, true) => String::new(),
        (false, true) => format!(", {} and more", print(min)),
        (_, false) => format!(", {} to {}", print(min), print(max)),
    }
}

/// A decimal integer as Redis's own numbers are written: no sign `+`, no leading zeros, no blanks.
fn parse_decimal(word: &[u8]) -> Option<i128> {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    let plain = match digits {
        [b'0'] => word.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    // Not wider than 64 bits, signed: what Redis can parse; the limits of the option come after.
    let parse = || std::str::from_utf8(word).ok()?.parse::<i64>().ok();
    if plain { parse().map(i128::from) } else { None }
}

fn parse_octal(word: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(word).ok()?;
    i64::from_str_radix(text, 8).ok().map(i128::from)
}

const MEMORY_UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("k", 1000),
    ("kb", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1 << 30),
];

/// A size in bytes: digits, then perhaps a unit. No digits at all are 0, as in Redis.
pub(super) fn parse_memory(word: &[u8]) -> Option<i128> {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, unit) = word.split_at(digits);
    let (_, factor) =
        MEMORY_UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name.as_bytes()))?;
    if digits.is_empty() {
        return Some(0);
    }
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    count.checked_mul(*factor).map(i128::from)
}

/// A size in the largest unit that divides it.
pub(super) fn print_memory(bytes: i128) -> String {
    for (unit, factor) in [("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10)] {
        if bytes != 0 && bytes % factor == 0 {
            return format!("{}{unit}", bytes / factor);
        }
    }
    bytes.to_string()
}

/// A limit on memory: bytes, or a percentage of `maxmemory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLimit {
    /// So many bytes; 0 is no limit.
    Bytes(u64),
    /// So many hundredths of `maxmemory`, at least 1.
    Percent(u8),
}

pub(in crate::config) struct MemoryOrPercent;

/// A number of bytes, or a percentage up to 100.
pub(in crate::config) const fn memory_or_percent() -> MemoryOrPercent {
    MemoryOrPercent
}

impl Kind for MemoryOrPercent {
    type Value = MemoryLimit;

    fn parse(&self, words: &[&[u8]], _: &MemoryLimit) -> Result<MemoryLimit, Refusal> {
        if let Some(bytes) = parse_memory(words[0]) {
            let refusal = || format!("argument must be between -100 and {I64_MAX} inclusive");
            let bytes = u64::try_from(bytes).ok().filter(|bytes| *bytes <= i64::MAX as u64);
            return bytes.map(MemoryLimit::Bytes).ok_or_else(|| refusal().into());
        }
        let percent = words[0].strip_suffix(b"%").and_then(parse_decimal);
        match percent {
            Some(0) => Ok(MemoryLimit::Bytes(0)),
            Some(percent @ 1..=100) => Ok(MemoryLimit::Percent(Number::narrow(percent))),
            Some(101..) => Err("percentage argument must be less or equal to 100".into()),
            _ => Err("argument must be a memory or percent value".into()),
        }
    }

    fn show(&self, value: &MemoryLimit) -> Vec<u8> {
        match value {
            MemoryLimit::Bytes(bytes) => bytes.to_string().into_bytes(),
            MemoryLimit::Percent(percent) => format!("{percent}%").into_bytes(),
        }
    }

    fn written(&self, value: &MemoryLimit) -> String {
        match value {
            MemoryLimit::Bytes(bytes) => print_memory(i128::from(*bytes)),
            MemoryLimit::Percent(percent) => format!("{percent}%"),
        }
    }

    fn accepts(&self) -> String {
        "memory, or a percentage".to_string()
    }
}

pub(in crate::config) struct Span {
    limits: Integer<u64>,
    unit: &'static str,
    unit_ms: u64,
}

/// A span of time in whole seconds.
pub(in crate::config) const fn seconds(min: i128, max: i128) -> Span {
    Span { limits: integer(min, max), unit: "seconds", unit_ms: 1000 }
}

/// A span of time in whole milliseconds.
pub(in crate::config) const fn milliseconds(min: i128, max: i128) -> Span {
    Span { limits: integer(min, max), unit: "milliseconds", unit_ms: 1 }
}

impl Kind for Span {
    type Value = Duration;

    fn parse(&self, words: &[&[u8]], _: &Duration) -> Result<Duration, Refusal> {
        let count: u64 = Number::narrow(self.limits.parse_wide(words[0])?);
        // By parts: 2^63 seconds are more milliseconds than 64 bits hold.
        let whole_s = count / (1000 / self.unit_ms);
        let rest_ms = count % (1000 / self.unit_ms) * self.unit_ms;
        Ok(Duration::from_secs(whole_s) + Duration::from_millis(rest_ms))
    }

    fn show(&self, value: &Duration) -> Vec<u8> {
        (value.as_millis() / u128::from(self.unit_ms)).to_string().into_bytes()
    }

    fn accepts(&self) -> String {
        let range = told_range(self.limits.min, self.limits.max, |wide| wide.to_string());
        format!("{}{range}", self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<K: Kind>(kind: K, word: &str, current: K::Value) -> String {
        let refused = kind.parse(&[word.as_bytes()], &current).err();
        refused.expect("a refusal").0.into_owned()
    }

    #[test]
    fn integers_are_strict_and_limited() {
        let port = integer::<u16>(0, 65535);
        assert_eq!(port.parse(&[b"6380"], &0).unwrap(), 6380);
        for word in ["", "+1", "01", "-0", "1 ", "0x1", "--bla", "99999999999999999999"] {
            assert_eq!(
                refusal(integer::<u16>(0, 65535), word, 0),
                "argument couldn't be parsed into an integer"
            );
        }
        assert_eq!(refusal(port, "65536", 0), "argument must be between 0 and 65535 inclusive");
    }

    #[test]
    fn memory_knows_both_families_of_units() {
        let sizes = [
            ("1k", 1000),
            ("1Kb", 1024),
            ("2MB", 2 << 20),
            ("1g", 1_000_000_000),
            ("7b", 7),
            ("", 0),
        ];
        for (word, bytes) in sizes {
            assert_eq!(parse_memory(word.as_bytes()), Some(bytes), "{word}");
        }
        let signed = memory::<i64>(-1, I64_MAX);
        assert_eq!(signed.parse(&[b"-1"], &0).unwrap(), -1);
        assert_eq!(signed.parse(&[b"1mb"], &0).unwrap(), 1 << 20);
        for word in ["-1", "1tb", "1 mb", "99999999999gb", "invalid", "1.5gb"] {
            assert_eq!(parse_memory(word.as_bytes()), None, "{word}");
        }
    }

    #[test]
    fn memory_is_shown_in_bytes_and_written_with_the_unit_that_divides_it() {
        let kind = memory::<u64>(0, U64_MAX);
        assert_eq!(kind.show(&(3 << 20)), b"3145728");
        let written = [(3 << 20, "3mb"), (1 << 30, "1gb"), (1025, "1025"), (2048, "2kb"), (0, "0")];
        for (bytes, text) in written {
            assert_eq!(kind.written(&bytes), text);
        }
    }

    #[test]
    fn modes_are_octal() {
        let kind = octal::<u32>(0, 0o777);
        assert_eq!(kind.parse(&[b"755"], &0).unwrap(), 0o755);
        assert_eq!(kind.show(&0o755), b"755");
        assert_eq!(
            refusal(octal::<u32>(0, 0o777), "1000", 0),
            "argument must be between 0 and 777 inclusive"
        );
        assert_eq!(refusal(kind, "9", 0), "argument couldn't be parsed as an octal number");
    }

    #[test]
    fn percentages_end_at_100() {
        let none = MemoryLimit::Bytes(0);
        let parse = |word: &[u8]| MemoryOrPercent.parse(&[word], &none).unwrap();
        assert_eq!(parse(b"5%"), MemoryLimit::Percent(5));
        assert_eq!(parse(b"1mb"), MemoryLimit::Bytes(1 << 20));
        assert_eq!(
            refusal(MemoryOrPercent, "200%", none),
            "percentage argument must be less or equal to 100"
        );
        assert_eq!(
            refusal(MemoryOrPercent, "x", none),
            "argument must be a memory or percent value"
        );
    }

    #[test]
    fn spans_are_counted_in_their_own_unit() {
        let zero = Duration::ZERO;
        let minute = seconds(0, I32_MAX).parse(&[b"60"], &zero).unwrap();
        assert_eq!(minute, Duration::from_secs(60));
        assert_eq!(seconds(0, I32_MAX).show(&minute), b"60");
        assert_eq!(milliseconds(0, I64_MAX).show(&minute), b"60000");
        let longest = seconds(0, I64_MAX).parse(&[b"9223372036854775807"], &zero).unwrap();
        assert_eq!(seconds(0, I64_MAX).show(&longest), b"9223372036854775807");
    }

    #[test]
    fn a_clamped_number_moves_to_the_nearer_end() {
        let hz = integer::<u32>(0, I32_MAX).clamped(1, 500);
        assert_eq!(hz.parse(&[b"0"], &10).unwrap(), 1);
        assert_eq!(hz.parse(&[b"1000"], &10).unwrap(), 500);
    }
}
