//! Group: twelve slots of a hash table in one cache line.
//!
//! ```text
//!   12 tags (0 = free slot) | overflow: u8 | 3 spare bytes | 12 references of 4 bytes
//! ```
//! A tag is 8 bits of the key's hash; all twelve are compared by one SSE2 instruction, or by a
//! plain loop on other processors. The overflow counter is the number of elements whose home is
//! this group or an earlier one and that lie behind this group since it was full when they came:
//! a look-up that finds nothing here moves on only if it is not 0. That replaces tombstones: a
//! removal counts down what its insertion counted up.
//!
//! The only unsafe code reads the sixteen bytes before the references as one vector: they are the
//! first bytes of a structure aligned to 64, and all of them are initialized bytes.
//!
//! The keyspace's tables and `dict` are made of groups.

/// Slots of a group.
pub const LANES: usize = 12;

const ALL_LANES: u32 = (1 << LANES) - 1;
/// A counter that reached this no longer says how much to count down: it stays until the segment
/// is rebuilt, and look-ups move on once in vain.
const STUCK: u8 = u8::MAX;

/// One cache line of a table whose references are of type `R`.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Group<R> {
    tags: [u8; LANES],
    overflow: u8,
    /// Nothing of this group: its table may keep a few bytes there.
    pub spare: [u8; 3],
    references: [R; LANES],
}

const _: () = assert!(size_of::<Group<u32>>() == 64, "a group is one cache line");

/// Lanes of a group, the lowest first.
#[derive(Clone, Copy)]
pub struct Lanes(u32);

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

impl<R: Copy> Group<R> {
    /// A group of free slots, in each of which lies `none`.
    pub const fn empty(none: R) -> Self {
        Group { tags: [0; LANES], overflow: 0, spare: [0; 3], references: [none; LANES] }
    }

    /// The lanes whose tag is `tag`.
    #[inline]
    pub fn matching(&self, tag: u8) -> Lanes {
        Lanes(self.compare(tag) & ALL_LANES)
    }

    /// The lanes that hold an element.
    #[inline]
    pub fn occupied(&self) -> Lanes {
        Lanes(!self.compare(0) & ALL_LANES)
    }

    /// The tag of a lane; 0 if it is free.
    #[inline]
    pub fn tag(&self, lane: usize) -> u8 {
        self.tags[lane]
    }

    /// What lies in a lane.
    #[inline]
    pub fn reference(&self, lane: usize) -> R {
        self.references[lane]
    }

    /// Replaces what lies in a lane.
    #[inline]
    pub fn set_reference(&mut self, lane: usize, reference: R) {
        self.references[lane] = reference;
    }

    /// Takes a free slot; false if there is none.
    #[inline]
    pub fn insert(&mut self, tag: u8, reference: R) -> bool {
        let Some(lane) = self.matching(0).next() else {
            return false;
        };
        self.tags[lane] = tag;
        self.references[lane] = reference;
        true
    }

    /// Frees a slot.
    pub fn clear_lane(&mut self, lane: usize) {
        self.tags[lane] = 0;
    }

    /// Whether an element that belongs here may lie in a later group.
    #[inline]
    pub fn has_overflow(&self) -> bool {
        self.overflow != 0
    }

    /// Notes that an element passed the group since it was full.
    pub fn count_overflow(&mut self) {
        self.overflow = self.overflow.saturating_add(1);
    }

    /// Notes that such an element is gone.
    pub fn uncount_overflow(&mut self) {
        debug_assert_ne!(self.overflow, 0, "an element that passed the group was counted");
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

    const EMPTY: Group<u32> = Group::empty(0);

    #[test]
    fn the_vector_comparison_says_what_the_plain_one_says() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..2000 {
            let mut group = EMPTY;
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
        let mut group = EMPTY;
        for lane in 0..LANES as u32 {
            assert!(group.insert(lane as u8 + 1, lane));
        }
        assert!(!group.insert(99, 12));
        assert_eq!(group.occupied().count(), LANES);
        group.clear_lane(4);
        assert_eq!(group.matching(5).count(), 0);
        assert!(group.insert(77, 13));
        assert_eq!(group.matching(77).next(), Some(4));
        assert_eq!((group.reference(4), group.tag(4)), (13, 77));
    }

    #[test]
    fn lanes_are_found_by_their_tag_and_the_counter_is_no_lane() {
        let mut group = EMPTY;
        (0..LANES as u32).for_each(|lane| assert!(group.insert(1 + (lane % 3) as u8, lane)));
        group.count_overflow();
        assert_eq!(group.matching(1).collect::<Vec<_>>(), [0, 3, 6, 9]);
        assert_eq!(group.matching(3).map(|lane| group.reference(lane)).max(), Some(11));
    }

    #[test]
    fn a_saturated_overflow_counter_never_comes_back_to_zero() {
        let mut group = EMPTY;
        (0..300).for_each(|_| group.count_overflow());
        (0..300).for_each(|_| group.uncount_overflow());
        assert!(group.has_overflow());
        let mut group = EMPTY;
        (0..200).for_each(|_| group.count_overflow());
        (0..200).for_each(|_| group.uncount_overflow());
        assert!(!group.has_overflow());
    }
}
