//! The switches of CLIENT: NO-EVICT, NO-TOUCH and REPLY for this connection, PAUSE for all,
//! UNBLOCK for another.

use super::ANYTIME;
use crate::command::{Args, Command, Error, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::waiting::Answer;
use crate::server::{Context, PauseKind, ReplyMode};
use crate::types::number::parse_integer;
use std::sync::atomic::Ordering;

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[CLIENT_NO_EVICT, CLIENT_NO_TOUCH, CLIENT_PAUSE, CLIENT_REPLY, CLIENT_UNBLOCK, CLIENT_UNPAUSE];

const CLIENT_NO_EVICT: Command = Command::server("CLIENT|NO-EVICT <ON | OFF>", client_no_evict)
    .since("7.0.0")
    .flags(ANYTIME | flag::ADMIN)
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .about("Keeps the connection when `maxmemory-clients` asks for some to be closed.");

fn client_no_evict(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let on = on_or_off(args, 2)?;
    context.session.client.figures.no_evict.store(on, Ordering::Relaxed);
    reply.ok();
    Ok(())
}

const CLIENT_NO_TOUCH: Command = Command::server("CLIENT|NO-TOUCH <ON | OFF>", client_no_touch)
    .since("7.2.0")
    .flags(ANYTIME)
    .about("Lets the connection read without leaving a trace in the keys' access times.");

fn client_no_touch(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let on = on_or_off(args, 2)?;
    context.session.no_touch = on;
    context.session.client.figures.no_touch.store(on, Ordering::Relaxed);
    reply.ok();
    Ok(())
}

fn on_or_off(args: &Args, at: usize) -> Result<bool, Error> {
    match () {
        () if args.is(at, "ON") => Ok(true),
        () if args.is(at, "OFF") => Ok(false),
        () => Err(error::SYNTAX),
    }
}

const CLIENT_PAUSE: Command = Command::server("CLIENT|PAUSE timeout [WRITE | ALL]", client_pause)
    .since("3.0.0")
    .flags(ANYTIME | flag::ADMIN)
    .about("Lets all commands, or those that write, wait for this many milliseconds.");

fn client_pause(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let kind = match args.len() {
        3 => PauseKind::All,
        4 if args.is(3, "WRITE") => PauseKind::Write,
        4 if args.is(3, "ALL") => PauseKind::All,
        4 => return Err(error::PAUSE_MODE),
        _ => return Err(Error::arity("client|pause")),
    };
    let timeout_ms = parse_integer(args.get(2)).ok_or(error::TIMEOUT_NOT_AN_INTEGER)?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| error::TIMEOUT_NEGATIVE)?;
    let ends_ms = timeout_ms + context.now_ms;
    if ends_ms > i64::MAX as u64 {
        return Err(error::TIMEOUT_OUT_OF_RANGE);
    }
    context.server.pause.start(kind, context.now_ms, ends_ms);
    reply.ok();
    Ok(())
}

const CLIENT_UNPAUSE: Command = Command::server("CLIENT|UNPAUSE", client_unpause)
    .since("6.2.0")
    .flags(ANYTIME | flag::ADMIN)
    .costs("O(N) with N the number of clients that wait")
    .about("Ends the pause.");

fn client_unpause(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    context.server.pause.end();
    reply.ok();
    Ok(())
}

const CLIENT_REPLY: Command = Command::server("CLIENT|REPLY <ON | OFF | SKIP>", client_reply)
    .since("3.2.0")
    .flags(ANYTIME)
    .about("Answers commands, or does not, or leaves the next one unanswered.");

fn client_reply(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let session = &mut *context.session;
    match () {
        () if args.is(2, "ON") => session.reply_mode = ReplyMode::On,
        () if args.is(2, "OFF") => session.reply_mode = ReplyMode::Off,
        () if args.is(2, "SKIP") && session.reply_mode == ReplyMode::Off => {}
        () if args.is(2, "SKIP") => session.reply_mode = ReplyMode::SkipNext,
        () => return Err(error::SYNTAX),
    }
    // Only ON is answered; the engine drops the reply of the other two.
    reply.ok();
    Ok(())
}

const CLIENT_UNBLOCK: Command =
    Command::server("CLIENT|UNBLOCK client-id [TIMEOUT | ERROR]", client_unblock)
        .since("5.0.0")
        .flags(ANYTIME | flag::ADMIN)
        .costs("O(log N) with N the number of clients")
        .about("Lets a client that waits in a blocking command go on; answers 1 if it waited.");

fn client_unblock(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let answer = match args.len() {
        3 => Answer::TimedOut,
        4 if args.is(3, "TIMEOUT") => Answer::TimedOut,
        4 if args.is(3, "ERROR") => Answer::Unblocked,
        4 => return Err(error::UNBLOCK_REASON),
        _ => return Err(Error::arity("client|unblock")),
    };
    let id = args.integer(2)?;
    let server = context.server;
    let client = u64::try_from(id).ok().and_then(|id| server.clients.get(id));
    let waiter = client.and_then(|client| client.waiter.lock().clone());
    let waiter = waiter.filter(|waiter| waiter.claim());
    reply.integer(i64::from(waiter.is_some()));
    if let Some(waiter) = waiter {
        server.waiting.remove(&server.keyspace, &waiter);
        waiter.answer(answer);
    }
    Ok(())
}
