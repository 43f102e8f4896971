//! RDB: Redis's format of a snapshot, and of the values that DUMP gives out.
//!
//! - `kinds`: the bytes that say what follows, and which version brought them
//! - `crc`: the checksum at the end; `check`: says what is in a file
//! - `lzf`: compressed strings
//! - `packs`: small containers as Redis keeps them; `read`: from bytes to values
//! - `write`: values to bytes

pub mod check;
pub mod crc;
pub mod kinds;
pub mod lzf;
pub mod packs;
pub mod read;
pub mod write;
