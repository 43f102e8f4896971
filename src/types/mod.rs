//! Data structures and algorithms that know nothing of commands.
//!
//! - `number`: integers and floats as Redis reads and writes them
//! - `long_double`: the 80-bit floats of INCRBYFLOAT
//! - `grisu`: the digits of a float, as Redis finds them
//! - `glob`: the patterns of KEYS, SCAN and PSUBSCRIBE
//! - `lcs`: longest common subsequences

pub mod glob;
mod grisu;
pub mod lcs;
pub mod long_double;
pub mod number;
