//! Persistence: the data on disk, and how it gets there and back.
//!
//! - `rdb`: the format of snapshots and of DUMP
//! - `aof`: the append-only log, files of commands that are replayed at the start
//! - `loading`: a snapshot into the keyspace, and what is known of that meanwhile
//! - `save`: a snapshot into its file; `saving`: what a server knows of its snapshots
//! - `temporary`: a file that is in its place when it is whole, and not before
//! - `failpoint`: steps at which tests have the server die

pub mod aof;
mod failpoint;
pub mod loading;
pub mod rdb;
pub mod save;
pub mod saving;
mod temporary;
