//! Transactions: MULTI begins a queue, EXEC runs it in one step, DISCARD forgets it; WATCH makes
//! EXEC run nothing if one of some keys was changed meanwhile.
//!
//! The queue itself is the engine's (`engine::transaction`).
//! Source: https://redis.io/docs/latest/develop/using-commands/transactions/

use crate::command::{Args, Command, Group, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::Context;

/// The group `transactions`.
pub const GROUP: Group =
    Group { name: "transactions", category: Some("transaction"), commands: &[COMMANDS] };

const COMMANDS: &[Command] = &[MULTI, EXEC, DISCARD, WATCH, UNWATCH];

/// What all of them may do.
const ANYTIME: u32 = flag::LOADING | flag::STALE | flag::NOSCRIPT;

const MULTI: Command = Command::server("MULTI", multi)
    .since("1.2.0")
    .fast()
    .flags(ANYTIME | flag::ALLOW_BUSY | flag::NEVER_QUEUED)
    .about("Begins a transaction: what follows is queued for EXEC.");

fn multi(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    if context.session.transaction.is_some() {
        return Err(error::transactions::NESTED_MULTI);
    }
    context.session.transaction = Some(Box::default());
    reply.ok();
    Ok(())
}

const EXEC: Command = Command::exec("EXEC")
    .since("1.2.0")
    .flags(ANYTIME | flag::NEVER_QUEUED)
    .costs("as the queued commands'")
    .about("Runs all that MULTI queued, with nobody in between; null if a watched key changed.");

const DISCARD: Command = Command::server("DISCARD", discard)
    .since("2.0.0")
    .fast()
    .flags(ANYTIME | flag::ALLOW_BUSY | flag::NEVER_QUEUED)
    .costs("O(N) in the number of queued commands")
    .about("Forgets everything queued since MULTI, and what is watched.");

fn discard(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    if context.session.transaction.take().is_none() {
        return Err(error::transactions::DISCARD_WITHOUT_MULTI);
    }
    context.session.stop_watching();
    reply.ok();
    Ok(())
}

const WATCH: Command = Command::server("WATCH key [key ...]", watch)
    .since("2.2.0")
    .fast()
    .flags(ANYTIME | flag::ALLOW_BUSY | flag::NEVER_QUEUED)
    .keys(&["RO"])
    .about("Has the next EXEC run nothing if one of these keys is changed before it.");

fn watch(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    if context.session.transaction.is_some() {
        return Err(error::transactions::WATCH_INSIDE_MULTI);
    }
    let index = context.session.db;
    for key in args.iter(1) {
        let mut db = context.db();
        db.lock_one(key);
        // A key that is dead already does not change when it goes.
        db.remove_dead(index, key);
        context.session.watch(context.server, key);
    }
    reply.ok();
    Ok(())
}

const UNWATCH: Command = Command::server("UNWATCH", unwatch)
    .since("2.2.0")
    .fast()
    .flags(ANYTIME | flag::ALLOW_BUSY | flag::KEYLESS)
    .about("Watches nothing any longer.");

fn unwatch(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    context.session.stop_watching();
    reply.ok();
    Ok(())
}
