//! The changes that all writers of hashes are made of: fields set, removed, given deadlines.
//!
//! ```text
//! no key ──► packed in its record ──► an object, once it does not fit or a field gets a deadline
//! ```
//! One field of a packed hash is changed where it lies: found and counted in one look-up, spliced
//! in a second one. Several are changed in a copy (`Draft`), which is put back whole. These
//! functions tell nobody: `changed` is up to the command.

use super::view::{View, view};
use crate::command::{Error, Outcome};
use crate::store::{Db, Deadline, Limits, NewValue, Object, PackedKind, RecordMut};
use crate::types::hash::{Hash, Ttl};
use crate::types::packed::{self, Layout, Packed, Piece};

/// A field and its value.
pub type Pair<'a> = (&'a [u8], &'a [u8]);

/// Up to which size Redis packs a hash.
#[derive(Clone, Copy)]
struct Bounds {
    entries: usize,
    value_bytes: usize,
}

impl Bounds {
    fn of(limits: &Limits) -> Self {
        let entries = limits.hash_max_listpack_entries();
        Bounds { entries, value_bytes: limits.hash_max_listpack_value() }
    }

    fn are_passed(self, count: usize, (field, value): Pair<'_>) -> bool {
        count > self.entries || field.len() > self.value_bytes || value.len() > self.value_bytes
    }
}

/// The hash at `key` before a write, as a reader sees it; WRONGTYPE where something else is.
pub fn look<'a>(db: &'a mut Db, key: &[u8]) -> Result<Option<View<'a>>, Error> {
    // A writer removes what is dead before it looks.
    if db.find_mut(key).is_none() {
        return Ok(None);
    }
    let record = db.look(db.index(), key).expect("a record that was just found");
    view(record.value(), db.now()).map(Some)
}

/// What is to be done to a packed hash, so that a field has a value.
enum Step {
    /// The value's bytes are written over.
    Overwrite(std::ops::Range<usize>),
    /// Bytes are replaced; true where that adds a field.
    Splice(std::ops::Range<usize>, bool),
    /// It does not fit its record.
    Unpack,
}

fn step(packed: &Packed<'_>, (field, value): Pair<'_>, room: usize) -> Step {
    let (range, adds, with_bytes) = match packed.find(field) {
        Some(start) => {
            let entry = packed.entry(start);
            if entry.value.len() == value.len() {
                return Step::Overwrite(entry.end - value.len()..entry.end);
            }
            (entry.value_range(), false, packed::element_bytes(value.len()))
        }
        None => {
            let bytes = packed::element_bytes(field.len()) + packed::element_bytes(value.len());
            (packed.end()..packed.end(), true, bytes)
        }
    };
    let fits = packed.end() - range.len() + with_bytes <= room;
    if fits { Step::Splice(range, adds) } else { Step::Unpack }
}

/// Sets one field; true when it is new. WRONGTYPE where `key` holds something else.
pub fn set(db: &mut Db, key: &[u8], pair: Pair<'_>, ttl: Ttl) -> Result<bool, Error> {
    let (bounds, room, now_ms) = (Bounds::of(db.limits()), db.packed_room(key), db.now());
    let Some(mut record) = db.find_mut(key) else {
        let mut draft = Draft::new(room, bounds);
        draft.set(pair);
        draft.put(db, key);
        return Ok(true);
    };
    let (step, count) = match view(record.value(), now_ms)? {
        View::Packed(packed) => (step(&packed, pair, room), packed.count()),
        View::Large(..) => return Ok(set_large(&mut record, pair, ttl, bounds, now_ms)),
    };
    let (field, value) = pair;
    let adds = matches!(step, Step::Splice(_, true) | Step::Unpack);
    let is_passed = bounds.are_passed(count + usize::from(adds), pair);
    match step {
        Step::Overwrite(range) => {
            let bytes = record.packed_mut().expect("the hash is packed");
            bytes[range].copy_from_slice(value);
            if is_passed {
                packed::set_converted(bytes);
            }
            Ok(false)
        }
        Step::Splice(range, adds) => {
            let mut with = Piece::new();
            let bytes = record.packed_mut().expect("the hash is packed");
            if adds {
                packed::set_count(bytes, count + 1);
                packed::push(&mut with, field);
            }
            packed::push(&mut with, value);
            if is_passed {
                packed::set_converted(bytes);
            }
            drop(record);
            db.splice(key, range, &with);
            Ok(adds)
        }
        Step::Unpack => {
            drop(record);
            let mut is_new = false;
            with_large(db, key, |hash| is_new = set_in(hash, pair, ttl, bounds, now_ms));
            Ok(is_new)
        }
    }
}

fn set_large(
    record: &mut RecordMut<'_>,
    pair: Pair<'_>,
    ttl: Ttl,
    bounds: Bounds,
    now_ms: u64,
) -> bool {
    let hash = hash_mut(record).expect("the record holds a large hash");
    set_in(hash, pair, ttl, bounds, now_ms)
}

fn set_in(hash: &mut Hash, pair: Pair<'_>, ttl: Ttl, bounds: Bounds, now_ms: u64) -> bool {
    let is_new = hash.set(pair.0, pair.1, ttl, now_ms);
    if bounds.are_passed(hash.len(now_ms), pair) {
        hash.set_converted();
    }
    is_new
}

/// Sets several fields; how many of them are new. WRONGTYPE where `key` holds something else.
pub fn set_all<'a>(
    db: &mut Db,
    key: &[u8],
    pairs: impl ExactSizeIterator<Item = Pair<'a>>,
    ttl: Ttl,
) -> Result<usize, Error> {
    if pairs.len() == 1 {
        let mut new = 0;
        for pair in pairs {
            new += usize::from(set(db, key, pair, ttl)?);
        }
        return Ok(new);
    }
    let (bounds, room, now_ms) = (Bounds::of(db.limits()), db.packed_room(key), db.now());
    // Redis counts the fields of the call, also those that come twice.
    let is_passed = pairs.len() > bounds.entries;
    let mut draft = Draft::new(room, bounds);
    if let Some(mut record) = db.find_mut(key) {
        match view(record.value(), now_ms)? {
            View::Packed(packed) => draft.begin_with(&packed),
            View::Large(..) => {
                let hash = hash_mut(&mut record).expect("the record holds a large hash");
                if is_passed {
                    hash.set_converted();
                }
                return Ok(pairs
                    .map(|pair| usize::from(set_in(hash, pair, ttl, bounds, now_ms)))
                    .sum());
            }
        }
    }
    if is_passed {
        packed::set_converted(&mut draft.piece);
    }
    let new = pairs.map(|pair| usize::from(draft.set(pair))).sum();
    draft.put(db, key);
    Ok(new)
}

/// A hash under construction: packed while it fits.
struct Draft {
    room: usize,
    bounds: Bounds,
    piece: Piece,
    large: Option<Hash>,
}

impl Draft {
    fn new(room: usize, bounds: Bounds) -> Self {
        Draft { room, bounds, piece: packed::empty(), large: None }
    }

    fn begin_with(&mut self, packed: &Packed<'_>) {
        self.piece = Piece::from_slice(packed.bytes());
    }

    /// Sets a field; true when it is new.
    fn set(&mut self, pair: Pair<'_>) -> bool {
        if let Some(hash) = &mut self.large {
            return set_in(hash, pair, Ttl::Clear, self.bounds, 0);
        }
        let packed = Packed::new(&self.piece, Layout::Pair);
        let count = packed.count();
        let (range, adds) = match step(&packed, pair, self.room) {
            Step::Overwrite(range) => {
                let start = range.end - packed::element_bytes(range.len());
                (start..range.end, false)
            }
            Step::Splice(range, adds) => (range, adds),
            Step::Unpack => {
                let hash = self.large.insert(Hash::from_packed(&packed));
                return set_in(hash, pair, Ttl::Clear, self.bounds, 0);
            }
        };
        let mut with = Piece::new();
        if adds {
            packed::push(&mut with, pair.0);
        }
        packed::push(&mut with, pair.1);
        packed::splice(&mut self.piece, range, &with);
        let count = count + usize::from(adds);
        packed::set_count(&mut self.piece, count);
        if self.bounds.are_passed(count, pair) {
            packed::set_converted(&mut self.piece);
        }
        adds
    }

    fn put(self, db: &mut Db, key: &[u8]) {
        match self.large {
            Some(hash) => {
                let object = NewValue::from(Object::Hash(hash));
                db.put(key, object, Deadline::Keep);
            }
            None => {
                db.put(key, NewValue::Packed(PackedKind::Hash, &self.piece), Deadline::Keep);
            }
        }
    }
}

/// Removes a field; true when it was there. The key is removed with its last field. WRONGTYPE where
/// `key` holds something else.
pub fn remove(db: &mut Db, key: &[u8], field: &[u8]) -> Result<bool, Error> {
    let now_ms = db.now();
    let Some(mut record) = db.find_mut(key) else { return Ok(false) };
    match view(record.value(), now_ms)? {
        View::Packed(packed) => {
            let Some(start) = packed.find(field) else { return Ok(false) };
            let (range, count) = (packed.entry(start).range(), packed.count());
            if count == 1 {
                drop(record);
                db.remove(key);
                return Ok(true);
            }
            packed::set_count(record.packed_mut().expect("the hash is packed"), count - 1);
            drop(record);
            db.splice(key, range, b"");
            Ok(true)
        }
        View::Large(..) => {
            let hash = hash_mut(&mut record).expect("the record holds a large hash");
            let removed = hash.remove(field, now_ms);
            let is_empty = hash.is_empty();
            drop(record);
            if is_empty {
                db.remove(key);
            }
            Ok(removed)
        }
    }
}

/// Changes the hash at `key`, which is there, as an object; a packed one becomes one. The store
/// learns its next deadline.
pub fn with_large(db: &mut Db, key: &[u8], change: impl FnOnce(&mut Hash)) {
    let mut record = db.find_mut(key).expect("the caller has looked the key up");
    if let Some(hash) = hash_mut(&mut record) {
        change(hash);
        drop(record);
        db.note_field_deadlines(key);
        return;
    }
    let packed = record.packed_mut().expect("a hash that is no object is packed");
    let mut hash = Hash::from_packed(&Packed::new(packed, Layout::Pair));
    drop(record);
    change(&mut hash);
    db.put(key, NewValue::from(Object::Hash(hash)), Deadline::Keep);
}

/// Makes room for deadlines in the hash at `key`, if there is one: Redis does so, and shows it in
/// the encoding, before it knows whether a field will have one.
pub fn expect_deadlines(db: &mut Db, key: &[u8]) -> Outcome {
    if look(db, key)?.is_some() {
        with_large(db, key, Hash::expect_deadlines);
    }
    Ok(())
}

fn hash_mut<'a>(record: &'a mut RecordMut<'_>) -> Option<&'a mut Hash> {
    match record.object_mut() {
        Some(Object::Hash(hash)) => Some(hash),
        _ => None,
    }
}
