//! Error texts of SORT and SORT_RO.

use super::errors;

errors! {
    /// An element, or what BY found for it, is no number.
    NOT_A_SCORE = "ERR One or more scores can't be converted into double";
}
