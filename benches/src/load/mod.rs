//! The load: what is asked (`requests`, `script`), what must be answered (`replies`, `scan`), and
//! who asks (`generator`).
//!
//! The generator is one thread with all its clients on one `epoll`. It must cost less than the
//! server it loads, so the bytes of a batch are made once and only the digits of its keys are
//! rewritten, and replies are compared with the bytes they must be instead of being parsed.

mod generator;
mod replies;
mod requests;
mod scan;
mod script;

pub use generator::{Generator, Outcome, Shape, Stop, run_together};
pub use requests::{Deadline, Keys, Operation, Work};
pub use script::Script;
