//! Random commands, sent to Redstart and to a real server in the same order; replies and keyspaces
//! are compared. What differs is shrunk and printed as a transcript.
//!
//! `redstart-fuzz-commands [--seed N] [--count N] [--seconds N] [--program PATH]`
//! `[--reference PATH] [--only GROUP,COMMAND…] [--without GROUP,COMMAND…] [--failures N]`
//!
//! The same seed and count give the same commands. Exit code 0: nothing differs; 1: something
//! does; 2: it could not be tried.

mod compare;
mod differences;
mod generate;
mod keyspace;
mod play;
mod random;
mod servers;
mod shrink;
mod tame;
mod template;
mod transcript;
mod words;

use generate::{Commands, Wanted};
use play::{Answers, Difference, Pair, THRESHOLDS};
use random::Random;
use redstart_course::wire::Reply;
use servers::{OBSERVER, Side, Step};
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Commands between two looks at the whole keyspace.
const COMMANDS_A_LOOK: usize = 1_000;
/// Looks at it before both servers are emptied.
const LOOKS_AN_EPOCH: usize = 3;
/// Commands of a run that is given neither a number nor a time.
const USUAL_COUNT: usize = 100_000;
/// How often the progress is told where no terminal shows it.
const PROGRESS_EVERY: Duration = Duration::from_secs(15);

/// Longer cases are written to a file.
const MOST_SHOWN_STEPS: usize = 60;

struct Options {
    seed: u64,
    count: Option<usize>,
    time: Option<Duration>,
    program: String,
    reference: String,
    wanted: Wanted,
    failures: usize,
}

fn main() -> ExitCode {
    match options(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        seed: redstart_course::cli::random_seed(),
        count: None,
        time: None,
        program: "target/debug/redstart".into(),
        reference: "redis-server".into(),
        wanted: Wanted::default(),
        failures: 5,
    };
    while let Some(option) = words.next() {
        let value = words.next().ok_or(format!("{option} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|_| format!("{option} needs a number"));
        let names = || value.split(',').map(str::to_owned).collect();
        match option.as_str() {
            "--seed" => options.seed = number()?,
            "--count" => options.count = Some(number()? as usize),
            "--seconds" => options.time = Some(Duration::from_secs(number()?)),
            "--program" => options.program = value,
            "--reference" => options.reference = value,
            "--only" => options.wanted.only = names(),
            "--without" => options.wanted.without = names(),
            "--failures" => options.failures = number()? as usize,
            _ => return Err(format!("unknown option {option}")),
        }
    }
    Ok(options)
}

/// How many differences there were.
fn run(options: &Options) -> Result<usize, String> {
    let mut ours = Side::start(&options.program, &[])?;
    let mut theirs = Side::start(&options.reference, &[])?;
    let version = version(&mut theirs)?;
    let docs = theirs.ask(&Step::new(OBSERVER, &["COMMAND", "DOCS"]));
    let commands = Commands::new(&docs, &names(&mut ours), version, &options.wanted);
    println!(
        "SEED={} · {} commands on {} and {} {}.{}",
        options.seed,
        commands.count(),
        options.program,
        options.reference,
        version.0,
        version.1
    );
    let mut run = Run {
        pair: Pair::new(ours, theirs, version),
        random: Random::new(options.seed),
        begun: Instant::now(),
        told: Instant::now(),
        done: 0,
        seen: BTreeSet::new(),
    };
    let usual = if options.time.is_some() { usize::MAX } else { USUAL_COUNT };
    while options.time.is_none_or(|time| run.begun.elapsed() < time)
        && run.done < options.count.unwrap_or(usual)
        && run.seen.len() < options.failures
    {
        run.epoch(&commands)?;
    }
    run.tell(true);
    println!("\n{} commands, {} differences", run.done, run.seen.len());
    Ok(run.seen.len())
}

/// Redis's version; Valkey counts as the Redis that it says it is compatible with.
fn version(side: &mut Side) -> Result<template::Version, String> {
    let info = side.ask(&Step::new(OBSERVER, &["INFO", "server"]));
    let text = template::text(Some(&info));
    let number = text.lines().find_map(|line| line.strip_prefix("redis_version:"));
    number.map(template::parse_version).ok_or("the reference does not tell its version".into())
}

/// All commands that a server knows, with subcommands.
fn names(side: &mut Side) -> Vec<String> {
    let Reply::Array(names) = side.ask(&Step::new(OBSERVER, &["COMMAND", "LIST"])) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for name in &names {
        let name = template::text(Some(name)).to_uppercase();
        let info = side.ask(&Step::new(OBSERVER, &["COMMAND", "INFO", &name]));
        if let Reply::Array(info) = &info
            && let Some(Reply::Array(info)) = info.first()
            && let Some(Reply::Array(inner) | Reply::Set(inner)) = info.get(9)
        {
            for command in inner {
                if let Reply::Array(parts) = command {
                    all.push(template::text(parts.first()).to_uppercase());
                }
            }
        }
        all.push(name);
    }
    all
}

struct Run {
    pair: Pair,
    random: Random,
    begun: Instant,
    told: Instant,
    done: usize,
    /// What differed, by command and replies: each is shown once.
    seen: BTreeSet<String>,
}

impl Run {
    /// Plays some thousand commands on servers that were emptied.
    fn epoch(&mut self, commands: &Commands) -> Result<(), String> {
        self.pair.reset()?;
        let mut history = self.settings();
        let mut at = 0;
        for _ in 0..LOOKS_AN_EPOCH {
            self.extend(&mut history, commands);
            let mut found = self.pair.play(&history[at..], &mut Answers::new());
            if let Some(found) = &mut found {
                found.steps.splice(0..0, history[..at].iter().cloned());
            } else {
                found = self.pair.compare_keyspaces(&history);
            }
            self.done += history.len() - at;
            at = history.len();
            self.tell(false);
            if let Some(found) = found {
                return self.show(&found);
            }
        }
        Ok(())
    }

    /// Half of the time thresholds are low, so that encodings change often. The second connection
    /// speaks RESP3.
    fn settings(&mut self) -> Vec<Step> {
        let mut steps = vec![Step::new(1, &["HELLO", "3"])];
        for (option, _) in THRESHOLDS {
            // Older servers lack the one, and with a low value of the other the encoding of a union
            // depends on the order in which the members come.
            let stays = ["set-max-listpack", "set-max-intset"];
            let stays = stays.iter().any(|option_begins| option.starts_with(option_begins));
            if self.random.once_in(2) && !stays {
                let low = self.random.between(2, 12).to_string();
                let low = if option.starts_with("hll") { "100" } else { &low };
                steps.push(Step::new(0, &["CONFIG", "SET", option, low]));
            }
        }
        steps
    }

    fn extend(&mut self, history: &mut Vec<Step>, commands: &Commands) {
        let mut connection = self.random.below(2);
        for _ in 0..COMMANDS_A_LOOK {
            if self.random.once_in(24) {
                connection = self.random.below(2);
            }
            let words = if self.random.once_in(300) {
                let database = self.random.below(3).to_string();
                Step::new(connection, &["SELECT", &database]).words
            } else {
                commands.random(&mut self.random)
            };
            history.push(Step { connection, words });
        }
    }

    fn show(&mut self, found: &Difference) -> Result<(), String> {
        let last = found.steps.last().map(|step| tame::name(&step.words)).unwrap_or_default();
        let kind = |reply: &Reply| reply.wire().iter().take(24).copied().collect::<Vec<u8>>();
        let signature = match (&found.ours, &found.theirs) {
            (ours @ Reply::Error(_), theirs) | (ours, theirs @ Reply::Error(_)) => {
                format!("{last} {:?} {:?}", kind(ours), kind(theirs))
            }
            _ => last,
        };
        if !self.seen.insert(signature) {
            return Ok(());
        }
        let shown = found.steps.last().map(transcript::command).unwrap_or_default();
        println!("\n# {} steps, the last one {shown}", found.steps.len());
        let shrunk = shrink::shrink(&mut self.pair, found)?;
        let again = shrunk.as_ref().unwrap_or(found);
        let mut answers = Answers::new();
        if shrunk.is_some() {
            self.pair.reset()?;
            self.pair.play(&again.steps, &mut answers);
        }
        let case = transcript::case(again, &answers);
        if shrunk.is_some() && again.steps.len() <= MOST_SHOWN_STEPS {
            println!("{case}");
        } else {
            let path = std::env::temp_dir().join(format!("fuzz-commands-{}.redis", self.done));
            std::fs::write(&path, case).map_err(|error| error.to_string())?;
            let why = if shrunk.is_some() { "is long" } else { "did not show again" };
            println!("# {why}; all of it is in {}; the last step:", path.display());
            let steps = again.steps[again.steps.len() - 1..].to_vec();
            let last = Difference { steps, ..again.clone() };
            println!("{}", transcript::case(&last, &Answers::new()));
        }
        if servers::is_missing(&again.ours) {
            println!("# {}", self.pair.ours.output().join("\n# "));
        }
        Ok(())
    }

    fn tell(&mut self, at_last: bool) {
        let seconds = self.begun.elapsed().as_secs();
        let line = format!("{} commands, {seconds} s, {} differences", self.done, self.seen.len());
        if std::io::stderr().is_terminal() {
            eprint!("\r{line}   ");
        } else if at_last || self.told.elapsed() > PROGRESS_EVERY {
            eprintln!("{line}");
            self.told = Instant::now();
        }
    }
}
