//! Lists too long for their record.
//!
//! ```text
//! List    block block block … block      at both ends open, inside sealed
//! open    bytes with room on both sides: quick to push and pop
//! sealed  an allocation without room, each element told by what differs from the one before
//! large   one long element by itself
//! ```
//! - `whole`: `List`: both ends, ranges, how Redis would encode it
//! - `edit`: changes in its middle
//! - `block`: a run of elements in one of the three forms; `open`, `sealed`: two of them
//! - `limits`: when Redis begins a new node, and what an element takes there

mod block;
mod edit;
mod limits;
mod open;
mod sealed;
#[cfg(test)]
mod tests;
mod whole;

pub use block::{Block, Element};
pub use limits::Fill;
pub use whole::{End, List, Order};
