//! The engine: from the words of a batch to replies.
//!
//! - `batch`: looks every command of a batch up, hashes and prefetches its keys, runs one after the
//!   other
//! - `gates`: what a command has to pass before it runs
//! - `run`: locks the keys, calls the handler, commits the journal, counts
//! - `background`: deadlines, idle clients, the peak of memory
//!
//! Nothing here waits: a command that must (CLIENT PAUSE) is given back to `net` with the time
//! until when.

pub mod background;
mod batch;
mod gates;
mod run;

pub use batch::{Engine, Fetch, Flow};
pub use run::Unfinished;
