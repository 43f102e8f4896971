//! LZF: how strings are compressed in snapshots.
//!
//! ```text
//! literal   000 + length - 1: 5 bits | bytes                                     1 to 32 bytes
//! match     length - 2: 3 bits, 1 to 6 + distance - 1: 13 bits                   3 to 8 bytes
//!           111 + distance - 1: 5 high bits | length - 9: u8 | 8 low bits        9 to 264 bytes
//! ```
//! A match says again what stands `distance` bytes before; it may reach into itself. The compressor
//! remembers where three bytes were seen last, under their hash. Its memory of one string is not
//! wiped for the next, which would cost more than most strings: places are counted on from string
//! to string, so that one from before is out of reach.
//! Source: http://oldhome.schmorp.de/marc/liblzf.html

/// Bits of the hash of three bytes. The table, 64 KiB, stays in a processor's second cache.
const HASH_BITS: u32 = 14;
/// How far back a match may be.
const FARTHEST: usize = 1 << 13;
/// A shorter match is not worth its bytes.
const SHORTEST_MATCH: usize = 3;
/// The longest match.
const LONGEST_MATCH: usize = 264;
/// From here on a match has a byte for its length.
const LONG_MATCH: usize = 9;
/// The longest literal.
const LONGEST_LITERAL: usize = 32;
/// No three bytes say more than this many.
const MOST_GAIN: usize = LONGEST_MATCH / 3;
/// After so many bytes without a match, steps become longer: the string is likely no text.
const PATIENCE_BITS: u32 = 6;

/// Compresses strings, one after the other.
pub struct Compressor {
    /// By hash: where three bytes were seen last, counted from the first string on.
    seen: Box<[u32]>,
    /// Where the string at hand begins, counted so. Never 0: that is "not seen".
    base: u32,
}

impl Default for Compressor {
    fn default() -> Self {
        Compressor { seen: vec![0; 1 << HASH_BITS].into_boxed_slice(), base: 1 }
    }
}

impl Compressor {
    /// Appends `bytes` compressed to `into` if that takes at most `room` bytes; tells whether it
    /// did. If not, `into` is as it was.
    pub fn compress(&mut self, bytes: &[u8], room: usize, into: &mut Vec<u8>) -> bool {
        let Ok(length) = u32::try_from(bytes.len()) else { return false };
        let Some(next_base) = self.base.checked_add(length) else {
            self.seen.fill(0);
            self.base = 1;
            // A string so long that its places do not fit beside 1 stays as it is.
            return length < u32::MAX && self.compress(bytes, room, into);
        };
        let start = into.len();
        let fits = self.write(bytes, start.saturating_add(room), into);
        self.base = next_base;
        if !fits {
            into.truncate(start);
        }
        fits
    }

    fn write(&mut self, bytes: &[u8], end: usize, into: &mut Vec<u8>) -> bool {
        let (mut at, mut literal) = (0, 0);
        while at + SHORTEST_MATCH <= bytes.len() {
            let Some(found) = self.look(bytes, at) else {
                at += 1 + ((at - literal) >> PATIENCE_BITS);
                continue;
            };
            let length = match_length(bytes, found, at);
            write_literals(&bytes[literal..at], into);
            write_match(at - found - 1, length, into);
            if into.len() > end {
                return false;
            }
            at += length;
            literal = at;
            // Where the match ends is where the next often begins.
            for last in [at - 2, at - 1] {
                self.look(bytes, last);
            }
        }
        let rest = &bytes[literal..];
        if into.len() + rest.len() + rest.len().div_ceil(LONGEST_LITERAL) > end {
            return false;
        }
        write_literals(rest, into);
        true
    }

    /// Where the three bytes at `at` were seen before, near enough; they are seen here now.
    #[inline]
    fn look(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let three = bytes.get(at..at + SHORTEST_MATCH)?;
        let word = u32::from_le_bytes([three[0], three[1], three[2], 0]);
        let slot = &mut self.seen[(word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize];
        let before = std::mem::replace(slot, self.base + at as u32);
        let found = before.checked_sub(self.base)? as usize;
        let is_near = at > found && at - found <= FARTHEST;
        (is_near && bytes[found..found + SHORTEST_MATCH] == *three).then_some(found)
    }
}

/// How many bytes at `found` and `at` are the same.
#[inline]
fn match_length(bytes: &[u8], found: usize, at: usize) -> usize {
    let rest = &bytes[at..bytes.len().min(at + LONGEST_MATCH)];
    rest.iter().zip(&bytes[found..]).take_while(|(new, old)| new == old).count()
}

#[inline]
fn write_literals(bytes: &[u8], into: &mut Vec<u8>) {
    for piece in bytes.chunks(LONGEST_LITERAL) {
        into.push(piece.len() as u8 - 1);
        into.extend_from_slice(piece);
    }
}

#[inline]
fn write_match(distance_less_one: usize, length: usize, into: &mut Vec<u8>) {
    let (high, low) = ((distance_less_one >> 8) as u8, distance_less_one as u8);
    if length < LONG_MATCH {
        into.extend_from_slice(&[(length as u8 - 2) << 5 | high, low]);
    } else {
        into.extend_from_slice(&[7 << 5 | high, (length - LONG_MATCH) as u8, low]);
    }
}

/// Appends what `packed` was before, which must be `length` bytes; tells whether it is. If not,
/// `into` has what could be read. Takes no memory that the packed bytes cannot fill.
pub fn decompress(packed: &[u8], length: usize, into: &mut Vec<u8>) -> bool {
    if length > packed.len().saturating_mul(MOST_GAIN) {
        return false;
    }
    into.reserve(length);
    let start = into.len();
    let mut rest = packed;
    while let Some((&head, tail)) = rest.split_first() {
        let left = length - (into.len() - start);
        let Some(tail) = (match head >> 5 {
            0 => read_literal(head, tail, left, into),
            _ => read_match(head, tail, start, left, into),
        }) else {
            return false;
        };
        rest = tail;
    }
    into.len() - start == length
}

#[inline]
fn read_literal<'p>(head: u8, tail: &'p [u8], left: usize, into: &mut Vec<u8>) -> Option<&'p [u8]> {
    let (literal, rest) = tail.split_at_checked(usize::from(head) + 1)?;
    if literal.len() > left {
        return None;
    }
    into.extend_from_slice(literal);
    Some(rest)
}

#[inline]
fn read_match<'p>(
    head: u8,
    tail: &'p [u8],
    start: usize,
    left: usize,
    into: &mut Vec<u8>,
) -> Option<&'p [u8]> {
    let (mut length, mut rest) = (usize::from(head >> 5) + 2, tail);
    if length == LONG_MATCH {
        let (&more, tail) = rest.split_first()?;
        length += usize::from(more);
        rest = tail;
    }
    let (&low, rest) = rest.split_first()?;
    let distance = (usize::from(head & 0x1f) << 8 | usize::from(low)) + 1;
    let from = into.len().checked_sub(distance).filter(|from| *from >= start)?;
    if length > left {
        return None;
    }
    if length <= distance {
        into.extend_from_within(from..from + length);
    } else {
        // It reaches into itself: what it says is there once it is said.
        for place in from..from + length {
            into.push(into[place]);
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut packed = Vec::new();
        Compressor::default().compress(bytes, bytes.len(), &mut packed).then_some(packed)
    }

    /// Pieces that come again, as text has them.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..8),
            (any::<u8>(), 0..600usize).prop_map(|(byte, length)| vec![byte; length]),
            Just(b"user:1000:name".to_vec()),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(texts in prop::collection::vec(text(), 1..4)) {
            let mut compressor = Compressor::default();
            for text in texts {
                let mut packed = b"before".to_vec();
                if compressor.compress(&text, text.len() + 9, &mut packed) {
                    let mut unpacked = b"aaa".to_vec();
                    prop_assert!(decompress(&packed[6..], text.len(), &mut unpacked));
                    prop_assert_eq!(&unpacked[3..], &text[..]);
                    prop_assert!(!decompress(&packed[6..], text.len() + 1, &mut unpacked));
                } else {
                    prop_assert_eq!(&packed, b"before");
                }
            }
        }

        #[test]
        fn damage_is_told_or_makes_other_bytes(
            packed in prop::collection::vec(any::<u8>(), 0..200),
            length in 0..5000usize,
        ) {
            let mut unpacked = Vec::new();
            if decompress(&packed, length, &mut unpacked) {
                prop_assert_eq!(unpacked.len(), length);
            }
            prop_assert!(unpacked.len() <= length);
        }
    }

    #[test]
    fn a_run_takes_three_bytes_for_264() {
        let packed = compressed(&[b'a'; 10_000]).expect("a run is compressed");
        assert!(packed.len() < 125, "{}", packed.len());
    }

    #[test]
    fn what_redis_compressed_is_read() {
        // DUMP of a hundred times "a", and of "hello hello hello hello hello", of Redis 7.0.15.
        let cases: [(&[u8], &[u8]); 2] = [
            (b"\x01aa\xe0\x57\x00\x01aa", &[b'a'; 100]),
            (b"\x06hello h\xe0\x0b\x05\x01lo", b"hello hello hello hello hello"),
        ];
        for (packed, text) in cases {
            let mut unpacked = Vec::new();
            assert!(decompress(packed, text.len(), &mut unpacked));
            assert_eq!(unpacked, text);
        }
    }

    #[test]
    fn random_bytes_stay_as_they_are() {
        let mut random = fastrand::Rng::with_seed(1);
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(100_000).collect();
        assert_eq!(compressed(&bytes), None);
    }

    #[test]
    fn no_length_is_believed_that_the_bytes_cannot_fill() {
        let mut unpacked = Vec::new();
        assert!(!decompress(b"\xff\xff\x00", usize::MAX, &mut unpacked));
        assert_eq!(unpacked.capacity(), 0);
    }

    #[test]
    fn places_are_counted_anew_before_they_run_out() {
        let mut compressor = Compressor { base: u32::MAX - 50, ..Compressor::default() };
        for _ in 0..3 {
            let mut packed = Vec::new();
            assert!(compressor.compress(&[b'a'; 40], 36, &mut packed));
            let mut unpacked = Vec::new();
            assert!(decompress(&packed, 40, &mut unpacked) && unpacked == [b'a'; 40]);
        }
        assert!(compressor.base < 100);
    }
}
