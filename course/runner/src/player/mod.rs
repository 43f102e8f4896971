//! Plays a transcript, case by case.
//!   mod.rs    which server a case gets, which cases are asked at all, what comes out
//!   files.rs  steps about the server's files
//!   case.rs   steps that touch the server itself, blocks of many clients, tools
//!   scene.rs  steps on connections
//!   log.rs    what was sent and received so far, for the message of a failure
//! A file's cases share one server; a case that restarts it, or asks for a fresh one, leaves none
//! behind. Stages rely on random keys to keep cases apart, suites on FLUSHALL, sent on a connection
//! of the player's own.

mod case;
#[cfg(test)]
pub(crate) mod fake;
mod files;
mod log;
mod scene;
#[cfg(test)]
mod tests;

use crate::client::{Arrival, Client};
use crate::facts;
use crate::language::{Applies, Case, Kind, Script, Step, Version};
use crate::server::{Program, Server, StartError};
use crate::values::{Values, stage_seed};
use crate::wire::{self, Reply};
use case::Play;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

pub use log::{Log, cut};

/// How long the player waits for its own FLUSHALL and INFO.
const CONTROL_PATIENCE: Duration = Duration::from_secs(20);

/// How to play.
#[derive(Debug, Clone)]
pub struct Options {
    /// All random keys and values follow from it.
    pub seed: u64,
    /// Who is asked.
    pub asked: Asked,
    /// Only the case with this number, counted from 1.
    pub only: Option<usize>,
}

/// Who is asked, and so which cases count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Redstart or a learner's program: every case.
    Program,
    /// A real Redis or Valkey: those that its version knows.
    Oracle,
}

/// What became of one case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The file's name.
    pub stage: String,
    /// Counted from 1.
    pub case: usize,
    /// How many the file has.
    pub of: usize,
    /// The case's title.
    pub title: String,
    /// How it went.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// What else a person should know: the program listens elsewhere.
    pub note: Option<String>,
}

/// How a case went.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// As expected.
    Green,
    /// A real server was not asked, and why.
    Skipped(String),
    /// It could not be tried, and why.
    Untried(String),
    /// Not as expected.
    Red(Box<Failure>),
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// An expectation about a reply or the server.
    Assertion,
    /// The server did not start.
    Start,
    /// The server ended although nobody ended it.
    Ended,
}

/// What is known about a case that went red.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What kind of thing went wrong.
    pub kind: FailureKind,
    /// The line in the transcript.
    pub line: usize,
    /// What was sent and received so far.
    pub session: Vec<String>,
    /// Which of these lines it is about, if not the last.
    pub mark: Option<usize>,
    /// What should have come.
    pub expected: Shown,
    /// What came.
    pub received: Shown,
    /// What other connections received.
    pub meanwhile: Vec<String>,
    /// The cause, as far as it is beyond doubt.
    pub cause: Option<String>,
    /// The cause that a server with this very answer had.
    pub likely: Option<String>,
    /// The program's last lines; of one that goes on those since the case began.
    pub output: Vec<String>,
    /// The case's explanation.
    pub why: String,
}

/// A reply in two notations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// For people.
    pub notation: String,
    /// The bytes, where there are such.
    pub wire: Option<Vec<u8>>,
    /// The signs in the notation of a pattern, in words.
    pub legend: String,
}

impl Shown {
    /// Words only.
    pub fn words(text: impl Into<String>) -> Self {
        Shown { notation: text.into(), ..Shown::default() }
    }

    /// A reply.
    pub fn reply(reply: &Reply) -> Self {
        Shown::bytes(reply.notation(), &reply.wire())
    }

    /// Bytes, and how people are told of them.
    pub fn bytes(notation: impl Into<String>, bytes: &[u8]) -> Self {
        Shown { wire: Some(bytes.to_vec()), ..Shown::words(notation) }
    }
}

/// Whether the script has a case of this number, as somebody typed it.
pub fn check_case(script: &Script, case: usize) -> Result<(), String> {
    let last = script.cases.len();
    if (1..=last).contains(&case) {
        return Ok(());
    }
    Err(format!("there is no case {case}: {} has cases 1 to {last}", script.name))
}

/// Plays the cases of a script and tells the outcome of each; `report` may break off.
pub fn play(
    script: &Script,
    program: &Program,
    options: &Options,
    report: &mut dyn FnMut(Outcome) -> ControlFlow<()>,
) {
    let mut stage = Stage { script, program, options, server: None, control: None, versions: None };
    for (index, case) in script.cases.iter().enumerate() {
        if options.only.is_some_and(|only| only != index + 1) {
            continue;
        }
        let begun = Instant::now();
        let verdict = stage.play_case(index, case).unwrap_or_else(|verdict| verdict);
        let outcome = Outcome {
            stage: script.name.clone(),
            case: index + 1,
            of: script.cases.len(),
            title: case.title.clone(),
            verdict,
            took: begun.elapsed(),
            note: stage.note(),
        };
        if report(outcome).is_break() {
            return;
        }
    }
}

/// A file that is being played.
struct Stage<'a> {
    script: &'a Script,
    program: &'a Program,
    options: &'a Options,
    server: Option<Server>,
    control: Option<Client>,
    versions: Option<Versions>,
}

/// What a real server calls itself.
#[derive(Debug, Clone, Copy)]
struct Versions {
    redis: Version,
    valkey: Option<Version>,
}

impl Stage<'_> {
    /// An `Err` ends the case early; it is a verdict like any other.
    fn play_case(&mut self, index: usize, case: &Case) -> Result<Verdict, Verdict> {
        if let Some(reason) = self.skipped(&case.applies)? {
            return Ok(Verdict::Skipped(reason));
        }
        if let Some(missing) = missing_tool(case) {
            return Ok(Verdict::Untried(format!("{missing} is not installed here")));
        }
        let mut steps = &case.steps[..];
        let values = Values::new(stage_seed(self.options.seed, &self.script.name), index as u64);
        let mut flags = self.script.flags.clone();
        let mut fresh = case.fresh;
        if let Some(Step::Start(more)) = steps.first().map(|line| &line.step) {
            let more: Result<Vec<_>, _> = more.iter().map(|word| word.fill(&values)).collect();
            let more = more.map_err(Verdict::Untried)?;
            flags.extend(more.iter().map(|word| String::from_utf8_lossy(word).into_owned()));
            steps = &steps[1..];
            fresh = true;
        }
        let files_first = matches!(steps.first().map(|line| &line.step), Some(Step::Write(..)));
        if fresh || files_first {
            self.drop_server();
        }
        if files_first {
            let prepared = Server::prepare(self.program, &flags);
            self.server = Some(prepared.map_err(|error| not_started(error, case))?);
        } else if self.server.as_mut().is_none_or(|server| server.ended().is_some()) {
            self.start(&flags, case)?;
        } else {
            self.empty(case)?;
        }
        let why = values.told(&case.why);
        let server = self.server.as_mut().expect("started above");
        let result = Play::new(server, values, self.script).case(steps);
        let disturbs = case.steps.iter().any(|line| line.step.disturbs());
        if fresh || disturbs || result.is_err() {
            self.drop_server();
        }
        match result {
            Ok(()) => Ok(Verdict::Green),
            Err(case::Stop::Untried(why)) => Ok(Verdict::Untried(why)),
            Err(case::Stop::Red(mut failure)) => {
                failure.why = why;
                Ok(Verdict::Red(failure))
            }
        }
    }

    fn note(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        let (asked, actual) = (server.asked_port(), server.address().port());
        (asked != actual)
            .then(|| format!("the program listens on {actual} although --port says {asked}"))
    }

    fn drop_server(&mut self) {
        self.control = None;
        self.server = None;
    }

    fn start(&mut self, flags: &[String], case: &Case) -> Result<(), Verdict> {
        self.drop_server();
        let server =
            Server::start(self.program, flags).map_err(|error| not_started(error, case))?;
        server.wait_while_loading();
        self.server = Some(server);
        Ok(())
    }

    /// Before each case of a suite.
    fn empty(&mut self, case: &Case) -> Result<(), Verdict> {
        if self.script.kind == Kind::Stage {
            return Ok(());
        }
        match self.ask(&["FLUSHALL"]) {
            Some(Reply::Simple(_)) => Ok(()),
            other => {
                self.drop_server();
                let received = other.map_or(Shown::words("nothing"), |reply| Shown::reply(&reply));
                let failure = Failure {
                    kind: FailureKind::Assertion,
                    line: case.line,
                    session: vec!["> FLUSHALL (between two cases)".into()],
                    mark: None,
                    expected: Shown::reply(&Reply::Simple(b"OK".to_vec())),
                    received,
                    meanwhile: Vec::new(),
                    cause: None,
                    likely: None,
                    output: Vec::new(),
                    why: String::new(),
                };
                Err(Verdict::Red(Box::new(failure)))
            }
        }
    }

    /// A question on the player's own connection.
    fn ask(&mut self, words: &[&str]) -> Option<Reply> {
        if self.control.is_none() {
            let server = self.server.as_mut()?;
            self.control = Client::connect(server.address()).ok();
        }
        let client = self.control.as_mut()?;
        let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        client.send(&wire::command(&words)).ok()?;
        match client.reply(CONTROL_PATIENCE) {
            Arrival::Reply(reply) => Some(reply),
            _ => None,
        }
    }

    /// Why a real server is not asked, if so.
    fn skipped(&mut self, applies: &Applies) -> Result<Option<String>, Verdict> {
        if self.options.asked == Asked::Program || *applies == Applies::default() {
            return Ok(None);
        }
        if let Some(reason) = &applies.none {
            return Ok(Some(reason.clone()));
        }
        let versions = self.versions()?;
        let older = |name: &str, is: Version, wants: Version| {
            (is < wants).then(|| {
                format!("since {name} {}.{}, this one is {}.{}", wants.0, wants.1, is.0, is.1)
            })
        };
        Ok(match (versions.valkey, applies.valkey, applies.redis) {
            (Some(is), Some(wants), _) => older("Valkey", is, wants),
            (None, Some(_), None) => Some("Valkey only".into()),
            (_, _, Some(wants)) => older("Redis", versions.redis, wants),
            _ => None,
        })
    }

    fn versions(&mut self) -> Result<Versions, Verdict> {
        if let Some(versions) = self.versions {
            return Ok(versions);
        }
        if self.server.is_none() {
            let flags = self.script.flags.clone();
            self.start(&flags, &self.script.cases[0])?;
        }
        let reply = self.ask(&["INFO", "server"]);
        let text =
            reply.as_ref().and_then(Reply::text).map(String::from_utf8_lossy).unwrap_or_default();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(crate::language::version)
        };
        let Some(redis) = field("redis_version") else {
            return Err(Verdict::Untried(
                "INFO does not say redis_version: is it a real server?".into(),
            ));
        };
        let versions = Versions { redis, valkey: field("valkey_version") };
        self.versions = Some(versions);
        Ok(versions)
    }
}

fn missing_tool(case: &Case) -> Option<String> {
    case.steps.iter().find_map(|line| match &line.step {
        Step::Run(tool) => {
            let name = tool.words.first()?.show(&Values::new(0, 0));
            let name = String::from_utf8_lossy(&name).into_owned();
            (!crate::process::is_installed(&name)).then_some(name)
        }
        _ => None,
    })
}

fn not_started(error: StartError, case: &Case) -> Verdict {
    let (why, output) = match error {
        StartError::Untried(why) => return Verdict::Untried(why),
        StartError::Failed(why, output) => (why, output),
    };
    Verdict::Red(Box::new(Failure {
        kind: FailureKind::Start,
        line: case.line,
        session: Vec::new(),
        mark: None,
        expected: Shown::words("a server that listens on the port given by --port"),
        received: Shown::words(why),
        meanwhile: Vec::new(),
        cause: facts::of_first_output(&output),
        likely: None,
        output,
        // The case's explanation is about something else.
        why: String::new(),
    }))
}
