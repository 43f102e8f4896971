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

use std::io::Write;
use std::process::ExitCode;

pub use request::{Format, Request, patience, random_seed};
pub use telling::{Teller, Told};

use crate::learner;

const USAGE: &str = "\
redstart-course status | watch | map [--all] | start [--lang L | --from DIR]
redstart-course next | hint [--level N] | read   [--stage base/5]
redstart-course grade  --url URL
redstart-course test   [--stage base/5] [--all] [--soak N] …   without P: the current stage on me/
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
    ("watch", learner::watch),
    ("hint", learner::hint),
    ("read", learner::read),
    ("map", learner::map),
    ("grade", learner::grade),
    ("play", playing::play),
    ("oracle", playing::oracle),
    ("check", playing::check),
    ("try", showing::by_hand),
];

/// Exit code when nobody reads what is printed (`make test | head`), as after SIGPIPE.
const UNREAD: i32 = 141;

/// Runs the command line; the exit code says how it went.
pub fn run(arguments: Vec<String>) -> ExitCode {
    std::panic::set_hook(Box::new(own_fault));
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
    run(&Request::parse(verb, arguments)?)
}

/// A learner must not take a fault of the runner for one of his program.
fn own_fault(panic: &std::panic::PanicHookInfo<'_>) {
    let text = panic.to_string();
    if text.contains("failed printing to std") {
        std::process::exit(UNREAD);
    }
    // The way out must not panic again.
    let _ = writeln!(
        std::io::stderr(),
        "The course's runner itself has failed; your program is not to blame. Please report:\n\
         {text}"
    );
    std::process::exit(2);
}
