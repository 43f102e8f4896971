//! How members get into a key and out of it.
//!
//! ```text
//! object                      changed where it is
//! packed, one member          bytes put in or taken out of the record
//! packed, several members     copied, changed, put back
//! ```

use crate::command::{Args, Error, error};
use crate::store::{Db, Deadline, NewValue, Object, PackedKind, RecordMut, Value};
use crate::types::number::parse_integer;
use crate::types::packed::{self, Layout, Packed, Piece};
use crate::types::set::int_set::{Insertion, IntSet};
use crate::types::set::{Limits, MOST_PACKED, Set, Stored};
use std::ops::Range;

/// Up to which size Redis packs sets, as the options say.
pub(super) fn limits(db: &Db) -> Limits {
    let limits = db.limits();
    Limits {
        intset_entries: limits.set_max_intset_entries(),
        listpack_entries: limits.set_max_listpack_entries(),
        listpack_value: limits.set_max_listpack_value(),
    }
}

/// Puts a set at a key.
pub(super) fn put(db: &mut Db, key: &[u8], set: Set, deadline: Deadline) {
    match set.stored(db.packed_room(key)) {
        Stored::Integers(bytes) => {
            db.put(key, NewValue::Packed(PackedKind::IntSet, &bytes), deadline);
        }
        Stored::Packed(piece) => {
            db.put(key, NewValue::Packed(PackedKind::Set, &piece), deadline);
        }
        Stored::Large(set) => {
            db.put(key, NewValue::from(Object::Set(set)), deadline);
        }
    }
}

/// What is left to be done to a record.
enum Edit {
    /// Nothing: it was changed where it is, or not at all.
    Done,
    /// There is no key yet.
    Begin,
    /// These bytes of the packed set are replaced.
    Splice(Range<usize>, Piece),
    /// Another set takes its place.
    Put(Set),
    /// The last member is gone.
    Remove,
}

/// Adds the words from `from` on to the set at `key`; tells how many were not there.
pub(super) fn add(db: &mut Db, key: &[u8], args: &Args, from: usize) -> Result<usize, Error> {
    let (limits, room) = (limits(db), db.packed_room(key));
    let (added, edit) = match db.find_mut(key) {
        None => (0, Edit::Begin),
        Some(mut record) => add_to(&mut record, Words { args, from }, &limits, room)?,
    };
    if !matches!(edit, Edit::Begin) {
        apply(db, key, edit);
        return Ok(added);
    }
    let mut set = Set::beginning_with(args.get(from), args.len() - from, &limits);
    let added = args.iter(from).filter(|member| set.add(member, &limits)).count();
    put(db, key, set, Deadline::Clear);
    Ok(added)
}

/// What a removal did.
pub(super) struct Removal {
    /// How many members were there.
    pub(super) removed: usize,
    /// Whether the key went with them.
    pub(super) is_last: bool,
}

/// Removes the words from `from` on from the set at `key`, and the key with its last member.
pub(super) fn remove(db: &mut Db, key: &[u8], args: &Args, from: usize) -> Result<Removal, Error> {
    let (removed, edit) = match db.find_mut(key) {
        None => (0, Edit::Done),
        Some(mut record) => remove_from(&mut record, Words { args, from })?,
    };
    let is_last = matches!(edit, Edit::Remove);
    apply(db, key, edit);
    Ok(Removal { removed, is_last })
}

/// The words of a call that are members.
#[derive(Clone, Copy)]
struct Words<'a, 'w> {
    args: &'a Args<'w>,
    from: usize,
}

impl<'w> Words<'_, 'w> {
    fn count(self) -> usize {
        self.args.len() - self.from
    }

    fn iter(self) -> impl Iterator<Item = &'w [u8]> {
        self.args.iter(self.from)
    }

    /// The member, if there is only one.
    fn single(self) -> Option<&'w [u8]> {
        (self.count() == 1).then(|| self.args.get(self.from))
    }
}

fn apply(db: &mut Db, key: &[u8], edit: Edit) {
    match edit {
        Edit::Done | Edit::Begin => {}
        Edit::Splice(range, with) => db.splice(key, range, &with),
        Edit::Put(set) => put(db, key, set, Deadline::Keep),
        Edit::Remove => _ = db.remove(key),
    }
}

fn add_to(
    record: &mut RecordMut<'_>,
    words: Words<'_, '_>,
    limits: &Limits,
    room: usize,
) -> Result<(usize, Edit), Error> {
    let add_all = |set: &mut Set| {
        set.expect(words.count(), limits);
        words.iter().filter(|member| set.add(member, limits)).count()
    };
    if let Some(object) = record.object_mut() {
        let Object::Set(set) = object else {
            return Err(error::WRONG_TYPE);
        };
        return Ok((add_all(set), Edit::Done));
    }
    if let Some(edit) = words.single().and_then(|member| splice_in(record, member, limits, room)) {
        let added = usize::from(!matches!(edit, Edit::Done));
        return Ok((added, edit));
    }
    let mut set = unpacked(record)?;
    let encoding = set.encoding();
    let added = add_all(&mut set);
    let is_changed = added > 0 || set.encoding() != encoding;
    Ok((added, if is_changed { Edit::Put(set) } else { Edit::Done }))
}

/// A copy of the packed set in a record.
fn unpacked(record: &RecordMut<'_>) -> Result<Set, Error> {
    match record.value() {
        Value::Packed(PackedKind::IntSet, bytes) => Ok(Set::of_integers(bytes)),
        Value::Packed(PackedKind::Set, bytes) => Ok(Set::of_packed(bytes)),
        _ => Err(error::WRONG_TYPE),
    }
}

/// How one member gets into a packed set, where that changes neither form nor encoding.
fn splice_in(
    record: &mut RecordMut<'_>,
    member: &[u8],
    limits: &Limits,
    room: usize,
) -> Option<Edit> {
    match record.value() {
        Value::Packed(PackedKind::IntSet, bytes) => {
            let set = IntSet::new(bytes);
            let fits = set.count() < limits.intset_entries;
            match set.insertion(parse_integer(member)?) {
                Insertion::Present if limits.intset_entries > 0 => Some(Edit::Done),
                Insertion::Splice(at, written) if fits && bytes.len() + written.len() <= room => {
                    Some(Edit::Splice(at..at, Piece::from_slice(&written)))
                }
                _ => None,
            }
        }
        Value::Packed(PackedKind::Set, bytes) => {
            let packed = Packed::new(bytes, Layout::Single);
            let (count, end) = (packed.count(), packed.end());
            let is_short = packed.is_converted()
                || (count < limits.listpack_entries && member.len() <= limits.listpack_value);
            let bytes_after = end + packed::element_bytes(member.len());
            if !is_short || count >= MOST_PACKED || bytes_after > room {
                return None;
            }
            if packed.find(member).is_some() {
                return Some(Edit::Done);
            }
            let mut with = Piece::new();
            packed::push(&mut with, member);
            packed::set_count(record.packed_mut()?, count + 1);
            Some(Edit::Splice(end..end, with))
        }
        _ => None,
    }
}

fn remove_from(record: &mut RecordMut<'_>, words: Words<'_, '_>) -> Result<(usize, Edit), Error> {
    let remove_all = |set: &mut Set| {
        let mut removed = 0;
        for member in words.iter() {
            removed += usize::from(set.remove(member));
            if set.is_empty() {
                break;
            }
        }
        removed
    };
    if let Some(object) = record.object_mut() {
        let Object::Set(set) = object else {
            return Err(error::WRONG_TYPE);
        };
        let removed = remove_all(set);
        return Ok((removed, if set.is_empty() { Edit::Remove } else { Edit::Done }));
    }
    if let Some(edit) = words.single().and_then(|member| splice_out(record, member)) {
        let removed = usize::from(!matches!(edit, Edit::Done));
        return Ok((removed, edit));
    }
    let mut set = unpacked(record)?;
    let removed = remove_all(&mut set);
    let edit = match removed {
        0 => Edit::Done,
        _ if set.is_empty() => Edit::Remove,
        _ => Edit::Put(set),
    };
    Ok((removed, edit))
}

/// How one member gets out of a packed set.
fn splice_out(record: &mut RecordMut<'_>, member: &[u8]) -> Option<Edit> {
    match record.value() {
        Value::Packed(PackedKind::IntSet, bytes) => {
            let set = IntSet::new(bytes);
            let found = parse_integer(member).and_then(|value| set.find(value).ok());
            Some(match found {
                None => Edit::Done,
                Some(_) if set.count() == 1 => Edit::Remove,
                Some(index) => Edit::Splice(set.range(index), Piece::new()),
            })
        }
        Value::Packed(PackedKind::Set, bytes) => {
            let packed = Packed::new(bytes, Layout::Single);
            let Some(start) = packed.find(member) else {
                return Some(Edit::Done);
            };
            let (range, count) = (packed.entry(start).range(), packed.count());
            if count == 1 {
                return Some(Edit::Remove);
            }
            packed::set_count(record.packed_mut()?, count - 1);
            Some(Edit::Splice(range, Piece::new()))
        }
        _ => None,
    }
}
