//! Error texts of commands on bitmaps.

use super::{Error, errors};

errors! {
    /// The place of a bit that is no number, negative, or beyond the longest string.
    BIT_OFFSET = "ERR bit offset is not an integer or out of range";
    /// SETBIT of something else than 0 and 1.
    BIT_VALUE = "ERR bit is not an integer or out of range";
    /// BITPOS of something else than 0 and 1.
    BIT_ARGUMENT = "ERR The bit argument must be 1 or 0.";
    /// BITOP NOT of several keys.
    BITOP_NOT_KEYS = "ERR BITOP NOT must be called with a single source key.";
    /// BITFIELD with a type that it does not know.
    BITFIELD_TYPE = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not \
        supported but i64 is.";
    /// BITFIELD OVERFLOW with something else than WRAP, SAT and FAIL.
    BITFIELD_OVERFLOW = "ERR Invalid OVERFLOW type specified";
    /// BITFIELD_RO with SET or INCRBY.
    BITFIELD_READ_ONLY = "ERR BITFIELD_RO only supports the GET subcommand";
}

impl Error {
    /// BITOP of too few keys, by the operation.
    pub fn bitop_keys(operation: &str) -> Self {
        Self::new(format!("ERR BITOP {operation} must be called with at least two source keys."))
    }
}
