//! Int sets: integers in order, all of one width.
//!
//! ```text
//! width: u32 (2, 4 or 8) | count: u32 | integers      all little-endian
//! ```
//! Source: Redis's intset.h

use super::{Damage, Head, Item, Pack, signed};

const HEAD_BYTES: usize = 8;

/// An int set, to read.
#[derive(Clone, Debug)]
pub struct IntSetPack<'a> {
    /// What is left.
    rest: &'a [u8],
    width: usize,
    before: Option<i64>,
}

impl<'a> IntSetPack<'a> {
    /// A view of these bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Damage> {
        let mut head = Head(bytes);
        let (Some(width), Some(count)) = (head.u32(), head.u32()) else {
            return Err(Damage("an int set without a head"));
        };
        if !matches!(width, 2 | 4 | 8) {
            return Err(Damage("an int set of integers of no known width"));
        }
        let rest = &bytes[HEAD_BYTES..];
        if (count as usize).checked_mul(width as usize) != Some(rest.len()) {
            return Err(Damage("an int set of another length than it says"));
        }
        Ok(IntSetPack { rest, width: width as usize, before: None })
    }

    /// How many integers are left.
    pub fn len(&self) -> usize {
        self.rest.len() / self.width
    }

    /// Whether there are none left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Pack<'a> for IntSetPack<'a> {
    #[inline]
    fn next_item(&mut self) -> Result<Option<Item<'a>>, Damage> {
        let Some((own, rest)) = self.rest.split_at_checked(self.width) else { return Ok(None) };
        let number = signed(own);
        if self.before.is_some_and(|before| before >= number) {
            return Err(Damage("an int set out of order"));
        }
        (self.before, self.rest) = (Some(number), rest);
        Ok(Some(Item::Integer(number)))
    }
}
