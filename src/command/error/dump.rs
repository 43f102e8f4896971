//! Error texts of RESTORE and its like.

use super::errors;

errors! {
    /// RESTORE without REPLACE at a key that is there.
    BUSY_KEY = "BUSYKEY Target key name already exists.";
    /// A time to live below zero.
    INVALID_TTL = "ERR Invalid TTL value, must be >= 0";
    /// IDLETIME below zero.
    INVALID_IDLE_TIME = "ERR Invalid IDLETIME value, must be >= 0";
    /// FREQ that is no byte.
    INVALID_FREQUENCY = "ERR Invalid FREQ value, must be >= 0 and <= 255";
    /// What was sent is not what DUMP gave, or comes from a newer server.
    WRONG_FOOTER = "ERR DUMP payload version or checksum are wrong";
    /// What was sent is no value.
    BAD_DATA = "ERR Bad data format";
}
