//! A block: entries that follow each other, packed into one allocation.
//!
//! ```text
//! block:  names | entry ...
//! names:  count: varint | text ...
//! text:   length: varint | bytes
//! entry:  head: u8 | [milliseconds: varint] | [sequence: varint] | value: text ...
//!         or, with names of its own: … | count: varint | (name: text | value: text) ...
//! head:   bit 0 deleted | bit 1 names of its own | bits 2-4 milliseconds since the entry before |
//!         bits 5-7 sequence: counted from the entry before within the same millisecond, else
//!         from 0 (7 in either place: the number follows)
//! ```
//! `names` are the field names of the first entry; entries with the same ones do not repeat them.
//! A deleted entry is marked, and its bytes go when half of the block is marked. What Redis would
//! have in the same place is a node of its radix tree: `Block` counts the entries and bytes of
//! that node, so that nodes end, and approximate trimming works, where clients see them in Redis.

use super::cost;
use super::id::Id;

const DELETED: u8 = 1;
const OWN_NAMES: u8 = 2;
/// The largest step that fits into the head; one more says that it follows.
const MAX_SHORT_STEP: u64 = 6;
/// Below this many marked entries a block is not worth rewriting.
const LEAST_TO_COMPACT: u32 = 8;

/// Field and value, again and again: what XADD was given.
pub type Pairs<'a> = &'a [(&'a [u8], &'a [u8])];

/// Entries that follow each other.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The id of the first entry it ever had: the key of Redis's node.
    pub(super) base: Id,
    /// The id of the last entry it ever had.
    pub(super) last: Id,
    /// Entries that are there.
    pub(super) live: u32,
    /// Entries that were deleted.
    pub(super) dead: u32,
    /// Those of them whose bytes are still there.
    marked: u32,
    /// Field names of the first entry.
    names: u32,
    /// Where the entries begin.
    start: u32,
    /// The bytes of names and entries in Redis's node.
    pub(super) redis_bytes: u64,
    bytes: Vec<u8>,
}

impl Block {
    /// A block whose names are those of the entry that will be its first.
    pub(super) fn new(base: Id, pairs: Pairs<'_>) -> Self {
        let mut bytes = Vec::new();
        write_varint(&mut bytes, pairs.len() as u64);
        for (name, _) in pairs {
            write_text(&mut bytes, name);
        }
        let names = pairs.len() as u32;
        let start = bytes.len() as u32;
        let redis_bytes = cost::names(pairs);
        let (last, live, dead, marked) = (base, 0, 0, 0);
        Block { base, last, live, dead, marked, names, start, redis_bytes, bytes }
    }

    /// Adds an entry; `id` is greater than the last one, or the base of an empty block.
    pub(super) fn push(&mut self, id: Id, pairs: Pairs<'_>) {
        self.push_as(id, pairs, self.shares_names(pairs));
    }

    /// The same where it is known whether the entry has the block's names.
    pub(super) fn push_as(&mut self, id: Id, pairs: Pairs<'_>, shares_names: bool) {
        self.redis_bytes += cost::entry(id, self.base, pairs, shares_names);
        self.write_head(id, shares_names);
        if !shares_names {
            write_varint(&mut self.bytes, pairs.len() as u64);
        }
        for (name, value) in pairs {
            if !shares_names {
                write_text(&mut self.bytes, name);
            }
            write_text(&mut self.bytes, value);
        }
        self.last = id;
        self.live += 1;
    }

    fn write_head(&mut self, id: Id, shares_names: bool) {
        let before = self.last;
        let ms = id.ms - before.ms;
        let seq = if ms == 0 { id.seq - before.seq } else { id.seq };
        let short = |step: u64| step.min(MAX_SHORT_STEP + 1) as u8;
        let own = if shares_names { 0 } else { OWN_NAMES };
        self.bytes.push(own | short(ms) << 2 | short(seq) << 5);
        for step in [ms, seq] {
            if step > MAX_SHORT_STEP {
                write_varint(&mut self.bytes, step);
            }
        }
    }

    fn shares_names(&self, pairs: Pairs<'_>) -> bool {
        if pairs.len() != self.names as usize {
            return false;
        }
        let (mut at, _) = read_varint(&self.bytes, 0);
        pairs.iter().all(|(name, _)| {
            let (own, next) = read_text(&self.bytes, at);
            at = next;
            own == *name
        })
    }

    /// The field names of the first entry it ever had.
    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &[u8]> + use<'_> {
        let (mut at, _) = read_varint(&self.bytes, 0);
        (0..self.names).map(move |_| {
            let (name, next) = read_text(&self.bytes, at);
            at = next;
            name
        })
    }

    /// The entries, deleted ones left out, in order.
    pub(super) fn entries(&self) -> Entries<'_> {
        Entries { block: self, at: self.start as usize, before: self.base }
    }

    /// Deletes an entry; false when it is not there.
    pub(super) fn delete(&mut self, id: Id) -> bool {
        let found = self.entries().take_while(|entry| entry.id <= id).last();
        let Some(at) = found.filter(|entry| entry.id == id).map(|entry| entry.at) else {
            return false;
        };
        self.bytes[at] |= DELETED;
        self.live -= 1;
        self.dead += 1;
        self.marked += 1;
        if self.marked >= LEAST_TO_COMPACT && self.marked > self.live {
            self.compact();
        }
        true
    }

    /// Drops the bytes of deleted entries. What Redis would have stays counted.
    fn compact(&mut self) {
        let mut kept = Block { bytes: self.bytes[..self.start as usize].to_vec(), ..*self };
        kept.last = self.base;
        for entry in self.entries() {
            kept.write_head(entry.id, !entry.has_own_names);
            kept.bytes.extend_from_slice(entry.body());
            kept.last = entry.id;
        }
        kept.bytes.shrink_to_fit();
        self.bytes = kept.bytes;
        self.marked = 0;
    }

    /// The bytes Redis's node would have.
    pub(super) fn redis_bytes(&self) -> u64 {
        self.redis_bytes + cost::header(self.live, self.dead, self.names)
    }

    /// Gives back room for entries that will not come.
    pub(super) fn finish(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// The bytes it has allocated.
    pub(super) fn allocated(&self) -> usize {
        self.bytes.capacity()
    }
}

/// One entry, as it lies in its block.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its id.
    pub id: Id,
    block: &'a Block,
    /// Where its head is.
    at: usize,
    has_own_names: bool,
    /// Where its body begins: the count of names, or the first value.
    body: usize,
}

impl<'a> Entry<'a> {
    /// How many fields it has.
    pub fn len(&self) -> usize {
        match self.has_own_names {
            true => read_varint(&self.block.bytes, self.body).1 as usize,
            false => self.block.names as usize,
        }
    }

    /// Whether its names are others than those of its block.
    pub fn has_own_names(&self) -> bool {
        self.has_own_names
    }

    /// False: an entry has fields.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its fields, each with its value.
    pub fn fields(&self) -> Fields<'a> {
        let bytes = &self.block.bytes;
        let (names, values) = match self.has_own_names {
            true => (None, read_varint(bytes, self.body).0),
            false => (Some(read_varint(bytes, 0).0), self.body),
        };
        Fields { bytes, left: self.len(), names, values }
    }

    /// Where the next entry begins.
    fn end(&self) -> usize {
        let mut fields = self.fields();
        fields.by_ref().for_each(drop);
        fields.values
    }

    fn body(&self) -> &'a [u8] {
        &self.block.bytes[self.body..self.end()]
    }
}

/// The fields of an entry.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    left: usize,
    /// Where the next name is; none where names stand before their values.
    names: Option<usize>,
    values: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let at = self.names.as_mut().unwrap_or(&mut self.values);
        let (name, next) = read_text(self.bytes, *at);
        *at = next;
        let (value, next) = read_text(self.bytes, self.values);
        self.values = next;
        Some((name, value))
    }
}

/// The entries of a block.
#[derive(Debug, Clone)]
pub(super) struct Entries<'a> {
    block: &'a Block,
    at: usize,
    before: Id,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        let bytes = &self.block.bytes;
        while self.at < bytes.len() {
            let head = bytes[self.at];
            let (body, ms) = step(bytes, self.at + 1, head >> 2 & 7);
            let (body, seq) = step(bytes, body, head >> 5);
            let id = match ms {
                0 => Id { ms: self.before.ms, seq: self.before.seq + seq },
                _ => Id { ms: self.before.ms + ms, seq },
            };
            let has_own_names = head & OWN_NAMES != 0;
            let entry = Entry { id, block: self.block, at: self.at, has_own_names, body };
            self.before = id;
            self.at = entry.end();
            if head & DELETED == 0 {
                return Some(entry);
            }
        }
        None
    }
}

#[inline]
fn step(bytes: &[u8], at: usize, short: u8) -> (usize, u64) {
    match u64::from(short) {
        step @ 0..=MAX_SHORT_STEP => (at, step),
        _ => read_varint(bytes, at),
    }
}

fn write_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Where the number ends, and the number.
#[inline]
fn read_varint(bytes: &[u8], at: usize) -> (usize, u64) {
    let (mut number, mut shift, mut at) = (0, 0, at);
    loop {
        let byte = bytes[at];
        at += 1;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return (at, number);
        }
        shift += 7;
    }
}

fn write_text(bytes: &mut Vec<u8>, text: &[u8]) {
    write_varint(bytes, text.len() as u64);
    bytes.extend_from_slice(text);
}

#[inline]
fn read_text(bytes: &[u8], at: usize) -> (&[u8], usize) {
    let (start, length) = read_varint(bytes, at);
    let end = start + length as usize;
    (&bytes[start..end], end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64, seq: u64) -> Id {
        Id { ms, seq }
    }

    fn shown(block: &Block) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let field = |(name, value): (&[u8], &[u8])| format!("{}={}", text(name), text(value));
        let entry = |entry: Entry<'_>| {
            let fields: Vec<String> = entry.fields().map(field).collect();
            format!("{} {}", entry.id, fields.join(" "))
        };
        block.entries().map(entry).collect()
    }

    #[test]
    fn entries_come_out_as_they_went_in() {
        let mut block = Block::new(id(5, 3), &[(b"a", b"1")]);
        block.push(id(5, 3), &[(b"a", b"1")]);
        block.push(id(5, 4), &[(b"b", b"2")]);
        block.push(id(5, u64::MAX), &[(b"a", b"")]);
        block.push(id(6, 0), &[(b"a", b"3"), (b"a", b"4")]);
        block.push(id(u64::MAX, u64::MAX), &[(b"a", b"5")]);
        let last = format!("{} a=5", Id::MAX);
        let expected =
            ["5-3 a=1", "5-4 b=2", "5-18446744073709551615 a=", "6-0 a=3 a=4", last.as_str()];
        assert_eq!(shown(&block), expected);
        assert_eq!(block.entries().map(|entry| entry.len()).sum::<usize>(), 6);
    }

    #[test]
    fn a_block_without_half_of_its_entries_is_rewritten() {
        let long = [b'x'; 100];
        let mut block = Block::new(id(1, 0), &[(b"f", &long)]);
        for ms in 1..=20 {
            block.push(id(ms, 0), &[(b"f", &long)]);
        }
        let (before, redis_bytes) = (block.bytes.len(), block.redis_bytes());
        for ms in 1..=11 {
            assert!(block.delete(id(ms, 0)) && !block.delete(id(ms, 0)));
        }
        assert!(block.bytes.len() < before / 2 + 10, "{} of {before}", block.bytes.len());
        assert_eq!(block.redis_bytes(), redis_bytes, "Redis only marks them");
        assert_eq!((block.live, block.dead, block.last), (9, 11, id(20, 0)));
        assert_eq!(shown(&block).first(), Some(&format!("12-0 f={}", "x".repeat(100))));
        assert!(!block.delete(id(30, 0)));
    }

    #[test]
    fn two_short_fields_cost_little_more_than_their_bytes() {
        let mut block = Block::new(id(1, 0), &[(b"field1", b""), (b"field2", b"")]);
        let before = block.bytes.len();
        block.push(id(3, 0), &[(b"field1", b"12345678"), (b"field2", b"12345678")]);
        assert_eq!(block.bytes.len() - before, 1 + 9 + 9);
    }
}
