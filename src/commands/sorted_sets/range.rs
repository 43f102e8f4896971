//! ZRANGE, its elder forms and ZRANGESTORE: the members of a range of ranks, scores or bytes.
//!
//! Whatever the range is of, it becomes one of ranks; LIMIT cuts a piece out of it.

use super::read::{lex_range, score_range};
use super::value;
use crate::command::error::sorted_sets as errors;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::{Protocol, Reply};
use crate::store::Db;
use crate::types::sorted_set::bounds::{LexRange, ScoreRange};
use crate::types::sorted_set::{Direction, Entry, SortedSet, View};
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[ZRANGE, ZRANGESTORE, ZRANGEBYSCORE, ZRANGEBYLEX, ZREVRANGE, ZREVRANGEBYSCORE, ZREVRANGEBYLEX];

const COST: &str = "O(log(N)+M) where N is the size of the set and M that of the range";

const ZRANGE: Command = Command::read(
    "ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
    zrange,
)
.since("1.2.0")
.costs(COST)
.about("The members of a range of ranks, scores or bytes.");

fn zrange(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    read(db, args, Form::default(), reply)
}

const ZRANGEBYSCORE: Command =
    Command::read("ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]", zrangebyscore)
        .since("1.0.5")
        .costs(COST)
        .replaced_by("6.2.0", "`ZRANGE` with the `BYSCORE` argument")
        .about("The members whose scores lie in a range, by ascending scores.");

fn zrangebyscore(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    read(db, args, Form::fixed(By::Score, Direction::Up), reply)
}

const ZRANGEBYLEX: Command =
    Command::read("ZRANGEBYLEX key min max [LIMIT offset count]", zrangebylex)
        .since("2.8.9")
        .costs(COST)
        .replaced_by("6.2.0", "`ZRANGE` with the `BYLEX` argument")
        .about("The members that lie in a range of bytes, in ascending order.");

fn zrangebylex(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    read(db, args, Form::fixed(By::Lex, Direction::Up), reply)
}

const ZREVRANGE: Command = Command::read("ZREVRANGE key start stop [WITHSCORES]", zrevrange)
    .since("1.2.0")
    .costs(COST)
    .replaced_by("6.2.0", "`ZRANGE` with the `REV` argument")
    .about("The members of a range of ranks, by descending scores.");

fn zrevrange(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    read(db, args, Form::fixed(By::Rank, Direction::Down), reply)
}

const ZREVRANGEBYSCORE: Command = Command::read(
    "ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]",
    zrevrangebyscore,
)
.since("2.2.0")
.costs(COST)
.replaced_by("6.2.0", "`ZRANGE` with the `REV` and `BYSCORE` arguments")
.about("The members whose scores lie in a range, by descending scores.");

fn zrevrangebyscore(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    read(db, args, Form::fixed(By::Score, Direction::Down), reply)
}

const ZREVRANGEBYLEX: Command =
    Command::read("ZREVRANGEBYLEX key max min [LIMIT offset count]", zrevrangebylex)
        .since("2.8.9")
        .costs(COST)
        .replaced_by("6.2.0", "`ZRANGE` with the `REV` and `BYLEX` arguments")
        .about("The members that lie in a range of bytes, in descending order.");

fn zrevrangebylex(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    read(db, args, Form::fixed(By::Lex, Direction::Down), reply)
}

const ZRANGESTORE: Command = Command::write(
    "ZRANGESTORE destination source min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]",
    zrangestore,
)
.since("6.2.0")
.grows()
.keys(&["OW update", "RO access"])
.costs("O(log(N)+M) where N is the size of the set and M how many members are stored")
.about("Puts the members of a range at another key.");

fn zrangestore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let query = Query::parse(args, 2, Form { stores: true, ..Form::default() })?;
    let source = value::find(db, args.get(2))?;
    let ranks = query.ranks(&source);
    let kept = SortedSet::from_sorted(source.walk(ranks, Direction::Up));
    reply.integer(value::store(db, args.get(1), kept, "zrangestore") as i64);
    Ok(())
}

fn read(db: &Db, args: &Args, form: Form, reply: &mut Reply) -> Outcome {
    let query = Query::parse(args, 1, form)?;
    let set = value::find(db, args.get(1))?;
    let ranks = query.ranks(&set);
    let count = ranks.len();
    write(reply, count, set.walk(ranks, query.form.direction()), query.with_scores);
    Ok(())
}

/// Writes entries as every range does: beside each other in RESP2, in pairs in RESP3.
pub fn write<'a>(
    reply: &mut Reply,
    count: usize,
    entries: impl Iterator<Item = Entry<'a>>,
    with_scores: bool,
) {
    let in_pairs = with_scores && reply.protocol() == Protocol::Resp3;
    reply.array(if with_scores && !in_pairs { count * 2 } else { count });
    for (member, score) in entries {
        if in_pairs {
            reply.array(2);
        }
        reply.bulk(member);
        if with_scores {
            reply.double(score);
        }
    }
}

/// What a range is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Rank,
    Score,
    Lex,
}

/// What the command's name says already, and later what its options say.
#[derive(Clone, Copy, Default)]
struct Form {
    by: Option<By>,
    direction: Option<Direction>,
    stores: bool,
}

impl Form {
    fn fixed(by: By, direction: Direction) -> Self {
        Form { by: Some(by), direction: Some(direction), stores: false }
    }

    fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Up)
    }
}

/// Which members are asked for.
enum Bounds<'a> {
    /// From one rank to another, both included; negative ones count from the end.
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange<'a>),
}

/// What a command of this file was asked for.
struct Query<'a> {
    form: Form,
    bounds: Bounds<'a>,
    offset: i64,
    /// How many at the most; negative for all.
    limit: i64,
    with_scores: bool,
}

impl<'a> Query<'a> {
    /// Reads `key min max [options]`, the key being at `key`.
    fn parse(args: &Args<'a>, key: usize, given: Form) -> Result<Self, Error> {
        let bounds = Bounds::Rank(0, 0);
        let mut query = Query { form: given, bounds, offset: 0, limit: -1, with_scores: false };
        let mut at = key + 3;
        while at < args.len() {
            at += query.take(args, at)?;
        }
        let by = query.form.by.unwrap_or(By::Rank);
        if query.limit != -1 && by == By::Rank {
            return Err(errors::LIMIT_BY_RANK);
        }
        if query.with_scores && by == By::Lex {
            return Err(errors::SCORES_BY_LEX);
        }
        // By scores and bytes, a range that goes down is written down.
        let goes_down = query.form.direction() == Direction::Down && by != By::Rank;
        let (min, max) = if goes_down { (key + 2, key + 1) } else { (key + 1, key + 2) };
        query.bounds = match by {
            By::Rank => Bounds::Rank(args.integer(min)?, args.integer(max)?),
            By::Score => Bounds::Score(score_range(args, min, max)?),
            By::Lex => Bounds::Lex(lex_range(args, min, max)?),
        };
        Ok(query)
    }

    /// Reads the option at `at`; gives back how many words it has.
    fn take(&mut self, args: &Args, at: usize) -> Result<usize, Error> {
        if !self.form.stores && args.is(at, "WITHSCORES") {
            self.with_scores = true;
        } else if args.is(at, "LIMIT") && at + 2 < args.len() {
            self.offset = args.integer(at + 1)?;
            self.limit = args.integer(at + 2)?;
            return Ok(3);
        } else if self.form.direction.is_none() && args.is(at, "REV") {
            self.form.direction = Some(Direction::Down);
        } else if self.form.by.is_none() && args.is(at, "BYLEX") {
            self.form.by = Some(By::Lex);
        } else if self.form.by.is_none() && args.is(at, "BYSCORE") {
            self.form.by = Some(By::Score);
        } else {
            return Err(error::SYNTAX);
        }
        Ok(1)
    }

    /// The ranks of the members asked for.
    fn ranks(&self, set: &View<'_>) -> Range<usize> {
        let direction = self.form.direction();
        let all = match &self.bounds {
            Bounds::Rank(start, stop) => return rank_range(*start, *stop, set.len(), direction),
            Bounds::Score(range) => set.score_ranks(range),
            Bounds::Lex(range) => set.lex_ranks(range, direction),
        };
        let Some(offset) = usize::try_from(self.offset).ok().filter(|at| *at < all.len()) else {
            return 0..0;
        };
        let rest = all.len() - offset;
        let count = usize::try_from(self.limit).map_or(rest, |limit| limit.min(rest));
        match direction {
            Direction::Up => all.start + offset..all.start + offset + count,
            Direction::Down => all.end - offset - count..all.end - offset,
        }
    }
}

/// The ranks from `start` to `stop`, both included, of a set of `len` members; negative ones count
/// from the end, and all of them from the other end when the direction is down.
pub fn rank_range(start: i64, stop: i64, len: usize, direction: Direction) -> Range<usize> {
    let len = len as i64;
    let from_end = |rank: i64| if rank < 0 { rank.saturating_add(len) } else { rank };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(len - 1));
    if start > stop {
        return 0..0;
    }
    match direction {
        Direction::Up => start as usize..stop as usize + 1,
        Direction::Down => (len - 1 - stop) as usize..(len - start) as usize,
    }
}
