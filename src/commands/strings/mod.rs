//! Strings: a key that holds bytes, or a number written as decimal text.
//!
//! - `get`: GET and the readers that also remove or renew (GETDEL, GETEX), MGET, STRLEN, GETRANGE,
//!   DIGEST
//! - `set`: SET with all its options, and its elder forms SETNX, SETEX, PSETEX, GETSET
//! - `many`: MSET, MSETNX, MSETEX
//! - `count`: INCR and its family; `increx`: INCREX, a counter with bounds and a deadline
//! - `edit`: APPEND and SETRANGE, in place
//! - `remove`: DELEX and DELIFEQ, a removal under a condition
//! - `lcs`: LCS; the algorithm is `types::lcs`
//! - `replay`: tests of what the journal gets, with what those of other groups need
//! - `value`, `condition`, `lifetime`: what several of these share
//!
//! Source: https://redis.io/docs/latest/commands/?group=string

mod condition;
mod count;
pub mod edit;
mod get;
mod increx;
mod lcs;
mod lifetime;
mod many;
mod remove;
#[cfg(test)]
mod replay;
mod set;
pub mod value;

use crate::command::Group;

/// The group `string`.
pub const GROUP: Group = Group {
    name: "string",
    category: Some("string"),
    commands: &[
        get::COMMANDS,
        set::COMMANDS,
        many::COMMANDS,
        count::COMMANDS,
        increx::COMMANDS,
        edit::COMMANDS,
        remove::COMMANDS,
        lcs::COMMANDS,
    ],
};
