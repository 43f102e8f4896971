//! What is fuzzed: functions that take any bytes and panic when something is wrong.
//!
//! - `request`: the request parser
//! - `rdb`: the loader of snapshots, and RESTORE

pub mod rdb;
pub mod request;
