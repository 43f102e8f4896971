//! The course's runner: plays transcripts on any program that speaks Redis's protocol and says what
//! it saw. Used by `make test` on a learner's server, by the server's own tests
//! (`tests/stages.rs`), and on a real Redis, which proves that the transcripts are right. No
//! dependencies: the first red test waits for nothing.

#![cfg_attr(test, allow(clippy::unwrap_used))]

/// The command line behind `make test`.
pub mod cli;
/// One connection to the server under test.
pub mod client;
/// What can be concluded from a wrong answer without guessing.
pub mod facts;
/// Files of the server under test.
pub mod files;
/// Test targets made of transcripts.
pub mod harness;
/// Transcripts: their parser and what it yields.
pub mod language;
/// The learner's path through the course.
pub mod learner;
/// The signs of a pattern, in words.
pub mod legend;
/// The likely cause of a red case, by the answers of wrong servers.
pub mod likely;
/// The table of stages, and the page of it.
pub mod map;
/// Does a reply fit a pattern?
pub mod matching;
/// Plays a transcript's cases.
pub mod player;
/// Questions to the operating system about processes.
pub mod process;
/// Failures as people read them, and results as programs do.
pub mod report;
/// Starts and ends the program under test.
pub mod server;
/// What the terminal can show.
pub mod terminal;
/// The order of the course's stages.
pub mod tracks;
/// A prompt on the server, beside a real one.
pub mod try_out;
/// Random keys and values, the same for the same seed.
pub mod values;
/// RESP as a client sees it.
pub mod wire;
