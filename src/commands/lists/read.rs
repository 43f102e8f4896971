//! LLEN, LINDEX, LRANGE, LPOS: lists as they are.

use super::stored::{self, Stored};
use crate::command::error::lists::{COUNT_IS_NEGATIVE, MAXLEN_IS_NEGATIVE, RANK_IS_ZERO};
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::list::{Element, Order};
use std::ops::ControlFlow;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[LLEN, LINDEX, LRANGE, LPOS];

const LLEN: Command = Command::read("LLEN key", llen)
    .fast()
    .keys(&["RO"])
    .about("How many elements the list at `key` has; 0 when there is none.");

fn llen(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let list = Stored::find(db.find(args.get(1)))?;
    reply.integer(list.map_or(0, |list| list.len()) as i64);
    Ok(())
}

const LINDEX: Command = Command::read("LINDEX key index", lindex)
    .costs("O(1) at the ends; in between O(N/500), where N is the number of elements up to there.")
    .keys(&["RO access"])
    .about("The element at `index`, 0 being the first and -1 the last; null where there is none.");

fn lindex(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let Some(list) = Stored::find(db.find(args.get(1)))? else {
        reply.null();
        return Ok(());
    };
    match stored::place(args.integer(2)?, list.len()) {
        Some(place) => write_range(&list, place..place + 1, reply),
        None => reply.null(),
    }
    Ok(())
}

const LRANGE: Command = Command::read("LRANGE key start stop", lrange)
    .costs("O(M) where M is the number of elements asked for, and what LINDEX takes to the first.")
    .keys(&["RO access"])
    .about(
        "The elements from `start` to `stop`, both included; negative places count from the end.",
    );

fn lrange(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (start, stop) = (args.integer(2)?, args.integer(3)?);
    let Some(list) = Stored::find(db.find(args.get(1)))? else {
        reply.array(0);
        return Ok(());
    };
    let range = stored::range(start, stop, list.len());
    reply.array(range.len());
    write_range(&list, range, reply);
    Ok(())
}

fn write_range(list: &Stored<'_>, range: std::ops::Range<usize>, reply: &mut Reply) {
    list.walk(range, Order::Forward, &mut |element| stored::write(element, reply));
}

const LPOS: Command =
    Command::read("LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]", lpos)
        .since("6.0.6")
        .costs("O(N) where N is the number of elements compared.")
        .keys(&["RO access"])
        .about("Where an element stands in a list: the first match, or several as an array.");

fn lpos(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let search = Search::parse(args)?;
    let list = Stored::find(db.find(args.get(1)))?;
    let Some(most) = search.count else {
        let mut found = None;
        if let Some(list) = list {
            search.run(&list, args.get(2), |place| {
                found = Some(place);
                ControlFlow::Break(())
            });
        }
        match found {
            Some(place) => reply.integer(place as i64),
            None => reply.null(),
        }
        return Ok(());
    };
    let (open, mut found) = (reply.open_array(), 0);
    if let Some(list) = list {
        search.run(&list, args.get(2), |place| {
            reply.integer(place as i64);
            found += 1;
            if found == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    reply.close_array(open, found);
    Ok(())
}

/// What LPOS is asked for.
struct Search {
    order: Order,
    /// How many matches are passed over.
    skipped: u64,
    /// How many places are answered as an array: 0 is all of them.
    count: Option<usize>,
    /// How many elements are compared.
    longest: usize,
}

impl Search {
    fn parse(args: &Args) -> Result<Self, Error> {
        let mut search =
            Search { order: Order::Forward, skipped: 0, count: None, longest: usize::MAX };
        let mut at = 3;
        while at < args.len() {
            if at + 1 == args.len() {
                return Err(error::SYNTAX);
            }
            let natural =
                || args.integer(at + 1).ok().and_then(|number| usize::try_from(number).ok());
            if args.is(at, "RANK") {
                let rank = args.integer_in(at + 1, -i64::MAX..=i64::MAX)?;
                search.skipped = rank.unsigned_abs().checked_sub(1).ok_or(RANK_IS_ZERO)?;
                search.order = if rank < 0 { Order::Backward } else { Order::Forward };
            } else if args.is(at, "COUNT") {
                search.count = Some(natural().ok_or(COUNT_IS_NEGATIVE)?);
            } else if args.is(at, "MAXLEN") {
                let longest = natural().ok_or(MAXLEN_IS_NEGATIVE)?;
                search.longest = if longest == 0 { usize::MAX } else { longest };
            } else {
                return Err(error::SYNTAX);
            }
            at += 2;
        }
        Ok(search)
    }

    /// Calls `visit` with the place of each match, until it breaks.
    fn run(
        &self,
        list: &Stored<'_>,
        wanted: &[u8],
        mut visit: impl FnMut(usize) -> ControlFlow<()>,
    ) {
        let len = list.len();
        let compared = len.min(self.longest);
        let range = match self.order {
            Order::Forward => 0..compared,
            Order::Backward => len - compared..len,
        };
        let (mut skipped, mut at) = (0, 0);
        list.walk_until(range, self.order, &mut |element: Element<'_>| {
            let place = if self.order == Order::Forward { at } else { len - 1 - at };
            at += 1;
            if element.bytes != wanted {
                return ControlFlow::Continue(());
            }
            if skipped < self.skipped {
                skipped += 1;
                return ControlFlow::Continue(());
            }
            visit(place)
        });
    }
}
