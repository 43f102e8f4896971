//! The server: its commands, options, figures, memory, and its end.
//!
//! - `basic`: TIME, ROLE, MODULE
//! - `command`: COMMAND, the table told to clients
//! - `config`: CONFIG; `effects`: what a changed option brings about
//! - `debug`: DEBUG; `lolwut`: LOLWUT
//! - `info`: INFO; `memory`: MEMORY
//! - `keyspace`: DBSIZE, FLUSHALL, FLUSHDB, SWAPDB
//! - `save`: SAVE, BGSAVE, LASTSAVE, SHUTDOWN
//! - `slowlog`: SLOWLOG; `latency`: LATENCY

mod basic;
mod command;
mod config;
mod debug;
mod effects;
mod info;
mod keyspace;
mod latency;
mod lolwut;
mod memory;
mod save;
mod slowlog;

use crate::command::Group;

/// The group `server`. It has no ACL category of its own.
pub const GROUP: Group = Group {
    name: "server",
    category: None,
    commands: &[
        basic::COMMANDS,
        command::info::COMMANDS,
        command::docs::COMMANDS,
        command::list::COMMANDS,
        command::keys::COMMANDS,
        config::COMMANDS,
        debug::COMMANDS,
        info::COMMANDS,
        keyspace::COMMANDS,
        latency::COMMANDS,
        lolwut::COMMANDS,
        memory::COMMANDS,
        save::COMMANDS,
        slowlog::COMMANDS,
    ],
};
