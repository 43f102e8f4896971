//! DBSIZE, FLUSHALL, FLUSHDB, SWAPDB: whole databases.

use crate::command::Command;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[];
