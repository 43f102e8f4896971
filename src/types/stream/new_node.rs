//! Nodes of a stream as a snapshot has them: entries in order, added to the stream all at once.
//!
//! Their borders are kept, since approximate trimming and XINFO show them.

use super::block::{Block, Pairs};
use super::cost;
use super::id::Id;
use super::whole::{Facts, Stream};

/// Entries that follow each other.
#[derive(Debug)]
pub struct NewNode {
    block: Block,
    is_begun: bool,
}

impl NewNode {
    /// A node that is known by `base` and whose entries mostly have these names.
    pub fn new(base: Id, names: &[&[u8]]) -> Self {
        let pairs: Vec<(&[u8], &[u8])> = names.iter().map(|name| (*name, &b""[..])).collect();
        NewNode { block: Block::new(base, &pairs), is_begun: false }
    }

    /// Adds an entry; false, and nothing is added, when its id is not after those there are. The
    /// caller knows whether its names are those of the node.
    pub fn push(&mut self, id: Id, pairs: Pairs<'_>, shares_names: bool) -> bool {
        if id < self.block.base || (self.is_begun && id <= self.block.last) {
            return false;
        }
        self.is_begun = true;
        self.block.push_as(id, pairs, shares_names);
        true
    }

    /// Counts an entry that was deleted.
    pub fn bury(&mut self, id: Id, pairs: Pairs<'_>, shares_names: bool) {
        self.block.redis_bytes += cost::entry(id, self.block.base, pairs, shares_names);
        self.block.dead += 1;
    }
}

impl Stream {
    /// Adds a node; false, and nothing is added, when it does not come after all there are. What
    /// else the stream knows is up to `restore_facts`.
    pub fn restore_node(&mut self, node: NewNode) -> bool {
        let mut block = node.block;
        if block.live == 0 {
            return true;
        }
        if self.log.last_block().is_some_and(|last| last.last >= block.base) {
            return false;
        }
        block.finish();
        self.log.append(block);
        true
    }

    /// Sets what the stream knows of entries that it had, once it has those that it has; false
    /// when it cannot be. Length and first entry are what they are.
    pub fn restore_facts(&mut self, facts: Facts) -> bool {
        if self.log.last_block().is_some_and(|block| block.last > facts.last) {
            return false;
        }
        self.set_facts(facts.last, Some(facts.added), Some(facts.max_deleted));
        self.note_first();
        true
    }
}
