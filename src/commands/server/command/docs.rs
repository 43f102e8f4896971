//! COMMAND DOCS: what each command does, since when, at what cost, and its arguments as a tree.
//!
//! All of it comes from the usage line and the marks beside it; names of groups of arguments,
//! which the usage line does not give, are made of the names inside.
//! Source: https://redis.io/docs/latest/develop/reference/command-arguments/

use super::info::{CATEGORY, MARKS, UNORDERED, write_names};
use crate::command::usage::{Kind, Node};
use crate::command::{Args, Command, Entry, Outcome};
use crate::commands::table;
use crate::protocol::Reply;
use crate::server::Context;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[COMMAND_DOCS];

const COMMAND_DOCS: Command = Command::server("COMMAND|DOCS [command-name ...]", command_docs)
    .since("7.0.0")
    .flags(MARKS)
    .categories(CATEGORY)
    .tips(UNORDERED)
    .costs("O(N) with N the number of commands asked for")
    .about("What these commands do, and their arguments; all commands without a name.");

fn command_docs(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let entries: Vec<&Entry> = match args.len() {
        2 => table().entries().iter().filter(|entry| entry.name_words == 1).collect(),
        _ => args.iter(2).filter_map(|name| table().find_full(name)).collect(),
    };
    reply.map(entries.len());
    for entry in entries {
        reply.bulk(entry.name.as_bytes());
        write(entry, reply);
    }
    Ok(())
}

fn write(entry: &Entry, reply: &mut Reply) {
    let command = &entry.command;
    let open = reply.open_array();
    let mut pairs = 4;
    let texts = [
        ("summary", command.summary),
        ("since", command.since),
        ("group", entry.group),
        ("complexity", command.complexity),
    ];
    texts.iter().for_each(|(name, text)| write_text(name, text, reply));
    if let Some((since, instead)) = command.replaced_by {
        pairs += 3;
        reply.bulk(b"doc_flags");
        write_names(&["deprecated"], "", reply);
        write_text("deprecated_since", since, reply);
        write_text("replaced_by", instead, reply);
    }
    let arguments: Vec<&Node> = entry.arguments.iter().filter(|node| !is_nothing(node)).collect();
    if !arguments.is_empty() {
        pairs += 1;
        reply.bulk(b"arguments");
        write_arguments(&arguments, &mut 0, reply);
    }
    if !entry.subcommands.is_empty() {
        pairs += 1;
        reply.bulk(b"subcommands");
        reply.map(entry.subcommands.len());
        for (_, id) in &entry.subcommands {
            let subcommand = &table().entries()[*id];
            reply.bulk(subcommand.name.as_bytes());
            write(subcommand, reply);
        }
    }
    reply.close_map(open, pairs);
}

fn write_text(name: &str, text: &str, reply: &mut Reply) {
    reply.bulk(name.as_bytes());
    reply.bulk(text.as_bytes());
}

/// Whether a node stands for words that mean nothing.
fn is_nothing(node: &Node) -> bool {
    matches!(&node.kind, Kind::Block(nodes) if nodes.is_empty())
}

/// Writes arguments; `keys` counts the key specifications passed so far.
fn write_arguments(nodes: &[&Node], keys: &mut i64, reply: &mut Reply) {
    reply.array(nodes.len());
    for node in nodes {
        write_argument(node, keys, reply);
    }
}

fn write_argument(node: &Node, keys: &mut i64, reply: &mut Reply) {
    let open = reply.open_array();
    let mut pairs = 2;
    let name = name_of(node);
    write_text("name", &name, reply);
    write_text("type", type_of(node), reply);
    let (token, inner) = match &node.kind {
        Kind::Token(token) => (Some(*token), None),
        Kind::Word(_) => (node.token, None),
        Kind::OneOf(nodes) | Kind::Block(nodes) => (node.token, Some(nodes)),
    };
    if inner.is_none() {
        pairs += 1;
        write_text("display_text", &name, reply);
    }
    if node.is_key() {
        pairs += 1;
        reply.bulk(b"key_spec_index");
        reply.integer(*keys);
        *keys += 1;
    }
    if let Some(token) = token {
        pairs += 1;
        write_text("token", token, reply);
    }
    let flags = [
        (node.optional, "optional"),
        (node.multiple, "multiple"),
        (node.multiple_token, "multiple_token"),
    ];
    let flags: Vec<&str> = flags.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
    if !flags.is_empty() {
        pairs += 1;
        reply.bulk(b"flags");
        write_names(&flags, "", reply);
    }
    if let Some(nodes) = inner {
        pairs += 1;
        reply.bulk(b"arguments");
        write_arguments(&nodes.iter().collect::<Vec<_>>(), keys, reply);
    }
    reply.close_map(open, pairs);
}

/// A name for an argument: its own, its token's, or one made of what it consists of.
fn name_of(node: &Node) -> String {
    let join =
        |nodes: &[Node], between: &str| nodes.iter().map(name_of).collect::<Vec<_>>().join(between);
    match (&node.kind, node.token) {
        (Kind::Word(name), _) => name.to_string(),
        (Kind::Token(token), _) => token.to_lowercase(),
        (_, Some(token)) => token.to_lowercase(),
        (Kind::OneOf(nodes), None) => join(nodes, "-or-"),
        (Kind::Block(nodes), None) => join(nodes, "-"),
    }
}

/// The type of an argument, as far as its name tells.
fn type_of(node: &Node) -> &'static str {
    const INTEGERS: &[&str] = &[
        "seconds",
        "milliseconds",
        "count",
        "offset",
        "start",
        "end",
        "index",
        "numkeys",
        "cursor",
        "timeout",
        "decrement",
        "increment",
        "db",
        "len",
        "rank",
        "maxlen",
        "min-match-len",
        "client-id",
        "protover",
        "maxage",
        "limit",
        "stop",
        "numfields",
    ];
    match node.kind {
        Kind::OneOf(_) => "oneof",
        Kind::Block(_) => "block",
        Kind::Token(_) => "pure-token",
        Kind::Word(_) if node.is_key() => "key",
        Kind::Word("pattern") => "pattern",
        Kind::Word(name) if name.starts_with("unix-time") => "unix-time",
        Kind::Word(name) if INTEGERS.contains(&name) => "integer",
        Kind::Word(_) => "string",
    }
}
