//! Lists: elements in order, taken and added at both ends.
//!
//! - `push`: LPUSH, RPUSH, LPUSHX, RPUSHX
//! - `pop`: LPOP, RPOP, LMPOP and their blocking forms BLPOP, BRPOP, BLMPOP
//! - `transfer`: LMOVE, RPOPLPUSH and their blocking forms
//! - `read`: LLEN, LINDEX, LRANGE, LPOS
//! - `edit`: LSET, LINSERT, LREM, LTRIM
//! - `stored`: a list as it is stored, packed or large, and what several of these do with it
//! - `replay`: tests of what the journal gets
//!
//! Source: https://redis.io/docs/latest/commands/?group=list

mod edit;
mod pop;
mod push;
mod read;
#[cfg(test)]
mod replay;
pub(super) mod stored;
mod transfer;

use crate::command::Group;

/// The group `list`.
pub const GROUP: Group = Group {
    name: "list",
    category: Some("list"),
    commands: &[push::COMMANDS, pop::COMMANDS, transfer::COMMANDS, read::COMMANDS, edit::COMMANDS],
};
