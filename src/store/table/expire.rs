//! Expiry of a table's records: joining and leaving the wheel, and the removal of the dead.

use super::super::arena::Reference;
use super::super::object::Old;
use super::super::wheel::{Step, Wheel};
use super::{Place, Table};

impl Table {
    /// Removes records whose deadline is not after `now_ms`; `dead` gets each one's key and what
    /// it owned. Does at most `budget` units of work (a unit removes a record or moves one on the
    /// wheel, well under a microsecond) and gives back whether more is due.
    pub fn advance(
        &mut self,
        now_ms: u64,
        budget: usize,
        dead: &mut dyn FnMut(&[u8], Old),
    ) -> bool {
        self.now_ms = now_ms;
        if self.volatile == 0 {
            self.wheel = None;
        }
        for _ in 0..budget {
            let Some(wheel) = &mut self.wheel else {
                return false;
            };
            match wheel.step(&self.arena, now_ms) {
                Step::Dead(reference) => self.remove_dead(reference, dead),
                Step::Moved => {}
                Step::Idle => return false,
            }
        }
        self.next_due() <= now_ms
    }

    /// A time in milliseconds before which `advance` has nothing to do; `u64::MAX` if no key has
    /// a deadline. It may be early: then `advance` sorts a stretch of time more finely.
    pub fn next_due(&self) -> u64 {
        let next_key = self.wheel.as_ref().map_or(u64::MAX, |wheel| wheel.next_due());
        next_key.min(self.next_field_due())
    }

    pub(super) fn join_wheel(&mut self, reference: Reference, deadline_ms: u64) {
        self.arena.block(reference).set_deadline(deadline_ms);
        let wheel = self.wheel.get_or_insert_with(|| Box::new(Wheel::new(self.now_ms)));
        wheel.insert(&self.arena, reference);
        self.volatile += 1;
    }

    pub(super) fn leave_wheel(&mut self, reference: Reference) {
        let wheel = self.wheel.as_mut().expect("a volatile record is on the wheel");
        wheel.unlink(&self.arena, reference);
        self.volatile -= 1;
    }

    /// Gives the deadline and the place on the wheel of `from` to the record that follows it.
    pub(super) fn move_links(&mut self, from: Reference, to: Reference) {
        self.arena.block(to).copy_links(self.arena.block(from));
        self.wheel_moved(to);
    }

    /// Leads the wheel to a record that has taken deadline and links along.
    pub(super) fn wheel_moved(&mut self, to: Reference) {
        let wheel = self.wheel.as_mut().expect("a volatile record is on the wheel");
        wheel.moved(&self.arena, to);
    }

    fn remove_dead(&mut self, reference: Reference, dead: &mut dyn FnMut(&[u8], Old)) {
        self.volatile -= 1;
        let hash = (self.hash)(self.arena.block(reference).key());
        let found = self.directory.segment(hash).find(hash, |other| other == reference);
        let (slot, _) = found.expect("a record on the wheel is also in the table");
        let value = self.take_record(hash, Place { slot, reference });
        let block = self.arena.block(reference);
        dead(block.key(), Old { existed: true, value, key: None });
        let bytes = block.shape().bytes();
        // The key it had elsewhere outlives the call above, which reads it.
        drop(block.take_key());
        self.arena.free(reference, bytes);
    }
}
