//! A sealed run of elements: read from its front, each told by what differs from the one before.
//!
//! ```text
//! element  shared: u8 below 128 | bytes       as long as the element before, whose first `shared`
//!                                             bytes it has too
//!          128 + shared: u8 | length | bytes  so many bytes follow what is shared
//! length   seven bits a byte, the lowest first; the eighth says that more follow
//! ```
//! `member:00042` after `member:00041` takes two bytes, an element that shares nothing with its
//! neighbour one byte more than its own. The allocation has no room. Sealing 600 elements takes
//! some microseconds, once for all of them.

use super::open::Open;
use std::ops::Range;

/// The mark of an element whose length is told.
const LENGTH_FOLLOWS: u8 = 128;
/// The most bytes that are told to be shared.
const LONGEST_SHARED: usize = 127;
/// Room to write in before the length is known: what short elements take in a block.
const FIRST_BYTES: usize = 4096;

/// A run of elements that does not change.
#[derive(Clone, Debug)]
pub struct Sealed {
    bytes: Box<[u8]>,
}

impl Sealed {
    /// Seals elements in order.
    pub fn new<'a>(elements: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut writer = Writer { bytes: Vec::with_capacity(FIRST_BYTES), last: Vec::new() };
        elements.for_each(|element| writer.push(element));
        Sealed { bytes: writer.bytes.into_boxed_slice() }
    }

    /// The bytes it owns.
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// The elements, one after the other.
    pub fn reader(&self) -> Reader<'_> {
        Reader { bytes: &self.bytes, element: Vec::new() }
    }

    /// The elements in an open run, which has room for so many bytes.
    pub fn open(&self, capacity: usize) -> Open {
        let mut open = Open::with_capacity(capacity);
        let mut reader = self.reader();
        while reader.advance() {
            open.push_back(reader.element());
        }
        open
    }

    /// Puts `with` in the place of the elements in `range`. What lies behind is copied as it is.
    pub fn splice<'a>(&mut self, range: Range<usize>, with: impl Iterator<Item = &'a [u8]>) {
        let mut reader = self.reader();
        reader.skip(range.start);
        let kept = self.bytes.len() - reader.bytes.len();
        let mut writer =
            Writer { bytes: self.bytes[..kept].to_vec(), last: reader.element.clone() };
        reader.skip(range.len());
        with.for_each(|element| writer.push(element));
        // The next element was told by one that may be gone.
        if reader.advance() {
            writer.push(reader.element());
        }
        writer.bytes.extend_from_slice(reader.bytes);
        self.bytes = writer.bytes.into_boxed_slice();
    }
}

/// Writes elements, each beside the one before.
struct Writer {
    bytes: Vec<u8>,
    last: Vec<u8>,
}

impl Writer {
    fn push(&mut self, element: &[u8]) {
        let both = element.iter().zip(&self.last).take(LONGEST_SHARED);
        let shared = both.take_while(|(new, old)| new == old).count();
        if element.len() == self.last.len() {
            self.bytes.push(shared as u8);
        } else {
            self.bytes.push(LENGTH_FOLLOWS | shared as u8);
            self.push_length(element.len() - shared);
        }
        self.bytes.extend_from_slice(&element[shared..]);
        self.last.truncate(shared);
        self.last.extend_from_slice(&element[shared..]);
    }

    fn push_length(&mut self, mut length: usize) {
        while length > 127 {
            self.bytes.push(128 | length as u8);
            length >>= 7;
        }
        self.bytes.push(length as u8);
    }
}

/// Reads elements. Each is there until the next is asked for.
pub struct Reader<'a> {
    bytes: &'a [u8],
    element: Vec<u8>,
}

impl Reader<'_> {
    /// The element it has come to.
    #[inline]
    pub fn element(&self) -> &[u8] {
        &self.element
    }

    /// Goes on to the next element; false when there is none.
    #[inline]
    pub fn advance(&mut self) -> bool {
        let Some((&mark, rest)) = self.bytes.split_first() else {
            return false;
        };
        let shared = usize::from(mark & !LENGTH_FOLLOWS);
        self.bytes = rest;
        let length = match mark & LENGTH_FOLLOWS {
            0 => self.element.len() - shared,
            _ => self.take_length(),
        };
        let (own, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        self.element.truncate(shared);
        self.element.extend_from_slice(own);
        true
    }

    /// Goes on by so many elements, or to the last.
    pub fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.advance();
        }
    }

    #[inline]
    fn take_length(&mut self) -> usize {
        let (mut length, mut shift) = (0, 0);
        loop {
            let (byte, rest) = self.bytes.split_first().expect("a length has an end");
            self.bytes = rest;
            length |= usize::from(byte & 127) << shift;
            if byte & 128 == 0 {
                return length;
            }
            shift += 7;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(sealed: &Sealed) -> Vec<Vec<u8>> {
        let (mut reader, mut found) = (sealed.reader(), Vec::new());
        while reader.advance() {
            found.push(reader.element().to_vec());
        }
        found
    }

    fn seal(elements: &[Vec<u8>]) -> Sealed {
        Sealed::new(elements.iter().map(Vec::as_slice))
    }

    /// Elements that often begin as their neighbours do.
    fn element() -> impl Strategy<Value = Vec<u8>> {
        let head = prop_oneof![Just(0), Just(5), Just(126), Just(127), Just(128), Just(300usize)];
        let tail = prop::collection::vec(0..3u8, 0..4);
        (head, tail).prop_map(|(head, tail)| [vec![b'm'; head], tail].concat())
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_read(elements in prop::collection::vec(element(), 0..50)) {
            let sealed = seal(&elements);
            prop_assert_eq!(all(&sealed), elements.clone());
            prop_assert!(sealed.open(9).iter().eq(elements.iter().map(Vec::as_slice)));
        }

        #[test]
        fn a_splice_changes_its_range_alone(
            elements in prop::collection::vec(element(), 1..30),
            with in prop::collection::vec(element(), 0..4),
            places in any::<(usize, usize)>(),
        ) {
            let mut elements = elements;
            let start = places.0 % (elements.len() + 1);
            let end = start + places.1 % (elements.len() - start + 1);
            let mut sealed = seal(&elements);
            sealed.splice(start..end, with.iter().map(Vec::as_slice));
            elements.splice(start..end, with);
            prop_assert_eq!(all(&sealed), elements);
        }
    }

    #[test]
    fn neighbours_in_order_take_two_bytes_and_strangers_one_more_than_their_own() {
        let member = |number: usize| format!("member:{number:05}").into_bytes();
        let ordered: Vec<Vec<u8>> = (0..10_000).map(member).collect();
        assert!(seal(&ordered).capacity() < 22_500, "{}", seal(&ordered).capacity());
        let random = |number: usize| (number * 0x9e37_79b9 % 100_003).to_be_bytes()[4..].to_vec();
        let strangers: Vec<Vec<u8>> = (0..100).map(random).collect();
        assert!(seal(&strangers).capacity() <= 100 * 5 + 1);
    }
}
