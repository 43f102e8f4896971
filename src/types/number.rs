//! Numbers as Redis reads and writes them.
//!
//! Integers are strict, so that a value that reads as one can be stored as one and comes back the
//! same: no blank, no `+`, no leading zero, no `-0`. Floats are what C's `strtod` takes, without
//! blanks around and without nan. They are written with few digits that read back the same
//! (`grisu`), plain while that is short, else with an exponent. The 80-bit floats of INCRBYFLOAT
//! are in `long_double`.
//! Source: the answers of a real server (INCR, ZADD, ZSCORE).

use super::grisu::Decimal;
use super::long_double::{Hexadecimal, round_right};

/// The integer this text spells, exactly as Redis would write it; none for anything else.
#[inline]
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if digits.len() <= INTEGER_DIGITS => {}
        _ => return None,
    }
    // 19 digits are below 2^64: no overflow before the last check.
    let mut magnitude = 0u64;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude * 10 + u64::from(digit);
    }
    if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Digits of the largest integer.
const INTEGER_DIGITS: usize = 19;

/// The float this text spells; none for nan, blanks around, overflow, underflow to zero and
/// anything else.
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let (sign, unsigned) = match text {
        [b'-', rest @ ..] => (-1.0, rest),
        [b'+', rest @ ..] => (1.0, rest),
        rest => (1.0, rest),
    };
    let magnitude = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(digits)?,
        [b'0'..=b'9' | b'.', ..] => parse_decimal(unsigned)?,
        _ if is_infinity(unsigned) => f64::INFINITY,
        _ => return None,
    };
    Some(magnitude.copysign(sign))
}

fn parse_decimal(text: &[u8]) -> Option<f64> {
    let value: f64 = fast_float2::parse(text).ok()?;
    let mantissa = || text.iter().take_while(|byte| !byte.eq_ignore_ascii_case(&b'e'));
    let is_zero = || mantissa().all(|byte| matches!(byte, b'0' | b'.'));
    (value.is_finite() && (value != 0.0 || is_zero())).then_some(value)
}

/// True for the spellings of infinity, without a sign.
pub(super) fn is_infinity(unsigned: &[u8]) -> bool {
    unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity")
}

/// `1.8p3`, which stood behind `0x`: C reads it, so Redis takes it for a score.
fn parse_hexadecimal(text: &[u8]) -> Option<f64> {
    let Hexadecimal { bits, exponent, more } = Hexadecimal::parse(text)?;
    if bits == 0 {
        return Some(0.0);
    }
    let length = 128 - bits.leading_zeros() as i32;
    let last_bit = (exponent + length - f64::MANTISSA_DIGITS as i32).max(LEAST_EXPONENT);
    let rounded = match last_bit - exponent {
        down @ 1.. => round_right(bits, down.unsigned_abs(), more),
        up => bits << up.unsigned_abs().min(f64::MANTISSA_DIGITS),
    };
    // 2^-1074 is a float, its inverse is not: the scale goes in two steps, of which neither rounds.
    let half = last_bit / 2;
    let value = rounded as f64 * 2f64.powi(half) * 2f64.powi(last_bit - half);
    (value.is_finite() && value != 0.0).then_some(value)
}

/// The power of two of the smallest float.
const LEAST_EXPONENT: i32 = -1074;

/// The longest text of a float: sign, 17 digits, point, `e-308`.
pub const FLOAT_BYTES: usize = 32;

/// Room for the text of a float.
pub struct FloatBuffer {
    bytes: [u8; FLOAT_BYTES],
}

impl Default for FloatBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl FloatBuffer {
    /// Room for one float.
    pub fn new() -> Self {
        FloatBuffer { bytes: [0; FLOAT_BYTES] }
    }

    /// The text of a float as ZSCORE and RESP3 doubles spell it: `0.1`, `3`, `1e+21`, `-inf`,
    /// `nan`.
    pub fn format(&mut self, value: f64) -> &str {
        if value.is_nan() {
            return "nan";
        }
        if value.is_infinite() {
            return if value < 0.0 { "-inf" } else { "inf" };
        }
        if value == 0.0 {
            return if value.is_sign_negative() { "-0" } else { "0" };
        }
        let length = match exact_integer(value) {
            Some(integer) => self.put_integer(integer),
            None => self.put_digits(value),
        };
        str::from_utf8(&self.bytes[..length]).expect("digits, points and signs are ASCII")
    }

    fn put_integer(&mut self, value: i64) -> usize {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(value).as_bytes();
        self.bytes[..text.len()].copy_from_slice(text);
        text.len()
    }

    fn put_digits(&mut self, value: f64) -> usize {
        let mut out = Writer { bytes: &mut self.bytes, length: 0 };
        if value < 0.0 {
            out.put(b"-");
        }
        write_decimal(&Decimal::of(value.abs()), &mut out);
        out.length
    }
}

/// Appends the text of a float: see `FloatBuffer::format`.
pub fn write_float(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(FloatBuffer::new().format(value).as_bytes());
}

/// The integer a float is, when it is one of at most 62 bits: those are written as integers,
/// without an exponent.
fn exact_integer(value: f64) -> Option<i64> {
    const MOST: f64 = (i64::MAX / 2) as f64;
    let integer = value as i64;
    (value.abs() <= MOST && integer as f64 == value).then_some(integer)
}

/// Writes the digits the way Redis does: as an integer with up to seven zeros added, with a point
/// when few digits or few zeros stand behind it, else with an exponent.
fn write_decimal(decimal: &Decimal, out: &mut Writer<'_>) {
    let digits = decimal.digits();
    let count = digits.len() as i32;
    let power = decimal.exponent + count - 1;
    if decimal.exponent >= 0 && power < count + 7 {
        out.put(digits);
        out.put_zeros(decimal.exponent);
    } else if decimal.exponent < 0 && (decimal.exponent > -7 || power.abs() < 4) {
        let before_point = count + decimal.exponent;
        if before_point <= 0 {
            out.put(b"0.");
            out.put_zeros(-before_point);
            out.put(digits);
        } else {
            let (whole, fraction) = digits.split_at(before_point as usize);
            out.put(whole);
            out.put(b".");
            out.put(fraction);
        }
    } else {
        out.put(&digits[..1]);
        if digits.len() > 1 {
            out.put(b".");
            out.put(&digits[1..]);
        }
        out.put(if power < 0 { b"e-" } else { b"e+" });
        out.put(itoa::Buffer::new().format(power.unsigned_abs()).as_bytes());
    }
}

/// Appends to an array that is large enough.
struct Writer<'a> {
    bytes: &'a mut [u8; FLOAT_BYTES],
    length: usize,
}

impl Writer<'_> {
    fn put(&mut self, text: &[u8]) {
        self.bytes[self.length..][..text.len()].copy_from_slice(text);
        self.length += text.len();
    }

    fn put_zeros(&mut self, count: i32) {
        for _ in 0..count {
            self.put(b"0");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn spelled(value: f64, expected: &str) {
        assert_eq!(FloatBuffer::new().format(value), expected);
    }

    #[test]
    fn an_integer_reads_only_as_it_is_written() {
        for value in [0, 1, -1, 10, i64::MAX, i64::MIN, 1_000_000_007] {
            assert_eq!(parse_integer(value.to_string().as_bytes()), Some(value));
        }
        for text in [
            "",
            "-",
            "-0",
            "+1",
            "01",
            "-01",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "a",
            "0x1",
            "1\0",
            "9223372036854775808",
            "-9223372036854775809",
            "18446744073709551617",
            "99999999999999999999",
            "9999999999999999999",
        ] {
            assert_eq!(parse_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_are_spelled_as_a_real_server_spells_them() {
        spelled(0.0, "0");
        spelled(-0.0, "-0");
        spelled(3.0, "3");
        spelled(0.1, "0.1");
        spelled(-2.5, "-2.5");
        spelled(1e15, "1000000000000000");
        spelled(4611686018427387904.0, "4611686018427387904");
        spelled(9223372036854775807.0, "9223372036854776000");
        spelled(1e19, "1e+19");
        spelled(1.5e19, "1.5e+19");
        spelled(0.000001, "0.000001");
        spelled(0.0000001, "1e-7");
        spelled(0.00012345678, "1.2345678e-4");
        spelled(f64::MAX, "1.7976931348623157e+308");
        spelled(f64::MIN_POSITIVE, "2.2250738585072014e-308");
        spelled(5e-324, "5e-324");
        spelled(f64::INFINITY, "inf");
        spelled(f64::NEG_INFINITY, "-inf");
        spelled(f64::NAN, "nan");
    }

    #[test]
    fn a_digit_too_many_is_spelled_as_redis_spells_it() {
        spelled(5.672e22, "56719999999999996000000");
        spelled(6.4e24, "6.399999999999999e+24");
        spelled(7.104e23, "7.104000000000001e+23");
        spelled(688475987692714.2, "688475987692714.3");
    }

    #[test]
    fn floats_are_read_as_c_reads_them() {
        let read = |text: &str| parse_float(text.as_bytes());
        for (text, value) in [
            ("1", 1.0),
            ("-1.5", -1.5),
            ("+2", 2.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e3", 1e3),
            ("1E-2", 0.01),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0e999", 0.0),
            ("0x10", 16.0),
            ("-0x.8p-1", -0.25),
            ("5e-324", 5e-324),
            ("0x1p-1074", 5e-324),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffff7p1023", f64::MAX),
            ("0x20000000000001", 9007199254740992.0),
            ("0x20000000000003", 9007199254740996.0),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "+",
            ".",
            "e1",
            "1e",
            "1e+",
            " 1",
            "1 ",
            "nan",
            "-nan",
            "++1",
            "1..2",
            "0x",
            "0x.p1",
            "1e309",
            "-1e309",
            "1e-400",
            "0x1p1024",
            "0x1p-1076",
            "infinit",
            "1\0",
            "1,5",
            "0x1.fffffffffffff8p1023",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn every_float_reads_back_as_itself(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            let mut buffer = FloatBuffer::new();
            let text = buffer.format(value);
            prop_assert_eq!(parse_float(text.as_bytes()).map(f64::to_bits), Some(bits), "{}", text);
        }

        #[test]
        fn every_integer_reads_back_as_itself(value: i64) {
            prop_assert_eq!(parse_integer(value.to_string().as_bytes()), Some(value));
        }
    }

    #[test]
    fn powers_of_two_and_their_neighbours_read_back_as_themselves() {
        for exponent in 0..2047u64 {
            for bits in [(exponent << 52).saturating_sub(1), exponent << 52, exponent << 52 | 1] {
                let value = f64::from_bits(bits);
                let text = FloatBuffer::new().format(value).to_owned();
                assert_eq!(parse_float(text.as_bytes()), Some(value), "{text}");
            }
        }
    }
}
