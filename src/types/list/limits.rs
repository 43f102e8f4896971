//! When Redis begins a new node of a list, and how many bytes an element takes in one.
//!
//! Blocks are cut where Redis would cut its nodes, because OBJECT ENCODING depends on it: a list
//! says `listpack` again once it has shrunk to a single small node. `list-max-listpack-size` is
//! called `fill` here: so many elements a node, or, below zero, 4 to 64 KB.
//! Source: `list-max-listpack-size` in https://redis.io/docs/latest/operate/oss_and_stack/
//! management/optimization/memory-optimization/

use crate::types::number::parse_integer;

/// Head and end mark of an empty node.
pub const EMPTY_NODE_BYTES: usize = 7;
/// The size of a node by a fill of -1, -2 … -5.
const SIZES: [usize; 5] = [4096, 8192, 16384, 32768, 65536];
/// The size of a node whose fill is a number of elements.
const COUNTED_NODE_BYTES: usize = 8192;
/// What Redis adds to an element's length when it asks whether a node has room for it.
const ELEMENT_OVERHEAD: usize = 8;
/// The largest number of elements a node may be asked to have.
const LARGEST_FILL: i64 = i16::MAX as i64;
/// Texts longer than this are no 64-bit integers.
const LONGEST_INTEGER: usize = 20;

/// How large a node may become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill(i16);

impl Fill {
    /// Takes `list-max-listpack-size` as a list does that begins with it.
    pub fn new(setting: i64) -> Self {
        Fill(setting.clamp(-(SIZES.len() as i64), LARGEST_FILL) as i16)
    }

    fn by_size(self) -> Option<usize> {
        let below_zero = usize::from(self.0.unsigned_abs());
        (self.0 < 0).then(|| SIZES[below_zero - 1])
    }

    fn most_elements(self) -> usize {
        self.0.max(1) as usize
    }

    /// Whether a node of so many bytes and elements is too large.
    #[inline]
    pub fn is_exceeded(self, bytes: usize, count: usize) -> bool {
        match self.by_size() {
            Some(size) => bytes > size,
            None => bytes > COUNTED_NODE_BYTES || count > self.most_elements(),
        }
    }

    /// Whether a node of so many bytes and elements is small enough for a list that shrank to be
    /// packed again: half of what it may have.
    pub fn is_small_again(self, bytes: usize, count: usize) -> bool {
        self.fits(bytes, count, 2)
    }

    /// Whether a list made by one command is small enough to be packed.
    pub fn is_small(self, bytes: usize, count: usize) -> bool {
        self.fits(bytes, count, 1)
    }

    // Unlike `is_exceeded` this does not limit the bytes of a node whose fill is a count.
    fn fits(self, bytes: usize, count: usize, part: usize) -> bool {
        match self.by_size() {
            Some(size) => bytes <= size / part,
            None => count <= self.most_elements() / part,
        }
    }

    /// Whether an element of this length gets a node of its own.
    #[inline]
    pub fn is_large(self, length: usize) -> bool {
        length > self.by_size().unwrap_or(COUNTED_NODE_BYTES)
    }

    /// Whether a node of so many bytes and elements takes another element of this length.
    #[inline]
    pub fn has_room(self, bytes: usize, count: usize, length: usize) -> bool {
        !self.is_exceeded(bytes + length + ELEMENT_OVERHEAD, count + 1)
    }
}

/// How many bytes an element takes in a node of Redis.
#[inline]
pub fn node_bytes(element: &[u8]) -> usize {
    let may_be_integer = element.len() <= LONGEST_INTEGER
        && element.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
    let integer = if may_be_integer { parse_integer(element) } else { None };
    let encoded = match integer {
        Some(number) => integer_bytes(number),
        None => element.len() + text_head_bytes(element.len()),
    };
    encoded + back_length_bytes(encoded)
}

fn integer_bytes(number: i64) -> usize {
    match number {
        0..=127 => 1,
        -4096..=4095 => 2,
        -0x8000..=0x7fff => 3,
        -0x80_0000..=0x7f_ffff => 4,
        -0x8000_0000..=0x7fff_ffff => 5,
        _ => 9,
    }
}

#[inline]
fn text_head_bytes(length: usize) -> usize {
    match length {
        0..64 => 1,
        64..4096 => 2,
        _ => 5,
    }
}

#[inline]
fn back_length_bytes(encoded: usize) -> usize {
    match encoded {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_texts_take_what_they_take_in_redis() {
        let sizes = [("0", 2), ("127", 2), ("128", 3), ("-1", 3), ("-4096", 3), ("4096", 4)];
        let larger =
            [("32768", 5), ("8388608", 6), ("2147483648", 10), ("-9223372036854775808", 10)];
        let texts = [("", 2), ("-", 3), ("007", 5), ("member:00042", 14), ("1.5", 5)];
        for (text, bytes) in sizes.into_iter().chain(larger).chain(texts) {
            assert_eq!(node_bytes(text.as_bytes()), bytes, "{text}");
        }
        for (length, bytes) in [(63, 65), (64, 67), (125, 128), (126, 130), (4096, 4103)] {
            assert_eq!(node_bytes(&vec![b'x'; length]), bytes, "{length}");
        }
    }

    #[test]
    fn a_fill_below_zero_is_a_size_and_any_other_a_count() {
        let by_size = Fill::new(-2);
        assert!(!by_size.is_exceeded(8192, 100_000) && by_size.is_exceeded(8193, 1));
        assert!(by_size.is_small_again(4096, 9999) && !by_size.is_small_again(4097, 1));
        assert!(by_size.is_large(8193) && !by_size.is_large(8192));
        assert_eq!(Fill::new(-900), Fill::new(-5));
        let counted = Fill::new(4);
        assert!(!counted.is_exceeded(8192, 4) && counted.is_exceeded(10, 5));
        assert!(counted.is_exceeded(8193, 1));
        assert!(counted.is_small_again(9999, 2) && !counted.is_small_again(10, 3));
        assert!(counted.has_room(100, 3, 10) && !counted.has_room(100, 4, 10));
        assert!(Fill::new(0).is_exceeded(10, 2) && !Fill::new(0).is_exceeded(10, 1));
        assert_eq!(Fill::new(1 << 40), Fill::new(32767));
    }
}
