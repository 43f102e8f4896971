//! COMMAND GETKEYS and GETKEYSANDFLAGS: which words of a call are keys, and what happens to them.

use super::info::{CATEGORY, MARKS, write_names};
use crate::command::table::span;
use crate::command::usage::Keys;
use crate::command::{Args, Command, Entry, Error, Locks, Outcome, Reach, error};
use crate::commands::table;
use crate::protocol::{Reply, Words};
use crate::server::Context;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[COMMAND_GETKEYS, COMMAND_GETKEYSANDFLAGS];

const COMMAND_GETKEYS: Command =
    Command::server("COMMAND|GETKEYS command [arg ...]", command_getkeys)
        .since("2.8.13")
        .flags(MARKS)
        .categories(CATEGORY)
        .costs("O(N) with N the number of words of the call")
        .about("The keys of a call.");

fn command_getkeys(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let call = args.call_from(2);
    let keys = keys(call)?;
    reply.array(keys.len());
    keys.iter().for_each(|(at, _)| reply.bulk(call.get(*at)));
    Ok(())
}

const COMMAND_GETKEYSANDFLAGS: Command =
    Command::server("COMMAND|GETKEYSANDFLAGS command [arg ...]", command_getkeysandflags)
        .since("7.0.0")
        .flags(MARKS)
        .categories(CATEGORY)
        .costs("O(N) with N the number of words of the call")
        .about("The keys of a call, each with what happens to it.");

fn command_getkeysandflags(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let call = args.call_from(2);
    let keys = keys(call)?;
    reply.array(keys.len());
    for (at, flags) in keys {
        reply.array(2);
        reply.bulk(call.get(at));
        write_names(&flags.split(' ').collect::<Vec<_>>(), "", reply);
    }
    Ok(())
}

/// The places of the keys in `call`, each with what happens to it.
fn keys(call: Words<'_>) -> Result<Vec<(usize, &'static str)>, Error> {
    let entry = find(call).ok_or(error::INVALID_COMMAND)?;
    if entry.keys.is_empty() {
        return Err(error::NO_KEY_ARGUMENTS);
    }
    if !entry.arity.fits(call.len()) {
        return Err(error::INVALID_ARGUMENT_COUNT);
    }
    let mut found = Vec::new();
    for (number, keys) in entry.keys.iter().enumerate() {
        if *keys == Keys::Unknown {
            continue;
        }
        let (first, last, step) = span(*keys, call).ok_or(error::INVALID_ARGUMENTS)?;
        let places = (first..=last).step_by(step);
        let flags = settled(entry.key_flags(number), call);
        found.extend(places.map(|at| (at, flags)));
    }
    found.extend(hidden(entry, call).skip(found.len()));
    Ok(found)
}

/// The places of all keys of a call that names some where no rule finds them: SORT's STORE.
fn hidden<'a>(
    entry: &Entry,
    call: Words<'a>,
) -> impl Iterator<Item = (usize, &'static str)> + use<'a> {
    let mut places = Vec::new();
    if entry.keys.contains(&Keys::Unknown)
        && let Locks::Places(find) = entry.command.locks
    {
        // Refused words are the handler's to tell of.
        let _: Result<Reach, Error> = find(&Args::new(call, entry.name_words), 0, &mut places);
    }
    let flags = entry.command.key_flags.last().copied().unwrap_or_default();
    let place = move |key: &[u8]| (0..call.len()).find(|at| std::ptr::eq(call.get(*at), key));
    places.into_iter().filter_map(move |found| Some((place(found.key)?, flags)))
}

/// What happens to the keys of this very call, where that depends on its options: SET reads the
/// old value only for GET, BITFIELD writes only with SET or INCRBY.
fn settled(flags: &'static str, call: Words<'_>) -> &'static str {
    if flags != "RW access update variable_flags" {
        return flags;
    }
    if call.get(0).eq_ignore_ascii_case(b"BITFIELD") {
        let is_write =
            |word: &[u8]| word.eq_ignore_ascii_case(b"SET") || word.eq_ignore_ascii_case(b"INCRBY");
        let writes = call.iter().skip(2).any(is_write);
        return if writes { "RW access update" } else { "RO access" };
    }
    let reads = call.iter().skip(3).any(|word| word.eq_ignore_ascii_case(b"GET"));
    if reads { "RW access update" } else { "OW update" }
}

/// The command that `call` names, a subcommand where there is one.
fn find(call: Words<'_>) -> Option<&'static Entry> {
    let entry = table().find(call.get(0))?;
    if entry.subcommands.is_empty() || call.len() == 1 {
        return Some(entry);
    }
    table().find_subcommand(entry, call.get(1))
}
