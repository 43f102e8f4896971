//! Packs: the pieces of bytes in which Redis keeps small containers, to read.
//!
//! - `listpack`: since 7.0; `ziplist`: before; `zipmap`: hashes before 2.6
//! - `intset`: integers in order
//!
//! Each is read element by element with every bound checked, so that what is damaged is an error
//! wherever it is, and never a read beyond the pack. Nothing here allocates.

mod intset;
mod listpack;
#[cfg(test)]
mod tests;
mod ziplist;
mod zipmap;

pub use intset::IntSetPack;
pub use listpack::Listpack;
pub use ziplist::Ziplist;
pub use zipmap::Zipmap;

/// What is wrong with a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage(pub &'static str);

/// An element of a pack, or a string of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Kept as a number.
    Integer(i64),
    /// Kept as bytes.
    Bytes(&'a [u8]),
}

impl<'a> Item<'a> {
    /// The element as clients know it; a number is spelled out in `buffer`.
    #[inline]
    pub fn text<'b>(self, buffer: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match self {
            Item::Integer(number) => buffer.format(number).as_bytes(),
            Item::Bytes(bytes) => bytes,
        }
    }
}

/// Whatever gives elements one after the other.
pub trait Pack<'a> {
    /// The next element; none at the end, where all that the pack says of itself has been checked.
    fn next_item(&mut self) -> Result<Option<Item<'a>>, Damage>;
}

/// What a pack ends with.
const END: u8 = 255;

/// How many elements a pack has, if its head says it: more than fit are to be counted.
fn announced(count: u16) -> Option<u16> {
    (count != u16::MAX).then_some(count)
}

/// The first bytes of a pack.
struct Head<'a>(&'a [u8]);

impl<'a> Head<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }
}

/// A signed little-endian number of up to eight bytes.
#[inline]
fn signed(bytes: &[u8]) -> i64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let unused = 64 - 8 * bytes.len() as u32;
    // The sign is the highest bit of the last byte.
    i64::from_le_bytes(wide) << unused >> unused
}
