//! Streams: entries with ids that only grow, and the groups that consume them.
//!
//! - `add`: XADD; `trim`: XTRIM; `options`: what the two have in common
//! - `range`: XLEN, XRANGE, XREVRANGE
//! - `read`: XREAD, XREADGROUP and how they wait; `deliver`: what a group is given
//! - `delete`: XDEL, XDELEX, XACKDEL, XACK
//! - `group`: XGROUP; `pending`: XPENDING; `claim`: XCLAIM, XAUTOCLAIM; `info`: XINFO
//! - `set`: XSETID, XCFGSET, XIDMPRECORD
//! - `journal`: what a delivery leaves in the journal; `replay`: tests of that
//! - `value`: finding the stream, reading ids, writing entries
//!
//! Source: https://redis.io/docs/latest/commands/?group=stream

mod add;
mod claim;
mod delete;
mod deliver;
mod group;
mod info;
mod journal;
mod options;
mod pending;
mod range;
mod read;
#[cfg(test)]
mod replay;
mod set;
mod trim;
mod value;

use crate::command::Group;

/// The group `stream`.
pub const GROUP: Group = Group {
    name: "stream",
    category: Some("stream"),
    commands: &[
        add::COMMANDS,
        trim::COMMANDS,
        range::COMMANDS,
        read::COMMANDS,
        delete::COMMANDS,
        group::COMMANDS,
        pending::COMMANDS,
        claim::COMMANDS,
        info::COMMANDS,
        set::COMMANDS,
    ],
};
