//! `make map`: how far the learner is, as a table here and as a page in me/map.html. The page is
//! written after every green, too.

use super::home::Home;
use super::progress::Progress;
use crate::cli::Request;
use crate::map::{self, Shown, State};
use crate::terminal;

/// The table; every stage of it with ALL=1. Without `me/` the map of the course.
pub fn map(request: &Request) -> Result<u8, String> {
    let root = request.repository()?;
    let style = terminal::style();
    let shown = if request.all { Shown::All } else { Shown::Begun };
    if !Progress::file(&Home::folder_in(&root)).exists() {
        let lines = map::read(&root, |_| State::Ahead)?;
        print!("{}", map::table(&lines, shown, style));
        return Ok(0);
    }
    let home = Home::open(request)?;
    let lines = map::read(&home.root, |id| state_of(&home, id))?;
    print!("{}", map::table(&lines, shown, style));
    map::write(&home.root, &home.folder, &lines)?;
    println!("as a page: me/map.html");
    Ok(0)
}

/// Writes the page anew. A page that cannot be written is no reason to fail a test.
pub fn renew(home: &Home) {
    let written = map::read(&home.root, |id| state_of(home, id))
        .and_then(|lines| map::write(&home.root, &home.folder, &lines));
    if let Err(text) = written {
        eprintln!("me/map.html: {text}");
    }
}

fn state_of(home: &Home, id: &str) -> State {
    let record = home.progress.of(id);
    if record.green.is_some() {
        State::Done(Some(record.minutes()))
    } else if home.progress.current == id {
        State::Current
    } else {
        State::Ahead
    }
}
