//! Lists: elements in order, taken and added at both ends.
//!
//! Source: https://redis.io/docs/latest/commands/?group=list

use crate::command::Group;

/// The group `list`.
pub const GROUP: Group = Group { name: "list", category: Some("list"), commands: &[] };
