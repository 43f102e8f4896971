//! What each command does: one file or folder for each group of redis.io, every command with its
//! handler below it.

mod connection;
mod generic;
mod help;
mod server;
mod strings;

use crate::command::{Group, Table};
use std::sync::LazyLock;

const GROUPS: &[Group] = &[connection::GROUP, generic::GROUP, server::GROUP, strings::GROUP];

/// The command table.
pub fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(GROUPS));
    &TABLE
}
