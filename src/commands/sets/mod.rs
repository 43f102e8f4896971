//! Sets: members without order, each once.
//!
//! Source: https://redis.io/docs/latest/commands/?group=set

use crate::command::Group;

/// The group `set`.
pub const GROUP: Group = Group { name: "set", category: Some("set"), commands: &[] };
