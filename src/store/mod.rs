//! The store: keys and their values, split into shards, with deadlines and a journal.
//!
//! - `keyspace`: databases and shards, and the locks
//! - `db`: what a handler sees of it
//! - `journal`: what a write leaves behind for everyone who follows
//! - `table`: one shard of one database; `segment`, `record`, `arena` below it, `wheel` for
//!   deadlines
//! - `access`: when and how often a key is used
//! - `garbage`: freeing in the background
