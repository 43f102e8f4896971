//! Values: from a kind byte and what follows to what the store takes.
//!
//! A container comes out as commands would have left it: packed if it fits its record, else an
//! object; and with the encoding that Redis's thresholds ask for, where Redis compares them when it
//! loads. What Redis takes unseen is looked at here: no member twice, no score that is none.

use super::flaw::{Flaw, damaged};
use super::input::{Input, Text};
use super::{hash, list, set, sorted_set, stream};
use crate::persistence::rdb::kinds::kind;
use crate::persistence::rdb::packs::{IntSetPack, Item, Listpack, Ziplist, Zipmap};
use crate::store::{Limits, NewValue, Object, PackedKind};
use crate::types::number::parse_integer;
use crate::types::packed::Piece;
use bytes::Bytes;

/// A value that was read.
#[derive(Debug)]
pub enum LoadedValue<'a> {
    /// A string that is a 64-bit integer.
    Int(i64),
    /// A short string.
    Bytes(&'a [u8]),
    /// A long string.
    Shared(Bytes),
    /// A container for a record.
    Packed(PackedKind, Piece),
    /// A container too large for its record.
    Object(Object),
}

impl LoadedValue<'_> {
    /// Gives the value to `put`.
    #[inline]
    pub fn store<T>(self, put: impl FnOnce(NewValue<'_>) -> T) -> T {
        match self {
            LoadedValue::Int(number) => put(NewValue::Int(number)),
            LoadedValue::Bytes(bytes) => put(NewValue::Bytes(bytes)),
            LoadedValue::Shared(bytes) => put(NewValue::Shared(bytes)),
            LoadedValue::Packed(kind, piece) => put(NewValue::Packed(kind, &piece)),
            LoadedValue::Object(object) => put(NewValue::from(object)),
        }
    }
}

/// What decides on the form of a value.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Up to which size Redis packs containers.
    pub limits: &'a Limits,
    /// How many bytes a packed container may take at the key.
    pub room: usize,
    /// Whether Valkey 9 or later wrote the value: one kind byte means something else there.
    pub is_valkey: bool,
}

/// Reads the value of this kind that comes next.
pub fn read_value<'i>(
    input: &'i mut Input<'_>,
    kind_byte: u8,
    context: &Context<'_>,
) -> Result<LoadedValue<'i>, Flaw> {
    match kind_byte {
        kind::STRING => read_text(input, context),
        kind::LIST => list::read_plain(input, context),
        kind::SET => set::read_plain(input, context),
        kind::SORTED_SET => sorted_set::read_plain(input, context, sorted_set::text_score),
        kind::SORTED_SET_2 => sorted_set::read_plain(input, context, sorted_set::binary_score),
        kind::HASH => hash::read_plain(input, context),
        kind::LIST_QUICKLIST | kind::LIST_QUICKLIST_2 => {
            list::read_nodes(input, context, kind_byte == kind::LIST_QUICKLIST_2)
        }
        kind::HASH_DEADLINES_OF_CANDIDATES if context.is_valkey => {
            hash::read_of_valkey(input, context)
        }
        kind::HASH_DEADLINES_OF_CANDIDATES => hash::read_with_deadlines(input, context, 0),
        kind::HASH_DEADLINES => {
            let first_ms = hash::read_first_deadline(input)?;
            hash::read_with_deadlines(input, context, first_ms)
        }
        kind::HASH_LISTPACK_DEADLINES => {
            hash::read_first_deadline(input)?;
            hash::of_triples(Listpack::new(input.string()?)?, context)
        }
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 | kind::STREAM_4 => {
            stream::read(input, kind_byte, context)
        }
        kind::MODULE => Err(Flaw::Unknown(format!(
            "The RDB file contains module data I can't load: no matching module type '{}'",
            module_name(input.length()?)
        ))),
        kind::MODULE_OF_CANDIDATES => damaged("Pre-release module format not supported"),
        _ => read_pack(input.string()?, kind_byte, context),
    }
}

/// Reads a container that is one pack.
fn read_pack(
    pack: &[u8],
    kind_byte: u8,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    match kind_byte {
        kind::HASH_ZIPMAP => hash::of_zipmap(Zipmap::new(pack)?, context),
        kind::HASH_ZIPLIST => hash::of_pairs(Ziplist::new(pack)?, context),
        kind::HASH_LISTPACK => hash::of_pairs(Listpack::new(pack)?, context),
        kind::HASH_LISTPACK_DEADLINES_OF_CANDIDATES => {
            hash::of_triples(Listpack::new(pack)?, context)
        }
        kind::SORTED_SET_ZIPLIST => sorted_set::of_pairs(Ziplist::new(pack)?, context),
        kind::SORTED_SET_LISTPACK => sorted_set::of_pairs(Listpack::new(pack)?, context),
        kind::LIST_ZIPLIST => list::of_ziplist(Ziplist::new(pack)?, context),
        kind::SET_INTSET => set::of_integers(IntSetPack::new(pack)?, context),
        kind::SET_LISTPACK => set::of_listpack(Listpack::new(pack)?, context),
        _ => Err(Flaw::Unknown(format!("Unknown RDB encoding type {kind_byte}"))),
    }
}

fn read_text<'i>(input: &'i mut Input<'_>, context: &Context<'_>) -> Result<LoadedValue<'i>, Flaw> {
    Ok(match input.text(context.room)? {
        Text::Short(Item::Integer(number)) => LoadedValue::Int(number),
        Text::Short(Item::Bytes(bytes)) => match parse_integer(bytes) {
            Some(number) => LoadedValue::Int(number),
            None => LoadedValue::Bytes(bytes),
        },
        Text::Long(bytes) => LoadedValue::Shared(bytes),
    })
}

/// The name in a module type's number: nine characters of six bits, above ten of its version.
pub fn module_name(id: u64) -> String {
    const CHARACTERS: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let character = |place: u32| CHARACTERS[(id >> (10 + 6 * (8 - place)) & 0x3F) as usize];
    (0..9).map(|place| char::from(character(place))).collect()
}
