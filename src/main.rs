//! The `redstart` program: options in, a server until a signal, an exit code out.

use redstart::config::{Config, Start};
use std::process::ExitCode;

fn main() -> ExitCode {
    let config = match Config::from_arguments(std::env::args_os().skip(1)) {
        Ok(Start::Serve(config)) => config,
        Ok(Start::Say(text)) => {
            println!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    match redstart::start::serve(*config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redstart: {error:#}");
            ExitCode::FAILURE
        }
    }
}
