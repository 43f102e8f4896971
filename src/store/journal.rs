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
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

/// A call of a transaction, with the database it runs in.
pub type PlacedCall = (usize, Call);

/// What one command, one transaction or one expired key changed.
pub struct Entry<'a> {
    /// The database it ran in.
    pub db: usize,
    calls: Calls<'a>,
    /// What happened, in order. Noted only where a follower wants to know.
    pub events: &'a [Event],
}

/// Calls that replay to the same state.
#[derive(Clone, Copy)]
enum Calls<'a> {
    /// The call as it came.
    Sent(&'a [&'a [u8]]),
    /// Others, in its place; more than one replay as one transaction.
    Instead(&'a [Call]),
    /// Those of a transaction.
    Placed(&'a [PlacedCall]),
}

impl<'a> Entry<'a> {
    /// A call, and no event.
    pub fn call(db: usize, words: &'a [&'a [u8]]) -> Self {
        Entry { db, calls: Calls::Sent(words), events: &[] }
    }

    /// Whether there is nothing to replay: something happened that changed no data.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Whether its calls are to be replayed as one: MULTI … EXEC.
    pub fn is_transaction(&self) -> bool {
        self.count() > 1
    }

    fn count(&self) -> usize {
        match self.calls {
            Calls::Sent(words) => usize::from(!words.is_empty()),
            Calls::Instead(calls) => calls.len(),
            Calls::Placed(calls) => calls.len(),
        }
    }

    /// Shows the calls in order, each with its database.
    pub fn each_call(&self, visit: &mut dyn FnMut(usize, &[&[u8]])) {
        let mut words: SmallVec<[&[u8]; 16]> = SmallVec::new();
        let mut show = |db: usize, call: &'a Call| {
            words.clear();
            words.extend(call.iter().map(|word| &**word));
            visit(db, &words);
        };
        match self.calls {
            Calls::Sent([]) => {}
            Calls::Sent(words) => visit(self.db, words),
            Calls::Instead(calls) => calls.iter().for_each(|call| show(self.db, call)),
            Calls::Placed(calls) => calls.iter().for_each(|(db, call)| show(*db, call)),
        }
    }
}

/// Reads the journal. `follow` is called with the entry's shards locked: it must be quick, must not
/// touch the keyspace and must do no I/O.
pub trait Follower: Send + Sync {
    /// Takes note of an entry.
    fn follow(&self, entry: &Entry<'_>);

    /// Whether it wants to know what happened to which key, beside the calls that replay it.
    fn wants_events(&self) -> bool {
        false
    }
}

/// Everyone who reads the journal.
#[derive(Default)]
pub struct Followers {
    count: AtomicUsize,
    wants_events: AtomicBool,
    list: ArcSwap<Vec<Arc<dyn Follower>>>,
    /// One change of the list at a time.
    change: Mutex<()>,
}

impl Followers {
    /// Whether anyone reads: if not, no entry needs to be made.
    #[inline]
    pub fn any(&self) -> bool {
        self.count.load(Ordering::Relaxed) > 0
    }

    /// Whether anyone reads events.
    #[inline]
    pub fn want_events(&self) -> bool {
        self.wants_events.load(Ordering::Relaxed)
    }

    /// Adds a reader. What is written from here on reaches it; who needs to know exactly from where
    /// on adds it while every shard is locked.
    pub fn add(&self, follower: Arc<dyn Follower>) {
        self.change_list(|list| list.push(follower));
    }

    /// Takes a reader off.
    pub fn remove(&self, follower: &Arc<dyn Follower>) {
        self.change_list(|list| list.retain(|other| !Arc::ptr_eq(other, follower)));
    }

    fn change_list(&self, change: impl FnOnce(&mut Vec<Arc<dyn Follower>>)) {
        let _changing = self.change.lock();
        let mut list = Vec::clone(&self.list.load());
        change(&mut list);
        self.count.store(list.len(), Ordering::Relaxed);
        let wants_events = list.iter().any(|follower| follower.wants_events());
        self.wants_events.store(wants_events, Ordering::Relaxed);
        self.list.store(Arc::new(list));
    }

    /// Gives an entry to every reader, or to this thread's transaction.
    pub fn tell(&self, entry: &Entry<'_>) {
        if !collect(entry) {
            self.list.load().iter().for_each(|follower| follower.follow(entry));
        }
    }

    /// A key past its deadline was removed.
    pub fn tell_expired(&self, db: usize, key: &[u8]) {
        let event = || Event { class: Class::Expired, name: "expired", db, key: key.into() };
        let events: SmallVec<[Event; 1]> = self.want_events().then(event).into_iter().collect();
        self.tell(&Entry { events: &events, ..Entry::call(db, &[b"DEL", key]) });
    }

    /// Fields past their deadline were removed, and their key with the last of them.
    pub fn tell_fields_expired(&self, db: usize, dead: &DeadFields<'_>) {
        let event = |class, name| Event { class, name, db, key: dead.key.into() };
        let mut events = Vec::new();
        if self.want_events() {
            events.push(event(Class::Hash, "hexpired"));
            events.extend(dead.old.as_ref().map(|_| event(Class::Generic, "del")));
        }
        let mut words: Vec<&[u8]> = vec![b"HDEL", dead.key];
        words.extend(dead.fields.iter().map(|field| &**field));
        self.tell(&Entry { events: &events, ..Entry::call(db, &words) });
    }

    /// From here on, until what comes back is dropped, everything that this thread writes is one
    /// entry. Its shards are locked, and stay so until then.
    pub fn begin_transaction(&self) -> Whole<'_> {
        if self.any() {
            COLLECTED.set(Some(Box::default()));
        }
        Whole { followers: self }
    }
}

/// What a transaction has written so far.
#[derive(Default)]
struct Collected {
    calls: Vec<PlacedCall>,
    events: Vec<Event>,
}

thread_local! {
    /// The transaction that this thread runs, while somebody reads the journal.
    static COLLECTED: Cell<Option<Box<Collected>>> = const { Cell::new(None) };
}

/// Adds an entry to this thread's transaction; false when it runs none.
fn collect(entry: &Entry<'_>) -> bool {
    let Some(mut collected) = COLLECTED.take() else { return false };
    entry.each_call(&mut |db, words| {
        collected.calls.push((db, words.iter().copied().map(Box::from).collect()));
    });
    collected.events.extend_from_slice(entry.events);
    COLLECTED.set(Some(collected));
    true
}

/// A transaction that is to be one entry.
pub struct Whole<'a> {
    followers: &'a Followers,
}

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        let Some(collected) = COLLECTED.take() else { return };
        let Collected { calls, events } = *collected;
        if !calls.is_empty() || !events.is_empty() {
            let db = calls.first().map_or(0, |(db, _)| *db);
            self.followers.tell(&Entry { db, calls: Calls::Placed(&calls), events: &events });
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

    /// Tells of a command that came as `words` and ran in `db`.
    pub fn tell<'w>(
        &mut self,
        followers: &Followers,
        db: usize,
        words: impl Iterator<Item = &'w [u8]>,
    ) {
        let told = self.told.take();
        let (events, instead) = match &told {
            Some(told) => (&told.events[..], &told.instead[..]),
            None => (&[][..], &[][..]),
        };
        if !instead.is_empty() {
            followers.tell(&Entry { db, calls: Calls::Instead(instead), events });
        } else if self.changes > 0 {
            let words: SmallVec<[&[u8]; 16]> = words.collect();
            followers.tell(&Entry { db, calls: Calls::Sent(&words), events });
        } else if !events.is_empty() {
            followers.tell(&Entry { db, calls: Calls::Sent(&[]), events });
        }
        self.told = told;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps entries: `0 INCR a; 3 DEL b`.
    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Follower for Heard {
        fn follow(&self, entry: &Entry<'_>) {
            let mut calls = Vec::new();
            entry.each_call(&mut |db, words| {
                let words: Vec<_> = words.iter().map(|w| String::from_utf8_lossy(w)).collect();
                calls.push(format!("{db} {}", words.join(" ")));
            });
            assert_eq!(entry.is_transaction(), calls.len() > 1);
            self.0.lock().push(calls.join("; "));
        }
    }

    #[test]
    fn a_transaction_is_one_entry_and_one_that_wrote_nothing_is_none() {
        let (followers, heard) = (Followers::default(), Arc::new(Heard::default()));
        followers.add(heard.clone());
        drop(followers.begin_transaction());
        let whole = followers.begin_transaction();
        followers.tell(&Entry::call(0, &[b"INCR", b"a"]));
        followers.tell_expired(3, b"b");
        assert!(heard.0.lock().is_empty());
        drop(whole);
        followers.tell(&Entry::call(1, &[b"INCR", b"c"]));
        assert_eq!(*heard.0.lock(), ["0 INCR a; 3 DEL b", "1 INCR c"]);
    }

    #[test]
    fn a_reader_that_left_hears_nothing_and_nobody_reads() {
        let (followers, heard) = (Followers::default(), Arc::new(Heard::default()));
        let follower: Arc<dyn Follower> = heard.clone();
        followers.add(follower.clone());
        followers.remove(&follower);
        assert!(!followers.any());
        followers.tell(&Entry::call(1, &[b"INCR", b"c"]));
        assert!(heard.0.lock().is_empty());
    }
}
