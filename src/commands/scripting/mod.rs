//! Functions: FUNCTION FLUSH, which test suites and deployment tools send to a server before they
//! begin. There are no scripts and no functions yet, so there is nothing that it could delete.
//! Source: https://redis.io/docs/latest/commands/function-flush/

use crate::command::{Args, Command, Error, Group, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::Context;

/// The group `scripting`.
pub const GROUP: Group =
    Group { name: "scripting", category: Some("scripting"), commands: &[COMMANDS] };

const COMMANDS: &[Command] = &[FUNCTION, FLUSH];

const FUNCTION: Command = Command::container("FUNCTION")
    .since("7.0.0")
    .outside_group()
    .costs("Depends on subcommand.")
    .about("Functions: kept by the server, called by clients.");

const FLUSH: Command = Command::server("FUNCTION|FLUSH [ASYNC | SYNC]", flush)
    .since("7.0.0")
    .flags(flag::WRITE | flag::NOSCRIPT)
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .costs("O(1)")
    .about("Deletes all functions.");

fn flush(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() > 3 {
        return Err(Error::wrong_function_call(args.get(1)));
    }
    if args.len() == 3 && !args.is(2, "ASYNC") && !args.is(2, "SYNC") {
        return Err(error::scripting::FLUSH_OPTION);
    }
    reply.ok();
    Ok(())
}
