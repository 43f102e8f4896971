//! What commands on streams share: finding the stream, reading ids, writing entries.

use crate::command::Error;
use crate::command::error::{self, streams};
use crate::protocol::Reply;
use crate::store::{Db, Deadline, NewValue, Object, RecordMut, Value};
use crate::types::stream::{Entry, Id, IdText, Limits, Stream};

/// The stream at `key`; none when there is no key.
pub fn find<'d>(db: &'d Db<'_>, key: &[u8]) -> Result<Option<&'d Stream>, Error> {
    let Some(record) = db.find(key) else { return Ok(None) };
    match record.value() {
        Value::Object(Object::Stream(stream)) => Ok(Some(stream)),
        _ => Err(error::WRONG_TYPE),
    }
}

/// The stream in `record`, to change.
pub fn stream_mut<'r>(record: &'r mut RecordMut<'_>) -> Result<&'r mut Stream, Error> {
    match record.object_mut() {
        Some(Object::Stream(stream)) => Ok(stream),
        _ => Err(error::WRONG_TYPE),
    }
}

/// Changes the stream at `key`, or an empty one that is put there unless the change fails.
pub fn edit_or_make<T>(
    db: &mut Db,
    key: &[u8],
    change: impl FnOnce(&mut Stream) -> Result<T, Error>,
) -> Result<T, Error> {
    if let Some(mut record) = db.find_mut(key) {
        return change(stream_mut(&mut record)?);
    }
    let mut stream = Stream::new();
    let result = change(&mut stream)?;
    db.put(key, NewValue::from(Object::Stream(stream)), Deadline::Clear);
    Ok(result)
}

/// When a block is full.
pub fn node_limits(db: &Db) -> Limits {
    let limits = db.limits();
    let (bytes, entries) = (limits.stream_node_max_bytes(), limits.stream_node_max_entries());
    Limits { bytes: bytes as u64, entries: entries as u64 }
}

/// The id `word` spells; a missing sequence is 0.
pub fn id(word: &[u8]) -> Result<Id, Error> {
    id_or(word, 0)
}

fn id_or(word: &[u8], missing: u64) -> Result<Id, Error> {
    Id::parse(word, missing).ok_or(streams::INVALID_ID)
}

/// The first id of a range that begins with `word`: an id, `-`, `+`, or `(` and an id.
pub fn range_start(word: &[u8]) -> Result<Id, Error> {
    match excluded(word) {
        Some(word) => id(word)?.next().ok_or(streams::INVALID_START),
        None => range_end_point(word, 0),
    }
}

/// The last id of a range that ends with `word`.
pub fn range_end(word: &[u8]) -> Result<Id, Error> {
    match excluded(word) {
        Some(word) => id_or(word, u64::MAX)?.previous().ok_or(streams::INVALID_END),
        None => range_end_point(word, u64::MAX),
    }
}

fn excluded(word: &[u8]) -> Option<&[u8]> {
    word.strip_prefix(b"(").filter(|rest| !rest.is_empty())
}

/// An id, or `-` or `+` for the smallest and the greatest.
pub fn range_end_point(word: &[u8], missing: u64) -> Result<Id, Error> {
    match word {
        b"-" => Ok(Id::MIN),
        b"+" => Ok(Id::MAX),
        _ => id_or(word, missing),
    }
}

/// Writes an id.
pub fn write_id(id: Id, reply: &mut Reply) {
    reply.bulk(id.text(&mut IdText::new()));
}

/// Writes an entry: its id and its fields.
pub fn write_entry(entry: &Entry<'_>, reply: &mut Reply) {
    reply.array(2);
    write_id_and_fields(entry, reply);
}

/// Writes an entry's id and its fields, as elements of an array that has begun.
pub fn write_id_and_fields(entry: &Entry<'_>, reply: &mut Reply) {
    write_id(entry.id, reply);
    reply.array(2 * entry.len());
    for (name, value) in entry.fields() {
        reply.bulk(name);
        reply.bulk(value);
    }
}

/// Writes entries, as an array of so many as come.
pub fn write_entries<'s>(entries: impl Iterator<Item = Entry<'s>>, reply: &mut Reply) {
    let open = reply.open_array();
    let mut count = 0;
    for entry in entries {
        write_entry(&entry, reply);
        count += 1;
    }
    reply.close_array(open, count);
}
