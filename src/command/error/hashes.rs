//! Error texts of commands on hashes.

use super::{Error, errors, text};

errors! {
    /// HINCRBY of a field that holds something else.
    HASH_VALUE_NOT_AN_INTEGER = "ERR hash value is not an integer";
    /// HINCRBYFLOAT of a field that holds something else.
    HASH_VALUE_NOT_A_FLOAT = "ERR hash value is not a float";
    /// HINCRBYFLOAT by an infinite number.
    INCREMENT_NOT_FINITE = "ERR value is NaN or Infinity";
    /// HRANDFIELD with a count whose reply nobody could hold.
    COUNT_OUT_OF_RANGE = "ERR value is out of range";
    /// No FIELDS where it belongs.
    FIELDS_MISSING = "ERR Mandatory argument FIELDS is missing or not at the right position";
    /// More or fewer fields than announced.
    FIELDS_MISMATCH = "ERR The `numfields` parameter must match the number of arguments";
    /// HEXPIRE and its family without a field.
    FIELDS_PARAMETER = "ERR Parameter `numFields` should be greater than 0";
    /// HTTL, HPERSIST, HGETDEL, HGETEX without a field.
    FIELDS_NOT_POSITIVE = "ERR Number of fields must be a positive integer";
    /// HSETEX without a field.
    FIELDS_INVALID = "ERR invalid number of fields";
    /// A field's time before 1970, or before now.
    EXPIRE_NEGATIVE = "ERR invalid expire time, must be >= 0";
    /// HSETEX with two of them.
    ONE_EXPIRATION =
        "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    /// HGETEX with two of them.
    ONE_EXPIRATION_OR_PERSIST =
        "ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified";
    /// HSETEX with both.
    ONE_FIELD_CONDITION = "ERR Only one of FXX or FNX arguments can be specified";
}

impl Error {
    /// HSETEX with a word that is no option.
    pub fn unknown_argument(word: &[u8]) -> Self {
        Self::new(format!("ERR unknown argument: {}", text(word)))
    }
}
