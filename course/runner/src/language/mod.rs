//! Transcripts: what clients send and what must come back, one step a line (course/LANGUAGE.md is
//! the manual).   text.rs     words and quoted texts with `{names}` in them
//!   pattern.rs  replies as they are expected
//!   parse.rs    files, cases, blocks
//!   steps.rs    one line
//! Parsing is strict: a line that is not understood is an error with its file and number, never
//! skipped.

mod parse;
mod pattern;
mod steps;
mod text;

pub use parse::{parse, read, version};
pub use pattern::{Count, Item, List, Pattern, Tail, parse_pattern};
pub use text::{Names, Text, parse_words};

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// One file.
#[derive(Debug, Clone)]
pub struct Script {
    /// Where it was read from.
    pub path: PathBuf,
    /// A stage of the course, or a suite that wants an empty server for each case.
    pub kind: Kind,
    /// The name in the first line: `base-05-frames`.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Given to every server this file starts.
    pub flags: Vec<String>,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A stage of the course: random keys keep its cases apart.
    Stage,
    /// Commands in full: FLUSHALL keeps its cases apart.
    Suite,
}

/// One behaviour.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// A sentence.
    pub title: String,
    /// The number of its line.
    pub line: usize,
    /// What real servers it asks for.
    pub applies: Applies,
    /// It gets a server of its own.
    pub fresh: bool,
    /// Why Redis is so; shown when the case fails.
    pub why: String,
    /// What to do.
    pub steps: Vec<Line>,
}

/// Which real servers answer as this case says. Redstart and learners' programs are always asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applies {
    /// The first Redis version.
    pub redis: Option<Version>,
    /// The first Valkey version.
    pub valkey: Option<Version>,
    /// Why no real server is asked at all.
    pub none: Option<String>,
}

/// Major and minor number of a server.
pub type Version = (u32, u32);

/// A step and the line it stands on.
#[derive(Debug, Clone)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// What it says.
    pub step: Step,
}

/// The letter of a connection; `@` is the own one of each of `clients N`.
pub type Who = char;

/// How raw bytes leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// In one packet.
    Whole,
    /// A packet for every byte.
    Bytewise,
}

impl Step {
    /// What it leaves behind is no server, or no directory, for another case.
    pub fn disturbs(&self) -> bool {
        match self {
            Step::Restart | Step::Kill | Step::Start(_) | Step::Refuses(_) => true,
            Step::Write(..) | Step::Cut(..) => true,
            Step::Repeat(_, body) => body.iter().any(|line| line.step.disturbs()),
            _ => false,
        }
    }
}

/// What one line asks for.
#[derive(Debug, Clone)]
pub enum Step {
    /// `A> WORDS`
    Send(Who, Vec<Text>),
    /// `A+ WORDS`
    Hold(Who, Vec<Text>),
    /// `A>raw "…"`, `A>bytewise "…"`
    Raw(Who, Text, Pace),
    /// `A< REPLY within …`
    Expect(Who, Pattern, Option<Duration>),
    /// `A< REPLY else again REPLY`: the second plays this round of `repeat` again
    ExpectOrAgain(Who, Pattern, Pattern),
    /// `A<nothing 60ms`
    Nothing(Who, Duration),
    /// `A<closed`
    Closed(Who, Option<Duration>),
    /// `A!`
    Leave(Who),
    /// `A connects`
    Connect(Who),
    /// `wait 20ms`
    Wait(Duration),
    /// `repeat 100` … `end`
    Repeat(u64, Vec<Line>),
    /// `clients 8` … `end`
    Clients(u64, Vec<Line>),
    /// `A>scan WORDS` with the steps played between its calls
    Scan(Who, Vec<Text>, Vec<Line>),
    /// `check TEXT PATTERN`
    Check(Text, Pattern),
    /// `restart`
    Restart,
    /// `kill -9`
    Kill,
    /// `start --flags`
    Start(Vec<Text>),
    /// `refuses --flags`: started so, it ends by itself
    Refuses(Vec<Text>),
    /// `file NAME "bytes"`: makes it
    Write(Text, Text),
    /// `file NAME cut 3`: takes bytes off its end
    Cut(Text, Text),
    /// `file NAME is …`
    Holds(Text, Content, Option<Duration>),
    /// `listens`
    Listens,
    /// `cpu under 50% for 200ms`
    Cpu(u32, Duration),
    /// `memory mark`
    MemoryMark,
    /// `memory grew under 40mb`
    MemoryGrew(u64),
    /// `run PROGRAM …` with its stdin and what it must print
    Run(Tool),
}

/// What a file of the server must be.
#[derive(Debug, Clone)]
pub enum Content {
    /// Not there.
    Missing,
    /// An RDB file from its first byte to its checksum.
    Rdb,
    /// An append-only file with these commands.
    Commands(Pattern),
    /// These bytes.
    Bytes(Pattern),
}

/// A program of this machine that a case runs as a client.
#[derive(Debug, Clone, Default)]
pub struct Tool {
    /// The program and its arguments.
    pub words: Vec<Text>,
    /// Its stdin.
    pub input: Option<Text>,
    /// A glob over what it prints.
    pub output: Option<Text>,
}

/// A transcript that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.text)
    }
}

impl std::error::Error for Mistake {}
