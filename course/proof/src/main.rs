//! Proves the course. README.md beside this crate says how authors use it.
//!   checkpoint N=base/5   makes the program of a chapter
//!   pull N=base/5         takes edits made there back into the chapter
//!   prove [N=…]           plays every stage on its program, on the one before, and on wrong ones

use anyhow::{Context, Result, bail};
use redstart_proof::course::{self, Choice, Course};
use redstart_proof::play::Manner;
use redstart_proof::workshop::Workshop;
use redstart_proof::{checkpoint, prove};
use std::process::ExitCode;

const USAGE: &str = "\
redstart-proof checkpoint --stage base/5 [--force]
redstart-proof pull       --stage base/5
redstart-proof prove      [--stage base] [--seed N]
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
}

fn request() -> Result<Request> {
    let mut arguments = std::env::args().skip(1);
    let mut request = Request { verb: arguments.next().context(USAGE)?, ..Request::default() };
    while let Some(argument) = arguments.next() {
        if argument == "--force" {
            request.force = true;
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
            let folder = checkpoint::make(&course, course.one(stage()?)?, request.force)?;
            println!("{}", folder.display());
            Ok(ExitCode::SUCCESS)
        }
        "prove" => prove_all(&course, &request),
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
    let shop = Workshop::open(course, 1)?;
    let mut faults = 0;
    for place in places {
        let proof = prove::stage(course, place, &shop, manner)?;
        let sign = if proof.faults.is_empty() { "✓" } else { "✗" };
        println!("{sign} {}", proof.id);
        proof.faults.iter().for_each(|fault| println!("    {fault}"));
        faults += proof.faults.len();
    }
    println!("{faults} faults, seed {}", manner.seed);
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
