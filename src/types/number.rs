//! Numbers as Redis reads and writes them.
//!
//! Integers are strict, so that a value that reads as one can be stored as one and comes back the
//! same: no blank, no `+`, no leading zero, no `-0`. Floats are what C's `strtod` takes, without
//! blanks around and without nan. They are written with few digits that read back the same
//! (`grisu`), plain while that is short, else with an exponent. The 80-bit floats of INCRBYFLOAT
//! are in `long_double`. Source: the answers of a real server (INCR, ZADD, ZSCORE).

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
