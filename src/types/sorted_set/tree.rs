//! The order of a sorted set: a counted B+tree of (score, member), whose members are references.
//!
//! Leaves hold up to 64 entries of twelve bytes in order. An inner node holds of each child its
//! first entry and how many entries are below it: binary search over the firsts finds a score, the
//! counts turn a rank into a place and a place into a rank. So every range (by score, by bytes, by
//! rank) becomes a range of ranks, found in one descent for each end.
//! ```text
//! inner    firsts  [(1.0, c) | (3.5, a) | (7.0, k)]
//!          counts  [  61     |   40     |   63    ]
//!                     ▼          ▼          ▼
//! leaves   [(1.0, c) …]   [(3.5, a) …]   [(7.0, k) …]
//! ```
//! Entries with one score lie in the order of their members' bytes. The tree does not know the
//! bytes: whoever calls it says how an entry compares. No call touches more than a few nodes on one
//! path, but for what a range removes. A node is never empty; all leaves are equally deep. Appends
//! at the end leave full leaves behind, others leaves about 70 % full.

mod nodes;
#[cfg(test)]
mod tests;
mod walk;

pub use walk::Walk;

use crate::types::dict::Ref;
use nodes::{Inner, LEAF_BYTES, Node};
use std::cmp::Ordering;
use std::ops::Range;

/// One member with its score.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, packed(4))]
pub struct Entry {
    /// Never nan.
    pub score: f64,
    /// Where its bytes are.
    pub member: Ref,
}

/// Which end of a range comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the lowest rank.
    Up,
    /// From the highest rank.
    Down,
}

/// Entries in order.
#[derive(Debug, Clone)]
pub struct Tree {
    root: Node,
    len: usize,
}

impl Default for Tree {
    fn default() -> Self {
        Tree::new()
    }
}

impl Tree {
    /// No entries.
    pub fn new() -> Self {
        Tree { root: Node::Leaf(Vec::new()), len: 0 }
    }

    /// A tree of entries that are in order already.
    pub fn from_sorted(entries: &[Entry]) -> Self {
        let mut level: Vec<Node> = nodes::even_parts(entries.len())
            .map(|part| Node::Leaf(nodes::leaf_of(&entries[part])))
            .collect();
        while level.len() > 1 {
            let parts: Vec<usize> = nodes::even_parts(level.len()).map(|part| part.len()).collect();
            let mut children = level.into_iter();
            let parent = |size| Node::Inner(Box::new(Inner::of(children.by_ref().take(size))));
            level = parts.into_iter().map(parent).collect();
        }
        let root = level.pop().unwrap_or(Node::Leaf(Vec::new()));
        Tree { root, len: entries.len() }
    }

    /// How many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes it owns, about: leaves are three quarters full, and inner nodes add little.
    pub fn weight(&self) -> usize {
        match &self.root {
            Node::Leaf(entries) => entries.capacity() * size_of::<Entry>(),
            Node::Inner(_) => self.len * LEAF_BYTES / nodes::USUAL_ENTRIES,
        }
    }

    /// How many entries satisfy `is_before`, which holds for entries up to some place and for none
    /// from there on: the rank of that place.
    #[inline]
    pub fn partition(&self, is_before: impl Fn(Entry) -> bool) -> usize {
        let (mut node, mut rank) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(entries) => {
                    return rank + entries.partition_point(|entry| is_before(*entry));
                }
                Node::Inner(inner) => {
                    let at = inner.firsts[1..].partition_point(|first| is_before(*first));
                    rank += inner.count_before(at);
                    node = &inner.children[at];
                }
            }
        }
    }

    /// Adds an entry that is not there; `compare` says how others stand to it.
    pub fn insert(&mut self, entry: Entry, compare: impl Fn(Entry) -> Ordering) {
        self.len += 1;
        let Some(right) = self.root.insert(entry, &compare, nodes::Edge::Last) else { return };
        let left = std::mem::replace(&mut self.root, Node::Leaf(Vec::new()));
        self.root = Node::Inner(Box::new(Inner::of([left, right].into_iter())));
    }

    /// Removes the entry that compares as equal, which is there.
    pub fn remove(&mut self, compare: impl Fn(Entry) -> Ordering) {
        self.root.remove(&compare);
        self.len -= 1;
        if self.len == 0 {
            self.root = Node::Leaf(Vec::new());
        }
        self.shrink_root();
    }

    /// Removes the entries of these ranks, having shown each to `visit`, in order.
    pub fn remove_range(&mut self, ranks: Range<usize>, mut visit: impl FnMut(Entry)) {
        let ranks = ranks.start.min(self.len)..ranks.end.min(self.len);
        if ranks.is_empty() {
            return;
        }
        self.len -= ranks.len();
        if self.len == 0 {
            self.root.visit_all(&mut visit);
            self.root = Node::Leaf(Vec::new());
            return;
        }
        self.root.remove_range(ranks, &mut visit);
        self.shrink_root();
    }

    /// The entries of these ranks, from the end that `direction` names.
    pub fn walk(&self, ranks: Range<usize>, direction: Direction) -> Walk<'_> {
        Walk::new(&self.root, ranks.start.min(self.len)..ranks.end.min(self.len), direction)
    }

    /// Puts another reference in the place of the one of the entry that compares as equal.
    pub fn replace(&mut self, member: Ref, compare: impl Fn(Entry) -> Ordering) {
        self.root.replace(member, &compare);
    }

    fn shrink_root(&mut self) {
        while let Node::Inner(inner) = &mut self.root
            && inner.children.len() == 1
        {
            self.root = inner.children.pop().expect("an inner node has children");
        }
    }
}
