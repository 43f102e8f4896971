//! Ziplists: what listpacks were before Redis 7.0.
//!
//! ```text
//! bytes: u32 | offset of the last element: u32 | count: u16, 65535 for "count them" |
//! element ... | 255
//! element   length of the element before: u8, or 254 and u32 | head | data
//! head      00 + 6 bits of length │ 01 + 14 bits │ 10000000 + u32, both big-endian
//!           11000000, 11010000, 11100000: a number of 2, 4, 8 bytes
//!           11110000, 11111110: of 3, of 1 │ 1111 + 1 to 13: the number one less
//! ```
//! Source: the head of Redis's ziplist.c

use super::{Damage, END, Head, Item, Pack, announced, signed};

const LONG: u8 = 254;
const HEAD_BYTES: usize = 10;

/// A ziplist, to read.
#[derive(Clone, Debug)]
pub struct Ziplist<'a> {
    /// The whole of it, without the end mark.
    bytes: &'a [u8],
    at: usize,
    /// How long the element before is.
    before: usize,
    /// Where the last element should begin.
    last: usize,
    /// How many elements the head says are left.
    left: Option<u16>,
}

impl<'a> Ziplist<'a> {
    /// A view of these bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Damage> {
        let mut head = Head(bytes);
        let (Some(length), Some(last), Some(count)) = (head.u32(), head.u32(), head.u16()) else {
            return Err(Damage("a ziplist without a head"));
        };
        if length as usize != bytes.len() {
            return Err(Damage("a ziplist of another length than it says"));
        }
        if bytes.len() <= HEAD_BYTES || bytes.last() != Some(&END) {
            return Err(Damage("a ziplist without an end"));
        }
        Ok(Ziplist {
            bytes: &bytes[..bytes.len() - 1],
            at: HEAD_BYTES,
            before: 0,
            last: last as usize,
            left: announced(count),
        })
    }

    fn check_end(&self) -> Result<Option<Item<'a>>, Damage> {
        if self.left.is_some_and(|left| left != 0) {
            return Err(Damage("a ziplist of fewer elements than it says"));
        }
        if self.last != self.at - self.before {
            return Err(Damage("a ziplist whose last element is elsewhere than it says"));
        }
        Ok(None)
    }
}

impl<'a> Pack<'a> for Ziplist<'a> {
    #[inline]
    fn next_item(&mut self) -> Result<Option<Item<'a>>, Damage> {
        let rest = &self.bytes[self.at..];
        if rest.is_empty() {
            return self.check_end();
        }
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1).ok_or(Damage("a ziplist of more elements than it says"))?;
        }
        const BEYOND: Damage = Damage("an element beyond the end of its ziplist");
        let (before, width) = length_before(rest).ok_or(BEYOND)?;
        if before != self.before {
            return Err(Damage("an element of a ziplist with a false length before it"));
        }
        let (item, length) = element(&rest[width..]).ok_or(BEYOND)?;
        self.before = width + length;
        self.at += self.before;
        Ok(Some(item))
    }
}

/// How long the element before is, and how many bytes say so.
#[inline]
fn length_before(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.first()? {
        LONG => {
            let long = bytes.get(1..5)?.try_into().ok()?;
            Some((u32::from_le_bytes(long) as usize, 5))
        }
        END => None,
        short => Some((usize::from(short), 1)),
    }
}

/// The element whose head is at the front, and how many bytes it takes.
#[inline]
fn element(bytes: &[u8]) -> Option<(Item<'_>, usize)> {
    let head = *bytes.first()?;
    let text = |head_bytes: usize, length: usize| {
        let end = head_bytes.checked_add(length)?;
        Some((Item::Bytes(bytes.get(head_bytes..end)?), end))
    };
    let number = |width: usize| Some((Item::Integer(signed(bytes.get(1..=width)?)), 1 + width));
    match head {
        0..0x40 => text(1, usize::from(head)),
        0x40..0x80 => text(2, usize::from(head & 0x3F) << 8 | usize::from(*bytes.get(1)?)),
        0x80 => {
            let length = bytes.get(1..5)?.try_into().ok()?;
            text(5, u32::from_be_bytes(length) as usize)
        }
        0xC0 => number(2),
        0xD0 => number(4),
        0xE0 => number(8),
        0xF0 => number(3),
        0xFE => number(1),
        0xF1..=0xFD => Some((Item::Integer(i64::from(head & 0x0F) - 1), 1)),
        _ => None,
    }
}
