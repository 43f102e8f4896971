//! Removing entries by id: XDEL, XDELEX, and XACKDEL, which acknowledges them first; XACK.

use super::options::{removal, removal_word};
use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::stream::{Id, IdText, Removal, Stream};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XACK, XDEL, XDELEX, XACKDEL];

const XACK: Command = Command::write("XACK key group id [id ...]", xack)
    .since("5.0.0")
    .fast()
    .costs("O(N) where N is the number of ids.")
    .about("Notes that a group is done with entries, and answers how many of them were pending.");

fn xack(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let mut acknowledged = 0_i64;
    if let Some(mut record) = db.find_mut(key)
        && let Some((mut group, _)) = value::stream_mut(&mut record)?.group_mut(args.get(2))
    {
        for id in ids(args, 3)? {
            acknowledged += i64::from(group.acknowledge(id));
        }
    }
    if acknowledged > 0 {
        db.changed_without_event(key);
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

const XDELEX: Command = Command::write(
    "XDELEX key [KEEPREF | DELREF | ACKED] <IDS numids id [id ...]>",
    xdelex,
)
.since("8.2.0")
.fast()
.costs("O(log N) for each id.")
.keys(&["RW delete"])
.about("Removes entries under a rule about groups; answers 1, or -1 (not there), or 2 (kept).");

fn xdelex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let call = Call::read(args, 2)?;
    let key = args.get(1);
    let Some(mut record) = db.find_mut(key) else {
        write_all(&vec![NOT_THERE; call.count], reply);
        return Ok(());
    };
    let stream = value::stream_mut(&mut record)?;
    let ids = call.ids(args)?;
    let results: Vec<i64> =
        ids.iter().map(|id| remove(stream, *id, call.removal).answer(NOT_THERE)).collect();
    drop(record);
    let deleted: Vec<Id> = with_result(&ids, &results, DELETED);
    if !deleted.is_empty() {
        db.changed(Class::Stream, "xdel", key);
    }
    write_all(&results, reply);
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
    let call = Call::read(args, 3)?;
    let key = args.get(1);
    let Some(mut record) = db.find_mut(key) else {
        write_all(&vec![NOT_THERE; call.count], reply);
        return Ok(());
    };
    let stream = value::stream_mut(&mut record)?;
    if stream.group(args.get(2)).is_none() {
        write_all(&vec![NOT_THERE; call.count], reply);
        return Ok(());
    }
    let ids = call.ids(args)?;
    let mut results = Vec::with_capacity(ids.len());
    let mut deleted = false;
    for id in ids {
        let was_pending =
            stream.group_mut(args.get(2)).is_some_and(|(mut group, _)| group.acknowledge(id));
        results.push(match was_pending {
            false => NOT_THERE,
            true => {
                let removed = remove(stream, id, call.removal);
                deleted |= removed == Removed::Yes;
                removed.answer(DELETED)
            }
        });
    }
    drop(record);
    if results.iter().any(|result| *result != NOT_THERE) {
        match deleted {
            true => db.changed(Class::Stream, "xdel", key),
            false => db.changed_without_event(key),
        }
    }
    write_all(&results, reply);
    Ok(())
}
