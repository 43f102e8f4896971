//! A list as it is stored, and the changes at its ends that several commands make.
//!
//! ```text
//! packed   in the record, while it fits there and Redis would keep it in one node
//! large    a `List` in allocations of its own; packed again once half a record would do
//! ```
//! Nothing here tells of a change: the commands do, each with its own event.

use crate::command::{Args, Error, error};
use crate::protocol::Reply;
use crate::store::{Db, Deadline, Kind, NewValue, Object, PackedKind, Record, RecordMut, Value};
use crate::types::list::{Element, End, Fill, List, Order};
use crate::types::packed::{self, HEAD_BYTES, Layout, Packed, Piece};
use std::ops::{ControlFlow, Range};

/// A list, to read.
#[derive(Clone, Copy)]
pub enum Stored<'a> {
    /// In its record.
    Packed(Packed<'a>),
    /// In allocations of its own.
    Large(&'a List),
}

impl<'a> Stored<'a> {
    /// The list in a record; WRONGTYPE where it is none.
    #[inline]
    pub fn of(value: Value<'a>) -> Result<Self, Error> {
        match value {
            Value::Packed(PackedKind::List, bytes) => {
                Ok(Stored::Packed(Packed::new(bytes, Layout::Single)))
            }
            Value::Object(Object::List(list)) => Ok(Stored::Large(list)),
            _ => Err(error::WRONG_TYPE),
        }
    }

    /// The list in a record that may not be there.
    #[inline]
    pub fn find(record: Option<Record<'a>>) -> Result<Option<Self>, Error> {
        record.map(|record| Stored::of(record.value())).transpose()
    }

    /// How many elements there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            Stored::Packed(packed) => packed.count(),
            Stored::Large(list) => list.len(),
        }
    }

    /// Visits the elements in `range` in this order, until `visit` breaks.
    #[inline]
    pub fn walk_until(
        &self,
        range: Range<usize>,
        order: Order,
        visit: &mut impl FnMut(Element<'_>) -> ControlFlow<()>,
    ) {
        match (self, order) {
            (Stored::Large(list), _) => list.walk(range, order, visit),
            (Stored::Packed(packed), Order::Forward) => {
                let entries = packed.entries().skip(range.start).take(range.len());
                let _: ControlFlow<()> =
                    entries.map(|entry| Element::from(entry.name)).try_for_each(visit);
            }
            (Stored::Packed(packed), Order::Backward) => {
                let starts = packed.starts();
                let starts = starts[range].iter().rev().map(|start| usize::from(*start));
                let elements = starts.map(|start| Element::from(packed.entry(start).name));
                let _: ControlFlow<()> = elements.into_iter().try_for_each(visit);
            }
        }
    }

    /// Visits the elements in `range` in this order.
    #[inline]
    pub fn walk(&self, range: Range<usize>, order: Order, visit: &mut impl FnMut(Element<'_>)) {
        self.walk_until(range, order, &mut |element| {
            visit(element);
            ControlFlow::Continue(())
        });
    }
}

/// The word at `at` as an element.
#[inline]
pub fn element<'a>(args: &Args<'a>, at: usize) -> Element<'a> {
    Element { bytes: args.get(at), shared: args.shared(at) }
}

/// Answers with an element.
#[inline]
pub fn write(element: Element<'_>, reply: &mut Reply) {
    match element.shared {
        Some(shared) => reply.bulk_shared(shared),
        None => reply.bulk(element.bytes),
    }
}

/// Places that count from the end when they are negative, as a range of a list of `len` elements;
/// empty where they hold nothing.
pub fn range(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_start = |place: i64| if place < 0 { place.saturating_add(len) } else { place };
    let start = from_start(start).max(0);
    let end = from_start(stop).min(len - 1) + 1;
    if start < end { start as usize..end as usize } else { 0..0 }
}

/// The place that `index` means, if the list has it.
pub fn place(index: i64, len: usize) -> Option<usize> {
    let place = if index < 0 { index.checked_add(len as i64)? } else { index };
    usize::try_from(place).ok().filter(|place| *place < len)
}

/// Whether a list of so many bytes and elements is packed at `key`.
#[inline]
pub fn is_packed(db: &Db, key: &[u8], bytes: usize, count: usize) -> bool {
    // A packed list takes at most half a node of the smallest size, so that only the number of
    // elements can be too large for Redis.
    bytes <= db.packed_room(key)
        && !Fill::new(db.limits().list_max_listpack_size()).is_exceeded(0, count)
}

/// Adds elements at an end, one after the other; a list begins where there is none. Gives back
/// how many there are then.
#[inline]
pub fn push<'a>(
    db: &mut Db,
    key: &[u8],
    end: End,
    elements: impl DoubleEndedIterator<Item = Element<'a>> + Clone,
) -> Result<usize, Error> {
    let setting = db.limits().list_max_listpack_size();
    let (count, bytes) = elements
        .clone()
        .fold((0, 0), |(count, bytes), element| (count + 1, bytes + element.bytes.len()));
    let before = match db.find_mut(key) {
        None => None,
        Some(mut record) => {
            if let Some(Object::List(list)) = record.object_mut() {
                list.prepare(setting, bytes, count);
                elements.for_each(|element| list.push(end, element));
                return Ok(list.len());
            }
            let Stored::Packed(packed) = Stored::of(record.value())? else {
                unreachable!("a large list has grown above");
            };
            Some((packed.count(), packed.end()))
        }
    };
    let added: usize =
        elements.clone().map(|element| packed::element_bytes(element.bytes.len())).sum();
    let (old_count, old_bytes) = before.unwrap_or((0, HEAD_BYTES));
    let count = old_count + count;
    if !is_packed(db, key, old_bytes + added, count) {
        let mut list = if before.is_some() { unpacked(db, key) } else { List::default() };
        list.prepare(setting, bytes, count - old_count);
        elements.for_each(|element| list.push(end, element));
        put(db, key, list);
        return Ok(count);
    }
    let mut piece = if before.is_some() { Piece::new() } else { packed::empty() };
    match end {
        End::Left => elements.rev().for_each(|element| packed::push(&mut piece, element.bytes)),
        End::Right => elements.for_each(|element| packed::push(&mut piece, element.bytes)),
    }
    if before.is_none() {
        packed::set_count(&mut piece, count);
        db.put(key, NewValue::Packed(PackedKind::List, &piece), Deadline::Clear);
        return Ok(count);
    }
    set_count(db, key, count);
    let at = if end == End::Left { HEAD_BYTES } else { old_bytes };
    db.splice(key, at..at, &piece);
    Ok(count)
}

/// Writes the number of elements of a packed list.
pub fn set_count(db: &mut Db, key: &[u8], count: usize) {
    let mut record = db.find_mut(key).expect("a list that was looked up");
    packed::set_count(record.packed_mut().expect("a packed list"), count);
}

/// How many elements the list at `key` has; `None` where there is no list.
pub fn length(db: &mut Db, key: &[u8]) -> Result<Option<usize>, Error> {
    let Some(record) = db.find_mut(key) else {
        return Ok(None);
    };
    Ok(Some(Stored::of(record.value())?.len()))
}

/// Takes up to `most` elements from an end, and calls `visit` with each. Gives back how many are
/// left; a list without elements is removed. `None` where there is no list.
#[inline]
pub fn pop(
    db: &mut Db,
    key: &[u8],
    end: End,
    most: usize,
    visit: &mut impl FnMut(Element<'_>),
) -> Result<Option<usize>, Error> {
    let setting = db.limits().list_max_listpack_size();
    let Some(mut record) = db.find_mut(key) else {
        return Ok(None);
    };
    let stored = Stored::of(record.value())?;
    let len = stored.len();
    let (range, order) = match end {
        End::Left => (0..most.min(len), Order::Forward),
        End::Right => (len - most.min(len)..len, Order::Backward),
    };
    stored.walk(range.clone(), order, visit);
    let left = len - range.len();
    let bytes = match stored {
        Stored::Packed(packed) => packed.start_of(range.start)..packed.start_of(range.end),
        Stored::Large(_) => 0..0,
    };
    if let Some(Object::List(list)) = record.object_mut() {
        list.drop_at(end, range.len());
        list.settle(setting);
        let is_short = list.is_empty() || list.packed_bytes().is_some();
        drop(record);
        if is_short {
            finish_removal(db, key);
        }
        return Ok(Some(left));
    }
    if let Some(packed) = record.packed_mut() {
        packed::set_count(packed, left);
    }
    drop(record);
    if left == 0 {
        db.remove(key);
    } else {
        db.splice(key, bytes, &[]);
    }
    Ok(Some(left))
}

/// Removes a large list that has no elements left, and packs one that has become short.
pub fn finish_removal(db: &mut Db, key: &[u8]) {
    let room = db.packed_room(key) / 2;
    let piece = match db.find_mut(key).as_ref().map(RecordMut::value) {
        Some(Value::Object(Object::List(list))) if list.is_empty() => None,
        Some(Value::Object(Object::List(list))) => match list.packed_bytes() {
            Some(bytes) if HEAD_BYTES + bytes <= room => Some(packed(list)),
            _ => return,
        },
        _ => return,
    };
    match piece {
        None => drop(db.remove(key)),
        Some(piece) => {
            db.put(key, NewValue::Packed(PackedKind::List, &piece), Deadline::Keep);
        }
    }
}

/// A short list as it lies in a record.
fn packed(list: &List) -> Piece {
    let mut piece = packed::empty();
    list.walk(0..list.len(), Order::Forward, &mut |element| {
        packed::push(&mut piece, element.bytes);
        ControlFlow::Continue(())
    });
    packed::set_count(&mut piece, list.len());
    piece
}

/// Whether the list at `key`, which is there, is in its large form.
pub fn is_large(db: &mut Db, key: &[u8]) -> bool {
    db.find_mut(key).is_some_and(|record| record.kind() == Kind::Object)
}

/// The packed list at `key` as a large one, which still has to be put there.
fn unpacked(db: &mut Db, key: &[u8]) -> List {
    let record = db.find_mut(key).expect("a list that was looked up");
    let mut list = List::default();
    if let Value::Packed(PackedKind::List, bytes) = record.value() {
        let entries = Packed::new(bytes, Layout::Single).entries();
        entries.for_each(|entry| list.push(End::Right, Element::from(entry.name)));
    }
    list
}

/// Puts a large list at `key`, leaving its deadline.
fn put(db: &mut Db, key: &[u8], list: List) {
    db.put(key, NewValue::from(Object::List(list)), Deadline::Keep);
}

/// Puts a list made by one command at `key`, whatever was there.
pub fn put_new<'a>(db: &mut Db, key: &[u8], elements: impl Iterator<Item = Element<'a>>) {
    let setting = db.limits().list_max_listpack_size();
    let mut list = List::cut_by(setting);
    elements.for_each(|element| list.push(End::Right, element));
    list.settle_new(setting);
    db.put(key, NewValue::from(Object::List(list)), Deadline::Clear);
    finish_removal(db, key);
}

/// Lets `edit` change the list at `key`, which is there, in its large form; packs it again
/// afterwards if it is short.
pub fn edit<R>(db: &mut Db, key: &[u8], edit: impl FnOnce(&mut List) -> R) -> R {
    if !is_large(db, key) {
        let list = unpacked(db, key);
        put(db, key, list);
    }
    let mut record = db.find_mut(key).expect("it was put there");
    let Some(Object::List(list)) = record.object_mut() else {
        unreachable!("a list is packed or large");
    };
    edit(list)
}
