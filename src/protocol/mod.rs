//! The wire: requests in (RESP2, RESP3, inline), replies out. Pure: bytes to words, values to
//! bytes, no I/O.
//!
//! - `request`: bytes in, batches of commands out
//! - `scanner`: finds the words in the bytes
//! - `words`: the arguments of one command, and a batch of commands
//! - `inline`: requests typed by hand
//! - `error`: what can be wrong with a request
//! - `reply`: the replies a connection still owes
//! - `sending`: how they leave

mod error;
mod inline;
mod reply;
mod request;
mod scanner;
mod sending;
mod words;

pub use error::ProtocolError;
pub use reply::{Open, Protocol, Reply};
pub use request::Input;
pub use scanner::Limits;
pub use sending::Mark;
pub use words::{Batch, OwnedWords, Words};
