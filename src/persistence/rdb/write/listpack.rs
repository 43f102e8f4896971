//! Listpacks: elements one after the other in one piece of bytes.
//!
//! ```text
//! bytes in all: u32 little-endian | elements: u16, 65535 for "count them" | element … | 0xff
//! element   number or text | bytes of that, 7 bits each, to be read from behind
//! number    0 + 7 bits | 110 + 13 bits | 0xf1 + i16 | 0xf2 + i24 | 0xf3 + i32 | 0xf4 + i64
//! text      10 + length: 6 bits | 1110 + length: 12 bits | 0xf0 + length: u32       then the bytes
//! ```
//! Numbers of more than one byte are little-endian where a mark of a whole byte stands before
//! them. Source: https://github.com/antirez/listpack/blob/master/listpack.md

use crate::types::number::parse_integer;

const HEAD_BYTES: usize = 6;
const END: u8 = 0xff;
/// No longer text spells a number of 64 bits.
const LONGEST_NUMBER_BYTES: usize = 20;

/// A listpack under construction. Its memory serves for one after the other.
#[derive(Default)]
pub struct Listpack {
    bytes: Vec<u8>,
    count: usize,
}

impl Listpack {
    /// Begins with no elements.
    pub fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.resize(HEAD_BYTES, 0);
        self.count = 0;
    }

    /// Adds an element.
    #[inline]
    pub fn push(&mut self, element: &[u8]) {
        if element.len() <= LONGEST_NUMBER_BYTES
            && let Some(number) = parse_integer(element)
        {
            return self.push_number(number);
        }
        let start = self.bytes.len();
        let length = element.len();
        match length {
            0..0x40 => self.bytes.push(0x80 | length as u8),
            0x40..0x1000 => {
                self.bytes.extend_from_slice(&[0xe0 | (length >> 8) as u8, length as u8]);
            }
            _ => {
                let length = u32::try_from(length).expect("long elements have nodes of their own");
                self.bytes.push(0xf0);
                self.bytes.extend_from_slice(&length.to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(element);
        self.end_element(start);
    }

    /// Adds an element that is a number.
    pub fn push_number(&mut self, number: i64) {
        let start = self.bytes.len();
        let [a, b, c, d, ..] = number.to_le_bytes();
        match number {
            0..=127 => self.bytes.push(a),
            -0x1000..=0xfff => self.bytes.extend_from_slice(&[0xc0 | b & 0x1f, a]),
            -0x8000..=0x7fff => self.bytes.extend_from_slice(&[0xf1, a, b]),
            -0x80_0000..=0x7f_ffff => self.bytes.extend_from_slice(&[0xf2, a, b, c]),
            -0x8000_0000..=0x7fff_ffff => self.bytes.extend_from_slice(&[0xf3, a, b, c, d]),
            _ => {
                self.bytes.push(0xf4);
                self.bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        self.end_element(start);
    }

    /// The element's own length, highest bits first: all bytes but the first have the high bit set,
    /// by which a reader from behind knows that there is another.
    fn end_element(&mut self, start: usize) {
        let length = self.bytes.len() - start;
        // The limits are Redis's, one less than seven bits could tell from the second byte on.
        let bytes = match length {
            0..=127 => 1,
            128..16_383 => 2,
            16_383..2_097_151 => 3,
            2_097_151..268_435_455 => 4,
            _ => 5,
        };
        for place in (0..bytes).rev() {
            let mark = if place + 1 == bytes { 0 } else { 0x80 };
            self.bytes.push(mark | (length >> (7 * place)) as u8 & 0x7f);
        }
        self.count += 1;
    }

    /// Ends it, and gives its bytes.
    pub fn end(&mut self) -> &[u8] {
        self.bytes.push(END);
        let bytes = u32::try_from(self.bytes.len()).expect("a listpack is short");
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        self.bytes[..4].copy_from_slice(&bytes.to_le_bytes());
        self.bytes[4..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_lie_as_the_format_says() {
        let mut pack = Listpack::default();
        pack.begin();
        [&b"a"[..], b"1", b"-1", b"5000", b""].iter().for_each(|element| pack.push(element));
        pack.push(&[b'x'; 200]);
        let long = [&b"\xe0\xc8"[..], &[b'x'; 200], b"\x01\xca"].concat();
        let head = b"\x81a\x02\x01\x01\xdf\xff\x02\xf1\x88\x13\x03\x80\x01";
        let expected = [b"\xe1\0\0\0\x06\0", &head[..], &long, b"\xff"].concat();
        assert_eq!(pack.end(), expected);
    }

    #[test]
    fn numbers_take_the_fewest_bytes() {
        let cases: [(i64, &[u8]); 8] = [
            (127, b"\x7f\x01"),
            (128, b"\xc0\x80\x02"),
            (-4096, b"\xd0\x00\x02"),
            (4096, b"\xf1\x00\x10\x03"),
            (-32769, b"\xf2\xff\x7f\xff\x04"),
            (8_388_608, b"\xf3\x00\x00\x80\x00\x05"),
            (-2_147_483_649, b"\xf4\xff\xff\xff\x7f\xff\xff\xff\xff\x09"),
            (i64::MIN, b"\xf4\0\0\0\0\0\0\0\x80\x09"),
        ];
        for (number, expected) in cases {
            let mut pack = Listpack::default();
            pack.begin();
            pack.push_number(number);
            assert_eq!(&pack.end()[HEAD_BYTES..], [expected, b"\xff"].concat(), "{number}");
        }
    }
}
