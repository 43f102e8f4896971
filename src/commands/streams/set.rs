//! What a stream knows beside its entries, set by hand: XSETID, XCFGSET, XIDMPRECORD.

use super::add::keeping;
use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::stream::{Facts, Id, Keeping, Producers};
use std::ops::RangeInclusive;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XSETID, XCFGSET, XIDMPRECORD];

const XSETID: Command = Command::write(
    "XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]",
    xsetid,
)
.since("5.0.0")
.fast()
.grows()
.about("Sets the last id that the stream at `key` has given.");

/// What XSETID sets.
struct Setting {
    last: Id,
    added: Option<u64>,
    max_deleted: Option<Id>,
}

fn xsetid(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let setting = Setting::read(args)?;
    let mut record = db.find_mut(args.get(1)).ok_or(error::NO_SUCH_KEY)?;
    let stream = value::stream_mut(&mut record)?;
    let top = stream.log().last().map(|entry| entry.id);
    setting.check(stream.facts(), top)?;
    stream.set_facts(setting.last, setting.added, setting.max_deleted);
    drop(record);
    db.changed(Class::Stream, "xsetid", args.get(1));
    reply.ok();
    Ok(())
}

impl Setting {
    fn read(args: &Args) -> Result<Self, Error> {
        let last = value::id(args.get(2))?;
        let mut setting = Setting { last, added: None, max_deleted: None };
        for at in (3..args.len()).step_by(2) {
            let has_value = at + 1 < args.len();
            if has_value && args.is(at, "ENTRIESADDED") {
                let added = u64::try_from(args.integer(at + 1)?);
                setting.added = Some(added.map_err(|_| streams::NEGATIVE_ENTRIES_ADDED)?);
            } else if has_value && args.is(at, "MAXDELETEDID") {
                let max_deleted = value::id(args.get(at + 1))?;
                if last < max_deleted {
                    return Err(streams::LAST_ID_BELOW_GIVEN);
                }
                // 0-0 leaves it as it is, as in Redis.
                setting.max_deleted = Some(max_deleted).filter(|id| *id != Id::MIN);
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(setting)
    }

    fn check(&self, facts: Facts, top: Option<Id>) -> Result<(), Error> {
        if self.last < facts.max_deleted {
            return Err(streams::LAST_ID_BELOW_DELETED);
        }
        if top.is_some_and(|top| self.last < top) {
            return Err(streams::LAST_ID_TOO_SMALL);
        }
        match self.added {
            Some(added) if added < facts.length => Err(streams::TOO_FEW_ENTRIES_ADDED),
            _ => Ok(()),
        }
    }
}

const XCFGSET: Command =
    Command::write("XCFGSET key [IDMP-DURATION duration] [IDMP-MAXSIZE maxsize]", xcfgset)
        .since("8.6.0")
        .fast()
        .about("Sets how long, and how many of, the ids that producers gave are remembered.");

const KEEPING_SECONDS: RangeInclusive<i64> = 1..=86_400;
const KEEPING_IDS: RangeInclusive<i64> = 1..=10_000;

fn xcfgset(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() == 2 {
        return Err(streams::NO_SETTING);
    }
    let (mut seconds, mut ids) = (None, None);
    for at in (2..args.len()).step_by(2) {
        let setting = match () {
            () if args.is(at, "IDMP-DURATION") => &mut seconds,
            () if args.is(at, "IDMP-MAXSIZE") => &mut ids,
            () => return Err(error::SYNTAX),
        };
        if at + 1 >= args.len() {
            return Err(error::SYNTAX);
        }
        *setting = Some(args.integer(at + 1)?);
    }
    let within = |range: RangeInclusive<i64>, value: Option<i64>, refusal: Error| {
        let value = value.map(|value| range.contains(&value).then_some(value as u32));
        value.map(|value| value.ok_or(refusal)).transpose()
    };
    let seconds = within(KEEPING_SECONDS, seconds, streams::KEEPING_SECONDS)?;
    let ids = within(KEEPING_IDS, ids, streams::KEEPING_IDS)?;
    let first = keeping(db);
    let mut record = db.find_mut(args.get(1)).ok_or(error::NO_SUCH_KEY)?;
    let producers = value::stream_mut(&mut record)?.producers_mut(|| Producers::new(first));
    let before = producers.keeping();
    producers.keep(Keeping {
        seconds: seconds.unwrap_or(before.seconds),
        ids: ids.unwrap_or(before.ids),
    });
    drop(record);
    db.changed_unwatched();
    reply.ok();
    Ok(())
}

const XIDMPRECORD: Command =
    Command::write("XIDMPRECORD key producer-id idempotent-id stream-id", xidmprecord)
        .since("8.6.2")
        .fast()
        .grows()
        .about("Notes what a producer called an entry: how a journal brings that back.");

fn xidmprecord(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (producer, idempotent) = (args.get(2), args.get(3));
    if producer.is_empty() || idempotent.is_empty() {
        return Err(streams::EMPTY_PRODUCER);
    }
    let id = value::id(args.get(4))?;
    let (first, now_ms) = (keeping(db), db.time());
    let mut record = db.find_mut(args.get(1)).ok_or(error::NO_SUCH_KEY)?;
    let stream = value::stream_mut(&mut record)?;
    if stream.log().entry(id).is_none() {
        return Err(streams::NO_SUCH_ENTRY);
    }
    let producers = stream.producers_mut(|| Producers::new(first));
    match producers.find(producer, idempotent, now_ms) {
        Some(known) if known != id => return Err(streams::OTHER_ENTRY),
        Some(_) => {}
        None => {
            producers.note(producer, idempotent, id, now_ms);
            drop(record);
            db.changed_unwatched();
        }
    }
    reply.ok();
    Ok(())
}
