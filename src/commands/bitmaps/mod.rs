//! Bitmaps: strings seen as bits. Bit 0 is the highest bit of the first byte.
//!
//! - `bit`: SETBIT, GETBIT
//! - `range`: BITCOUNT, BITPOS
//! - `combine`: BITOP
//! - `field`: BITFIELD, BITFIELD_RO, integers of any width in a bitmap
//! - `journal`: tests of what the journal gets
//!
//! How bits are counted, found and combined is `types::bits`; strings are edited as
//! `strings::edit` does it.
//! Source: https://redis.io/docs/latest/commands/?group=bitmap

mod bit;
mod combine;
mod field;
#[cfg(test)]
mod journal;
mod range;

use crate::command::Group;

/// The group `bitmap`.
pub const GROUP: Group = Group {
    name: "bitmap",
    category: Some("bitmap"),
    commands: &[bit::COMMANDS, range::COMMANDS, combine::COMMANDS, field::COMMANDS],
};
