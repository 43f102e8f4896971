//! Small containers as one piece of bytes: what lies in a record of the store.
//!
//! ```text
//! flags: u8 | count: u16 little-endian | entries
//! entry     [score: 1 to 9 bytes] | element | [element]  by the layout: sorted set, hash
//! element   length < 254: u8 | bytes      or      254 | length: u16 little-endian | bytes
//! flags     bit 0: Redis would have unpacked the container
//! ```
//! Nothing says where an entry begins, so look-ups walk: one byte is read for each element, one for
//! each score (`score`), and an element's bytes only where length and last byte fit. The count is
//! that of entries (fields of a hash, members of a set), so that it need not be walked for.
//!
//! An edit is a range of bytes and what takes its place, found here and done by the store; the
//! count is set beside it (`set_count`). A container that changes in several places is copied into
//! a `Piece`, changed there and put back whole.

use super::score;
use smallvec::SmallVec;
use std::ops::Range;

/// Bytes before the first entry.
pub const HEAD_BYTES: usize = 3;
/// A length byte from here on is none: the length follows as a u16.
const LONG: u8 = 254;
/// The flag of a container that Redis would have unpacked.
const CONVERTED: u8 = 1;

/// Packed bytes under construction.
pub type Piece = SmallVec<[u8; 128]>;

/// What an entry is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One element: lists, sets.
    Single,
    /// Field and value: hashes.
    Pair,
    /// A score, then the member: sorted sets.
    Scored,
}

impl Layout {
    /// How many bytes of a score stand at the beginning of the entry at `start`.
    #[inline(always)]
    fn score_bytes(self, bytes: &[u8], start: usize) -> usize {
        if self == Layout::Scored { score::bytes_of(bytes[start]) } else { 0 }
    }
}

/// A packed container, to read.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    bytes: &'a [u8],
    layout: Layout,
}

/// An entry, and where it lies in the container's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its first byte.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// The field or member: what entries are found by.
    pub name: &'a [u8],
    /// The value of a field; nothing in other layouts.
    pub value: &'a [u8],
    /// The score of a member as `score` packs it; nothing in other layouts.
    pub score: &'a [u8],
}

impl Entry<'_> {
    /// Where it lies.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Where its value lies, length included.
    pub fn value_range(&self) -> Range<usize> {
        self.end - element_bytes(self.value.len())..self.end
    }
}

impl<'a> Packed<'a> {
    /// A view of a container's bytes.
    #[inline]
    pub fn new(bytes: &'a [u8], layout: Layout) -> Self {
        Packed { bytes, layout }
    }

    /// All its bytes.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether Redis would have unpacked it.
    #[inline]
    pub fn is_converted(&self) -> bool {
        self.bytes[0] & CONVERTED != 0
    }

    /// How many entries it has.
    #[inline]
    pub fn count(&self) -> usize {
        usize::from(u16::from_le_bytes([self.bytes[1], self.bytes[2]]))
    }

    /// Where the next entry would begin: how many bytes there are.
    #[inline]
    pub fn end(&self) -> usize {
        self.bytes.len()
    }

    /// Where the entry of this name begins.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        // One walk for each layout, so that it tests nothing that it could know.
        match self.layout {
            Layout::Single => self.walk(Layout::Single, name),
            Layout::Pair => self.walk(Layout::Pair, name),
            Layout::Scored => self.walk(Layout::Scored, name),
        }
    }

    #[inline(always)]
    fn walk(&self, layout: Layout, name: &[u8]) -> Option<usize> {
        let bytes = self.bytes;
        let last = name.last().copied().unwrap_or_default();
        let mut start = HEAD_BYTES;
        while start < bytes.len() {
            let element = start + layout.score_bytes(bytes, start);
            let (from, length) = length_at(bytes, element);
            let end = from + length;
            // Where the name is empty, the byte before `end` is the length, and as empty.
            if length == name.len() && bytes[end - 1] == last && &bytes[from..end] == name {
                return Some(start);
            }
            start = end;
            if layout == Layout::Pair {
                let (from, length) = length_at(bytes, end);
                start = from + length;
            }
        }
        None
    }

    /// The entry that begins at `start`.
    #[inline]
    pub fn entry(&self, start: usize) -> Entry<'a> {
        let bytes = self.bytes;
        let element = start + self.layout.score_bytes(bytes, start);
        let (from, length) = length_at(bytes, element);
        let mut end = from + length;
        let name = &bytes[from..end];
        let mut value = &bytes[..0];
        if self.layout == Layout::Pair {
            let (from, length) = length_at(bytes, end);
            end = from + length;
            value = &bytes[from..end];
        }
        Entry { start, end, name, value, score: &bytes[start..element] }
    }

    /// All entries in order.
    #[inline]
    pub fn entries(&self) -> Entries<'a> {
        Entries { packed: *self, at: HEAD_BYTES }
    }

    /// Where entry number `index` begins; where the next would begin, if there are not so many.
    pub fn start_of(&self, index: usize) -> usize {
        self.entries().nth(index).map_or(self.end(), |entry| entry.start)
    }

    /// Where each entry begins: found in one walk, for whoever goes backwards or to and fro.
    pub fn starts(&self) -> SmallVec<[u16; 64]> {
        self.entries().map(|entry| entry.start as u16).collect()
    }
}

/// The entries of a container.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    packed: Packed<'a>,
    at: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        if self.at >= self.packed.bytes.len() {
            return None;
        }
        let entry = self.packed.entry(self.at);
        self.at = entry.end;
        Some(entry)
    }
}

/// Where the bytes of the element at `at` begin, and how many there are.
#[inline(always)]
fn length_at(bytes: &[u8], at: usize) -> (usize, usize) {
    let length = bytes[at];
    if length < LONG {
        return (at + 1, usize::from(length));
    }
    (at + 3, usize::from(u16::from_le_bytes([bytes[at + 1], bytes[at + 2]])))
}

/// How many bytes an element of this length takes.
#[inline]
pub fn element_bytes(length: usize) -> usize {
    if length < usize::from(LONG) { 1 + length } else { 3 + length }
}

/// A container without entries.
pub fn empty() -> Piece {
    Piece::from_slice(&[0; HEAD_BYTES])
}

/// Adds an element to bytes under construction.
///
/// # Panics
/// When it is longer than a u16 tells: long elements are for the large forms.
#[inline]
pub fn push(piece: &mut Piece, element: &[u8]) {
    if element.len() < usize::from(LONG) {
        piece.push(element.len() as u8);
    } else {
        let length = u16::try_from(element.len()).expect("a packed element is short");
        piece.push(LONG);
        piece.extend_from_slice(&length.to_le_bytes());
    }
    piece.extend_from_slice(element);
}

/// Puts `with` in the place of `range`, as the store does in a record; the count stays.
pub fn splice(piece: &mut Piece, range: Range<usize>, with: &[u8]) {
    let (old, end) = (piece.len(), range.start + with.len());
    let new = old - range.len() + with.len();
    piece.resize(old.max(new), 0);
    piece.copy_within(range.end..old, end);
    piece[range.start..end].copy_from_slice(with);
    piece.truncate(new);
}

/// Writes down how many entries a container has.
///
/// # Panics
/// When there are more than a u16 tells.
#[inline]
pub fn set_count(bytes: &mut [u8], count: usize) {
    let count = u16::try_from(count).expect("a packed container has few entries");
    bytes[1..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
}

/// Notes for good that Redis would have unpacked the container.
#[inline]
pub fn set_converted(bytes: &mut [u8]) {
    bytes[0] |= CONVERTED;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Model = Vec<(Vec<u8>, Vec<u8>)>;

    /// A score of any length.
    fn score_of(bytes: &[u8]) -> score::Packed {
        let unit = [1.0, 300.0, 1e6, 1e12, 0.3][bytes.len() % 5];
        score::pack(unit * (1.0 + f64::from(bytes.first().copied().unwrap_or_default())))
    }

    fn write(piece: &mut Piece, layout: Layout, name: &[u8], other: &[u8]) {
        if layout == Layout::Scored {
            piece.extend_from_slice(&score_of(other));
        }
        push(piece, name);
        if layout == Layout::Pair {
            push(piece, other);
        }
    }

    fn check(piece: &Piece, layout: Layout, model: &Model) {
        let packed = Packed::new(piece, layout);
        let entries: Vec<Entry> = packed.entries().collect();
        assert_eq!((packed.count(), entries.len()), (model.len(), model.len()));
        let starts = packed.starts();
        for (index, (name, other)) in model.iter().enumerate() {
            let entry = entries[index];
            assert_eq!(entry.name, name);
            match layout {
                Layout::Single => assert_eq!((entry.value, entry.score), (&[][..], &[][..])),
                Layout::Pair => assert_eq!((entry.value, entry.score), (&other[..], &[][..])),
                Layout::Scored => assert_eq!(entry.score, &score_of(other)[..]),
            }
            assert_eq!(usize::from(starts[index]), entry.start);
            assert_eq!(packed.start_of(index), entry.start);
            assert_eq!(packed.entry(entry.start), entry);
            let first = model.iter().position(|(other, _)| other == name);
            assert_eq!(packed.find(name), first.map(|first| entries[first].start));
        }
        assert_eq!(packed.start_of(model.len()), packed.end());
        assert_eq!(packed.find(b"\xffabsent"), None);
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let lengths = prop_oneof![8 => 0..12usize, 1 => 250..260usize];
        (lengths, 0..4u8).prop_map(|(length, byte)| vec![byte; length])
    }

    proptest! {
        #[test]
        fn edits_leave_what_a_vector_would_hold(
            layout in prop_oneof![
                Just(Layout::Single), Just(Layout::Pair), Just(Layout::Scored)
            ],
            edits in prop::collection::vec((0..3u8, any::<u8>(), bytes(), bytes()), 0..60),
        ) {
            let (mut piece, mut model) = (empty(), Model::new());
            for (kind, place, name, other) in edits {
                let index = usize::from(place) % (model.len() + 1);
                let is_there = index < model.len();
                let packed = Packed::new(&piece, layout);
                let start = packed.start_of(index);
                let mut with = Piece::new();
                let range = match kind {
                    0 => {
                        write(&mut with, layout, &name, &other);
                        model.insert(index, (name, other));
                        start..start
                    }
                    1 if is_there => {
                        model.remove(index);
                        packed.entry(start).range()
                    }
                    2 if is_there && layout == Layout::Pair => {
                        push(&mut with, &other);
                        model[index].1 = other;
                        packed.entry(start).value_range()
                    }
                    _ => continue,
                };
                splice(&mut piece, range, &with);
                set_count(&mut piece, model.len());
                check(&piece, layout, &model);
            }
        }
    }

    #[test]
    fn marks_leave_count_and_entries_alone() {
        let mut piece = empty();
        push(&mut piece, b"a");
        set_count(&mut piece, 1);
        assert!(!Packed::new(&piece, Layout::Single).is_converted());
        set_converted(&mut piece);
        let packed = Packed::new(&piece, Layout::Single);
        assert!(packed.is_converted());
        assert_eq!((packed.count(), packed.find(b"a")), (1, Some(HEAD_BYTES)));
    }
}
