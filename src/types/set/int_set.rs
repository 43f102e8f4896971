//! Sets of integers: each once, in ascending order, all of one width.
//!
//! ```text
//! width: u8 (2, 4 or 8) | integers, little-endian
//! ```
//! The width is that of the widest integer that ever was in the set. The form is the same in a
//! record of the store (where the lowest bit of the first byte means "converted": never here) and
//! in an object.

use smallvec::SmallVec;
use std::ops::Range;

/// Bytes before the first integer.
const HEAD_BYTES: usize = 1;

/// An integer as bytes: what an insertion puts into the set.
pub type Written = SmallVec<[u8; 8]>;

/// A set of integers, to read.
#[derive(Clone, Copy, Debug)]
pub struct IntSet<'a> {
    bytes: &'a [u8],
}

/// How an integer gets into a set.
#[derive(Debug, PartialEq, Eq)]
pub enum Insertion {
    /// It is in the set.
    Present,
    /// These bytes go in at this place.
    Splice(usize, Written),
    /// It is too wide: the set has to be written anew.
    Widen,
}

impl<'a> IntSet<'a> {
    /// A view of a set's bytes.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        IntSet { bytes }
    }

    #[inline]
    fn width(&self) -> usize {
        usize::from(self.bytes[0])
    }

    /// How many integers there are.
    #[inline]
    pub fn count(&self) -> usize {
        // The width is a power of two.
        (self.bytes.len() - HEAD_BYTES) >> self.width().trailing_zeros()
    }

    /// Integer number `index`, in ascending order.
    #[inline]
    pub fn at(&self, index: usize) -> i64 {
        let width = self.width();
        let bytes = &self.bytes[HEAD_BYTES + index * width..][..width];
        match *bytes {
            [a, b] => i64::from(i16::from_le_bytes([a, b])),
            [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
            _ => i64::from_le_bytes(bytes.try_into().expect("2, 4 or 8 bytes")),
        }
    }

    /// All integers in ascending order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = i64> + use<'a> {
        (0..self.count()).map(move |index| self.at(index))
    }

    /// Its place, or else the place where it would stand.
    pub fn find(&self, value: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = (low + high) / 2;
            match self.at(middle).cmp(&value) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// How `value` gets into the set.
    pub fn insertion(&self, value: i64) -> Insertion {
        let width = self.width();
        match self.find(value) {
            Ok(_) => Insertion::Present,
            Err(_) if width_of(value) > width => Insertion::Widen,
            Err(index) => {
                let written = Written::from_slice(&value.to_le_bytes()[..width]);
                Insertion::Splice(HEAD_BYTES + index * width, written)
            }
        }
    }

    /// Where the bytes of integer number `index` lie.
    pub fn range(&self, index: usize) -> Range<usize> {
        let start = HEAD_BYTES + index * self.width();
        start..start + self.width()
    }
}

/// Bytes that an integer needs.
fn width_of(value: i64) -> usize {
    if i16::try_from(value).is_ok() {
        2
    } else if i32::try_from(value).is_ok() {
        4
    } else {
        8
    }
}

/// A set without integers.
pub fn empty() -> Vec<u8> {
    vec![2]
}

/// Adds an integer; false when it was there.
pub fn insert(bytes: &mut Vec<u8>, value: i64) -> bool {
    match IntSet::new(bytes).insertion(value) {
        Insertion::Present => return false,
        Insertion::Splice(at, written) => {
            if bytes.len() + written.len() > bytes.capacity() {
                // An insertion moves what is behind it: growing by little costs no more than that.
                bytes.reserve_exact((bytes.len() / 8).max(16));
            }
            bytes.splice(at..at, written);
        }
        Insertion::Widen => {
            *bytes = widened(IntSet::new(bytes), width_of(value));
            return insert(bytes, value);
        }
    }
    true
}

/// Removes an integer; false when it was not there.
pub fn remove(bytes: &mut Vec<u8>, value: i64) -> bool {
    let set = IntSet::new(bytes);
    let Ok(index) = set.find(value) else {
        return false;
    };
    bytes.drain(set.range(index));
    true
}

fn widened(set: IntSet<'_>, width: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + (set.count() + 1) * width);
    bytes.push(width as u8);
    set.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()[..width]));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn integers() -> impl Strategy<Value = i64> {
        prop_oneof![
            -20..20i64,
            any::<i16>().prop_map(i64::from),
            any::<i32>().prop_map(i64::from),
            any::<i64>()
        ]
    }

    proptest! {
        #[test]
        fn an_int_set_holds_what_a_sorted_set_holds(
            steps in prop::collection::vec((any::<bool>(), integers()), 0..200),
        ) {
            let (mut bytes, mut model) = (empty(), BTreeSet::new());
            for (adds, value) in steps {
                match adds {
                    true => prop_assert_eq!(insert(&mut bytes, value), model.insert(value)),
                    false => prop_assert_eq!(remove(&mut bytes, value), model.remove(&value)),
                }
                prop_assert_eq!(bytes[0] & 1, 0);
                prop_assert_eq!(IntSet::new(&bytes).find(value).is_ok(), model.contains(&value));
            }
            let set = IntSet::new(&bytes);
            prop_assert_eq!(set.count(), model.len());
            prop_assert!(set.iter().eq(model));
        }
    }

    #[test]
    fn small_integers_take_two_bytes_each() {
        let mut bytes = empty();
        (0..100).for_each(|value| assert!(insert(&mut bytes, value)));
        assert_eq!(bytes.len(), 201);
        assert!(insert(&mut bytes, 40_000) && insert(&mut bytes, i64::MIN));
        assert_eq!(bytes.len(), 1 + 102 * 8);
    }
}
