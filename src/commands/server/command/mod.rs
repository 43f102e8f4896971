//! COMMAND: the command table, told to clients.
//!
//! - `info`: COMMAND, COMMAND INFO, COUNT: arity, flags, keys, ACL categories
//! - `docs`: COMMAND DOCS: sentences and arguments
//! - `list`: COMMAND LIST and its filters
//! - `keys`: COMMAND GETKEYS, GETKEYSANDFLAGS

pub(super) mod docs;
pub(super) mod info;
pub(super) mod keys;
pub(super) mod list;
