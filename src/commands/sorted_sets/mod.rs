//! Sorted sets: members ordered by score, and by their bytes where scores are equal.
//!
//! Source: https://redis.io/docs/latest/commands/?group=sorted-set

use crate::command::Group;

/// The group `sorted-set`.
pub const GROUP: Group = Group { name: "sorted-set", category: Some("sortedset"), commands: &[] };
