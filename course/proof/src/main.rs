//! Proves the course. README.md beside this crate says how authors use it.
//!   checkpoint N=base/5   makes the program of a chapter
//!   pull N=base/5         takes edits made there back into the chapter
//!   prove [N=…]           plays every stage on its program, on the one before, and on wrong ones

use anyhow::{Context, Result, bail};
use redstart_proof::course::{self, Choice, Course};
use redstart_proof::play::Manner;
use redstart_proof::whole::{self, Wish};
use redstart_proof::{checkpoint, pull};
use std::process::ExitCode;

const USAGE: &str = "\
redstart-proof checkpoint --stage base/5 [--force]
redstart-proof pull       --stage base/5
redstart-proof prove      [--stage base] [--seed N] [--bless]
redstart-proof messages   [--stage base] [--bless]
Also: --from DIR (begin with that program, without the track base), --tracks a,b";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Request {
    verb: String,
    stage: Option<String>,
    choice: Choice,
    seed: Option<u64>,
    force: bool,
    bless: bool,
}

fn request() -> Result<Request> {
    let mut arguments = std::env::args().skip(1);
    let mut request = Request { verb: arguments.next().context(USAGE)?, ..Request::default() };
    while let Some(argument) = arguments.next() {
        if argument == "--force" {
            request.force = true;
            continue;
        }
        if argument == "--bless" {
            request.bless = true;
            continue;
        }
        let value = arguments.next().with_context(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--stage" => request.stage = Some(value),
            "--from" => request.choice.from = Some(value.into()),
            "--tracks" => request.choice.tracks = value.split(',').map(str::to_owned).collect(),
            "--seed" => request.seed = Some(value.parse().context("--seed needs a number")?),
            _ => bail!("{argument} is not understood\n\n{USAGE}"),
        }
    }
    Ok(request)
}

fn run() -> Result<ExitCode> {
    let request = request()?;
    let course = Course::open(&course::find_root()?, &request.choice)?;
    let stage = || request.stage.as_deref().context("which stage? N=base/5");
    match request.verb.as_str() {
        "checkpoint" => {
            let make = if request.force { checkpoint::make_anew } else { checkpoint::make };
            let folder = make(&course, course.one(stage()?)?)?;
            println!("{}", folder.display());
            Ok(ExitCode::SUCCESS)
        }
        "pull" => {
            let changed = pull::pull(&course, course.one(stage()?)?)?;
            let told =
                if changed.is_empty() { "nothing was edited".into() } else { changed.join("\n") };
            println!("{told}");
            Ok(ExitCode::SUCCESS)
        }
        "prove" | "messages" => prove_all(&course, &request),
        _ => bail!("{USAGE}"),
    }
}

fn prove_all(course: &Course, request: &Request) -> Result<ExitCode> {
    let places = match &request.stage {
        Some(name) => course.meant(name)?,
        None => (0..course.stages.len()).collect(),
    };
    let manner = Manner {
        patience: redstart_course::cli::patience(),
        seed: request.seed.unwrap_or_else(redstart_course::cli::random_seed),
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    // A single stage is not worth compiling everything twice.
    let jobs = if places.len() > 1 { cores } else { 1 };
    let wish = Wish { manner, bless: request.bless, jobs };
    let faults = match request.verb.as_str() {
        "messages" => whole::prove_messages(course, &places, wish)?,
        _ => whole::prove(course, &places, wish)?,
    };
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
