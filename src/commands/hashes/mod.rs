//! Hashes: fields with values, each with a deadline if it is given one.
//!
//! - `get`: HGET, HMGET, HGETALL, HKEYS, HVALS, HLEN, HSTRLEN, HEXISTS
//! - `set`: HSET, HMSET, HSETNX, HDEL
//! - `count`: HINCRBY, HINCRBYFLOAT
//! - `walk`: HSCAN, HRANDFIELD
//! - `expire`: HEXPIRE and its family, HTTL and its family, HPERSIST
//! - `combined`: HGETDEL, HGETEX, HSETEX: values and deadlines in one call
//! - `view`: a hash to read; `edit`: the changes that all of these are made of; `fields`: the words
//!   `FIELDS numfields field [field ...]`
//! - `journal_tests`: tests of what the journal gets
//!
//! A small hash without deadlines is packed into its record; a larger one, and any whose fields
//! have deadlines, is an object (`types::hash`).
//!
//! Source: https://redis.io/docs/latest/commands/?group=hash

mod combined;
mod count;
mod edit;
mod expire;
mod fields;
mod get;
#[cfg(test)]
mod journal_tests;
mod set;
pub mod view;
mod walk;

use crate::command::Group;

/// The group `hash`.
pub const GROUP: Group = Group {
    name: "hash",
    category: Some("hash"),
    commands: &[
        get::COMMANDS,
        set::COMMANDS,
        count::COMMANDS,
        walk::COMMANDS,
        expire::COMMANDS,
        combined::COMMANDS,
    ],
};
