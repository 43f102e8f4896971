//! The `redstart` program: options in, a server until a signal, an exit code out.

use redstart::config::{Config, Start};
use std::process::ExitCode;

fn main() -> ExitCode {
    match Config::from_arguments(std::env::args_os().skip(1)) {
        Ok(Start::Print(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Start::Serve { config, file }) => match redstart::start::serve(config, file) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("redstart: {error:#}");
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
