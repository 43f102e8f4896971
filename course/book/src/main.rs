//! `make book`: one site of all chapters, in target/course/book. It works from the file system.
//!   site.rs       which pages there are
//!   page.rs       the frame of every page
//!   render.rs     Markdown as HTML
//!   highlight.rs  colours for code
//!   changes.rs    what a stage changes in the program
//!   source.rs     pages of the server's files that chapters lead to
//!   search.rs     the index of the search
//!   assets/       style and scripts
//! Exit codes: 0 made, 1 made with something missing, 2 not made.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod changes;
mod highlight;
mod page;
mod render;
mod search;
mod site;
mod source;

use anyhow::{Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "redstart-book [--root DIR] [--out DIR]";

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("{error:#}");
        ExitCode::from(2)
    })
}

fn run() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let (mut root, mut out) = (None, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next().map(PathBuf::from);
        match (name.as_str(), value) {
            ("--root", Some(folder)) => root = Some(folder),
            ("--out", Some(folder)) => out = Some(folder),
            _ => bail!("{USAGE}"),
        }
    }
    let root = match root {
        Some(root) => root,
        None => redstart_proof::course::find_root()?,
    };
    let folder = out.unwrap_or_else(|| root.join("target/course/book"));
    let made = site::make(&root, &folder)?;
    for fault in &made.faults {
        eprintln!("{fault}");
    }
    let address = redstart_course::map::address_of(&folder.join("index.html"));
    println!("{} chapters: {address}", made.chapters);
    Ok(if made.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
