//! What is asked of single members, and how many there are: ZCARD, ZSCORE, ZMSCORE, ZRANK,
//! ZREVRANK, ZCOUNT, ZLEXCOUNT.

use super::value;
use crate::command::error::sorted_sets as errors;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::sorted_set::Direction;
use crate::types::sorted_set::bounds::{LexRange, ScoreRange};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[ZCARD, ZSCORE, ZMSCORE, ZRANK, ZREVRANK, ZCOUNT, ZLEXCOUNT];

const LOGARITHMIC: &str = "O(log(N)) where N is the size of the set";

const ZCARD: Command = Command::read("ZCARD key", zcard)
    .since("1.2.0")
    .fast()
    .keys(&["RO"])
    .about("How many members a sorted set has.");

fn zcard(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    reply.integer(value::find(db, args.get(1))?.len() as i64);
    Ok(())
}

const ZSCORE: Command = Command::read("ZSCORE key member", zscore)
    .since("1.2.0")
    .fast()
    .about("The score of a member.");

fn zscore(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    write_score(value::find(db, args.get(1))?.score(args.get(2)), reply);
    Ok(())
}

const ZMSCORE: Command = Command::read("ZMSCORE key member [member ...]", zmscore)
    .since("6.2.0")
    .fast()
    .costs("O(N) where N is the number of members asked for")
    .about("The scores of several members.");

fn zmscore(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let set = value::find(db, args.get(1))?;
    reply.array(args.len() - 2);
    args.iter(2).for_each(|member| write_score(set.score(member), reply));
    Ok(())
}

fn write_score(score: Option<f64>, reply: &mut Reply) {
    match score {
        Some(score) => reply.double(score),
        None => reply.null(),
    }
}

const ZRANK: Command = Command::read("ZRANK key member [WITHSCORE]", zrank)
    .since("2.0.0")
    .fast()
    .costs(LOGARITHMIC)
    .about("How many members come before one, by ascending scores.");

fn zrank(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    rank(db, args, Direction::Up, reply)
}

const ZREVRANK: Command = Command::read("ZREVRANK key member [WITHSCORE]", zrevrank)
    .since("2.0.0")
    .fast()
    .costs(LOGARITHMIC)
    .about("How many members come before one, by descending scores.");

fn zrevrank(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    rank(db, args, Direction::Down, reply)
}

fn rank(db: &Db, args: &Args, direction: Direction, reply: &mut Reply) -> Outcome {
    let with_score = args.len() > 3;
    if args.len() > 4 {
        return Err(Error::arity(if direction == Direction::Up { "zrank" } else { "zrevrank" }));
    }
    if with_score && !args.is(3, "WITHSCORE") {
        return Err(error::SYNTAX);
    }
    let set = value::find(db, args.get(1))?;
    let Some((rank, score)) = set.rank(args.get(2)) else {
        if with_score {
            reply.null_array()
        } else {
            reply.null()
        }
        return Ok(());
    };
    if with_score {
        reply.array(2);
    }
    let rank = if direction == Direction::Up { rank } else { set.len() - 1 - rank };
    reply.integer(rank as i64);
    if with_score {
        reply.double(score);
    }
    Ok(())
}

const ZCOUNT: Command = Command::read("ZCOUNT key min max", zcount)
    .since("2.0.0")
    .fast()
    .costs(LOGARITHMIC)
    .about("How many members have scores in a range.");

fn zcount(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let range = score_range(args, 2, 3)?;
    let ranks = value::find(db, args.get(1))?.score_ranks(&range);
    reply.integer(ranks.len() as i64);
    Ok(())
}

const ZLEXCOUNT: Command = Command::read("ZLEXCOUNT key min max", zlexcount)
    .since("2.8.9")
    .fast()
    .costs(LOGARITHMIC)
    .about("How many members lie in a range of bytes, in a set whose scores are all the same.");

fn zlexcount(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let range = lex_range(args, 2, 3)?;
    let ranks = value::find(db, args.get(1))?.lex_ranks(&range, Direction::Up);
    reply.integer(ranks.len() as i64);
    Ok(())
}

/// The range of scores whose bounds stand at these places.
pub fn score_range(args: &Args, min: usize, max: usize) -> Result<ScoreRange, Error> {
    ScoreRange::parse(args.get(min), args.get(max)).ok_or(errors::BOUND_NOT_A_FLOAT)
}

/// The range of members whose bounds stand at these places.
pub fn lex_range<'a>(args: &Args<'a>, min: usize, max: usize) -> Result<LexRange<'a>, Error> {
    LexRange::parse(args.get(min), args.get(max)).ok_or(errors::BOUND_NOT_A_STRING)
}
