//! HyperLogLog: how many different elements were seen, in 12 KB at the most.
//!
//! Source: https://redis.io/docs/latest/commands/?group=hyperloglog

use crate::command::Group;

/// The group `hyperloglog`.
pub const GROUP: Group =
    Group { name: "hyperloglog", category: Some("hyperloglog"), commands: &[] };
