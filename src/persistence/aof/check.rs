//! `redstart check-aof [--fix] FILE|MANIFEST`: says what a file of the log, or all files of a
//! manifest, hold, and where they break.
//!
//! Only the end of the last file is ever cut off, and only after a yes: what is damaged further
//! up, nobody but its owner can judge.

use super::manifest::Manifest;
use super::read::{Item, ReadError, Reader};
use crate::protocol::OwnedWords;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::path::Path;

/// What can be asked for on the command line.
pub const USAGE: &str = "Usage: redstart check-aof [--fix] <file.manifest|file.aof>";

/// Looks through a file or all files of a manifest; true when all is well, or was mended.
///
/// # Errors
/// When a file cannot be read or written.
pub fn check(place: &Path, is_to_be_fixed: bool) -> Result<bool> {
    let text = std::fs::read(place).with_context(|| format!("reading {}", place.display()))?;
    if !text.starts_with(b"file ") && !text.starts_with(b"#") {
        drop(text);
        return check_file(place, is_to_be_fixed);
    }
    let manifest = Manifest::parse(&text)?;
    let folder = place.parent().unwrap_or(Path::new("."));
    let count = manifest.parts().count();
    for (number, part) in manifest.parts().enumerate() {
        let is_last = number + 1 == count;
        if !check_file(&folder.join(&part.name), is_to_be_fixed && is_last)? {
            return Ok(false);
        }
    }
    println!("All AOF files and manifest are valid");
    Ok(true)
}

/// What is in a file.
#[derive(Default)]
struct Contents {
    calls: u64,
    transactions: u64,
    /// Calls by the command's name.
    by_name: BTreeMap<String, u64>,
    /// The end of the last whole call that is not part of a transaction without an end.
    whole: u64,
    /// What is wrong behind it.
    flaw: Option<String>,
}

fn check_file(place: &Path, is_to_be_fixed: bool) -> Result<bool> {
    let shown = place.display();
    let mut reader = Reader::open(place, 0).with_context(|| format!("opening {shown}"))?;
    if reader.begins_with(b"REDIS")? {
        println!("{shown}: {} bytes of a snapshot: see redstart check-rdb", reader.length());
        return Ok(true);
    }
    let contents = look_through(&mut reader)?;
    let rest = reader.length() - contents.whole;
    println!(
        "AOF analyzed: filename={shown}, size={}, ok_up_to={}, diff={rest}",
        reader.length(),
        contents.whole
    );
    println!("  {} calls, {} transactions", contents.calls, contents.transactions);
    for (name, count) in &contents.by_name {
        println!("  {name}: {count}");
    }
    let Some(flaw) = contents.flaw else {
        println!("AOF {shown} is valid");
        return Ok(true);
    };
    println!("At offset {}: {flaw}", contents.whole);
    if !is_to_be_fixed {
        println!("AOF {shown} is not valid. Use the --fix option to try fixing it.");
        return Ok(false);
    }
    print!("This will shrink the AOF {shown} by {rest} bytes. Continue? [y/N]: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if !answer.trim_start().to_ascii_lowercase().starts_with('y') {
        bail!("{shown} is left as it is");
    }
    let file = OpenOptions::new().write(true).open(place);
    let cut = file.and_then(|file| file.set_len(contents.whole).and_then(|()| file.sync_all()));
    cut.with_context(|| format!("truncating {shown}"))?;
    println!("Successfully truncated AOF {shown}");
    Ok(true)
}

fn look_through(reader: &mut Reader) -> Result<Contents> {
    let mut contents = Contents::default();
    let mut words = OwnedWords::default();
    let mut is_open = false;
    loop {
        match reader.next(&mut words) {
            Ok(Item::Call) => {}
            Ok(Item::End) => {
                let flaw = "MULTI without EXEC".to_string();
                contents.flaw = is_open.then_some(flaw);
                return Ok(contents);
            }
            Err(ReadError::Io(error)) => return Err(error).context("reading the file"),
            Err(ReadError::Truncated) => {
                contents.flaw = Some("the file ends inside a call".to_string());
                return Ok(contents);
            }
            Err(ReadError::Malformed(expected)) => {
                contents.flaw = Some(format!("damaged: {expected}"));
                return Ok(contents);
            }
        }
        let name = String::from_utf8_lossy(words.view().get(0)).to_ascii_uppercase();
        match name.as_str() {
            "MULTI" => is_open = true,
            "EXEC" => {
                is_open = false;
                contents.transactions += 1;
            }
            _ => {
                contents.calls += 1;
                *contents.by_name.entry(name).or_default() += 1;
            }
        }
        if !is_open {
            contents.whole = reader.offset();
        }
    }
}
