//! What entries take in a node of Redis's streams, which is a listpack: a client sees through
//! approximate trimming where a node ends, and it ends at so many of these bytes.
//!
//! ```text
//! node:  6 bytes | live | deleted | count of names | name ... | 0 | entry ... | 1 byte
//! entry: flags | milliseconds | sequence | value ... | count of elements
//!        or, with names of its own: … | count of names | (name | value) ... | count of elements
//! ```
//! An element that spells an integer is stored as one; every element ends with its own length.
//! Source: https://github.com/antirez/listpack/blob/master/listpack.md

use super::block::Pairs;
use super::id::Id;
use crate::types::number::parse_integer;

/// The bytes of names and end of the head, which stay as they are.
pub(super) fn names(pairs: Pairs<'_>) -> u64 {
    pairs.iter().map(|(name, _)| text(name)).sum::<u64>() + integer(0)
}

/// The other bytes of a node that belong to no entry.
pub(super) fn header(live: u32, dead: u32, names: u32) -> u64 {
    let numbers = [live, dead, names].map(|number| integer(i64::from(number)));
    7 + numbers.iter().sum::<u64>()
}

/// The bytes of an entry in the node that begins with `base`.
pub(super) fn entry(id: Id, base: Id, pairs: Pairs<'_>, shares_names: bool) -> u64 {
    let steps = [id.ms.wrapping_sub(base.ms), id.seq.wrapping_sub(base.seq)];
    let steps = steps.map(|step| integer(step.cast_signed()));
    let elements = match shares_names {
        true => pairs.len() + 3,
        false => 2 * pairs.len() + 4,
    };
    let fixed = integer(0) + steps.iter().sum::<u64>() + integer(elements as i64);
    let values = pairs.iter().map(|(_, value)| text(value)).sum::<u64>();
    let own = match shares_names {
        true => 0,
        false => {
            integer(pairs.len() as i64) + pairs.iter().map(|(name, _)| text(name)).sum::<u64>()
        }
    };
    fixed + values + own
}

fn text(bytes: &[u8]) -> u64 {
    if let Some(number) = parse_integer(bytes) {
        return integer(number);
    }
    let length = bytes.len() as u64;
    let head = match length {
        0..64 => 1,
        64..4096 => 2,
        _ => 5,
    };
    with_length(head + length)
}

fn integer(number: i64) -> u64 {
    with_length(match number {
        0..=127 => 1,
        -4096..=4095 => 2,
        -32_768..=32_767 => 3,
        -8_388_608..=8_388_607 => 4,
        -2_147_483_648..=2_147_483_647 => 5,
        _ => 9,
    })
}

/// An element and the length behind it, from which it is found when reading backwards.
fn with_length(bytes: u64) -> u64 {
    bytes
        + match bytes {
            0..128 => 1,
            128..16_383 => 2,
            16_383..2_097_151 => 3,
            2_097_151..268_435_455 => 4,
            _ => 5,
        }
}
