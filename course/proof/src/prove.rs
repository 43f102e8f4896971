//! `make prove`: is every stage what it promises?

use crate::chapter::{Chapter, Role};
use crate::checkpoint::{Files, Tree};
use crate::course::Course;
use crate::items;
use crate::play::{self, Manner};
use crate::shape;
use crate::workshop::{Built, Workshop};
use anyhow::Result;
use redstart_course::language;
use redstart_course::player::Outcome;
use std::path::{Path, PathBuf};

/// What was found out about one stage.
#[derive(Debug, Default)]
pub struct Proof {
    pub id: String,
    pub faults: Vec<String>,
}

/// Proves one stage from its form to its plays.
pub fn stage(course: &Course, place: usize, shop: &Workshop, manner: Manner) -> Result<Proof> {
    let id = course.id(place).to_owned();
    let chapter = Chapter::read(&course.chapter(&id))?;
    let mut proof = Proof { id, faults: Vec::new() };
    proof.faults.extend(shape::faults(&course.root, &course.folder(&proof.id), &chapter));
    let before = match place {
        0 => Tree::begin(course)?,
        _ => Tree::at(course, place - 1)?,
    };
    let mut after = before.clone();
    if let Err(error) = after.add(&chapter) {
        proof.faults.push(format!("{error:#}"));
        return Ok(proof);
    }
    let files = after.files(course)?;
    proof.faults.extend(unformatted(&chapter, &files));
    let Some(program) = build(&mut proof, shop, &files, "after", "the chapter's program")? else {
        return Ok(proof);
    };
    green(course, place, &program, manner, &mut proof)?;
    sessions(&chapter, &program, manner, &mut proof);
    red_before(course, place, &before.files(course)?, shop, manner, &mut proof)?;
    Ok(proof)
}

fn build(
    proof: &mut Proof,
    shop: &Workshop,
    files: &Files,
    name: &str,
    what: &str,
) -> Result<Option<PathBuf>> {
    match shop.build(files, name)? {
        Built::Program(program, said) => {
            if said.contains("warning") {
                proof.faults.push(format!("{what} is built with warnings:\n{}", indented(&said)));
            }
            Ok(Some(program))
        }
        Built::Failed(said) => {
            proof.faults.push(format!("{what} is not built:\n{}", indented(&said)));
            Ok(None)
        }
    }
}

/// The stage and all before it are green.
fn green(
    course: &Course,
    place: usize,
    program: &Path,
    manner: Manner,
    proof: &mut Proof,
) -> Result<()> {
    for stage in course.stages[..=place].iter().rev() {
        let script = play::script(&course.transcript(&stage.id))?;
        let outcomes = play::play(&script, program, manner, true);
        complain(&outcomes, &mut proof.faults);
    }
    Ok(())
}

/// Every case that is not green is a fault.
fn complain(outcomes: &[Outcome], faults: &mut Vec<String>) {
    let is_red = |outcome: &&Outcome| !play::told(outcome).is_empty();
    let told = outcomes.iter().filter(is_red).map(play::told);
    faults.extend(told.map(|told| format!("should be green: {told}")));
    if let Some((case, why)) = play::untried(outcomes) {
        let stage = &outcomes[0].stage;
        faults.push(format!("case {case} of {stage} could not be tried: {why}"));
    }
}

/// The chapter's sessions show what the program does.
fn sessions(chapter: &Chapter, program: &Path, manner: Manner, proof: &mut Proof) {
    for fence in chapter.fences.iter().filter(|fence| fence.role == Role::Session) {
        // Two lines stand above the session; its own must be told by their number in the chapter.
        let above = "\n".repeat(fence.line.saturating_sub(3));
        let text = format!(
            "stage chapter\ntitle of the chapter\ncase the session\n{above}{}",
            chapter.content(fence)
        );
        match language::parse(&chapter.path, &text) {
            Ok(script) => {
                complain(&play::play(&script, program, manner, true), &mut proof.faults);
            }
            Err(mistake) => proof.faults.push(mistake.to_string()),
        }
    }
}

/// The program before is not enough, and says so by a wrong answer.
fn red_before(
    course: &Course,
    place: usize,
    files: &Files,
    shop: &Workshop,
    manner: Manner,
    proof: &mut Proof,
) -> Result<()> {
    let Some(program) = build(proof, shop, files, "before", "the program before")? else {
        return Ok(());
    };
    let script = play::script(&course.transcript(&proof.id))?;
    let outcomes = play::play(&script, &program, manner, false);
    match play::first_red(&outcomes) {
        None => proof.faults.push("the program before this chapter is green already".into()),
        // Nobody has a server before the first stage.
        Some(red) if place > 0 && !play::was_judged(red) => {
            let told = play::told(red);
            proof.faults.push(format!("red before, but not by an assertion: {told}"));
        }
        Some(_) => {}
    }
    Ok(())
}

/// Fences that rustfmt would write otherwise.
fn unformatted(chapter: &Chapter, files: &Files) -> Vec<String> {
    let mut faults = Vec::new();
    for fence in &chapter.fences {
        let Role::Items(path) = &fence.role else { continue };
        let text = files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let (Some(text), Ok(written)) = (text, items::parse(chapter.content(fence))) else {
            continue;
        };
        let Ok(formatted) = items::parse(&text) else { continue };
        for name in items::differing(&written, &formatted) {
            let place = fence.line;
            faults.push(format!("line {place}: `{name}` is not as rustfmt writes it (make pull)"));
        }
    }
    faults
}

/// Text of a tool under a fault.
pub fn indented(text: &str) -> String {
    text.lines().map(|line| format!("        {line}")).collect::<Vec<_>>().join("\n")
}
