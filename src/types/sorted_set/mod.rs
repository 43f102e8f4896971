//! Sorted sets: members in the order of their scores, those of one score in that of their bytes.
//!
//! - `SortedSet`: one too large for its record: a dict of members and scores, a tree of the order
//! - `small`: one that lies in its record
//! - `view`: either, to read
//! - `bounds`: ranges of scores and bytes
//! - `tree`: the counted B+tree of the order
//!
//! The tree knows members by their references in the dict. Both together take about 50 bytes for a
//! member of 12.

pub mod bounds;
pub mod small;
#[cfg(test)]
mod tests;
pub mod tree;
mod view;

pub use tree::Direction;
pub use view::{Entries, View};

use crate::types::dict::{Beside, Dict, Ref};
use bounds::{LexRange, ScoreRange};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::ops::Range;
use tree::Tree;

/// A member with its score.
pub type Entry<'a> = (&'a [u8], f64);

/// How a member stands to another.
#[inline]
fn order(score: f64, member: &[u8], other_score: f64, other: &[u8]) -> Ordering {
    let by_score = score.partial_cmp(&other_score).expect("a score is never nan");
    by_score.then_with(|| member.cmp(other))
}

/// A sorted set too large for its record.
#[derive(Debug, Clone)]
pub struct SortedSet {
    members: Dict,
    order: Tree,
    is_converted: bool,
}

impl Default for SortedSet {
    fn default() -> Self {
        SortedSet::new()
    }
}

impl SortedSet {
    /// No members.
    pub fn new() -> Self {
        SortedSet { members: Self::new_members(), order: Tree::new(), is_converted: false }
    }

    /// An empty table of members, to be filled with scores beside them.
    pub fn new_members() -> Dict {
        Dict::new(Beside::Fixed8)
    }

    /// The members of another form of the set.
    pub fn from_view(view: View<'_>) -> Self {
        let mut set = Self::from_sorted(view.walk(0..view.len(), Direction::Up));
        set.is_converted = !view.is_listpack();
        set
    }

    /// A sorted set of entries that are in order, each member once.
    pub fn from_sorted<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Self {
        let mut set = SortedSet::new();
        let entries: Vec<tree::Entry> = entries
            .map(|(name, score)| tree::Entry {
                score,
                member: set.members.insert(name, &score.to_le_bytes()),
            })
            .collect();
        set.order = Tree::from_sorted(&entries);
        set
    }

    /// A sorted set of members with their scores beside them: sorted in one go.
    pub fn from_members(members: Dict) -> Self {
        let mut entries: Vec<tree::Entry> = members
            .iter()
            .map(|member| tree::Entry { score: Self::score_of(&members, member), member })
            .collect();
        entries.sort_unstable_by(|one, other| {
            let (score, other_score) = (one.score, other.score);
            order(score, members.key(one.member), other_score, members.key(other.member))
        });
        let order = Tree::from_sorted(&entries);
        SortedSet { members, order, is_converted: false }
    }

    /// The members, with their scores beside them.
    pub fn elements(&self) -> &Dict {
        &self.members
    }

    /// How many members there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        self.members.weight() + self.order.weight()
    }

    /// The encoding Redis would name.
    pub fn encoding(&self) -> &'static str {
        if self.is_converted { "skiplist" } else { "listpack" }
    }

    /// Whether Redis would have turned it into a skip list.
    #[inline]
    pub fn is_converted(&self) -> bool {
        self.is_converted
    }

    /// Notes for good that Redis would have turned it into a skip list.
    #[inline]
    pub fn set_converted(&mut self) {
        self.is_converted = true;
    }

    /// The score of a member.
    #[inline]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        self.members.find(member).map(|at| Self::score_of(&self.members, at))
    }

    /// How many members come before this one, and its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        let score = self.score(member)?;
        let before = self.order.partition(|entry| {
            order(entry.score, self.members.key(entry.member), score, member) == Ordering::Less
        });
        Some((before, score))
    }

    /// Where the members begin and end whose scores lie in a range; the end may come first.
    fn score_ranks(&self, range: &ScoreRange) -> Range<usize> {
        self.order.partition(|entry| range.is_behind(entry.score))
            ..self.order.partition(|entry| range.reaches(entry.score))
    }

    /// Where the members begin and end that lie in a range; the end may come first.
    fn lex_ranks(&self, range: &LexRange<'_>) -> Range<usize> {
        self.order.partition(|entry| range.is_behind(self.members.key(entry.member)))
            ..self.order.partition(|entry| range.reaches(self.members.key(entry.member)))
    }

    /// The members and their order.
    #[inline]
    fn parts(&self) -> (&Dict, &Tree) {
        (&self.members, &self.order)
    }

    /// The members with their scores beside them: for a walk that outlasts changes (ZSCAN).
    pub fn members(&self) -> &Dict {
        &self.members
    }

    /// The score beside a member.
    #[inline]
    pub fn score_of(members: &Dict, at: Ref) -> f64 {
        let bytes = members.beside(at).try_into().expect("a score has eight bytes");
        f64::from_le_bytes(bytes)
    }

    /// Adds a member, or gives it another score: `decide` gets the score it has and gives back the
    /// one it shall have, or none to leave things as they are. True if the member was added.
    pub fn update(
        &mut self,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> bool {
        match self.members.find(member) {
            Some(at) => {
                let old = Self::score_of(&self.members, at);
                if let Some(new) = decide(Some(old)).filter(|new| *new != old) {
                    self.remove_from_order(at, old);
                    self.members.beside_mut(at).copy_from_slice(&new.to_le_bytes());
                    self.insert_into_order(at, new, member);
                }
                false
            }
            None => {
                let Some(score) = decide(None) else { return false };
                let at = self.members.insert(member, &score.to_le_bytes());
                self.insert_into_order(at, score, member);
                true
            }
        }
    }

    /// Removes a member; false if it was not there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let Some(at) = self.members.find(member) else { return false };
        self.remove_from_order(at, Self::score_of(&self.members, at));
        self.members.remove(member);
        self.compact();
        true
    }

    /// Removes the members of these ranks.
    pub fn remove_ranks(&mut self, ranks: Range<usize>) {
        let members = &mut self.members;
        let mut name = Vec::new();
        self.order.remove_range(ranks.clone(), |entry| {
            name.clear();
            name.extend_from_slice(members.key(entry.member));
            members.remove(&name);
        });
        // Some more for each member that went, as if they had gone one by one.
        let steps = ranks.len();
        for _ in 0..steps {
            if !self.compact() {
                break;
            }
        }
    }

    /// Moves a few members, if that can give memory back; whether it did.
    fn compact(&mut self) -> bool {
        let mut moved: SmallVec<[(Ref, Ref); 4]> = SmallVec::new();
        self.members.compact(|from, to| match moved.iter_mut().find(|(_, at)| *at == from) {
            Some((_, at)) => *at = to,
            None => moved.push((from, to)),
        });
        let members = &self.members;
        for (done, (_, to)) in moved.iter().enumerate() {
            // The tree still has references to where members were: there may be others by now.
            let place = |at: Ref| moved[done..].iter().find(|(from, _)| *from == at);
            let (score, name) = (Self::score_of(members, *to), members.key(*to));
            self.order.replace(*to, |entry| {
                let at = place(entry.member).map_or(entry.member, |(_, to)| *to);
                order(entry.score, members.key(at), score, name)
            });
        }
        !moved.is_empty()
    }

    fn insert_into_order(&mut self, at: Ref, score: f64, name: &[u8]) {
        let members = &self.members;
        self.order.insert(tree::Entry { score, member: at }, |entry| {
            order(entry.score, members.key(entry.member), score, name)
        });
    }

    fn remove_from_order(&mut self, at: Ref, score: f64) {
        let members = &self.members;
        self.order.remove(|entry| {
            if entry.member == at {
                return Ordering::Equal;
            }
            order(entry.score, members.key(entry.member), score, members.key(at))
        });
    }
}
