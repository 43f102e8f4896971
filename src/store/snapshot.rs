//! Snapshots: all keys as they were at one moment, while clients go on writing.
//!
//! ```text
//! begin   every shard locked for a moment: each table turns its bit (table/snapshot.rs)
//! step    one segment of one table under its shard's lock: at most 1152 records
//! writer  about to change a record that was not passed yet: hands it over first
//! ```
//! No fork, no copy of the data: what a snapshot costs in memory is what is written meanwhile.
//! SAVE, BGSAVE, the rewriting of the append-only file and full synchronizations are its users.
//!
//! Long strings and containers with an allocation of their own are shared, and shown without any
//! lock. A writer that wants to change such a container meanwhile gets a copy, once.

#[cfg(test)]
mod tests;

use super::handed::Saved;
use super::table::{Found, Table};
use super::{Guard, Keyspace, Shard};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Takes the records of a snapshot.
pub trait Visitor {
    /// A short record, shown under its shard's lock: this is to take microseconds, and no I/O.
    fn small(&mut self, record: Saved<'_>);

    /// A record shown while no lock is held.
    fn large(&mut self, record: Saved<'_>);
}

/// What the keyspace knows of the snapshot under way.
#[derive(Default)]
pub(super) struct Underway {
    /// One is under way.
    is_on: AtomicBool,
    /// Tables with something still to be saved.
    tables: AtomicUsize,
    /// Tables that were flushed before they were saved.
    flushed: Mutex<Vec<Table>>,
}

impl Underway {
    /// Takes a table that was flushed, if it is still to be saved; gives it back otherwise.
    pub(super) fn keep(&self, table: Table) -> Option<Table> {
        if !table.is_being_saved() {
            return Some(table);
        }
        self.flushed.lock().push(table);
        None
    }
}

/// How many keys a database held at the moment of the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DbSize {
    /// The database.
    pub db: usize,
    /// Keys, those past their deadline included.
    pub keys: usize,
    /// Keys with a deadline.
    pub volatile: usize,
}

/// A snapshot under way.
pub struct Snapshot<'a> {
    space: &'a Keyspace,
    sizes: Vec<DbSize>,
    /// Where the walk over the shards is: database, shard.
    at: (usize, usize),
}

impl Keyspace {
    /// Begins a snapshot of this moment, unless one is under way. `at_moment` runs while every
    /// shard is locked: what was written before is in the snapshot, what comes after is not.
    pub fn begin_snapshot(&self, at_moment: &mut dyn FnMut()) -> Option<Snapshot<'_>> {
        if self.underway.is_on.swap(true, Ordering::SeqCst) {
            return None;
        }
        let (mut locked, creating) = self.lock_used(0..self.databases());
        let mut sizes = Vec::new();
        let mut tables = 0;
        for (db, guards) in &mut locked {
            let mut size = DbSize { db: *db, keys: 0, volatile: 0 };
            for table in guards {
                size.keys += table.len();
                size.volatile += table.volatile_len();
                tables += usize::from(table.begin_snapshot(*db));
            }
            if size.keys > 0 {
                sizes.push(size);
            }
        }
        self.underway.tables.store(tables, Ordering::SeqCst);
        at_moment();
        drop(locked);
        drop(creating);
        Some(Snapshot { space: self, sizes, at: (0, 0) })
    }
}

impl Snapshot<'_> {
    /// How many keys there are, by database; empty databases are left out.
    pub fn sizes(&self) -> &[DbSize] {
        &self.sizes
    }

    /// Shows some more records; false when there were none left. Between two steps nothing is
    /// locked.
    pub fn step(&mut self, visitor: &mut dyn Visitor) -> bool {
        while self.space.underway.tables.load(Ordering::SeqCst) > 0 {
            let found = match self.next_shard() {
                Some(shard) => {
                    let found = save(&mut shard.lock(), visitor);
                    self.at.1 += usize::from(found.is_none());
                    found
                }
                // The end of a pass; SWAPDB may have moved tables to where it has been already.
                None => {
                    self.at = (0, 0);
                    self.save_flushed(visitor)
                }
            };
            let Some(found) = found else { continue };
            found.aside.each(found.db, &mut |saved| visitor.large(saved));
            if found.is_last {
                self.space.underway.tables.fetch_sub(1, Ordering::SeqCst);
            }
            return true;
        }
        false
    }

    /// The shard to look at, from where the walk is; `None` at the end of them all.
    fn next_shard(&mut self) -> Option<&Shard> {
        while self.at.0 < self.space.databases() {
            let shards = self.space.used_shards(self.at.0).unwrap_or_default();
            if let Some(shard) = shards.get(self.at.1) {
                return Some(shard);
            }
            self.at = (self.at.0 + 1, 0);
        }
        None
    }

    /// A step over a table that was flushed meanwhile, which nobody else knows any more.
    fn save_flushed(&mut self, visitor: &mut dyn Visitor) -> Option<Found> {
        let flushed = &self.space.underway.flushed;
        let mut table = flushed.lock().pop()?;
        let found = table.save_segment(&mut |saved| visitor.large(saved));
        if table.is_being_saved() {
            flushed.lock().push(table);
        }
        found
    }
}

fn save(table: &mut Guard<'_>, visitor: &mut dyn Visitor) -> Option<Found> {
    table.save_segment(&mut |saved| visitor.small(saved))
}

impl Drop for Snapshot<'_> {
    /// A snapshot that is given up walks to its end for nobody: the bits of all records are to
    /// agree before the next one begins.
    fn drop(&mut self) {
        struct Nobody;
        impl Visitor for Nobody {
            fn small(&mut self, _: Saved<'_>) {}
            fn large(&mut self, _: Saved<'_>) {}
        }
        while self.step(&mut Nobody) {}
        self.space.underway.is_on.store(false, Ordering::SeqCst);
    }
}
