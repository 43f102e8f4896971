//! Sorted sets that lie in a record: entries in order, each a score and a member.
//!
//! A score that changes and takes as many bytes as before leaves the length as it is: its entry
//! moves within the bytes. All else is an edit for the store.

use super::Entry as Pair;
use crate::types::packed::{self, Entry, HEAD_BYTES, Layout, Packed, Piece};
use crate::types::score;
use std::cmp::Ordering;
use std::ops::Range;

/// A view of a packed sorted set.
#[inline]
pub fn view(bytes: &[u8]) -> Packed<'_> {
    Packed::new(bytes, Layout::Scored)
}

/// The score of an entry.
#[inline]
pub fn score(entry: &Entry<'_>) -> f64 {
    score::unpack(entry.score)
}

/// How many bytes an entry takes.
#[inline]
pub fn entry_bytes(member: &[u8], score: f64) -> usize {
    score::pack(score).len() + packed::element_bytes(member.len())
}

/// Adds an entry at the end of bytes under construction.
pub fn push(piece: &mut Piece, member: &[u8], score: f64) {
    piece.extend_from_slice(&score::pack(score));
    packed::push(piece, member);
}

/// A packed sorted set of these entries, which are in order.
pub fn pack<'a>(entries: impl Iterator<Item = Pair<'a>>, is_converted: bool) -> Piece {
    let mut piece = packed::empty();
    let mut count = 0;
    for (member, score) in entries {
        push(&mut piece, member, score);
        count += 1;
    }
    packed::set_count(&mut piece, count);
    if is_converted {
        packed::set_converted(&mut piece);
    }
    piece
}

/// Where an entry with this score and member begins, or would begin.
pub fn place(set: Packed<'_>, new_score: f64, member: &[u8]) -> usize {
    let is_behind = |entry: &Entry<'_>| {
        super::order(score(entry), entry.name, new_score, member) == Ordering::Less
    };
    set.entries().find(|entry| !is_behind(entry)).map_or(set.end(), |entry| entry.start)
}

/// Whether an entry takes as many bytes with another score.
#[inline]
pub fn is_as_long(entry: &Entry<'_>, new_score: f64) -> bool {
    score::pack(new_score).len() == entry.score.len()
}

/// Gives the entry that begins at `start` another score, which takes as many bytes as the old one,
/// and moves it to its place.
pub fn set_score(bytes: &mut [u8], start: usize, new_score: f64) {
    let set = view(bytes);
    let own = set.entry(start).range();
    let place = place_of_moved(set, &own, new_score);
    let new = score::pack(new_score);
    bytes[own.start..][..new.len()].copy_from_slice(&new);
    if place < own.start {
        bytes[place..own.end].rotate_right(own.len());
    } else if place > own.end {
        bytes[own.start..place].rotate_left(own.len());
    }
}

/// Where the entry at `own` belongs by its new score; it does not count itself.
fn place_of_moved(set: Packed<'_>, own: &Range<usize>, new_score: f64) -> usize {
    let member = set.entry(own.start).name;
    let others = set.entries().filter(|entry| entry.start != own.start);
    let mut is_behind = others.take_while(|entry| {
        super::order(score(entry), entry.name, new_score, member) == Ordering::Less
    });
    is_behind.by_ref().last().map_or(HEAD_BYTES, |entry| entry.end)
}

/// Where the entries of these ranks lie.
pub fn bytes_of(set: Packed<'_>, ranks: &Range<usize>) -> Range<usize> {
    let mut entries = set.entries();
    let start = entries.nth(ranks.start).map_or(set.end(), |entry| entry.start);
    let end = match ranks.len() {
        0 => start,
        1 => set.entry(start).end,
        more => entries.nth(more - 2).map_or(set.end(), |entry| entry.end),
    };
    start..end
}
