//! The entries of a stream: blocks in the order of their ids.
//!
//! ```text
//! full: base id → block (a B-tree)      tail: the block that entries are added to
//! ```
//! A look-up finds its block in O(log n) and reads on within it; nothing takes a step over more
//! than one block. Blocks end where Redis's nodes end (`Limits`).

use super::block::{Block, Entries, Entry, Pairs};
use super::id::Id;
use std::collections::{BTreeMap, btree_map};

/// Redis's own limit for a node, whatever the options say, and for the fields of one entry.
pub const MAX_NODE_BYTES: u64 = 1 << 30;

/// What a block has beside its entries, its place in the index included.
const BLOCK_OVERHEAD_BYTES: usize = size_of::<Block>() * 3 / 2 + size_of::<Id>();

/// When a block is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `stream-node-max-bytes`; 0 for none.
    pub bytes: u64,
    /// `stream-node-max-entries`; 0 for none.
    pub entries: u64,
}

/// The entries of a stream.
#[derive(Debug, Clone, Default)]
pub struct Log {
    full: BTreeMap<Id, Block>,
    /// There is none only when there is no entry.
    tail: Option<Block>,
    length: u64,
    allocated: usize,
}

impl Log {
    /// How many entries there are.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The bytes it owns, about.
    pub(super) fn weight(&self) -> usize {
        self.allocated + (self.full.len() + 1) * BLOCK_OVERHEAD_BYTES
    }

    /// Adds an entry whose id is greater than all there are.
    pub(super) fn push(&mut self, id: Id, pairs: Pairs<'_>, limits: Limits) {
        let full = self.tail.as_ref().is_some_and(|tail| is_full(tail, pairs, limits));
        if full && let Some(mut tail) = self.tail.take() {
            self.allocated -= tail.allocated();
            tail.finish();
            self.allocated += tail.allocated();
            self.full.insert(tail.base, tail);
        }
        let before = self.tail.as_ref().map_or(0, Block::allocated);
        let tail = self.tail.get_or_insert_with(|| Block::new(id, pairs));
        tail.push(id, pairs);
        self.allocated = self.allocated - before + tail.allocated();
        self.length += 1;
    }

    /// Adds a block whose entries come after all there are.
    pub(super) fn append(&mut self, block: Block) {
        self.length += u64::from(block.live);
        self.allocated += block.allocated();
        if let Some(before) = self.tail.replace(block) {
            self.full.insert(before.base, before);
        }
    }

    /// Deletes an entry; false when it is not there.
    pub(super) fn delete(&mut self, id: Id) -> bool {
        let in_tail = self.tail.as_ref().is_some_and(|tail| tail.base <= id);
        let block = match in_tail {
            true => self.tail.as_mut(),
            false => self.full.range_mut(..=id).next_back().map(|(_, block)| block),
        };
        let Some(block) = block else { return false };
        let before = block.allocated();
        if !block.delete(id) {
            return false;
        }
        let (base, left) = (block.base, block.live);
        self.allocated = self.allocated - before + block.allocated();
        self.length -= 1;
        if left == 0 {
            self.remove_block(base);
        }
        true
    }

    /// Drops a block with what is still in it; gives back how many entries went.
    pub(super) fn remove_block(&mut self, base: Id) -> u64 {
        let removed = match self.full.remove(&base) {
            Some(block) => Some(block),
            None => {
                // The block before takes further entries, as Redis's last node would.
                let before = self.full.pop_last().map(|(_, block)| block);
                std::mem::replace(&mut self.tail, before)
            }
        };
        let removed = removed.expect("the caller has found the block");
        self.allocated -= removed.allocated();
        self.length -= u64::from(removed.live);
        u64::from(removed.live)
    }

    /// The block with the oldest entries.
    pub(super) fn first_block(&self) -> Option<&Block> {
        self.full.first_key_value().map(|(_, block)| block).or(self.tail.as_ref())
    }

    /// The block with the newest entries.
    pub(super) fn last_block(&self) -> Option<&Block> {
        self.tail.as_ref()
    }

    /// The block that begins after `base`.
    pub(super) fn block_after(&self, base: Id) -> Option<&Block> {
        let after = base.next()?;
        let tail = self.tail.as_ref().filter(|tail| tail.base >= after);
        self.full.range(after..).next().map(|(_, block)| block).or(tail)
    }

    /// The block that begins with `base`.
    pub(super) fn block(&self, base: Id) -> Option<&Block> {
        let tail = self.tail.as_ref().filter(|tail| tail.base == base);
        self.full.get(&base).or(tail)
    }

    /// The ids of the entries in the block that begins with `base`.
    pub(super) fn ids_of_block(&self, base: Id) -> Vec<Id> {
        self.block(base)
            .map(|block| block.entries().map(|entry| entry.id).collect())
            .unwrap_or_default()
    }

    /// All blocks, in order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.full.values().chain(&self.tail)
    }

    /// All blocks in order, as whoever writes Redis's nodes needs them.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.blocks().map(|block| Node { block })
    }

    /// How many blocks there are.
    pub fn blocks_len(&self) -> usize {
        self.full.len() + usize::from(self.tail.is_some())
    }

    /// The oldest entry.
    pub fn first(&self) -> Option<Entry<'_>> {
        self.range(Id::MIN, Id::MAX).next()
    }

    /// The newest entry.
    pub fn last(&self) -> Option<Entry<'_>> {
        self.tail.as_ref()?.entries().last()
    }

    /// The entry with this id.
    pub fn entry(&self, id: Id) -> Option<Entry<'_>> {
        self.range(id, id).next()
    }

    /// The entries from `from` to `to`, both included, in order.
    pub fn range(&self, from: Id, to: Id) -> Range<'_> {
        if let Some(tail) = self.tail.as_ref().filter(|tail| tail.base <= from) {
            let empty = self.full.range(Id::MAX..);
            let blocks = Blocks { full: empty, tail: None };
            return Range { blocks, entries: Some(tail.entries()), from, to };
        }
        let start = self.full.range(..=from).next_back().map_or(Id::MIN, |(base, _)| *base);
        let blocks = Blocks { full: self.full.range(start..), tail: self.tail.as_ref() };
        Range { blocks, entries: None, from, to }
    }

    /// The same entries, newest first.
    pub fn range_back(&self, from: Id, to: Id) -> RangeBack<'_> {
        let tail = self.tail.as_ref().filter(|tail| tail.base <= to);
        let blocks = Blocks { full: self.full.range(..=to), tail };
        RangeBack { blocks, entries: Vec::new(), from, to }
    }
}

/// Entries that stand in one node of Redis's.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    block: &'a Block,
}

impl<'a> Node<'a> {
    /// The id of the first entry it ever had.
    pub fn base(&self) -> Id {
        self.block.base
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.block.live as usize
    }

    /// False: a node has entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names that entries without names of their own have.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        self.block.names()
    }

    /// Its entries in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        self.block.entries()
    }
}

/// Whether an entry needs a new block.
fn is_full(tail: &Block, pairs: Pairs<'_>, limits: Limits) -> bool {
    let added: usize = pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
    let most_bytes = match limits.bytes {
        0 => MAX_NODE_BYTES,
        bytes => bytes.min(MAX_NODE_BYTES),
    };
    let entries = u64::from(tail.live) + u64::from(tail.dead);
    let enough_entries = limits.entries != 0 && entries >= limits.entries;
    enough_entries || tail.redis_bytes() + added as u64 >= most_bytes
}

/// Some of the blocks, in order.
#[derive(Debug, Clone)]
struct Blocks<'a> {
    full: btree_map::Range<'a, Id, Block>,
    tail: Option<&'a Block>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = &'a Block;

    #[inline]
    fn next(&mut self) -> Option<&'a Block> {
        self.full.next().map(|(_, block)| block).or_else(|| self.tail.take())
    }
}

impl DoubleEndedIterator for Blocks<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.tail.take().or_else(|| self.full.next_back().map(|(_, block)| block))
    }
}

/// Entries in order: see [`Log::range`].
#[derive(Debug, Clone)]
pub struct Range<'a> {
    blocks: Blocks<'a>,
    entries: Option<Entries<'a>>,
    from: Id,
    to: Id,
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some(entries) = &mut self.entries
                && let Some(entry) = entries.find(|entry| entry.id >= self.from)
            {
                return (entry.id <= self.to).then_some(entry);
            }
            let next = self.blocks.next()?;
            if next.base > self.to {
                return None;
            }
            self.entries = Some(next.entries());
        }
    }
}

/// Entries from the newest to the oldest: see [`Log::range_back`].
#[derive(Debug, Clone)]
pub struct RangeBack<'a> {
    blocks: Blocks<'a>,
    /// Those of the block it is in that are still to come. A block is read forwards, so one block's
    /// entries are found at a time.
    entries: Vec<Entry<'a>>,
    from: Id,
    to: Id,
}

impl<'a> Iterator for RangeBack<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        while self.entries.is_empty() {
            let block = self.blocks.next_back()?;
            if block.last < self.from {
                return None;
            }
            let range = self.from..=self.to;
            self.entries.extend(block.entries().filter(|entry| range.contains(&entry.id)));
        }
        self.entries.pop()
    }
}
