//! `make watch`: plays the current stage again after every change of a file in `me/`. Green never
//! moves on by itself: the keys do.

use super::changes::Changes;
use super::home::Home;
use super::keys::Keys;
use super::{mapping, next, reading, testing};
use crate::cli::{Format, Request};
use crate::try_out;
use std::io::IsTerminal;

const HELP: &str = "watching me/ · n next · h hint · r read · t try · m map · Enter again · q quit";

/// Until `q`.
pub fn watch(request: &Request) -> Result<u8, String> {
    if request.format == Format::Json {
        return Err("`watch` is for people: FORMAT=json goes with `test`".into());
    }
    let home = Home::open(request)?;
    let mut keys = Keys::open();
    let mut changes = Changes::of(&home.folder);
    let mut code = play(request, &mut changes);
    loop {
        let key = keys.next();
        match key.map(|key| key.to_ascii_lowercase()) {
            None if !changes.look().is_empty() => {
                // Editors write in several steps: a moment without any is the end of them.
                while keys.next().is_some() || !changes.look().is_empty() {}
                code = play(request, &mut changes);
            }
            None => {}
            Some('q') => return Ok(code),
            Some('n') => {
                tell(next::next(&Request { case: None, ..request.clone() }));
                changes.look();
                println!("{HELP}");
            }
            Some('h') => {
                tell(reading::hint(request));
                println!("{HELP}");
            }
            Some('r') => {
                tell(keys.lent(|| reading::read(request)));
                println!("{HELP}");
            }
            Some('t') => {
                tell(keys.lent(|| by_hand(request)));
                println!("{HELP}");
            }
            Some('m') => {
                tell(mapping::map(request));
                println!("{HELP}");
            }
            Some('\n' | '\r' | ' ') => code = play(request, &mut changes),
            Some(_) => println!("{HELP}"),
        }
    }
}

/// Plays on a clean screen. What could not be tried now may be tried after the next change.
fn play(request: &Request, changes: &mut Changes) -> u8 {
    loop {
        if std::io::stdout().is_terminal() {
            print!("\x1b[2J\x1b[H");
        }
        changes.look();
        let code = tell(testing::test(request));
        if changes.look_after_run().is_empty() {
            println!("{HELP}");
            return code;
        }
    }
}

fn tell(result: Result<u8, String>) -> u8 {
    result.unwrap_or_else(|text| {
        println!("{text}");
        2
    })
}

fn by_hand(request: &Request) -> Result<u8, String> {
    let program = Home::open(request)?.program()?;
    try_out::run(&program, request.beside.as_deref())
}
