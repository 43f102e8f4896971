//! Values that own memory outside the arena, and what is left of them when they are replaced.
//!
//! A list, hash, set … too large for one block is an `Object` in an allocation of its own; its
//! record holds the pointer. `Old` carries such memory out of the table, so that its owner decides
//! where it is freed: at once, or by a background thread while nobody waits.

use bytes::Bytes;

/// A container: each type of Redis that has an allocation of its own is a variant.
#[derive(Debug)]
pub enum Object {
    /// Stands in for a container in the tests of the store.
    #[cfg(test)]
    Sample(Vec<u8>),
}

impl Object {
    /// The name of its type, as TYPE answers it.
    pub fn type_name(&self) -> &'static str {
        match *self {
            #[cfg(test)]
            Object::Sample(_) => "sample",
        }
    }

    /// The name of its encoding, as OBJECT ENCODING answers it.
    pub fn encoding(&self) -> &'static str {
        match *self {
            #[cfg(test)]
            Object::Sample(_) => "sample",
        }
    }

    /// A copy of it; takes time in its number of elements.
    pub fn duplicate(&self) -> Box<Object> {
        match *self {
            #[cfg(test)]
            Object::Sample(ref bytes) => Box::new(Object::Sample(bytes.clone())),
        }
    }

    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        match *self {
            #[cfg(test)]
            Object::Sample(ref bytes) => bytes.capacity(),
        }
    }
}

/// What a replaced or removed record owned outside the arena; dropping it frees that.
#[derive(Debug, Default)]
#[must_use = "dropping it may free a large value: the caller chooses where"]
pub struct Old {
    pub(super) existed: bool,
    pub(super) value: OldValue,
    pub(super) key: Option<Box<[u8]>>,
}

#[derive(Debug, Default)]
pub(super) enum OldValue {
    #[default]
    Nothing,
    Shared(Bytes),
    Object(Box<Object>),
}

impl Old {
    /// Whether there was a record at all: false when a put made the key.
    pub fn existed(&self) -> bool {
        self.existed
    }

    /// About how many bytes dropping it gives back.
    pub fn weight(&self) -> usize {
        let value = match &self.value {
            OldValue::Nothing => 0,
            OldValue::Shared(bytes) => bytes.len(),
            OldValue::Object(object) => object.weight(),
        };
        value + self.key.as_ref().map_or(0, |key| key.len())
    }

    /// The container it carries, to be put elsewhere.
    pub fn into_object(self) -> Option<Box<Object>> {
        match self.value {
            OldValue::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The large string it carries, for commands that answer the old value.
    pub fn shared(&self) -> Option<&Bytes> {
        match &self.value {
            OldValue::Shared(bytes) => Some(bytes),
            _ => None,
        }
    }
}
