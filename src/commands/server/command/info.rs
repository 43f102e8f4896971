//! COMMAND, COMMAND COUNT, COMMAND INFO: what clients, proxies and cluster libraries need to know
//! of a command before they send it.
//!
//! ```text
//! name | arity | flags | first key | last key | step
//!      | @categories | tips | key specifications | subcommands
//! ```
//! Source: https://redis.io/docs/latest/commands/command/

use crate::command::usage::Keys;
use crate::command::{Args, Command, Entry, Outcome, flag};
use crate::commands::table;
use crate::protocol::Reply;
use crate::server::Context;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[COMMAND, COMMAND_COUNT, COMMAND_HELP, COMMAND_INFO];

/// Marks of COMMAND and all its subcommands.
pub(super) const MARKS: u32 = flag::LOADING | flag::STALE;
/// The ACL category of COMMAND and all its subcommands, whatever their group.
pub(super) const CATEGORY: &[&str] = &["connection"];
/// The tip that the order of the answer means nothing.
pub(super) const UNORDERED: &[&str] = &["nondeterministic_output_order"];

const COMMAND: Command = Command::server("COMMAND ...", command)
    .since("2.8.13")
    .flags(MARKS)
    .categories(CATEGORY)
    .tips(UNORDERED)
    .costs("O(N) with N the number of commands")
    .about("Every command, as COMMAND INFO tells of it.");

fn command(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let commands = || table().entries().iter().filter(|entry| entry.name_words == 1);
    reply.array(commands().count());
    commands().for_each(|entry| write(entry, reply));
    Ok(())
}

const COMMAND_COUNT: Command = Command::server("COMMAND|COUNT", command_count)
    .since("2.8.13")
    .flags(MARKS)
    .categories(CATEGORY)
    .about("How many commands there are, subcommands not counted.");

fn command_count(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let commands = table().entries().iter().filter(|entry| entry.name_words == 1);
    reply.integer(commands.count() as i64);
    Ok(())
}

const COMMAND_HELP: Command = Command::server("COMMAND|HELP", command_help)
    .since("5.0.0")
    .flags(MARKS)
    .categories(CATEGORY)
    .about("This list.");

fn command_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    crate::commands::help::write("command", reply)
}

const COMMAND_INFO: Command = Command::server("COMMAND|INFO [command-name ...]", command_info)
    .since("2.8.13")
    .flags(MARKS)
    .categories(CATEGORY)
    .tips(UNORDERED)
    .costs("O(N) with N the number of commands asked for")
    .about("Arity, flags, keys and ACL categories of these commands; null for unknown ones.");

fn command_info(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() == 2 {
        return command(context, args, reply);
    }
    reply.array(args.len() - 2);
    for name in args.iter(2) {
        match table().find_full(name) {
            Some(entry) => write(entry, reply),
            None => reply.null(),
        }
    }
    Ok(())
}

fn write(entry: &Entry, reply: &mut Reply) {
    reply.array(10);
    reply.bulk(entry.name.as_bytes());
    reply.integer(entry.arity.signed());
    let flags: Vec<&str> = entry.flag_names().collect();
    write_names(&flags, "", reply);
    let (first, last, step) = entry.key_range();
    [first, last, step].into_iter().for_each(|place| reply.integer(place));
    write_names(&entry.categories(), "@", reply);
    reply.set(entry.command.tips.len());
    entry.command.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(entry.keys.len());
    for (at, keys) in entry.keys.iter().enumerate() {
        write_key_spec(*keys, entry.key_flags(at), reply);
    }
    reply.array(entry.subcommands.len());
    for (_, id) in &entry.subcommands {
        write(&table().entries()[*id], reply);
    }
}

/// Writes a set of simple strings, each after `sign`.
pub(super) fn write_names(names: &[&str], sign: &str, reply: &mut Reply) {
    reply.set(names.len());
    names.iter().for_each(|name| reply.simple(&format!("{sign}{name}")));
}

/// Writes where the keys of one specification stand, and what happens to them.
fn write_key_spec(keys: Keys, flags: &str, reply: &mut Reply) {
    reply.map(3);
    reply.bulk(b"flags");
    write_names(&flags.split(' ').collect::<Vec<_>>(), "", reply);
    let (start, kind, fields) = match keys {
        Keys::Range { first, last, step } => {
            // Behind the first key, places are told from it; before the end, from the end.
            let last = if last >= 0 { last - first as i64 } else { last };
            (first, "range", [("lastkey", last), ("keystep", step as i64), ("limit", 0)])
        }
        Keys::Counted { at, step } => {
            (at, "keynum", [("keynumidx", 0), ("firstkey", 1), ("keystep", step as i64)])
        }
        Keys::Halved { from, .. } => {
            (from, "range", [("lastkey", -1), ("keystep", 1), ("limit", 2)])
        }
        Keys::Behind { from, .. } => {
            (from, "range", [("lastkey", -1), ("keystep", 1), ("limit", 0)])
        }
        Keys::After { from, .. } => (from, "range", [("lastkey", 0), ("keystep", 1), ("limit", 0)]),
        Keys::Unknown => {
            for part in [&b"begin_search"[..], b"find_keys"] {
                reply.bulk(part);
                write_search("unknown", &[], reply);
            }
            return;
        }
    };
    reply.bulk(b"begin_search");
    match keys {
        Keys::Halved { token, .. } | Keys::After { token, .. } => {
            write_keyword(token, start as i64, reply);
        }
        // Looked for from the last word but one backwards.
        Keys::Behind { token, .. } => write_keyword(token, -2, reply),
        _ => write_search("index", &[("index", start as i64)], reply),
    }
    reply.bulk(b"find_keys");
    write_search(kind, &fields, reply);
}

fn write_keyword(token: &str, from: i64, reply: &mut Reply) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(b"keyword");
    reply.bulk(b"spec");
    reply.map(2);
    reply.bulk(b"keyword");
    reply.bulk(token.as_bytes());
    reply.bulk(b"startfrom");
    reply.integer(from);
}

fn write_search(kind: &str, fields: &[(&str, i64)], reply: &mut Reply) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    reply.map(fields.len());
    for (name, value) in fields {
        reply.bulk(name.as_bytes());
        reply.integer(*value);
    }
}
