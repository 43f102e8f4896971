//! XINFO: what there is to know about streams, their groups and consumers.

use super::add::keeping;
use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Command, Error, Outcome};
use crate::commands::help;
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::Db;
use crate::types::stream::{ConsumerRef, Entry, Group, Id, Producers, Stream};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XINFO, XINFO_CONSUMERS, XINFO_GROUPS, XINFO_HELP, XINFO_STREAM];

const XINFO: Command =
    Command::container("XINFO").since("5.0.0").about("Commands that tell about streams.");

const XINFO_HELP: Command = Command::server("XINFO|HELP", xinfo_help)
    .since("5.0.0")
    .flags(crate::command::flag::LOADING | crate::command::flag::STALE)
    .about("What the subcommands do.");

fn xinfo_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    help::write("xinfo", reply)
}

/// The stream in word 2.
fn find<'d>(db: &'d Db<'_>, args: &Args) -> Result<&'d Stream, Error> {
    value::find(db, args.get(2))?.ok_or(error::NO_SUCH_KEY)
}

const XINFO_CONSUMERS: Command = Command::read("XINFO|CONSUMERS key group", xinfo_consumers)
    .since("5.0.0")
    .tips(&["nondeterministic_output"])
    .about("The consumers of a group: what each has pending, and since when it is idle.");

fn xinfo_consumers(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let group = find(db, args)?.group(args.get(3));
    let group = group.ok_or_else(|| streams::no_group(args.get(2), args.get(3)))?;
    // A clock that was set back can make it negative.
    let since = |ms: u64| (db.time() as i64 - ms as i64).max(0);
    reply.array(group.consumers().len());
    for consumer in group.consumers() {
        reply.map(4);
        reply.bulk(b"name");
        reply.bulk(&consumer.name);
        write_number("pending", consumer.pending_len() as i64, reply);
        write_number("idle", since(consumer.seen_ms), reply);
        write_number("inactive", consumer.active_ms.map_or(-1, since), reply);
    }
    Ok(())
}

const XINFO_GROUPS: Command = Command::read("XINFO|GROUPS key", xinfo_groups)
    .since("5.0.0")
    .about("The groups of the stream at `key`: how far each has come.");

fn xinfo_groups(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let stream = find(db, args)?;
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        write_number("consumers", group.consumers().len() as i64, reply);
        write_number("pending", group.pending_len() as i64, reply);
        write_progress(stream, group, reply);
    }
    Ok(())
}

const XINFO_STREAM: Command = Command::read("XINFO|STREAM key [FULL [COUNT count]]", xinfo_stream)
    .since("5.0.0")
    .about("What the stream at `key` knows of its entries; with FULL, the entries and groups too.");

/// Without COUNT, so much of each list is told.
const USUAL_COUNT: usize = 10;

fn xinfo_stream(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let stream = find(db, args)?;
    let full = full_option(args)?;
    reply.map(if full.is_some() { 15 } else { 16 });
    write_facts(stream, reply);
    write_producers(db, stream, reply);
    match full {
        None => write_ends(stream, reply),
        Some(count) => write_full(stream, count, reply),
    }
    Ok(())
}

/// The most of each list that FULL tells; none without FULL.
fn full_option(args: &Args) -> Result<Option<usize>, Error> {
    let syntax = || streams::wrong_subcommand(args.get(1), "XINFO");
    match args.len() {
        3 => Ok(None),
        4 | 6 if args.is(3, "FULL") => {
            if args.len() == 4 {
                return Ok(Some(USUAL_COUNT));
            }
            if !args.is(4, "COUNT") {
                return Err(syntax());
            }
            Ok(Some(match args.integer(5)? {
                0 => usize::MAX,
                count => usize::try_from(count).unwrap_or(USUAL_COUNT),
            }))
        }
        _ => Err(syntax()),
    }
}

fn write_number(name: &str, value: i64, reply: &mut Reply) {
    reply.bulk(name.as_bytes());
    reply.integer(value);
}

fn write_named_id(name: &str, id: Id, reply: &mut Reply) {
    reply.bulk(name.as_bytes());
    value::write_id(id, reply);
}

fn write_facts(stream: &Stream, reply: &mut Reply) {
    let facts = stream.facts();
    write_number("length", facts.length as i64, reply);
    write_number("radix-tree-keys", stream.log().blocks_len() as i64, reply);
    write_number("radix-tree-nodes", stream.radix_tree_nodes() as i64, reply);
    write_named_id("last-generated-id", facts.last, reply);
    write_named_id("max-deleted-entry-id", facts.max_deleted, reply);
    write_number("entries-added", facts.added as i64, reply);
    write_named_id("recorded-first-entry-id", facts.first, reply);
}

fn write_producers(db: &Db, stream: &Stream, reply: &mut Reply) {
    let none = Producers::new(keeping(db));
    let producers = stream.producers().unwrap_or(&none);
    let (names, ids) = producers.count(db.time());
    write_number("idmp-duration", producers.keeping().seconds.into(), reply);
    write_number("idmp-maxsize", producers.keeping().ids.into(), reply);
    write_number("pids-tracked", names as i64, reply);
    write_number("iids-tracked", ids as i64, reply);
    write_number("iids-added", producers.added as i64, reply);
    write_number("iids-duplicates", producers.duplicates as i64, reply);
}

fn write_ends(stream: &Stream, reply: &mut Reply) {
    write_number("groups", stream.groups().len() as i64, reply);
    let mut write_end = |name: &str, entry: Option<Entry<'_>>| {
        reply.bulk(name.as_bytes());
        match entry {
            Some(entry) => value::write_entry(&entry, reply),
            None => reply.null(),
        }
    };
    write_end("first-entry", stream.log().first());
    write_end("last-entry", stream.log().last());
}

fn write_full(stream: &Stream, count: usize, reply: &mut Reply) {
    reply.bulk(b"entries");
    value::write_entries(stream.log().range(Id::MIN, Id::MAX).take(count), reply);
    reply.bulk(b"groups");
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(7);
        reply.bulk(b"name");
        reply.bulk(name);
        write_progress(stream, group, reply);
        write_number("pel-count", group.pending_len() as i64, reply);
        write_pending(group, count, reply);
        reply.bulk(b"consumers");
        reply.array(group.consumers().len());
        for consumer in group.consumers() {
            let number = group.find_consumer(&consumer.name);
            let number = number.expect("a group finds its consumers");
            write_consumer(group, number, count, reply);
        }
    }
}

/// How far a group has come.
fn write_progress(stream: &Stream, group: &Group, reply: &mut Reply) {
    write_named_id("last-delivered-id", group.last_delivered, reply);
    reply.bulk(b"entries-read");
    match group.entries_read {
        Some(read) => reply.integer(read as i64),
        None => reply.null(),
    }
    reply.bulk(b"lag");
    match stream.facts().lag(group) {
        Some(lag) => reply.integer(lag),
        None => reply.null(),
    }
}

fn write_pending(group: &Group, count: usize, reply: &mut Reply) {
    reply.bulk(b"pending");
    reply.array(group.pending_len().min(count));
    for (id, pending) in group.pending_between(Id::MIN, Id::MAX).take(count) {
        reply.array(4);
        value::write_id(id, reply);
        reply.bulk(&group.consumer(pending.consumer).name);
        reply.integer(pending.delivered_ms as i64);
        reply.integer(pending.deliveries as i64);
    }
}

fn write_consumer(group: &Group, number: ConsumerRef, count: usize, reply: &mut Reply) {
    let consumer = group.consumer(number);
    reply.map(5);
    reply.bulk(b"name");
    reply.bulk(&consumer.name);
    write_number("seen-time", consumer.seen_ms as i64, reply);
    write_number("active-time", consumer.active_ms.map_or(-1, |ms| ms as i64), reply);
    write_number("pel-count", consumer.pending_len() as i64, reply);
    reply.bulk(b"pending");
    reply.array(consumer.pending_len().min(count));
    for (id, pending) in group.pending_of(number, Id::MIN, Id::MAX).take(count) {
        reply.array(3);
        value::write_id(id, reply);
        reply.integer(pending.delivered_ms as i64);
        reply.integer(pending.deliveries as i64);
    }
}
