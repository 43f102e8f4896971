//! Golden files: what a learner whose server is wrong in a mutant's way is told, word for word. The
//! list of mutants is messages/list.txt, `stage mutant` a line; the message of each stands beside
//! it. A changed message is a fault until somebody has read it and records it with BLESS=1.

use crate::cache;
use crate::course::Course;
use crate::prove::Stage;
use crate::suspect::Tools;
use crate::workshop::{self, Built};
use anyhow::{Context, Result};
use redstart_course::likely::{self, Answers};
use redstart_course::player::{self, Asked, Options, Outcome, Verdict};
use redstart_course::report;
use redstart_course::server::Program;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Keys and values of every message.
const SEED: u64 = 41;
/// A busy machine may be late; so often the message may be another one.
const TRIES: usize = 4;
/// Ports that the runner gives to servers.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub stage: String,
    pub mutant: String,
}

/// The list; empty if there is none.
pub fn list(course: &Course) -> Result<Vec<Entry>> {
    let path = folder(course).join("list.txt");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let entry = |line: &str| {
        let (stage, mutant) = line.split_once(' ').with_context(|| format!("{line}: two words"))?;
        Ok(Entry { stage: stage.to_owned(), mutant: mutant.trim().to_owned() })
    };
    lines.map(entry).collect()
}

fn folder(course: &Course) -> PathBuf {
    course.root.join("course/proof/messages")
}

/// Plays one mutant as a learner's server; what is wrong with its message.
pub fn check(
    course: &Course,
    entry: &Entry,
    stage: &Stage,
    tools: &Tools,
) -> Result<Option<String>> {
    let name = format!("{} {}", entry.stage, entry.mutant);
    let Some(mutant) = stage.mutants.iter().find(|mutant| mutant.name == entry.mutant) else {
        return Ok(Some(format!("messages/list.txt: there is no mutant {name}")));
    };
    let lost = || Ok(Some(format!("the message of {name}: the mutant cannot be made")));
    let Ok(files) = mutant.apply(&stage.after) else { return lost() };
    let answers = course.folder(&stage.id).join("answers.txt");
    let file = folder(course).join(format!("{}--{}.txt", entry.stage, entry.mutant));
    const TELLING: [&str; 7] =
        ["report", "facts", "likely", "legend", "matching", "player/log", "player/scene"];
    let sources = TELLING
        .map(|name| cache::content(&course.root.join(format!("course/runner/src/{name}.rs"))));
    let key = |golden: Vec<u8>| {
        let transcript = cache::content(&stage.script().path);
        ("message", &files, transcript, cache::content(&answers), &sources, golden)
    };
    if tools.cache.find(&key(cache::content(&file))).is_some() {
        return Ok(None);
    }
    let program = match tools.shops.build(&files, &format!("{}-told-{}", stage.id, mutant.name))? {
        Built::Program(program, _) => program,
        Built::Failed(_) => return lost(),
    };
    let golden = fs::read_to_string(&file).unwrap_or_default();
    let mut told = String::new();
    for _ in 0..TRIES {
        told = message(stage, &program, &answers);
        if told == golden {
            break;
        }
    }
    workshop::remove(&program)?;
    if told == golden {
        tools.cache.keep(&key(golden.into_bytes()), "told");
        return Ok(None);
    }
    if tools.bless {
        fs::create_dir_all(folder(course))?;
        fs::write(&file, told).with_context(|| format!("writing {}", file.display()))?;
        return Ok(None);
    }
    let what = if golden.is_empty() { "is not recorded" } else { "changed" };
    Ok(Some(format!("the message of {name} {what} (read it, then BLESS=1):\n{told}")))
}

/// What a learner reads.
fn message(stage: &Stage, program: &Path, answers: &Path) -> String {
    let program =
        Program { command: vec![program.display().to_string()], flags: Vec::new(), patience: 1.0 };
    let options = Options { seed: SEED, asked: Asked::Program, only: None };
    let mut first: Option<Outcome> = None;
    player::play(stage.script(), &program, &options, &mut |outcome| {
        if matches!(outcome.verdict, Verdict::Red(_)) {
            first = Some(outcome);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let Some(mut outcome) = first else { return "everything is green\n".into() };
    if let (Some(answers), Verdict::Red(_)) = (Answers::read(answers), &outcome.verdict) {
        let cause = likely::cause(&answers, stage.script(), &program, &options, &outcome);
        if let Verdict::Red(failure) = &mut outcome.verdict {
            failure.likely = cause;
        }
    }
    let Verdict::Red(failure) = &outcome.verdict else { return String::new() };
    let title = &stage.script().title;
    let footer = format!("again       make test SEED={SEED}");
    let lines = report::failure(&outcome, failure, title, &footer);
    lines.iter().map(|line| masked(line.trim_end()) + "\n").collect()
}

/// Numbers that are other ones in every run: ports, processes, processor time.
fn masked(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(from) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let digits: String = rest[from..].chars().take_while(char::is_ascii_digit).collect();
        text.push_str(&rest[..from]);
        rest = &rest[from + digits.len()..];
        let is_port = digits.parse().is_ok_and(|number| PORTS.contains(&number));
        let is_process = text.ends_with("redstart-course-") || text.ends_with("redstart-course-#-");
        let is_share = text.ends_with("busy ") && rest.starts_with('%');
        let is_thread = text.ends_with("thread 'main' (") || text.ends_with("worker' (");
        if is_port || is_process || is_share || is_thread {
            text.push('#');
        } else {
            text.push_str(&digits);
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_run_are_masked_and_no_others() {
        for (line, told) in [
            ("listens on port 23412 (--port 23412)", "listens on port # (--port #)"),
            ("dir /tmp/redstart-course-812-3/a", "dir /tmp/redstart-course-#-#/a"),
            ("busy 97% of it", "busy #% of it"),
            ("nothing in 2000 ms", "nothing in 2000 ms"),
            ("*2\\r\\n$10", "*2\\r\\n$10"),
        ] {
            assert_eq!(masked(line), told);
        }
    }
}
