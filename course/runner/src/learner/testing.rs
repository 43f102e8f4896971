//! `make test` in the course: the current stage on the learner's program, and when that is green,
//! all stages that were green before. They are played beside each other; one that is red then is
//! played again alone before anybody is told that he broke it, because a busy machine is slow.

use super::home::Home;
use super::names::{short_name, stages_named};
use crate::cli::{Format, Request, Teller, Told};
use crate::language::Script;
use crate::player::{self, Asked, Options, Verdict};
use crate::report::Style;
use crate::server::Program;
use crate::tracks::{self, Stage};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Earlier stages played at the same time. Most of their time is waiting, so it is more than cores.
const MOST_THREADS: usize = 6;
/// Case titles that a green stage lists.
const MOST_TITLES: usize = 8;

/// Plays and tells; the exit code.
pub fn test(request: &Request) -> Result<u8, String> {
    let mut home = Home::open(request)?;
    let program = home.program()?;
    if let Some(case) = request.case {
        return one_case(&mut home, request, &program, case);
    }
    let Some(name) = &request.stage else {
        return run(&mut home, request, &program).map(|told| told.code());
    };
    let stages: Vec<Stage> =
        stages_named(&all_stages(&home)?, name, home.track())?.into_iter().cloned().collect();
    let mut teller = Teller::for_learner(request, home.at());
    for stage in &stages {
        if play(&mut home, stage, &program, &mut teller)?.1.is_break() {
            break;
        }
    }
    Ok(teller.finish())
}

/// One case alone, which proves nothing about its stage, and so nothing is recorded.
fn one_case(
    home: &mut Home,
    request: &Request,
    program: &Program,
    case: usize,
) -> Result<u8, String> {
    let stage = match &request.stage {
        None => home.current().clone(),
        Some(name) => match stages_named(&all_stages(home)?, name, home.track())?[..] {
            [stage] => stage.clone(),
            _ => return Err(one_stage(case)),
        },
    };
    let script = home.script(&stage)?;
    player::check_case(&script, case)?;
    let mut teller = Teller::for_learner(request, home.at());
    let (told, _) = play(home, &stage, program, &mut teller)?;
    if told == Told::Green && request.format == Format::Text {
        let whole = match &request.stage {
            None => "make test".into(),
            Some(_) => format!("make test STAGE={}", short_name(&stage)),
        };
        println!("case {case} is green; the stage was not played as a whole: {whole}");
    }
    Ok(told.code())
}

/// What is said to somebody who asks for one case of many stages.
pub fn one_stage(case: usize) -> String {
    format!("CASE={case} is a case of one stage: name it, as in STAGE=base/5 CASE={case}")
}

/// Those without a chapter can be played, too.
fn all_stages(home: &Home) -> Result<Vec<Stage>, String> {
    tracks::read(&home.root.join("course/tracks.toml"))
}

/// The current stage, and when it is green all that were green before.
pub fn run(home: &mut Home, request: &Request, program: &Program) -> Result<Told, String> {
    let told = current(home, request, program)?;
    if told != Told::Green && !request.all {
        return Ok(told);
    }
    let broken = earlier(home, request, program)?;
    if told == Told::Green && broken == Told::Green && request.format == Format::Text {
        let next = match home.following() {
            Some(_) => "make next",
            None => "the end of the course: every stage is green",
        };
        println!("next: {next}");
    }
    Ok(told.and(broken))
}

/// The current stage alone.
pub fn current(home: &mut Home, request: &Request, program: &Program) -> Result<Told, String> {
    let stage = home.current().clone();
    let before = home.progress.of(&stage.id);
    let mut teller = Teller::for_learner(request, home.at());
    let (told, _) = play(home, &stage, program, &mut teller)?;
    if told == Told::Green {
        super::mapping::renew(home);
    }
    if request.format != Format::Text {
        return Ok(told);
    }
    match told {
        Told::Green => praise(home, &stage, before.green.is_none(), teller.style())?,
        Told::Red => {
            let word = if teller.not_started() {
                "your program has to run first".to_owned()
            } else if before.green.is_some() {
                "it was green before, and is red".to_owned()
            } else if before.tries == 0 && home.stages.first() == Some(&stage) {
                "red is right: this is where you begin".to_owned()
            } else if before.tries == 0 {
                "red is right: this is what you build next".to_owned()
            } else {
                format!("red, {} so far", minutes(home, &stage))
            };
            println!("{} · {}", home.place(&stage), teller.style().red(&word));
        }
        Told::Untried => {}
    }
    Ok(told)
}

/// Plays one stage and tells it.
fn play(
    home: &mut Home,
    stage: &Stage,
    program: &Program,
    teller: &mut Teller<'_>,
) -> Result<(Told, ControlFlow<()>), String> {
    let script = home.script(stage)?;
    let request = teller.request();
    let options = Options { seed: request.seed, asked: Asked::Program, only: request.case };
    let told = teller.play(&script, program, &options);
    if request.case.is_none() && told != Told::Untried {
        home.record(|progress| progress.played(&stage.id, told == Told::Green));
    }
    let go_on = told == Told::Green || request.all;
    Ok((told, if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }))
}

fn minutes(home: &Home, stage: &Stage) -> String {
    match home.progress.of(&stage.id).minutes() {
        1 => "1 minute".into(),
        many => format!("{many} minutes"),
    }
}

/// What was proved, and how long it took.
fn praise(home: &Home, stage: &Stage, first: bool, style: Style) -> Result<(), String> {
    let place = home.place(stage);
    if !first {
        println!("{place} · {}", style.green("green"));
        return Ok(());
    }
    let script = home.script(stage)?;
    for case in script.cases.iter().take(MOST_TITLES) {
        println!("    proved: {}", case.title);
    }
    if script.cases.len() > MOST_TITLES {
        println!("    and {} more", script.cases.len() - MOST_TITLES);
    }
    let took = minutes(home, stage);
    println!("{place} · {} after {took} (planned: {})", style.green("green"), stage.minutes);
    if home.folder.join(".git").exists() {
        let name = short_name(stage);
        println!("keep it: git -C me add -A && git -C me commit -m '{name} is green'");
    }
    let mut track = home.stages.iter().filter(|other| other.track == stage.track);
    if track.all(|other| home.progress.is_green(&other.id)) {
        let tracks = tracks::read_tracks(&home.root.join("course/tracks.toml"))?;
        let goal = tracks.into_iter().find(|track| track.id == stage.track);
        let goal = goal.map_or(String::new(), |track| format!(": {}", track.goal));
        println!("{}", style.green(&format!("{} is done{goal}", stage.track)));
    }
    Ok(())
}

/// The stages that were green before.
fn earlier(home: &mut Home, request: &Request, program: &Program) -> Result<Told, String> {
    let current = home.at().to_owned();
    let stages: Vec<Stage> = home
        .stages
        .iter()
        .filter(|stage| stage.id != current && home.progress.is_green(&stage.id))
        .cloned()
        .collect();
    let speaks = request.format == Format::Text;
    let suspects = if speaks {
        let scripts =
            stages.iter().map(|stage| home.script(stage)).collect::<Result<Vec<_>, _>>()?;
        let red = red_ones(&scripts, request.seed, program);
        let (red, green): (Vec<Stage>, Vec<Stage>) =
            stages.iter().cloned().partition(|stage| red.contains(&stage.id));
        home.record(|progress| green.iter().for_each(|stage| progress.seen(&stage.id, true)));
        red
    } else {
        stages.clone()
    };
    let sum = again(home, request, program, &suspects)?;
    if sum == Told::Green && speaks && !stages.is_empty() {
        let word = if stages.len() == 1 { "stage is" } else { "stages are" };
        println!("{} earlier {word} green still", stages.len());
    }
    Ok(sum)
}

/// Plays stages that were green before, one after the other, and remembers which are broken.
pub fn again(
    home: &mut Home,
    request: &Request,
    program: &Program,
    stages: &[Stage],
) -> Result<Told, String> {
    let mut teller = Teller::for_learner(request, home.at());
    let mut sum = Told::Green;
    for stage in stages {
        let options = Options { seed: request.seed, asked: Asked::Program, only: None };
        let told = teller.play(&home.script(stage)?, program, &options);
        if told != Told::Untried {
            home.record(|progress| progress.seen(&stage.id, told == Told::Green));
        }
        if told == Told::Red && request.format == Format::Text {
            println!(
                "{} · {} It alone: make test STAGE={}",
                home.place(stage),
                teller.style().red("you broke it: it was green before."),
                short_name(stage)
            );
        }
        sum = sum.and(told);
        if told != Told::Green && !request.all {
            break;
        }
    }
    Ok(sum)
}

/// Plays them beside each other, and gives the names of those that are not green.
fn red_ones(scripts: &[Script], seed: u64, program: &Program) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some(script) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut green = true;
            let options = Options { seed, asked: Asked::Program, only: None };
            player::play(script, program, &options, &mut |outcome| {
                green &= !matches!(outcome.verdict, Verdict::Red(_));
                if green { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            if !green {
                found.push(script.name.clone());
            }
        }
        found
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..MOST_THREADS.min(scripts.len())).map(|_| scope.spawn(work)).collect();
        let ended = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("playing a script does not panic"));
        ended.collect()
    })
}
