//! Redstart, a Redis-compatible server.
//!
//! One request travels one way:
//! `net` → `protocol` → `engine` → `command` → `store` → reply.

pub mod config;
pub mod protocol;
pub mod store;
pub mod types;
