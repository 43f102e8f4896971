//! The full behaviour of every group of commands, played on Redstart: tests/commands/*.redis. `make
//! oracle` plays the same files on a real server. course/LANGUAGE.md explains them.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    redstart_course::harness::main(Path::new("tests/commands"), env!("CARGO_BIN_EXE_redstart"))
}
