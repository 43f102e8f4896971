//! ZRANDMEMBER: members drawn by chance, all being equally likely.

use super::range::write;
use super::value;
use crate::command::error::sorted_sets as errors;
use crate::command::{Args, Command, Outcome, error};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::sorted_set::{Direction, Entry, View};
use std::collections::HashSet;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[ZRANDMEMBER];

/// About the most bytes answered with repetition. Redis has no such limit, and fills its memory.
const MOST_REPEATED_BYTES: u64 = 1 << 30;
/// What stands around a member in a reply, and its score, about.
const AROUND_BYTES: u64 = 24;

const ZRANDMEMBER: Command = Command::read("ZRANDMEMBER key [count [WITHSCORES]]", zrandmember)
    .since("6.2.0")
    .costs("O(M*log(N)) where N is the size of the set and M how many members are drawn")
    .tips(&["nondeterministic_output"])
    .about("Members drawn by chance: each once, or with repetition when the count is negative.");

fn zrandmember(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() == 2 {
        let set = value::find(db, args.get(1))?;
        match set.len() {
            0 => reply.null(),
            len => reply.bulk(set.at(fastrand::usize(..len)).0),
        }
        return Ok(());
    }
    let count = args.integer_in(2, -i64::MAX..=i64::MAX)?;
    let with_scores = args.len() == 4 && args.is(3, "WITHSCORES");
    if args.len() > 3 && !with_scores {
        return Err(error::SYNTAX);
    }
    if with_scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(errors::COUNT_OUT_OF_RANGE);
    }
    let set = value::find(db, args.get(1))?;
    let len = set.len();
    if len == 0 {
        reply.array(0);
        return Ok(());
    }
    let wanted = count.unsigned_abs() as usize;
    if count < 0 {
        let bytes_each = AROUND_BYTES + (set.bytes() / len) as u64;
        if count.unsigned_abs() > MOST_REPEATED_BYTES / bytes_each {
            return Err(errors::COUNT_OUT_OF_RANGE);
        }
        let drawn = (0..wanted).map(|_| set.at(fastrand::usize(..len)));
        write(reply, wanted, drawn, with_scores);
    } else if wanted >= len / 3 {
        let wanted = wanted.min(len);
        write(reply, wanted, Thinned::new(&set, wanted), with_scores);
    } else {
        let drawn = distinct(wanted, len).into_iter().map(|rank| set.at(rank));
        write(reply, wanted, drawn, with_scores);
    }
    Ok(())
}

/// So many different numbers below `len`, every choice being equally likely (Floyd's algorithm).
fn distinct(count: usize, len: usize) -> HashSet<usize> {
    let mut drawn = HashSet::with_capacity(count);
    for last in len - count..len {
        if !drawn.insert(fastrand::usize(..=last)) {
            drawn.insert(last);
        }
    }
    drawn
}

/// A walk over the whole set that leaves members out, until so many are left.
struct Thinned<E> {
    entries: E,
    /// How many are still to be met.
    left: usize,
    /// How many of them are to be kept.
    wanted: usize,
}

impl<'a> Thinned<crate::types::sorted_set::Entries<'a>> {
    fn new(set: &View<'a>, wanted: usize) -> Self {
        let left = set.len();
        Thinned { entries: set.walk(0..left, Direction::Up), left, wanted }
    }
}

impl<'a, E: Iterator<Item = Entry<'a>>> Iterator for Thinned<E> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let entry = self.entries.next()?;
            let is_kept = fastrand::usize(..self.left) < self.wanted;
            self.left -= 1;
            if is_kept {
                self.wanted -= 1;
                return Some(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::sorted_set::SortedSet;

    fn ten() -> SortedSet {
        SortedSet::from_sorted((0..10).map(|at| (&b"0123456789"[at..at + 1], at as f64)))
    }

    /// Fails unless each of ten was met about as often as the others, `share` of `rounds`.
    fn assert_even(met: [usize; 10], expected: usize) {
        for count in met {
            assert!(count.abs_diff(expected) < expected / 10, "{met:?}, each about {expected}");
        }
    }

    #[test]
    fn a_thinned_walk_keeps_each_member_equally_often() {
        let (set, mut met) = (ten(), [0; 10]);
        for _ in 0..20_000 {
            let kept: Vec<_> = Thinned::new(&View::Large(&set), 5).collect();
            assert_eq!(kept.len(), 5);
            kept.iter().for_each(|(member, _)| met[usize::from(member[0] - b'0')] += 1);
        }
        assert_even(met, 10_000);
    }

    #[test]
    fn distinct_numbers_are_drawn_equally_often() {
        let mut met = [0; 10];
        for _ in 0..40_000 {
            let drawn = distinct(3, 10);
            assert_eq!(drawn.len(), 3);
            drawn.into_iter().for_each(|number| met[number] += 1);
        }
        assert_even(met, 12_000);
    }
}
