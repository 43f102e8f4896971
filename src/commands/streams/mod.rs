//! Streams: entries with ids that only grow, and the groups that consume them.
//!
//! Source: https://redis.io/docs/latest/commands/?group=stream

use crate::command::Group;

/// The group `stream`.
pub const GROUP: Group = Group { name: "stream", category: Some("stream"), commands: &[] };
