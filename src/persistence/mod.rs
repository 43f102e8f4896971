//! Persistence: the data on disk, and how it gets there and back.
//!
//! - `rdb`: the format of snapshots and of DUMP
//! - `aof`: the append-only log, files of commands that are replayed at the start

pub mod aof;
pub mod rdb;
