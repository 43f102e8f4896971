//! `make try`: a prompt on the learner's server. Every line also goes to a real Redis, if there is
//! one, and the two answers stand beside each other, with a mark where they differ.
//!   line.rs      what a line means
//!   side.rs      one server and its connections
//!   session.rs   lines in, answers out
//!   notation.rs  answers as redis-cli prints them
//! Answers that come late (BLPOP, a message to a subscriber) are shown when they come.

mod line;
mod notation;
mod session;
mod side;

use crate::client::Arrival;
use crate::client::Client;
use crate::process;
use crate::server::{Program, StartError};
use crate::terminal;
use crate::wire;
use session::Session;
use side::Side;
use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Real servers, in the order in which they are looked for.
const REAL_SERVERS: &[&str] = &["redis-server", "valkey-server"];
/// How often late answers are looked for while nothing is typed.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Columns of a terminal that does not tell how many it has.
const USUAL_WIDTH: usize = 80;
/// More columns than this are not used: the two answers would stand too far apart.
const MOST_WIDTH: usize = 140;

/// Starts the program, and a real server beside it, and talks to both until the input ends.
/// `beside` names the real server; without it, one is looked for on PATH.
pub fn run(program: &Program, beside: Option<&str>) -> Result<u8, String> {
    let yours = Side::start(program).map_err(|error| match error {
        StartError::Untried(why) => why,
        failed => format!("Your server did not start: {}", side::why(&failed)),
    })?;
    let (theirs, name) = real(program, beside)?;
    let style = terminal::style();
    let mut output = std::io::stdout();
    let mut session = Session::new(yours, theirs, style, width());
    session.greet(&name, &mut output).map_err(unwritten)?;
    talk(&mut session, &mut output).map_err(unwritten)?;
    Ok(0)
}

fn unwritten(error: std::io::Error) -> String {
    format!("the answers cannot be printed: {error}")
}

/// The real server and what to call it; or nothing, and the reason.
fn real(program: &Program, beside: Option<&str>) -> Result<(Option<Side>, String), String> {
    let named: Vec<String> =
        beside.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let found = match named.first() {
        Some(name) if !process::is_installed(name) => {
            return Err(format!(
                "{name} does not exist. Without BESIDE, a redis-server is looked for on PATH."
            ));
        }
        Some(_) => Some(named),
        None => REAL_SERVERS
            .iter()
            .find(|name| process::is_installed(name))
            .map(|name| vec![(*name).to_owned()]),
    };
    let Some(command) = found else {
        return Ok((None, "no redis-server on PATH: only your server answers".into()));
    };
    let mut flags = program.flags.clone();
    // It would save on its way out, which nobody asked it for.
    if !flags.iter().any(|flag| flag == "--save") {
        flags.extend(["--save".into(), String::new()]);
    }
    let name = command[0].rsplit('/').next().unwrap_or_default().to_owned();
    let beside = Program { command, flags, patience: program.patience };
    match Side::start(&beside) {
        Ok(mut side) => {
            let label = label(&mut side).unwrap_or(name);
            Ok((Some(side), label))
        }
        Err(error) => Ok((None, format!("{name} did not start: {}", side::why(&error)))),
    }
}

/// Its name and version, as it tells them itself.
fn label(side: &mut Side) -> Option<String> {
    let mut client = Client::connect(([127, 0, 0, 1], side.ports().0).into()).ok()?;
    client.send(&wire::command(&[b"INFO".to_vec(), b"server".to_vec()])).ok()?;
    let Arrival::Reply(reply) = client.reply(Duration::from_secs(2)) else { return None };
    let text = String::from_utf8_lossy(reply.text()?).into_owned();
    let version = |field: &str| text.lines().find_map(|line| line.strip_prefix(field));
    let valkey = version("valkey_version:").map(|number| format!("Valkey {number}"));
    valkey.or_else(|| version("redis_version:").map(|number| format!("Redis {number}")))
}

/// Lines from stdin until it ends or someone quits; late answers in between.
fn talk(session: &mut Session, output: &mut dyn Write) -> std::io::Result<()> {
    let typed = std::io::stdin().is_terminal();
    let (sender, lines) = mpsc::channel();
    let (ask, asked) = mpsc::channel();
    // Reading blocks, and late answers must not wait for the next line. A line is read only when it
    // is asked for: after `.quit` the terminal belongs to whoever called.
    std::thread::spawn(move || {
        while asked.recv().is_ok() {
            let mut line = String::new();
            if !matches!(std::io::stdin().read_line(&mut line), Ok(1..))
                || sender.send(line).is_err()
            {
                return;
            }
        }
    });
    // It ends only together with the input, which the next `recv` tells.
    let next = || ask.send(()).unwrap_or_default();
    next();
    session.prompt(output)?;
    loop {
        match lines.recv_timeout(LOOK_EVERY) {
            Ok(line) => {
                let line = line.trim_end_matches(['\r', '\n']);
                if !typed {
                    writeln!(output, "{line}")?;
                }
                if session.line(line, output)?.is_break() {
                    return Ok(());
                }
                session.prompt(output)?;
                next();
            }
            Err(RecvTimeoutError::Timeout) => {
                if session.late(Duration::ZERO, true, output)? {
                    session.prompt(output)?;
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                writeln!(output)?;
                return Ok(());
            }
        }
    }
}

fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    told.or_else(width_of_terminal).unwrap_or(USUAL_WIDTH).clamp(40, MOST_WIDTH)
}

/// `stty size` prints rows and columns of the terminal that is its stdin.
fn width_of_terminal() -> Option<usize> {
    let mut stty = Command::new("stty");
    let output = stty.arg("size").stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1)?.parse().ok()
}
