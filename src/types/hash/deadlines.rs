//! When the fields of one hash die.
//!
//! Both ways round: by field for whoever asks for a deadline, by time for whoever removes the dead.
//! A field is known by its reference into the dict, so whatever gives it another one says so here.

use super::super::dict::Ref;
use hashbrown::HashMap;
use std::collections::BTreeSet;

/// About what a field takes here: an entry of each, with the slack of both.
const BYTES_A_FIELD: usize = 56;

/// The fields of a hash that have a deadline.
#[derive(Clone, Default)]
pub(super) struct Deadlines {
    by_field: HashMap<Ref, u64>,
    by_time: BTreeSet<(u64, Ref)>,
}

impl Deadlines {
    /// How many fields have one.
    pub(super) fn len(&self) -> usize {
        self.by_field.len()
    }

    /// When a field dies.
    pub(super) fn of(&self, field: Ref) -> Option<u64> {
        self.by_field.get(&field).copied()
    }

    /// Gives a field a deadline, or takes it away; tells what it was.
    pub(super) fn set(&mut self, field: Ref, deadline_ms: Option<u64>) -> Option<u64> {
        let before = match deadline_ms {
            Some(ms) => self.by_field.insert(field, ms),
            None => self.by_field.remove(&field),
        };
        if let Some(ms) = before {
            self.by_time.remove(&(ms, field));
        }
        if let Some(ms) = deadline_ms {
            self.by_time.insert((ms, field));
        }
        before
    }

    /// Follows a field to its other reference.
    pub(super) fn moved(&mut self, from: Ref, to: Ref) {
        let deadline_ms = self.set(from, None);
        if deadline_ms.is_some() {
            self.set(to, deadline_ms);
        }
    }

    /// The first deadline, and whose it is.
    pub(super) fn first(&self) -> Option<(u64, Ref)> {
        self.by_time.first().copied()
    }

    /// The last deadline.
    pub(super) fn last_ms(&self) -> Option<u64> {
        self.by_time.last().map(|(ms, _)| *ms)
    }

    /// How many fields are dead at `now_ms`.
    pub(super) fn due(&self, now_ms: u64) -> usize {
        self.by_time.iter().take_while(|(ms, _)| *ms <= now_ms).count()
    }

    /// The bytes it owns, about.
    pub(super) fn weight(&self) -> usize {
        size_of::<Deadlines>() + self.len() * BYTES_A_FIELD
    }
}
