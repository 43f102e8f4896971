//! Streams: an ordered log of entries, and the groups that read it.
//!
//! - `whole`: the stream; what it remembers of entries that have gone
//! - `id`: ids of entries
//! - `log`: the entries, an ordered index of packed blocks; `block`: one block and its bytes
//! - `new_node`: entries as a snapshot has them
//! - `trim`: removing the oldest entries
//! - `group`: consumer groups, consumers, pending entries
//! - `producers`: the ids by which producers find out that they sent something twice
//! - `cost`, `nodes`: what Redis's own form would take, as far as clients see it

mod block;
mod cost;
mod group;
mod id;
mod log;
mod new_node;
mod nodes;
mod producers;
#[cfg(test)]
mod tests;
mod trim;
mod whole;

pub use block::{Entry, Fields, Pairs};
pub use group::{Consumer, ConsumerRef, Group, Pending};
pub use id::{Id, IdText};
pub use log::{Limits, Log, MAX_NODE_BYTES, Node, Range, RangeBack};
pub use new_node::NewNode;
pub use producers::{Keeping, Producers};
pub use trim::{Extent, Keep, Removal};
pub use whole::{Facts, GroupMut, Stream};
