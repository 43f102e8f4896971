//! Bitmaps: strings seen as bits.
//!
//! Source: https://redis.io/docs/latest/commands/?group=bitmap

use crate::command::Group;

/// The group `bitmap`.
pub const GROUP: Group = Group { name: "bitmap", category: Some("bitmap"), commands: &[] };
