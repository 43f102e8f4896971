//! The `redstart` program: options in, a server until a signal, an exit code out. With a tool's
//! name as the first word, that tool instead.

use redstart::config::{Config, Start};
use redstart::persistence::{aof, rdb};
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "check-aof") {
        return check_aof(&arguments[1..]);
    }
    if arguments.first().is_some_and(|first| first == "check-rdb") {
        return check_rdb(&arguments[1..]);
    }
    let config = match Config::from_arguments(arguments.into_iter()) {
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

/// `redstart check-aof [--fix] FILE`
fn check_aof(arguments: &[OsString]) -> ExitCode {
    let (is_to_be_fixed, place) = match arguments {
        [place] => (false, place),
        [option, place] if option == "--fix" => (true, place),
        _ => {
            eprintln!("{}", aof::check::USAGE);
            return ExitCode::FAILURE;
        }
    };
    tell(aof::check::check(Path::new(place), is_to_be_fixed))
}

/// `redstart check-rdb FILE`
fn check_rdb(arguments: &[OsString]) -> ExitCode {
    let [place] = arguments else {
        eprintln!("{}", rdb::check::USAGE);
        return ExitCode::FAILURE;
    };
    tell(rdb::check::check(Path::new(place)))
}

/// The exit code of a tool that found all well, or not.
fn tell(outcome: anyhow::Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("redstart: {error:#}");
            ExitCode::FAILURE
        }
    }
}
