//! The command line behind the course's `make` targets.
//!   request.rs   what the arguments ask for
//!   playing.rs   transcripts on a program that is named
//!   telling.rs   outcomes as they come
//!   showing.rs   the prompt
//! A verb is a row of `VERBS`: its name, and a function that gives the exit code, or the sentence
//! that says why nothing could be tried. Exit codes: 0 green, 1 red, 2 could not be tried.

mod playing;
mod request;
mod showing;
mod telling;

use std::process::ExitCode;

pub use request::{Format, Request, patience, random_seed};
pub use telling::{Teller, Told};

use crate::learner;

const USAGE: &str = "\
redstart-course status | start [--lang L | --from DIR] | next [--stage base/5]
redstart-course test   [--stage base/5] [--all] …  without P: the stage you are at, on me/
redstart-course test   --program P [--stage base/5] [--all] [--format json] [--seed N] [--case N]
redstart-course play   --program P [--format json] [--seed N] [--case N] FILE.redis…
redstart-course oracle --program P [--format json] [--seed N] [--case N] FILE.redis…
redstart-course check  FILE.redis…
redstart-course try    --program P [--beside redis-server] [--flags '--appendonly yes']

P is started as `P --port N --dir D`; it may be a command with arguments.
The repository is found from the current directory; --root DIR says where it is.
REDSTART_PATIENCE=4 multiplies all limits, for busy machines.
Exit codes: 0 green, 1 red, 2 could not be tried.";

type Verb = fn(&Request) -> Result<u8, String>;

const VERBS: &[(&str, Verb)] = &[
    ("test", playing::test),
    ("status", learner::status),
    ("start", learner::start),
    ("next", learner::next),
    ("play", playing::play),
    ("oracle", playing::oracle),
    ("check", playing::check),
    ("try", showing::by_hand),
];

/// Runs the command line; the exit code says how it went.
pub fn run(arguments: Vec<String>) -> ExitCode {
    ExitCode::from(answer(arguments).unwrap_or_else(|text| {
        eprintln!("{text}");
        2
    }))
}

fn answer(arguments: Vec<String>) -> Result<u8, String> {
    let mut arguments = arguments.into_iter();
    let verb = arguments.next().unwrap_or_else(|| "help".into());
    if ["help", "--help", "-h"].contains(&verb.as_str()) {
        println!("{USAGE}");
        return Ok(0);
    }
    let Some((_, run)) = VERBS.iter().find(|(name, _)| *name == verb) else {
        return Err(format!("there is no `{verb}`\n\n{USAGE}"));
    };
    run(&Request::parse(verb, arguments).map_err(|text| format!("{text}\n\n{USAGE}"))?)
}
