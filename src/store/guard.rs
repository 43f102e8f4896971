//! Guards: how a thread holds shards.
//!
//! A command locks the shards of its keys and unlocks them when it ends. A transaction holds those
//! of all its commands from beginning to end (`Holding`); each of its commands still locks what it
//! needs, as it always does, and is let in since its own thread is the holder. So nothing but the
//! lock knows of transactions.
//!
//! # Why the unsafe code is sound
//! A guard that owns the lock is what parking_lot's own would be. One that is lent exists only on
//! the thread whose `Holding` owns the lock; a `Holding` never looks into a table, and lends each
//! shard to one guard at a time (`Held::is_lent`). No guard leaves its thread: it is not `Send`.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use super::Table;
use super::keyspace::Shard;

/// A shard that this thread's transaction holds.
struct Held {
    shard: *const Shard,
    is_lent: bool,
}

thread_local! {
    /// What this thread's transaction holds, by address.
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// A locked shard.
pub struct Guard<'a> {
    shard: &'a Shard,
    is_lent: bool,
    stays_here: PhantomData<*const ()>,
}

impl<'a> Guard<'a> {
    /// Waits for the shard, unless this thread holds it already.
    #[inline]
    pub(super) fn lock(shard: &'a Shard) -> Self {
        Guard::try_lock(shard).unwrap_or_else(|| Guard::lock_slowly(shard))
    }

    /// Locks the shard if nobody has.
    #[inline]
    pub(super) fn try_lock(shard: &'a Shard) -> Option<Self> {
        let locked = shard.table.try_lock()?;
        std::mem::forget(locked);
        Some(Guard { shard, is_lent: false, stays_here: PhantomData })
    }

    /// Unlocks the shard. Whoever waits for it has it then, where an ordinary unlock lets this
    /// thread take it again at once.
    pub fn hand_over(self) {
        if !self.is_lent {
            // SAFETY: it was locked when the guard was made, which owns that and is forgotten.
            unsafe { self.shard.table.force_unlock_fair() };
            std::mem::forget(self);
        }
    }

    #[cold]
    fn lock_slowly(shard: &'a Shard) -> Self {
        let is_lent = lend(shard);
        if !is_lent {
            std::mem::forget(shard.table.lock());
        }
        Guard { shard, is_lent, stays_here: PhantomData }
    }
}

/// Notes that a shard is lent, if this thread's transaction holds it.
fn lend(shard: *const Shard) -> bool {
    HELD.with_borrow_mut(|all| {
        let Ok(at) = all.binary_search_by_key(&shard, |held| held.shard) else { return false };
        assert!(!all[at].is_lent, "a command locks a shard once");
        all[at].is_lent = true;
        true
    })
}

impl Deref for Guard<'_> {
    type Target = Table;

    #[inline]
    fn deref(&self) -> &Table {
        // SAFETY: this guard owns the lock, or was lent it; see the module's notes.
        unsafe { &*self.shard.table.data_ptr() }
    }
}

impl DerefMut for Guard<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Table {
        // SAFETY: as above.
        unsafe { &mut *self.shard.table.data_ptr() }
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.is_lent {
            give_back(self.shard);
        } else {
            // SAFETY: it was locked when the guard was made, which owns that.
            unsafe { self.shard.table.force_unlock() };
        }
    }
}

#[cold]
fn give_back(shard: *const Shard) {
    HELD.with_borrow_mut(|all| {
        if let Ok(at) = all.binary_search_by_key(&shard, |held| held.shard) {
            all[at].is_lent = false;
        }
    });
}

/// Shards that a transaction holds until it ends.
pub struct Holding<'a> {
    guards: Vec<Guard<'a>>,
}

impl<'a> Holding<'a> {
    /// Takes what these guards own for this thread, which holds nothing yet.
    pub(super) fn new(guards: Vec<Guard<'a>>) -> Self {
        HELD.with_borrow_mut(|all| {
            assert!(all.is_empty(), "a thread runs one transaction at a time");
            all.extend(guards.iter().map(|guard| Held { shard: guard.shard, is_lent: false }));
            all.sort_unstable_by_key(|held| held.shard);
        });
        Holding { guards }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        HELD.with_borrow_mut(Vec::clear);
        self.guards.clear();
    }
}
