//! Numbers as Redis reads and writes them.
//!
//! Integers are strict, so that a value that reads as one can be stored as one and comes back the same: no blank, no
//! `+`, no leading zero, no `-0`. Floats are what C's `strtod` takes, without blanks around and without nan. They are
//! written with the fewest digits that read back the same, plain while that is short, else with an exponent.
//! The 80-bit floats of INCRBYFLOAT are in `long_double`.
//! Source: the answers of a real server (INCR, ZADD, ZSCORE).

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

/// The float this text spells; none for nan, blanks around, overflow, underflow to zero and anything else.
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let unsigned = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    let value = match unsigned {
        [b'0'..=b'9' | b'.', ..] => fast_float2::parse::<f64, _>(text).ok()?,
        _ if is_infinity(unsigned) => f64::INFINITY.copysign(sign_of(text)),
        _ => return None,
    };
    let is_written_zero = || unsigned.iter().all(|byte| !matches!(byte, b'1'..=b'9'));
    let overflowed = value.is_infinite() && !is_infinity(unsigned);
    let underflowed = value == 0.0 && !mantissa_is_zero(unsigned, is_written_zero);
    (!overflowed && !underflowed).then_some(value)
}

/// True for the spellings of infinity, without a sign.
pub(super) fn is_infinity(unsigned: &[u8]) -> bool {
    unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity")
}

fn sign_of(text: &[u8]) -> f64 {
    if text.first() == Some(&b'-') { -1.0 } else { 1.0 }
}

/// True when nothing but zeros stands before the exponent.
fn mantissa_is_zero(unsigned: &[u8], all_zero: impl Fn() -> bool) -> bool {
    let end = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    match end {
        None => all_zero(),
        Some(end) => unsigned[..end].iter().all(|byte| matches!(byte, b'0' | b'.')),
    }
}

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

    /// The text of a float as ZSCORE and RESP3 doubles spell it: `0.1`, `3`, `1e+21`, `-inf`, `nan`.
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
            None => self.put_shortest(value),
        };
        str::from_utf8(&self.bytes[..length]).expect("digits, points and signs are ASCII")
    }

    fn put_integer(&mut self, value: i64) -> usize {
        let mut buffer = itoa::Buffer::new();
        let text = buffer.format(value).as_bytes();
        self.bytes[..text.len()].copy_from_slice(text);
        text.len()
    }

    fn put_shortest(&mut self, value: f64) -> usize {
        let decimal = Decimal::shortest(value.abs());
        let mut out = Writer { bytes: &mut self.bytes, length: 0 };
        if value < 0.0 {
            out.put(b"-");
        }
        decimal.write(&mut out);
        out.length
    }
}

/// Appends the text of a float: see `FloatBuffer::format`.
pub fn write_float(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(FloatBuffer::new().format(value).as_bytes());
}

/// The integer a float is, when it is one of at most 62 bits: those are written as integers, without an exponent.
fn exact_integer(value: f64) -> Option<i64> {
    const MOST: f64 = (i64::MAX / 2) as f64;
    let integer = value as i64;
    (value.abs() <= MOST && integer as f64 == value).then_some(integer)
}

/// A positive float as digits × 10^exponent.
struct Decimal {
    digits: [u8; 17],
    count: usize,
    exponent: i32,
}

impl Decimal {
    /// The fewest digits that read back as this float, which is positive and finite.
    fn shortest(value: f64) -> Self {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value).as_bytes();
        let mut decimal = Decimal { digits: [0; 17], count: 0, exponent: 0 };
        let (mantissa, exponent) = match text.iter().position(|&byte| byte == b'e') {
            Some(e) => (&text[..e], parse_exponent(&text[e + 1..])),
            None => (text, 0),
        };
        decimal.exponent = exponent;
        let mut behind_point = 0;
        for &byte in mantissa {
            if byte == b'.' {
                behind_point = 1;
                continue;
            }
            decimal.exponent -= behind_point;
            if byte != b'0' || decimal.count > 0 {
                decimal.push(byte);
            }
        }
        decimal.strip_zeros();
        decimal
    }

    fn push(&mut self, digit: u8) {
        // Behind the 17th digit only zeros come: no float needs more.
        if self.count < self.digits.len() {
            self.digits[self.count] = digit;
            self.count += 1;
        } else {
            self.exponent += 1;
        }
    }

    fn strip_zeros(&mut self) {
        while self.count > 1 && self.digits[self.count - 1] == b'0' {
            self.count -= 1;
            self.exponent += 1;
        }
    }

    /// Writes the digits the way Redis does: as an integer with up to seven zeros added, with a point when few digits
    /// or few zeros stand behind it, else with an exponent.
    fn write(&self, out: &mut Writer<'_>) {
        let digits = &self.digits[..self.count];
        let power = self.exponent + self.count as i32 - 1;
        if self.exponent >= 0 && power < self.count as i32 + 7 {
            out.put(digits);
            out.put_zeros(self.exponent);
        } else if self.exponent < 0 && (self.exponent > -7 || power.abs() < 4) {
            let before_point = self.count as i32 + self.exponent;
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
}

fn parse_exponent(text: &[u8]) -> i32 {
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let exponent = parse_integer(text).expect("the float writer writes plain exponents");
    exponent as i32
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
