//! A sorted set to read, whatever its form. Every range becomes a range of ranks.

use super::bounds::{LexRange, ScoreRange};
use super::tree::{Direction, Walk};
use super::{Entry, SortedSet, small};
use crate::types::dict::Dict;
use crate::types::packed::{self, Packed};
use smallvec::SmallVec;
use std::ops::Range;

/// A sorted set to read.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// One that lies in its record.
    Small(Packed<'a>),
    /// One of its own.
    Large(&'a SortedSet),
}

impl<'a> View<'a> {
    /// A view of a packed sorted set.
    #[inline]
    pub fn packed(bytes: &'a [u8]) -> Self {
        View::Small(small::view(bytes))
    }

    /// A set without members: what a key that is not there counts as.
    pub fn empty() -> Self {
        View::packed(&[0; packed::HEAD_BYTES])
    }

    /// How many members there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            View::Small(set) => set.count(),
            View::Large(set) => set.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes it takes, about.
    pub fn bytes(&self) -> usize {
        match self {
            View::Small(set) => set.end(),
            View::Large(set) => set.weight(),
        }
    }

    /// Whether Redis would still keep it as a list of entries.
    pub fn is_listpack(&self) -> bool {
        match self {
            View::Small(set) => !set.is_converted(),
            View::Large(set) => !set.is_converted(),
        }
    }

    /// The score of a member.
    #[inline]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            View::Small(set) => set.find(member).map(|start| small::score(&set.entry(start))),
            View::Large(set) => set.score(member),
        }
    }

    /// How many members come before this one, and its score.
    pub fn rank(&self, member: &[u8]) -> Option<(usize, f64)> {
        match self {
            View::Small(set) => {
                let found = set.entries().enumerate().find(|(_, entry)| entry.name == member);
                found.map(|(rank, entry)| (rank, small::score(&entry)))
            }
            View::Large(set) => set.rank(member),
        }
    }

    /// The ranks of the members whose scores lie in a range.
    pub fn score_ranks(&self, range: &ScoreRange) -> Range<usize> {
        let ranks = match self {
            View::Small(set) => {
                let scores = || set.entries().map(|entry| small::score(&entry));
                scores().take_while(|score| range.is_behind(*score)).count()
                    ..scores().take_while(|score| range.reaches(*score)).count()
            }
            View::Large(set) => set.score_ranks(range),
        };
        ranks.start..ranks.end.max(ranks.start)
    }

    /// The ranks of the members that lie in a range of bytes.
    ///
    /// Where scores differ, no answer is right; Redis's for a list of entries is what a walk from
    /// the end that `direction` names finds, and it is the one given here.
    pub fn lex_ranks(&self, range: &LexRange<'_>, direction: Direction) -> Range<usize> {
        match self {
            View::Large(set) if set.is_converted() => {
                let ranks = set.lex_ranks(range);
                ranks.start..ranks.end.max(ranks.start)
            }
            _ => self.walked_lex_ranks(range, direction),
        }
    }

    fn walked_lex_ranks(&self, range: &LexRange<'_>, direction: Direction) -> Range<usize> {
        let members: Vec<&[u8]> =
            self.walk(0..self.len(), Direction::Up).map(|(member, _)| member).collect();
        let (Some(first), Some(last)) = (members.first(), members.last()) else { return 0..0 };
        if range.is_empty() || range.is_behind(last) || !range.reaches(first) {
            return 0..0;
        }
        let is_inside = |member: &&&[u8]| !range.is_behind(member) && range.reaches(member);
        match direction {
            Direction::Up => {
                let start = members.iter().take_while(|member| range.is_behind(member)).count();
                let inside = members[start..].iter();
                // Once inside, only the upper bound ends the walk.
                let begins = inside.clone().next().is_some_and(|first| is_inside(&first));
                let count = inside.take_while(|member| range.reaches(member)).count();
                start..start + if begins { count } else { 0 }
            }
            Direction::Down => {
                let after = members.iter().rev().take_while(|member| !range.reaches(member));
                let end = members.len() - after.count();
                let inside = members[..end].iter().rev();
                let begins = inside.clone().next().is_some_and(|last| is_inside(&last));
                let count = inside.take_while(|member| !range.is_behind(member)).count();
                end - if begins { count } else { 0 }..end
            }
        }
    }

    /// The members of these ranks with their scores, from the end that `direction` names.
    pub fn walk(&self, ranks: Range<usize>, direction: Direction) -> Entries<'a> {
        match self {
            View::Small(set) => {
                let bytes = small::bytes_of(*set, &ranks);
                match direction {
                    Direction::Up => Entries::Up(*set, bytes),
                    Direction::Down => {
                        let starts = set.starts();
                        let end = ranks.end.min(starts.len());
                        let ranks = ranks.start.min(end)..end;
                        Entries::Down(*set, SmallVec::from_slice(&starts[ranks]))
                    }
                }
            }
            View::Large(set) => {
                let (members, order) = set.parts();
                Entries::Large(members, order.walk(ranks, direction))
            }
        }
    }

    /// The member at a rank, with its score.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn at(&self, rank: usize) -> Entry<'a> {
        let mut one = self.walk(rank..rank + 1, Direction::Up);
        one.next().expect("a rank is below the number of members")
    }
}

/// Members with their scores, in order.
pub enum Entries<'a> {
    /// Of a record, between two places.
    Up(Packed<'a>, Range<usize>),
    /// Of a record, backwards: places that are left.
    Down(Packed<'a>, SmallVec<[u16; 64]>),
    /// Of a tree.
    Large(&'a Dict, Walk<'a>),
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        match self {
            Entries::Up(set, left) => {
                if left.start == left.end {
                    return None;
                }
                let entry = set.entry(left.start);
                left.start = entry.end;
                Some((entry.name, small::score(&entry)))
            }
            Entries::Down(set, left) => {
                let entry = set.entry(left.pop()?.into());
                Some((entry.name, small::score(&entry)))
            }
            Entries::Large(members, walk) => {
                let entry = walk.next()?;
                Some((members.key(entry.member), entry.score))
            }
        }
    }
}
