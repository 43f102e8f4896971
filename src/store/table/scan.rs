//! Walking a table: SCAN's cursor and random keys.
//!
//! A cursor is `home: 6 bits | prefix: 34 bits`: everything with a smaller pair has been
//! shown. Both are bits of the hash, so a split or a merge of segments changes neither: a record
//! that is in the table from the first call to the last is shown at least once. One call shows one
//! home of one segment, and goes on behind the segment's range of prefixes; after a merge it may
//! show records again.

use super::super::directory::PREFIX_BITS;
use super::super::record::Record;
use super::super::segment::{HOMES, Keys, MOST_SLOTS};
use super::Table;

/// Free slots met before `random` takes the next record instead of the next try.
const RANDOM_TRIES: usize = 64;

impl Table {
    /// Cursors are below this.
    pub const CURSORS: u64 = HOMES as u64 * (1 << PREFIX_BITS);

    /// Shows the records at `cursor` (0 to begin) and gives back the next cursor, below 2^40; 0
    /// after the last. Every key that stays in the table from the first call to the last is shown,
    /// however the table grows and shrinks in between; some may be shown twice.
    pub fn scan(&self, cursor: u64, visit: &mut dyn FnMut(&Record<'_>)) -> u64 {
        let (home, prefix) = (cursor >> PREFIX_BITS, cursor & ((1 << PREFIX_BITS) - 1));
        if self.len == 0 || home >= HOMES as u64 {
            return 0;
        }
        let (segment, next) = self.directory.segment_at(prefix);
        let keys = Keys { arena: &self.arena, hash: self.hash };
        segment.visit(home as usize, keys, |reference| {
            visit(&Record::new(self.arena.block(reference)));
        });
        match next {
            Some(prefix) => home << PREFIX_BITS | prefix,
            None if home + 1 < HOMES as u64 => (home + 1) << PREFIX_BITS,
            None => 0,
        }
    }

    /// A record chosen by the random number: nearly uniform while the table is not almost empty.
    pub fn random(&self, random: u64) -> Option<Record<'_>> {
        if self.len == 0 {
            return None;
        }
        let mut generator = fastrand::Rng::with_seed(random);
        for _ in 0..RANDOM_TRIES {
            let prefix = generator.u64(..1 << PREFIX_BITS);
            let (segment, first) = self.directory.segment_around(prefix);
            // A segment that looks at fewer bits is met as many times more often as its range is
            // wider: it counts only where its range begins.
            if first && let Some(reference) = segment.record_in(generator.usize(..MOST_SLOTS)) {
                return Some(Record::new(self.arena.block(reference)));
            }
        }
        self.first_from(&mut generator)
    }

    /// The first record at or behind a random slot.
    fn first_from(&self, generator: &mut fastrand::Rng) -> Option<Record<'_>> {
        let slot = generator.usize(..MOST_SLOTS);
        let mut prefix = generator.u64(..1 << PREFIX_BITS);
        // Every segment is met once by its end, the first one twice.
        for _ in 0..=self.directory.segments() {
            let (segment, next) = self.directory.segment_at(prefix);
            let mut slots = (slot..MOST_SLOTS).chain(0..slot);
            if let Some(reference) = slots.find_map(|slot| segment.record_in(slot)) {
                return Some(Record::new(self.arena.block(reference)));
            }
            prefix = next.unwrap_or(0);
        }
        None
    }
}
