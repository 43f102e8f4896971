//! Strings: a key that holds bytes, or a number written as decimal text.

mod basic;
mod value;

use crate::command::Group;

/// The group `string`.
pub const GROUP: Group =
    Group { name: "string", category: Some("string"), commands: &[basic::COMMANDS] };
