//! Listpacks: elements in a row, each with its own length behind it.
//!
//! ```text
//! bytes: u32 | count: u16, 65535 for "count them" | element ... | 255
//! element   head and data | length of these, read backwards: 1 to 5 times 7 bits
//! head      0xxxxxxx a number │ 10 + 6 bits of length │ 110 + 13 bits: a number
//!           1110 + 12 bits of length │ 11110000 + u32 of length
//!           11110001 to 11110100: a number of 2, 3, 4, 8 bytes
//! ```
//! All numbers are little-endian but those that share a byte with a head.
//! Source: https://github.com/antirez/listpack/blob/master/listpack.md

use super::{Damage, END, Head, Item, Pack, announced, signed};

const HEAD_BYTES: usize = 6;

/// A listpack, to read.
#[derive(Clone, Debug)]
pub struct Listpack<'a> {
    /// What is left, without the end mark.
    rest: &'a [u8],
    /// How many elements the head says are left.
    left: Option<u16>,
}

impl<'a> Listpack<'a> {
    /// A view of these bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Damage> {
        let mut head = Head(bytes);
        let (Some(length), Some(count)) = (head.u32(), head.u16()) else {
            return Err(Damage("a listpack without a head"));
        };
        if length as usize != bytes.len() {
            return Err(Damage("a listpack of another length than it says"));
        }
        match bytes[HEAD_BYTES..].split_last() {
            Some((&END, rest)) => Ok(Listpack { rest, left: announced(count) }),
            _ => Err(Damage("a listpack without an end")),
        }
    }

    /// How many elements it says it has, if it does; what is true shows at its end.
    pub fn announced(&self) -> Option<usize> {
        self.left.map(usize::from)
    }

    /// How many bytes its elements take that are left.
    pub fn bytes_left(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Pack<'a> for Listpack<'a> {
    #[inline]
    fn next_item(&mut self) -> Result<Option<Item<'a>>, Damage> {
        if self.rest.is_empty() {
            return match self.left {
                None | Some(0) => Ok(None),
                Some(_) => Err(Damage("a listpack of fewer elements than it says")),
            };
        }
        if let Some(left) = &mut self.left {
            *left =
                left.checked_sub(1).ok_or(Damage("a listpack of more elements than it says"))?;
        }
        let (item, length) =
            element(self.rest).ok_or(Damage("an element beyond the end of its listpack"))?;
        let after = skip_back_length(&self.rest[length..], length);
        self.rest =
            after.ok_or(Damage("an element of a listpack with a false length behind it"))?;
        Ok(Some(item))
    }
}

/// The element at the front, and how many bytes it takes without the length behind it.
#[inline]
fn element(bytes: &[u8]) -> Option<(Item<'_>, usize)> {
    let head = *bytes.first()?;
    let text = |head_bytes: usize, length: usize| {
        let end = head_bytes.checked_add(length)?;
        Some((Item::Bytes(bytes.get(head_bytes..end)?), end))
    };
    let number = |width: usize| Some((Item::Integer(signed(bytes.get(1..=width)?)), 1 + width));
    match head {
        0..0x80 => Some((Item::Integer(i64::from(head)), 1)),
        0x80..0xC0 => text(1, usize::from(head & 0x3F)),
        0xC0..0xE0 => {
            // Thirteen bits with a sign.
            let bits = i64::from(head & 0x1F) << 8 | i64::from(*bytes.get(1)?);
            Some((Item::Integer(bits << 51 >> 51), 2))
        }
        0xE0..0xF0 => text(2, usize::from(head & 0x0F) << 8 | usize::from(*bytes.get(1)?)),
        0xF0 => {
            let length = bytes.get(1..5)?.try_into().ok()?;
            text(5, u32::from_le_bytes(length) as usize)
        }
        0xF1 => number(2),
        0xF2 => number(3),
        0xF3 => number(4),
        0xF4 => number(8),
        _ => None,
    }
}

/// What comes behind the length of an element, which must say `length`.
#[inline]
fn skip_back_length(bytes: &[u8], length: usize) -> Option<&[u8]> {
    if length < 128 {
        return bytes
            .split_first()
            .filter(|(first, _)| usize::from(**first) == length)
            .map(|(_, rest)| rest);
    }
    let width = match length {
        0..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    };
    let (own, rest) = bytes.split_at_checked(width)?;
    // The highest seven bits come first; every other byte says that one comes before it.
    let says = own.iter().fold(0, |bits, byte| bits << 7 | usize::from(byte & 0x7F));
    let is_marked = own[0] & 0x80 == 0 && own[1..].iter().all(|byte| byte & 0x80 != 0);
    (says == length && is_marked).then_some(rest)
}
