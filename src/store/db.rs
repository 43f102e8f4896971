//! A database as a handler sees it: the keys it locked, and nothing else.
//!
//! The engine locks the shards of a command's keys, hands the handler a `Db`, and unlocks when it
//! has ended: a command is one step for everybody else. Keys past their deadline are absent for
//! readers; a writer that meets one removes it first.
//!
//! ```text
//! find      a reader's look-up: counts hit or miss, notes the access
//! peek      the same without noting the access (TYPE, TTL, OBJECT)
//! find_mut  a writer's look-up        put, remove, set_deadline   changes
//! changed   says that a key was changed: every writer calls it, the journal reads it
//! ```

mod carry;
mod fields;

use super::access;
use super::garbage::HEAVY_BYTES;
use super::guard::Guard;
use super::hash::hash_key;
use super::journal::{Call, Class, Event, Journal};
use super::keyspace::{Keyspace, Shard};
use super::record::packed_room;
use super::{Deadline, Limits, NewValue, Old, Record, RecordMut, Table};
use smallvec::SmallVec;
use std::cell::Cell;
use std::sync::atomic::Ordering;

/// A key to lock: in which database, and its name.
pub struct Place<'a> {
    /// The database.
    pub db: usize,
    /// The key.
    pub key: &'a [u8],
}

/// The hash of a key that the engine has worked out already. The key is known by where its bytes
/// lie.
#[derive(Clone, Copy)]
pub struct KnownHash {
    /// Address of the key's first byte.
    pub address: usize,
    /// The hash.
    pub hash: u64,
}

/// What a command did to the counters of INFO.
#[derive(Default)]
pub struct Tally {
    /// keyspace_hits
    pub hits: Cell<u32>,
    /// keyspace_misses
    pub misses: Cell<u32>,
    /// expired_keys
    pub expired: u32,
    /// expired_subkeys
    pub expired_fields: u32,
}

struct Held<'a> {
    db: u32,
    shard: u32,
    table: Guard<'a>,
}

/// The keys of one command, locked.
pub struct Db<'a> {
    space: &'a Keyspace,
    index: usize,
    now_ms: u64,
    held: SmallVec<[Held<'a>; 1]>,
    known: &'a [KnownHash],
    next_known: Cell<usize>,
    keeps_access: bool,
    /// What the command did to INFO's counters.
    pub tally: Tally,
    /// What the command changed.
    pub journal: Journal,
}

impl<'a> Db<'a> {
    /// A database with nothing locked yet.
    #[inline]
    pub fn new(space: &'a Keyspace, index: usize, now_ms: u64) -> Self {
        Db {
            space,
            index,
            now_ms,
            held: SmallVec::new(),
            known: &[],
            next_known: Cell::new(0),
            keeps_access: false,
            tally: Tally::default(),
            journal: Journal::default(),
        }
    }

    /// Adds hashes that are known already, in the order in which the command names the keys.
    #[inline]
    pub fn knowing(self, known: &'a [KnownHash]) -> Self {
        Db { known, ..self }
    }

    /// Look-ups leave no trace in the keys' access times (CLIENT NO-TOUCH).
    pub fn without_trace(self) -> Self {
        Db { keeps_access: true, ..self }
    }

    /// Locks the one shard that holds `key`.
    #[inline]
    pub fn lock_one(&mut self, key: &[u8]) {
        let shard = self.space.shard_of(self.hash(key));
        let table = self.space.shards(self.index)[shard].lock();
        self.held.push(Held { db: self.index as u32, shard: shard as u32, table });
    }

    /// Locks the shards of `places`, in ascending order. A database that does not exist is passed
    /// over: the handler answers for it.
    pub fn lock<'k>(&mut self, places: impl Iterator<Item = Place<'k>>) {
        let mut shards: SmallVec<[(u32, u32); 16]> = places
            .filter(|place| place.db < self.databases())
            .map(|place| (place.db as u32, self.space.shard_of(self.hash(place.key)) as u32))
            .collect();
        shards.sort_unstable();
        shards.dedup();
        for (db, shard) in shards {
            let table = self.space.shards(db as usize)[shard as usize].lock();
            self.held.push(Held { db, shard, table });
        }
    }

    /// Locks every shard of the database: for commands that read keys they do not name.
    pub fn lock_all(&mut self) {
        let db = self.index as u32;
        let shards = self.space.shards(self.index).iter().enumerate();
        self.held.extend(shards.map(|(at, shard)| Held {
            db,
            shard: at as u32,
            table: shard.lock(),
        }));
    }

    /// The moment the command runs at, in milliseconds since 1970. It does not move while it runs.
    #[inline]
    pub fn now(&self) -> u64 {
        self.now_ms
    }

    /// The time of day (ms). It is `now`, but for a log that is replayed: `now` is 0 then, since
    /// nothing was past its deadline when the log was written.
    #[inline]
    pub fn time(&self) -> u64 {
        #[cold]
        fn time_of_day_ms() -> u64 {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| since.as_millis() as u64)
        }
        if self.now_ms == 0 { time_of_day_ms() } else { self.now_ms }
    }

    /// The number of the database.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.space.databases()
    }

    /// Whether accesses are counted by frequency instead of time.
    pub fn counts_frequency(&self) -> bool {
        self.space.counts_frequency.load(Ordering::Relaxed)
    }

    /// How long a string may become by an edit (`proto-max-bulk-len`).
    pub fn longest_string_bytes(&self) -> usize {
        self.space.longest_string_bytes.load(Ordering::Relaxed)
    }

    /// Up to which size containers are packed.
    #[inline]
    pub fn limits(&self) -> &'a Limits {
        &self.space.limits
    }

    /// How many bytes a packed container may take at `key`.
    pub fn packed_room(&self, key: &[u8]) -> usize {
        packed_room(key)
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> u64 {
        // Handlers ask for keys in the order of the call, so the next known hash is nearly always
        // the one.
        let next = self.next_known.get();
        for at in [next, next.wrapping_sub(1)] {
            if let Some(known) = self.known.get(at)
                && known.address == key.as_ptr() as usize
            {
                self.next_known.set(at + 1);
                return known.hash;
            }
        }
        hash_key(key)
    }

    #[inline]
    fn held_at(&self, db: usize, hash: u64) -> usize {
        if self.held.len() == 1 {
            return 0;
        }
        let place = (db as u32, self.space.shard_of(hash) as u32);
        self.held
            .binary_search_by_key(&place, |held| (held.db, held.shard))
            .expect("a command names the keys it touches")
    }

    #[inline]
    fn table(&self, db: usize, hash: u64) -> &Table {
        &self.held[self.held_at(db, hash)].table
    }

    #[inline]
    fn table_mut(&mut self, db: usize, hash: u64) -> &mut Table {
        let at = self.held_at(db, hash);
        &mut self.held[at].table
    }

    #[inline]
    fn is_dead(&self, record: &Record<'_>) -> bool {
        record.is_dead(self.now_ms)
    }

    /// The record at `key`, if it is there and alive. Counts a hit or a miss and notes the access.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<Record<'_>> {
        let record = self.peek(key)?;
        self.note_access(&record);
        Some(record)
    }

    /// The record at `key`, if it is there and alive. Counts a hit or a miss, notes no access.
    #[inline]
    pub fn peek(&self, key: &[u8]) -> Option<Record<'_>> {
        let record = self.look(self.index, key);
        let count = if record.is_some() { &self.tally.hits } else { &self.tally.misses };
        count.set(count.get() + 1);
        record
    }

    /// The record at `key` of any locked database, if it is there and alive. Leaves no trace.
    #[inline]
    pub fn look(&self, db: usize, key: &[u8]) -> Option<Record<'_>> {
        let hash = self.hash(key);
        self.table(db, hash).find(hash, key).filter(|record| !self.is_dead(record))
    }

    /// Notes that a record was accessed now.
    #[inline]
    fn note_access(&self, record: &Record<'_>) {
        if self.keeps_access {
            return;
        }
        let old = record.access();
        let new = match self.counts_frequency() {
            true => access::count(old, self.time()),
            false => access::clock(self.time()),
        };
        if new != old {
            record.set_access(new);
        }
    }

    /// The record at `key` for a change, if it is there and alive. One past its deadline is
    /// removed.
    #[inline]
    pub fn find_mut(&mut self, key: &[u8]) -> Option<RecordMut<'_>> {
        let hash = self.hash(key);
        let found = self.table(self.index, hash).find(hash, key)?;
        if self.is_dead(&found) {
            self.remove_dead(self.index, key);
            return None;
        }
        let has_dead_fields = found.has_dead_fields(self.now_ms);
        self.note_access(&found);
        if has_dead_fields {
            self.remove_dead_fields(self.index, key);
        }
        self.table_mut(self.index, hash).find_mut(hash, key)
    }

    /// Removes `key` of any locked database if its deadline has passed.
    ///
    /// Followers get an entry of its own, as when the wheel finds the key: the removal is no part
    /// of what the command does, and may be in another database.
    pub fn remove_dead(&mut self, db: usize, key: &[u8]) {
        let hash = self.hash(key);
        let found = self.table(db, hash).find(hash, key);
        let Some(record) = found.filter(|record| self.is_dead(record)) else { return };
        if record.deadline().is_none_or(|deadline| deadline > self.now_ms) {
            self.remove_dead_fields(db, key);
        }
        // A hash of very many dead fields has some left: it goes as a whole.
        let Some(old) = self.table_mut(db, hash).remove(hash, key) else { return };
        self.discard(old);
        self.tally.expired += 1;
        if self.is_followed() {
            self.space.followers.tell_expired(db, key);
        }
        if self.space.has_listeners() {
            self.touch(db, key);
        }
    }

    /// The same for a command that does not write: who waits for the key is served without it.
    pub fn remove_dead_unasked(&mut self, key: &[u8]) {
        self.remove_dead(self.index, key);
        self.space.serve(self.journal.take_ready());
    }

    /// Puts `value` at `key`, whatever was there.
    #[inline]
    pub fn put(&mut self, key: &[u8], value: NewValue<'_>, deadline: Deadline) {
        self.put_in(self.index, key, value, deadline);
    }

    /// Puts `value` at `key` of any locked database.
    pub fn put_in(&mut self, db: usize, key: &[u8], value: NewValue<'_>, deadline: Deadline) {
        if deadline == Deadline::Keep {
            // The deadline of a dead key must not pass on to the value that takes its place.
            self.remove_dead(db, key);
        }
        let hash = self.hash(key);
        let access = access::first(self.time(), self.counts_frequency());
        let is_object = matches!(value, NewValue::Object(_));
        let table = self.table_mut(db, hash);
        table.set_access_of_new_keys(access);
        let old = table.put(hash, key, value, deadline);
        if is_object {
            self.note_fields_of(db, key);
        }
        if let Deadline::At(ms) = deadline {
            self.space.note_deadline(self.shard(db, hash), ms);
        }
        self.discard(old);
    }

    /// Replaces `range` of the packed container at `key`, which is there and alive, by `with`.
    pub fn splice(&mut self, key: &[u8], range: std::ops::Range<usize>, with: &[u8]) {
        let hash = self.hash(key);
        self.table_mut(self.index, hash).splice(hash, key, range, with);
    }

    fn shard(&self, db: usize, hash: u64) -> &'a Shard {
        &self.space.shards(db)[self.space.shard_of(hash)]
    }

    /// Removes `key`; false when it was not there or past its deadline.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.remove_dead(self.index, key);
        let hash = self.hash(key);
        let removed = self.table_mut(self.index, hash).remove(hash, key);
        removed.map(|old| self.discard(old)).is_some()
    }

    /// Sets or takes away the deadline of `key`; false when it is not there.
    pub fn set_deadline(&mut self, key: &[u8], deadline: Option<u64>) -> bool {
        self.remove_dead(self.index, key);
        let hash = self.hash(key);
        let found = self.table_mut(self.index, hash).set_deadline(hash, key, deadline);
        if let Some(ms) = deadline.filter(|_| found) {
            self.space.note_deadline(self.shard(self.index, hash), ms);
        }
        found
    }

    /// Frees what a record owned, in the background if that takes long.
    #[inline]
    fn discard(&self, old: Old) {
        if old.weight() > HEAVY_BYTES {
            self.space.garbage.free(old);
        }
    }

    /// Says that `key` was changed, and how.
    #[inline]
    pub fn changed(&mut self, class: Class, name: &'static str, key: &[u8]) {
        self.journal.changes += 1;
        self.event_in(self.index, class, name, key);
    }

    /// Says that `key` was changed in a way that keyspace notifications do not tell of.
    pub fn changed_silently(&mut self, key: &[u8]) {
        self.journal.changes += 1;
        if self.space.has_listeners() {
            self.touch(self.index, key);
        }
    }

    /// Says that a key of another locked database was changed.
    pub fn changed_in(&mut self, db: usize, class: Class, name: &'static str, key: &[u8]) {
        self.journal.changes += 1;
        self.event_in(db, class, name, key);
    }

    /// Says that a key was changed in a way that only the journal hears of, neither watchers nor
    /// who waits for the key: XACK, or whom XREADGROUP gave an entry.
    pub fn changed_unwatched(&mut self) {
        self.journal.changes += 1;
    }

    /// Tells of a further event of the same change: SET with a deadline is a `set` and an `expire`.
    pub fn event(&mut self, class: Class, name: &'static str, key: &[u8]) {
        self.event_in(self.index, class, name, key);
    }

    #[inline]
    fn event_in(&mut self, db: usize, class: Class, name: &'static str, key: &[u8]) {
        if self.space.followers.want_events() {
            self.journal.note(Event { class, name, db, key: key.into() });
        }
        if self.space.has_listeners() {
            self.touch(db, key);
        }
    }

    /// Tells who watches the key or waits for it.
    #[cold]
    fn touch(&mut self, db: usize, key: &[u8]) {
        let shard = self.shard(db, self.hash(key));
        if self.space.touch(shard, key) {
            self.journal.wake((db, key.into()));
        }
    }

    /// Whether anyone reads the journal.
    #[inline]
    pub fn is_followed(&self) -> bool {
        self.space.followers.any()
    }

    /// Gives the call that replays to the same state, where the one that came would not.
    pub fn replay_as(&mut self, words: &[&[u8]]) {
        if self.is_followed() {
            let call: Call = words.iter().copied().map(Box::from).collect();
            self.journal.replay(call);
        }
    }

    /// Ends the command: its journal entry goes out before its shards are unlocked.
    #[inline]
    pub fn commit<'w>(&mut self, words: impl Iterator<Item = &'w [u8]>) {
        if !self.journal.is_empty() && self.is_followed() {
            self.journal.tell(&self.space.followers, self.index, words);
        }
    }
}
