//! XGROUP: making, moving and removing consumer groups, and their consumers.

use super::value;
use crate::command::error::streams;
use crate::command::{Args, Command, Error, Outcome};
use crate::commands::help;
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::{Class, Db};
use crate::types::stream::{Facts, Group, Stream};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    XGROUP,
    XGROUP_CREATE,
    XGROUP_CREATECONSUMER,
    XGROUP_DELCONSUMER,
    XGROUP_DESTROY,
    XGROUP_HELP,
    XGROUP_SETID,
];

const XGROUP: Command =
    Command::container("XGROUP").since("5.0.0").about("Commands about consumer groups.");

const XGROUP_HELP: Command = Command::server("XGROUP|HELP", xgroup_help)
    .since("5.0.0")
    .flags(crate::command::flag::LOADING | crate::command::flag::STALE)
    .about("What the subcommands do.");

fn xgroup_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    help::write("xgroup", reply)
}

const XGROUP_CREATE: Command = Command::write(
    "XGROUP|CREATE key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]",
    xgroup_create,
)
.since("5.0.0")
.grows()
.keys(&["RW insert"])
.about("Makes a group that has read the stream at `key` up to `id`; `$` is its last entry.");

fn xgroup_create(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::read(args, Makes::Stream)?;
    let key = args.get(2);
    if db.find_mut(key).is_none() && !options.makes_stream {
        return Err(streams::GROUP_NEEDS_KEY);
    }
    let is_new = value::edit_or_make(db, key, |stream| options.create(stream, args))?;
    if !is_new {
        return Err(streams::GROUP_EXISTS);
    }
    db.changed(Class::Stream, "xgroup-create", key);
    reply.ok();
    Ok(())
}

const XGROUP_SETID: Command =
    Command::write("XGROUP|SETID key group <id | $> [ENTRIESREAD entries-read]", xgroup_setid)
        .since("5.0.0")
        .about("Moves a group to `id`: what comes after it has not been read.");

fn xgroup_setid(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::read(args, Makes::Nothing)?;
    edit(db, args, |stream| {
        let facts = stream.facts();
        let (mut group, _) = stream.group_mut(args.get(3)).ok_or_else(|| no_group(args))?;
        group.last_delivered = match args.get(4) {
            b"$" => facts.last,
            word => value::range_end_point(word, 0)?,
        };
        group.entries_read = options.entries_read(facts);
        Ok(())
    })?;
    db.changed(Class::Stream, "xgroup-setid", args.get(2));
    reply.ok();
    Ok(())
}

const XGROUP_DESTROY: Command = Command::write("XGROUP|DESTROY key group", xgroup_destroy)
    .since("5.0.0")
    .costs("O(N) where N is the number of entries pending in the group.")
    .keys(&["RW delete"])
    .about("Removes a group, with what it has not acknowledged; answers 0 when there is none.");

fn xgroup_destroy(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let existed = edit(db, args, |stream| Ok(stream.remove_group(args.get(3))))?;
    if existed {
        db.changed(Class::Stream, "xgroup-destroy", args.get(2));
    }
    reply.integer(existed.into());
    Ok(())
}

const XGROUP_CREATECONSUMER: Command =
    Command::write("XGROUP|CREATECONSUMER key group consumer", xgroup_createconsumer)
        .since("6.2.0")
        .grows()
        .keys(&["RW insert"])
        .about("Adds a consumer to a group; answers 0 when it is there already.");

fn xgroup_createconsumer(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let now_ms = db.time();
    let is_new = edit(db, args, |stream| {
        let (mut group, _) = stream.group_mut(args.get(3)).ok_or_else(|| no_group(args))?;
        let is_new = group.find_consumer(args.get(4)).is_none();
        if is_new {
            group.add_consumer(args.get(4), now_ms);
        }
        Ok(is_new)
    })?;
    if is_new {
        db.changed(Class::Stream, "xgroup-createconsumer", args.get(2));
    }
    reply.integer(is_new.into());
    Ok(())
}

const XGROUP_DELCONSUMER: Command =
    Command::write("XGROUP|DELCONSUMER key group consumer", xgroup_delconsumer)
        .since("5.0.0")
        .costs("O(N log M) for N entries that the consumer has not acknowledged.")
        .keys(&["RW delete"])
        .about("Removes a consumer, and answers how many entries it had not acknowledged.");

fn xgroup_delconsumer(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let removed = edit(db, args, |stream| {
        let (mut group, _) = stream.group_mut(args.get(3)).ok_or_else(|| no_group(args))?;
        Ok(group.remove_consumer(args.get(4)))
    })?;
    if removed.is_some() {
        db.changed(Class::Stream, "xgroup-delconsumer", args.get(2));
    }
    reply.integer(removed.unwrap_or(0) as i64);
    Ok(())
}

/// Changes the stream in word 2, which must be there.
fn edit<T>(
    db: &mut Db,
    args: &Args,
    change: impl FnOnce(&mut Stream) -> Result<T, Error>,
) -> Result<T, Error> {
    let found = db.find_mut(args.get(2));
    let mut record = found.ok_or(streams::GROUP_NEEDS_KEY)?;
    change(value::stream_mut(&mut record)?)
}

fn no_group(args: &Args) -> Error {
    streams::no_group(args.get(2), args.get(3))
}

/// Whether MKSTREAM is an option.
#[derive(PartialEq, Eq)]
enum Makes {
    Stream,
    Nothing,
}

/// The options of CREATE and SETID.
struct Options {
    makes_stream: bool,
    entries_read: Option<u64>,
}

impl Options {
    fn read(args: &Args, makes: Makes) -> Result<Self, Error> {
        let mut options = Options { makes_stream: false, entries_read: None };
        let mut at = 5;
        while at < args.len() {
            if makes == Makes::Stream && args.is(at, "MKSTREAM") {
                options.makes_stream = true;
                at += 1;
            } else if args.is(at, "ENTRIESREAD") && at + 1 < args.len() {
                let given = args.integer(at + 1)?;
                options.entries_read = u64::try_from(given).ok();
                if given < -1 {
                    return Err(streams::NEGATIVE_ENTRIES_READ);
                }
                at += 2;
            } else {
                return Err(streams::wrong_subcommand(args.get(1), "XGROUP"));
            }
        }
        Ok(options)
    }

    fn create(&self, stream: &mut Stream, args: &Args) -> Result<bool, Error> {
        let facts = stream.facts();
        let last_delivered = match args.get(4) {
            b"$" => facts.last,
            word => value::id(word)?,
        };
        let group = Group::new(last_delivered, self.entries_read(facts));
        Ok(stream.add_group(args.get(3), group))
    }

    /// No more can have been read than was ever added.
    fn entries_read(&self, facts: Facts) -> Option<u64> {
        self.entries_read.map(|read| read.min(facts.added))
    }
}
