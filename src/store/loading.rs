//! Loading: keys that come from a file. Nobody is told of them: the journal knows them already.

use super::access;
use super::hash::hash_key;
use super::{Deadline, Flushed, Keyspace, NewValue};
use std::sync::atomic::Ordering;

impl Keyspace {
    /// Puts a key over whatever is there. `access` is what eviction keeps of it, where the file
    /// says so.
    pub fn load(
        &self,
        (db, key): (usize, &[u8]),
        value: NewValue<'_>,
        deadline_ms: Option<u64>,
        access: Option<u32>,
        now_ms: u64,
    ) {
        let hash = hash_key(key);
        let shard = &self.shards(db)[self.shard_of(hash)];
        let counts_frequency = self.counts_frequency.load(Ordering::Relaxed);
        let access = access.unwrap_or_else(|| access::first(now_ms, counts_frequency));
        let is_object = matches!(value, NewValue::Object(_));
        let mut table = shard.lock();
        table.set_access_of_new_keys(access);
        let deadline = deadline_ms.map_or(Deadline::Clear, Deadline::At);
        let old = table.put(hash, key, value, deadline);
        let next_field = if is_object { table.note_fields(hash, key) } else { None };
        for ms in deadline_ms.into_iter().chain(next_field) {
            self.note_deadline(shard, ms);
        }
        drop(table);
        drop(old);
    }

    /// Empties every database without a word to the journal: what comes next is loaded.
    pub fn clear_for_loading(&self) -> Flushed {
        self.empty(0..self.databases(), || {})
    }
}
