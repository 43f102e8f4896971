//! Several sets at once: SINTER, SUNION, SDIFF, and SINTERCARD, which only counts.
//!
//! Results are written as they are found, so the length of the reply comes last. A member of a
//! union is looked for in the sets before its own, a member of a difference in those that are taken
//! away; only where that would be dearer than a copy is one made.

use super::{change, find};
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::set::{Encoding, Limits, Member, Set, View};
use smallvec::SmallVec;
use std::ops::ControlFlow;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SINTER, SINTERCARD, SUNION, SDIFF];

/// The sets of a call; none stands for a key that is not there.
pub(super) type Views<'a> = SmallVec<[Option<View<'a>>; 4]>;

const SINTER: Command = Command::read("SINTER key [key ...]", sinter)
    .costs("O(N*M) where N is the size of the smallest set and M the number of sets")
    .tips(&["nondeterministic_output_order"])
    .about("The members that all the sets have.");

fn sinter(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let sets = views(db, args.iter(1))?;
    let open = reply.open_array();
    let mut count = 0;
    intersect(sets, |member| {
        reply.bulk(member.text(&mut itoa::Buffer::new()));
        count += 1;
        ControlFlow::Continue(())
    });
    reply.close_set(open, count);
    Ok(())
}

const SINTERCARD: Command =
    Command::read("SINTERCARD numkeys key [key ...] [LIMIT limit]", sintercard)
        .since("7.0.0")
        .costs("O(N*M) where N is the size of the smallest set and M the number of sets")
        .about("How many members all the sets have; counting ends at the limit.");

fn sintercard(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let keys = args.integer_in(1, 1..=i64::MAX).map_err(|_| error::sets::TOO_FEW_KEYS)?;
    let keys = usize::try_from(keys).unwrap_or(usize::MAX);
    if keys > args.len() - 2 {
        return Err(error::sets::TOO_MANY_KEYS);
    }
    let mut limit = 0;
    let mut at = 2 + keys;
    while at < args.len() {
        if !args.is(at, "LIMIT") || at + 1 == args.len() {
            return Err(error::SYNTAX);
        }
        let given = args.integer_in(at + 1, 0..=i64::MAX);
        limit = given.map_err(|_| error::sets::NEGATIVE_LIMIT)?;
        at += 2;
    }
    let mut count = 0;
    intersect(views(db, args.iter(2).take(keys))?, |_| {
        count += 1;
        if count == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    reply.integer(count);
    Ok(())
}

const SUNION: Command = Command::read("SUNION key [key ...]", sunion)
    .costs("O(N) where N is the number of members of all the sets")
    .tips(&["nondeterministic_output_order"])
    .about("The members that any of the sets has.");

fn sunion(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    /// Up to so many sets, members are looked for in the others instead of gathered.
    const FEW: usize = 4;
    let mut sets: SmallVec<[View<'_>; 4]> =
        views(db, args.iter(1))?.into_iter().flatten().collect();
    sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
    if sets.len() > FEW {
        super::members::write_all(unite(&sets, &change::limits(db)).view(), reply);
        return Ok(());
    }
    let open = reply.open_array();
    let mut count = 0;
    for (at, set) in sets.iter().enumerate() {
        set.for_each(|member| {
            if !sets[..at].iter().any(|before| before.has(member)) {
                reply.bulk(member.text(&mut itoa::Buffer::new()));
                count += 1;
            }
        });
    }
    reply.close_set(open, count);
    Ok(())
}

const SDIFF: Command = Command::read("SDIFF key [key ...]", sdiff)
    .costs("O(N) where N is the number of members of all the sets")
    .tips(&["nondeterministic_output_order"])
    .about("The members of the first set that none of the others has.");

fn sdiff(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let sets = views(db, args.iter(1))?;
    let Some((first, others)) = operands(&sets) else {
        reply.set(0);
        return Ok(());
    };
    if is_subtracted(first, &others) {
        super::members::write_all(subtract(first, &others, &change::limits(db)).view(), reply);
        return Ok(());
    }
    let open = reply.open_array();
    let mut count = 0;
    for_each_missing(first, &others, |member| {
        reply.bulk(member.text(&mut itoa::Buffer::new()));
        count += 1;
    });
    reply.close_set(open, count);
    Ok(())
}

/// The sets at these keys. WRONGTYPE where any holds something else.
pub(super) fn views<'a, 'k>(
    db: &'a Db,
    keys: impl Iterator<Item = &'k [u8]>,
) -> Result<Views<'a>, Error> {
    keys.map(|key| find(db, key)).collect()
}

/// Shows the members that all the sets have, until `visit` breaks off.
pub(super) fn intersect<'a>(sets: Views<'a>, mut visit: impl FnMut(Member<'a>) -> ControlFlow<()>) {
    let sets: Option<SmallVec<[View<'_>; 4]>> = sets.into_iter().collect();
    let Some(mut sets) = sets else {
        return;
    };
    sets.sort_by_key(View::len);
    let _ = sets[0].try_for_each(|member| match sets[1..].iter().all(|set| set.has(member)) {
        true => visit(member),
        false => ControlFlow::Continue(()),
    });
}

/// The set to take from and those to take away; none where there is nothing to take from.
pub(super) fn operands<'a>(sets: &Views<'a>) -> Option<(View<'a>, Views<'a>)> {
    let first = (*sets.first()?)?;
    let mut others: Views<'a> = sets[1..].iter().copied().filter(Option::is_some).collect();
    // What is in any is more likely to be in a large one.
    others.sort_by_key(|set| std::cmp::Reverse(set.map_or(0, |set| set.len())));
    Some((first, others))
}

/// Whether it is cheaper to copy the first set and remove the members of the others than to look
/// for each of its members in all of them: as Redis decides, since encodings hang on it.
pub(super) fn is_subtracted(first: View<'_>, others: &Views<'_>) -> bool {
    let looking = first.len() * (others.len() + 1) / 2;
    let removing = first.len() + others.iter().flatten().map(View::len).sum::<usize>();
    looking > removing
}

/// Shows the members of `first` that none of the others has.
pub(super) fn for_each_missing<'a>(
    first: View<'a>,
    others: &Views<'_>,
    mut visit: impl FnMut(Member<'a>),
) {
    first.for_each(|member| {
        if !others.iter().flatten().any(|other| other.has(member)) {
            visit(member);
        }
    });
}

/// The members of `first` without those of the others.
pub(super) fn subtract(first: View<'_>, others: &Views<'_>, limits: &Limits) -> Set {
    let mut set = Set::copy_of(first, limits);
    let mut buffer = itoa::Buffer::new();
    for other in others.iter().flatten() {
        let _ = other.try_for_each(|member| {
            set.remove(member.text(&mut buffer));
            if set.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    set
}

/// The members of all the sets. They are added in the order of the call, since encodings hang on
/// it, unless one of the sets is so large that the result is a hash table in any case.
pub(super) fn unite(sets: &[View<'_>], limits: &Limits) -> Set {
    let largest = sets.iter().enumerate().max_by_key(|(_, set)| set.len());
    let Some((at, largest)) = largest.filter(|(_, set)| set.len() > limits.most_compact()) else {
        let mut set = Set::empty(Encoding::IntSet);
        add_all(&mut set, sets, limits);
        return set;
    };
    let mut set = Set::copy_of(*largest, limits);
    add_all(&mut set, &sets[..at], limits);
    add_all(&mut set, &sets[at + 1..], limits);
    set
}

fn add_all(to: &mut Set, sets: &[View<'_>], limits: &Limits) {
    for set in sets {
        set.for_each(|member| _ = to.add_member(member, limits));
    }
}
