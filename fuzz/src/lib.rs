//! What is fuzzed: functions that take any bytes and panic when something is wrong.
//!
//! - `request`: the request parser

pub mod request;
