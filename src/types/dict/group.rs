//! Group: twelve slots of a dict's index in one cache line.
//!
//! ```text
//!   12 tags (0 = free slot) | overflow: u8 | 3 bytes unused | 12 references of 4 bytes
//! ```
//! A tag is eight bits of the key's hash; all twelve are compared at once. The counter says how
//! many elements whose home is this group or an earlier one lie behind it since it was full when
//! they came: a look-up that finds nothing here goes on only if it is not 0.

use super::Ref;

/// Slots of a group.
pub(super) const LANES: usize = 12;

const ALL_LANES: u32 = (1 << LANES) - 1;
const OVERFLOW: usize = LANES;
/// A counter that reached this no longer knows how much to count down: it stays until the segment
/// is built anew, and look-ups go on in vain.
const STUCK: u8 = u8::MAX;

/// One cache line of the index.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Group {
    head: [u8; 16],
    slots: [Ref; LANES],
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
    pub(super) const EMPTY: Group = Group { head: [0; 16], slots: [Ref(0); LANES] };

    /// The lanes whose tag is `tag`.
    #[inline]
    pub(super) fn matching(&self, tag: u8) -> Lanes {
        Lanes(compare(&self.head, tag) & ALL_LANES)
    }

    /// The lanes that hold an element.
    #[inline]
    pub(super) fn occupied(&self) -> Lanes {
        Lanes(!compare(&self.head, 0) & ALL_LANES)
    }

    /// The element in a lane.
    #[inline]
    pub(super) fn get(&self, lane: usize) -> Option<Ref> {
        (self.head[lane] != 0).then_some(self.slots[lane])
    }

    /// The element in a lane that is known to hold one.
    #[inline]
    pub(super) fn at(&self, lane: usize) -> Ref {
        self.slots[lane]
    }

    pub(super) fn replace(&mut self, lane: usize, element: Ref) {
        self.slots[lane] = element;
    }

    /// Takes a free slot; false if there is none.
    #[inline]
    pub(super) fn insert(&mut self, tag: u8, element: Ref) -> bool {
        let Some(lane) = self.matching(0).next() else {
            return false;
        };
        self.head[lane] = tag;
        self.slots[lane] = element;
        true
    }

    pub(super) fn clear(&mut self, lane: usize) {
        self.head[lane] = 0;
    }

    /// Whether an element that belongs here may lie in a later group.
    #[inline]
    pub(super) fn has_overflow(&self) -> bool {
        self.head[OVERFLOW] != 0
    }

    pub(super) fn count_overflow(&mut self) {
        self.head[OVERFLOW] = self.head[OVERFLOW].saturating_add(1);
    }

    pub(super) fn uncount_overflow(&mut self) {
        let count = &mut self.head[OVERFLOW];
        debug_assert_ne!(*count, 0, "an element that passed the group was counted");
        if *count != STUCK {
            *count -= 1;
        }
    }
}

/// One bit a byte, set where it is `tag`.
#[cfg(target_arch = "x86_64")]
#[inline]
fn compare(head: &[u8; 16], tag: u8) -> u32 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
    let both = u128::from_le_bytes(*head);
    let (low, high) = (both as i64, (both >> 64) as i64);
    // SAFETY: SSE2 is part of x86-64, and these instructions read no memory.
    unsafe {
        let head = _mm_set_epi64x(high, low);
        _mm_movemask_epi8(_mm_cmpeq_epi8(head, _mm_set1_epi8(tag as i8))) as u32
    }
}

/// One bit a byte, set where it is `tag`.
#[cfg(not(target_arch = "x86_64"))]
fn compare(head: &[u8; 16], tag: u8) -> u32 {
    head.iter().enumerate().fold(0, |bits, (at, byte)| bits | u32::from(*byte == tag) << at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_found_by_their_tag_and_the_counter_is_no_lane() {
        let mut group = Group::EMPTY;
        for number in 0..LANES as u32 {
            assert!(group.insert(1 + (number % 3) as u8, Ref(number)));
        }
        assert!(!group.insert(9, Ref(99)));
        group.count_overflow();
        assert_eq!(group.matching(1).collect::<Vec<_>>(), [0, 3, 6, 9]);
        assert_eq!(group.matching(3).map(|lane| group.at(lane).0).max(), Some(11));
        group.clear(3);
        assert_eq!((group.occupied().count(), group.get(3)), (LANES - 1, None));
        assert!(group.has_overflow() && group.insert(7, Ref(42)));
        assert_eq!(group.get(3), Some(Ref(42)));
        group.uncount_overflow();
        assert!(!group.has_overflow());
    }
}
