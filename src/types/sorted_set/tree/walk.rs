//! A walk over entries of the tree in either direction.

use super::nodes::{Inner, Node};
use super::{Direction, Entry};
use smallvec::SmallVec;
use std::ops::Range;

/// Entries of a range of ranks.
pub struct Walk<'a> {
    /// The inner nodes above the leaf, each with the child taken.
    path: SmallVec<[(&'a Inner, usize); 6]>,
    leaf: &'a [Entry],
    /// The place in the leaf: of the next entry upwards, behind the next one downwards.
    at: usize,
    left: usize,
    direction: Direction,
}

impl<'a> Walk<'a> {
    /// The entries of `ranks` below `root`, of which there are that many.
    pub(super) fn new(root: &'a Node, ranks: Range<usize>, direction: Direction) -> Self {
        let mut walk = Walk { path: SmallVec::new(), leaf: &[], at: 0, left: 0, direction };
        if ranks.is_empty() {
            return walk;
        }
        walk.left = ranks.len();
        let mut rank = match direction {
            Direction::Up => ranks.start,
            Direction::Down => ranks.end - 1,
        };
        let mut node = root;
        loop {
            match node {
                Node::Leaf(entries) => {
                    walk.leaf = entries;
                    walk.at = if direction == Direction::Up { rank } else { rank + 1 };
                    return walk;
                }
                Node::Inner(inner) => {
                    let (child, below) = inner.child_at(rank);
                    walk.path.push((inner, child));
                    (node, rank) = (&inner.children[child], below);
                }
            }
        }
    }

    /// Goes to the neighbouring leaf, which there is.
    #[cold]
    fn turn_leaf(&mut self) {
        let mut node = loop {
            let (inner, child) = self.path.pop().expect("entries are left");
            let next = match self.direction {
                Direction::Up => Some(child + 1).filter(|next| *next < inner.children.len()),
                Direction::Down => child.checked_sub(1),
            };
            if let Some(next) = next {
                self.path.push((inner, next));
                break &inner.children[next];
            }
        };
        loop {
            match node {
                Node::Leaf(entries) => {
                    self.leaf = entries;
                    self.at = if self.direction == Direction::Up { 0 } else { entries.len() };
                    return;
                }
                Node::Inner(inner) => {
                    let end = inner.children.len() - 1;
                    let child = if self.direction == Direction::Up { 0 } else { end };
                    self.path.push((inner, child));
                    node = &inner.children[child];
                }
            }
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Entry;

    #[inline]
    fn next(&mut self) -> Option<Entry> {
        self.left = self.left.checked_sub(1)?;
        match self.direction {
            Direction::Up => {
                if self.at == self.leaf.len() {
                    self.turn_leaf();
                }
                self.at += 1;
                Some(self.leaf[self.at - 1])
            }
            Direction::Down => {
                if self.at == 0 {
                    self.turn_leaf();
                }
                self.at -= 1;
                Some(self.leaf[self.at])
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Walk<'_> {}
