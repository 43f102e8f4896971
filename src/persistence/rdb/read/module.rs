//! What modules have written, to pass over: values behind marks that say how long they are.
//!
//! ```text
//! mark: a length   1, 2 number: a length │ 3 float: 4 bytes │ 4 double: 8 │ 5 string │ 0 the end
//! ```

use super::flaw::{Flaw, damaged};
use super::input::Input;

/// Passes over values up to the mark of their end.
pub(super) fn skip(input: &mut Input<'_>) -> Result<(), Flaw> {
    loop {
        match input.length()? {
            0 => return Ok(()),
            1 | 2 => drop(input.length()?),
            3 => drop(input.take(4)?),
            4 => drop(input.take(8)?),
            5 => drop(input.item()?),
            _ => return damaged("a module's value with an unknown mark"),
        }
    }
}
