//! Redstart, a Redis-compatible server.
//!
//! One request travels one way, and every folder is a step of it:
//!
//! ```text
//! socket ─ net ─► bytes ─ protocol ─► words ─ engine ─► command found ─► gates
//!       ─► keys locked in the store ─► handler in commands
//!       ─► reply bytes ─ net ─► one write per batch
//! ```
//! - `net`: listeners, worker threads, the loop of one connection. Uses protocol, engine, server.
//! - `protocol`: requests in, replies out; pure, no I/O. Uses types.
//! - `engine`: batches, gates, locking, counting, background work. Uses command, server, store,
//!   protocol.
//! - `command`: what a command is: usage line, arity and keys, the table, every error text.
//! - `commands`: what each command does, one file or folder a group. Uses command, server, store,
//!   types, protocol.
//! - `server`: what connections share, and what one connection is. Uses store,
//!   config, protocol.
//! - `persistence`: the data on disk: snapshots, the append-only log. Uses store, types, protocol,
//!   config.
//! - `store`: keys and values: shards, tables, deadlines, the journal. Uses types.
//! - `types`: numbers, patterns, data structures that know nothing of Redis.
//! - `config`: the table of options, redis.conf, flags. `observe`: the log.
//!
//! `tests/tidy.rs` holds these arrows.

pub mod command;
pub mod commands;
pub mod config;
pub mod engine;
pub mod net;
pub mod observe;
pub mod persistence;
pub mod protocol;
pub mod server;
pub mod start;
pub mod store;
pub mod types;

/// How the allocator is set up, read by it before `main`: memory that was freed goes back to the
/// system within about a second, by a thread of the allocator's own; large blocks begin at a page,
/// which saves one for each. No huge pages: they stall (docs/decisions/004-speed.md).
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static ALLOCATOR_OPTIONS: &[u8; 65] =
    b"background_thread:true,dirty_decay_ms:1000,cache_oblivious:false\0";

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
