//! ZREM, and the removal of whole ranges: ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX.

use super::range::rank_range;
use super::read::{lex_range, score_range};
use super::value;
use crate::command::{Args, Command, Outcome};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::sorted_set::{Direction, View};
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX];

const RANGE_COST: &str =
    "O(log(N)+M) where N is the size of the set and M how many members are removed";

const ZREM: Command = Command::write("ZREM key member [member ...]", zrem)
    .since("1.2.0")
    .fast()
    .keys(&["RW delete"])
    .costs("O(M*log(N)) where N is the size of the set and M how many members are removed")
    .about("Removes members from a sorted set.");

fn zrem(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let mut count = 0;
    for member in args.iter(2) {
        count += i64::from(value::remove(db, key, member)?);
    }
    if count > 0 {
        value::removed(db, key, "zrem");
    }
    reply.integer(count);
    Ok(())
}

const ZREMRANGEBYRANK: Command = Command::write("ZREMRANGEBYRANK key start stop", zremrangebyrank)
    .since("2.0.0")
    .keys(&["RW delete"])
    .costs(RANGE_COST)
    .about("Removes the members of a range of ranks.");

fn zremrangebyrank(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (start, stop) = (args.integer(2)?, args.integer(3)?);
    let ranks = |set: View<'_>| rank_range(start, stop, set.len(), Direction::Up);
    remove_range(db, args.get(1), ("zremrangebyrank", ranks), reply)
}

const ZREMRANGEBYSCORE: Command = Command::write("ZREMRANGEBYSCORE key min max", zremrangebyscore)
    .since("1.2.0")
    .keys(&["RW delete"])
    .costs(RANGE_COST)
    .about("Removes the members whose scores lie in a range.");

fn zremrangebyscore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let range = score_range(args, 2, 3)?;
    let ranks = |set: View<'_>| set.score_ranks(&range);
    remove_range(db, args.get(1), ("zremrangebyscore", ranks), reply)
}

const ZREMRANGEBYLEX: Command = Command::write("ZREMRANGEBYLEX key min max", zremrangebylex)
    .since("2.8.9")
    .keys(&["RW delete"])
    .costs(RANGE_COST)
    .about("Removes the members that lie in a range of bytes, where all scores are the same.");

fn zremrangebylex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let range = lex_range(args, 2, 3)?;
    let ranks = |set: View<'_>| set.lex_ranks(&range, Direction::Up);
    remove_range(db, args.get(1), ("zremrangebylex", ranks), reply)
}

fn remove_range(
    db: &mut Db,
    key: &[u8],
    (event, ranks): (&'static str, impl FnOnce(View<'_>) -> Range<usize>),
    reply: &mut Reply,
) -> Outcome {
    let ranks = ranks(value::find_to_change(db, key)?);
    let count = ranks.len();
    if count > 0 {
        value::remove_ranks(db, key, ranks);
        value::removed(db, key, event);
    }
    reply.integer(count as i64);
    Ok(())
}
