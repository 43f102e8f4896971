//! The learner's path: his repository `me/`, how far he is, and the verbs that take him on.
//!   progress.rs  what is kept between two commands: me/.redstart/progress
//!   home.rs      me/ and the course around it, opened for a command
//!   names.rs     stages by the names people type
//!   start.rs     `make start`: makes me/ from a starter, or takes a repository that is there
//!   testing.rs   `make test`: the current stage, then all that were green before
//!   next.rs      `make next`: on to the next stage
//!   reading.rs   `make hint`, `make read`: the pages of a stage
//!   page.rs      a page of Markdown as it is read in a terminal
//!   watch.rs     `make watch`: the same after every change; keys.rs, changes.rs are its senses
//!   grade.rs     `make grade`: connects me/ to CodeCrafters
//!   mapping.rs   `make map`: all stages, as a table and as a page
//!   status.rs    `make`: what to type, and where he is

mod changes;
mod grade;
mod home;
mod keys;
mod mapping;
mod names;
mod next;
mod page;
mod progress;
mod reading;
mod start;
mod status;
mod testing;
mod watch;

pub use grade::grade;
pub use home::{Home, PROGRAM};
pub use mapping::map;
pub use names::{stage_named, stages_named};
pub use next::next;
pub use progress::{Progress, Record};
pub use reading::{hint, read};
pub use start::start;
pub use status::status;
pub use testing::{one_stage, test};
pub use watch::watch;
