//! Error texts of commands on sorted sets.

use super::{Error, errors};

errors! {
    /// ZADD with NX beside XX.
    NX_AND_XX = "ERR XX and NX options at the same time are not compatible";
    /// ZADD with two of GT, LT and NX.
    GT_LT_AND_NX = "ERR GT, LT, and/or NX options at the same time are not compatible";
    /// ZADD INCR with several members.
    INCR_ONE_PAIR = "ERR INCR option supports a single increment-element pair";
    /// Infinity and its opposite added up.
    SCORE_NAN = "ERR resulting score is not a number (NaN)";
    /// A bound of a range of scores that is no number.
    BOUND_NOT_A_FLOAT = "ERR min or max is not a float";
    /// A bound of a range of members without its sign.
    BOUND_NOT_A_STRING = "ERR min or max not valid string range item";
    /// LIMIT of a range of ranks.
    LIMIT_BY_RANK =
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
    /// WITHSCORES of a range of members.
    SCORES_BY_LEX =
        "ERR syntax error, WITHSCORES not supported in combination with BYLEX";
    /// A weight that is no number.
    WEIGHT_NOT_A_FLOAT = "ERR weight value is not a float";
    /// ZINTERCARD with a negative limit.
    NEGATIVE_LIMIT = "ERR LIMIT can't be negative";
    /// ZRANDMEMBER with a count that no reply could hold.
    COUNT_OUT_OF_RANGE = "ERR value is out of range";
}

impl Error {
    /// A set operation on no keys at all.
    pub fn no_input_key(command: &str) -> Self {
        Self::new(format!("ERR at least 1 input key is needed for '{command}' command"))
    }
}
