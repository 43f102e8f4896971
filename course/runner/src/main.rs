//! The course's command line: `redstart-course test --program ./your_program.sh`. See `cli.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    redstart_course::cli::run(std::env::args().skip(1).collect())
}
