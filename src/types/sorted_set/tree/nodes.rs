//! The nodes of the tree: how one splits, and how it is filled up again from its neighbour.

use super::Entry;
use crate::types::dict::Ref;
use std::cmp::Ordering;
use std::ops::Range;

/// The most entries of a leaf, and children of an inner node: a leaf of 768 bytes is an allocation
/// without waste.
pub const MOST: usize = 64;
/// A node with fewer is merged with a neighbour, or gets some of its entries.
const FEWEST: usize = MOST / 3;
/// Two nodes become one if that leaves room for some more.
const MOST_MERGED: usize = MOST * 7 / 8;
/// How many a node gets that is built at once.
const BUILT: usize = MOST * 15 / 16;
/// How many entries a leaf usually has.
pub const USUAL_ENTRIES: usize = MOST * 3 / 4;
/// A full leaf.
pub const LEAF_BYTES: usize = MOST * size_of::<Entry>();

/// A node of the tree.
#[derive(Debug, Clone)]
pub enum Node {
    /// Entries in order.
    Leaf(Vec<Entry>),
    /// Nodes of the next level.
    Inner(Box<Inner>),
}

/// An inner node: three lists of one length.
#[derive(Debug, Clone, Default)]
pub struct Inner {
    /// The first entry below each child.
    pub firsts: Vec<Entry>,
    /// How many entries are below each child.
    pub counts: Vec<u32>,
    /// The children.
    pub children: Vec<Node>,
}

/// Where a node stands in its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Nothing follows it.
    Last,
    /// Something does.
    Inside,
}

/// Splits `len` things into as few nodes as hold them, about equally full.
pub fn even_parts(len: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = len.div_ceil(BUILT);
    (0..parts).map(move |part| part * len / parts..(part + 1) * len / parts)
}

/// A leaf of these entries, with room for as many as a leaf takes if it is one of several.
pub fn leaf_of(entries: &[Entry]) -> Vec<Entry> {
    let mut leaf = Vec::with_capacity(if entries.len() > MOST / 2 { MOST } else { entries.len() });
    leaf.extend_from_slice(entries);
    leaf
}

/// Makes room for `more` elements: doubling, but not beyond what a node may hold.
fn reserve<T>(list: &mut Vec<T>, more: usize) {
    let needed = list.len() + more;
    if needed > list.capacity() {
        let capacity = needed.max((list.capacity() * 2).clamp(4, MOST));
        list.reserve_exact(capacity - list.len());
    }
}

/// Moves elements between two neighbours until both have about the same number.
fn balance<T>(left: &mut Vec<T>, right: &mut Vec<T>) {
    let half = (left.len() + right.len()) / 2;
    if left.len() > half {
        reserve(right, left.len() - half);
        right.splice(..0, left.drain(half..));
    } else {
        let moved = half - left.len();
        reserve(left, moved);
        left.extend(right.drain(..moved));
    }
}

/// Moves all of `right` behind `left`.
fn append<T>(left: &mut Vec<T>, mut right: Vec<T>) {
    reserve(left, right.len());
    left.append(&mut right);
}

/// Splits a full list at `at`; both parts may grow to a full node.
fn split_off<T>(list: &mut Vec<T>, at: usize) -> Vec<T> {
    let mut right = Vec::with_capacity(MOST);
    right.extend(list.drain(at..));
    right
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Node::Leaf(entries) => entries.len(),
            Node::Inner(inner) => inner.children.len(),
        }
    }

    fn first(&self) -> Entry {
        match self {
            Node::Leaf(entries) => entries[0],
            Node::Inner(inner) => inner.firsts[0],
        }
    }

    fn count(&self) -> u32 {
        match self {
            Node::Leaf(entries) => entries.len() as u32,
            Node::Inner(inner) => inner.counts.iter().sum(),
        }
    }

    /// Adds an entry; gives back the right half if the node had to be split.
    pub fn insert(
        &mut self,
        entry: Entry,
        compare: &impl Fn(Entry) -> Ordering,
        edge: Edge,
    ) -> Option<Node> {
        let inner = match self {
            Node::Leaf(entries) => {
                let at = entries.partition_point(|other| compare(*other) == Ordering::Less);
                return insert_in_leaf(entries, at, entry, edge).map(Node::Leaf);
            }
            Node::Inner(inner) => inner,
        };
        let at = inner.child_of(compare);
        let is_last = edge == Edge::Last && at + 1 == inner.children.len();
        let below = if is_last { Edge::Last } else { Edge::Inside };
        let split = inner.children[at].insert(entry, compare, below);
        inner.firsts[at] = inner.children[at].first();
        let Some(right) = split else {
            inner.counts[at] += 1;
            return None;
        };
        inner.counts[at] = inner.children[at].count();
        let half = (inner.children.len() == MOST).then(|| inner.split(at + 1, below));
        match half {
            Some(mut half) if at + 1 > inner.children.len() => {
                half.insert_child(at + 1 - inner.children.len(), right);
                Some(Node::Inner(half))
            }
            half => {
                inner.insert_child(at + 1, right);
                half.map(Node::Inner)
            }
        }
    }

    /// Removes the entry that compares as equal.
    pub fn remove(&mut self, compare: &impl Fn(Entry) -> Ordering) {
        match self {
            Node::Leaf(entries) => {
                let at = entries.partition_point(|other| compare(*other) == Ordering::Less);
                entries.remove(at);
            }
            Node::Inner(inner) => {
                let at = inner.child_of(compare);
                inner.children[at].remove(compare);
                inner.counts[at] -= 1;
                inner.tend(at);
            }
        }
    }

    /// Puts another reference in the entry that compares as equal.
    pub fn replace(&mut self, member: Ref, compare: &impl Fn(Entry) -> Ordering) {
        match self {
            Node::Leaf(entries) => {
                let at = entries.partition_point(|other| compare(*other) == Ordering::Less);
                entries[at].member = member;
            }
            Node::Inner(inner) => {
                let at = inner.child_of(compare);
                inner.children[at].replace(member, compare);
                inner.firsts[at] = inner.children[at].first();
            }
        }
    }

    /// Removes the entries of these ranks below the node, of which some stay.
    pub fn remove_range(&mut self, ranks: Range<usize>, visit: &mut impl FnMut(Entry)) {
        let inner = match self {
            Node::Leaf(entries) => return entries.drain(ranks).for_each(visit),
            Node::Inner(inner) => inner,
        };
        let mut start = 0;
        // Children of which nothing stays lie side by side.
        let mut emptied = 0..0;
        let mut cut = [None; 2];
        for at in 0..inner.children.len() {
            let end = start + inner.counts[at] as usize;
            let part = ranks.start.max(start)..ranks.end.min(end);
            if part.start < part.end {
                if part == (start..end) {
                    inner.children[at].visit_all(visit);
                    emptied = if emptied.is_empty() { at..at + 1 } else { emptied.start..at + 1 };
                } else {
                    inner.counts[at] -= part.len() as u32;
                    inner.children[at].remove_range(part.start - start..part.end - start, visit);
                    cut[usize::from(cut[0].is_some())] = Some(at);
                }
            }
            start = end;
        }
        inner.firsts.drain(emptied.clone());
        inner.counts.drain(emptied.clone());
        inner.children.drain(emptied.clone());
        // From the back, so that the places before stay what they are.
        for at in cut.into_iter().rev().flatten() {
            inner.tend(if at < emptied.start { at } else { at - emptied.len() });
        }
    }

    /// Shows every entry below the node.
    pub fn visit_all(&self, visit: &mut impl FnMut(Entry)) {
        match self {
            Node::Leaf(entries) => entries.iter().copied().for_each(visit),
            Node::Inner(inner) => inner.children.iter().for_each(|child| child.visit_all(visit)),
        }
    }
}

/// Adds an entry at its place; gives back the right half if the leaf had to be split.
fn insert_in_leaf(
    entries: &mut Vec<Entry>,
    at: usize,
    entry: Entry,
    edge: Edge,
) -> Option<Vec<Entry>> {
    if entries.len() < MOST {
        reserve(entries, 1);
        entries.insert(at, entry);
        return None;
    }
    // Scores that only grow (times, counters) leave full leaves behind.
    let middle = if edge == Edge::Last && at == MOST { MOST } else { MOST / 2 };
    let mut right = split_off(entries, middle);
    match at.checked_sub(middle) {
        Some(at) => right.insert(at, entry),
        None => entries.insert(at, entry),
    }
    Some(right)
}

impl Inner {
    /// A node over these children.
    pub fn of(children: impl Iterator<Item = Node>) -> Inner {
        let mut inner = Inner::default();
        children.for_each(|child| inner.insert_child(inner.children.len(), child));
        inner
    }

    /// How many entries are below the children before `at`.
    #[inline]
    pub fn count_before(&self, at: usize) -> usize {
        self.counts[..at].iter().map(|count| *count as usize).sum()
    }

    /// The child that holds the entry `rank`, and its rank below that child.
    #[inline]
    pub fn child_at(&self, rank: usize) -> (usize, usize) {
        let mut left = rank;
        for (at, count) in self.counts.iter().enumerate() {
            match left.checked_sub(*count as usize) {
                Some(rest) => left = rest,
                None => return (at, left),
            }
        }
        unreachable!("a rank is below the number of entries")
    }

    /// The child below which an entry is, or belongs.
    #[inline]
    fn child_of(&self, compare: &impl Fn(Entry) -> Ordering) -> usize {
        self.firsts[1..].partition_point(|first| compare(*first) != Ordering::Greater)
    }

    fn insert_child(&mut self, at: usize, child: Node) {
        reserve(&mut self.firsts, 1);
        reserve(&mut self.counts, 1);
        reserve(&mut self.children, 1);
        self.firsts.insert(at, child.first());
        self.counts.insert(at, child.count());
        self.children.insert(at, child);
    }

    /// Splits a full node that is to get a child at `at`.
    fn split(&mut self, at: usize, edge: Edge) -> Box<Inner> {
        // The new child of an append is the first of the right half, which must not be empty.
        let middle = if edge == Edge::Last && at == MOST { MOST - 1 } else { MOST / 2 };
        Box::new(Inner {
            firsts: split_off(&mut self.firsts, middle),
            counts: split_off(&mut self.counts, middle),
            children: split_off(&mut self.children, middle),
        })
    }

    /// Puts the node right after entries were removed below child `at`: its first entry may be
    /// another, it may be empty, or have too few for a node of its own.
    fn tend(&mut self, at: usize) {
        let len = self.children[at].len();
        if len == 0 {
            self.drop_child(at);
            return;
        }
        self.firsts[at] = self.children[at].first();
        if len >= FEWEST || self.children.len() == 1 {
            return;
        }
        let left = at.saturating_sub(1);
        if self.children[left].len() + self.children[left + 1].len() <= MOST_MERGED {
            let (right, count) = self.drop_child(left + 1);
            self.counts[left] += count;
            self.children[left].append(right);
            return;
        }
        let [one, other] = &mut self.children[left..left + 2] else {
            unreachable!("the range has two children")
        };
        match (one, other) {
            (Node::Leaf(one), Node::Leaf(other)) => balance(one, other),
            (Node::Inner(one), Node::Inner(other)) => {
                balance(&mut one.firsts, &mut other.firsts);
                balance(&mut one.counts, &mut other.counts);
                balance(&mut one.children, &mut other.children);
            }
            _ => unreachable!("nodes of one level are of one kind"),
        }
        for at in [left, left + 1] {
            self.firsts[at] = self.children[at].first();
            self.counts[at] = self.children[at].count();
        }
    }

    fn drop_child(&mut self, at: usize) -> (Node, u32) {
        self.firsts.remove(at);
        (self.children.remove(at), self.counts.remove(at))
    }
}

impl Node {
    fn append(&mut self, right: Node) {
        match (self, right) {
            (Node::Leaf(left), Node::Leaf(right)) => append(left, right),
            (Node::Inner(left), Node::Inner(right)) => {
                append(&mut left.firsts, right.firsts);
                append(&mut left.counts, right.counts);
                append(&mut left.children, right.children);
            }
            _ => unreachable!("nodes of one level are of one kind"),
        }
    }

    /// Panics unless the node is sound; gives back its depth.
    #[cfg(test)]
    pub fn check(&self) -> usize {
        let Node::Inner(inner) = self else { return 0 };
        assert!(!inner.children.is_empty() && inner.children.len() <= MOST);
        assert_eq!(inner.firsts.len(), inner.children.len());
        assert_eq!(inner.counts.len(), inner.children.len());
        let mut depths = Vec::new();
        for (at, child) in inner.children.iter().enumerate() {
            assert!(child.len() > 0 && child.len() <= MOST);
            assert_eq!(inner.firsts[at], child.first());
            assert_eq!(inner.counts[at], child.count());
            depths.push(child.check());
        }
        assert!(depths.iter().all(|depth| *depth == depths[0]));
        depths[0] + 1
    }

    /// How many leaves there are.
    #[cfg(test)]
    pub fn leaves(&self) -> usize {
        match self {
            Node::Leaf(_) => 1,
            Node::Inner(inner) => inner.children.iter().map(Node::leaves).sum(),
        }
    }
}
