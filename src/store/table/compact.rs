//! Compaction of a table: moves records out of sparse memory, a few at a time.

use super::super::arena::Reference;
use super::Table;

impl Table {
    /// Moves at most `budget` records out of memory that deletes left sparse, and gives that back
    /// when it is empty; whether there is more to do. Costs next to nothing when there is not.
    pub fn compact(&mut self, budget: usize) -> bool {
        for _ in 0..budget {
            let Some(reference) = self.arena.next_to_move() else {
                return false;
            };
            self.relocate(reference);
        }
        true
    }

    fn relocate(&mut self, from: Reference) {
        let block = self.arena.block(from);
        let (hash, shape) = ((self.hash)(block.key()), block.shape());
        let found = self.directory.segment(hash).find(hash, |other| other == from);
        let (slot, _) = found.expect("a live block is the record of a key");
        let to = self.arena.allocate(shape.bytes());
        self.arena.block(to).copy_record(self.arena.block(from));
        self.directory.segment_mut(hash).set_reference(slot, to);
        if shape.volatile {
            self.wheel_moved(to);
        }
        self.arena.free(from, shape.bytes());
    }
}
