//! One stage: what has to hold of its chapter and of the programs around it.

use crate::cache;
use crate::chapter::{Chapter, Fence, Role};
use crate::checkpoint::{Files, Tree};
use crate::course::Course;
use crate::items;
use crate::mutants::{self, Mutant};
use crate::play;
use crate::shape;
use crate::suspect::{self, Finding, Suspect, Tools};
use crate::workshop::{self, Built};
use anyhow::Result;
use redstart_course::language::{self, Script};
use redstart_course::likely::{ANY, Answers, BEFORE, Wrong};
use redstart_course::player::Outcome;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Transcripts that are played at the same time; most of that time is waiting.
const PLAYS: usize = 4;

/// A stage before it is proved.
pub struct Stage {
    pub id: String,
    pub chapter: Chapter,
    /// The programs before and after the chapter.
    pub before: Files,
    pub after: Files,
    /// The stages before it, and at the end itself.
    pub scripts: Vec<Script>,
    /// The stage that its mutants still pass.
    pub earlier: Option<usize>,
    pub mutants: Vec<Mutant>,
    /// Recorded answers.
    pub answers: Option<Answers>,
    /// What was wrong before anything was built.
    pub faults: Vec<String>,
    /// Its program is not built: nothing else can be said of the stage then.
    pub is_broken: AtomicBool,
}

impl Stage {
    /// Reads the stage, and puts its chapter into the tree.
    pub fn read(course: &Course, place: usize, tree: &mut Tree) -> Result<Self> {
        let id = course.id(place).to_owned();
        let chapter = Chapter::read(&course.chapter(&id))?;
        let mut faults = shape::faults(&course.root, &course.folder(&id), &chapter);
        let before = tree.files(course)?;
        tree.add(&chapter)?;
        let after = tree.files(course)?;
        faults.extend(unformatted(&chapter, &after));
        let (mutants, wrong) = mutants::read(&course.folder(&id));
        faults.extend(wrong);
        let script =
            |stage: &redstart_course::tracks::Stage| play::script(&course.transcript(&stage.id));
        let scripts = course.stages[..=place].iter().map(script).collect::<Result<Vec<_>>>()?;
        let track = &course.stages[place].track;
        let of_track = (0..place).rev().find(|&at| course.stages[at].track == *track);
        let earlier = of_track.or_else(|| place.checked_sub(1));
        let answers = Answers::read(&course.folder(&id).join("answers.txt"));
        let is_broken = AtomicBool::new(false);
        Ok(Stage {
            id,
            chapter,
            before,
            after,
            scripts,
            earlier,
            mutants,
            answers,
            faults,
            is_broken,
        })
    }

    pub fn script(&self) -> &Script {
        self.scripts.last().expect("a stage comes with its own transcript")
    }

    /// How many programs there are that must be red: the one before, and the mutants.
    pub fn suspects(&self) -> usize {
        1 + self.mutants.len()
    }

    /// Examines the program before (0), or a mutant (from 1).
    pub fn examine(&self, number: usize, tools: &Tools) -> Result<Finding> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Ok(Finding::default());
        }
        let mutant = number.checked_sub(1).map(|number| &self.mutants[number]);
        let files = match mutant {
            None => self.before.clone(),
            Some(mutant) => match mutant.apply(&self.after) {
                Ok(files) => files,
                Err(error) => {
                    let faults = vec![format!("{}: {error:#}", mutant.name)];
                    return Ok(Finding { faults, answers: Wrong::default() });
                }
            },
        };
        let suspect = Suspect {
            name: mutant.map_or(BEFORE, |mutant| &mutant.name),
            cause: mutant.map_or("", |mutant| &mutant.cause),
            files,
            case: mutant.map(|mutant| mutant.case),
            chance: mutant.map_or(&[], |mutant| &mutant.chance),
            passes: mutant.and(self.earlier).map(|earlier| &self.scripts[earlier]),
            stage: self.script(),
        };
        let known = |answers: &Answers| {
            answers.servers.iter().find(|server| server.name == suspect.name).cloned()
        };
        let recorded = self.answers.as_ref().and_then(known);
        let mut finding = suspect::examine(&suspect, recorded.as_ref(), tools)?;
        let is_start = |form: &String| form.ends_with(" does not start");
        let starts = !finding.answers.cases.values().any(is_start);
        // Nobody has a server before the first stage.
        if mutant.is_none() && self.earlier.is_some() && !starts {
            finding.faults.push("the program before does not start, which proves nothing".into());
        }
        let cause = recorded.map(|recorded| recorded.cause);
        if !tools.bless && cause.is_some_and(|cause| cause != suspect.cause) {
            finding.faults.push(format!("{}: its cause changed: BLESS=1", suspect.name));
        }
        Ok(finding)
    }

    /// The program of the chapter: built without warnings, green on its stage and on all before,
    /// and its sessions are true.
    pub fn prove_program(&self, tools: &Tools) -> Result<Vec<String>> {
        let session = self.session();
        let texts: Vec<_> = self.scripts.iter().map(|it| cache::content(&it.path)).collect();
        let sessions: Vec<_> = session.iter().map(|(text, _)| text).collect();
        let key = ("green", &self.after, &texts, &sessions);
        if tools.cache.find(&key).is_some() {
            return Ok(Vec::new());
        }
        let program = match tools.shops.build(&self.after, &format!("{}-program", self.id))? {
            Built::Program(_, said) if said.contains("warning") => {
                return Ok(vec![format!("there are warnings:\n{}", indented(&said))]);
            }
            Built::Program(program, _) => program,
            Built::Failed(said) => {
                self.is_broken.store(true, Ordering::Relaxed);
                return Ok(vec![format!("it is not built:\n{}", indented(&said))]);
            }
        };
        let mut faults = Vec::new();
        let mut scripts: Vec<&Script> = self.scripts.iter().collect();
        for (_, parsed) in &session {
            match parsed {
                Ok(script) => scripts.push(script),
                Err(mistake) => faults.push(mistake.clone()),
            }
        }
        faults.extend(all_green(&scripts, &program, tools));
        workshop::remove(&program)?;
        if faults.is_empty() {
            tools.cache.keep(&key, "green");
        }
        Ok(faults)
    }

    /// The chapter's sessions as scripts.
    fn session(&self) -> Vec<(String, Result<Script, String>)> {
        let fences = self.chapter.fences.iter().filter(|fence| fence.role == Role::Session);
        let script = |fence: &Fence| {
            // Three lines stand above the session; its own are told by their number in the chapter.
            let above = "\n".repeat(fence.line.saturating_sub(3));
            let content = self.chapter.content(fence);
            let text =
                format!("stage chapter\ntitle of the chapter\ncase the session\n{above}{content}");
            let parsed = language::parse(&self.chapter.path, &text);
            (content.to_owned(), parsed.map_err(|mistake| mistake.to_string()))
        };
        fences.map(script).collect()
    }

    /// Cases that no mutant fails.
    pub fn uncovered(&self, findings: &[Finding]) -> Vec<String> {
        let script = self.script();
        // The first red case of a mutant was seen red, whatever its answer.
        let is_killed = |case: usize| {
            let mut of_mutants = findings.iter().skip(1).zip(&self.mutants);
            of_mutants.any(|(finding, mutant)| match finding.answers.cases.get(&case) {
                Some(form) => form != ANY || mutant.case == case,
                None => false,
            })
        };
        let alive = (1..=script.cases.len()).filter(|case| !is_killed(*case));
        let told = |case: usize| {
            let title = &script.cases[case - 1].title;
            format!("case {case} ({title}) is red for no mutant: which wrong server fails there?")
        };
        alive.map(told).collect()
    }
}

/// Plays the scripts beside each other; everything that is not green.
fn all_green(scripts: &[&Script], program: &Path, tools: &Tools) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let faults = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..PLAYS {
            scope.spawn(|| {
                while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut outcomes = play::play_all(script, program, tools.manner);
                    let late = play::first_red(&outcomes).is_some();
                    if late {
                        // A busy machine may be late once; a wrong program is wrong twice.
                        outcomes = play::play_all(script, program, tools.manner.patient());
                    }
                    faults.lock().expect("no thread panics").extend(complaints(&outcomes));
                }
            });
        }
    });
    faults.into_inner().expect("no thread panics")
}

/// Every case that is not green.
fn complaints(outcomes: &[Outcome]) -> Vec<String> {
    let told: Vec<String> =
        outcomes.iter().map(play::told).filter(|told| !told.is_empty()).collect();
    let mut faults: Vec<String> =
        told.iter().map(|told| format!("should be green: {told}")).collect();
    if let Some((case, why)) = play::untried(outcomes) {
        let stage = &outcomes[0].stage;
        faults.push(format!("case {case} of {stage} could not be tried: {why}"));
    }
    faults
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
            let cure = "make checkpoint, make pull";
            faults
                .push(format!("chapter.md:{place}: `{name}` is not as rustfmt writes it: {cure}"));
        }
    }
    faults
}

/// Text of a tool under a fault.
pub fn indented(text: &str) -> String {
    text.lines().map(|line| format!("        {line}")).collect::<Vec<_>>().join("\n")
}
