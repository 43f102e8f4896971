//! COMMAND LIST: the names of all commands, or of those of an ACL category, or that fit a pattern.

use super::info::{CATEGORY, MARKS, UNORDERED};
use crate::command::{Args, Command, Entry, Error, Outcome, error};
use crate::commands::table;
use crate::protocol::Reply;
use crate::server::Context;
use crate::types::glob::{Case, glob_match};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[COMMAND_LIST];

const COMMAND_LIST: Command = Command::server(
    "COMMAND|LIST [FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
    command_list,
)
.since("7.0.0")
.flags(MARKS)
.categories(CATEGORY)
.tips(UNORDERED)
.costs("O(N) with N the number of commands")
.about("The names of all commands and subcommands, or of those that pass the filter.");

fn command_list(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let names: Vec<&str> = match args.len() {
        2 => table().entries().iter().map(|entry| &*entry.name).collect(),
        5 if args.is(2, "FILTERBY") => filtered(args)?,
        _ => return Err(error::SYNTAX),
    };
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name.as_bytes()));
    Ok(())
}

fn filtered(args: &Args) -> Result<Vec<&'static str>, Error> {
    let wanted = args.get(4);
    let passes: &dyn Fn(&Entry) -> bool = match () {
        // There are no modules, so no command belongs to one.
        () if args.is(3, "MODULE") => &|_| false,
        () if args.is(3, "ACLCAT") => &|entry| {
            let is_wanted = |name: &&str| wanted.eq_ignore_ascii_case(name.as_bytes());
            entry.categories().iter().any(is_wanted)
        },
        () if args.is(3, "PATTERN") => {
            &|entry| glob_match(wanted, entry.name.as_bytes(), Case::Insensitive)
        }
        () => return Err(error::SYNTAX),
    };
    let entries = table().entries().iter().filter(|entry| passes(entry));
    Ok(entries.map(|entry| &*entry.name).collect())
}
