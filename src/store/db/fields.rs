//! Deadlines of fields, as handlers meet them.

use super::Db;

/// Dead fields that a command removes at the most; the expiry thread finds the others.
const MOST_REMOVED: usize = 64;

impl Db<'_> {
    /// Says that fields of the hash at `key` got deadlines, so that they are removed in time.
    pub fn note_field_deadlines(&mut self, key: &[u8]) {
        self.note_fields_of(self.index, key);
    }

    pub(super) fn note_fields_of(&mut self, db: usize, key: &[u8]) {
        let hash = self.hash(key);
        if let Some(ms) = self.table_mut(db, hash).note_fields(hash, key) {
            self.space.note_deadline(self.shard(db, hash), ms);
        }
    }

    /// Removes fields of the hash at `key` whose deadline has passed, the first of them; and the
    /// key, if all have. Followers get an entry of its own, as when the expiry thread finds them.
    #[cold]
    pub(super) fn remove_dead_fields(&mut self, db: usize, key: &[u8]) {
        let (hash, now_ms) = (self.hash(key), self.now_ms);
        let mut dead = self.table_mut(db, hash).expire_fields_of(key, now_ms, MOST_REMOVED);
        self.tally.expired_fields += dead.fields.len() as u32;
        if self.is_followed() {
            self.space.followers.tell_fields_expired(db, &dead);
        }
        if self.space.has_listeners() {
            self.touch(db, key);
        }
        if let Some(old) = dead.old.take() {
            self.discard(old);
        }
    }
}
