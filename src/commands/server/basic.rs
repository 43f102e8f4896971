//! TIME, ROLE, MODULE: short questions about the server.

use crate::command::{Args, Command, Outcome, flag};
use crate::protocol::Reply;
use crate::server::{Context, clock};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[MODULE, MODULE_HELP, MODULE_LIST, ROLE, TIME];

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
