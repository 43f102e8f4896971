//! The store: keys and their values, split into shards, with deadlines and a journal.
//!
//! - `keyspace`: databases and shards, and the locks
//! - `guard`: how a thread holds shards; `listeners`: who wants to know when a key changes
//! - `db`: what a handler sees of it
//! - `journal`: what a write leaves behind for everyone who follows
//! - `table`: one shard of one database: look-up, put, remove, scan, expiry
//! - `record`: what a look-up gives back; `object`: values that own memory elsewhere
//! - `directory`, `segment`: extendible hashing, over cache-line groups of tagged slots
//! - `arena`, `block`: slabs of small blocks and what is written in one
//! - `wheel`: the timing wheel of the keys with a deadline
//! - `loading`: keys that come from a file
//! - `snapshot`: all keys at one moment; `handed`: what writers keep for it
//! - `hash`: the seeded hash of a key
//! - `limits`: up to which size Redis packs containers
//! - `access`: when and how often a key is used
//! - `garbage`: freeing in the background

pub mod access;
mod arena;
mod block;
pub mod db;
mod directory;
pub mod garbage;
mod guard;
mod handed;
pub mod hash;
pub mod journal;
pub mod keyspace;
mod limits;
mod listeners;
mod loading;
mod object;
mod record;
mod segment;
mod snapshot;
mod table;
mod wheel;

pub use crate::types::dict::Dict;
pub use db::{Db, KnownHash, Place};
pub use garbage::Garbage;
pub use guard::{Guard, Holding};
pub use handed::Saved;
pub use journal::{Call, Class, Entry as JournalEntry, Event, Follower};
pub use keyspace::{Flushed, Keyspace, MOST_SHARD_BITS, Ready, Shard};
pub use limits::{LimitValues, Limits};
pub use listeners::Touched;
pub use object::{Object, Old};
pub use record::{Deadline, Kind, NewValue, PackedKind, Record, RecordMut, Value, packed_room};
pub use snapshot::{DbSize, Snapshot, Visitor};
pub use table::{DeadFields, Table, TableStats};
