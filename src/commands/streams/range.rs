//! Reading a stream by ids: XRANGE, XREVRANGE, XLEN.

use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::stream::Id;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XLEN, XRANGE, XREVRANGE];

const XLEN: Command = Command::read("XLEN key", xlen)
    .since("5.0.0")
    .fast()
    .keys(&["RO"])
    .about("How many entries the stream at `key` has; 0 when there is none.");

fn xlen(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let stream = value::find(db, args.get(1))?;
    reply.integer(stream.map_or(0, |stream| stream.log().len() as i64));
    Ok(())
}

const XRANGE: Command = Command::read("XRANGE key start end [COUNT count]", xrange)
    .since("5.0.0")
    .costs("O(N) where N is the number of entries answered; O(log M) to find the first of M.")
    .about("The entries from `start` to `end`, both included unless `(` stands before them.");

fn xrange(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (from, to) = (value::range_start(args.get(2))?, value::range_end(args.get(3))?);
    write_range(db, args, Span { from, to, backwards: false }, reply)
}

const XREVRANGE: Command = Command::read("XREVRANGE key end start [COUNT count]", xrevrange)
    .since("5.0.0")
    .costs("O(N) where N is the number of entries answered; O(log M) to find the first of M.")
    .about("The entries from `end` back to `start`, newest first.");

fn xrevrange(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (from, to) = (value::range_start(args.get(3))?, value::range_end(args.get(2))?);
    write_range(db, args, Span { from, to, backwards: true }, reply)
}

struct Span {
    from: Id,
    to: Id,
    backwards: bool,
}

fn write_range(db: &Db, args: &Args, span: Span, reply: &mut Reply) -> Outcome {
    let count = count_option(args, 4)?;
    let Some(stream) = value::find(db, args.get(1))? else {
        reply.array(0);
        return Ok(());
    };
    if count == Some(0) {
        reply.null_array();
        return Ok(());
    }
    let count = count.unwrap_or(usize::MAX);
    let log = stream.log();
    match span.backwards {
        false => value::write_entries(log.range(span.from, span.to).take(count), reply),
        true => value::write_entries(log.range_back(span.from, span.to).take(count), reply),
    }
    Ok(())
}

/// The words from `from` on, which may say COUNT; a negative one is 0.
fn count_option(args: &Args, from: usize) -> Result<Option<usize>, Error> {
    let mut count = None;
    for at in (from..args.len()).step_by(2) {
        if !args.is(at, "COUNT") || at + 1 >= args.len() {
            return Err(error::SYNTAX);
        }
        count = Some(usize::try_from(args.integer(at + 1)?.max(0)).unwrap_or(usize::MAX));
    }
    Ok(count)
}
