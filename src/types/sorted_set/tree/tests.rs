//! The tree against a sorted list of the standard library.

use super::*;
use crate::types::dict::{Beside, Dict};
use proptest::prelude::*;

/// A tree whose members are numbers, beside the same entries in a list.
struct Pair {
    names: Dict,
    tree: Tree,
    list: Vec<(f64, u32)>,
}

impl Pair {
    fn new() -> Self {
        Pair { names: Dict::new(Beside::Nothing), tree: Tree::new(), list: Vec::new() }
    }

    fn place(&self, score: f64, member: u32) -> Result<usize, usize> {
        self.list.binary_search_by(|(other, name)| {
            other.partial_cmp(&score).expect("no nan").then(name.cmp(&member))
        })
    }

    fn reference(&mut self, member: u32) -> Ref {
        let name = member.to_be_bytes();
        self.names.find(&name).unwrap_or_else(|| self.names.insert(&name, b""))
    }

    fn number(&self, entry: Entry) -> (f64, u32) {
        let name = self.names.key(entry.member).try_into().expect("four bytes");
        (entry.score, u32::from_be_bytes(name))
    }

    fn order(&self, entry: Entry, score: f64, member: u32) -> Ordering {
        let (own_score, own) = self.number(entry);
        own_score.partial_cmp(&score).expect("no nan").then(own.cmp(&member))
    }

    /// Adds an entry, or removes it if it is there.
    fn flip(&mut self, score: f64, member: u32) {
        let reference = self.reference(member);
        let mut tree = std::mem::take(&mut self.tree);
        match self.place(score, member) {
            Ok(at) => {
                self.list.remove(at);
                tree.remove(|entry| self.order(entry, score, member));
            }
            Err(at) => {
                self.list.insert(at, (score, member));
                let entry = Entry { score, member: reference };
                tree.insert(entry, |entry| self.order(entry, score, member));
            }
        }
        self.tree = tree;
    }

    fn remove_range(&mut self, ranks: Range<usize>) {
        let mut seen = Vec::new();
        let mut tree = std::mem::take(&mut self.tree);
        tree.remove_range(ranks.clone(), |entry| seen.push(self.number(entry)));
        self.tree = tree;
        let end = ranks.end.min(self.list.len());
        let removed: Vec<_> = self.list.drain(ranks.start.min(end)..end).collect();
        assert_eq!(seen, removed);
    }

    fn check(&self) {
        self.tree.root.check();
        assert_eq!(self.tree.len(), self.list.len());
        let pairs = |walk: Walk<'_>| walk.map(|entry| self.number(entry)).collect::<Vec<_>>();
        assert_eq!(pairs(self.tree.walk(0..usize::MAX, Direction::Up)), self.list);
        let mut down = self.list.clone();
        down.reverse();
        assert_eq!(pairs(self.tree.walk(0..usize::MAX, Direction::Down)), down);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Flip(i8, u32),
    Run(u32, u32),
    RemoveRange(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (any::<i8>(), 0..200u32).prop_map(|(score, member)| Step::Flip(score, member)),
        4 => (0..100_000u32, 1..400u32).prop_map(|(from, count)| Step::Run(from, count)),
        1 => (0..2000usize, 0..600usize).prop_map(|(from, count)| Step::RemoveRange(from, count)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_tree_is_a_sorted_list(steps in prop::collection::vec(step(), 1..120)) {
        let mut pair = Pair::new();
        for step in steps {
            match step {
                Step::Flip(score, member) => pair.flip(score.into(), member),
                Step::Run(from, count) => (from..from + count).for_each(|member| {
                    pair.flip(1000.0 + f64::from(member.wrapping_mul(2_654_435_761) >> 20), member);
                }),
                Step::RemoveRange(from, count) => pair.remove_range(from..from + count),
            }
            pair.check();
        }
        let half = pair.list.len() / 2;
        for rank in [0, half, half / 3] {
            let Some((score, member)) = pair.list.get(rank).copied() else { continue };
            let before = |entry| pair.order(entry, score, member) == Ordering::Less;
            prop_assert_eq!(pair.tree.partition(before), rank);
            let walk = pair.tree.walk(rank..rank + 90, Direction::Up);
            let walked = walk.map(|entry| pair.number(entry).1);
            let expected = pair.list[rank..].iter().take(90).map(|(_, member)| *member);
            prop_assert!(walked.eq(expected));
        }
    }
}

#[test]
fn a_tree_built_at_once_is_sound() {
    for len in [0, 1, 59, 60, 61, 64, 65, 3600, 3601, 10_000] {
        let list: Vec<(f64, u32)> = (0..len).map(|at| (f64::from(at / 2), at)).collect();
        let mut pair = Pair::new();
        let entry =
            |(score, member): &(f64, u32)| Entry { score: *score, member: pair.reference(*member) };
        let entries: Vec<Entry> = list.iter().map(entry).collect();
        (pair.tree, pair.list) = (Tree::from_sorted(&entries), list);
        pair.check();
        (0..200).for_each(|at| pair.flip(f64::from(at * 7 % 100), at));
        pair.check();
    }
}

#[test]
fn removing_one_by_one_from_either_end_leaves_nothing() {
    for from_the_end in [false, true] {
        let mut pair = Pair::new();
        (0..5000).for_each(|at| pair.flip(f64::from(at), at));
        for left in (0..5000).rev() {
            let rank = if from_the_end { left } else { 0 };
            pair.remove_range(rank..rank + 1);
            if left % 500 == 0 {
                pair.check();
            }
        }
        assert_eq!(pair.tree.weight(), 0);
        pair.flip(1.0, 1);
        pair.check();
    }
}

#[test]
fn leaves_are_well_filled() {
    let mut rising = Pair::new();
    (0..64_000).for_each(|at| rising.flip(f64::from(at), at));
    assert_eq!(rising.tree.root.leaves(), 1000);
    let mut mixed = Pair::new();
    (0..100_000u32).for_each(|at| mixed.flip(f64::from(at.wrapping_mul(2_654_435_761)), at));
    let leaves = mixed.tree.root.leaves();
    assert!(leaves * 64 < 100_000 * 10 / 6, "{leaves} leaves");
    // Nine of ten go: what is left does not stay spread over all the leaves.
    (0..90_000u32).for_each(|at| mixed.flip(f64::from(at.wrapping_mul(2_654_435_761)), at));
    let leaves = mixed.tree.root.leaves();
    assert!(leaves * 64 < 10_000 * 3, "{leaves} leaves");
}
