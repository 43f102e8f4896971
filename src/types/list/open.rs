//! An open run of elements: room on both sides, each element with its length before and behind it,
//! so that both ends are pushed to and popped from in constant time.
//!
//! ```text
//! bytes    room | element element … element | room (the vector's spare capacity)
//!               ▲ start
//! element  length | bytes | length
//! length   below 254: u8; else 254 and a u32 little-endian, in reverse order behind the bytes
//! ```
//! When the room on a side is used up, the elements move to where a quarter of their size is free
//! on that side: each is copied a constant number of times, and little memory is spare.

use std::ops::Range;

/// A length byte that says that the length itself follows.
const LONG: u8 = 254;
/// Bytes of a long length.
const LONG_BYTES: usize = 5;
/// Below this capacity room is not given back.
const SMALL_BYTES: usize = 1024;

/// A run of elements, to be changed at its ends.
#[derive(Clone, Debug, Default)]
pub struct Open {
    bytes: Vec<u8>,
    start: u32,
}

impl Open {
    /// No elements, with room for so many bytes of them.
    pub fn with_capacity(bytes: usize) -> Self {
        Open { bytes: Vec::with_capacity(bytes), start: 0 }
    }

    /// How many bytes an element of this length takes.
    #[inline]
    pub fn stored_bytes(length: usize) -> usize {
        if length < usize::from(LONG) { length + 2 } else { length + 2 * LONG_BYTES }
    }

    /// The bytes it owns.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    #[inline]
    fn start(&self) -> usize {
        self.start as usize
    }

    fn used(&self) -> usize {
        self.bytes.len() - self.start()
    }

    /// The elements in order.
    #[inline]
    pub fn iter(&self) -> Elements<'_> {
        Elements { bytes: &self.bytes[self.start()..] }
    }

    /// Adds an element behind the others.
    #[inline]
    pub fn push_back(&mut self, element: &[u8]) {
        let (length, taken) = (element.len(), Self::stored_bytes(element.len()));
        if self.bytes.capacity() - self.bytes.len() < taken {
            self.make_room_behind(taken);
        }
        if length < usize::from(LONG) {
            self.bytes.push(length as u8);
            self.bytes.extend_from_slice(element);
            self.bytes.push(length as u8);
            return;
        }
        let (before, behind) = long_length(length);
        self.bytes.extend_from_slice(&before);
        self.bytes.extend_from_slice(element);
        self.bytes.extend_from_slice(&behind);
    }

    /// Adds an element before the others.
    #[inline]
    pub fn push_front(&mut self, element: &[u8]) {
        let (length, taken) = (element.len(), Self::stored_bytes(element.len()));
        if self.start() < taken {
            self.make_room_before(taken);
        }
        let (at, end) = (self.start() - taken, self.start());
        self.start = at as u32;
        let place = &mut self.bytes[at..end];
        if length < usize::from(LONG) {
            place[0] = length as u8;
            place[1..=length].copy_from_slice(element);
            place[length + 1] = length as u8;
            return;
        }
        let (before, behind) = long_length(length);
        place[..LONG_BYTES].copy_from_slice(&before);
        place[LONG_BYTES..][..length].copy_from_slice(element);
        place[LONG_BYTES + length..].copy_from_slice(&behind);
    }

    /// Removes so many elements from the front.
    pub fn drop_front(&mut self, count: usize) {
        let mut elements = self.iter();
        elements.by_ref().take(count).for_each(drop);
        self.start = (self.bytes.len() - elements.bytes.len()) as u32;
        self.give_back();
    }

    /// Removes so many elements from the back.
    pub fn drop_back(&mut self, count: usize) {
        let mut elements = self.iter();
        elements.by_ref().rev().take(count).for_each(drop);
        let used = elements.bytes.len();
        self.bytes.truncate(self.start() + used);
        self.give_back();
    }

    fn make_room_behind(&mut self, needed: usize) {
        let used = self.used();
        let free = needed + used / 4;
        if self.start() >= free {
            // A queue: what was taken at the front is room at the back.
            let start = self.start();
            self.bytes.copy_within(start.., 0);
            self.bytes.truncate(used);
            self.start = 0;
            return;
        }
        self.bytes.reserve_exact(free);
    }

    fn make_room_before(&mut self, needed: usize) {
        let free = needed + self.used() / 4;
        self.copy_behind(free);
    }

    fn give_back(&mut self) {
        let used = self.used();
        if self.bytes.capacity() > SMALL_BYTES && used < self.bytes.capacity() / 4 {
            self.copy_behind(0);
        }
    }

    /// Copies the elements into memory of their own behind so many free bytes.
    fn copy_behind(&mut self, free: usize) {
        let mut bytes = Vec::with_capacity(free + self.used());
        bytes.resize(free, 0);
        bytes.extend_from_slice(&self.bytes[self.start()..]);
        *self = Open { bytes, start: free as u32 };
    }

    /// Puts `with` in the place of the elements in `range`.
    pub fn splice<'a>(&mut self, range: Range<usize>, with: impl Iterator<Item = &'a [u8]>) {
        let mut elements = self.iter();
        elements.by_ref().take(range.start).for_each(drop);
        let from = self.bytes.len() - elements.bytes.len();
        elements.by_ref().take(range.len()).for_each(drop);
        let behind = elements.bytes.to_vec();
        self.bytes.truncate(from);
        with.for_each(|element| self.push_back(element));
        if self.bytes.capacity() - self.bytes.len() < behind.len() {
            self.bytes.reserve_exact(behind.len());
        }
        self.bytes.extend_from_slice(&behind);
        self.give_back();
    }
}

/// The elements of an open run, from either end.
#[derive(Clone)]
pub struct Elements<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let first = *self.bytes.first()?;
        if first < LONG {
            let length = usize::from(first);
            let element = &self.bytes[1..=length];
            self.bytes = &self.bytes[length + 2..];
            return Some(element);
        }
        let length = u32::from_le_bytes(self.bytes[1..LONG_BYTES].try_into().expect("four bytes"));
        let element = &self.bytes[LONG_BYTES..][..length as usize];
        self.bytes = &self.bytes[2 * LONG_BYTES + length as usize..];
        Some(element)
    }
}

impl<'a> DoubleEndedIterator for Elements<'a> {
    #[inline]
    fn next_back(&mut self) -> Option<&'a [u8]> {
        let (last, rest) = self.bytes.split_last()?;
        if *last < LONG {
            let element = &rest[rest.len() - usize::from(*last)..];
            self.bytes = &rest[..rest.len() - element.len() - 1];
            return Some(element);
        }
        let (rest, length) = rest.split_at(rest.len() - 4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        let (rest, element) = rest.split_at(rest.len() - length);
        self.bytes = &rest[..rest.len() - LONG_BYTES];
        Some(element)
    }
}

/// A long length as it stands before an element and behind it.
fn long_length(length: usize) -> ([u8; LONG_BYTES], [u8; LONG_BYTES]) {
    let [a, b, c, d] = u32::try_from(length).expect("elements of a run are short").to_le_bytes();
    ([LONG, a, b, c, d], [a, b, c, d, LONG])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn element() -> impl Strategy<Value = Vec<u8>> {
        let length = prop_oneof![10 => 0..20usize, 1 => 250..260usize, 1 => 1000..2000usize];
        (length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length])
    }

    proptest! {
        #[test]
        fn it_holds_what_a_deque_would_hold(
            steps in prop::collection::vec((0..8u8, any::<usize>(), element()), 1..200),
        ) {
            let (mut open, mut model) = (Open::default(), VecDeque::new());
            for (kind, place, element) in steps {
                let at = place % (model.len() + 1);
                match kind {
                    0..=2 => { open.push_back(&element); model.push_back(element); }
                    3..=4 => { open.push_front(&element); model.push_front(element); }
                    5 => { open.drop_front(at); model.drain(..at); }
                    6 => { open.drop_back(at); model.truncate(model.len() - at); }
                    _ => {
                        let to = at + (place >> 8) % (model.len() - at + 1);
                        open.splice(at..to, [&element[..], b"-"].into_iter());
                        let tail = model.split_off(to);
                        model.truncate(at);
                        model.extend([element, b"-".to_vec()]);
                        model.extend(tail);
                    }
                }
                prop_assert!(open.iter().eq(model.iter().map(Vec::as_slice)));
                prop_assert!(open.iter().rev().eq(model.iter().rev().map(Vec::as_slice)));
            }
        }
    }

    #[test]
    fn pushing_keeps_little_room_and_a_queue_none() {
        let mut open = Open::default();
        for _ in 0..600 {
            open.push_front(b"member:00042");
        }
        assert!(open.capacity() <= 600 * 14 * 5 / 4 + 20, "{}", open.capacity());
        for _ in 0..100_000 {
            open.push_back(b"member:00042");
            open.drop_front(1);
        }
        assert!(open.capacity() <= 600 * 14 * 3 / 2, "{}", open.capacity());
        open.drop_back(599);
        assert!(open.capacity() < 100, "{}", open.capacity());
    }
}
