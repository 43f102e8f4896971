//! Error texts of commands on lists.

use super::errors;

errors! {
    /// LSET of an element that there is not.
    INDEX_OUT_OF_RANGE = "ERR index out of range";
    /// LPOS asked for the match before the first.
    RANK_IS_ZERO = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second \
        ... or use negative to start from the end of the list";
    /// LPOS with a number of matches that is none.
    COUNT_IS_NEGATIVE = "ERR COUNT can't be negative";
    /// LPOS with a number of comparisons that is none.
    MAXLEN_IS_NEGATIVE = "ERR MAXLEN can't be negative";
}
