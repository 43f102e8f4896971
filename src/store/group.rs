//! Group: twelve slots of the hash table in one cache line.
//!
//! ```text
//!   12 tags (0 = free slot) | overflow: u8 | 3 spare bytes | 12 references of 4 bytes
//! ```
//! A tag is 8 bits of the key's hash; all twelve are compared by one SSE2 instruction, or by a
//! plain loop on other processors. The overflow counter is the number of records whose home is
//! this group or an earlier one and that lie behind this group since it was full when they came:
//! a look-up that finds nothing here moves on only if it is not 0. That replaces tombstones: a
//! removal counts down what its insertion counted up.
//!
//! The only unsafe code reads the sixteen bytes before the references as one vector: they are the
//! first bytes of a structure aligned to 64, and all of them are initialized bytes.

use super::arena::Reference;

/// Slots of a group.
pub(super) const LANES: usize = 12;

const ALL_LANES: u32 = (1 << LANES) - 1;
/// A counter that reached this no longer says how much to count down: it stays until the segment
/// is rebuilt, and look-ups move on once in vain.
const STUCK: u8 = u8::MAX;

/// One cache line of the table.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Group {
    tags: [u8; LANES],
    overflow: u8,
    /// Nothing of this group: the segment keeps its own few bytes there.
    pub(super) spare: [u8; 3],
    slots: [Reference; LANES],
}

const _: () = assert!(size_of::<Group>() == 64, "a group is one cache line");

/// Lanes of a group, the lowest first.
#[derive(Clone, Copy)]
pub(super) struct Lanes(u32);

impl Iterator for Lanes {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let lane = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(lane)
    }
}

impl Group {
    pub(super) const EMPTY: Group =
        Group { tags: [0; LANES], overflow: 0, spare: [0; 3], slots: [Reference::NONE; LANES] };

    /// The lanes whose tag is `tag`.
    #[inline]
    pub(super) fn matching(&self, tag: u8) -> Lanes {
        Lanes(self.compare(tag) & ALL_LANES)
    }

    /// The lanes that hold a record.
    #[inline]
    pub(super) fn occupied(&self) -> Lanes {
        Lanes(!self.compare(0) & ALL_LANES)
    }

    /// The tag of a lane; 0 if it is free.
    #[inline]
    pub(super) fn tag(&self, lane: usize) -> u8 {
        self.tags[lane]
    }

    #[inline]
    pub(super) fn reference(&self, lane: usize) -> Reference {
        self.slots[lane]
    }

    #[inline]
    pub(super) fn set_reference(&mut self, lane: usize, reference: Reference) {
        self.slots[lane] = reference;
    }

    /// Takes a free slot; false if there is none.
    pub(super) fn insert(&mut self, tag: u8, reference: Reference) -> bool {
        let Some(lane) = self.matching(0).next() else {
            return false;
        };
        self.tags[lane] = tag;
        self.slots[lane] = reference;
        true
    }

    pub(super) fn clear_lane(&mut self, lane: usize) {
        self.tags[lane] = 0;
    }

    /// Whether a record that belongs here may lie in a later group.
    #[inline]
    pub(super) fn has_overflow(&self) -> bool {
        self.overflow != 0
    }

    pub(super) fn count_overflow(&mut self) {
        self.overflow = self.overflow.saturating_add(1);
    }

    pub(super) fn uncount_overflow(&mut self) {
        debug_assert_ne!(self.overflow, 0, "a record that passed the group was counted");
        if self.overflow != STUCK {
            self.overflow = self.overflow.saturating_sub(1);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    fn compare(&self, tag: u8) -> u32 {
        use std::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_load_si128, _mm_movemask_epi8, _mm_set1_epi8,
        };
        // SAFETY: SSE2 is part of x86-64; the group is aligned to 64 and at least 16 bytes long.
        unsafe {
            let head = _mm_load_si128(std::ptr::from_ref(self).cast::<__m128i>());
            _mm_movemask_epi8(_mm_cmpeq_epi8(head, _mm_set1_epi8(tag as i8))) as u32
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    fn compare(&self, tag: u8) -> u32 {
        self.compare_plainly(tag)
    }

    /// One bit a lane, set where the tag is `tag`.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn compare_plainly(&self, tag: u8) -> u32 {
        let bits = self.tags.iter().enumerate().map(|(lane, &own)| u32::from(own == tag) << lane);
        bits.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_comparison_says_what_the_plain_one_says() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            let mut group = Group::EMPTY;
            group.tags.fill_with(|| random.u8(..4));
            group.overflow = random.u8(..4);
            group.spare.fill_with(|| random.u8(..4));
            for tag in 0..5 {
                let lanes: Vec<usize> = group.matching(tag).collect();
                assert_eq!(lanes, Lanes(group.compare_plainly(tag)).collect::<Vec<_>>());
                assert!(lanes.iter().all(|&lane| group.tags[lane] == tag));
            }
        }
    }

    #[test]
    fn a_group_holds_twelve_and_refuses_the_thirteenth() {
        let mut group = Group::EMPTY;
        for lane in 0..LANES as u32 {
            assert!(group.insert(lane as u8 + 1, Reference::mark(lane)));
        }
        assert!(!group.insert(99, Reference::mark(12)));
        assert_eq!(group.occupied().count(), LANES);
        group.clear_lane(4);
        assert_eq!(group.matching(5).count(), 0);
        assert!(group.insert(77, Reference::mark(13)));
        assert_eq!(group.matching(77).next(), Some(4));
    }

    #[test]
    fn a_saturated_overflow_counter_never_comes_back_to_zero() {
        let mut group = Group::EMPTY;
        (0..300).for_each(|_| group.count_overflow());
        (0..300).for_each(|_| group.uncount_overflow());
        assert!(group.has_overflow());
        let mut group = Group::EMPTY;
        (0..200).for_each(|_| group.count_overflow());
        (0..200).for_each(|_| group.uncount_overflow());
        assert!(!group.has_overflow());
    }
}
