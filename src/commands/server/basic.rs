//! TIME, ROLE, LASTSAVE, MODULE, SHUTDOWN: short questions about the server, and its end.

use crate::command::{Args, Command, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::{Context, clock};

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[LASTSAVE, MODULE, MODULE_HELP, MODULE_LIST, ROLE, SHUTDOWN, TIME];

const LASTSAVE: Command = Command::server("LASTSAVE", lastsave)
    .flags(flag::LOADING | flag::STALE)
    .fast()
    .categories(&["admin", "dangerous"])
    .tips(&["nondeterministic_output"])
    .about(
        "When the data was last saved, in seconds since 1970; the start of the server at first.",
    );

fn lastsave(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.integer((context.server.started_ms / 1000) as i64);
    Ok(())
}

const MODULE: Command = Command::container("MODULE")
    .since("4.0.0")
    .costs("Depends on subcommand.")
    .about("Commands on loadable modules, of which Redstart has none.");

const MODULE_HELP: Command = Command::server("MODULE|HELP", module_help)
    .since("5.0.0")
    .flags(flag::LOADING | flag::STALE)
    .about("This list.");

fn module_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    crate::commands::help::write("module", reply)
}

const MODULE_LIST: Command = Command::server("MODULE|LIST", module_list)
    .since("4.0.0")
    .flags(flag::ADMIN | flag::NOSCRIPT)
    .costs("O(N) with N the number of modules")
    .tips(&["nondeterministic_output_order"])
    .about("The modules in use: none.");

fn module_list(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.array(0);
    Ok(())
}

const ROLE: Command = Command::server("ROLE", role)
    .since("2.8.12")
    .flags(flag::NOSCRIPT | flag::LOADING | flag::STALE)
    .fast()
    .categories(&["admin", "dangerous"])
    .about("What part the server has in replication: a primary without replicas.");

fn role(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.array(3);
    reply.bulk(b"master");
    reply.integer(0);
    reply.array(0);
    Ok(())
}

const SHUTDOWN: Command =
    Command::server("SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", shutdown)
        .flags(
            flag::ADMIN
                | flag::NOSCRIPT
                | flag::LOADING
                | flag::STALE
                | flag::NO_MULTI
                | flag::ALLOW_BUSY,
        )
        .costs("O(N) with N the number of keys, if they are saved")
        .about("Ends the server. Who asked sees the connection close, and no reply.");

fn shutdown(context: &mut Context, args: &Args, _: &mut Reply) -> Outcome {
    let given = |name: &str| (1..args.len()).any(|at| args.is(at, name));
    let known = ["NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"];
    let is_known = |at: usize| known.iter().any(|name| args.is(at, name));
    let aborts = given("ABORT");
    let others = known[..4].iter().any(|name| given(name));
    if !(1..args.len()).all(is_known) || aborts && others || given("SAVE") && given("NOSAVE") {
        return Err(error::SYNTAX);
    }
    if aborts {
        // The server ends at once: there is never an end under way that could be called off.
        return Err(error::NO_SHUTDOWN);
    }
    if given("SAVE") {
        tracing::warn!("SHUTDOWN SAVE refused: the data cannot be saved yet, use SHUTDOWN NOSAVE");
        return Err(error::SHUTTING_DOWN);
    }
    tracing::warn!("User requested shutdown...");
    context.session.is_closing = true;
    context.server.ending.ask();
    Ok(())
}

const TIME: Command = Command::server("TIME", time)
    .since("2.6.0")
    .flags(flag::LOADING | flag::STALE)
    .fast()
    .tips(&["nondeterministic_output"])
    .about("The time of day: seconds since 1970, and microseconds.");

fn time(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let now_us = clock::now_us();
    reply.array(2);
    reply.bulk((now_us / 1_000_000).to_string().as_bytes());
    reply.bulk((now_us % 1_000_000).to_string().as_bytes());
    Ok(())
}
