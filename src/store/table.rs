//! Table: one shard of one database.
//!
//! ```text
//!   hash ─► directory ─► segment ─► group: 12 tags in one cache line ─► record in the arena
//! ```
//! A look-up reads one line of the group and one or two of the record. A put over a value of the
//! same size writes in place; otherwise the record moves to a block that fits. Nothing here knows
//! the time: `find` gives dead records too, callers compare the deadline, and `advance` removes
//! what the wheel says is dead.
//!
//! Every method takes the key's hash beside the key: `hash::hash_key(key)`, and no other.

mod compact;
mod expire;
mod fields;
mod scan;
mod snapshot;
#[cfg(test)]
mod tests;

use std::mem::offset_of;
use std::ops::Range;

use super::arena::{Arena, Reference, same_class};
use super::block::Shape;
use super::directory::Directory;
use super::hash::hash_key;
use super::object::{Old, OldValue};
use super::record::{
    Deadline, Draft, NewValue, Record, RecordMut, Value, foreign_bytes, overwrite, packed_room,
};
use super::segment::{Keys, Slot};
use super::wheel::Wheel;
use crate::types::dict::Dict;
pub use fields::DeadFields;
use fields::FieldDeadlines;
pub(super) use snapshot::Found;
use snapshot::TableSnapshot;

/// One shard of one database.
///
/// In this order, so that the 56 bytes that a look-up reads (directory, bases of the arena) come
/// first: beside a lock of 8 bytes they share its cache line.
#[repr(C)]
pub struct Table {
    directory: Directory,
    arena: Arena,
    wheel: Option<Box<Wheel>>,
    len: usize,
    volatile: usize,
    /// The hashes whose fields have deadlines.
    fields: Option<Box<FieldDeadlines>>,
    /// Bytes the records own outside the arena; 0 only if they own nothing there.
    foreign: usize,
    /// What `advance` was last told.
    now_ms: u64,
    /// The access field of records to come.
    access: u32,
    hash: fn(&[u8]) -> u64,
    /// What a snapshot under way has not passed yet.
    snapshot: Option<Box<TableSnapshot>>,
    /// Records whose bit is another are still to be saved, while there is a snapshot.
    epoch: bool,
}

const _: () = assert!(offset_of!(Table, arena) + size_of::<Vec<usize>>() <= 56);

/// Where a record was found: small enough to come back in registers.
#[derive(Clone, Copy)]
struct Place {
    slot: Slot,
    reference: Reference,
}

/// How a table is filled, for DEBUG HTSTATS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableStats {
    /// Keys, dead ones included.
    pub keys: usize,
    /// Keys with a deadline.
    pub volatile_keys: usize,
    /// Segments of 768 or 1152 slots.
    pub segments: usize,
    /// Entries of the directory of segments.
    pub directory_entries: usize,
    /// Bytes of the slots and the directory.
    pub index_bytes: usize,
    /// Bytes of the arena.
    pub record_bytes: usize,
    /// Bytes that records own outside the arena.
    pub foreign_bytes: usize,
}

impl Default for Table {
    fn default() -> Table {
        Table::new()
    }
}

impl Table {
    /// A table without keys; it takes no memory beside its own.
    pub fn new() -> Table {
        Table::with_hash(hash_key)
    }

    fn with_hash(hash: fn(&[u8]) -> u64) -> Table {
        Table {
            directory: Directory::new(),
            arena: Arena::new(),
            wheel: None,
            len: 0,
            volatile: 0,
            fields: None,
            foreign: 0,
            now_ms: 0,
            access: 0,
            hash,
            snapshot: None,
            epoch: false,
        }
    }

    /// How many keys there are, dead ones included.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no key.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many keys have a deadline.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.volatile
    }

    /// Sets the access field (24 bits) that keys made from here on begin with.
    #[inline]
    pub fn set_access_of_new_keys(&mut self, access: u32) {
        self.access = access;
    }

    /// Asks the processor for the cache line a look-up of `hash` reads first.
    #[inline]
    pub fn prefetch_group(&self, hash: u64) {
        if !self.directory.is_unused() {
            self.directory.segment(hash).prefetch(hash);
        }
    }

    /// Asks the processor for the record a look-up of `hash` is likely to read; reads the group,
    /// so call `prefetch_group` some time before.
    #[inline]
    pub fn prefetch_record(&self, hash: u64) {
        if self.directory.is_unused() {
            return;
        }
        if let Some(reference) = self.directory.segment(hash).guess(hash) {
            self.arena.block(reference).prefetch();
        }
    }

    /// The elements of the container at `key`, where they are found by their hash.
    #[inline]
    pub fn elements(&self, hash: u64, key: &[u8]) -> Option<&Dict> {
        match self.find(hash, key)?.value() {
            Value::Object(object) => object.elements(),
            _ => None,
        }
    }

    /// The record of `key`; a dead one too, callers compare the deadline.
    #[inline]
    pub fn find(&self, hash: u64, key: &[u8]) -> Option<Record<'_>> {
        let place = self.locate(hash, key)?;
        Some(Record::new(self.arena.block(place.reference)))
    }

    /// The record of `key`, to edit in place.
    #[inline]
    pub fn find_mut(&mut self, hash: u64, key: &[u8]) -> Option<RecordMut<'_>> {
        let place = self.locate(hash, key)?;
        self.about_to_change(place);
        Some(RecordMut::new(self.arena.block(place.reference), &mut self.foreign))
    }

    /// Puts `value` at `key`. What was there comes back, as far as it owns memory of its own.
    #[inline]
    pub fn put(&mut self, hash: u64, key: &[u8], value: NewValue<'_>, deadline: Deadline) -> Old {
        let place = self.locate(hash, key);
        // The most frequent SET of all: the same kind and length as before.
        if let Some(place) = place {
            self.about_to_change(place);
            let block = self.arena.block(place.reference);
            let stays = match deadline {
                Deadline::Keep => true,
                Deadline::Clear => block.deadline().is_none(),
                Deadline::At(_) => false,
            };
            if stays && overwrite(block, &value) {
                return Old { existed: true, ..Old::default() };
            }
        }
        self.put_slowly((hash, key), place, Draft::new(key, value), deadline)
    }

    /// Takes the record of `key` out; `None` if there is none.
    pub fn remove(&mut self, hash: u64, key: &[u8]) -> Option<Old> {
        let place = self.locate(hash, key)?;
        self.about_to_change(place);
        if self.arena.block(place.reference).shape().volatile {
            self.leave_wheel(place.reference);
        }
        let value = self.take_record(hash, place);
        let block = self.arena.block(place.reference);
        let (key, bytes) = (block.take_key(), block.shape().bytes());
        self.arena.free(place.reference, bytes);
        Some(Old { existed: true, value, key })
    }

    /// Replaces `range` of the packed container at `key` by `with`; the record grows or shrinks.
    ///
    /// # Panics
    /// When there is no packed container at `key`, or the result does not fit its record.
    pub fn splice(&mut self, hash: u64, key: &[u8], range: Range<usize>, with: &[u8]) {
        let mut place = self.locate(hash, key).expect("a packed container is there to be edited");
        self.about_to_change(place);
        let block = self.arena.block(place.reference);
        let shape = block.shape();
        assert!(shape.kind.packed().is_some(), "only packed containers are spliced");
        let bytes = usize::from(shape.value_bytes) - range.len() + with.len();
        assert!(bytes <= packed_room(key), "a packed container fits its record");
        let wanted = Shape { value_bytes: bytes as u16, ..shape };
        let (start, end) = (range.start, range.start + with.len());
        if same_class(shape.bytes(), wanted.bytes()) {
            let tail = range.end..usize::from(shape.value_bytes);
            // The longer of the two shapes, while bytes are moved.
            if bytes > usize::from(shape.value_bytes) {
                block.write_head(wanted, block.access());
            }
            let own = block.bytes_mut();
            own.copy_within(tail, end);
            own[start..end].copy_from_slice(with);
            block.write_head(wanted, block.access());
            return;
        }
        let moved = self.move_record(hash, &mut place, wanted);
        if shape.volatile {
            self.move_links(moved, place.reference);
        }
        let (old, new) = (self.arena.block(moved), self.arena.block(place.reference));
        let (from, to) = (old.bytes(), new.bytes_mut());
        to[..start].copy_from_slice(&from[..start]);
        to[start..end].copy_from_slice(with);
        to[end..].copy_from_slice(&from[range.end..]);
        self.arena.free(moved, shape.bytes());
    }

    /// Sets or clears the deadline of `key`; false if there is no such key.
    pub fn set_deadline(&mut self, hash: u64, key: &[u8], deadline_ms: Option<u64>) -> bool {
        let Some(mut place) = self.locate(hash, key) else {
            return false;
        };
        self.about_to_change(place);
        let shape = self.arena.block(place.reference).shape();
        if shape.volatile {
            self.leave_wheel(place.reference);
        }
        let wanted = Shape { volatile: deadline_ms.is_some(), ..shape };
        if wanted != shape {
            let moved = self.move_record(hash, &mut place, wanted);
            self.arena.block(place.reference).copy_value(self.arena.block(moved));
            self.arena.free(moved, shape.bytes());
        }
        if let Some(deadline_ms) = deadline_ms {
            self.join_wheel(place.reference, deadline_ms);
        }
        true
    }

    /// Bytes the table takes, all included: slots, records, what they own, bookkeeping.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Table>()
            + self.directory.memory_bytes()
            + self.arena.memory_bytes()
            + self.wheel.as_ref().map_or(0, |wheel| wheel.memory_bytes())
            + self.fields.as_ref().map_or(0, |fields| fields.memory_bytes())
            + self.foreign
    }

    /// How the table is filled.
    pub fn stats(&self) -> TableStats {
        TableStats {
            keys: self.len,
            volatile_keys: self.volatile,
            segments: self.directory.segments(),
            directory_entries: self.directory.entries(),
            index_bytes: self.directory.memory_bytes(),
            record_bytes: self.arena.memory_bytes(),
            foreign_bytes: self.foreign,
        }
    }

    #[inline]
    fn locate(&self, hash: u64, key: &[u8]) -> Option<Place> {
        debug_assert_eq!(hash, (self.hash)(key), "the hash of a key is hash_key's");
        if self.directory.is_unused() {
            return None;
        }
        let is_it = |reference| self.arena.block(reference).key_is(key);
        let (slot, reference) = self.directory.segment(hash).find(hash, is_it)?;
        Some(Place { slot, reference })
    }

    #[inline(never)]
    fn put_slowly(
        &mut self,
        (hash, key): (u64, &[u8]),
        place: Option<Place>,
        draft: Draft<'_>,
        deadline: Deadline,
    ) -> Old {
        match place {
            Some(place) => self.replace(hash, place, draft, deadline),
            None => {
                self.insert(hash, key, draft, deadline);
                Old::default()
            }
        }
    }

    fn insert(&mut self, hash: u64, key: &[u8], draft: Draft<'_>, deadline: Deadline) {
        let volatile = matches!(deadline, Deadline::At(_));
        let shape = Shape { volatile, epoch: self.epoch, ..draft.shape };
        let reference = self.arena.allocate(shape.bytes());
        let block = self.arena.block(reference);
        block.write_head(shape, self.access);
        if shape.boxed_key {
            block.write_boxed_key(Box::from(key));
            self.foreign += key.len();
        } else {
            block.write_key(key);
        }
        self.foreign += draft.write(block);
        let keys = Keys { arena: &self.arena, hash: self.hash };
        self.directory.insert(hash, reference, keys);
        self.len += 1;
        if let Deadline::At(deadline_ms) = deadline {
            self.join_wheel(reference, deadline_ms);
        }
    }

    /// Overwrites where the deadline changes, or the size, or the old value owns memory.
    fn replace(
        &mut self,
        hash: u64,
        mut place: Place,
        draft: Draft<'_>,
        deadline: Deadline,
    ) -> Old {
        let shape = self.arena.block(place.reference).shape();
        let keeps_links = shape.volatile && deadline == Deadline::Keep;
        let volatile = keeps_links || matches!(deadline, Deadline::At(_));
        let wanted = Shape { volatile, epoch: self.epoch, ..draft.shape };
        if shape.volatile && !keeps_links {
            self.leave_wheel(place.reference);
        }
        self.forget_fields(place.reference);
        let block = self.arena.block(place.reference);
        self.foreign -= foreign_bytes(block);
        let old = Old { existed: true, value: block.take_value(), key: None };
        if wanted.volatile == shape.volatile && same_class(shape.bytes(), wanted.bytes()) {
            block.write_head(wanted, block.access());
        } else {
            let moved = self.move_record(hash, &mut place, wanted);
            if keeps_links {
                self.move_links(moved, place.reference);
            }
            self.arena.free(moved, shape.bytes());
        }
        let block = self.arena.block(place.reference);
        draft.write(block);
        self.foreign += foreign_bytes(block);
        if let Deadline::At(deadline_ms) = deadline {
            self.join_wheel(place.reference, deadline_ms);
        }
        old
    }

    /// Gives a record a block of another shape, with its key; value, deadline and links are still
    /// to be written. Gives back the block it left, which is to be freed.
    fn move_record(&mut self, hash: u64, place: &mut Place, shape: Shape) -> Reference {
        let to = self.arena.allocate(shape.bytes());
        let (old, new) = (self.arena.block(place.reference), self.arena.block(to));
        new.write_head(shape, old.access());
        new.copy_key(old);
        self.directory.segment_mut(hash).set_reference(place.slot, to);
        std::mem::replace(&mut place.reference, to)
    }

    /// Takes a record out of its slot, and out of it what its value owns. Key and block stay.
    fn take_record(&mut self, hash: u64, place: Place) -> OldValue {
        self.forget_fields(place.reference);
        let block = self.arena.block(place.reference);
        let keys = Keys { arena: &self.arena, hash: self.hash };
        self.directory.remove(hash, place.slot, keys);
        self.len -= 1;
        self.foreign -= foreign_bytes(block);
        block.take_value()
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        if self.foreign > 0 {
            self.arena.for_each(|block| drop((block.take_value(), block.take_key())));
        }
    }
}
