//! The engine: from the words of a batch to replies.
//!
//! - `batch`: looks every command of a batch up, hashes and prefetches its keys, runs one after the
//!   other
//! - `gates`: what a command has to pass before it runs
//! - `run`: locks the keys, calls the handler, commits the journal, counts
//! - `transaction`: MULTI's queue and EXEC; `blocking`: commands that wait for their keys
//! - `replay`: commands that come from no client: those of a log
//! - `background`: deadlines, idle clients, the peak of memory
//!
//! Nothing here waits: a command that must (CLIENT PAUSE) is given back to `net` with the time
//! until when.

pub mod background;
mod batch;
mod blocking;
mod gates;
pub mod replay;
mod run;
mod transaction;

pub use batch::{Engine, Fetch, Flow};
pub use blocking::Blocked;
pub use run::Unfinished;
