//! Keys, whatever they hold: whether they are there, how long they live, where they are.
//!
//! - `basic`: DEL, EXISTS, TYPE … : one look at each key
//! - `dump`: DUMP
//! - `expire`: deadlines, set and asked for
//! - `transfer`: RENAME, MOVE, COPY; `restore`: RESTORE
//! - `iterate`: KEYS, SCAN, RANDOMKEY, shard by shard
//! - `migrate`: MIGRATE
//! - `object`: OBJECT: how a value is stored and how much it is used
//! - `sort`: SORT, SORT_RO
//! - `wait`: WAIT, WAITAOF

mod basic;
mod dump;
mod expire;
mod iterate;
#[cfg(test)]
mod journal_tests;
mod migrate;
pub(super) mod object;
mod restore;
mod sort;
mod transfer;
mod wait;

use crate::command::Group;

/// The group `generic`.
pub const GROUP: Group = Group {
    name: "generic",
    category: Some("keyspace"),
    commands: &[
        basic::COMMANDS,
        dump::COMMANDS,
        expire::COMMANDS,
        transfer::COMMANDS,
        restore::COMMANDS,
        iterate::COMMANDS,
        migrate::COMMANDS,
        object::COMMANDS,
        sort::COMMANDS,
        wait::COMMANDS,
    ],
};
