//! Tidiness as a test: who may use whom, sizes, and the few rules of style that a machine can
//! check.
//!
//! The arrows below are the architecture. A `use crate::` (or a path) that is not in the table
//! fails here, with the line.

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, in lines.
const LONGEST_FILE: usize = 600;
/// Longest function, in lines.
const LONGEST_FUNCTION: usize = 70;
/// Longest line, in characters.
const LONGEST_LINE: usize = 100;

/// Which folder of `src/` may use which others.
const ARROWS: &[(&str, &[&str])] = &[
    ("net", &["protocol", "engine", "server", "command", "config"]),
    ("engine", &["protocol", "command", "server", "store", "persistence"]),
    (
        "commands",
        &["command", "server", "store", "types", "protocol", "config", "observe", "persistence"],
    ),
    ("command", &["server", "store", "protocol", "types"]),
    ("server", &["store", "config", "protocol", "persistence"]),
    ("persistence", &["store", "types", "protocol", "config"]),
    ("store", &["types"]),
    ("protocol", &["types"]),
    ("config", &["types"]),
    ("types", &[]),
    ("observe", &[]),
];

/// Files at the top of `src/` put the parts together and may use them all.
const TOP_FILES: &[&str] = &["lib", "main", "start"];

fn rust_files(root: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(root)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no Rust files under {root}");
    found
}

fn all_files() -> Vec<PathBuf> {
    ["src", "tests", "course", "benches", "fuzz"].into_iter().flat_map(rust_files).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Fails with every finding, one a line.
fn report(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn parts_use_only_what_their_arrows_allow() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut findings = Vec::new();
    for path in rust_files("src") {
        let inside = path.strip_prefix(&src).expect("a file of src");
        let part = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let part = part.trim_end_matches(".rs");
        if TOP_FILES.contains(&part) {
            continue;
        }
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == part)
            .unwrap_or_else(|| panic!("src/{part} has no row in ARROWS"));
        for (number, line) in read(&path).lines().enumerate() {
            for used in used_parts(line) {
                if used != part && !allowed.contains(&used) {
                    findings.push(format!("{}:{}: {part} → {used}", path.display(), number + 1));
                }
            }
        }
    }
    report(findings);
}

/// The parts that a line names: `crate::store::Db`, `use crate::{net, observe};`.
fn used_parts(line: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut parts = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        if line[..at].ends_with(is_name) {
            continue;
        }
        let names = rest.strip_prefix('{').and_then(|list| list.split('}').next());
        match names {
            Some(list) => {
                parts.extend(
                    list.split(',').map(|name| name.trim().split("::").next().unwrap_or("")),
                );
            }
            None => parts.extend(rest.split(|c| !is_name(c)).next()),
        }
    }
    parts.retain(|part| part.starts_with(|c: char| c.is_lowercase()));
    parts
}

#[test]
fn files_begin_with_what_they_are_and_fit_a_sitting() {
    let mut findings = Vec::new();
    for path in all_files() {
        let text = read(&path);
        if !text.starts_with("//!") {
            findings.push(format!("{}: does not begin with //!", path.display()));
        }
        let lines = text.lines().count();
        if lines > LONGEST_FILE {
            findings.push(format!("{}: {lines} lines", path.display()));
        }
    }
    report(findings);
}

#[test]
fn lines_fit_a_screen() {
    let mut findings = Vec::new();
    for path in all_files() {
        for (number, line) in read(&path).lines().enumerate() {
            if line.chars().count() > LONGEST_LINE {
                findings.push(format!("{}:{}: too long", path.display(), number + 1));
            }
        }
    }
    report(findings);
}

#[test]
fn functions_fit_a_view() {
    let mut findings = Vec::new();
    for path in all_files() {
        let text = read(&path);
        let mut open: Option<(usize, usize, &str)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            if open.is_none() && is_function(line) && !line.trim_end().ends_with(';') {
                open = Some((number, indent, line.trim()));
            }
            // rustfmt closes a function at the indentation it was opened with.
            if let Some((start, at, name)) = open
                && line.trim_end().ends_with('}')
                && indent == at
            {
                let length = number - start + 1;
                if length > LONGEST_FUNCTION {
                    findings.push(format!(
                        "{}:{}: {length} lines: {name}",
                        path.display(),
                        start + 1
                    ));
                }
                open = None;
            }
        }
    }
    report(findings);
}

fn is_function(line: &str) -> bool {
    let line = line.trim_start();
    let marks = ["pub ", "pub(super) ", "pub(crate) ", "const ", "async ", "unsafe "];
    let bare = marks.iter().fold(line, |rest, mark| rest.strip_prefix(mark).unwrap_or(rest));
    bare.starts_with("fn ")
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimpl", "emented!")];
    let marks = marks.into_iter().chain([concat!("to", "do!"), concat!("#[ig", "nore")]);
    let marks: Vec<&str> = marks.collect();
    let mut findings = Vec::new();
    for path in all_files() {
        for (number, line) in read(&path).lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark)) {
                findings.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    report(findings);
}

#[test]
fn unsafe_blocks_say_why_they_are_sound() {
    let mut findings = Vec::new();
    for path in rust_files("src") {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let is_block =
                line.contains("unsafe {") || line.trim_start().starts_with("unsafe impl");
            if !is_block || line.trim_start().starts_with("//") {
                continue;
            }
            let above = &lines[number.saturating_sub(6)..=number];
            if !above.iter().any(|line| line.contains("SAFETY:")) {
                findings.push(format!("{}:{}: no SAFETY", path.display(), number + 1));
            }
            let place = path.to_string_lossy();
            if !place.contains("/src/store/") && !place.contains("/src/types/") {
                findings.push(format!("{}:{}: unsafe outside store", path.display(), number + 1));
            }
        }
    }
    report(findings);
}
