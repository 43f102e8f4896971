//! The command line behind `make test`, `make oracle` and the like.
//!   test    plays the course's stages on a program, and stops at the first red case
//!   play    plays the files named, all cases
//!   oracle  the same on a real Redis or Valkey: cases that its version does not know are counted
//! as skipped   check   reads files only
//! Exit codes: 0 green, 1 red, 2 could not be tried. What was skipped or not tried is always said.

use crate::language::{self, Script};
use crate::player::{self, Asked, Outcome, Verdict};
use crate::report::{self, Style};
use crate::server::Program;
use crate::tracks;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "\
redstart-course test   --program P [--stage base/5] [--all] [--format json] [--seed N] [--case N]
redstart-course play   --program P [--format json] [--seed N] [--case N] FILE.redis…
redstart-course oracle --program P [--format json] [--seed N] [--case N] FILE.redis…
redstart-course check  FILE.redis…

P is started as `P --port N --dir D`; it may be a command with arguments.
The repository is found from the current directory; --root DIR says where it is.
REDSTART_PATIENCE=4 multiplies all limits, for busy machines.
Exit codes: 0 green, 1 red, 2 could not be tried.";

/// Runs the command line; the exit code says how it went.
pub fn run(arguments: Vec<String>) -> ExitCode {
    let code = match Request::parse(arguments) {
        Ok(request) => request.run(),
        Err(Wrong::Help) => {
            println!("{USAGE}");
            Ok(0)
        }
        Err(Wrong::Arguments(text)) => Err(format!("{text}\n\n{USAGE}")),
    };
    ExitCode::from(code.unwrap_or_else(|text| {
        eprintln!("{text}");
        2
    }))
}

enum Wrong {
    Help,
    Arguments(String),
}

#[derive(Clone, Copy, PartialEq)]
enum Verb {
    Test,
    Play,
    Oracle,
    Check,
}

#[derive(Clone, Copy, PartialEq)]
enum Format {
    Text,
    Json,
}

/// What the arguments ask for.
struct Request {
    verb: Verb,
    program: Vec<String>,
    stage: Option<String>,
    /// Go on after a red case.
    all: bool,
    format: Format,
    seed: u64,
    case: Option<usize>,
    root: Option<PathBuf>,
    files: Vec<PathBuf>,
}

impl Request {
    fn parse(arguments: Vec<String>) -> Result<Self, Wrong> {
        let mut arguments = arguments.into_iter();
        let verb = match arguments.next().as_deref() {
            Some("test") => Verb::Test,
            Some("play") => Verb::Play,
            Some("oracle") => Verb::Oracle,
            Some("check") => Verb::Check,
            None | Some("help" | "--help" | "-h") => return Err(Wrong::Help),
            Some(other) => return Err(Wrong::Arguments(format!("there is no `{other}`"))),
        };
        let mut request = Request {
            verb,
            program: Vec::new(),
            stage: None,
            all: verb != Verb::Test,
            format: Format::Text,
            seed: random_seed(),
            case: None,
            root: None,
            files: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            if argument == "--all" {
                request.all = true;
                continue;
            }
            if !argument.starts_with("--") {
                request.files.push(argument.into());
                continue;
            }
            let value = arguments
                .next()
                .ok_or_else(|| Wrong::Arguments(format!("{argument} needs a value")))?;
            request.option(&argument, value)?;
        }
        request.checked()
    }

    fn option(&mut self, name: &str, value: String) -> Result<(), Wrong> {
        let number = |value: &str| {
            value
                .parse()
                .map_err(|_| Wrong::Arguments(format!("{name} needs a number, not {value:?}")))
        };
        match name {
            "--program" => self.program = command_of(&value),
            "--stage" => self.stage = Some(value),
            "--format" if value == "json" => self.format = Format::Json,
            "--format" if value == "text" => self.format = Format::Text,
            "--seed" => self.seed = number(&value)?,
            "--case" => self.case = Some(number(&value)? as usize),
            "--root" => self.root = Some(value.into()),
            _ => {
                return Err(Wrong::Arguments(format!("{name} {value} is not understood")));
            }
        }
        Ok(())
    }

    fn checked(self) -> Result<Self, Wrong> {
        if self.program.is_empty() && self.verb != Verb::Check {
            return Err(Wrong::Arguments("--program is missing".into()));
        }
        if self.files.is_empty() && self.verb != Verb::Test {
            return Err(Wrong::Arguments("no files given".into()));
        }
        Ok(self)
    }

    fn run(&self) -> Result<u8, String> {
        let scripts = self.scripts()?;
        if self.verb == Verb::Check {
            let cases: usize = scripts.iter().map(|script| script.cases.len()).sum();
            println!("{} files, {cases} cases, well written", scripts.len());
            return Ok(0);
        }
        let name = &self.program[0];
        if !crate::process::is_installed(name) {
            return Err(format!("{name} does not exist, so nothing could be tried"));
        }
        let asked = if self.verb == Verb::Oracle { Asked::Oracle } else { Asked::Program };
        // A real server would save on its way out and find that file again when it is restarted.
        let flags = if self.verb == Verb::Oracle {
            vec!["--save".into(), String::new()]
        } else {
            Vec::new()
        };
        let program = Program { command: self.program.clone(), flags, patience: patience() };
        let options = player::Options { seed: self.seed, asked, only: self.case };
        let mut teller = Teller::new(self);
        for script in &scripts {
            if teller.play(script, &program, &options).is_break() {
                break;
            }
        }
        Ok(teller.finish())
    }

    fn scripts(&self) -> Result<Vec<Script>, String> {
        let mut paths = self.files.clone();
        if self.verb == Verb::Test && paths.is_empty() {
            let root = self
                .root
                .clone()
                .or_else(find_root)
                .ok_or("the repository was not found: --root DIR")?;
            let stages = tracks::read(&root.join("course/tracks.toml"))?;
            let wanted = self.stage.as_deref();
            let meant =
                stages.iter().filter(|stage| wanted.is_none_or(|name| stage.is_meant_by(name)));
            paths =
                meant.map(|stage| root.join(format!("tests/stages/{}.redis", stage.id))).collect();
            if paths.is_empty() {
                return Err(format!("there is no stage {}", wanted.unwrap_or_default()));
            }
        }
        let mut mistakes = Vec::new();
        let mut scripts = Vec::new();
        for path in paths {
            match language::read(&path) {
                Ok(script) => scripts.push(script),
                Err(mistake) => mistakes.push(mistake.to_string()),
            }
        }
        if mistakes.is_empty() { Ok(scripts) } else { Err(mistakes.join("\n")) }
    }
}

/// What is said below a file's line.
#[derive(Default)]
struct Notes {
    /// Why cases were not played, and which.
    cases: Vec<(String, Vec<usize>)>,
    port: Option<String>,
}

impl Notes {
    fn add(&mut self, what: &str, reason: &str, case: usize) {
        let text = format!("{what}: {reason}");
        match self.cases.iter_mut().find(|(known, _)| *known == text) {
            Some((_, cases)) => cases.push(case),
            None => self.cases.push((text, vec![case])),
        }
    }

    fn lines(&self) -> Vec<String> {
        let case_line = |(text, cases): &(String, Vec<usize>)| {
            let numbers: Vec<String> = cases.iter().map(usize::to_string).collect();
            let word = if cases.len() == 1 { "case" } else { "cases" };
            format!("{text} ({word} {})", numbers.join(", "))
        };
        self.cases.iter().map(case_line).chain(self.port.clone()).collect()
    }
}

/// Tells outcomes as they come, and counts them.
struct Teller<'a> {
    request: &'a Request,
    style: Style,
    begun: Instant,
    green: usize,
    red: usize,
    skipped: usize,
    untried: usize,
}

impl<'a> Teller<'a> {
    fn new(request: &'a Request) -> Self {
        let style = if std::io::stdout().is_terminal() { Style::Colour } else { Style::Plain };
        Teller { request, style, begun: Instant::now(), green: 0, red: 0, skipped: 0, untried: 0 }
    }

    fn play(
        &mut self,
        script: &Script,
        program: &Program,
        options: &player::Options,
    ) -> ControlFlow<()> {
        let begun = Instant::now();
        let mut flow = ControlFlow::Continue(());
        let mut notes = Notes::default();
        let mut green = 0;
        player::play(script, program, options, &mut |outcome| {
            green += usize::from(matches!(outcome.verdict, Verdict::Green));
            flow = self.outcome(&outcome, script, &mut notes);
            flow
        });
        if self.request.format == Format::Text {
            self.summary(script, green, begun.elapsed(), &notes);
        }
        flow
    }

    /// Counts one outcome, and tells it at once if it is red.
    fn outcome(
        &mut self,
        outcome: &Outcome,
        script: &Script,
        notes: &mut Notes,
    ) -> ControlFlow<()> {
        if self.request.format == Format::Json {
            println!("{}", report::json(outcome, self.request.seed));
        }
        let mut go_on = ControlFlow::Continue(());
        notes.port = notes.port.take().or_else(|| outcome.note.clone());
        match &outcome.verdict {
            Verdict::Green => self.green += 1,
            Verdict::Skipped(reason) => {
                self.skipped += 1;
                notes.add("skipped", reason, outcome.case);
            }
            Verdict::Untried(reason) => {
                self.untried += 1;
                notes.add("not tried", reason, outcome.case);
            }
            Verdict::Red(failure) => {
                self.red += 1;
                if self.request.format == Format::Text {
                    let lines =
                        report::failure(outcome, failure, &script.title, &self.again(script));
                    println!("{}\n{}\n", self.style.red(&lines[0]), lines[1..].join("\n"));
                }
                if !self.request.all {
                    go_on = ControlFlow::Break(());
                }
            }
        }
        go_on
    }

    /// What to type to see this once more.
    fn again(&self, script: &Script) -> String {
        let seed = self.request.seed;
        match self.request.verb {
            Verb::Test => {
                let number =
                    script.name.split('-').nth(1).unwrap_or_default().trim_start_matches('0');
                let track = script.name.split('-').next().unwrap_or_default();
                format!("make test STAGE={track}/{number} SEED={seed}")
            }
            verb => {
                let verb = if verb == Verb::Oracle { "oracle" } else { "play" };
                let program = self.request.program.join(" ");
                let path = script.path.display();
                format!("redstart-course {verb} --program '{program}' --seed {seed} {path}")
            }
        }
    }

    fn summary(&self, script: &Script, green: usize, took: Duration, notes: &Notes) {
        let all = script.cases.len();
        let line = format!(
            "{:<30}{:<44}{green:>4} of {all:<4}{:>7} ms",
            script.name,
            script.title,
            took.as_millis()
        );
        let noted: usize = notes.cases.iter().map(|(_, cases)| cases.len()).sum();
        let only_some = self.request.case.is_some();
        let (sign, line) = if green == all {
            (self.style.green("✓"), line)
        } else if green + noted == all || only_some {
            (self.style.dim("·"), line)
        } else {
            (self.style.red("✗"), line)
        };
        println!("{sign} {line}");
        for note in notes.lines() {
            println!("{}", self.style.dim(&format!("    {note}")));
        }
    }

    fn finish(&self) -> u8 {
        if self.request.format == Format::Text {
            let mut parts = vec![format!("{} green", self.green)];
            for (count, name) in
                [(self.red, "red"), (self.skipped, "skipped"), (self.untried, "not tried")]
            {
                if count > 0 {
                    parts.push(format!("{count} {name}"));
                }
            }
            let seconds = self.begun.elapsed().as_secs_f64();
            println!("{} in {seconds:.1} s, seed {}", parts.join(", "), self.request.seed);
        }
        if self.red > 0 {
            1
        } else if self.untried > 0 || self.green + self.skipped == 0 {
            2
        } else {
            0
        }
    }
}

/// `path/to/program`, or a command with arguments.
fn command_of(text: &str) -> Vec<String> {
    if Path::new(text).exists() {
        // A bare name would be looked up on PATH, not here.
        let here = !text.contains('/');
        return vec![if here { format!("./{text}") } else { text.to_owned() }];
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// A seed from the clock; short, because people type it.
pub fn random_seed() -> u64 {
    let clock = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    (clock.as_millis() as u64 ^ u64::from(std::process::id()) << 8) % 1_000_000
}

/// Multiplies limits; from the environment, because it belongs to the machine.
pub fn patience() -> f64 {
    let set = std::env::var("REDSTART_PATIENCE").ok().and_then(|text| text.parse().ok());
    set.filter(|factor: &f64| (0.1..=1000.0).contains(factor)).unwrap_or(1.0)
}

fn find_root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| folder.join("course/tracks.toml").is_file())
        .map(Path::to_path_buf)
}
