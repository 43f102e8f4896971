//! Scores in few bytes: what stands before the members of a packed sorted set.
//!
//! ```text
//! 0 to 251     that number
//! 252          i16 little-endian
//! 253          i32 little-endian
//! 254          i56 little-endian: moments in milliseconds, places on the earth
//! 255          f64 little-endian: fractions, infinities, negative zero, what is larger
//! ```
//! The first byte says how many there are, so that a walk passes by without looking.

use smallvec::SmallVec;

const LARGEST_ALONE: i64 = 251;
const I16: u8 = 252;
const I32: u8 = 253;
const I56: u8 = 254;
const F64: u8 = 255;
/// Bytes of a number of 56 bits.
const I56_BYTES: usize = 7;

/// The bytes of a score.
pub type Packed = SmallVec<[u8; 16]>;

/// How many bytes a score takes that begins with this one.
#[inline(always)]
pub fn bytes_of(first: u8) -> usize {
    match first {
        F64 => 1 + size_of::<f64>(),
        I56 => 1 + I56_BYTES,
        I32 => 1 + size_of::<i32>(),
        I16 => 1 + size_of::<i16>(),
        _ => 1,
    }
}

/// The bytes of a score, as few as hold it exactly.
#[inline]
pub fn pack(score: f64) -> Packed {
    let mut packed = Packed::new();
    let whole = score as i64;
    let is_whole = (whole as f64).to_bits() == score.to_bits();
    if is_whole && (0..=LARGEST_ALONE).contains(&whole) {
        packed.push(whole as u8);
    } else if let Some(short) = i16::try_from(whole).ok().filter(|_| is_whole) {
        packed.push(I16);
        packed.extend_from_slice(&short.to_le_bytes());
    } else if let Some(middle) = i32::try_from(whole).ok().filter(|_| is_whole) {
        packed.push(I32);
        packed.extend_from_slice(&middle.to_le_bytes());
    } else if is_whole && whole << 8 >> 8 == whole {
        packed.push(I56);
        packed.extend_from_slice(&whole.to_le_bytes()[..I56_BYTES]);
    } else {
        packed.push(F64);
        packed.extend_from_slice(&score.to_le_bytes());
    }
    packed
}

/// The score of these bytes, which are those of one.
///
/// # Panics
/// When they are not as many as the first says.
#[inline]
pub fn unpack(bytes: &[u8]) -> f64 {
    const COMPLETE: &str = "a score is complete";
    let rest = &bytes[1..];
    match bytes[0] {
        F64 => f64::from_le_bytes(rest.try_into().expect(COMPLETE)),
        I56 => {
            let mut wide = [0; size_of::<i64>()];
            wide[1..].copy_from_slice(rest);
            (i64::from_le_bytes(wide) >> 8) as f64
        }
        I32 => f64::from(i32::from_le_bytes(rest.try_into().expect(COMPLETE))),
        I16 => f64::from(i16::from_le_bytes(rest.try_into().expect(COMPLETE))),
        small => f64::from(small),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(score: f64) -> usize {
        let packed = pack(score);
        assert_eq!(bytes_of(packed[0]), packed.len(), "{score}");
        assert_eq!(unpack(&packed).to_bits(), score.to_bits(), "{score}");
        packed.len()
    }

    #[test]
    fn numbers_take_what_they_need() {
        let cases = [
            (1, &[0.0, 1.0, 251.0][..]),
            (3, &[252.0, -1.0, 32767.0, -32768.0]),
            (5, &[32768.0, -32769.0, 2147483647.0, -2147483648.0]),
            (8, &[2147483648.0, 1.7e12, -2147483649.0, 18014398509481984.0, -36028797018963968.0]),
            (9, &[36028797018963968.0, 0.5, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1e300, 5e-324]),
        ];
        for (bytes, scores) in cases {
            scores.iter().for_each(|score| assert_eq!(check(*score), bytes, "{score}"));
        }
        check(i64::MAX as f64);
        check(i64::MIN as f64);
    }

    proptest! {
        #[test]
        fn every_score_comes_back(bits: u64, whole: i64, shift in 0..64u32) {
            let score = f64::from_bits(bits);
            check(if score.is_nan() { 0.5 } else { score });
            check((whole >> shift) as f64);
        }
    }
}
