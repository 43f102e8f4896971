//! What the commands share: finding the sorted set at a key, and every way of changing it.
//!
//! A small set lies in its record until it no longer fits there; then it becomes an object for
//! good. What OBJECT ENCODING says is another matter (`Limits`): both forms note when Redis would
//! have turned the set into a skip list. Like Redis's list of entries, one that is not converted
//! knows no negative zero.

use crate::command::{Error, error};
use crate::store::{Class, Db, Deadline, NewValue, Object, PackedKind, Record, Value};
use crate::types::packed::{self, HEAD_BYTES, Piece};
use crate::types::sorted_set::{Direction, SortedSet, View, small};
use std::ops::Range;

/// The sorted set at `key`, to read; without members if there is no key.
#[inline]
pub fn find<'d>(db: &'d Db, key: &[u8]) -> Result<View<'d>, Error> {
    db.find(key).map_or(Ok(View::empty()), |record| view(&record))
}

/// The sorted set at `key`, to read before it is changed: counts neither as hit nor as miss.
pub fn find_to_change<'d>(db: &'d mut Db, key: &[u8]) -> Result<View<'d>, Error> {
    // Notes the access, and removes a key past its deadline.
    if db.find_mut(key).is_none() {
        return Ok(View::empty());
    }
    db.look(db.index(), key).map_or(Ok(View::empty()), |record| view(&record))
}

/// The sorted set of a record.
#[inline]
pub fn view<'d>(record: &Record<'d>) -> Result<View<'d>, Error> {
    match record.value() {
        Value::Packed(PackedKind::SortedSet, bytes) => Ok(View::packed(bytes)),
        Value::Object(Object::SortedSet(set)) => Ok(View::Large(set)),
        _ => Err(error::WRONG_TYPE),
    }
}

/// Adds a member to the set at `key`, which is made if need be, or gives the member another score:
/// `decide` gets the score it has and gives back the one it shall have; none leaves things as they
/// are. The caller says what was changed.
pub fn update(
    db: &mut Db,
    key: &[u8],
    member: &[u8],
    decide: impl FnOnce(Option<f64>) -> Option<f64>,
) -> Result<(), Error> {
    update_one_of(db, key, (member, 1), decide)
}

/// As `update`, for one of so many members of a call: Redis looks at their number before it looks
/// which of them are there already.
pub fn update_one_of(
    db: &mut Db,
    key: &[u8],
    (member, members): (&[u8], usize),
    decide: impl FnOnce(Option<f64>) -> Option<f64>,
) -> Result<(), Error> {
    let limits = db.limits();
    let most = limits.zset_max_listpack_entries();
    let is_converted = member.len() > limits.zset_max_listpack_value() || members > most;
    let is_converted_by = |count| is_converted || count > most;
    let Some(mut record) = db.find_mut(key) else {
        if let Some(score) = decide(None) {
            insert(db, key, (member, score), is_converted_by(1));
        }
        return Ok(());
    };
    if let Some(object) = record.object_mut() {
        let Object::SortedSet(set) = object else { return Err(error::WRONG_TYPE) };
        let converts = is_converted_by(set.len() + 1);
        let is_listpack = !set.is_converted();
        let added = set.update(member, |old| {
            let stays_listpack = is_listpack && !(old.is_none() && converts);
            decide(old).map(|new| as_kept(new, stays_listpack))
        });
        if added && converts {
            set.set_converted();
        }
        return Ok(());
    }
    let Value::Packed(PackedKind::SortedSet, bytes) = record.value() else {
        return Err(error::WRONG_TYPE);
    };
    let set = small::view(bytes);
    let (count, is_listpack) = (set.count(), !set.is_converted());
    let Some(start) = set.find(member) else {
        drop(record);
        if let Some(score) = decide(None) {
            insert(db, key, (member, score), is_converted_by(count + 1));
        }
        return Ok(());
    };
    let entry = set.entry(start);
    let old = small::score(&entry);
    let Some(new) = decide(Some(old)).filter(|new| *new != old) else { return Ok(()) };
    let new = as_kept(new, is_listpack);
    if !small::is_as_long(&entry, new) {
        let bytes = entry.range();
        drop(record);
        cut(db, key, bytes, count - 1);
        insert(db, key, (member, new), false);
    } else if let Some(bytes) = record.packed_mut() {
        small::set_score(bytes, start, new);
    }
    Ok(())
}

/// A score as the set keeps it.
fn as_kept(score: f64, is_listpack: bool) -> f64 {
    // Adding 0 takes the sign from a negative zero, and changes nothing else.
    if is_listpack { score + 0.0 } else { score }
}

/// Adds a member that is not there to a packed set, or to a key that is not there.
fn insert(db: &mut Db, key: &[u8], (member, score): (&[u8], f64), converts: bool) {
    let view = db.look(db.index(), key).map(|record| view(&record));
    let view = view.and_then(Result::ok).unwrap_or(View::empty());
    let View::Small(set) = view else { unreachable!("an object takes its members itself") };
    let is_converted = converts || set.is_converted();
    let score = as_kept(score, !is_converted);
    let count = set.count() + 1;
    if set.end() + small::entry_bytes(member, score) > db.packed_room(key) {
        let mut set = SortedSet::from_view(view);
        if is_converted {
            set.set_converted();
        }
        set.update(member, |_| Some(score));
        db.put(key, NewValue::from(Object::SortedSet(set)), Deadline::Keep);
        return;
    }
    if count == 1 && set.end() == HEAD_BYTES {
        let piece = small::pack([(member, score)].into_iter(), is_converted);
        db.put(key, NewValue::Packed(PackedKind::SortedSet, &piece), Deadline::Keep);
        return;
    }
    let at = small::place(set, score, member);
    let mut entry = Piece::new();
    small::push(&mut entry, member, score);
    db.splice(key, at..at, &entry);
    edit_head(db, key, |head| {
        packed::set_count(head, count);
        if is_converted {
            packed::set_converted(head);
        }
    });
}

fn edit_head(db: &mut Db, key: &[u8], edit: impl FnOnce(&mut [u8])) {
    let mut record = db.find_mut(key).expect("the set was there");
    edit(record.packed_mut().expect("the set was packed"));
}

/// Notes that Redis would have turned the set at `key` into a skip list, if there is one.
pub fn set_converted(db: &mut Db, key: &[u8]) {
    let Some(mut record) = db.find_mut(key) else { return };
    if view(&record.read()).is_err() {
        return;
    }
    if let Some(Object::SortedSet(set)) = record.object_mut() {
        set.set_converted();
    } else if let Some(bytes) = record.packed_mut() {
        packed::set_converted(bytes);
    }
}

/// Removes a member; false if it was not there. The caller ends with `removed`.
pub fn remove(db: &mut Db, key: &[u8], member: &[u8]) -> Result<bool, Error> {
    let Some(mut record) = db.find_mut(key) else { return Ok(false) };
    if let Some(object) = record.object_mut() {
        let Object::SortedSet(set) = object else { return Err(error::WRONG_TYPE) };
        return Ok(set.remove(member));
    }
    let View::Small(set) = view(&record.read())? else { unreachable!("objects are above") };
    let Some(start) = set.find(member) else { return Ok(false) };
    let (bytes, count) = (set.entry(start).range(), set.count() - 1);
    drop(record);
    cut(db, key, bytes, count);
    Ok(true)
}

/// Removes the members of these ranks, which there are. The caller ends with `removed`.
pub fn remove_ranks(db: &mut Db, key: &[u8], ranks: Range<usize>) {
    let Some(mut record) = db.find_mut(key) else { return };
    if view(&record.read()).is_ok_and(|set| set.len() == ranks.len()) {
        drop(record);
        // As a whole it can be freed in the background.
        db.remove(key);
        return;
    }
    if let Some(Object::SortedSet(set)) = record.object_mut() {
        return set.remove_ranks(ranks);
    }
    let Ok(View::Small(set)) = view(&record.read()) else { return };
    let (bytes, count) = (small::bytes_of(set, &ranks), set.count() - ranks.len());
    drop(record);
    cut(db, key, bytes, count);
}

fn cut(db: &mut Db, key: &[u8], bytes: Range<usize>, count: usize) {
    db.splice(key, bytes, &[]);
    edit_head(db, key, |head| packed::set_count(head, count));
}

/// Says that members were removed, and removes the key if none is left.
pub fn removed(db: &mut Db, key: &[u8], event: &'static str) {
    db.changed(Class::SortedSet, event, key);
    let is_left = db
        .look(db.index(), key)
        .is_some_and(|record| view(&record).is_ok_and(|set| !set.is_empty()));
    if !is_left {
        db.remove(key);
        db.event(Class::Generic, "del", key);
    }
}

/// Puts a result at `key`, whatever was there, and says so; an empty one removes the key. Gives
/// back how many members there are.
pub fn store(db: &mut Db, key: &[u8], mut set: SortedSet, event: &'static str) -> usize {
    let count = set.len();
    if count == 0 {
        if db.remove(key) {
            db.changed(Class::Generic, "del", key);
        }
        return 0;
    }
    let all = || View::Large(&set).walk(0..count, Direction::Up);
    let (bytes, longest) = all().fold((HEAD_BYTES, 0), |(bytes, longest), (member, score)| {
        (bytes + small::entry_bytes(member, score), longest.max(member.len()))
    });
    let limits = db.limits();
    let converts =
        count > limits.zset_max_listpack_entries() || longest > limits.zset_max_listpack_value();
    if bytes <= db.packed_room(key) {
        let kept = all().map(|(member, score)| (member, as_kept(score, !converts)));
        let piece = small::pack(kept, converts);
        db.put(key, NewValue::Packed(PackedKind::SortedSet, &piece), Deadline::Clear);
    } else {
        if converts {
            set.set_converted();
        }
        db.put(key, NewValue::from(Object::SortedSet(set)), Deadline::Clear);
    }
    db.changed(Class::SortedSet, event, key);
    count
}
