//! Plain `make`: in seven lines, where the learner is and what to type.

use super::home::{Home, PROGRAM};
use super::names::short_name;
use crate::cli::Request;

/// Tells it.
pub fn status(request: &Request) -> Result<u8, String> {
    let home = Home::open(request)?;
    let stage = home.current();
    let record = home.progress.of(&stage.id);
    let green = home.stages.iter().filter(|stage| home.progress.is_green(&stage.id)).count();
    let title = home.script(stage)?.title;
    println!("{}: {title}   ({green} of {} green)", home.place(stage), home.stages.len());
    let broken = home.broken();
    if let Some(stage) = broken.first() {
        let name = short_name(stage);
        println!("  {name} was green, and is red now: make test STAGE={name}");
    }
    let first = match (record.green, home.following()) {
        (Some(_), Some(_)) => "make next   this stage is green: on to the next one",
        (Some(_), None) => "make map    every stage is green: the way you came",
        (None, _) => "make test   plays this stage on your program, then all before it",
    };
    println!("  {first}");
    println!("  make watch  plays it after every change of a file in me/ ({PROGRAM} and the rest)");
    println!("  make hint   a question; again: the shape of an answer; again: the code");
    println!("  make read   the chapter          make try   a prompt on your server");
    println!("  make map    all stages           make book  all chapters, in the browser");
    println!("  make help   everything that can be made here, Redstart itself as well");
    Ok(0)
}
