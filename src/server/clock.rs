//! The time of day, read once a batch of commands and handed down: handlers know no clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
#[inline]
pub fn now_ms() -> u64 {
    now_us() / 1000
}

/// Nanoseconds since 1970: good until 2554.
#[inline]
pub fn now_ns() -> u64 {
    // A clock set before 1970 reads as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// Microseconds since 1970.
#[inline]
pub fn now_us() -> u64 {
    // A clock set before 1970 reads as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
