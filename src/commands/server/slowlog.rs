//! SLOWLOG: the latest calls that took long. The engine takes them in, see `server::slow_log`.

use crate::command::{Args, Command, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::Context;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SLOWLOG, SLOWLOG_GET, SLOWLOG_HELP, SLOWLOG_LEN, SLOWLOG_RESET];

const MARKS: u32 = flag::ADMIN | flag::LOADING | flag::STALE;
/// Calls that SLOWLOG GET gives without a count.
const DEFAULT_COUNT: i64 = 10;

const SLOWLOG: Command = Command::container("SLOWLOG")
    .since("2.2.12")
    .costs("Depends on subcommand.")
    .about("Commands on the log of slow calls.");

const SLOWLOG_GET: Command = Command::server("SLOWLOG|GET [count]", slowlog_get)
    .since("2.2.12")
    .flags(MARKS)
    .costs("O(N) with N the number of calls given")
    .tips(&["request_policy:all_nodes", "nondeterministic_output"])
    .about(
        "The latest slow calls (10; -1: all): number, time, microseconds, words, client's address \
         and name.",
    );

fn slowlog_get(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let count = match args.len() {
        2 => DEFAULT_COUNT,
        3 => args.integer(2).map_err(|_| error::SLOWLOG_COUNT)?,
        _ => return Err(crate::command::Error::arity("slowlog|get")),
    };
    let count = match count {
        -1 => usize::MAX,
        count => usize::try_from(count).map_err(|_| error::SLOWLOG_COUNT)?,
    };
    let calls = context.server.slow_log.latest(count);
    reply.array(calls.len());
    for call in calls {
        reply.array(6);
        reply.integer(call.id as i64);
        reply.integer(call.unix_seconds as i64);
        reply.integer(call.took_us as i64);
        reply.array(call.words.len());
        call.words.iter().for_each(|word| reply.bulk(word));
        reply.bulk(call.address.as_bytes());
        reply.bulk(&call.name);
    }
    Ok(())
}

const SLOWLOG_HELP: Command = Command::server("SLOWLOG|HELP", slowlog_help)
    .since("6.2.0")
    .flags(flag::LOADING | flag::STALE)
    .about("This list.");

fn slowlog_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    crate::commands::help::write("slowlog", reply)
}

const SLOWLOG_LEN: Command = Command::server("SLOWLOG|LEN", slowlog_len)
    .since("2.2.12")
    .flags(MARKS)
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"])
    .about("How many slow calls are kept.");

fn slowlog_len(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.integer(context.server.slow_log.len() as i64);
    Ok(())
}

const SLOWLOG_RESET: Command = Command::server("SLOWLOG|RESET", slowlog_reset)
    .since("2.2.12")
    .flags(MARKS)
    .costs("O(N) with N the number of calls kept")
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .about("Forgets all slow calls.");

fn slowlog_reset(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    context.server.slow_log.clear();
    reply.ok();
    Ok(())
}
