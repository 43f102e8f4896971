//! Tells outcomes as they come, and counts them: for people, or as JSON.

use super::request::{Format, Request};
use crate::language::Script;
use crate::likely;
use crate::player::{self, FailureKind, Outcome, Verdict};
use crate::report::{self, Style};
use crate::server::Program;
use crate::terminal;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

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

/// How a stage, or many, went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Every case was green, or skipped.
    Green,
    /// At least one was red.
    Red,
    /// None was red, and not all could be tried.
    Untried,
}

impl Told {
    /// The exit code that says it.
    pub fn code(self) -> u8 {
        match self {
            Told::Green => 0,
            Told::Red => 1,
            Told::Untried => 2,
        }
    }

    /// Of both: red before all, then what could not be tried.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Told::Red, _) | (_, Told::Red) => Told::Red,
            (Told::Untried, _) | (_, Told::Untried) => Told::Untried,
            _ => Told::Green,
        }
    }
}

/// Who is told what to type next.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Listener {
    /// Somebody who named a program.
    Caller,
    /// A learner, who is at this stage.
    Learner(String),
}

/// Tells outcomes as they come, and counts them.
pub struct Teller<'a> {
    request: &'a Request,
    listener: Listener,
    style: Style,
    /// The last red case is about a program that did not start.
    not_started: bool,
    begun: Instant,
    green: usize,
    red: usize,
    skipped: usize,
    untried: usize,
}

impl<'a> Teller<'a> {
    /// One for a whole run.
    pub fn new(request: &'a Request) -> Self {
        let style = terminal::style();
        Teller {
            request,
            listener: Listener::Caller,
            style,
            not_started: false,
            begun: Instant::now(),
            green: 0,
            red: 0,
            skipped: 0,
            untried: 0,
        }
    }

    /// The same, with what a learner can type below every failure.
    /// `at` is the stage he is at: what stands below the failure of another one names it.
    pub fn for_learner(request: &'a Request, at: &str) -> Self {
        Teller { listener: Listener::Learner(at.to_owned()), ..Teller::new(request) }
    }

    /// Colours, or none.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Whether the last red case was about a program that did not start: that red proves nothing.
    pub fn not_started(&self) -> bool {
        self.not_started
    }

    /// What was asked for.
    pub fn request(&self) -> &'a Request {
        self.request
    }

    /// Plays a script and tells it; not beyond the first red case, unless all were asked for.
    pub fn play(&mut self, script: &Script, program: &Program, options: &player::Options) -> Told {
        let begun = Instant::now();
        let mut told = Told::Green;
        let mut notes = Notes::default();
        let mut green = 0;
        player::play(script, program, options, &mut |mut outcome| {
            if told != Told::Red {
                likely::explain(&mut outcome, script, program, options);
            }
            green += usize::from(matches!(outcome.verdict, Verdict::Green));
            told = told.and(told_of(&outcome.verdict));
            self.outcome(&outcome, script, &mut notes)
        });
        if self.request.format == Format::Text {
            self.summary(script, green, begun.elapsed(), &notes);
        }
        told
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
                self.not_started = failure.kind == FailureKind::Start;
                if self.request.format != Format::Json {
                    let lines =
                        report::failure(outcome, failure, &script.title, &self.footer(script));
                    println!("{}\n{}\n", self.style.red(&lines[0]), lines[1..].join("\n"));
                }
                if !self.request.all {
                    go_on = ControlFlow::Break(());
                }
            }
        }
        go_on
    }

    /// What to type after a failure.
    fn footer(&self, script: &Script) -> String {
        let again = format!("{:<12}{}", "again", self.again(script));
        let help = match &self.listener {
            Listener::Caller => return again,
            Listener::Learner(at) if *at == script.name => {
                "make read (the chapter) · make hint · make try (by hand)".to_owned()
            }
            Listener::Learner(_) => {
                let name = short_name(script);
                format!("make read STAGE={name} · make hint STAGE={name}")
            }
        };
        format!("{:<12}{help}\n{again}", "help")
    }

    /// What to type to see this once more.
    fn again(&self, script: &Script) -> String {
        let seed = self.request.seed;
        let is_here = self.listener == Listener::Learner(script.name.clone());
        if self.request.verb == "test" || self.listener != Listener::Caller {
            let case = self.request.case.map(|case| format!(" CASE={case}")).unwrap_or_default();
            if is_here && self.request.stage.is_none() {
                return format!("make test{case} SEED={seed}");
            }
            let program = match self.listener {
                Listener::Caller => format!(" PROGRAM='{}'", self.request.program.join(" ")),
                Listener::Learner(_) => String::new(),
            };
            return format!("make test STAGE={}{case} SEED={seed}{program}", short_name(script));
        }
        let verb = &self.request.verb;
        let program = self.request.program.join(" ");
        let path = script.path.display();
        format!("redstart-course {verb} --program '{program}' --seed {seed} {path}")
    }

    fn summary(&self, script: &Script, green: usize, took: Duration, notes: &Notes) {
        let all = self.request.case.map_or(script.cases.len(), |_| 1);
        let line = format!(
            "{:<29}{:<30}{green:>3} of {all:<3}{:>6} ms",
            script.name,
            player::cut(&script.title, 29),
            took.as_millis()
        );
        let noted: usize = notes.cases.iter().map(|(_, cases)| cases.len()).sum();
        let (sign, line) = if green == all {
            (self.style.green("✓"), line)
        } else if green + noted == all {
            (self.style.dim("·"), line)
        } else {
            (self.style.red("✗"), line)
        };
        println!("{sign} {line}");
        for note in notes.lines() {
            println!("{}", self.style.dim(&format!("    {note}")));
        }
    }

    /// Tells the sum, and gives the exit code.
    pub fn finish(&self) -> u8 {
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

/// `base/5`, as people type it, of a transcript.
fn short_name(script: &Script) -> String {
    let mut parts = script.name.splitn(3, '-');
    let track = parts.next().unwrap_or_default();
    let number = parts.next().unwrap_or_default().trim_start_matches('0');
    format!("{track}/{number}")
}

fn told_of(verdict: &Verdict) -> Told {
    match verdict {
        Verdict::Green | Verdict::Skipped(_) => Told::Green,
        Verdict::Untried(_) => Told::Untried,
        Verdict::Red(_) => Told::Red,
    }
}
