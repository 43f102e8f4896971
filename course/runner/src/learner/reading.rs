//! `make hint` and `make read`: the pages of a stage, in the terminal.
//!   hints.md    `## 1` a question · `## 2` the shape of an answer; level 3 is the chapter's code
//!   chapter.md  through the pager, if a person is there to turn its pages
//! No level is locked: each call shows the next, and LEVEL=n any of them.

use super::home::Home;
use super::names::{short_name, stage_named};
use super::page;
use crate::cli::Request;
use crate::terminal;
use crate::tracks::Stage;
use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// The level that is the code.
const LAST_LEVEL: u64 = 3;

/// The next hint of the stage.
pub fn hint(request: &Request) -> Result<u8, String> {
    let mut home = Home::open(request)?;
    let stage = chosen(&home, request)?;
    let seen = home.progress.of(&stage.id).hints;
    let level = request.level.unwrap_or((seen + 1).min(LAST_LEVEL));
    if !(1..=LAST_LEVEL).contains(&level) {
        return Err(format!("there is no level {level}: 1 is a question, 2 a shape, 3 the code"));
    }
    let hints = home.page(&stage, "hints.md").unwrap_or_default();
    let chapter = home.page(&stage, "chapter.md").unwrap_or_default();
    let text = match section(&hints, level) {
        Some(text) => text,
        None if level == LAST_LEVEL && !code(&chapter).is_empty() => code(&chapter),
        None => return Err(format!("{} has no hint of level {level}", short_name(&stage))),
    };
    home.record(|progress| progress.hinted(&stage.id, level));
    println!("{} · hint {level} of {LAST_LEVEL}\n\n{text}\n", home.place(&stage));
    println!(
        "{}",
        match level {
            1 => "again: the shape of an answer, in a few lines",
            2 => "again: the code of the chapter, in Rust",
            _ => "the reasons for each part of it: make read",
        }
    );
    Ok(0)
}

/// The chapter of the stage.
pub fn read(request: &Request) -> Result<u8, String> {
    let home = Home::open(request)?;
    let stage = chosen(&home, request)?;
    let page = home.page(&stage, "chapter.md").or_else(|| home.page(&stage, "brief.md"));
    let Some(text) = page else {
        return Err(format!("{} has no chapter yet", short_name(&stage)));
    };
    show(&text);
    Ok(0)
}

/// The stage that was named, or the current one.
fn chosen(home: &Home, request: &Request) -> Result<Stage, String> {
    match &request.stage {
        Some(name) => stage_named(&home.stages, name, home.track()).cloned(),
        None => Ok(home.current().clone()),
    }
}

/// What stands below `## LEVEL`.
fn section(text: &str, level: u64) -> Option<String> {
    let head = format!("## {level}");
    let mut lines = text.lines().skip_while(|line| line.trim_end() != head);
    lines.next()?;
    let body: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
    Some(body.join("\n").trim().to_owned())
}

/// The fences of a chapter that change a file: ```` ```rust src/main.rs ````.
fn code(chapter: &str) -> String {
    let mut parts = Vec::new();
    let mut lines = chapter.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let words: Vec<&str> = info.split_whitespace().collect();
        if let [_, path, rest @ ..] = &words[..]
            && *path != "from"
        {
            let what =
                if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(" ")) };
            parts.push(format!("--- {path}{what}\n{}", body.join("\n")));
        }
    }
    parts.join("\n\n")
}

/// Through the pager on a terminal; without it into files and pipes.
fn show(text: &str) {
    let painted = page::page(text, terminal::style());
    if !std::io::stdout().is_terminal() {
        print!("{painted}");
        return;
    }
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.is_empty());
    let command = pager.unwrap_or_else(|| "less".into());
    let child = Command::new("sh")
        .args(["-c", &command])
        .env("LESS", std::env::var("LESS").unwrap_or_else(|_| "-FRX".into()))
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        print!("{painted}");
        return;
    };
    if let Some(mut pipe) = child.stdin.take() {
        // A reader who has seen enough closes the pipe.
        let _ = pipe.write_all(painted.as_bytes());
    }
    let ended = child.wait();
    // 127: there is no such pager.
    if ended.is_ok_and(|status| status.code() == Some(127)) {
        print!("{painted}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_what_stands_below_its_number() {
        let text = "# Hints\n\n## 1\nWho waits?\n\n## 2\nA thread\nfor each.\n";
        assert_eq!(section(text, 1).unwrap(), "Who waits?");
        assert_eq!(section(text, 2).unwrap(), "A thread\nfor each.");
        assert_eq!(section(text, 3), None);
    }

    #[test]
    fn the_code_is_what_changes_a_file() {
        let chapter = "x\n```rust\nlook\n```\n```rust src/main.rs\nfn a() {}\n```\n\
                       ```rust from src/x.rs\nno\n```\n```toml Cargo.toml\n[a]\n```\n";
        assert_eq!(code(chapter), "--- src/main.rs\nfn a() {}\n\n--- Cargo.toml\n[a]");
    }
}
