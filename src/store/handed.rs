//! Records as they were when a snapshot began, for whoever writes them down.
//!
//! A writer that is about to change a record which the snapshot has not passed yet leaves a copy
//! here; so does the snapshot itself with what is too long to be looked at under a lock. Records
//! are written one behind the other into chunks, since one growing allocation would be copied again
//! and again while clients wait; long strings and containers are shared, not copied.
//!
//! ```text
//! kind: u8 | access: u32 | deadline: u64, 0 for none | key bytes: u32 | value bytes: u32
//! then the key, then the value
//! ```

use super::object::Object;
use super::{Kind, PackedKind, Record, Value};
use bytes::Bytes;
use triomphe::Arc;

/// A record at the moment of the snapshot.
pub struct Saved<'a> {
    /// The database it was in.
    pub db: usize,
    /// The key.
    pub key: &'a [u8],
    /// The value.
    pub value: Value<'a>,
    /// When the key dies, in milliseconds since 1970; it may have passed.
    pub deadline: Option<u64>,
    /// The 24 bits kept for eviction.
    pub access: u32,
}

impl<'a> Saved<'a> {
    pub(super) fn new(db: usize, record: &Record<'a>) -> Self {
        let (deadline, access) = (record.deadline(), record.access());
        Saved { db, key: record.key(), value: record.value(), deadline, access }
    }
}

const HEAD_BYTES: usize = 1 + 4 + 8 + 4 + 4;
/// A chunk is this long, but for a record that needs more.
const CHUNK_BYTES: usize = 8 * 1024;

/// A value that is shared instead of copied.
enum Large {
    String(Bytes),
    Container(Arc<Object>),
}

/// Records, in the order in which they came.
#[derive(Default)]
pub(super) struct Handed {
    chunks: Vec<Vec<u8>>,
    large: Vec<Large>,
}

impl Handed {
    /// Adds a record; `object` is its container, where it has one in an allocation of its own.
    pub(super) fn push(&mut self, record: &Record<'_>, object: Option<&Arc<Object>>) {
        let number;
        let value: &[u8] = match record.value() {
            Value::Int(int) => {
                number = int.to_le_bytes();
                &number
            }
            Value::Bytes(bytes) | Value::Packed(_, bytes) => bytes,
            Value::Shared(bytes) => {
                self.large.push(Large::String(bytes.clone()));
                &[]
            }
            Value::Object(_) => {
                let object = object.expect("a container comes with its own count");
                self.large.push(Large::Container(object.clone()));
                &[]
            }
        };
        let key = record.key();
        let chunk = self.chunk_for(HEAD_BYTES + key.len() + value.len());
        chunk.push(record.kind() as u8);
        chunk.extend(record.access().to_le_bytes());
        chunk.extend(record.deadline().unwrap_or(0).to_le_bytes());
        chunk.extend((key.len() as u32).to_le_bytes());
        chunk.extend((value.len() as u32).to_le_bytes());
        chunk.extend_from_slice(key);
        chunk.extend_from_slice(value);
    }

    /// A chunk with room for so many bytes.
    fn chunk_for(&mut self, bytes: usize) -> &mut Vec<u8> {
        let is_full = |last: &Vec<u8>| last.capacity() - last.len() < bytes;
        if self.chunks.last().is_none_or(is_full) {
            self.chunks.push(Vec::with_capacity(bytes.max(CHUNK_BYTES)));
        }
        self.chunks.last_mut().expect("there is one now")
    }

    /// Shows the records, which were in database `db`, in order.
    pub(super) fn each(&self, db: usize, visit: &mut dyn FnMut(Saved<'_>)) {
        let mut large = self.large.iter();
        for chunk in &self.chunks {
            let mut rest = &chunk[..];
            while !rest.is_empty() {
                visit(first(db, &mut rest, &mut large));
            }
        }
    }
}

/// The record at the front, which is taken off.
fn first<'a>(
    db: usize,
    rest: &mut &'a [u8],
    large: &mut impl Iterator<Item = &'a Large>,
) -> Saved<'a> {
    let kind = Kind::from_bits(take::<1>(rest)[0]);
    let access = u32::from_le_bytes(take(rest));
    let deadline = u64::from_le_bytes(take(rest));
    let key_bytes = u32::from_le_bytes(take(rest)) as usize;
    let value_bytes = u32::from_le_bytes(take(rest)) as usize;
    let (key, behind) = rest.split_at(key_bytes);
    let (value, behind) = behind.split_at(value_bytes);
    *rest = behind;
    let value = match kind {
        Kind::Shared | Kind::Object => match large.next() {
            Some(Large::String(bytes)) => Value::Shared(bytes),
            Some(Large::Container(object)) => Value::Object(object),
            None => unreachable!("what is large was pushed with its record"),
        },
        _ => value_of(kind, value),
    };
    Saved { db, key, value, deadline: (deadline > 0).then_some(deadline), access }
}

fn value_of(kind: Kind, bytes: &[u8]) -> Value<'_> {
    match (kind, kind.packed()) {
        (Kind::Int, _) => {
            Value::Int(i64::from_le_bytes(bytes.try_into().expect("an integer has 8 bytes")))
        }
        (_, Some(packed)) => Value::Packed(packed as PackedKind, bytes),
        _ => Value::Bytes(bytes),
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (head, behind) = rest.split_first_chunk().expect("a record has its whole head");
    *rest = behind;
    *head
}
