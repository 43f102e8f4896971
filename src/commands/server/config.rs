//! CONFIG: options read, set and written back, and what a new value brings about.
//!
//! `config::Config` checks values and makes a new set of options or refuses; `effects` applies
//! those that something has to be told of (the log, the working directory, the limit of open
//! files …), and the new set is put in place only if that worked.

use super::effects;
use crate::command::{Args, Command, Error, Outcome, error, flag};
use crate::config::{ConfigError, Setter};
use crate::protocol::Reply;
use crate::server::Context;
use std::sync::Arc;

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[CONFIG, CONFIG_GET, CONFIG_HELP, CONFIG_RESETSTAT, CONFIG_REWRITE, CONFIG_SET];

const MARKS: u32 = flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE;

const CONFIG: Command = Command::container("CONFIG")
    .since("2.0.0")
    .costs("Depends on subcommand.")
    .about("Commands on the server's options.");

const CONFIG_GET: Command = Command::server("CONFIG|GET parameter [parameter ...]", config_get)
    .since("2.0.0")
    .flags(MARKS)
    .costs("O(N) with N the number of options and patterns")
    .about("The options whose names fit one of the patterns, with their values.");

fn config_get(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let patterns: Vec<&[u8]> = args.iter(2).collect();
    let found = context.server.config.load().get(&patterns);
    reply.map(found.len());
    for (name, value) in found {
        reply.bulk(name.as_bytes());
        reply.bulk(&value);
    }
    Ok(())
}

const CONFIG_HELP: Command = Command::server("CONFIG|HELP", config_help)
    .since("5.0.0")
    .flags(flag::LOADING | flag::STALE)
    .about("This list.");

fn config_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    crate::commands::help::write("config", reply)
}

const CONFIG_RESETSTAT: Command = Command::server("CONFIG|RESETSTAT", config_resetstat)
    .since("2.0.0")
    .flags(MARKS)
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .about("Sets the counters that INFO shows to zero.");

fn config_resetstat(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    context.server.stats.reset();
    reply.ok();
    Ok(())
}

const CONFIG_REWRITE: Command = Command::server("CONFIG|REWRITE", config_rewrite)
    .since("2.8.0")
    .flags(MARKS)
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .about("Brings the configuration file in line with the options in force.");

fn config_rewrite(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let _one_at_a_time = context.server.config_lock.lock();
    let rewritten = context.server.config.load().rewrite();
    rewritten.map_err(|error| {
        tracing::warn!("CONFIG REWRITE failed: {error}");
        Error::plain(&error)
    })?;
    tracing::info!("CONFIG REWRITE executed with success.");
    reply.ok();
    Ok(())
}

const CONFIG_SET: Command =
    Command::server("CONFIG|SET parameter value [parameter value ...]", config_set)
        .since("2.0.0")
        .flags(MARKS)
        .costs("O(N) with N the number of options set")
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .about("Sets options, all of them or, if one is refused, none.");

fn config_set(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    if !args.len().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    let words: Vec<&[u8]> = args.iter(2).collect();
    let pairs: Vec<(&[u8], &[u8])> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    let server = context.server;
    let setter = Setter {
        local: context.session.client.is_local(),
        loading: context.server.loading.is_on(),
    };
    let _one_at_a_time = server.config_lock.lock();
    let old = server.config.load_full();
    let new = old.set_many(&pairs, setter).map_err(refusal)?;
    effects::apply(&old, &new).map_err(refusal)?;
    server.config.store(Arc::new(new));
    server.settle();
    server.switch_aof();
    reply.ok();
    Ok(())
}

fn refusal(error: ConfigError) -> Error {
    match error {
        ConfigError::Loading => error::LOADING,
        other => Error::plain(&other),
    }
}
