//! `make next`: on to the next stage, once the current one is green; or to any stage by its name.
//! Shows its brief and plays it once. While a stage is known to be broken, there is no next. Stages
//! that the program passes already are green at once, and the way goes on to the first that it does
//! not.

use super::home::Home;
use super::names::{short_name, stage_named};
use super::testing;
use crate::cli::{Format, Request, Told};
use crate::tracks::Stage;

/// The exit code: 0 when the learner is at another stage, 1 when the current one is red.
pub fn next(request: &Request) -> Result<u8, String> {
    if request.case.is_some() {
        return Err("`next` plays whole stages: CASE=n goes with `test`".into());
    }
    let mut home = Home::open(request)?;
    if request.format == Format::Json {
        return Err("`next` is for people: FORMAT=json goes with `test`".into());
    }
    let program = home.program()?;
    if let Some(name) = &request.stage {
        let stage = stage_named(&home.stages, name, home.track())?.clone();
        enter(&mut home, &stage);
        return testing::run(&mut home, request, &program).map(untried_only);
    }
    if !home.progress.is_green(&home.progress.current) {
        let told = testing::run(&mut home, request, &program)?;
        if told != Told::Green {
            println!("Not yet: not all is green. To go on all the same: {}", by_name(&home));
            return Ok(told.code());
        }
    }
    let broken = home.broken();
    let told = testing::again(&mut home, request, &program, &broken)?;
    if told != Told::Green {
        let names: Vec<String> = home.broken().iter().map(short_name).collect();
        println!(
            "Not yet: {} was green, and is red now. To go on all the same: {}",
            names.join(", "),
            by_name(&home)
        );
        return Ok(told.code());
    }
    while let Some(stage) = home.following().cloned() {
        enter(&mut home, &stage);
        let told = testing::current(&mut home, request, &program)?;
        if told != Told::Green {
            return Ok(untried_only(told));
        }
        println!("Your program did that already.\n");
    }
    println!("Every stage of the course is green. `make map` shows the way you came.");
    Ok(0)
}

/// Red is what a new stage has to be.
fn untried_only(told: Told) -> u8 {
    if told == Told::Untried { told.code() } else { 0 }
}

fn by_name(home: &Home) -> String {
    home.following().map_or("there is no other".into(), |stage| {
        format!("make next STAGE={}", short_name(stage))
    })
}

fn enter(home: &mut Home, stage: &Stage) {
    home.record(|progress| progress.go_to(&stage.id));
    let title = home.script(stage).map_or(String::new(), |it| it.title);
    println!("{}: {title}\n", home.place(stage));
    if let Some(brief) = home.page(stage, "brief.md") {
        println!("{}\n", brief.trim_end());
    }
}
