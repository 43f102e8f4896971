//! Sorted sets: from members with scores in whatever form to one for the store.
//!
//! Redis writes them in order, from one end or the other. That is not believed: few are sorted
//! beside each other, many go into the table of members and are sorted there, which is quick where
//! they are in order.

use super::flaw::{Flaw, damaged};
use super::input::Input;
use super::value::{Context, LoadedValue};
use crate::persistence::rdb::packs::{Item, Pack};
use crate::store::{Object, PackedKind};
use crate::types::dict::Dict;
use crate::types::number::parse_float;
use crate::types::packed::HEAD_BYTES;
use crate::types::sorted_set::{SortedSet, small};
use std::ops::Range;

const TWICE: &str = "a sorted set with a member that comes twice";

/// A sorted set under construction.
struct Draft {
    room: usize,
    /// Bytes it would take packed.
    packed_bytes: usize,
    /// Members one after the other, as long as they fit a record, and where they lie.
    names: Vec<u8>,
    entries: Vec<(f64, Range<usize>)>,
    large: Option<Dict>,
    count: usize,
    longest: usize,
}

impl Draft {
    fn new(context: &Context<'_>) -> Self {
        Draft {
            room: context.room,
            packed_bytes: HEAD_BYTES,
            names: Vec::new(),
            entries: Vec::new(),
            large: None,
            count: 0,
            longest: 0,
        }
    }

    fn add(&mut self, member: &[u8], score: f64) -> Result<(), Flaw> {
        if score.is_nan() {
            return damaged("a sorted set with a score that is no number");
        }
        self.count += 1;
        self.longest = self.longest.max(member.len());
        if let Some(members) = &mut self.large {
            return add_large(members, member, score);
        }
        self.packed_bytes += small::entry_bytes(member, score);
        if self.packed_bytes > self.room {
            let mut members = SortedSet::new_members();
            for (score, range) in self.entries.drain(..) {
                add_large(&mut members, &self.names[range], score)?;
            }
            return add_large(self.large.insert(members), member, score);
        }
        if self.entries.iter().any(|(_, range)| self.names[range.clone()] == *member) {
            return damaged(TWICE);
        }
        let start = self.names.len();
        self.names.extend_from_slice(member);
        self.entries.push((score, start..self.names.len()));
        Ok(())
    }

    /// The set; `is_converted` says that Redis would make a skip list of it.
    fn finish(mut self, is_converted: bool) -> Result<LoadedValue<'static>, Flaw> {
        if self.count == 0 {
            return Err(Flaw::Empty);
        }
        // Redis's list of entries knows no negative zero; adding 0 takes its sign.
        let kept = |score: f64| if is_converted { score } else { score + 0.0 };
        if let Some(mut members) = self.large {
            if !is_converted {
                let all: Vec<_> = members.iter().collect();
                for member in all {
                    let score = kept(SortedSet::score_of(&members, member));
                    members.beside_mut(member).copy_from_slice(&score.to_le_bytes());
                }
            }
            let mut set = SortedSet::from_members(members);
            if is_converted {
                set.set_converted();
            }
            return Ok(LoadedValue::Object(Object::SortedSet(set)));
        }
        let names = &self.names;
        self.entries.sort_unstable_by(|(score, name), (other_score, other)| {
            let by_score = score.partial_cmp(other_score).expect("nan was refused");
            by_score.then_with(|| names[name.clone()].cmp(&names[other.clone()]))
        });
        let entries = self.entries.iter();
        let entries = entries.map(|(score, name)| (&names[name.clone()], kept(*score)));
        let piece = small::pack(entries, is_converted);
        Ok(LoadedValue::Packed(PackedKind::SortedSet, piece))
    }
}

fn add_large(members: &mut Dict, member: &[u8], score: f64) -> Result<(), Flaw> {
    if members.find(member).is_some() {
        return damaged(TWICE);
    }
    members.insert(member, &score.to_le_bytes());
    Ok(())
}

/// A score as eight bytes.
pub(super) fn binary_score(input: &mut Input<'_>) -> Result<f64, Flaw> {
    Ok(f64::from_le_bytes(input.array()?))
}

/// A score as text behind its length; lengths from 253 on stand for what is no finite number.
pub(super) fn text_score(input: &mut Input<'_>) -> Result<f64, Flaw> {
    match input.byte()? {
        253 => Ok(f64::NAN),
        254 => Ok(f64::INFINITY),
        255 => Ok(f64::NEG_INFINITY),
        length => score_of_text(input.take(usize::from(length))?),
    }
}

fn score_of_text(text: &[u8]) -> Result<f64, Flaw> {
    parse_float(text).ok_or(Flaw::Damaged("a sorted set with a score that is no number".into()))
}

/// Members as strings, each with a score behind it.
pub(super) fn read_plain(
    input: &mut Input<'_>,
    context: &Context<'_>,
    read_score: fn(&mut Input<'_>) -> Result<f64, Flaw>,
) -> Result<LoadedValue<'static>, Flaw> {
    let count = input.count(2)?;
    let (mut draft, mut member) = (Draft::new(context), Vec::new());
    for _ in 0..count {
        member.clear();
        member.extend_from_slice(input.string()?);
        draft.add(&member, read_score(input)?)?;
    }
    let limits = context.limits;
    let is_converted = draft.count > limits.zset_max_listpack_entries()
        || draft.longest > limits.zset_max_listpack_value();
    draft.finish(is_converted)
}

/// Members and scores in turn: Redis looks at how many there are, not at how long they are.
pub(super) fn of_pairs<'p>(
    mut pack: impl Pack<'p>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let (mut draft, mut text) = (Draft::new(context), itoa::Buffer::new());
    while let Some(member) = pack.next_item()? {
        let score = match pack.next_item()? {
            Some(Item::Integer(score)) => score as f64,
            Some(Item::Bytes(text)) => score_of_text(text)?,
            None => return damaged("a sorted set with a member without a score"),
        };
        draft.add(member.text(&mut text), score)?;
    }
    let is_converted = draft.count > context.limits.zset_max_listpack_entries();
    draft.finish(is_converted)
}
