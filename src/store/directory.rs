//! Directory: extendible hashing over segments of 4 or 6 KB.
//!
//! ```text
//!   hash bits 53, 52, … ─► entries (2^depth pointers) ─► segment: 64 or 96 groups × 12 slots
//!                          ┌─┬─┬─┬─┬─┬─┬─┬─┐
//!                          │a│a│a│a│b│b│c│d│   a looks at 1 bit, b at 2, c and d at 3
//!                          └─┴─┴─┴─┴─┴─┴─┴─┘
//! ```
//! A small segment that is full becomes a large one; a large one splits: its records go to two
//! small ones by their next bit. If it already looks at as many bits as the directory, that
//! doubles by copying pointers. On the way back a large segment becomes small, and two sparse
//! buddies become one. So no insertion or removal moves more than a thousand records, however many
//! keys there are.
//!
//! # Why the unsafe code is sound
//! The entries of a directory point to live segments it allocated as boxed slices; the lowest bit
//! of an entry says which of the two lengths. A segment that looks at `d` bits stands in the
//! aligned run of 2^(depth - d) entries whose index begins with its bits, and nowhere else: all of
//! them are set when a segment is replaced. Segments are handed out under the directory's borrow.

use std::ptr::{NonNull, slice_from_raw_parts_mut};

use super::arena::Reference;
use super::segment::{
    EMPTY, Group, Keys, LARGE_GROUPS, SMALL_GROUPS, Segment, SegmentMut, Slot, full_at,
};

/// The upper bits of the hash, which choose the shard and are alike for all keys of a table.
const SHARD_BITS: u32 = 10;
/// The most bits of the hash that a directory looks at.
pub(super) const PREFIX_BITS: u32 = 34;

const DEPTHS: usize = PREFIX_BITS as usize + 1;

/// Records from which on a large segment, or a small one with its buddy, goes into a small one:
/// it can then grow by a third before it changes again.
const SHRINK_RECORDS: usize = SMALL_GROUPS * 8;
/// Records from which on two small buddies go into a large segment.
const MERGE_RECORDS: usize = LARGE_GROUPS * 8;
/// A removal looks whether to shrink each time this many have left the segment.
const SHRINK_CHECK: usize = 8;
/// A directory this much larger than its segments need: the hash has been broken, or its seed
/// guessed. Splitting further would only eat memory.
const MAX_ENTRIES_PER_SEGMENT: usize = 1024;

/// The part of the hash that the directory orders by, left-aligned in `PREFIX_BITS` bits.
#[inline]
fn prefix_of(hash: u64) -> u64 {
    hash << SHARD_BITS >> (64 - PREFIX_BITS)
}

/// A pointer to a segment.
#[derive(Clone, Copy)]
struct Entry(NonNull<Group>);

impl Entry {
    const LARGE: usize = 1;

    /// Makes a segment of so many groups.
    fn new(groups: usize, depth: u32) -> Entry {
        let mut segment = vec![EMPTY; groups].into_boxed_slice();
        SegmentMut(&mut segment).clear(depth);
        let mark = if groups == LARGE_GROUPS { Entry::LARGE } else { 0 };
        let first = NonNull::from(Box::leak(segment)).cast::<Group>();
        Entry(first.map_addr(|address| address | mark))
    }

    /// The first group, and how many there are.
    #[inline]
    fn parts(self) -> (*mut Group, usize) {
        let address = self.0.as_ptr();
        let mark = address.addr() & Entry::LARGE;
        (address.map_addr(|address| address & !Entry::LARGE), SMALL_GROUPS + mark * 32)
    }

    /// # Safety
    /// The segment is alive, and nobody changes it, for as long as `'a`.
    #[inline]
    unsafe fn segment<'a>(self) -> Segment<'a> {
        let (first, groups) = self.parts();
        // SAFETY: promised by the caller.
        Segment(unsafe { std::slice::from_raw_parts(first, groups) })
    }

    /// # Safety
    /// The segment is alive, and nobody else uses it, for as long as `'a`.
    #[inline]
    unsafe fn segment_mut<'a>(self) -> SegmentMut<'a> {
        let (first, groups) = self.parts();
        // SAFETY: promised by the caller.
        SegmentMut(unsafe { std::slice::from_raw_parts_mut(first, groups) })
    }

    /// # Safety
    /// The segment is alive, and nobody uses it from here on.
    unsafe fn free(self) {
        let (first, groups) = self.parts();
        // SAFETY: made from a boxed slice of that length; the rest is promised by the caller.
        drop(unsafe { Box::from_raw(slice_from_raw_parts_mut(first, groups)) });
    }
}

const _: () = assert!(LARGE_GROUPS - SMALL_GROUPS == 32, "an entry's lowest bit says how many");

/// How many segments there are.
struct Census {
    /// By the number of bits they look at.
    by_depth: [u32; DEPTHS],
    large: usize,
}

/// The segments of one table.
#[repr(C)]
pub(super) struct Directory {
    entries: Box<[Entry]>,
    /// Bits of the hash that the entries tell apart.
    depth: u32,
    segments: u32,
    /// Made with the first segment. In a box, so that what a look-up reads stays together.
    census: Option<Box<Census>>,
}

// SAFETY: the segments belong to this directory alone, and nothing in them is bound to a thread.
unsafe impl Send for Directory {}

impl Directory {
    /// A directory without a segment; the first insertion makes one.
    pub(super) fn new() -> Directory {
        Directory { entries: Box::default(), depth: 0, segments: 0, census: None }
    }

    /// Whether there never was an insertion: there is no segment to ask for.
    #[inline]
    pub(super) fn is_unused(&self) -> bool {
        self.entries.is_empty()
    }

    /// The segment of `hash`; there must have been an insertion.
    #[inline]
    pub(super) fn segment(&self, hash: u64) -> Segment<'_> {
        // SAFETY: entries point to live segments, which change under `&mut self` only.
        unsafe { self.entries[self.index(hash)].segment() }
    }

    #[inline]
    pub(super) fn segment_mut(&mut self, hash: u64) -> SegmentMut<'_> {
        // SAFETY: entries point to live segments, and `&mut self` is the only way to them.
        unsafe { self.entries[self.index(hash)].segment_mut() }
    }

    /// The segment whose records' prefixes begin with `prefix`'s bits, and the first prefix behind
    /// its own; `None` at the end of all prefixes.
    pub(super) fn segment_at(&self, prefix: u64) -> (Segment<'_>, Option<u64>) {
        // SAFETY: as in `segment`.
        let segment = unsafe { self.entries[(prefix >> self.spare_bits()) as usize].segment() };
        let range_bits = PREFIX_BITS - segment.depth();
        let next = ((prefix >> range_bits) + 1) << range_bits;
        (segment, (next < 1 << PREFIX_BITS).then_some(next))
    }

    /// The segment around `prefix`, and whether it is met by the first of its entries.
    pub(super) fn segment_around(&self, prefix: u64) -> (Segment<'_>, bool) {
        let (segment, _) = self.segment_at(prefix);
        let range = 1 << (self.depth - segment.depth());
        (segment, (prefix >> self.spare_bits()) & (range - 1) == 0)
    }

    /// Puts a record that is not there yet.
    pub(super) fn insert(&mut self, hash: u64, reference: Reference, keys: Keys<'_>) {
        if self.is_unused() {
            self.begin();
        }
        while self.segment(hash).is_full() {
            if !self.segment(hash).is_large() {
                self.replace(hash, LARGE_GROUPS, keys);
            } else if self.may_split(hash) {
                self.split(hash, keys);
            } else {
                break;
            }
        }
        assert!(self.segment(hash).has_room(), "hashes of keys are spread evenly");
        self.segment_mut(hash).insert(hash, reference);
    }

    /// Takes a record out; shrinks its segment, or merges it with its buddy, if they are sparse.
    pub(super) fn remove(&mut self, hash: u64, slot: Slot, keys: Keys<'_>) {
        self.segment_mut(hash).remove(hash, slot);
        let segment = self.segment(hash);
        if !segment.len().is_multiple_of(SHRINK_CHECK) {
            return;
        }
        if !segment.is_large() && segment.depth() > 0 && segment.len() <= MERGE_RECORDS / 2 {
            self.merge(hash, keys);
        } else if segment.is_large() && segment.len() <= SHRINK_RECORDS {
            self.replace(hash, SMALL_GROUPS, keys);
        }
    }

    pub(super) fn segments(&self) -> usize {
        self.segments as usize
    }

    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let large = self.census.as_ref().map_or(0, |census| census.large);
        let groups = self.segments() * SMALL_GROUPS + large * (LARGE_GROUPS - SMALL_GROUPS);
        groups * size_of::<Group>()
            + size_of_val(&*self.entries)
            + self.census.as_ref().map_or(0, |_| size_of::<Census>())
    }

    #[inline]
    fn index(&self, hash: u64) -> usize {
        (prefix_of(hash) >> self.spare_bits()) as usize
    }

    /// Bits of a prefix that the entries do not tell apart.
    #[inline]
    fn spare_bits(&self) -> u32 {
        PREFIX_BITS - self.depth
    }

    fn begin(&mut self) {
        self.census = Some(Box::new(Census { by_depth: [0; DEPTHS], large: 0 }));
        self.entries = Box::new([self.make(SMALL_GROUPS, 0)]);
    }

    fn census(&mut self) -> &mut Census {
        self.census.as_mut().expect("made with the first segment")
    }

    /// Makes a segment; the caller lets entries lead to it.
    fn make(&mut self, groups: usize, depth: u32) -> Entry {
        self.segments += 1;
        let census = self.census();
        census.by_depth[depth as usize] += 1;
        census.large += usize::from(groups == LARGE_GROUPS);
        Entry::new(groups, depth)
    }

    /// Frees the segment an entry leads to; the caller overwrites all entries that lead there.
    fn discard(&mut self, entry: Entry) {
        // SAFETY: a live segment, which no entry leads to when the caller is done.
        let (depth, is_large) = unsafe {
            let segment = entry.segment();
            let facts = (segment.depth(), segment.is_large());
            entry.free();
            facts
        };
        self.segments -= 1;
        let census = self.census();
        census.by_depth[depth as usize] -= 1;
        census.large -= usize::from(is_large);
    }

    fn may_split(&self, hash: u64) -> bool {
        let depth = self.segment(hash).depth();
        depth < self.depth
            || depth < PREFIX_BITS && self.entries.len() < MAX_ENTRIES_PER_SEGMENT * self.segments()
    }

    /// Moves the records of a segment to one of another size.
    fn replace(&mut self, hash: u64, groups: usize, keys: Keys<'_>) {
        let old = self.segment(hash);
        let (depth, records) = (old.depth(), old.references().collect());
        let run = self.run(hash, depth);
        self.discard(self.entries[run.start]);
        let entry = self.make(groups, depth);
        self.entries[run].fill(entry);
        self.fill(hash, records, keys);
    }

    /// Distributes a large segment over two, small ones as a rule.
    fn split(&mut self, hash: u64, keys: Keys<'_>) {
        let depth = self.segment(hash).depth();
        if depth == self.depth {
            self.double();
        }
        let records = keys.hashes(self.segment(hash).references().collect());
        let is_upper = |own| prefix_of(own) >> (PREFIX_BITS - depth - 1) & 1 == 1;
        let (upper, lower): (Vec<_>, Vec<_>) = records.partition(|&(own, _)| is_upper(own));
        let run = self.run(hash, depth);
        let middle = run.start + run.len() / 2;
        self.discard(self.entries[run.start]);
        for (half, range) in [(lower, run.start..middle), (upper, middle..run.end)] {
            let is_small = half.len() < full_at(SMALL_GROUPS);
            let entry = self.make(if is_small { SMALL_GROUPS } else { LARGE_GROUPS }, depth + 1);
            self.entries[range].fill(entry);
            for (own, reference) in half {
                self.segment_mut(own).insert(own, reference);
            }
        }
    }

    /// Makes one segment of two small buddies, if they are sparse.
    fn merge(&mut self, hash: u64, keys: Keys<'_>) {
        let depth = self.segment(hash).depth();
        let run = self.run(hash, depth - 1);
        let (first, second) = (self.entries[run.start], self.entries[run.end - 1]);
        // SAFETY: the ends of the run are live segments: the buddies, or what one was split into.
        let (lower, upper) = unsafe { (first.segment(), second.segment()) };
        let are_buddies = lower.depth() == depth && upper.depth() == depth;
        let len = lower.len() + upper.len();
        if !are_buddies || lower.is_large() || upper.is_large() || len > MERGE_RECORDS {
            return;
        }
        let records: Vec<Reference> = lower.references().chain(upper.references()).collect();
        self.discard(first);
        self.discard(second);
        let groups = if len <= SHRINK_RECORDS { SMALL_GROUPS } else { LARGE_GROUPS };
        let entry = self.make(groups, depth - 1);
        self.entries[run].fill(entry);
        self.fill(hash, records, keys);
        while self.depth > 0 && self.is_deeper_than_segments() {
            self.halve();
        }
    }

    /// Puts records into the segment of `hash`, where they all belong.
    fn fill(&mut self, hash: u64, records: Vec<Reference>, keys: Keys<'_>) {
        let mut segment = self.segment_mut(hash);
        keys.hashes(records).for_each(|(own, reference)| segment.insert(own, reference));
    }

    fn double(&mut self) {
        self.entries = self.entries.iter().flat_map(|&entry| [entry, entry]).collect();
        self.depth += 1;
    }

    fn is_deeper_than_segments(&mut self) -> bool {
        let depth = self.depth as usize;
        self.census().by_depth[depth] == 0
    }

    fn halve(&mut self) {
        self.entries = self.entries.iter().step_by(2).copied().collect();
        self.depth -= 1;
    }

    /// The entries whose index begins with the first `depth` bits of `hash`.
    fn run(&self, hash: u64, depth: u32) -> std::ops::Range<usize> {
        let length = 1 << (self.depth - depth);
        let start = self.index(hash) / length * length;
        start..start + length
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let mut index = 0;
        while index < self.entries.len() {
            let entry = self.entries[index];
            // SAFETY: a live segment; the index goes on behind the last entry that leads to it.
            unsafe {
                index += 1 << (self.depth - entry.segment().depth());
                entry.free();
            }
        }
    }
}
