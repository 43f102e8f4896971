//! Sets: members without order, each once.
//!
//! - `members`: SADD, SREM, SMOVE and the questions about members; SMEMBERS, SCARD
//! - `random`: SPOP, SRANDMEMBER
//! - `combine`: SINTER, SUNION, SDIFF, SINTERCARD; `store`: their forms that keep the result
//! - `scan`: SSCAN
//! - `change`: how members get into a key and out of it; `replay`: tests of what the journal gets
//!
//! Source: https://redis.io/docs/latest/commands/?group=set

mod change;
mod combine;
mod members;
mod random;
#[cfg(test)]
mod replay;
mod scan;
mod store;

use crate::command::{Error, Group, error};
use crate::store::{Db, Object, PackedKind, Record, Value};
use crate::types::set::View;
use crate::types::set::int_set::IntSet;

/// The group `set`.
pub const GROUP: Group = Group {
    name: "set",
    category: Some("set"),
    commands: &[
        members::COMMANDS,
        random::COMMANDS,
        combine::COMMANDS,
        store::COMMANDS,
        scan::COMMANDS,
    ],
};

/// The set at `key`, if there is one. WRONGTYPE where there is something else.
#[inline]
fn find<'a>(db: &'a Db, key: &[u8]) -> Result<Option<View<'a>>, Error> {
    db.find(key).map(|record| view(&record)).transpose()
}

/// The set in a record.
#[inline]
pub fn view<'a>(record: &Record<'a>) -> Result<View<'a>, Error> {
    match record.value() {
        Value::Packed(PackedKind::IntSet, bytes) => Ok(View::Integers(IntSet::new(bytes))),
        Value::Packed(PackedKind::Set, bytes) => Ok(View::packed(bytes)),
        Value::Object(Object::Set(set)) => Ok(set.view()),
        _ => Err(error::WRONG_TYPE),
    }
}
