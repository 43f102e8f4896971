//! `List`: blocks in order, with what is done at its ends and over ranges.
//!
//! The two blocks at each end are open, those between them sealed: a block is sealed when it
//! becomes the third from an end, and unsealed when it has become the first. So elements that come
//! and go at a block's edge seal and unseal nothing.
//!
//! An index is found by adding up the counts of blocks from the nearer end: for a million short
//! elements some 800 steps at most, then the elements of one block.
//!
//! As Redis does it: a list begins as one node (`listpack`); once that would become too large, it
//! is cut into nodes (`quicklist`), and it is one again when it has shrunk to half a node.

use super::block::{Block, Element, Step};
use super::limits::{EMPTY_NODE_BYTES, Fill};
use std::collections::VecDeque;
use std::ops::Range;

/// How many blocks at each end are open.
const OPEN_BLOCKS: usize = 2;
/// Room of a block that begins at an end of a list.
const FIRST_BYTES: usize = 1024;

/// An end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The head: element 0.
    Left,
    /// The tail.
    Right,
}

/// In which order elements are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From head to tail.
    Forward,
    /// From tail to head.
    Backward,
}

/// A list too long for its record.
#[derive(Debug, Default)]
pub struct List {
    pub(super) blocks: VecDeque<Block>,
    pub(super) len: usize,
    /// Bytes that the blocks own.
    owned: usize,
    pub(super) fill: Fill,
    /// Whether Redis would have cut it into nodes.
    pub(super) is_cut: bool,
}

impl Clone for List {
    fn clone(&self) -> Self {
        let blocks = self.blocks.clone();
        // A copy has no room in its blocks.
        let owned = blocks.iter().map(Block::capacity).sum();
        List { blocks, owned, ..*self }
    }
}

impl List {
    /// A list without elements that is cut into nodes, until `settle_new` finds it small.
    pub fn cut_by(setting: i64) -> Self {
        List { fill: Fill::new(setting), is_cut: true, ..List::default() }
    }

    /// How many elements there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Its blocks in order: what Redis would have as nodes.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = &Block> {
        self.blocks.iter()
    }

    /// The bytes it owns, about; takes constant time.
    #[inline]
    pub fn weight(&self) -> usize {
        self.owned + self.blocks.capacity() * size_of::<Block>()
    }

    /// The encoding Redis would name.
    pub fn encoding(&self) -> &'static str {
        if self.is_cut { "quicklist" } else { "listpack" }
    }

    /// How many bytes its elements would take in a record, at most, if they are few enough to be
    /// worth asking.
    pub fn packed_bytes(&self) -> Option<usize> {
        let only = self.blocks.front().filter(|_| !self.is_cut)?;
        // An integer takes less in Redis than its text here: at most 20 bytes for each.
        Some(only.node_bytes() + 20 * only.count())
    }

    /// Says that `count` elements of so many bytes in all are about to be added, or one of so many
    /// to be put in another's place: Redis decides before it does so whether to cut the list.
    pub fn prepare(&mut self, setting: i64, bytes: usize, count: usize) {
        if self.is_cut {
            return;
        }
        let (fill, node) = (Fill::new(setting), self.blocks.front());
        let node_bytes = node.map_or(EMPTY_NODE_BYTES, Block::node_bytes);
        if fill.is_exceeded(node_bytes + bytes, self.len + count) {
            (self.is_cut, self.fill) = (true, fill);
        }
    }

    /// Says that elements were removed: the list may be small enough to be in one piece again.
    pub fn settle(&mut self, setting: i64) {
        self.join(|node| Fill::new(setting).is_small_again(node.node_bytes(), node.count()));
    }

    /// Says that a list that was cut from its beginning has all its elements.
    pub fn settle_new(&mut self, setting: i64) {
        self.join(|node| Fill::new(setting).is_small(node.node_bytes(), node.count()));
    }

    fn join(&mut self, may: impl Fn(&Block) -> bool) {
        if self.is_cut && self.blocks.len() == 1 && !self.blocks[0].is_large() {
            self.is_cut = !may(&self.blocks[0]);
        }
    }

    /// Adds an element at an end.
    #[inline]
    pub fn push(&mut self, end: End, element: Element<'_>) {
        self.len += 1;
        let at = self.index_of_end(end);
        let (is_cut, fill) = (self.is_cut, self.fill);
        let has_room = |block: &Block| !is_cut || block.has_room(fill, element.bytes.len());
        if !self.blocks.get(at).is_some_and(has_room) {
            return self.push_block(end, element);
        }
        self.change(at, |block| match end {
            End::Left => block.push_front(element.bytes),
            End::Right => block.push_back(element.bytes),
        });
    }

    #[inline]
    fn index_of_end(&self, end: End) -> usize {
        match end {
            End::Left => 0,
            End::Right => self.blocks.len().saturating_sub(1),
        }
    }

    /// Begins a block at an end with its first element.
    #[inline(never)]
    fn push_block(&mut self, end: End, element: Element<'_>) {
        let block = if self.is_cut && self.fill.is_large(element.bytes.len()) {
            Block::of(element, self.fill)
        } else {
            let room = if self.blocks.is_empty() { 0 } else { FIRST_BYTES };
            let mut block = Block::with_capacity(room);
            match end {
                End::Left => block.push_front(element.bytes),
                End::Right => block.push_back(element.bytes),
            }
            block
        };
        let at = if end == End::Left { 0 } else { self.blocks.len() };
        self.insert_block(at, block);
        let inner = match end {
            End::Left => Some(OPEN_BLOCKS),
            End::Right => self.blocks.len().checked_sub(OPEN_BLOCKS + 1),
        };
        inner.into_iter().for_each(|at| self.seal_if_inner(at));
    }

    /// Seals a block unless it is at an end, or next to the one there.
    pub(super) fn seal_if_inner(&mut self, at: usize) {
        let is_inner = at >= OPEN_BLOCKS && at + OPEN_BLOCKS < self.blocks.len();
        if is_inner && self.blocks[at].is_open() {
            self.change(at, Block::seal);
        }
    }

    /// Changes a block, keeping the account of what blocks own.
    #[inline]
    pub(super) fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut Block) -> R) -> R {
        let block = &mut self.blocks[at];
        let before = block.capacity();
        let result = change(block);
        self.owned = self.owned - before + block.capacity();
        result
    }

    pub(super) fn insert_block(&mut self, at: usize, block: Block) {
        self.owned += block.capacity();
        self.blocks.insert(at, block);
    }

    pub(super) fn remove_block(&mut self, at: usize) -> Block {
        let block = self.blocks.remove(at).expect("a block of the list");
        self.owned -= block.capacity();
        block
    }

    /// Removes so many elements at an end.
    ///
    /// # Panics
    /// When there are fewer.
    #[inline]
    pub fn drop_at(&mut self, end: End, count: usize) {
        self.len -= count;
        let mut left = count;
        while left > 0 {
            let at = self.index_of_end(end);
            let here = self.blocks[at].count();
            if here > left {
                self.change(at, |block| match end {
                    End::Left => block.drop_front(left),
                    End::Right => block.drop_back(left),
                });
                return;
            }
            self.remove_block(at);
            left -= here;
        }
        self.give_back();
    }

    /// Takes the element at an end, if there is one.
    pub fn pop(&mut self, end: End, visit: &mut impl FnMut(Element<'_>)) {
        let Some(last) = self.len.checked_sub(1) else {
            return;
        };
        let range = if end == End::Left { 0..1 } else { last..self.len };
        self.walk(range, Order::Forward, &mut |element| {
            visit(element);
            Step::Continue(())
        });
        self.drop_at(end, 1);
    }

    /// Gives memory back that a list now short once needed for its blocks.
    pub(super) fn give_back(&mut self) {
        if self.blocks.capacity() > 16 && self.blocks.len() < self.blocks.capacity() / 4 {
            self.blocks.shrink_to(2 * self.blocks.len());
        }
    }

    /// Visits the elements in `range` in the given order, until `visit` breaks.
    ///
    /// # Panics
    /// When the range reaches beyond the list.
    #[inline]
    pub fn walk(
        &self,
        range: Range<usize>,
        order: Order,
        visit: &mut impl FnMut(Element<'_>) -> Step,
    ) {
        assert!(range.end <= self.len, "a range of the list");
        if range.is_empty() {
            return;
        }
        match order {
            Order::Forward => self.walk_forward(range, visit),
            Order::Backward => self.walk_backward(range, visit),
        }
    }

    fn walk_forward(&self, range: Range<usize>, visit: &mut impl FnMut(Element<'_>) -> Step) {
        let (mut block, mut from) = self.locate(range.start);
        let mut left = range.len();
        while left > 0 {
            let to = self.blocks[block].count().min(from + left);
            if self.blocks[block].walk(from..to, visit).is_break() {
                return;
            }
            left -= to - from;
            (block, from) = (block + 1, 0);
        }
    }

    fn walk_backward(&self, range: Range<usize>, visit: &mut impl FnMut(Element<'_>) -> Step) {
        let (mut block, last) = self.locate(range.end - 1);
        let (mut to, mut left) = (last + 1, range.len());
        loop {
            let from = to.saturating_sub(left);
            if self.blocks[block].walk_back(from..to, visit).is_break() {
                return;
            }
            left -= to - from;
            if left == 0 {
                return;
            }
            block -= 1;
            to = self.blocks[block].count();
        }
    }

    /// The block of element `index`, and its place in there.
    pub(super) fn locate(&self, index: usize) -> (usize, usize) {
        if index < self.len / 2 {
            let mut before = 0;
            for (at, block) in self.blocks.iter().enumerate() {
                if index < before + block.count() {
                    return (at, index - before);
                }
                before += block.count();
            }
        } else {
            let mut before = self.len;
            for (at, block) in self.blocks.iter().enumerate().rev() {
                before -= block.count();
                if index >= before {
                    return (at, index - before);
                }
            }
        }
        unreachable!("the blocks have as many elements as the list")
    }
}
