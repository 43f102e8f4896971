//! Values on their way from one key to another: RENAME, MOVE, COPY.
//!
//! A table's records cannot be lent to another table, so a value leaves its record first: what lies
//! in the record as a copy, a long string and a large container as the allocation it already has.
//! Carrying a container costs the same however large it is; copying one clones it.

use super::{Db, Place};
use crate::store::{Deadline, Kind, NewValue, Object, PackedKind, Record, Value};
use bytes::Bytes;

/// A string or a packed container outside any table.
enum Parcel {
    Int(i64),
    Bytes(Box<[u8]>),
    Raw(Box<[u8]>),
    Shared(Bytes),
    Packed(PackedKind, Box<[u8]>),
}

impl Parcel {
    /// What is in `record`; the container where that has an allocation of its own.
    fn copy<'a>(record: &Record<'a>) -> Result<Self, &'a Object> {
        match record.value() {
            Value::Int(number) => Ok(Parcel::Int(number)),
            Value::Bytes(bytes) if record.kind() == Kind::Raw => Ok(Parcel::Raw(bytes.into())),
            Value::Bytes(bytes) => Ok(Parcel::Bytes(bytes.into())),
            Value::Shared(bytes) => Ok(Parcel::Shared(bytes.clone())),
            Value::Packed(kind, bytes) => Ok(Parcel::Packed(kind, bytes.into())),
            Value::Object(object) => Err(object),
        }
    }

    fn value(&self) -> NewValue<'_> {
        match self {
            Parcel::Int(number) => NewValue::Int(*number),
            Parcel::Bytes(bytes) => NewValue::Bytes(bytes),
            Parcel::Raw(bytes) => NewValue::Raw(bytes),
            Parcel::Shared(bytes) => NewValue::Shared(bytes.clone()),
            Parcel::Packed(kind, bytes) => NewValue::Packed(*kind, bytes),
        }
    }
}

impl Db<'_> {
    /// Moves the value at `from`, which is there and alive, to another key, over whatever is there.
    /// Its deadline and its access bits go with it.
    pub fn carry(&mut self, from: Place<'_>, to: Place<'_>) {
        let record = self.look(from.db, from.key).expect("the caller has looked the key up");
        let (deadline, access) = (deadline_of(&record), record.access());
        let parcel = Parcel::copy(&record).ok();
        let hash = self.hash(from.key);
        let old = self.table_mut(from.db, hash).remove(hash, from.key);
        let old = old.expect("a key that was looked up can be removed");
        match parcel {
            Some(parcel) => self.put_in(to.db, to.key, parcel.value(), deadline),
            None => {
                let object = old.into_object().expect("what is no parcel is a container");
                self.put_in(to.db, to.key, NewValue::Object(object), deadline);
            }
        }
        if let Some(record) = self.look(to.db, to.key) {
            record.set_access(access);
        }
    }

    /// Puts a copy of the value at `from`, which is there and alive, at another key, over whatever
    /// is there. The deadline is copied too.
    pub fn copy(&mut self, from: Place<'_>, to: Place<'_>) {
        let record = self.look(from.db, from.key).expect("the caller has looked the key up");
        let deadline = deadline_of(&record);
        match Parcel::copy(&record) {
            Ok(parcel) => self.put_in(to.db, to.key, parcel.value(), deadline),
            Err(object) => {
                let copy = NewValue::from(object.clone());
                self.put_in(to.db, to.key, copy, deadline);
            }
        }
    }
}

fn deadline_of(record: &Record<'_>) -> Deadline {
    record.deadline().map_or(Deadline::Clear, Deadline::At)
}
