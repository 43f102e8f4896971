//! LSET, LINSERT, LREM, LTRIM: changes within a list.
//!
//! A packed list is edited where it lies; one that Redis would cut becomes large before the change,
//! as there, even if the change then finds nothing to do.

use super::stored::{self, Stored, element};
use crate::command::error::lists::INDEX_OUT_OF_RANGE;
use crate::command::{Args, Command, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::list::{End, List, Order};
use crate::types::packed::{self, Packed, Piece};
use std::ops::{ControlFlow, Range};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[LSET, LINSERT, LREM, LTRIM];

const LSET: Command = Command::write("LSET key index element", lset)
    .grows()
    .costs("O(1) at the ends; in between as LINDEX, and a block of the list is written anew.")
    .keys(&["RW update"])
    .about("Puts an element in the place of the one at `index`.");

fn lset(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let length = stored::length(db, key)?.ok_or(error::NO_SUCH_KEY)?;
    let place = stored::place(args.integer(2)?, length);
    let is_packed = make_room(db, key, args.get(3));
    let place = place.ok_or(INDEX_OUT_OF_RANGE)?;
    if is_packed {
        let range = with_packed(db, key, |packed| packed.entry(packed.start_of(place)).range());
        db.splice(key, range, &piece(args.get(3)));
    } else {
        let setting = db.limits().list_max_listpack_size();
        stored::edit(db, key, |list| {
            list.replace(place, element(args, 3));
            list.settle(setting);
        });
        stored::finish_removal(db, key);
    }
    db.changed(Class::List, "lset", key);
    reply.ok();
    Ok(())
}

const LINSERT: Command = Command::write("LINSERT key <BEFORE | AFTER> pivot element", linsert)
    .since("2.2.0")
    .grows()
    .costs("O(N) where N is the number of elements compared before the pivot is found.")
    .keys(&["RW insert"])
    .about("Adds an element before or after another; answers the length, or -1 without that one.");

fn linsert(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (key, pivot) = (args.get(1), args.get(3));
    let side = match () {
        () if args.is(2, "BEFORE") => End::Left,
        () if args.is(2, "AFTER") => End::Right,
        () => return Err(error::SYNTAX),
    };
    let Some(length) = stored::length(db, key)? else {
        reply.integer(0);
        return Ok(());
    };
    let is_inserted = if make_room(db, key, args.get(4)) {
        insert_packed(db, key, (side, pivot), args.get(4))
    } else {
        stored::edit(db, key, |list| {
            let place = find(list, pivot);
            place.map(|place| list.insert(place, side, element(args, 4))).is_some()
        })
    };
    if is_inserted {
        db.changed(Class::List, "linsert", key);
    }
    reply.integer(if is_inserted { length as i64 + 1 } else { -1 });
    Ok(())
}

fn insert_packed(db: &mut Db, key: &[u8], (side, pivot): (End, &[u8]), new: &[u8]) -> bool {
    let found = with_packed(db, key, |packed| {
        let entry = packed.entry(packed.find(pivot)?);
        let at = if side == End::Left { entry.start } else { entry.end };
        Some((at, packed.count()))
    });
    let Some((at, count)) = found else {
        return false;
    };
    stored::set_count(db, key, count + 1);
    db.splice(key, at..at, &piece(new));
    true
}

/// Where the first of the elements stands that are `wanted`.
fn find(list: &List, wanted: &[u8]) -> Option<usize> {
    let (mut at, mut found) = (0, None);
    list.walk(0..list.len(), Order::Forward, &mut |element| {
        if element.bytes == wanted {
            found = Some(at);
            return ControlFlow::Break(());
        }
        at += 1;
        ControlFlow::Continue(())
    });
    found
}

/// Makes a packed list large if `new` does not fit, or Redis would cut it for one element more.
/// Says whether it is packed.
fn make_room(db: &mut Db, key: &[u8], new: &[u8]) -> bool {
    let sizes = db.find_mut(key).and_then(|record| match Stored::of(record.value()) {
        Ok(Stored::Packed(packed)) => Some((packed.end(), packed.count())),
        _ => None,
    });
    if let Some((bytes, count)) = sizes
        && stored::is_packed(db, key, bytes + packed::element_bytes(new.len()), count + 1)
    {
        return true;
    }
    let setting = db.limits().list_max_listpack_size();
    stored::edit(db, key, |list| list.prepare(setting, new.len(), 1));
    false
}

/// What `read` finds in a packed list.
fn with_packed<R>(db: &mut Db, key: &[u8], read: impl FnOnce(Packed<'_>) -> R) -> R {
    let record = db.find_mut(key).expect("a list that was looked up");
    match Stored::of(record.value()) {
        Ok(Stored::Packed(packed)) => read(packed),
        _ => unreachable!("the list is packed"),
    }
}

/// An element as it lies in a packed list.
fn piece(element: &[u8]) -> Piece {
    let mut piece = Piece::new();
    packed::push(&mut piece, element);
    piece
}

const LREM: Command = Command::write("LREM key count element", lrem)
    .costs("O(N) where N is the number of elements compared.")
    .keys(&["RW delete"])
    .about(
        "Removes `count` elements equal to one, from the tail if negative, or all of them if 0.",
    );

fn lrem(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (key, wanted) = (args.get(1), args.get(3));
    let count = args.integer_in(2, -i64::MAX..=i64::MAX)?;
    let order = if count < 0 { Order::Backward } else { Order::Forward };
    let most = if count == 0 { usize::MAX } else { count.unsigned_abs() as usize };
    let Some(length) = stored::length(db, key)? else {
        reply.integer(0);
        return Ok(());
    };
    let removed = match stored::is_large(db, key) {
        true => {
            let setting = db.limits().list_max_listpack_size();
            stored::edit(db, key, |list| {
                let removed = list.remove_equal(wanted, order, most);
                if removed > 0 {
                    list.settle(setting);
                }
                removed
            })
        }
        false => remove_packed(db, key, (wanted, order, most)),
    };
    if removed > 0 {
        tell_removal(db, key, "lrem", length - removed);
    }
    reply.integer(removed as i64);
    Ok(())
}

/// Removes elements of a packed list, except that one without elements is left to the caller.
fn remove_packed(db: &mut Db, key: &[u8], asked: (&[u8], Order, usize)) -> usize {
    let (wanted, order, most) = asked;
    let (places, count) = with_packed(db, key, |packed| {
        let matches = packed.entries().filter(|entry| entry.name == wanted);
        let mut places: Vec<Range<usize>> = matches.map(|entry| entry.range()).collect();
        let surplus = places.len().saturating_sub(most);
        match order {
            Order::Forward => places.truncate(most),
            Order::Backward => drop(places.drain(..surplus)),
        }
        (places, packed.count())
    });
    if places.is_empty() {
        return 0;
    }
    stored::set_count(db, key, count - places.len());
    // From the back, so that the places before stay where they are.
    places.iter().rev().for_each(|range| db.splice(key, range.clone(), &[]));
    places.len()
}

/// Tells that elements were removed and so many are left; without any the key goes.
fn tell_removal(db: &mut Db, key: &[u8], event: &'static str, left: usize) {
    if left == 0 {
        db.remove(key);
    } else {
        stored::finish_removal(db, key);
    }
    db.changed(Class::List, event, key);
    if left == 0 {
        db.event(Class::Generic, "del", key);
    }
}

const LTRIM: Command = Command::write("LTRIM key start stop", ltrim)
    .costs("O(N) where N is the number of blocks removed, of some 500 short elements each.")
    .keys(&["RW delete"])
    .about("Removes all elements but those from `start` to `stop`.");

fn ltrim(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let (start, stop) = (args.integer(2)?, args.integer(3)?);
    let Some(length) = stored::length(db, key)? else {
        reply.ok();
        return Ok(());
    };
    let kept = stored::range(start, stop, length);
    if kept.is_empty() {
        db.remove(key);
    } else if stored::is_large(db, key) {
        let setting = db.limits().list_max_listpack_size();
        stored::edit(db, key, |list| {
            list.drop_at(End::Left, kept.start);
            list.drop_at(End::Right, length - kept.end);
            list.settle(setting);
        });
    } else {
        let (start, end, all) = with_packed(db, key, |packed| {
            (packed.start_of(kept.start), packed.start_of(kept.end), packed.end())
        });
        stored::set_count(db, key, kept.len());
        db.splice(key, end..all, &[]);
        db.splice(key, packed::HEAD_BYTES..start, &[]);
    }
    tell_removal(db, key, "ltrim", kept.len());
    reply.ok();
    Ok(())
}
