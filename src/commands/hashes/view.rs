//! A hash to read, packed or not.

use crate::command::{Error, error};
use crate::store::{Db, Object, PackedKind, Value};
use crate::types::hash::Hash;
use crate::types::packed::{Layout, Packed};

/// A hash to read.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// In its record.
    Packed(Packed<'a>),
    /// An object, and the time: fields past their deadline are not seen.
    Large(&'a Hash, u64),
}

/// The hash at `key`; WRONGTYPE where something else is.
#[inline]
pub fn find<'a>(db: &'a Db, key: &[u8]) -> Result<Option<View<'a>>, Error> {
    let Some(record) = db.find(key) else { return Ok(None) };
    view(record.value(), db.now()).map(Some)
}

/// A value as a hash.
#[inline]
pub fn view(value: Value<'_>, now_ms: u64) -> Result<View<'_>, Error> {
    match value {
        Value::Packed(PackedKind::Hash, bytes) => {
            Ok(View::Packed(Packed::new(bytes, Layout::Pair)))
        }
        Value::Object(Object::Hash(hash)) => Ok(View::Large(hash, now_ms)),
        _ => Err(error::WRONG_TYPE),
    }
}

impl<'a> View<'a> {
    /// How many fields it has.
    pub fn len(&self) -> usize {
        match self {
            View::Packed(packed) => packed.count(),
            View::Large(hash, now_ms) => hash.len(*now_ms),
        }
    }

    /// The value of a field.
    #[inline]
    pub fn get(&self, field: &[u8]) -> Option<&'a [u8]> {
        match self {
            View::Packed(packed) => packed.find(field).map(|start| packed.entry(start).value),
            View::Large(hash, now_ms) => hash.get(field, *now_ms),
        }
    }

    /// When a field dies: none where it is not there, `Some(None)` where it lives for ever.
    pub fn deadline(&self, field: &[u8]) -> Option<Option<u64>> {
        match self {
            View::Packed(packed) => packed.find(field).map(|_| None),
            View::Large(hash, now_ms) => hash.deadline(field, *now_ms),
        }
    }

    /// Shows every field with its value.
    pub fn each(&self, mut visit: impl FnMut(&'a [u8], &'a [u8])) {
        match self {
            View::Packed(packed) => {
                packed.entries().for_each(|entry| visit(entry.name, entry.value));
            }
            View::Large(hash, now_ms) => {
                hash.iter(*now_ms).for_each(|(field, value)| visit(field, value));
            }
        }
    }
}
