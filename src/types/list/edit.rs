//! Changes in the middle of a list: insert, replace, remove, cut and joined as Redis's nodes are.
//!
//! Each rewrites one block, or cuts it in two where Redis would cut its full node; after a cut,
//! neighbours that fit into one node become one. What is rewritten stays sealed if it was.

use super::block::{Block, Element, Step};
use super::limits::EMPTY_NODE_BYTES;
use super::whole::{End, List, Order};

impl List {
    /// Puts an element in front of element `index` (`End::Left`), or behind it.
    pub fn insert(&mut self, index: usize, side: End, element: Element<'_>) {
        let (block, place) = self.locate(index);
        self.insert_in(block, place, side, element);
        self.len += 1;
    }

    fn insert_in(&mut self, block: usize, place: usize, side: End, element: Element<'_>) {
        let length = element.bytes.len();
        let to = if side == End::Left { place } else { place + 1 };
        let here = &self.blocks[block];
        if !self.is_cut || here.has_room(self.fill, length) {
            return self.change(block, |block| block.splice(to..to, &[element.bytes]));
        }
        let (is_at_edge, neighbour) = match side {
            End::Left => (to == 0, block.checked_sub(1)),
            End::Right => (to == here.count(), Some(block + 1)),
        };
        let is_large = self.fill.is_large(length);
        if !is_at_edge && !is_large {
            return self.cut_and_insert(block, to, side, element);
        }
        if !is_at_edge {
            let behind = self.change(block, |block| block.split_off(to));
            self.insert_block(block + 1, behind);
            self.place(block + 1, element);
            return self.seal_around(block + 1);
        }
        let has_room = |at: &usize| {
            self.blocks.get(*at).is_some_and(|block| block.has_room(self.fill, length))
        };
        match neighbour.filter(has_room) {
            Some(at) => self.change(at, |block| {
                let place = if side == End::Left { block.count() } else { 0 };
                block.splice(place..place, &[element.bytes]);
            }),
            None => {
                let at = if side == End::Left { block } else { block + 1 };
                self.place(at, element);
                self.seal_around(at);
            }
        }
    }

    /// Puts a block with one element at `at`.
    fn place(&mut self, at: usize, element: Element<'_>) {
        self.insert_block(at, Block::of(element, self.fill));
    }

    /// Cuts a full block at `to`, adds the element to the part on the other side of the pivot, and
    /// joins what then fits together.
    fn cut_and_insert(&mut self, block: usize, to: usize, side: End, element: Element<'_>) {
        let behind = self.change(block, |block| block.split_off(to));
        self.insert_block(block + 1, behind);
        let (grown, pivot) = match side {
            End::Left => (block, block + 1),
            End::Right => (block + 1, block),
        };
        self.change(grown, |block| {
            let place = if side == End::Left { block.count() } else { 0 };
            block.splice(place..place, &[element.bytes]);
        });
        self.join_around(pivot);
    }

    /// Joins the neighbours of a block with theirs, then the block with its neighbours, where Redis
    /// would: in this order, each if the two fit into one node.
    fn join_around(&mut self, center: usize) {
        let mut center = center;
        if center >= 2 && self.try_join(center - 2) {
            center -= 1;
        }
        self.try_join(center + 1);
        if center >= 1 && self.try_join(center - 1) {
            center -= 1;
        }
        self.try_join(center);
        self.seal_around(center);
    }

    /// Takes the block behind `at` into it if both fit into one node.
    fn try_join(&mut self, at: usize) -> bool {
        let (Some(one), Some(other)) = (self.blocks.get(at), self.blocks.get(at + 1)) else {
            return false;
        };
        let bytes = one.node_bytes() + other.node_bytes() - EMPTY_NODE_BYTES;
        let is_too_large = self.fill.is_exceeded(bytes, one.count() + other.count());
        if is_too_large || one.is_large() || other.is_large() {
            return false;
        }
        let behind = self.remove_block(at + 1);
        self.change(at, |block| block.append(&behind));
        true
    }

    /// Seals a block and its neighbours, those near the ends excepted.
    fn seal_around(&mut self, at: usize) {
        for near in at.saturating_sub(2)..=at + 2 {
            self.seal_if_inner(near);
        }
    }

    /// Puts `element` in the place of element `index`.
    pub fn replace(&mut self, index: usize, element: Element<'_>) {
        let (block, place) = self.locate(index);
        let here = &self.blocks[block];
        let becomes_large = self.is_cut && self.fill.is_large(element.bytes.len());
        match (here.is_large(), becomes_large) {
            (false, false) => {
                self.change(block, |block| block.splice(place..place + 1, &[element.bytes]));
            }
            (true, true) => {
                let fill = self.fill;
                self.change(block, |block| *block = Block::of(element, fill));
            }
            (true, false) => {
                self.insert_in(block, 0, End::Right, element);
                self.remove_block(block);
            }
            (false, true) => self.replace_by_large(block, place, element),
        }
    }

    fn replace_by_large(&mut self, block: usize, place: usize, element: Element<'_>) {
        let behind = self.change(block, |block| block.split_off(place + 1));
        if behind.count() > 0 {
            self.insert_block(block + 1, behind);
        }
        self.place(block + 1, element);
        if place == 0 {
            self.remove_block(block);
            return self.seal_around(block);
        }
        self.change(block, |block| block.splice(place..place + 1, &[]));
        self.join_around(block + 1);
    }

    /// Removes up to `most` elements that are `element`, the first that are met in this order, and
    /// says how many.
    pub fn remove_equal(&mut self, element: &[u8], order: Order, most: usize) -> usize {
        let mut removed = 0;
        let mut at = if order == Order::Forward { 0 } else { self.blocks.len() };
        while removed < most {
            match order {
                Order::Forward if at == self.blocks.len() => break,
                Order::Backward if at == 0 => break,
                Order::Forward => {}
                Order::Backward => at -= 1,
            }
            removed += self.remove_equal_in(at, element, order, most - removed);
            if order == Order::Forward {
                at += 1;
            }
        }
        if removed > 0 {
            self.len -= removed;
            // All at once: one by one, each would move all blocks behind it.
            self.blocks.retain(|block| block.count() > 0);
            self.give_back();
        }
        removed
    }

    /// Does so in one block, which may be left empty and without memory.
    fn remove_equal_in(&mut self, at: usize, element: &[u8], order: Order, most: usize) -> usize {
        let block = &self.blocks[at];
        let count = block.count() as u32;
        let (mut places, mut place) = (Vec::new(), 0);
        let mut compare = |found: Element<'_>| {
            if found.bytes == element {
                places.push(if order == Order::Forward { place } else { count - 1 - place });
            }
            place += 1;
            if places.len() < most { Step::Continue(()) } else { Step::Break(()) }
        };
        let _: Step = match order {
            Order::Forward => block.walk(0..block.count(), &mut compare),
            Order::Backward => block.walk_back(0..block.count(), &mut compare),
        };
        if order == Order::Backward {
            places.reverse();
        }
        match places.len() {
            0 => {}
            all if all == block.count() => {
                self.change(at, |block| *block = Block::with_capacity(0));
            }
            _ => self.change(at, |block| block.remove_all(&places)),
        }
        places.len()
    }
}
