//! What each command does: one file or folder for each group of redis.io, every command with its
//! handler below it.

mod bitmaps;
mod connection;
mod generic;
mod geo;
mod hashes;
mod help;
mod hyperloglog;
mod lists;
#[cfg(test)]
mod recorder;
mod scripting;
mod server;
mod sets;
mod sorted_sets;
mod streams;
mod strings;
mod transactions;

use crate::command::{Group, Table};
use std::sync::OnceLock;

const GROUPS: &[Group] = &[
    bitmaps::GROUP,
    connection::GROUP,
    generic::GROUP,
    geo::GROUP,
    hashes::GROUP,
    hyperloglog::GROUP,
    lists::GROUP,
    scripting::GROUP,
    server::GROUP,
    sets::GROUP,
    sorted_sets::GROUP,
    streams::GROUP,
    strings::GROUP,
    transactions::GROUP,
];

static TABLE: OnceLock<Table> = OnceLock::new();

/// The command table.
pub fn table() -> &'static Table {
    TABLE.get_or_init(|| Table::new(GROUPS))
}

/// The command table with some commands renamed or taken away. To be called before anyone asks for
/// the table.
///
/// # Errors
/// When a command to rename is not there, or its new name is taken.
pub fn table_with(renamed: &[(Vec<u8>, Vec<u8>)]) -> anyhow::Result<&'static Table> {
    let mut table = Table::new(GROUPS);
    for (from, to) in renamed {
        let done = table.rename(from, to);
        done.map_err(|why| anyhow::anyhow!("{why}: {}", String::from_utf8_lossy(from)))?;
    }
    Ok(TABLE.get_or_init(|| table))
}
