//! The verbs that play transcripts on a program that is named: `test`, `play`, `oracle`; and
//! `check`, which only reads them.

use super::request::{Format, Request, patience};
use super::telling::{Teller, Told};
use crate::language::{self, Script};
use crate::learner::{self, PROGRAM};
use crate::player::{self, Asked};
use crate::server::Program;
use crate::tracks::{self, Stage};
use std::path::{Path, PathBuf};

/// The course's stages on the program named, or the learner's own; stops at the first red case.
pub fn test(request: &Request) -> Result<u8, String> {
    let Some(rounds) = request.soak else {
        return test_once(request);
    };
    for round in 0..rounds {
        let mut once = request.clone();
        once.seed += round;
        if once.format == Format::Text {
            once.format = Format::Failures;
        }
        let code = test_once(&once)?;
        if code != 0 {
            eprintln!("round {} of {rounds}, seed {}", round + 1, once.seed);
            return Ok(code);
        }
    }
    if request.format == Format::Text {
        println!("{rounds} rounds green, from seed {}", request.seed);
    }
    Ok(0)
}

fn test_once(request: &Request) -> Result<u8, String> {
    if request.program.is_empty() && request.files.is_empty() {
        return learner::test(request);
    }
    let paths =
        if request.files.is_empty() { stage_files(request)? } else { request.files.clone() };
    play_files(request, &paths, Asked::Program)
}

/// The files named, all cases.
pub fn play(request: &Request) -> Result<u8, String> {
    play_files(request, &request.files, Asked::Program)
}

/// The files named, on a real server.
pub fn oracle(request: &Request) -> Result<u8, String> {
    play_files(request, &request.files, Asked::Oracle)
}

/// Reads the files named and plays nothing.
pub fn check(request: &Request) -> Result<u8, String> {
    let scripts = read_scripts(&request.files)?;
    let cases: usize = scripts.iter().map(|script| script.cases.len()).sum();
    println!("{} files, {cases} cases, well written", scripts.len());
    Ok(0)
}

fn play_files(request: &Request, paths: &[PathBuf], asked: Asked) -> Result<u8, String> {
    let Some(name) = request.program.first() else {
        return Err("--program is missing".into());
    };
    let scripts = read_scripts(paths)?;
    if !crate::process::is_installed(name) {
        return Err(format!("{name} does not exist, so nothing could be tried"));
    }
    if request.verb == "test" && request.format == Format::Text {
        request.repository().ok().and_then(|root| not_yours(&root, name)).inspect(|text| {
            println!("{text}\n");
        });
    }
    // A real server would save on its way out and find that file again when it is restarted.
    let flags =
        if asked == Asked::Oracle { vec!["--save".into(), String::new()] } else { Vec::new() };
    let program = Program { command: request.program.clone(), flags, patience: patience() };
    let options = player::Options { seed: request.seed, asked, only: request.case };
    if let Some(case) = request.case {
        let [script] = &scripts[..] else { return Err(learner::one_stage(case)) };
        player::check_case(script, case)?;
    }
    let mut teller = Teller::new(request);
    for script in &scripts {
        if teller.play(script, &program, &options) == Told::Red && !request.all {
            break;
        }
    }
    Ok(teller.finish())
}

/// What is said to a learner who names the program that lies beside `me/`: it is Redstart.
fn not_yours(root: &Path, program: &str) -> Option<String> {
    let own = Path::new(program).canonicalize().ok()?;
    let here = own == root.join(PROGRAM).canonicalize().ok()?;
    (here && root.join("me").join(PROGRAM).exists()).then(|| {
        format!(
            "This plays Redstart itself, and builds it first, which takes minutes. Yours is \
             me/{PROGRAM}:\nit is what `make test` plays without PROGRAM=."
        )
    })
}

fn stage_files(request: &Request) -> Result<Vec<PathBuf>, String> {
    let root = request.repository()?;
    let stages = tracks::read(&root.join("course/tracks.toml"))?;
    let meant = match &request.stage {
        Some(name) => learner::stages_named(&stages, name, &stages[0].track)?,
        None => stages.iter().collect(),
    };
    let file = |stage: &Stage| root.join(format!("tests/stages/{}.redis", stage.id));
    Ok(meant.into_iter().map(file).collect())
}

fn read_scripts(paths: &[PathBuf]) -> Result<Vec<Script>, String> {
    if paths.is_empty() {
        return Err("no files given".into());
    }
    let mut mistakes = Vec::new();
    let mut scripts = Vec::new();
    for path in paths {
        match language::read(path) {
            Ok(script) => scripts.push(script),
            Err(mistake) => mistakes.push(mistake.to_string()),
        }
    }
    if mistakes.is_empty() { Ok(scripts) } else { Err(mistakes.join("\n")) }
}
