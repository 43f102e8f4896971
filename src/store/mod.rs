//! The store: where keys and values live.
//!
//! - `hash`: the seeded hash of a key, the same for every table
//! - `table`: one shard of one database: look-up, put, remove, scan, expiry
//! - `record`: what a look-up gives back; `object`: values that own memory elsewhere
//! - `directory`, `group`: extendible hashing, cache-line groups of tagged slots
//! - `arena`, `block`: slabs of small blocks and what is written in one
//! - `wheel`: the timing wheel of the keys with a deadline

mod arena;
mod block;
mod directory;
mod group;
pub mod hash;
mod object;
mod record;
mod table;
mod wheel;

pub use object::{Object, Old};
pub use record::{Deadline, Kind, NewValue, Record, RecordMut, Value};
pub use table::{Table, TableStats};
