//! 80-bit floats: INCRBYFLOAT and HINCRBYFLOAT add in the x87 format, so answers depend on its
//! rounding.
//!
//! A value is mantissa × 2^exponent with a 64-bit mantissa whose top bit is set (but for zero and
//! the smallest values). Reading, adding and writing each find the exact result and round it once,
//! to the nearest, ties to even. Usual numbers (19 digits, 10^±27) take 128-bit arithmetic; the
//! others a small `Big` integer. Written plain, never with an exponent: 17 digits behind the point,
//! zeros at the end cut.
//! Source: the answers of a real server on x86-64; Intel's manual, volume 1, "Double
//! extended-precision format".

use super::number::is_infinity;
use std::cmp::Ordering;

/// A float with 64 bits of mantissa.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

/// The exponent of the smallest mantissa bit there is; below it values round to zero.
const LEAST_EXPONENT: i32 = -16445;
/// The largest exponent of a full mantissa.
const MOST_EXPONENT: i32 = 16320;
/// Stands for infinity.
const INFINITE_EXPONENT: i32 = i32::MAX;
/// The longest text Redis reads as one of these floats, in bytes.
const MOST_TEXT_BYTES: usize = 5 * 1024 - 1;
/// A decimal exponent beyond this is infinity or zero, whatever the digits (of which there are 5119
/// at most).
const MOST_DECIMAL_EXPONENT: i64 = 11_000;
/// Powers of five up to this one fit 63 bits.
const SMALL_POWER: i64 = 27;

impl LongDouble {
    /// The largest finite float.
    pub const LARGEST: LongDouble =
        LongDouble { negative: false, mantissa: u64::MAX, exponent: MOST_EXPONENT };

    /// The float this text spells; none for nan, blanks around, overflow, underflow to zero and
    /// anything else.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > MOST_TEXT_BYTES {
            return None;
        }
        let (negative, unsigned) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        if is_infinity(unsigned) {
            return Some(Self::infinity(negative));
        }
        let value = match unsigned {
            [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(digits, negative)?,
            digits => parse_decimal(digits, negative)?,
        };
        value.is_finite().then_some(value)
    }

    /// True unless infinite. Nan is no value of this type: `add` answers it with none.
    pub fn is_finite(self) -> bool {
        self.exponent != INFINITE_EXPONENT
    }

    /// The sum, rounded; infinite when it overflows, none when it is no number (inf - inf).
    #[allow(clippy::should_implement_trait)] // A sum can be no number, which `Add` cannot say.
    pub fn add(self, other: Self) -> Option<Self> {
        match (self.is_finite(), other.is_finite()) {
            (true, true) => Some(self.add_finite(other)),
            (true, false) => Some(other),
            (false, true) => Some(self),
            (false, false) => (self.negative == other.negative).then_some(self),
        }
    }

    /// The same with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        LongDouble { negative: !self.negative, ..self }
    }

    /// Orders by value; both zeros are equal.
    pub fn compare(self, other: Self) -> Ordering {
        match (self.mantissa, other.mantissa) {
            (0, 0) => return Ordering::Equal,
            (0, _) => return if other.negative { Ordering::Greater } else { Ordering::Less },
            (_, 0) => return if self.negative { Ordering::Less } else { Ordering::Greater },
            _ => {}
        }
        // Mantissas have their top bit set, or share the least exponent.
        let by_size = (self.exponent, self.mantissa).cmp(&(other.exponent, other.mantissa));
        match (self.negative, other.negative) {
            (false, false) => by_size,
            (true, true) => by_size.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }

    fn add_finite(self, other: Self) -> Self {
        if self.mantissa == 0 || other.mantissa == 0 {
            return match (self.mantissa, other.mantissa) {
                (0, 0) => LongDouble { negative: self.negative && other.negative, ..self },
                (0, _) => other,
                _ => self,
            };
        }
        // The one with the larger exponent moves up by 63 bits at most; what the other then loses
        // below is `sticky`.
        let (high, low) =
            if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let distance = (high.exponent - low.exponent) as u32;
        let up = distance.min(GUARD_BITS);
        let (shifted, lost) = shift_right(u128::from(low.mantissa), distance - up);
        let (a, b) = (u128::from(high.mantissa) << up, shifted | u128::from(lost));
        let exponent = high.exponent - up as i32;
        if high.negative == low.negative {
            return round(high.negative, a + b, exponent, false);
        }
        match a.cmp(&b) {
            Ordering::Equal => Self::zero(false),
            Ordering::Greater => round(high.negative, a - b, exponent, false),
            Ordering::Less => round(low.negative, b - a, exponent, false),
        }
    }

    /// Appends the text INCRBYFLOAT answers: `10.5`, `3`, `-0.00000000000000001`, `0` for anything
    /// smaller.
    pub fn write(self, out: &mut Vec<u8>) {
        let start = out.len();
        if self.negative {
            out.push(b'-');
        }
        if !self.is_finite() {
            return out.extend_from_slice(b"inf");
        }
        if self.exponent > 0 {
            return Big::from(self.mantissa).shifted_left(self.exponent as u32).write(out);
        }
        // Below 2^121: the product of a 64-bit mantissa and 10^17.
        let scaled = u128::from(self.mantissa) * 10u128.pow(FRACTION_DIGITS as u32);
        let rounded = round_right(scaled, self.exponent.unsigned_abs(), false);
        write_fraction(rounded, out);
        if out[start..] == *b"-0" {
            out.remove(start);
        }
    }

    fn infinity(negative: bool) -> Self {
        LongDouble { negative, mantissa: 1 << 63, exponent: INFINITE_EXPONENT }
    }

    fn zero(negative: bool) -> Self {
        LongDouble { negative, mantissa: 0, exponent: 0 }
    }
}

impl From<i64> for LongDouble {
    fn from(value: i64) -> Self {
        round(value < 0, u128::from(value.unsigned_abs()), 0, false)
    }
}

const GUARD_BITS: u32 = 63;
const FRACTION_DIGITS: usize = 17;

/// `bits` × 2^exponent, and a little more when `more`, rounded to the nearest value there is.
fn round(negative: bool, bits: u128, exponent: i32, more: bool) -> LongDouble {
    if bits == 0 {
        return LongDouble::zero(negative);
    }
    let excess = 64 - bits.leading_zeros() as i32;
    let to_least = LEAST_EXPONENT - exponent;
    let down = excess.max(to_least);
    if down <= 0 {
        // Exact: at most 64 bits that only have to move up to their place.
        return finite(negative, (bits as u64) << -down, exponent + down);
    }
    let rounded = round_right(bits, down as u32, more);
    // Rounding may carry into a 65th bit; the 64 below are zeros then.
    let carried = u32::from(rounded >> 64 != 0);
    finite(negative, (rounded >> carried) as u64, exponent + down + carried as i32)
}

fn finite(negative: bool, mantissa: u64, exponent: i32) -> LongDouble {
    if exponent > MOST_EXPONENT {
        return LongDouble::infinity(negative);
    }
    LongDouble { negative, mantissa, exponent }
}

/// `bits` / 2^count rounded to the nearest, ties to even; `more` says that a little was cut off
/// before.
pub(super) fn round_right(bits: u128, count: u32, more: bool) -> u128 {
    if count == 0 {
        return bits;
    }
    let (twice, lost) = shift_right(bits, count - 1);
    let (whole, half) = (twice >> 1, twice & 1 == 1);
    let up = half && (lost || more || whole & 1 == 1);
    whole + u128::from(up)
}

/// `bits` / 2^count, and whether anything but zeros was cut off.
fn shift_right(bits: u128, count: u32) -> (u128, bool) {
    match bits.checked_shr(count) {
        Some(shifted) => (shifted, shifted << count != bits),
        None => (0, bits != 0),
    }
}

/// Writes a count of 10^-17ths without needless zeros.
fn write_fraction(value: u128, out: &mut Vec<u8>) {
    let text = format!("{value:0width$}", width = FRACTION_DIGITS + 1);
    let (whole, fraction) = text.split_at(text.len() - FRACTION_DIGITS);
    let fraction = fraction.trim_end_matches('0');
    out.extend_from_slice(whole.as_bytes());
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

/// A number's digits without the point, and the power of its base that they count.
struct Digits {
    digits: Vec<u8>,
    power: i64,
}

/// Takes `12.5e3` apart, in any base; none when it is no number.
fn take_apart(text: &[u8], base: u32, exponent_mark: u8) -> Option<(Digits, i64)> {
    let is_mark = |byte: &u8| byte.eq_ignore_ascii_case(&exponent_mark);
    let (mantissa, exponent) = match text.iter().position(is_mark) {
        Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|&byte| byte == b'.') {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &mantissa[..0]),
    };
    if mantissa.len() == usize::from(whole.len() < mantissa.len()) {
        return None;
    }
    let digit = |&byte: &u8| char::from(byte).to_digit(base).map(|digit| digit as u8);
    let digits: Vec<u8> = whole.iter().chain(fraction).map(digit).collect::<Option<_>>()?;
    let zeros = digits.iter().take_while(|&&digit| digit == 0).count();
    let digits = Digits { digits: digits[zeros..].to_vec(), power: -(fraction.len() as i64) };
    Some((digits, exponent))
}

/// Any integer with a sign; those that are too large to matter come back as some large one.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut exponent = 0i64;
    for byte in digits {
        let digit = char::from(*byte).to_digit(10)?;
        exponent = (exponent * 10 + i64::from(digit)).min(1 << 40);
    }
    Some(if negative { -exponent } else { exponent })
}

fn parse_decimal(text: &[u8], negative: bool) -> Option<LongDouble> {
    let (Digits { mut digits, power }, exponent) = take_apart(text, 10, b'e')?;
    let mut exponent = power + exponent;
    while digits.last() == Some(&0) {
        digits.pop();
        exponent += 1;
    }
    if digits.is_empty() {
        return Some(LongDouble::zero(negative));
    }
    let small = digits.len() <= 19 && exponent.abs() <= SMALL_POWER;
    let value = if exponent.abs() > MOST_DECIMAL_EXPONENT {
        return None;
    } else if small {
        let whole = digits.iter().fold(0u64, |whole, &digit| whole * 10 + u64::from(digit));
        round_small(negative, whole, exponent as i32)
    } else {
        round_big(negative, &digits, exponent as i32)
    };
    (value.mantissa != 0).then_some(value)
}

/// `whole` × 10^exponent with an exponent of -27 to 27.
fn round_small(negative: bool, whole: u64, exponent: i32) -> LongDouble {
    let five = 5u128.pow(exponent.unsigned_abs());
    if exponent >= 0 {
        return round(negative, u128::from(whole) * five, exponent, false);
    }
    // Moved up to 128 bits: the quotient has 64 and more, the remainder says whether it is exact.
    let up = 64 + whole.leading_zeros();
    let numerator = u128::from(whole) << up;
    let (quotient, remainder) = (numerator / five, numerator % five);
    round(negative, quotient, exponent - up as i32, remainder != 0)
}

fn round_big(negative: bool, digits: &[u8], exponent: i32) -> LongDouble {
    let whole = Big::from_decimal(digits);
    if exponent >= 0 {
        let mut product = whole;
        product.multiply_by_power_of_ten(exponent as u32);
        let (top, below, more) = product.top_bits();
        return round(negative, top, below, more);
    }
    let mut divisor = Big::from(1);
    divisor.multiply_by_power_of_ten(exponent.unsigned_abs());
    // Scaled so that the quotient has 66 or 67 bits: enough to round once.
    let up = 66 + divisor.bits() - whole.bits();
    let (numerator, divisor) = if up >= 0 {
        (whole.shifted_left(up as u32), divisor)
    } else {
        (whole, divisor.shifted_left(up.unsigned_abs()))
    };
    let (quotient, more) = numerator.divide(divisor);
    round(negative, quotient, -up, more)
}

fn parse_hexadecimal(text: &[u8], negative: bool) -> Option<LongDouble> {
    let Hexadecimal { bits, exponent, more } = Hexadecimal::parse(text)?;
    let value = round(negative, bits, exponent, more);
    (value.mantissa != 0 || bits == 0).then_some(value)
}

/// The number that `1.8p3` spells: bits × 2^exponent, and a little more when `more`.
pub(super) struct Hexadecimal {
    pub(super) bits: u128,
    pub(super) exponent: i32,
    pub(super) more: bool,
}

impl Hexadecimal {
    /// Reads what stands behind `0x`.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (Digits { digits, power }, exponent) = take_apart(text, 16, b'p')?;
        let (kept, rest) = digits.split_at(digits.len().min(HEXADECIMAL_DIGITS));
        let bits = kept.iter().fold(0, |bits, &digit| bits << 4 | u128::from(digit));
        let more = rest.iter().any(|&digit| digit != 0);
        let exponent = 4 * (power + rest.len() as i64) + exponent;
        let exponent = exponent.clamp(-MOST_BINARY_EXPONENT, MOST_BINARY_EXPONENT) as i32;
        Some(Hexadecimal { bits, exponent, more })
    }
}

/// Hexadecimal digits that always suffice to round: 30 × 4 bits, of which 117 count at least.
const HEXADECIMAL_DIGITS: usize = 30;
/// Numbers with an exponent beyond this are infinite or zero.
const MOST_BINARY_EXPONENT: i64 = 100_000;

/// A whole number of any size: 32 bits a limb, the lowest first, no zero limbs on top.
#[derive(Clone)]
struct Big {
    limbs: Vec<u32>,
}

impl From<u64> for Big {
    fn from(value: u64) -> Self {
        let mut big = Big { limbs: vec![value as u32, (value >> 32) as u32] };
        big.trim();
        big
    }
}

impl Big {
    fn from_decimal(digits: &[u8]) -> Self {
        let mut big = Big { limbs: Vec::new() };
        for &digit in digits {
            big.multiply_add(10, u32::from(digit));
        }
        big
    }

    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }

    fn bits(&self) -> i32 {
        let top = self.limbs.last().map_or(0, |limb| 32 - limb.leading_zeros() as usize);
        (self.limbs.len().saturating_sub(1) * 32 + top) as i32
    }

    fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for limb in &mut self.limbs {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.limbs.push(carry as u32);
        }
    }

    fn multiply_by_power_of_ten(&mut self, power: u32) {
        for _ in 0..power / 9 {
            self.multiply_add(1_000_000_000, 0);
        }
        self.multiply_add(10u32.pow(power % 9), 0);
    }

    fn shifted_left(&self, count: u32) -> Big {
        let mut limbs = vec![0; (count / 32) as usize];
        let mut carry = 0u64;
        for &limb in &self.limbs {
            carry |= u64::from(limb) << (count % 32);
            limbs.push(carry as u32);
            carry >>= 32;
        }
        limbs.push(carry as u32);
        let mut shifted = Big { limbs };
        shifted.trim();
        shifted
    }

    /// The highest 96 bits or more, the power of two they count, and whether anything is set below
    /// them.
    fn top_bits(&self) -> (u128, i32, bool) {
        let below = self.limbs.len().saturating_sub(4);
        let top = self.limbs[below..].iter().rev();
        let bits = top.fold(0u128, |bits, &limb| bits << 32 | u128::from(limb));
        let more = self.limbs[..below].iter().any(|&limb| limb != 0);
        (bits, below as i32 * 32, more)
    }

    /// The quotient, which must fit 127 bits, and whether there is a remainder; one bit at a time.
    fn divide(mut self, divisor: Big) -> (u128, bool) {
        let steps = (self.bits() - divisor.bits()).max(0) as u32;
        let mut quotient = 0;
        for step in (0..=steps).rev() {
            let part = divisor.shifted_left(step);
            quotient <<= 1;
            if self.compare(&part) != Ordering::Less {
                self.subtract(&part);
                quotient |= 1;
            }
        }
        (quotient, !self.limbs.is_empty())
    }

    fn compare(&self, other: &Big) -> Ordering {
        let by_length = self.limbs.len().cmp(&other.limbs.len());
        by_length.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }

    /// Takes away a number that is not larger.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = false;
        for (at, limb) in self.limbs.iter_mut().enumerate() {
            let taken = other.limbs.get(at).copied().unwrap_or(0);
            let (rest, first) = limb.overflowing_sub(taken);
            let (rest, second) = rest.overflowing_sub(u32::from(borrow));
            *limb = rest;
            borrow = first || second;
        }
        self.trim();
    }

    /// Appends the decimal digits.
    fn write(mut self, out: &mut Vec<u8>) {
        let mut groups = Vec::new();
        while !self.limbs.is_empty() {
            let mut remainder = 0u64;
            for limb in self.limbs.iter_mut().rev() {
                let value = remainder << 32 | u64::from(*limb);
                *limb = (value / 1_000_000_000) as u32;
                remainder = value % 1_000_000_000;
            }
            self.trim();
            groups.push(remainder as u32);
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text.push_str(&format!("{group:09}"));
        }
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What INCRBYFLOAT would answer.
    fn sum(a: &str, b: &str) -> Option<String> {
        let sum = LongDouble::parse(a.as_bytes())?.add(LongDouble::parse(b.as_bytes())?)?;
        let mut text = Vec::new();
        sum.write(&mut text);
        Some(String::from_utf8(text).unwrap())
    }

    #[track_caller]
    fn check(a: &str, b: &str, expected: &str) {
        assert_eq!(sum(a, b).as_deref(), Some(expected), "{a} + {b}");
        assert_eq!(sum(b, a).as_deref(), Some(expected), "{b} + {a}");
    }

    #[test]
    fn sums_are_those_of_a_real_server() {
        check("10.50", "0.1", "10.6");
        check("5.0e3", "2.0e2", "5200");
        check("3", "-3", "0");
        check("-0", "-0", "0");
        check("0.1", "0.2", "0.3");
        check("1", "1e-17", "1.00000000000000001");
        check("1", "1e-20", "1");
        check("-1e-17", "0", "-0.00000000000000001");
        check("-1e-18", "0", "0");
        check("9223372036854775807", "1", "9223372036854775808");
        check("18446744073709551615", "1", "18446744073709551616");
        check("18446744073709551615", "0.5", "18446744073709551616");
        check("36893488147419103232", "1", "36893488147419103232");
        check("36893488147419103232", "3", "36893488147419103236");
        check("1e21", "1", "1000000000000000000000");
        check("0x10", "0x.8p1", "17");
        check(".5", "5.", "5.5");
    }

    #[test]
    fn far_exponents_round_once() {
        check("1e40", "0", "9999999999999999999783686092270256259072");
        check("123456789012345678901234567890e-20", "0", "1234567890.12345678906422108");
        check("3.6e-4951", "0", "0");
        let huge = sum("1e4931", "1e4931").expect("a sum");
        assert_eq!((huge.len(), &huge[..20]), (4932, "20000000000000000000"));
    }

    #[test]
    fn a_sum_may_overflow_and_may_be_no_number() {
        assert_eq!(sum("1.1e4932", "1.1e4932").as_deref(), Some("inf"));
        assert_eq!(sum("-inf", "1").as_deref(), Some("-inf"));
        assert_eq!(sum("inf", "-INFINITY"), None);
    }

    #[test]
    fn what_is_no_float_is_refused() {
        let long = "0".repeat(MOST_TEXT_BYTES + 1);
        for text in [
            "",
            " 1",
            "1 ",
            "e1",
            "1e",
            "1e+",
            ".",
            "-",
            "+-1",
            "nan",
            "1..2",
            "0x",
            "0x.",
            "0x1p",
            "1e5000",
            "1e-5000",
            "1e4933",
            "1.8e-4951",
            "0x1p99999",
            "1_0",
            "1\0",
            &long,
        ] {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn integers_are_exact() {
        for value in [0, 1, -1, i64::MAX, i64::MIN, 1 << 53] {
            let mut text = Vec::new();
            LongDouble::from(value).write(&mut text);
            assert_eq!(text, value.to_string().as_bytes());
        }
    }

    #[test]
    fn the_two_ways_to_read_a_decimal_agree() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let whole = (random.u64(..) >> random.u32(0..64)).max(1);
            let exponent = random.i32(-27..=27);
            let digits: Vec<u8> = whole.to_string().bytes().map(|byte| byte - b'0').collect();
            let big = round_big(false, &digits, exponent);
            assert_eq!(round_small(false, whole, exponent), big, "{whole}e{exponent}");
        }
    }
}
