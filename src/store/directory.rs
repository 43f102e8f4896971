//! Directory: extendible hashing over segments of 4 KB.
//!
//! ```text
//!   hash bits 53, 52, … ─► entries (2^depth pointers) ─► segment: 64 groups × 12 slots
//!                          ┌─┬─┬─┬─┬─┬─┬─┬─┐
//!                          │a│a│a│a│b│b│c│d│   a looks at 1 bit, b at 2, c and d at 3
//!                          └─┴─┴─┴─┴─┴─┴─┴─┘
//! ```
//! A segment that is full splits alone: its records go to two segments by their next bit. If it
//! already looks at as many bits as the directory, the directory doubles by copying pointers. Two
//! sparse buddies merge again. So no insertion or removal moves more than a segment's records,
//! however many keys there are.
//!
//! Within a segment a record lies in its home group (6 other bits of the hash) or, if that was
//! full, in a later one; see `group` for the overflow counters that end a look-up.
//!
//! # Why the unsafe code is sound
//! The entries of a directory point to live segments it allocated as boxes; a segment that looks
//! at `d` bits stands in the aligned run of 2^(depth - d) entries whose index begins with its
//! bits, and nowhere else. References to segments are handed out under the directory's own borrow.

use std::ptr::NonNull;

use super::arena::{Arena, Reference};
use super::block::prefetch;
use super::group::{Group, LANES};

/// The upper bits of the hash, which choose the shard and are alike for all keys of a table.
const SHARD_BITS: u32 = 10;
/// The most bits of the hash that a directory looks at.
pub(super) const PREFIX_BITS: u32 = 34;
/// Groups of a segment: also how many home groups there are.
pub(super) const GROUPS: usize = 64;

const SLOTS: usize = GROUPS * LANES;
/// Records a segment holds before it splits.
const MAX_RECORDS: usize = SLOTS * 7 / 8;
/// Two buddies with no more than this merge: a third more makes the merged one split again.
const MERGE_RECORDS: usize = MAX_RECORDS * 3 / 4;
/// A removal looks at the buddy each time this many have left the segment.
const MERGE_CHECK: usize = 8;
/// A directory this much larger than its segments need: the hash has been broken, or its seed
/// guessed. Splitting further would only eat memory.
const MAX_ENTRIES_PER_SEGMENT: usize = 1024;

/// The part of the hash that the directory orders by, left-aligned in `PREFIX_BITS` bits.
#[inline]
pub(super) fn prefix_of(hash: u64) -> u64 {
    hash << SHARD_BITS >> (64 - PREFIX_BITS)
}

/// The group of a segment that a record belongs to.
#[inline]
pub(super) fn home_of(hash: u64) -> usize {
    hash as usize % GROUPS
}

/// The byte of the hash kept in the group; 0 stands for a free slot.
#[inline]
fn tag_of(hash: u64) -> u8 {
    ((hash >> 6) as u8).max(1)
}

/// The way from a record to its hash, for moving records between segments.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) arena: &'a Arena,
    pub(super) hash: fn(&[u8]) -> u64,
}

impl Keys<'_> {
    /// The records with their hashes. All are asked for before the first is read, so that their
    /// cache misses overlap.
    fn hashes(&self, records: Vec<Reference>) -> impl Iterator<Item = (u64, Reference)> {
        records.iter().for_each(|&reference| self.arena.block(reference).prefetch());
        records.into_iter().map(|reference| {
            let key = self.arena.block(reference).key();
            ((self.hash)(key), reference)
        })
    }
}

/// The slot of a record in its segment, the first group's first.
#[derive(Clone, Copy)]
pub(super) struct Slot(u32);

impl Slot {
    #[inline]
    fn new(group: usize, lane: usize) -> Slot {
        Slot((group * LANES + lane) as u32)
    }

    fn group(self) -> usize {
        self.0 as usize / LANES
    }

    fn lane(self) -> usize {
        self.0 as usize % LANES
    }
}

/// 64 groups. The first one's spare bytes hold the number of records (2 bytes) and how many bits
/// of the hash the segment looks at.
pub(super) struct Segment {
    groups: [Group; GROUPS],
}

impl Segment {
    fn new(depth: u32) -> Segment {
        let mut segment = Segment { groups: [Group::EMPTY; GROUPS] };
        segment.groups[0].spare[2] = depth as u8;
        segment
    }

    pub(super) fn len(&self) -> usize {
        let [low, high, _] = self.groups[0].spare;
        usize::from(u16::from_le_bytes([low, high]))
    }

    fn set_len(&mut self, len: usize) {
        let [low, high] = (len as u16).to_le_bytes();
        let spare = &mut self.groups[0].spare;
        (spare[0], spare[1]) = (low, high);
    }

    fn depth(&self) -> u32 {
        u32::from(self.groups[0].spare[2])
    }

    /// The slot of the record that has this hash and that `is_it` knows.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u64,
        mut is_it: impl FnMut(Reference) -> bool,
    ) -> Option<(Slot, Reference)> {
        let tag = tag_of(hash);
        for step in 0..GROUPS {
            let number = (home_of(hash) + step) % GROUPS;
            let group = &self.groups[number];
            for lane in group.matching(tag) {
                let reference = group.reference(lane);
                if is_it(reference) {
                    return Some((Slot::new(number, lane), reference));
                }
            }
            if !group.has_overflow() {
                return None;
            }
        }
        None
    }

    /// Asks the processor for the home group of `hash`.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        prefetch(&raw const self.groups[home_of(hash)]);
    }

    /// The first record in the home group that is likely to have this hash.
    #[inline]
    pub(super) fn guess(&self, hash: u64) -> Option<Reference> {
        let group = &self.groups[home_of(hash)];
        group.matching(tag_of(hash)).next().map(|lane| group.reference(lane))
    }

    /// Shows every record that may have `home` as its home group, and others.
    pub(super) fn visit_from(&self, home: usize, mut visit: impl FnMut(Reference)) {
        for step in 0..GROUPS {
            let group = &self.groups[(home + step) % GROUPS];
            group.occupied().for_each(|lane| visit(group.reference(lane)));
            if !group.has_overflow() {
                return;
            }
        }
    }

    /// The record in one slot, if there is one; slots are numbered from 0 and begin anew behind
    /// the last.
    pub(super) fn record_in(&self, number: usize) -> Option<Reference> {
        let slot = Slot((number % SLOTS) as u32);
        let group = &self.groups[slot.group()];
        let is_taken = group.occupied().any(|lane| lane == slot.lane());
        is_taken.then(|| group.reference(slot.lane()))
    }

    pub(super) fn set_reference(&mut self, slot: Slot, reference: Reference) {
        self.groups[slot.group()].set_reference(slot.lane(), reference);
    }

    fn insert(&mut self, hash: u64, reference: Reference) {
        debug_assert!(self.len() < SLOTS, "a segment splits before it is full");
        let mut number = home_of(hash);
        while !self.groups[number].insert(tag_of(hash), reference) {
            self.groups[number].count_overflow();
            number = (number + 1) % GROUPS;
        }
        self.set_len(self.len() + 1);
    }

    fn remove(&mut self, hash: u64, slot: Slot) {
        let mut number = home_of(hash);
        while number != slot.group() {
            self.groups[number].uncount_overflow();
            number = (number + 1) % GROUPS;
        }
        self.groups[number].clear_lane(slot.lane());
        self.set_len(self.len() - 1);
    }

    fn references(&self) -> impl Iterator<Item = Reference> {
        self.groups.iter().flat_map(|group| group.occupied().map(|lane| group.reference(lane)))
    }
}

/// How many segments look at how many bits.
type Depths = [u32; PREFIX_BITS as usize + 1];

/// The segments of one table.
#[repr(C)]
pub(super) struct Directory {
    entries: Box<[NonNull<Segment>]>,
    /// Bits of the hash that the entries tell apart.
    depth: u32,
    segments: u32,
    /// Made with the first segment. In a box, so that what a look-up reads stays together.
    by_depth: Option<Box<Depths>>,
}

// SAFETY: the segments belong to this directory alone, and nothing in them is bound to a thread.
unsafe impl Send for Directory {}

impl Directory {
    /// A directory without a segment: `prepare` makes the first one.
    pub(super) fn new() -> Directory {
        Directory { entries: Box::default(), depth: 0, segments: 0, by_depth: None }
    }

    /// Whether there never was an insertion: there is no segment to ask for.
    #[inline]
    pub(super) fn is_unused(&self) -> bool {
        self.entries.is_empty()
    }

    /// The segment of `hash`; there must have been an insertion.
    #[inline]
    pub(super) fn segment(&self, hash: u64) -> &Segment {
        // SAFETY: entries point to live segments.
        unsafe { self.entries[self.index(hash)].as_ref() }
    }

    #[inline]
    pub(super) fn segment_mut(&mut self, hash: u64) -> &mut Segment {
        let index = self.index(hash);
        // SAFETY: as above, and `&mut self` is the only way to it.
        unsafe { self.entries[index].as_mut() }
    }

    /// The segment whose records' prefixes begin with `prefix`'s bits, and the first prefix behind
    /// its own; `None` at the end of all prefixes.
    pub(super) fn segment_at(&self, prefix: u64) -> (&Segment, Option<u64>) {
        // SAFETY: as above.
        let segment = unsafe { self.entries[(prefix >> self.spare_bits()) as usize].as_ref() };
        let range_bits = PREFIX_BITS - segment.depth();
        let next = ((prefix >> range_bits) + 1) << range_bits;
        (segment, (next < 1 << PREFIX_BITS).then_some(next))
    }

    /// The segment around `prefix`, and whether it is met by the first of its entries.
    pub(super) fn segment_around(&self, prefix: u64) -> (&Segment, bool) {
        let (segment, _) = self.segment_at(prefix);
        let range = 1 << (self.depth - segment.depth());
        (segment, prefix >> self.spare_bits() & (range - 1) == 0)
    }

    /// Puts a record that is not there yet.
    pub(super) fn insert(&mut self, hash: u64, reference: Reference, keys: Keys<'_>) {
        if self.is_unused() {
            self.begin();
        }
        while self.segment(hash).len() >= MAX_RECORDS && self.may_split(hash) {
            self.split(hash, keys);
        }
        assert!(self.segment(hash).len() < SLOTS, "hashes of keys are spread evenly");
        self.segment_mut(hash).insert(hash, reference);
    }

    /// Takes a record out; merges its segment with the buddy if both are sparse.
    pub(super) fn remove(&mut self, hash: u64, slot: Slot, keys: Keys<'_>) {
        let segment = self.segment_mut(hash);
        segment.remove(hash, slot);
        let len = segment.len();
        if len <= MERGE_RECORDS / 2 && len.is_multiple_of(MERGE_CHECK) && segment.depth() > 0 {
            self.merge(hash, keys);
        }
    }

    pub(super) fn segments(&self) -> usize {
        self.segments as usize
    }

    pub(super) fn entries(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.segments() * size_of::<Segment>()
            + self.entries.len() * size_of::<usize>()
            + self.by_depth.as_ref().map_or(0, |_| size_of::<Depths>())
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
        self.entries = Box::new([NonNull::from(Box::leak(Box::new(Segment::new(0))))]);
        self.by_depth = Some(Box::new([0; PREFIX_BITS as usize + 1]));
        self.depths()[0] = 1;
        self.segments = 1;
    }

    fn depths(&mut self) -> &mut Depths {
        self.by_depth.as_mut().expect("made with the first segment")
    }

    fn may_split(&self, hash: u64) -> bool {
        let depth = self.segment(hash).depth();
        depth < self.depth
            || depth < PREFIX_BITS && self.entries.len() < MAX_ENTRIES_PER_SEGMENT * self.segments()
    }

    fn split(&mut self, hash: u64, keys: Keys<'_>) {
        let depth = self.segment(hash).depth();
        if depth == self.depth {
            self.double();
        }
        let mut upper = Box::new(Segment::new(depth + 1));
        let lower = self.segment_mut(hash);
        let records: Vec<Reference> = lower.references().collect();
        *lower = Segment::new(depth + 1);
        for (own, reference) in keys.hashes(records) {
            let is_upper = prefix_of(own) >> (PREFIX_BITS - depth - 1) & 1 == 1;
            let half = if is_upper { &mut *upper } else { &mut *lower };
            half.insert(own, reference);
        }
        let run = self.run(hash, depth);
        let middle = run.start + run.len() / 2;
        self.entries[middle..run.end].fill(NonNull::from(Box::leak(upper)));
        let depths = self.depths();
        depths[depth as usize] -= 1;
        depths[depth as usize + 1] += 2;
        self.segments += 1;
    }

    fn double(&mut self) {
        self.entries = self.entries.iter().flat_map(|&entry| [entry, entry]).collect();
        self.depth += 1;
    }

    fn merge(&mut self, hash: u64, keys: Keys<'_>) {
        let depth = self.segment(hash).depth();
        let run = self.run(hash, depth - 1);
        let (first, second) = (self.entries[run.start], self.entries[run.end - 1]);
        // SAFETY: the two halves of the run are buddies, or the other half has been split further:
        // in either case live segments.
        let (lower, upper) = unsafe { (first.as_ref(), second.as_ref()) };
        let buddies = lower.depth() == depth && upper.depth() == depth;
        if !buddies || lower.len() + upper.len() > MERGE_RECORDS {
            return;
        }
        let records: Vec<Reference> = lower.references().chain(upper.references()).collect();
        // SAFETY: made by `Box::leak`; its entries are overwritten before anybody looks.
        drop(unsafe { Box::from_raw(second.as_ptr()) });
        self.entries[run].fill(first);
        let merged = self.segment_mut(hash);
        *merged = Segment::new(depth - 1);
        keys.hashes(records).for_each(|(own, reference)| merged.insert(own, reference));
        let depths = self.depths();
        depths[depth as usize] -= 2;
        depths[depth as usize - 1] += 1;
        self.segments -= 1;
        while self.depth > 0 && self.is_deeper_than_segments() {
            self.halve();
        }
    }

    fn is_deeper_than_segments(&mut self) -> bool {
        let depth = self.depth as usize;
        self.depths()[depth] == 0
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
            // SAFETY: made by `Box::leak`; the index goes on behind the segment's last entry.
            let segment = unsafe { Box::from_raw(self.entries[index].as_ptr()) };
            index += 1 << (self.depth - segment.depth());
        }
    }
}
