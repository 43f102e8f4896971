//! Persistence: the data on disk, and how it gets there and back.
//!
//! - `rdb`: the format of snapshots and of DUMP

pub mod rdb;
