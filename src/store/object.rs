//! Values that own memory outside the arena, and what is left of them when they are replaced.
//!
//! A list, hash, set … too large for one block is an `Object` in an allocation of its own; its
//! record holds the pointer. `Old` carries such memory out of the table, so that its owner decides
//! where it is freed: at once, or by a background thread while nobody waits.

use crate::types::dict::Dict;
use crate::types::hash::Hash;
use crate::types::list::List;
use crate::types::set::Set;
use crate::types::sorted_set::SortedSet;
use crate::types::stream::Stream;
use bytes::Bytes;
use triomphe::Arc;

/// A container too large for its record.
#[derive(Debug, Clone)]
pub enum Object {
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A hash.
    Hash(Hash),
    /// A sorted set.
    SortedSet(SortedSet),
    /// A stream.
    Stream(Stream),
    /// Stands in for a container in the tests of the store.
    #[cfg(test)]
    Sample(Vec<u8>),
}

impl Object {
    /// The name of its type, as TYPE answers it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Object::List(_) => "list",
            Object::Set(_) => "set",
            Object::Hash(_) => "hash",
            Object::SortedSet(_) => "zset",
            Object::Stream(_) => "stream",
            #[cfg(test)]
            Object::Sample(_) => "sample",
        }
    }

    /// The name of its encoding, as OBJECT ENCODING answers it.
    pub fn encoding(&self) -> &'static str {
        match self {
            Object::List(list) => list.encoding(),
            Object::Set(set) => set.encoding(),
            Object::Hash(hash) => hash.encoding(),
            Object::SortedSet(set) => set.encoding(),
            Object::Stream(stream) => stream.encoding(),
            #[cfg(test)]
            Object::Sample(_) => "sample",
        }
    }

    /// Its elements, where they are found by their hash.
    pub fn elements(&self) -> Option<&Dict> {
        match self {
            Object::Hash(hash) => Some(hash.elements()),
            Object::Set(set) => set.elements(),
            Object::SortedSet(set) => Some(set.elements()),
            _ => None,
        }
    }

    /// The container, to edit: a copy of it in its place, if somebody else has it too.
    pub(super) fn writable(shared: &mut Arc<Object>) -> &mut Object {
        if !shared.is_unique() {
            let own = (**shared).clone();
            // The copy stands where the original stood: on the list of hashes with deadlines, too.
            if let (Object::Hash(old), Object::Hash(new)) = (&**shared, &own) {
                new.set_noted_ms(old.noted_ms());
            }
            *shared = Arc::new(own);
        }
        Arc::get_mut(shared).expect("nobody else has it")
    }

    /// The hash, if it is one: only hashes have parts with deadlines.
    pub(super) fn as_hash(&self) -> Option<&Hash> {
        match self {
            Object::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// The hash to change, if it is one.
    pub(super) fn as_hash_mut(&mut self) -> Option<&mut Hash> {
        match self {
            Object::Hash(hash) => Some(hash),
            _ => None,
        }
    }

    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        match self {
            Object::List(list) => list.weight(),
            Object::Set(set) => set.weight(),
            Object::Hash(hash) => hash.weight(),
            Object::SortedSet(set) => set.weight(),
            Object::Stream(stream) => stream.weight(),
            #[cfg(test)]
            Object::Sample(bytes) => bytes.capacity(),
        }
    }
}

// A snapshot's thread reads what the threads of the workers read.
const _: () = {
    const fn is_shared_between_threads<T: Send + Sync>() {}
    is_shared_between_threads::<Object>();
};

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
    Object(Arc<Object>),
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
    pub fn into_object(self) -> Option<Arc<Object>> {
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
