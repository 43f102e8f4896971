//! What a snapshot leaves with one table, and how the table keeps the moment for it.
//!
//! Each record carries one bit, and so does the table: they differ while the record is still to be
//! saved. A snapshot begins by turning the table's bit. Whoever changes or removes a record that
//! still differs hands it over first, as it is; records made later carry the new bit from the
//! start. The walk goes along the prefixes of hashes, as SCAN's does, so that segments may split
//! and merge meanwhile; a record met twice is known by its bit.

use super::super::arena::Reference;
use super::super::handed::{Handed, Saved};
use super::super::record::{Kind, Record};
use super::{Place, Table};

/// How many records ahead of the one that is saved are fetched.
const AHEAD: usize = 8;

/// What is still to be saved of a table.
pub(super) struct TableSnapshot {
    /// The database that the table was of.
    db: usize,
    /// Where the walk goes on.
    prefix: u64,
    handed: Handed,
}

/// What one step over a table found.
pub(in crate::store) struct Found {
    /// The database that the table was of.
    pub(in crate::store) db: usize,
    /// Records to be looked at without the lock.
    pub(in crate::store) aside: Handed,
    /// All is saved.
    pub(in crate::store) is_last: bool,
}

impl Table {
    /// Begins a snapshot; false where there is nothing to be saved.
    pub(in crate::store) fn begin_snapshot(&mut self, db: usize) -> bool {
        if self.is_empty() {
            return false;
        }
        self.epoch = !self.epoch;
        self.snapshot = Some(Box::new(TableSnapshot { db, prefix: 0, handed: Handed::default() }));
        true
    }

    /// Whether something is still to be saved.
    pub(in crate::store) fn is_being_saved(&self) -> bool {
        self.snapshot.is_some()
    }

    /// Shows the records of one more segment that are to be saved, short ones at once. `None` when
    /// the table takes no part in a snapshot.
    pub(in crate::store) fn save_segment(
        &mut self,
        visit: &mut dyn FnMut(Saved<'_>),
    ) -> Option<Found> {
        let mut snapshot = self.snapshot.take()?;
        let mut aside = std::mem::take(&mut snapshot.handed);
        let db = snapshot.db;
        let mut next = None;
        if !self.directory.is_unused() {
            let segment;
            (segment, next) = self.directory.segment_at(snapshot.prefix);
            let mut ahead = segment.references().skip(AHEAD);
            for reference in segment.references() {
                if let Some(later) = ahead.next() {
                    self.arena.block(later).prefetch();
                }
                let block = self.arena.block(reference);
                if block.epoch() == self.epoch {
                    continue;
                }
                block.set_epoch(self.epoch);
                match block.shape().kind {
                    Kind::Shared | Kind::Object => self.set_aside(reference, &mut aside),
                    _ => visit(Saved::new(db, &Record::new(block))),
                }
            }
        }
        let is_last = next.is_none();
        if let Some(prefix) = next {
            self.snapshot = Some(Box::new(TableSnapshot { prefix, ..*snapshot }));
        }
        Some(Found { db, aside, is_last })
    }

    /// To be called before the record of a place is changed or removed.
    #[inline]
    pub(super) fn about_to_change(&mut self, place: Place) {
        if self.snapshot.is_some() {
            self.hand_over(place.reference);
        }
    }

    #[cold]
    fn hand_over(&mut self, reference: Reference) {
        let block = self.arena.block(reference);
        if block.epoch() == self.epoch {
            return;
        }
        block.set_epoch(self.epoch);
        let Some(mut snapshot) = self.snapshot.take() else { return };
        self.set_aside(reference, &mut snapshot.handed);
        self.snapshot = Some(snapshot);
    }

    fn set_aside(&self, reference: Reference, aside: &mut Handed) {
        let block = self.arena.block(reference);
        let is_object = block.shape().kind == Kind::Object;
        // SAFETY: the kind says what was written; the borrow of the table covers the reference.
        let object = is_object.then(|| unsafe { block.object().as_ref() });
        aside.push(&Record::new(block), object);
    }
}
