//! Several sets at once: ZUNION, ZINTER, ZDIFF, ZINTERCARD, and the forms that store the result.
//!
//! Plain sets take part as sorted sets whose scores are all 1. Unions and intersections go from the
//! smallest input to the largest: float sums depend on the order, and this is Redis's. A weighted
//! score that is no number (infinity times 0), and a sum that is none, count as 0.

use super::{range, value};
use crate::command::error::sorted_sets as errors;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::commands::sets;
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::dict::Dict;
use crate::types::set::View as SetView;
use crate::types::sorted_set::{Direction, SortedSet, View};
use smallvec::SmallVec;
use std::ops::ControlFlow;

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[ZUNION, ZUNIONSTORE, ZINTER, ZINTERSTORE, ZINTERCARD, ZDIFF, ZDIFFSTORE];

const UNION_COST: &str =
    "O(N)+O(M*log(M)) where N is the sum of the sizes of the sets and M that of the result";
const INTERSECTION_COST: &str = "O(N*K)+O(M*log(M)) where N is the size of the smallest set, K \
     the number of sets and M the size of the result";
const DIFFERENCE_COST: &str = "O(L+(N-K)*log(N)) where L is the sum of the sizes, N that of the \
     first set and K that of the result";

const ZUNION: Command = Command::read(
    "ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] \
     [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
    zunion,
)
.since("6.2.0")
.costs(UNION_COST)
.about("The members that any of the sets has, with aggregated scores.");

fn zunion(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer(db, args, Operation::Union, reply)
}

const ZINTER: Command = Command::read(
    "ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] \
     [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
    zinter,
)
.since("6.2.0")
.costs(INTERSECTION_COST)
.about("The members that all the sets have, with aggregated scores.");

fn zinter(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer(db, args, Operation::Intersection, reply)
}

const ZDIFF: Command = Command::read("ZDIFF numkeys key [key ...] [WITHSCORES]", zdiff)
    .since("6.2.0")
    .costs(DIFFERENCE_COST)
    .about("The members of the first set that none of the others has.");

fn zdiff(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer(db, args, Operation::Difference, reply)
}

const ZINTERCARD: Command =
    Command::read("ZINTERCARD numkeys key [key ...] [LIMIT limit]", zintercard)
        .since("7.0.0")
        .costs("O(N*K) where N is the size of the smallest set and K the number of sets")
        .about("How many members all the sets have; counting ends at the limit.");

fn zintercard(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let call = Call { operation: Operation::Intersection, answers: Answers::Count };
    let (mut sources, options) = parse(db, args, call)?;
    let mut count = 0;
    intersect(&mut sources, Aggregate::Sum, |_, _| {
        count += 1;
        if count == options.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    reply.integer(count);
    Ok(())
}

const ZUNIONSTORE: Command = Command::write(
    "ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] \
     [AGGREGATE <SUM | MIN | MAX>]",
    zunionstore,
)
.since("2.0.0")
.grows()
.keys(&["OW update", "RO access"])
.costs(UNION_COST)
.about("Puts the union of sorted sets at another key.");

fn zunionstore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    store(db, args, Operation::Union, reply)
}

const ZINTERSTORE: Command = Command::write(
    "ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] \
     [AGGREGATE <SUM | MIN | MAX>]",
    zinterstore,
)
.since("2.0.0")
.grows()
.keys(&["OW update", "RO access"])
.costs(INTERSECTION_COST)
.about("Puts the intersection of sorted sets at another key.");

fn zinterstore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    store(db, args, Operation::Intersection, reply)
}

const ZDIFFSTORE: Command =
    Command::write("ZDIFFSTORE destination numkeys key [key ...]", zdiffstore)
        .since("6.2.0")
        .grows()
        .keys(&["OW update", "RO access"])
        .costs(DIFFERENCE_COST)
        .about("Puts the members of the first set that none of the others has at another key.");

fn zdiffstore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    store(db, args, Operation::Difference, reply)
}

fn answer(db: &Db, args: &Args, operation: Operation, reply: &mut Reply) -> Outcome {
    let (result, options) = result(db, args, Call { operation, answers: Answers::Members })?;
    let entries = View::Large(&result).walk(0..result.len(), Direction::Up);
    range::write(reply, result.len(), entries, options.with_scores);
    Ok(())
}

fn store(db: &mut Db, args: &Args, operation: Operation, reply: &mut Reply) -> Outcome {
    let (result, _) = result(db, args, Call { operation, answers: Answers::Stores })?;
    let event = match operation {
        Operation::Union => "zunionstore",
        Operation::Intersection => "zinterstore",
        Operation::Difference => "zdiffstore",
    };
    reply.integer(value::store(db, args.get(1), result, event) as i64);
    Ok(())
}

fn result(db: &Db, args: &Args, call: Call) -> Result<(SortedSet, Options), Error> {
    let (mut sources, options) = parse(db, args, call)?;
    let members = combine(&mut sources, call.operation, options.aggregate);
    Ok((SortedSet::from_members(members), options))
}

/// What is made of the sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// What becomes of the result.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    Members,
    Count,
    Stores,
}

/// What the command's name says.
#[derive(Clone, Copy)]
struct Call {
    operation: Operation,
    answers: Answers,
}

impl Call {
    fn name(self) -> &'static str {
        match (self.operation, self.answers) {
            (Operation::Union, Answers::Stores) => "zunionstore",
            (Operation::Union, _) => "zunion",
            (Operation::Intersection, Answers::Stores) => "zinterstore",
            (Operation::Intersection, Answers::Count) => "zintercard",
            (Operation::Intersection, Answers::Members) => "zinter",
            (Operation::Difference, Answers::Stores) => "zdiffstore",
            (Operation::Difference, _) => "zdiff",
        }
    }
}

/// How several scores of one member become one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn parse(args: &Args, at: usize) -> Option<Self> {
        let names = [("SUM", Aggregate::Sum), ("MIN", Aggregate::Min), ("MAX", Aggregate::Max)];
        names.into_iter().find(|(name, _)| args.is(at, name)).map(|(_, aggregate)| aggregate)
    }

    fn of(self, score: f64, other: f64) -> f64 {
        match self {
            Aggregate::Sum => number(score + other),
            Aggregate::Min => {
                if other < score {
                    other
                } else {
                    score
                }
            }
            Aggregate::Max => {
                if other > score {
                    other
                } else {
                    score
                }
            }
        }
    }
}

/// The score, or 0 for what is no number.
fn number(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

/// One input.
#[derive(Clone, Copy)]
struct Source<'a> {
    set: Input<'a>,
    weight: f64,
}

#[derive(Clone, Copy)]
enum Input<'a> {
    Sorted(View<'a>),
    Plain(SetView<'a>),
}

type Sources<'a> = SmallVec<[Source<'a>; 4]>;

impl<'a> Source<'a> {
    fn find(db: &'a Db, key: &[u8]) -> Result<Self, Error> {
        let set = match db.find(key) {
            None => Input::Sorted(View::empty()),
            Some(record) => match value::view(&record) {
                Ok(view) => Input::Sorted(view),
                Err(_) => Input::Plain(sets::view(&record)?),
            },
        };
        Ok(Source { set, weight: 1.0 })
    }

    fn len(&self) -> usize {
        match &self.set {
            Input::Sorted(view) => view.len(),
            Input::Plain(set) => set.len(),
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.set {
            Input::Sorted(view) => view.score(member),
            Input::Plain(set) => set.contains(member).then_some(1.0),
        }
    }

    /// Shows members with their scores, without weight, until `visit` breaks off.
    fn try_for_each(&self, mut visit: impl FnMut(&[u8], f64) -> ControlFlow<()>) {
        // How it ended is known to `visit`.
        let _ = match &self.set {
            Input::Sorted(view) => view
                .walk(0..view.len(), Direction::Up)
                .try_for_each(|(member, score)| visit(member, score)),
            Input::Plain(set) => {
                set.try_for_each(|member| visit(member.text(&mut itoa::Buffer::new()), 1.0))
            }
        };
    }

    fn for_each(&self, mut visit: impl FnMut(&[u8], f64)) {
        self.try_for_each(|member, score| {
            visit(member, score);
            ControlFlow::Continue(())
        });
    }
}

/// What the options say.
struct Options {
    aggregate: Aggregate,
    with_scores: bool,
    /// ZINTERCARD: 0 is no limit.
    limit: i64,
}

/// Reads a call: finds the inputs, then reads the options, as Redis does.
fn parse<'a>(db: &'a Db, args: &Args, call: Call) -> Result<(Sources<'a>, Options), Error> {
    let at = if call.answers == Answers::Stores { 2 } else { 1 };
    let numkeys = args.integer(at)?;
    let first = at + 1;
    if numkeys < 1 {
        return Err(Error::no_input_key(call.name()));
    }
    let numkeys = usize::try_from(numkeys).ok().filter(|count| *count <= args.len() - first);
    let numkeys = numkeys.ok_or(error::SYNTAX)?;
    let keys = args.iter(first).take(numkeys);
    let mut sources = keys.map(|key| Source::find(db, key)).collect::<Result<Sources, _>>()?;
    let mut options = Options { aggregate: Aggregate::Sum, with_scores: false, limit: 0 };
    let mut at = first + numkeys;
    while at < args.len() {
        at += take_option(args, at, call, (&mut sources, &mut options))?;
    }
    Ok((sources, options))
}

/// Reads the option at `at`; gives back how many words it has.
fn take_option(
    args: &Args,
    at: usize,
    call: Call,
    (sources, options): (&mut Sources<'_>, &mut Options),
) -> Result<usize, Error> {
    let left = args.len() - at;
    let has_scores = call.operation != Operation::Difference && call.answers != Answers::Count;
    if has_scores && left > sources.len() && args.is(at, "WEIGHTS") {
        for (place, source) in sources.iter_mut().enumerate() {
            let weight = args.float(at + 1 + place);
            source.weight = weight.map_err(|_| errors::WEIGHT_NOT_A_FLOAT)?;
        }
        return Ok(1 + sources.len());
    }
    if has_scores && left >= 2 && args.is(at, "AGGREGATE") {
        options.aggregate = Aggregate::parse(args, at + 1).ok_or(error::SYNTAX)?;
        return Ok(2);
    }
    if call.answers == Answers::Members && args.is(at, "WITHSCORES") {
        options.with_scores = true;
        return Ok(1);
    }
    if call.answers == Answers::Count && left >= 2 && args.is(at, "LIMIT") {
        let limit = args.integer(at + 1).ok().filter(|limit| *limit >= 0);
        options.limit = limit.ok_or(errors::NEGATIVE_LIMIT)?;
        return Ok(2);
    }
    Err(error::SYNTAX)
}

/// The members of the result with their scores.
fn combine(sources: &mut Sources<'_>, operation: Operation, aggregate: Aggregate) -> Dict {
    let mut result = SortedSet::new_members();
    match operation {
        Operation::Union => unite(sources, aggregate, &mut result),
        Operation::Intersection => intersect(sources, aggregate, |member, score| {
            result.insert(member, &score.to_le_bytes());
            ControlFlow::Continue(())
        }),
        Operation::Difference => subtract(sources, &mut result),
    }
    result
}

fn unite(sources: &mut Sources<'_>, aggregate: Aggregate, result: &mut Dict) {
    sources.sort_by_key(Source::len);
    for source in sources {
        source.for_each(|member, score| {
            let score = number(source.weight * score);
            match result.find(member) {
                Some(at) => {
                    let score = aggregate.of(SortedSet::score_of(result, at), score);
                    result.beside_mut(at).copy_from_slice(&score.to_le_bytes());
                }
                None => {
                    result.insert(member, &score.to_le_bytes());
                }
            }
        });
    }
}

fn intersect(
    sources: &mut Sources<'_>,
    aggregate: Aggregate,
    mut visit: impl FnMut(&[u8], f64) -> ControlFlow<()>,
) {
    sources.sort_by_key(Source::len);
    let Some((smallest, others)) = sources.split_first() else { return };
    smallest.try_for_each(|member, score| {
        let first = number(smallest.weight * score);
        let all = others.iter().try_fold(first, |sum, other| {
            other.score(member).map(|score| aggregate.of(sum, other.weight * score))
        });
        all.map_or(ControlFlow::Continue(()), |score| visit(member, score))
    });
}

fn subtract(sources: &mut Sources<'_>, result: &mut Dict) {
    let Some((first, others)) = sources.split_first_mut() else { return };
    let looked_up = first.len().saturating_mul(others.len());
    let walked: usize = others.iter().map(Source::len).sum();
    if looked_up / 2 <= walked {
        // A large set is likelier to have a member, and to spare the other look-ups.
        others.sort_by_key(|other| std::cmp::Reverse(other.len()));
        first.for_each(|member, score| {
            if !others.iter().any(|other| other.score(member).is_some()) {
                result.insert(member, &score.to_le_bytes());
            }
        });
        return;
    }
    first.for_each(|member, score| {
        result.insert(member, &score.to_le_bytes());
    });
    for other in others {
        other.for_each(|member, _| {
            result.remove(member);
        });
    }
}
