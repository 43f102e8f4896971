//! Plays transcripts on a program that was built, quietly, and keeps what came out.

use anyhow::{Result, anyhow};
use redstart_course::language::{self, Script};
use redstart_course::player::{self, Asked, FailureKind, Options, Outcome, Verdict};
use redstart_course::server::Program;
use std::ops::ControlFlow;
use std::path::Path;

/// How plays go.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    pub patience: f64,
    pub seed: u64,
}

impl Manner {
    /// The same with wider limits.
    pub fn patient(self) -> Self {
        Manner { patience: self.patience.max(4.0), ..self }
    }
}

/// Reads a transcript.
pub fn script(path: &Path) -> Result<Script> {
    language::read(path).map_err(|mistake| anyhow!(mistake))
}

/// Plays every case of a script.
pub fn play_all(script: &Script, program: &Path, manner: Manner) -> Vec<Outcome> {
    play(script, program, manner, |_| ControlFlow::Continue(()))
}

/// Plays a script to its first red case.
pub fn play_to_red(script: &Script, program: &Path, manner: Manner) -> Vec<Outcome> {
    play(script, program, manner, |verdict| match verdict {
        Verdict::Red(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
}

fn play(
    script: &Script,
    program: &Path,
    manner: Manner,
    goes_on: impl Fn(&Verdict) -> ControlFlow<()>,
) -> Vec<Outcome> {
    let program = Program {
        command: vec![program.display().to_string()],
        flags: Vec::new(),
        patience: manner.patience,
    };
    let options = Options { seed: manner.seed, asked: Asked::Program, only: None };
    let mut outcomes = Vec::new();
    player::play(script, &program, &options, &mut |outcome| {
        let flow = goes_on(&outcome.verdict);
        outcomes.push(outcome);
        flow
    });
    outcomes
}

/// The first case that was red.
pub fn first_red(outcomes: &[Outcome]) -> Option<&Outcome> {
    outcomes.iter().find(|outcome| matches!(outcome.verdict, Verdict::Red(_)))
}

/// The first case that was not tried, and why.
pub fn untried(outcomes: &[Outcome]) -> Option<(usize, &str)> {
    outcomes.iter().find_map(|outcome| match &outcome.verdict {
        Verdict::Untried(why) | Verdict::Skipped(why) => Some((outcome.case, why.as_str())),
        _ => None,
    })
}

/// Whether the program did start, so that it was its answer that was wrong.
pub fn was_judged(outcome: &Outcome) -> bool {
    matches!(&outcome.verdict, Verdict::Red(failure) if failure.kind != FailureKind::Start)
}

/// One line on a red case.
pub fn told(outcome: &Outcome) -> String {
    let Verdict::Red(failure) = &outcome.verdict else { return String::new() };
    let mut text = format!(
        "case {} of {} ({}), line {}: expected {}, received {}",
        outcome.case,
        outcome.stage,
        outcome.title,
        failure.line,
        player::cut(&failure.expected.notation, 100),
        player::cut(&failure.received.notation, 100)
    );
    for line in failure.output.iter().rev().take(3).rev() {
        text.push_str(&format!("\n        | {line}"));
    }
    text
}
