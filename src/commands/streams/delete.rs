//! Removing entries by id: XDEL, XDELEX, and XACKDEL, which acknowledges them first; XACK.

use super::options::removal;
use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::stream::{Id, Removal, Stream};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XACK, XDEL, XDELEX, XACKDEL];

const XACK: Command = Command::write("XACK key group id [id ...]", xack)
    .since("5.0.0")
    .fast()
    .costs("O(N) where N is the number of ids.")
    .about("Notes that a group is done with entries, and answers how many of them were pending.");

fn xack(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let mut acknowledged = 0_i64;
    if let Some(mut record) = db.find_mut(args.get(1))
        && let Some((mut group, _)) = value::stream_mut(&mut record)?.group_mut(args.get(2))
    {
        for id in ids(args, 3)? {
            acknowledged += i64::from(group.acknowledge(id));
        }
    }
    if acknowledged > 0 {
        db.changed_unwatched();
    }
    reply.integer(acknowledged);
    Ok(())
}

const XDEL: Command = Command::write("XDEL key id [id ...]", xdel)
    .since("5.0.0")
    .fast()
    .costs("O(log N) for each id.")
    .keys(&["RW delete"])
    .about("Removes entries of the stream at `key`, and answers how many were there.");

fn xdel(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let Some(mut record) = db.find_mut(key) else {
        reply.integer(0);
        return Ok(());
    };
    let stream = value::stream_mut(&mut record)?;
    let ids = ids(args, 2)?;
    let deleted = ids.into_iter().filter(|id| stream.delete(*id)).count();
    drop(record);
    if deleted > 0 {
        db.changed(Class::Stream, "xdel", key);
    }
    reply.integer(deleted as i64);
    Ok(())
}

/// The ids from word `from` on; all are read before any is acted on.
fn ids(args: &Args, from: usize) -> Result<Vec<Id>, Error> {
    args.iter(from).map(value::id).collect()
}

const XDELEX: Command =
    Command::write("XDELEX key [KEEPREF | DELREF | ACKED] <IDS numids id [id ...]>", xdelex)
        .since("8.2.0")
        .fast()
        .costs("O(log N) for each id.")
        .keys(&["RW delete"])
        .about(
            "Removes entries under a rule about groups; answers 1, or -1 (not there), or 2 (kept).",
        );

fn xdelex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    // A key of another type is told before a mistake in the options.
    value::find(db, args.get(1))?;
    let call = Call::read(args, 2)?;
    let key = args.get(1);
    let Some(mut record) = db.find_mut(key) else {
        call.answer_not_there(reply);
        return Ok(());
    };
    let stream = value::stream_mut(&mut record)?;
    let mut removal = RemovalOf { stream, rule: call.removal, changes: Changes::default() };
    let ids = call.ids(args)?;
    let results: Vec<i64> = ids.into_iter().map(|id| removal.remove(id, NOT_THERE)).collect();
    let changes = removal.changes;
    drop(record);
    changes.tell(db, key);
    write_results(&results, reply);
    Ok(())
}

const XACKDEL: Command = Command::write(
    "XACKDEL key group [KEEPREF | DELREF | ACKED] <IDS numids id [id ...]>",
    xackdel,
)
.since("8.2.0")
.fast()
.costs("O(log N) for each id.")
.keys(&["RW update delete"])
.about("Acknowledges entries for a group and removes them; answers as XDELEX.");

fn xackdel(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    // A key of another type is told before a mistake in the options.
    value::find(db, args.get(1))?;
    let call = Call::read(args, 3)?;
    let (key, group) = (args.get(1), args.get(2));
    let Some(mut record) = db.find_mut(key) else {
        call.answer_not_there(reply);
        return Ok(());
    };
    let stream = value::stream_mut(&mut record)?;
    if stream.group(group).is_none() {
        call.answer_not_there(reply);
        return Ok(());
    }
    let ids = call.ids(args)?;
    let mut removal = RemovalOf { stream, rule: call.removal, changes: Changes::default() };
    let results: Vec<i64> = ids
        .into_iter()
        // An entry that has gone already counts as removed: its acknowledgement was missing.
        .map(|id| if removal.acknowledge(group, id) { removal.remove(id, DONE) } else { NOT_THERE })
        .collect();
    let changes = removal.changes;
    drop(record);
    changes.tell(db, key);
    write_results(&results, reply);
    Ok(())
}

/// The answer for an entry that is not there.
const NOT_THERE: i64 = -1;
/// The answer for an entry that was removed.
const DONE: i64 = 1;
/// The answer for an entry that stays, since a group has not acknowledged it.
const KEPT: i64 = 2;

/// What XDELEX or XACKDEL did.
#[derive(Default, Clone, Copy)]
struct Changes {
    has_deleted: bool,
    has_acknowledged: bool,
}

impl Changes {
    fn tell(self, db: &mut Db, key: &[u8]) {
        if self.has_deleted {
            db.changed(Class::Stream, "xdel", key);
        } else if self.has_acknowledged {
            db.changed_unwatched();
        }
    }
}

/// Entries being removed under one rule.
struct RemovalOf<'s> {
    stream: &'s mut Stream,
    rule: Removal,
    changes: Changes,
}

impl RemovalOf<'_> {
    fn acknowledge(&mut self, group: &[u8], id: Id) -> bool {
        let group = self.stream.group_mut(group);
        let was_pending = group.is_some_and(|(mut group, _)| group.acknowledge(id));
        self.changes.has_acknowledged |= was_pending;
        was_pending
    }

    /// Removes an entry if the rule permits it; the answer, which is `missing` when it is not
    /// there.
    fn remove(&mut self, id: Id, missing: i64) -> i64 {
        match self.rule {
            Removal::Unreferenced if self.stream.is_referenced(id) => return KEPT,
            Removal::DropReferences => {
                self.changes.has_acknowledged |= self.stream.drop_references(id);
            }
            _ => {}
        }
        let is_deleted = self.stream.delete(id);
        self.changes.has_deleted |= is_deleted;
        if is_deleted { DONE } else { missing }
    }
}

/// The options of XDELEX and XACKDEL.
struct Call {
    removal: Removal,
    /// The place of the first id.
    first: usize,
    count: usize,
}

impl Call {
    fn read(args: &Args, from: usize) -> Result<Self, Error> {
        let (mut rule, mut ids, mut at) = (None, None, from);
        while at < args.len() {
            if rule.is_none()
                && let Some(removal) = removal(args.get(at))
            {
                rule = Some(removal);
                at += 1;
            } else if args.is(at, "IDS") && at + 1 < args.len() {
                let count = args.integer(at + 1).ok().and_then(|count| usize::try_from(count).ok());
                let count = count.filter(|count| *count > 0).ok_or(streams::NUMBER_OF_IDS)?;
                if count > args.len() - at - 2 {
                    return Err(streams::NUMBER_OF_WORDS);
                }
                ids = Some((at + 2, count));
                at += 2 + count;
            } else {
                return Err(error::SYNTAX);
            }
        }
        let (first, count) = ids.ok_or(error::SYNTAX)?;
        Ok(Call { removal: rule.unwrap_or_default(), first, count })
    }

    fn ids(&self, args: &Args) -> Result<Vec<Id>, Error> {
        args.iter(self.first).take(self.count).map(value::id).collect()
    }

    fn answer_not_there(&self, reply: &mut Reply) {
        reply.array(self.count);
        (0..self.count).for_each(|_| reply.integer(NOT_THERE));
    }
}

fn write_results(results: &[i64], reply: &mut Reply) {
    reply.array(results.len());
    results.iter().for_each(|result| reply.integer(*result));
}
