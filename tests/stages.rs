//! Every stage of the course, played on Redstart by the same player that learners use.
//! The transcripts are tests/stages/*.redis; course/LANGUAGE.md explains them.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    redstart_course::harness::main(Path::new("tests/stages"), env!("CARGO_BIN_EXE_redstart"))
}
