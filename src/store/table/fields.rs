//! Deadlines of fields: the hashes of a table that have some, by the next of them.
//!
//! ```text
//! (next deadline, key) ─► hash: remembers under which deadline it stands here ─► its fields
//! ```
//! A hash stands here under its next deadline or an earlier one: that it lost its first deadline is
//! noticed when its turn comes. It is taken off when its record goes, so that nothing here outlives
//! its key.

use std::collections::BTreeSet;

use super::super::arena::Reference;
use super::super::object::Old;
use super::super::record::Kind;
use super::Table;
use crate::types::hash::Hash;

/// About what a hash takes here beside its key.
const BYTES_A_HASH: usize = 48;

/// The hashes of a table whose fields have deadlines.
#[derive(Default)]
pub(super) struct FieldDeadlines {
    by_time: BTreeSet<(u64, Box<[u8]>)>,
    key_bytes: usize,
}

impl FieldDeadlines {
    fn insert(&mut self, ms: u64, key: &[u8]) {
        self.by_time.insert((ms, key.into()));
        self.key_bytes += key.len();
    }

    fn remove(&mut self, ms: u64, key: &[u8]) {
        if self.by_time.remove(&(ms, Box::from(key))) {
            self.key_bytes -= key.len();
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<FieldDeadlines>() + self.by_time.len() * BYTES_A_HASH + self.key_bytes
    }
}

/// Fields of one key that were removed since their deadline has passed.
pub struct DeadFields<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The fields.
    pub fields: Vec<Box<[u8]>>,
    /// What the key owned, where it went with its last field.
    pub old: Option<Old>,
}

impl Table {
    /// How many hashes have, or had until lately, fields with deadlines.
    pub fn hashes_with_deadlines(&self) -> usize {
        self.fields.as_ref().map_or(0, |fields| fields.by_time.len())
    }

    /// A moment before which no field is due; `u64::MAX` if none has a deadline.
    pub(super) fn next_field_due(&self) -> u64 {
        let first = self.fields.as_ref().and_then(|fields| fields.by_time.first());
        first.map_or(u64::MAX, |(ms, _)| *ms)
    }

    /// Notes the next deadline of the fields of `key`, if it holds a hash that has some: to be
    /// called after one got a deadline. Gives it back where it is news.
    pub fn note_fields(&mut self, hash: u64, key: &[u8]) -> Option<u64> {
        let place = self.locate(hash, key)?;
        let object = self.hash_at(place.reference)?;
        let (next, noted) = (object.next_due()?, object.noted_ms());
        if noted.is_some_and(|noted| noted <= next) {
            return None;
        }
        object.set_noted_ms(Some(next));
        let fields = self.fields.get_or_insert_default();
        if let Some(noted) = noted {
            fields.remove(noted, key);
        }
        fields.insert(next, key);
        Some(next)
    }

    /// Takes a record off the list, if it is on it.
    pub(super) fn forget_fields(&mut self, reference: Reference) {
        let Some(hash) = self.hash_at(reference) else { return };
        let Some(noted) = hash.noted_ms() else { return };
        hash.set_noted_ms(None);
        let key = self.arena.block(reference).key();
        if let Some(fields) = &mut self.fields {
            fields.remove(noted, key);
        }
    }

    /// Removes fields whose deadline is not after `now_ms`, about `budget` of them at the most;
    /// `dead` is told for each key. Gives back whether more is due.
    pub fn expire_fields(
        &mut self,
        now_ms: u64,
        budget: usize,
        dead: &mut dyn FnMut(DeadFields<'_>),
    ) -> bool {
        let mut left = budget;
        while left > 0 {
            let first = self.fields.as_ref().and_then(|fields| fields.by_time.first());
            let Some((_, key)) = first.filter(|(ms, _)| *ms <= now_ms) else { return false };
            let key = key.clone();
            let found = self.expire_fields_of(&key, now_ms, left);
            // A hash whose turn came too early has cost something, too.
            left = left.saturating_sub(found.fields.len().max(1));
            if !found.fields.is_empty() {
                dead(found);
            }
        }
        self.next_field_due() <= now_ms
    }

    /// The same for one key, which holds a hash.
    pub fn expire_fields_of<'k>(
        &mut self,
        key: &'k [u8],
        now_ms: u64,
        budget: usize,
    ) -> DeadFields<'k> {
        let hash = (self.hash)(key);
        let place = self.locate(hash, key).expect("a hash on the list is also in the table");
        self.forget_fields(place.reference);
        let mut record = self.find_mut(hash, key).expect("it was located");
        let object = record.object_mut().and_then(|object| object.as_hash_mut());
        let object = object.expect("only hashes have fields with deadlines");
        let fields = object.remove_due(now_ms, budget);
        let is_empty = object.is_empty();
        drop(record);
        let old = if is_empty { self.remove(hash, key) } else { None };
        self.note_fields(hash, key);
        DeadFields { key, fields, old }
    }

    fn hash_at(&self, reference: Reference) -> Option<&Hash> {
        let block = self.arena.block(reference);
        if block.shape().kind != Kind::Object {
            return None;
        }
        // SAFETY: the record is an object, and the borrow of the table covers the reference.
        unsafe { block.object().as_ref() }.as_hash()
    }
}
