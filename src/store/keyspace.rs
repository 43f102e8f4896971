//! The keyspace: databases, each split by key hash into shards, each shard behind its own lock.
//!
//! ```text
//! key ── hash ─┬─ top bits: which shard      dbs[db].shards[shard] = Mutex<Table>
//!              └─ the rest: where in its table
//! ```
//! Whoever needs several shards locks them in ascending order of (database, shard), so that no two
//! commands can wait for each other. Nothing does I/O, and nothing awaits, while a shard is locked.
//!
//! A shard's `due` is the earliest deadline it may hold, readable without the lock: the expiry
//! thread passes by 255 of 256 shards without touching them.

use super::garbage::HEAVY_BYTES;
use super::guard::{Guard, Holding};
use super::hash::hash_key;
use super::journal::{Entry, Followers};
use super::listeners::{Listeners, Touched};
use super::snapshot::Underway;
use super::{Garbage, Limits, Place, Table};
use parking_lot::{Mutex, MutexGuard};
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// The hash of keys takes its shard from at most this many top bits.
pub const MOST_SHARD_BITS: u32 = 10;
/// `proto-max-bulk-len` unless it is configured.
const LONGEST_STRING_BYTES: usize = 512 * 1024 * 1024;

/// A shard of a database. Aligned, so that two locks never share a cache line.
#[repr(align(128))]
pub struct Shard {
    pub(super) table: Mutex<Table>,
    due: AtomicU64,
    listeners: Mutex<Option<Box<Listeners>>>,
}

impl Shard {
    fn new() -> Self {
        Shard {
            table: Mutex::new(Table::new()),
            due: AtomicU64::new(u64::MAX),
            listeners: Mutex::default(),
        }
    }

    /// Locks the shard.
    #[inline]
    pub fn lock(&self) -> Guard<'_> {
        Guard::lock(self)
    }

    /// Locks the shard unless somebody else has.
    #[inline]
    pub fn try_lock(&self) -> Option<Guard<'_>> {
        Guard::try_lock(self)
    }

    /// No key of the shard has a deadline before this moment (ms).
    pub fn due(&self) -> u64 {
        self.due.load(Ordering::Relaxed)
    }

    /// Says when the next deadline is, under the shard's lock.
    pub fn set_due(&self, ms: u64) {
        self.due.store(ms, Ordering::Relaxed);
    }
}

/// A key that was changed and that somebody waits for: its database and its name.
pub type Ready = (usize, Box<[u8]>);

/// All databases.
pub struct Keyspace {
    dbs: Box<[OnceLock<Box<[Shard]>>]>,
    shard_bits: u32,
    /// Held while a database comes into use. Whoever has it waits for nothing.
    creating: Mutex<()>,
    /// The snapshot under way.
    pub(super) underway: Underway,
    /// How many listeners there are in all shards.
    listeners: AtomicUsize,
    /// Keys that somebody waits for and that were changed by no command of a client: by expiry,
    /// FLUSHALL, SWAPDB.
    ready: Mutex<Vec<Ready>>,
    has_ready: AtomicBool,
    /// Who reads the journal.
    pub followers: Followers,
    /// Where large values go to be freed.
    pub garbage: Garbage,
    /// Whether accesses are counted by frequency (`maxmemory-policy *-lfu`) instead of time.
    pub counts_frequency: AtomicBool,
    /// How long a string may become by an edit (`proto-max-bulk-len`).
    pub longest_string_bytes: AtomicUsize,
    /// Up to which size containers are packed.
    pub limits: Limits,
    /// Whether deadlines are acted upon without being looked at (DEBUG SET-ACTIVE-EXPIRE).
    pub active_expiry: AtomicBool,
    /// When the expiry thread will wake next (ms), and how to wake it earlier.
    pub alarm: Alarm,
}

/// The expiry thread's next wake-up. Writers that bring an earlier deadline wake it, once.
#[derive(Default)]
pub struct Alarm {
    wakes_at: AtomicU64,
    thread: OnceLock<std::thread::Thread>,
}

impl Alarm {
    /// Names the thread that sleeps on this alarm: the caller's.
    pub fn adopt(&self) {
        self.thread.get_or_init(std::thread::current);
    }

    /// Notes until when the thread sleeps.
    pub fn sleeps_until(&self, ms: u64) {
        self.wakes_at.store(ms, Ordering::SeqCst);
    }

    /// Wakes the thread if it would sleep past `ms`.
    pub fn ring_before(&self, ms: u64) {
        if ms < self.wakes_at.load(Ordering::SeqCst)
            && ms < self.wakes_at.fetch_min(ms, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

impl Keyspace {
    /// An empty keyspace of `databases` databases, each of 2^`shard_bits` shards.
    pub fn new(databases: usize, shard_bits: u32) -> Self {
        assert!(shard_bits <= MOST_SHARD_BITS, "tables use the hash below the shard's bits");
        Keyspace {
            dbs: (0..databases).map(|_| OnceLock::new()).collect(),
            shard_bits,
            creating: Mutex::default(),
            underway: Underway::default(),
            listeners: AtomicUsize::new(0),
            ready: Mutex::default(),
            has_ready: AtomicBool::new(false),
            followers: Followers::default(),
            garbage: Garbage::start(),
            counts_frequency: AtomicBool::new(false),
            longest_string_bytes: AtomicUsize::new(LONGEST_STRING_BYTES),
            limits: Limits::default(),
            active_expiry: AtomicBool::new(true),
            alarm: Alarm::default(),
        }
    }

    /// How many databases there are.
    pub fn databases(&self) -> usize {
        self.dbs.len()
    }

    /// How many shards a database has.
    pub fn shard_count(&self) -> usize {
        1 << self.shard_bits
    }

    /// The shard that a hash falls into.
    #[inline]
    pub fn shard_of(&self, hash: u64) -> usize {
        // Two shifts: with one shard the first alone would be a shift by 64.
        ((hash >> 1) >> (63 - self.shard_bits)) as usize
    }

    /// The shards of a database, made when first asked for.
    #[inline]
    pub fn shards(&self, db: usize) -> &[Shard] {
        match self.dbs[db].get() {
            Some(shards) => shards,
            None => self.first_use(db),
        }
    }

    #[cold]
    fn first_use(&self, db: usize) -> &[Shard] {
        let _creating = self.creating.lock();
        self.dbs[db].get_or_init(|| (0..self.shard_count()).map(|_| Shard::new()).collect())
    }

    /// The shards of a database that has ever been used.
    pub fn used_shards(&self, db: usize) -> Option<&[Shard]> {
        self.dbs[db].get().map(|shards| &**shards)
    }

    /// How many keys a database holds, those past their deadline included; and how many have one.
    pub fn count(&self, db: usize) -> (usize, usize) {
        let shards = self.used_shards(db).unwrap_or_default();
        shards.iter().fold((0, 0), |(keys, volatile), shard| {
            let table = shard.lock();
            (keys + table.len(), volatile + table.volatile_len())
        })
    }

    /// Bytes that the tables of a database take.
    pub fn memory_bytes(&self, db: usize) -> usize {
        let shards = self.used_shards(db).unwrap_or_default();
        shards.iter().map(|shard| shard.lock().memory_bytes()).sum()
    }

    /// Notes a deadline, so that the expiry thread comes in time. Called under the shard's lock.
    pub fn note_deadline(&self, shard: &Shard, ms: u64) {
        if ms < shard.due() {
            shard.set_due(ms);
            self.alarm.ring_before(ms);
        }
    }

    /// Locks every shard of these databases, in order.
    pub fn lock_all(&self, dbs: impl Iterator<Item = usize>) -> Vec<LockedDb<'_>> {
        let lock_db = |db| (db, self.shards(db).iter().map(Shard::lock).collect());
        dbs.map(lock_db).collect()
    }

    /// Locks every shard of those of these databases that are in use. None comes into use before
    /// the second part is dropped.
    pub(super) fn lock_used(&self, dbs: Range<usize>) -> (Vec<LockedDb<'_>>, MutexGuard<'_, ()>) {
        let used = || dbs.clone().filter(|db| self.used_shards(*db).is_some());
        loop {
            let locked = self.lock_all(used());
            // After the shards, since threads that have some of them may wait for it.
            let creating = self.creating.lock();
            if locked.iter().map(|(db, _)| *db).eq(used()) {
                return (locked, creating);
            }
        }
    }

    /// Holds the shards of `places` for this thread's transaction; of all keys, where there are no
    /// places.
    pub fn hold(&self, places: Option<&[Place<'_>]>) -> Holding<'_> {
        let Some(places) = places else {
            let all = (0..self.databases()).flat_map(|db| self.shards(db));
            return Holding::new(all.map(Shard::lock).collect());
        };
        let mut shards: Vec<(usize, usize)> = places
            .iter()
            .filter(|place| place.db < self.databases())
            .map(|place| (place.db, self.shard_of(hash_key(place.key))))
            .collect();
        shards.sort_unstable();
        shards.dedup();
        Holding::new(shards.iter().map(|(db, shard)| self.shards(*db)[*shard].lock()).collect())
    }

    /// Whether anyone wants to know of changes.
    #[inline]
    pub(super) fn has_listeners(&self) -> bool {
        self.listeners.load(Ordering::Relaxed) > 0
    }

    /// Has `touched` told of the next change of the key. To be called with its shard locked.
    pub fn watch(&self, place: &Place<'_>, touched: &Touched) {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        self.listeners_of(place).lock().get_or_insert_default().watch(place.key, touched);
    }

    /// Ends a watch.
    pub fn unwatch(&self, place: &Place<'_>, touched: &Touched) {
        let mut listeners = self.listeners_of(place).lock();
        if listeners.get_or_insert_default().unwatch(place.key, touched) {
            self.listeners.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Notes that a client waits for the key. To be called with its shard locked.
    pub fn expect(&self, place: &Place<'_>) {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        self.listeners_of(place).lock().get_or_insert_default().expect(place.key);
    }

    /// Notes that the client waits no longer.
    pub fn forget(&self, place: &Place<'_>) {
        self.listeners_of(place).lock().get_or_insert_default().forget(place.key);
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }

    fn listeners_of(&self, place: &Place<'_>) -> &Mutex<Option<Box<Listeners>>> {
        &self.shards(place.db)[self.shard_of(hash_key(place.key))].listeners
    }

    /// Tells the listeners of a key that it was changed; true when somebody waits for it. To be
    /// called with its shard locked.
    #[cold]
    pub(super) fn touch(&self, shard: &Shard, key: &[u8]) -> bool {
        let mut listeners = shard.listeners.lock();
        let Some(listeners) = listeners.as_mut() else { return false };
        let told = listeners.touch(key);
        self.listeners.fetch_sub(told, Ordering::Relaxed);
        listeners.is_awaited(key)
    }

    /// As `touch`, for what no client's command did: who waits is served by `take_ready`.
    pub fn touch_unasked(&self, db: usize, shard: &Shard, key: &[u8]) {
        if self.has_listeners() && self.touch(shard, key) {
            self.serve(vec![(db, key.into())]);
        }
    }

    /// Leaves keys that somebody waits for to `take_ready`.
    pub(super) fn serve(&self, ready: Vec<Ready>) {
        if !ready.is_empty() {
            self.ready.lock().extend(ready);
            self.has_ready.store(true, Ordering::Release);
        }
    }

    /// Keys that were changed by no client's command and that somebody waits for.
    pub fn take_ready(&self) -> Vec<Ready> {
        if !self.has_ready.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut ready = self.ready.lock();
        self.has_ready.store(false, Ordering::Release);
        std::mem::take(&mut ready)
    }

    /// Touches the keys of a shard that are in one of these tables: they go, or come, all at once.
    fn touch_present(&self, db: usize, shard: &Shard, tables: &[&Table]) {
        if !self.has_listeners() {
            return;
        }
        let keys = shard.listeners.lock().as_ref().map(|all| all.keys()).unwrap_or_default();
        let is_present =
            |key: &[u8]| tables.iter().any(|table| table.find(hash_key(key), key).is_some());
        for key in keys.iter().filter(|key| is_present(key)) {
            self.touch_unasked(db, shard, key);
        }
    }

    /// Empties a database at one moment. What was in it comes back, for the caller to free.
    pub fn flush_db(&self, db: usize) -> Flushed {
        self.empty(db..db + 1, || self.tell_flush(db, b"FLUSHDB"))
    }

    /// Empties all databases at one moment, as a client in database `db` asks for it; `at_moment`
    /// is called while every key is locked.
    pub fn flush_all(&self, db: usize, at_moment: impl Fn()) -> Flushed {
        self.empty(0..self.databases(), || {
            at_moment();
            self.tell_flush(db, b"FLUSHALL");
        })
    }

    fn tell_flush(&self, db: usize, call: &[u8]) {
        if self.followers.any() {
            self.followers.tell(&Entry::call(db, &[call]));
        }
    }

    /// Empties databases at one moment; at it, `tell` is called.
    pub(super) fn empty(&self, dbs: Range<usize>, tell: impl Fn()) -> Flushed {
        let mut flushed = Flushed::default();
        let (mut locked, creating) = self.lock_used(dbs);
        tell();
        drop(creating);
        for (db, guards) in &mut locked {
            for (shard, guard) in self.shards(*db).iter().zip(guards) {
                if !guard.is_empty() {
                    self.touch_present(*db, shard, &[&**guard]);
                    shard.set_due(u64::MAX);
                    let table = std::mem::take(&mut **guard);
                    flushed.keys += table.len();
                    flushed.memory_bytes += table.memory_bytes();
                    // One that a snapshot still needs is freed by it.
                    flushed.tables.extend(self.underway.keep(table));
                }
            }
        }
        flushed
    }

    /// Exchanges two databases at one moment; says how many keys that were dead it removed.
    pub fn swap(&self, a: usize, b: usize, now_ms: u64) -> usize {
        if a == b {
            return 0;
        }
        let (low, high) = (a.min(b), a.max(b));
        let mut locked = self.lock_all([low, high].into_iter());
        let removed = self.remove_awaited_dead(&mut locked, now_ms);
        if self.followers.any() {
            let [low, high] = [low, high].map(|db| db.to_string());
            self.followers.tell(&Entry::call(0, &[b"SWAPDB", low.as_bytes(), high.as_bytes()]));
        }
        let (_, mut high_guards) = locked.pop().expect("two databases are locked");
        let (_, mut low_guards) = locked.pop().expect("two databases are locked");
        for (at, (one, other)) in low_guards.iter_mut().zip(&mut high_guards).enumerate() {
            for db in [low, high] {
                self.touch_present(db, &self.shards(db)[at], &[&**one, &**other]);
            }
            std::mem::swap(&mut **one, &mut **other);
            for (db, table) in [(low, &*one), (high, &*other)] {
                let shard = &self.shards(db)[at];
                shard.set_due(u64::MAX);
                self.note_deadline(shard, table.next_due());
            }
        }
        removed
    }

    /// Removes dead keys from databases that change places, as far as somebody listens to them in
    /// one of these: they would count as present, and as having died, where they come to. Says how
    /// many there were.
    fn remove_awaited_dead(&self, locked: &mut [LockedDb<'_>], now_ms: u64) -> usize {
        if !self.has_listeners() {
            return 0;
        }
        let dbs: Vec<usize> = locked.iter().map(|(db, _)| *db).collect();
        let mut removed = 0;
        for at in 0..self.shard_count() {
            let listeners = dbs.iter().map(|db| self.shards(*db)[at].listeners.lock());
            let keys: Vec<_> =
                listeners.flat_map(|all| all.as_ref().map(|all| all.keys())).flatten().collect();
            for (db, guards) in &mut *locked {
                let is_removed =
                    |key| self.remove_dead(&mut guards[at], &Place { db: *db, key }, now_ms);
                removed += keys.iter().map(|key| &**key).filter_map(is_removed).count();
            }
        }
        removed
    }

    /// Removes a key of this table if it is dead, as expiry does.
    fn remove_dead(&self, table: &mut Table, place: &Place<'_>, now_ms: u64) -> Option<()> {
        let Place { db, key } = *place;
        let hash = hash_key(key);
        table.find(hash, key).filter(|record| record.is_dead(now_ms))?;
        let old = table.remove(hash, key)?;
        if self.followers.any() {
            self.followers.tell_expired(db, key);
        }
        self.touch_unasked(db, &self.shards(db)[self.shard_of(hash)], key);
        if old.weight() > HEAVY_BYTES {
            self.garbage.free(old);
        }
        Some(())
    }
}

/// A database with all its shards locked: its number, and the tables in order.
pub type LockedDb<'a> = (usize, Vec<Guard<'a>>);

/// What was in databases that were emptied. Dropping it frees that.
#[must_use = "dropping it may take long: the caller chooses where"]
#[derive(Default)]
pub struct Flushed {
    tables: Vec<Table>,
    keys: usize,
    memory_bytes: usize,
}

impl Flushed {
    /// How many keys there were.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// How much memory they take.
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}
