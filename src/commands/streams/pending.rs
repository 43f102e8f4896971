//! XPENDING: what a group was given and has not acknowledged.

use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::stream::{Group, Id, Pending};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XPENDING];

const XPENDING: Command =
    Command::read("XPENDING key group [[IDLE min-idle-time] start end count [consumer]]", xpending)
        .since("5.0.0")
        .costs("O(N) where N is the number of entries looked at; O(log M) to find the first of M.")
        .tips(&["nondeterministic_output"])
        .about(
            "Which entries a group was given and has not acknowledged: a summary, or one by one.",
        );

/// The form that lists entries.
struct Listing<'a> {
    min_idle_ms: i64,
    from: Id,
    to: Id,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Listing<'a> {
    fn read(args: &Args<'a>) -> Result<Option<Self>, Error> {
        if args.len() == 3 {
            return Ok(None);
        }
        if !(6..=9).contains(&args.len()) {
            return Err(error::SYNTAX);
        }
        let (mut min_idle_ms, mut at) = (0, 3);
        if args.is(at, "IDLE") {
            min_idle_ms = args.integer(at + 1)?;
            if args.len() < 8 {
                return Err(error::SYNTAX);
            }
            at += 2;
        }
        let count = usize::try_from(args.integer(at + 2)?.max(0)).unwrap_or(usize::MAX);
        let (from, to) = (value::range_start(args.get(at))?, value::range_end(args.get(at + 1))?);
        let consumer = (at + 3 < args.len()).then(|| args.get(at + 3));
        Ok(Some(Listing { min_idle_ms, from, to, count, consumer }))
    }
}

fn xpending(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let listing = Listing::read(args)?;
    let (key, name) = (args.get(1), args.get(2));
    let stream = value::find(db, key)?;
    let group = stream.and_then(|stream| stream.group(name));
    let group = group.ok_or_else(|| streams::no_key_or_group(key, name))?;
    match listing {
        None => write_summary(group, reply),
        Some(listing) => write_listing(group, &listing, db.time(), reply),
    }
    Ok(())
}

fn write_summary(group: &Group, reply: &mut Reply) {
    reply.array(4);
    reply.integer(group.pending_len() as i64);
    let mut ids = group.pending_between(Id::MIN, Id::MAX).map(|(id, _)| id);
    let Some(first) = ids.next() else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    value::write_id(first, reply);
    value::write_id(ids.next_back().unwrap_or(first), reply);
    let open = reply.open_array();
    let mut count = 0;
    for consumer in group.consumers().filter(|consumer| consumer.pending_len() > 0) {
        reply.array(2);
        reply.bulk(&consumer.name);
        reply.bulk(itoa::Buffer::new().format(consumer.pending_len()).as_bytes());
        count += 1;
    }
    reply.close_array(open, count);
}

fn write_listing(group: &Group, listing: &Listing<'_>, now_ms: u64, reply: &mut Reply) {
    let Listing { from, to, .. } = *listing;
    let entries: Box<dyn Iterator<Item = (Id, Pending)>> = match listing.consumer {
        None => Box::new(group.pending_between(from, to)),
        Some(name) => match group.find_consumer(name) {
            Some(consumer) => Box::new(group.pending_of(consumer, from, to)),
            None => Box::new(std::iter::empty()),
        },
    };
    // A clock that was set back can make it negative.
    let idle_ms = |pending: &Pending| now_ms as i64 - pending.delivered_ms as i64;
    let is_idle = |(_, pending): &(Id, Pending)| {
        listing.min_idle_ms == 0 || idle_ms(pending) >= listing.min_idle_ms
    };
    let open = reply.open_array();
    let mut count = 0;
    for (id, pending) in entries.filter(is_idle).take(listing.count) {
        reply.array(4);
        value::write_id(id, reply);
        reply.bulk(&group.consumer(pending.consumer).name);
        reply.integer(idle_ms(&pending).max(0));
        reply.integer(pending.deliveries as i64);
        count += 1;
    }
    reply.close_array(open, count);
}
