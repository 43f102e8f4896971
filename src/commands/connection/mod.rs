//! The connection: who it is, which database it uses, how it is answered, and what the others are.
//!
//! - `basic`: PING, ECHO, SELECT, QUIT, RESET
//! - `auth`: AUTH, HELLO, and what a password opens
//! - `client`: CLIENT and what a client says of itself
//! - `clients`: CLIENT LIST, INFO, KILL; `filter`: which clients are meant
//! - `control`: CLIENT PAUSE, REPLY and the other switches

mod auth;
mod basic;
mod client;
mod clients;
mod control;
mod filter;

use crate::command::{Group, flag};

/// The group `connection`.
pub const GROUP: Group = Group {
    name: "connection",
    category: Some("connection"),
    commands: &[
        auth::COMMANDS,
        basic::COMMANDS,
        client::COMMANDS,
        clients::COMMANDS,
        control::COMMANDS,
    ],
};

/// Marks of nearly every subcommand of CLIENT.
const ANYTIME: u32 = flag::LOADING | flag::STALE | flag::NOSCRIPT;
/// Marks of what must work before AUTH and while a script runs.
const ALWAYS: u32 = ANYTIME | flag::NO_AUTH | flag::ALLOW_BUSY;
