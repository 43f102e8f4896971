//! DEBUG: for test suites and for whoever looks for a fault. Off unless `enable-debug-command`
//! says otherwise, since it can keep a worker busy for as long as a client likes.
//!
//! - `data`: OBJECT, POPULATE, HTSTATS: the data seen from inside
//! - `digest`: DIGEST, DIGEST-VALUE: are two data sets, or values, the same?
//! - `reload`: RELOAD: to the disk and back
//! - `samples`: PROTOCOL: a reply of every type
//!
//! Redis's subcommands that crash the server are left out.

mod data;
mod digest;
mod reload;
mod samples;

use crate::command::{Args, Command, Error, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::Context;
use crate::types::glob::{Case, glob_match};
use crate::types::number::parse_float;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[DEBUG];

const DEBUG: Command = Command::server("DEBUG subcommand [argument ...]", debug)
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE | flag::PROTECTED)
    .costs("Depends on subcommand.")
    .about("Commands for tests: DEBUG HELP lists them.");

/// A subcommand: how it is written, what it does, how many words its call has, its function.
struct Sub {
    usage: &'static str,
    about: &'static str,
    words: std::ops::RangeInclusive<usize>,
    run: fn(&mut Context, &Args, &mut Reply) -> Outcome,
}

const SUBCOMMANDS: &[Sub] = &[
    Sub {
        usage: "DIGEST",
        about: "A digest of all data: the same data, the same digest.",
        words: 2..=2,
        run: digest::digest,
    },
    Sub {
        usage: "DIGEST-VALUE key [key ...]",
        about: "The digest of each of these values.",
        words: 3..=usize::MAX,
        run: digest::digest_value,
    },
    Sub {
        usage: "ERROR message",
        about: "Answers with this error.",
        words: 3..=3,
        run: |_, args, _| Err(Error::new(args.text(2))),
    },
    Sub { usage: "HELP", about: "This list.", words: 2..=2, run: help },
    Sub {
        usage: "HTSTATS db",
        about: "How the tables of a database are filled.",
        words: 3..=4,
        run: data::htstats,
    },
    Sub {
        usage: "HTSTATS-KEY key",
        about: "How the table of one value is filled.",
        words: 3..=4,
        run: data::htstats_key,
    },
    Sub {
        usage: "LOADAOF",
        about: "Loads the append-only file once more, in the place of all keys.",
        words: 2..=2,
        run: load_aof,
    },
    Sub { usage: "LOG message", about: "Writes to the log.", words: 3..=3, run: log },
    Sub { usage: "OBJECT key", about: "How a value is stored.", words: 3..=4, run: data::object },
    Sub {
        usage: "PAUSE-CRON <0 | 1>",
        about: "Stops the removal of keys at their deadline, as SET-ACTIVE-EXPIRE 0 does.",
        words: 3..=3,
        run: |context, args, reply| active_expiry(context, !is_on(args), reply),
    },
    Sub {
        usage: "POPULATE count [prefix] [size]",
        about: "Makes keys key:0 to key:N with strings of this size.",
        words: 3..=5,
        run: data::populate,
    },
    Sub {
        usage: "PROTOCOL type",
        about: "A reply of this type.",
        words: 3..=3,
        run: samples::protocol,
    },
    Sub {
        usage: "QUICKLIST-PACKED-THRESHOLD size",
        about: "Nothing: elements of lists have no such limit.",
        words: 3..=3,
        run: nothing,
    },
    Sub {
        usage: "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
        about: "Saves the data and loads it again: over what is there, or without saving it.",
        words: 2..=5,
        run: reload::reload,
    },
    Sub {
        usage: "REPLYBUFFER <PEAK-RESET-TIME | RESIZING> value",
        about: "Nothing: reply buffers of Redstart have no such settings.",
        words: 4..=4,
        run: nothing,
    },
    Sub {
        usage: "SET-ACTIVE-EXPIRE <0 | 1>",
        about: "Stops or starts the removal of keys at their deadline. They stay invisible.",
        words: 3..=3,
        run: |context, args, reply| active_expiry(context, is_on(args), reply),
    },
    Sub {
        usage: "SET-DISABLE-DENY-SCRIPTS <0 | 1>",
        about: "Nothing: there are no scripts.",
        words: 3..=3,
        run: nothing,
    },
    Sub {
        usage: "SLEEP seconds",
        about: "Keeps this connection's worker, and whoever wants a key, waiting.",
        words: 3..=3,
        run: sleep,
    },
    Sub {
        usage: "STRINGMATCH-LEN length pattern",
        about: "Whether so many letters a fit the pattern.",
        words: 4..=4,
        run: stringmatch_len,
    },
];

fn debug(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let own_name = |sub: &Sub| sub.usage.split(' ').next().unwrap_or(sub.usage);
    let fits = |sub: &&Sub| args.is(1, own_name(sub)) && sub.words.contains(&args.len());
    match SUBCOMMANDS.iter().find(fits) {
        Some(sub) => (sub.run)(context, args, reply),
        None => Err(Error::unknown_debug(args.get(1))),
    }
}

fn help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.array(1 + 2 * SUBCOMMANDS.len());
    reply.simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for sub in SUBCOMMANDS {
        reply.simple(sub.usage);
        reply.simple(&format!("    {}", sub.about));
    }
    Ok(())
}

fn load_aof(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let server = context.server;
    let reload = server.reload_log.get().expect("the start of the server gives it");
    reload(server).map_err(|error| {
        tracing::warn!("DEBUG LOADAOF: {error:#}");
        error::persistence::CANNOT_LOAD_AOF
    })?;
    tracing::info!("Append Only File loaded by DEBUG LOADAOF");
    reply.ok();
    Ok(())
}

fn nothing(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.ok();
    Ok(())
}

fn log(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    tracing::warn!("DEBUG LOG: {}", args.text(2));
    reply.ok();
    Ok(())
}

/// As C reads a number: what is none is 0.
fn is_on(args: &Args) -> bool {
    args.integer(2).unwrap_or(0) != 0
}

fn active_expiry(context: &mut Context, is_on: bool, reply: &mut Reply) -> Outcome {
    let keyspace = &context.server.keyspace;
    keyspace.active_expiry.store(is_on, Ordering::Relaxed);
    keyspace.alarm.ring_before(context.now_ms);
    reply.ok();
    Ok(())
}

fn sleep(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let seconds = parse_float(args.get(2)).unwrap_or(0.0);
    let keyspace = &context.server.keyspace;
    let used = (0..keyspace.databases()).filter(|db| keyspace.used_shards(*db).is_some());
    // A Redis that sleeps answers nobody: with the keys locked, other workers do not either.
    let _nobody_else = keyspace.lock_all(used);
    // Negative or absurd times are no time at all, as with nanosleep.
    std::thread::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    reply.ok();
    Ok(())
}

fn stringmatch_len(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    /// Longer texts would only take memory.
    const LONGEST: i64 = 1 << 30;
    let text = vec![b'a'; args.integer_in(2, 0..=LONGEST)? as usize];
    reply.integer(glob_match(args.get(3), &text, Case::Sensitive).into());
    Ok(())
}
