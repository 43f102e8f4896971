//! Chapters, the programs they make, and what is proved of them. `main.rs` is the command line; the
//! book (course/book) reads chapters and programs with it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cache;
pub mod chapter;
pub mod checkpoint;
pub mod course;
pub mod items;
pub mod merge;
pub mod messages;
pub mod mutants;
pub mod play;
pub mod prove;
pub mod pull;
pub mod shape;
pub mod suspect;
pub mod whole;
pub mod workshop;
