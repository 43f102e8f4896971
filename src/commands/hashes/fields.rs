//! The words `FIELDS numfields field [field ...]`, and what may stand around them.
//!
//! Redis 8.0 wants them last; from 8.4 on options may also follow them. Both are taken, with the
//! error texts of the former.

use crate::command::error::hashes;
use crate::command::{Args, Error};
use std::ops::Range;

/// The fields of a call whose FIELDS stands at `at`: where they stand. `count_error` answers a
/// count that is none. They may go past the end of the call.
pub fn announced(args: &Args, at: usize, count_error: Error) -> Result<Range<usize>, Error> {
    if !args.is(at, "FIELDS") {
        return Err(hashes::FIELDS_MISSING);
    }
    let count = args.integer(at + 1).ok().and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count > 0).ok_or(count_error)?;
    Ok(at + 2..(at + 2).saturating_add(count))
}

/// The fields of a call that ends with them.
pub fn last(args: &Args, at: usize, count_error: Error) -> Result<Range<usize>, Error> {
    let fields = announced(args, at, count_error)?;
    if fields.end == args.len() { Ok(fields) } else { Err(hashes::FIELDS_MISMATCH) }
}
