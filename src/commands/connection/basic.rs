//! PING, ECHO, SELECT, QUIT, RESET: what a connection can do by itself.

use super::ALWAYS;
use crate::command::{Args, Command, Error, Outcome, error, flag};
use crate::protocol::{Protocol, Reply};
use crate::server::{Context, ReplyMode};
use std::sync::atomic::Ordering;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[ECHO, PING, QUIT, RESET, SELECT];

const ECHO: Command = Command::server("ECHO message", echo)
    .flags(flag::LOADING | flag::STALE | flag::KEYLESS)
    .fast()
    .about("Gives the message back.");

fn echo(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    match args.shared(1) {
        Some(message) => reply.bulk_shared(message),
        None => reply.bulk(args.get(1)),
    }
    Ok(())
}

const PING: Command = Command::server("PING [message]", ping)
    .fast()
    .flags(flag::KEYLESS)
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .about("Answers PONG, or the message: the server is there.");

fn ping(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    match args.len() {
        1 => reply.simple("PONG"),
        2 => reply.bulk(args.get(1)),
        _ => return Err(Error::arity("ping")),
    }
    Ok(())
}

const QUIT: Command = Command::server("QUIT ...", quit)
    .flags(ALWAYS | flag::NEVER_QUEUED)
    .fast()
    .replaced_by("7.2.0", "just closing the connection")
    .about("Answers OK and closes the connection.");

fn quit(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    context.session.is_closing = true;
    reply.ok();
    Ok(())
}

const RESET: Command =
    Command::server("RESET", reset).since("6.2.0").flags(ALWAYS | flag::NEVER_QUEUED).fast().about(
        "Puts the connection back to how it began: RESP2, database 0, no name, not logged in.",
    );

fn reset(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let is_open = context.server.config.load().security.requirepass.is_empty();
    let session = &mut *context.session;
    session.select(0);
    session.is_authenticated = is_open;
    session.reply_mode = ReplyMode::On;
    session.no_touch = false;
    session.transaction = None;
    session.stop_watching();
    let client = &session.client;
    client.named.lock().name.clear();
    client.figures.no_evict.store(false, Ordering::Relaxed);
    client.figures.no_touch.store(false, Ordering::Relaxed);
    client.figures.protocol.store(2, Ordering::Relaxed);
    reply.set_protocol(Protocol::Resp2);
    reply.simple("RESET");
    Ok(())
}

const SELECT: Command = Command::server("SELECT index", select)
    .flags(flag::LOADING | flag::STALE)
    .fast()
    .about("Goes to the database with this number.");

fn select(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let index = i32::try_from(args.integer(1)?).map_err(|_| error::NOT_32_BITS)?;
    let databases = context.server.keyspace.databases();
    let index = usize::try_from(index).ok().filter(|index| *index < databases);
    context.session.select(index.ok_or(error::DB_OUT_OF_RANGE)?);
    reply.ok();
    Ok(())
}
