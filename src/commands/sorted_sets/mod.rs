//! Sorted sets: members ordered by score, and by their bytes where scores are equal.
//!
//! - `add`: ZADD, ZINCRBY
//! - `read`: ZSCORE, ZRANK, ZCOUNT and their kind; `range`: ZRANGE and its many forms, ZRANGESTORE
//! - `random`: ZRANDMEMBER; `scan`: ZSCAN
//! - `remove`: ZREM, ZREMRANGEBY…; `pop`: ZPOPMIN … BZMPOP
//! - `combine`: unions, intersections and differences, answered or stored
//! - `value`: what they share, and what GEO uses: finding a set and changing it
//! - `replay`: tests of what the journal gets
//!
//! Source: https://redis.io/docs/latest/commands/?group=sorted-set

mod add;
mod combine;
mod pop;
mod random;
mod range;
mod read;
mod remove;
#[cfg(test)]
mod replay;
mod scan;
pub mod value;

use crate::command::Group;

/// The group `sorted-set`.
pub const GROUP: Group = Group {
    name: "sorted-set",
    category: Some("sortedset"),
    commands: &[
        add::COMMANDS,
        read::COMMANDS,
        range::COMMANDS,
        random::COMMANDS,
        scan::COMMANDS,
        remove::COMMANDS,
        pop::COMMANDS,
        combine::COMMANDS,
    ],
};
