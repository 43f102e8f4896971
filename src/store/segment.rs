//! Segment: the groups that one stretch of the directory leads to.
//!
//! ```text
//!   hash bits 15 … 0 ─► home group      16 bits spread over 64 or 96 groups
//!   hash bits 23 … 16 ─► tag            and, when a group is full, the stride to the next one
//! ```
//! A record lies in its home group or, if that was full, in the first group with room on its way:
//! `home, home + stride, home + 2 stride …`. The strides are 1, 7, 13 … 43, which share no factor
//! with 64 or 96, so that every way meets every group; that they differ keeps full groups from
//! clustering. Groups read to find a record, and to find none, simulated with random keys:
//! ```text
//!   load                0.62        0.80        0.875       0.917
//!   next group          1.01 1.05   1.08 1.52   1.17 2.50   1.30 4.70
//!   stride by tag       1.01 1.04   1.06 1.28   1.12 1.66   1.18 2.15
//! ```
//! So a segment counts as full at 7/8: beyond, look-ups in vain cost more than the memory is worth.
//! The first group's spare bytes hold the number of records (2 bytes) and how many bits of the
//! hash the segment looks at (1 byte).

use super::arena::{Arena, Reference};
use crate::types::fetch::prefetch;
use crate::types::group::{self, LANES};

/// One cache line of a table.
pub(super) type Group = group::Group<Reference>;
/// A group of free slots.
pub(super) const EMPTY: Group = Group::empty(Reference::NONE);

/// Groups of a segment that was just split.
pub(super) const SMALL_GROUPS: usize = 64;
/// Groups of a segment before its next split. The step between keeps growing segments at least
/// 0.58 full, where doubling alone would let them fall to 0.44.
pub(super) const LARGE_GROUPS: usize = 96;
/// Slots of a large segment.
pub(super) const MOST_SLOTS: usize = LARGE_GROUPS * LANES;
/// Values of `home_of`.
pub(super) const HOMES: usize = 1 << HOME_BITS;

/// The scan walks by this many of the bits that choose the home group.
const HOME_BITS: u32 = 6;
const HOME_GROUP_BITS: u32 = 16;
const HOME_RANGE: usize = 1 << HOME_GROUP_BITS;
const STRIDES: u8 = 8;

/// Records with which a segment of so many groups is full.
pub(super) fn full_at(groups: usize) -> usize {
    groups * LANES * 7 / 8
}

/// The part of the hash that a scan walks by: the home group, roughly.
#[inline]
pub(super) fn home_of(hash: u64) -> usize {
    (hash as usize % HOME_RANGE) >> (HOME_GROUP_BITS - HOME_BITS)
}

/// The byte of the hash kept in the group; 0 stands for a free slot.
#[inline]
fn tag_of(hash: u64) -> u8 {
    ((hash >> HOME_GROUP_BITS) as u8).max(1)
}

/// The groups on the way of a record, its home group first.
#[derive(Clone, Copy)]
struct Way {
    group: usize,
    stride: usize,
    groups: usize,
}

impl Way {
    #[inline]
    fn new(hash: u64, groups: usize) -> Way {
        let group = hash as usize % HOME_RANGE * groups / HOME_RANGE;
        Way { group, stride: stride_of(tag_of(hash)), groups }
    }

    #[inline]
    fn go_on(&mut self) {
        self.group += self.stride;
        if self.group >= self.groups {
            self.group -= self.groups;
        }
    }
}

#[inline]
fn stride_of(tag: u8) -> usize {
    usize::from(tag % STRIDES) * 6 + 1
}

/// The way from a record to its hash.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) arena: &'a Arena,
    pub(super) hash: fn(&[u8]) -> u64,
}

impl Keys<'_> {
    /// The hash of a record.
    pub(super) fn hash_of(&self, reference: Reference) -> u64 {
        (self.hash)(self.arena.block(reference).key())
    }

    /// The records with their hashes. All are asked for before the first is read, so that their
    /// cache misses overlap.
    pub(super) fn hashes(&self, records: Vec<Reference>) -> impl Iterator<Item = (u64, Reference)> {
        records.iter().for_each(|&reference| self.arena.block(reference).prefetch());
        records.into_iter().map(|reference| (self.hash_of(reference), reference))
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

/// A segment to read.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a>(pub(super) &'a [Group]);

impl<'a> Segment<'a> {
    pub(super) fn len(self) -> usize {
        let [low, high, _] = self.0[0].spare;
        usize::from(u16::from_le_bytes([low, high]))
    }

    /// How many bits of the hash its records have in common.
    pub(super) fn depth(self) -> u32 {
        u32::from(self.0[0].spare[2])
    }

    pub(super) fn is_large(self) -> bool {
        self.0.len() == LARGE_GROUPS
    }

    /// Whether it is to grow or to split before the next insertion.
    pub(super) fn is_full(self) -> bool {
        self.len() >= full_at(self.0.len())
    }

    pub(super) fn has_room(self) -> bool {
        self.len() < self.0.len() * LANES
    }

    /// The slot of the record that has this hash and that `is_it` knows.
    #[inline]
    pub(super) fn find(
        self,
        hash: u64,
        mut is_it: impl FnMut(Reference) -> bool,
    ) -> Option<(Slot, Reference)> {
        let tag = tag_of(hash);
        let mut way = Way::new(hash, self.0.len());
        for _ in 0..self.0.len() {
            let group = &self.0[way.group];
            for lane in group.matching(tag) {
                let reference = group.reference(lane);
                if is_it(reference) {
                    return Some((Slot::new(way.group, lane), reference));
                }
            }
            if !group.has_overflow() {
                return None;
            }
            way.go_on();
        }
        None
    }

    /// Asks the processor for the home group of `hash`.
    #[inline]
    pub(super) fn prefetch(self, hash: u64) {
        prefetch(&raw const self.0[Way::new(hash, self.0.len()).group]);
    }

    /// The first record in the home group that is likely to have this hash.
    #[inline]
    pub(super) fn guess(self, hash: u64) -> Option<Reference> {
        let group = &self.0[Way::new(hash, self.0.len()).group];
        group.matching(tag_of(hash)).next().map(|lane| group.reference(lane))
    }

    /// Shows every record whose `home_of` is `home`, once.
    pub(super) fn visit(self, home: usize, keys: Keys<'_>, mut visit: impl FnMut(Reference)) {
        let groups = self.0.len();
        let first = home * groups / HOMES;
        let last = ((home + 1) * groups - 1) / HOMES;
        for start in first..=last {
            self.visit_ways(start, |reference| {
                let hash = keys.hash_of(reference);
                if home_of(hash) == home && Way::new(hash, groups).group == start {
                    visit(reference);
                }
            });
        }
    }

    /// Shows every record that may have `start` as its home group, and others.
    fn visit_ways(self, start: usize, mut visit: impl FnMut(Reference)) {
        let home = &self.0[start];
        home.occupied().for_each(|lane| visit(home.reference(lane)));
        for stride in 0..STRIDES {
            let mut way = Way { group: start, stride: stride_of(stride), groups: self.0.len() };
            for _ in 1..self.0.len() {
                if !self.0[way.group].has_overflow() {
                    break;
                }
                way.go_on();
                let group = &self.0[way.group];
                let own = group.occupied().filter(|&lane| group.tag(lane) % STRIDES == stride);
                own.for_each(|lane| visit(group.reference(lane)));
            }
        }
    }

    /// The record in one of `MOST_SLOTS` slots, if there is such a slot and a record in it.
    pub(super) fn record_in(self, number: usize) -> Option<Reference> {
        let slot = Slot(number as u32);
        let group = self.0.get(slot.group())?;
        (group.tag(slot.lane()) != 0).then(|| group.reference(slot.lane()))
    }

    pub(super) fn references(self) -> impl Iterator<Item = Reference> + 'a {
        self.0.iter().flat_map(|group| group.occupied().map(|lane| group.reference(lane)))
    }
}

/// A segment to change.
pub(super) struct SegmentMut<'a>(pub(super) &'a mut [Group]);

impl SegmentMut<'_> {
    pub(super) fn read(&self) -> Segment<'_> {
        Segment(self.0)
    }

    /// Forgets all records.
    pub(super) fn clear(&mut self, depth: u32) {
        self.0.fill(EMPTY);
        self.0[0].spare[2] = depth as u8;
    }

    pub(super) fn set_reference(&mut self, slot: Slot, reference: Reference) {
        self.0[slot.group()].set_reference(slot.lane(), reference);
    }

    pub(super) fn insert(&mut self, hash: u64, reference: Reference) {
        debug_assert!(self.read().has_room(), "a segment grows or splits before it is full");
        let mut way = Way::new(hash, self.0.len());
        while !self.0[way.group].insert(tag_of(hash), reference) {
            self.0[way.group].count_overflow();
            way.go_on();
        }
        self.set_len(self.read().len() + 1);
    }

    pub(super) fn remove(&mut self, hash: u64, slot: Slot) {
        let mut way = Way::new(hash, self.0.len());
        while way.group != slot.group() {
            self.0[way.group].uncount_overflow();
            way.go_on();
        }
        self.0[way.group].clear_lane(slot.lane());
        self.set_len(self.read().len() - 1);
    }

    fn set_len(&mut self, len: usize) {
        let [low, high] = (len as u16).to_le_bytes();
        let spare = &mut self.0[0].spare;
        (spare[0], spare[1]) = (low, high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_meets_every_group_once() {
        for groups in [SMALL_GROUPS, LARGE_GROUPS] {
            for tag in 0..STRIDES {
                let hash = u64::from(tag) << HOME_GROUP_BITS | 0xABCD;
                let mut way = Way::new(hash, groups);
                let mut met = vec![0; groups];
                for _ in 0..groups {
                    met[way.group] += 1;
                    way.go_on();
                }
                assert!(met.iter().all(|&times| times == 1), "{groups} groups, tag {tag}");
            }
        }
    }

    #[test]
    fn home_groups_of_a_home_are_those_its_scan_begins_at() {
        for groups in [SMALL_GROUPS, LARGE_GROUPS] {
            for hash in 0..1u64 << HOME_GROUP_BITS {
                let (home, group) = (home_of(hash), Way::new(hash, groups).group);
                assert!(
                    (home * groups / HOMES..=((home + 1) * groups - 1) / HOMES).contains(&group)
                );
            }
        }
    }

    #[test]
    fn a_segment_filled_to_the_last_slot_finds_and_removes_all() {
        for size in [SMALL_GROUPS, LARGE_GROUPS] {
            let mut groups = vec![EMPTY; size];
            let mut segment = SegmentMut(&mut groups);
            segment.clear(3);
            let mut random = fastrand::Rng::with_seed(size as u64);
            let hashes: Vec<u64> = (0..size * LANES).map(|_| random.u64(..)).collect();
            for (number, &hash) in hashes.iter().enumerate() {
                segment.insert(hash, Reference::mark(number as u32));
            }
            assert!(!segment.read().has_room());
            for (number, &hash) in hashes.iter().enumerate() {
                let is_it = |reference| reference == Reference::mark(number as u32);
                let (slot, _) = segment.read().find(hash, is_it).expect("it was put");
                segment.remove(hash, slot);
                assert!(segment.read().find(hash, is_it).is_none());
            }
            assert_eq!((segment.read().len(), segment.read().depth()), (0, 3));
        }
    }
}
