//! Hashes: fields with values, each with a deadline if it is given one.
//!
//! Source: https://redis.io/docs/latest/commands/?group=hash

use crate::command::Group;

/// The group `hash`.
pub const GROUP: Group = Group { name: "hash", category: Some("hash"), commands: &[] };
