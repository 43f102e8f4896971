//! Positions on the earth, kept as the scores of a sorted set.
//!
//! Source: https://redis.io/docs/latest/commands/?group=geo

use crate::command::Group;

/// The group `geo`.
pub const GROUP: Group = Group { name: "geo", category: Some("geo"), commands: &[] };
