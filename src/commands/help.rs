//! HELP of every command that has subcommands: their usage lines and sentences, from the table
//! itself.

use crate::command::{Entry, Outcome};
use crate::protocol::Reply;

/// Answers with the subcommands of `parent`: how each is written and, indented, what it does.
pub fn write(parent: &str, reply: &mut Reply) -> Outcome {
    let table = super::table();
    // Not by `find`: the command may have been renamed.
    let parent = table.entries().iter().find(|entry| entry.name.eq_ignore_ascii_case(parent));
    let parent = parent.expect("HELP belongs to a command of the table");
    let name = parent.name.to_uppercase();
    reply.array(1 + 2 * parent.subcommands.len());
    reply.simple(&format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for (_, id) in &parent.subcommands {
        let entry = &table.entries()[*id];
        reply.simple(own_usage(entry));
        reply.simple(&format!("    {}", entry.command.summary));
    }
    Ok(())
}

/// The usage line without the parent's name.
fn own_usage(entry: &Entry) -> &'static str {
    let usage = entry.command.usage;
    usage.split_once('|').map_or(usage, |(_, own)| own)
}
