//! Data structures and algorithms that know nothing of commands.
//!
//! - `number`: integers and floats as Redis reads and writes them
//! - `long_double`: the 80-bit floats of INCRBYFLOAT
//! - `grisu`: the digits of a float, as Redis finds them
//! - `bits`: bitmaps, and integers of any width in them
//! - `geo`: places on the earth as numbers, and what lies near them
//! - `glob`: the patterns of KEYS, SCAN and PSUBSCRIBE
//! - `hyperloglog`: about how many different elements were seen
//! - `lcs`: longest common subsequences
//! - `score`: scores in few bytes
//! - `packed`: small containers as they lie in a record of the store
//! - `fetch`: asking for memory ahead of its use
//! - `group`: twelve slots of a hash table in one cache line
//! - `dict`: keys with something beside each, found by their hash
//! - `list`, `set`, `hash`, `sorted_set`, `stream`: containers too large for a record of the store

pub mod bits;
pub mod dict;
pub mod fetch;
pub mod geo;
pub mod glob;
mod grisu;
pub mod group;
pub mod hash;
pub mod hyperloglog;
pub mod lcs;
pub mod list;
pub mod long_double;
pub mod number;
pub mod packed;
pub mod score;
pub mod set;
pub mod sorted_set;
pub mod stream;
