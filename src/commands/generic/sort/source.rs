//! The elements that SORT begins with.

use super::Options;
use crate::command::{Error, error};
use crate::commands::lists::stored::Stored;
use crate::commands::sets;
use crate::commands::sorted_sets::value;
use crate::store::{Db, Object, PackedKind, Value};
use crate::types::list::Order;
use crate::types::sorted_set::Direction;

/// Elements, and what is left to do with them.
#[derive(Default)]
pub struct Found {
    /// The elements.
    pub elements: Vec<Box<[u8]>>,
    /// They are in order already.
    pub is_sorted: bool,
    /// They are no more than LIMIT leaves.
    pub is_cut: bool,
    /// They have no order of their own, but must be stored in one: their bytes decide.
    pub is_forced: bool,
}

/// The elements of the list, set or sorted set at `key`; WRONGTYPE where it is none.
///
/// Lists and sorted sets that stay in their own order are cut by LIMIT here, so that a page of a
/// long one costs no more than the page.
pub fn elements(db: &Db, key: &[u8], options: &Options<'_>) -> Result<Found, Error> {
    let Some(record) = db.find(key) else {
        return Ok(Found { is_sorted: true, ..Found::default() });
    };
    let mut found = Found { is_sorted: options.is_unsorted, ..Found::default() };
    let elements = &mut found.elements;
    match record.value() {
        Value::Packed(PackedKind::List, _) | Value::Object(Object::List(_)) => {
            let list = Stored::of(record.value())?;
            let (len, mut order) = (list.len(), Order::Forward);
            let mut range = 0..len;
            if options.is_unsorted {
                range = options.range(len);
                found.is_cut = true;
                if options.is_descending {
                    (range, order) = (len - range.end..len - range.start, Order::Backward);
                }
            }
            list.walk(range, order, &mut |element| elements.push(element.bytes.into()));
        }
        Value::Packed(PackedKind::SortedSet, _) | Value::Object(Object::SortedSet(_)) => {
            let set = value::view(&record)?;
            let mut range = 0..set.len();
            let mut direction = Direction::Up;
            if options.is_unsorted {
                range = options.range(set.len());
                found.is_cut = true;
                if options.is_descending {
                    range = set.len() - range.end..set.len() - range.start;
                    direction = Direction::Down;
                }
            }
            elements.extend(set.walk(range, direction).map(|entry| entry.0.into()));
        }
        Value::Packed(PackedKind::Set | PackedKind::IntSet, _) | Value::Object(Object::Set(_)) => {
            let set = sets::view(&record)?;
            let mut buffer = itoa::Buffer::new();
            set.for_each(|member| elements.push(member.text(&mut buffer).into()));
            // Stored, the order of a set's table would differ from one server to its replica.
            found.is_forced = options.is_unsorted && options.destination.is_some();
            found.is_sorted = options.is_unsorted && !found.is_forced;
        }
        _ => return Err(error::WRONG_TYPE),
    }
    Ok(found)
}
