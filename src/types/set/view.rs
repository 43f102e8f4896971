//! Sets as readers see them, wherever they lie: integers, packed members, a dict.

use super::int_set::IntSet;
use crate::types::dict::{Dict, Ref};
use crate::types::number::parse_integer;
use crate::types::packed::{Layout, Packed};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// A set, to read.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// Integers in ascending order.
    Integers(IntSet<'a>),
    /// Members in the order in which they came.
    Packed(Packed<'a>),
    /// Members in no order.
    Table(&'a Dict),
}

/// A member of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member<'a> {
    /// Of a set of integers.
    Integer(i64),
    /// As it came.
    Bytes(&'a [u8]),
}

impl<'a> Member<'a> {
    /// The member as clients know it; an integer is spelled out in `buffer`.
    #[inline]
    pub fn text<'b>(&self, buffer: &'b mut itoa::Buffer) -> &'b [u8]
    where
        'a: 'b,
    {
        match *self {
            Member::Integer(value) => buffer.format(value).as_bytes(),
            Member::Bytes(bytes) => bytes,
        }
    }

    /// The integer it is or spells.
    pub fn integer(&self) -> Option<i64> {
        match *self {
            Member::Integer(value) => Some(value),
            Member::Bytes(bytes) => parse_integer(bytes),
        }
    }
}

impl<'a> View<'a> {
    /// Packed members, as they lie in a record.
    #[inline]
    pub fn packed(bytes: &'a [u8]) -> Self {
        View::Packed(Packed::new(bytes, Layout::Single))
    }

    /// How many members there are.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            View::Integers(set) => set.count(),
            View::Packed(packed) => packed.count(),
            View::Table(dict) => dict.len(),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is one.
    #[inline]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self {
            View::Integers(set) => {
                parse_integer(member).is_some_and(|value| set.find(value).is_ok())
            }
            View::Packed(packed) => packed.find(member).is_some(),
            View::Table(dict) => dict.find(member).is_some(),
        }
    }

    /// Whether `member`, of another set, is one.
    #[inline]
    pub fn has(&self, member: Member<'_>) -> bool {
        match (self, member) {
            (View::Integers(set), Member::Integer(value)) => set.find(value).is_ok(),
            _ => self.contains(member.text(&mut itoa::Buffer::new())),
        }
    }

    /// Shows every member.
    pub fn for_each(&self, mut visit: impl FnMut(Member<'a>)) {
        let _: ControlFlow<()> = self.try_for_each(|member| {
            visit(member);
            ControlFlow::Continue(())
        });
    }

    /// Shows members until `visit` breaks off.
    pub fn try_for_each(
        &self,
        mut visit: impl FnMut(Member<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match self {
            View::Integers(set) => set.iter().try_for_each(|value| visit(Member::Integer(value))),
            View::Packed(packed) => {
                packed.entries().try_for_each(|entry| visit(Member::Bytes(entry.name)))
            }
            View::Table(dict) => {
                dict.iter().try_for_each(|element| visit(Member::Bytes(dict.key(element))))
            }
        }
    }

    /// Any member, all being equally likely; there must be one.
    pub fn random(&self) -> Member<'a> {
        match self {
            View::Integers(set) => Member::Integer(set.at(fastrand::usize(..set.count()))),
            View::Packed(packed) => {
                let entry = packed.entries().nth(fastrand::usize(..packed.count()));
                Member::Bytes(entry.expect("a set has as many members as it counts").name)
            }
            View::Table(dict) => Member::Bytes(dict.key(dict.random())),
        }
    }

    /// Shows `count` different members, fewer than there are, all choices being equally likely.
    pub fn sample(&self, count: usize, mut visit: impl FnMut(Member<'a>)) {
        /// Up to this part of the members they are drawn one by one; else all are walked.
        const DRAWN_PART: usize = 4;
        if let View::Table(dict) = self
            && count <= dict.len() / DRAWN_PART
        {
            let mut drawn: HashSet<Ref> = HashSet::with_capacity(count);
            while drawn.len() < count {
                let element = dict.random();
                if drawn.insert(element) {
                    visit(Member::Bytes(dict.key(element)));
                }
            }
            return;
        }
        // Of those still to come, each is taken with the chance that what is wanted leaves it.
        let (mut wanted, mut left) = (count, self.len());
        let _ = self.try_for_each(|member| {
            if fastrand::usize(..left) < wanted {
                visit(member);
                wanted -= 1;
            }
            left -= 1;
            if wanted == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
}
