//! Zipmaps: small hashes of Redis before 2.6.
//!
//! ```text
//! count: u8, from 254 on "count them" | entry ... | 255
//! entry    length | field | length | unused: u8 | value | so many unused bytes
//! length   below 254: u8      or      254 | u32 little-endian
//! ```
//! Source: the head of Redis's zipmap.c

use super::{Damage, Item, Pack};

const END: u8 = 255;
const LONG: u8 = 254;

/// A zipmap, to read: fields and values in turn.
#[derive(Clone, Debug)]
pub struct Zipmap<'a> {
    /// What is left, without the end mark.
    rest: &'a [u8],
    /// How many entries the head says are left.
    left: Option<u8>,
    is_at_value: bool,
}

impl<'a> Zipmap<'a> {
    /// A view of these bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Damage> {
        match bytes {
            [count, rest @ .., END] => {
                let left = (*count < LONG).then_some(*count);
                Ok(Zipmap { rest, left, is_at_value: false })
            }
            _ => Err(Damage("a zipmap without head or end")),
        }
    }
}

impl<'a> Pack<'a> for Zipmap<'a> {
    fn next_item(&mut self) -> Result<Option<Item<'a>>, Damage> {
        if !self.is_at_value {
            match &mut self.left {
                None | Some(0) if self.rest.is_empty() => return Ok(None),
                Some(0) => return Err(Damage("a zipmap of more entries than it says")),
                Some(_) if self.rest.is_empty() => {
                    return Err(Damage("a zipmap of fewer entries than it says"));
                }
                Some(left) => *left -= 1,
                None => {}
            }
        }
        let (bytes, rest) = element(self.rest, self.is_at_value)
            .ok_or(Damage("an entry beyond the end of its zipmap"))?;
        self.rest = rest;
        self.is_at_value = !self.is_at_value;
        Ok(Some(Item::Bytes(bytes)))
    }
}

/// The element at the front and what comes behind it. A value may have unused bytes.
fn element(bytes: &[u8], is_value: bool) -> Option<(&[u8], &[u8])> {
    let (length, mut rest) = match bytes.split_first()? {
        (&LONG, rest) => {
            let (length, rest) = rest.split_first_chunk()?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        (&END, _) => return None,
        (short, rest) => (usize::from(*short), rest),
    };
    let mut unused = 0;
    if is_value {
        let (byte, behind) = rest.split_first()?;
        (unused, rest) = (usize::from(*byte), behind);
    }
    let (element, rest) = rest.split_at_checked(length)?;
    Some((element, rest.get(unused..)?))
}
