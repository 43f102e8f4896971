//! A test target made of transcripts, for `harness = false`: plays every file of a folder on one
//! program and prints as cargo's own harness does, so that the number of cases played can be seen
//! and a filter works.   cargo test --test stages base-05       only files whose name contains
//! `base-05` Files are played beside each other, each on a server of its own.

use crate::cli::{patience, random_seed};
use crate::language::{self, Script};
use crate::player::{self, Asked, Options, Outcome, Verdict};
use crate::report;
use crate::server::Program;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Tests run beside other tests: limits are this much wider than a learner's, unless
/// REDSTART_PATIENCE is set.
const TEST_PATIENCE: f64 = 4.0;
/// Files played at the same time.
const MOST_THREADS: usize = 4;

/// Plays all `*.redis` files of `folder` on `program`.
pub fn main(folder: &Path, program: &str) -> ExitCode {
    let filters: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let scripts = match scripts(folder, &filters) {
        Ok(scripts) => scripts,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::FAILURE;
        }
    };
    let cases: usize = scripts.iter().map(|script| script.cases.len()).sum();
    if std::env::args().any(|word| word == "--list") {
        scripts.iter().for_each(|script| println!("{}: test", script.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {cases} cases of {} transcripts in {}", scripts.len(), folder.display());
    let run = Run {
        patience: if std::env::var_os("REDSTART_PATIENCE").is_some() {
            patience()
        } else {
            TEST_PATIENCE
        },
        program: program.to_owned(),
        seed: std::env::var("SEED")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(random_seed),
        next: AtomicUsize::new(0),
        tally: Mutex::default(),
        scripts,
    };
    run.play()
}

fn scripts(folder: &Path, filters: &[String]) -> Result<Vec<Script>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "redis"));
    paths.sort();
    if paths.is_empty() {
        return Err(format!("no transcripts in {}", folder.display()));
    }
    paths.retain(|path| {
        filters.is_empty() || filters.iter().any(|word| path.to_string_lossy().contains(word))
    });
    paths.iter().map(|path| language::read(path).map_err(|mistake| mistake.to_string())).collect()
}

/// What all threads share.
struct Run {
    scripts: Vec<Script>,
    program: String,
    seed: u64,
    patience: f64,
    next: AtomicUsize,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
    messages: Vec<String>,
}

impl Run {
    fn play(&self) -> ExitCode {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..MOST_THREADS.min(self.scripts.len()) {
                scope.spawn(|| {
                    while let Some(script) =
                        self.scripts.get(self.next.fetch_add(1, Ordering::Relaxed))
                    {
                        self.play_script(script);
                    }
                });
            }
        });
        let tally = self.tally.lock().expect("no thread panics while it counts");
        if !tally.messages.is_empty() {
            println!("\nfailures:\n\n{}", tally.messages.join("\n\n"));
        }
        println!(
            "\ntest result: {}. {} passed; {} failed; {} ignored; seed {}; finished in {:.2}s\n",
            if tally.failed == 0 { "ok" } else { "FAILED" },
            tally.passed,
            tally.failed,
            tally.ignored,
            self.seed,
            begun.elapsed().as_secs_f64()
        );
        if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn play_script(&self, script: &Script) {
        let program = Program {
            command: vec![self.program.clone()],
            flags: Vec::new(),
            patience: self.patience,
        };
        let options = Options { seed: self.seed, asked: Asked::Program, only: None };
        let mut script_tally = Tally::default();
        player::play(script, &program, &options, &mut |outcome| {
            script_tally.add(&outcome, script, self.seed);
            ControlFlow::Continue(())
        });
        let verdict = if script_tally.failed > 0 { "FAILED" } else { "ok" };
        println!("test {} ({} cases) ... {verdict}", script.name, script.cases.len());
        let mut tally = self.tally.lock().expect("no thread panics while it counts");
        tally.passed += script_tally.passed;
        tally.failed += script_tally.failed;
        tally.ignored += script_tally.ignored;
        tally.messages.append(&mut script_tally.messages);
    }
}

impl Tally {
    fn add(&mut self, outcome: &Outcome, script: &Script, seed: u64) {
        match &outcome.verdict {
            Verdict::Green => self.passed += 1,
            Verdict::Skipped(reason) | Verdict::Untried(reason) => {
                self.ignored += 1;
                println!("test {} case {} ... ignored, {reason}", script.name, outcome.case);
            }
            Verdict::Red(failure) => {
                self.failed += 1;
                let place = format!(
                    "again       {}:{} with SEED={seed}",
                    script.path.display(),
                    failure.line
                );
                self.messages
                    .push(report::failure(outcome, failure, &script.title, &place).join("\n"));
            }
        }
    }
}
