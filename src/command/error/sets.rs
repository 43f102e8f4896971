//! Error texts of commands on sets.

use super::errors;

errors! {
    /// SRANDMEMBER with a negative count that would make gigabytes.
    COUNT_OUT_OF_RANGE = "ERR value is out of range";
    /// SINTERCARD of no keys.
    TOO_FEW_KEYS = "ERR numkeys should be greater than 0";
    /// SINTERCARD of more keys than words.
    TOO_MANY_KEYS = "ERR Number of keys can't be greater than number of args";
    /// SINTERCARD with a limit below zero.
    NEGATIVE_LIMIT = "ERR LIMIT can't be negative";
}
