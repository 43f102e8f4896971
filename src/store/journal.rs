//! The journal: the one place where a write is known.
//!
//! A handler that changed a key says so on its `Db`: `changed` (with the name of the keyspace
//! event), and where the call itself would not replay to the same state, `replay_as` with one that
//! does (absolute times for relative ones). When the handler has ended, and before its shards are
//! unlocked, one [`Entry`] goes to every follower. AOF, replicas, WATCH, keyspace notifications and
//! tracking are followers; handlers call none of them.
//!
//! With no follower there is no entry: a write then costs an addition.

use super::DeadFields;
use super::keyspace::Ready;
use parking_lot::RwLock;
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The classes of keyspace events, as `notify-keyspace-events` names them by letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `g`: DEL, EXPIRE, RENAME …
    Generic,
    /// `$`
    String,
    /// `l`
    List,
    /// `s`
    Set,
    /// `h`
    Hash,
    /// `z`
    SortedSet,
    /// `t`
    Stream,
    /// `x`: a deadline has passed.
    Expired,
    /// `e`: `maxmemory` took the key.
    Evicted,
    /// `n`: a key came into being.
    New,
}

/// Something that happened to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its class.
    pub class: Class,
    /// Its name: `set`, `expire`, `del` …
    pub name: &'static str,
    /// The database the key is in.
    pub db: usize,
    /// The key.
    pub key: Box<[u8]>,
}

/// A command's words, owned.
pub type Call = Vec<Box<[u8]>>;

/// What one command, or one expired key, changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The database it ran in.
    pub db: usize,
    /// Calls that replay to the same state; more than one replay as one transaction.
    pub calls: SmallVec<[Call; 1]>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Entry {
    /// A key past its deadline was removed.
    pub fn expired(db: usize, key: &[u8]) -> Self {
        let event = Event { class: Class::Expired, name: "expired", db, key: key.into() };
        Entry { events: vec![event], ..Entry::call(db, &[b"DEL", key]) }
    }

    /// Fields past their deadline were removed, and their key with the last of them.
    pub fn fields_expired(db: usize, dead: &DeadFields<'_>) -> Self {
        let event = |class, name| Event { class, name, db, key: dead.key.into() };
        let mut events = vec![event(Class::Hash, "hexpired")];
        if dead.old.is_some() {
            events.push(event(Class::Generic, "del"));
        }
        let mut words: Vec<&[u8]> = vec![b"HDEL", dead.key];
        words.extend(dead.fields.iter().map(|field| &**field));
        Entry { events, ..Entry::call(db, &words) }
    }

    /// A call, and no event.
    pub fn call(db: usize, words: &[&[u8]]) -> Self {
        let call = words.iter().copied().map(Box::from).collect();
        Entry { db, calls: smallvec::smallvec![call], events: Vec::new() }
    }
}

/// Reads the journal. `follow` is called with the entry's shards locked: it must be quick and must
/// not touch the keyspace.
pub trait Follower: Send + Sync {
    /// Takes note of an entry.
    fn follow(&self, entry: &Entry);
}

/// Everyone who reads the journal.
#[derive(Default)]
pub struct Followers {
    count: AtomicUsize,
    list: RwLock<Vec<Arc<dyn Follower>>>,
}

impl Followers {
    /// Whether anyone reads: if not, no entry needs to be made.
    #[inline]
    pub fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Adds a reader.
    pub fn add(&self, follower: Arc<dyn Follower>) {
        let mut list = self.list.write();
        list.push(follower);
        self.count.store(list.len(), Ordering::Relaxed);
    }

    /// Gives an entry to every reader.
    pub fn tell(&self, entry: &Entry) {
        for follower in self.list.read().iter() {
            follower.follow(entry);
        }
    }
}

/// What the running command has changed so far. Small, since every command begins with one: what
/// followers want to know is kept apart.
#[derive(Default)]
pub struct Journal {
    /// How many changes: INFO's rdb_changes_since_last_save adds these up.
    pub changes: u64,
    told: Option<Box<Told>>,
}

/// What followers want to know, and who waits for a key. Never made while nobody does.
#[derive(Default)]
struct Told {
    ready: Vec<Ready>,
    events: Vec<Event>,
    instead: SmallVec<[Call; 1]>,
}

impl Journal {
    /// True when the command left the keyspace as it was.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.changes == 0 && self.told.is_none()
    }

    /// Notes that something happened.
    #[cold]
    pub fn note(&mut self, event: Event) {
        self.told.get_or_insert_default().events.push(event);
    }

    /// Notes a call that replays instead of the command as it came.
    #[cold]
    pub fn replay(&mut self, call: Call) {
        self.told.get_or_insert_default().instead.push(call);
    }

    /// Notes that a key was changed that somebody waits for.
    #[cold]
    pub fn wake(&mut self, ready: Ready) {
        self.told.get_or_insert_default().ready.push(ready);
    }

    /// Keys that were changed and that somebody waits for.
    #[inline]
    pub fn take_ready(&mut self) -> Vec<Ready> {
        self.told.as_mut().map(|told| std::mem::take(&mut told.ready)).unwrap_or_default()
    }

    /// The entry for a command that came as `words` and ran in `db`.
    pub fn entry<'w>(&mut self, db: usize, words: impl Iterator<Item = &'w [u8]>) -> Entry {
        let told = &mut **self.told.get_or_insert_default();
        let mut calls = std::mem::take(&mut told.instead);
        if calls.is_empty() && self.changes > 0 {
            calls.push(words.map(Box::from).collect());
        }
        Entry { db, calls, events: std::mem::take(&mut told.events) }
    }
}
