//! What the pages tell a reader to type exists: every `make …` that they name is a target.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The targets of the Makefile.
fn targets() -> BTreeSet<String> {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let named = makefile.lines().filter(|line| !line.starts_with(['\t', ' ', '#', '.']));
    let names =
        named.filter_map(|line| line.split_once(':').filter(|(_, rest)| !rest.starts_with('=')));
    names.flat_map(|(names, _)| names.split_whitespace().map(str::to_owned)).collect()
}

/// The pages that a reader is shown.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "course/README.md", "course/proof/README.md"]
            .iter()
            .map(|name| root().join(name))
            .collect();
    for stage in fs::read_dir(root().join("course/stages")).unwrap() {
        let folder = stage.unwrap().path();
        let names = ["chapter.md", "brief.md", "hints.md"].map(|name| folder.join(name));
        pages.extend(names.into_iter().filter(|page| page.is_file()));
    }
    pages
}

/// The words behind `make` in code: within backquotes, or at the beginning of a line of a block.
fn named(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let codes: Vec<&str> = match in_block || line.starts_with("    ") {
            true => vec![line.trim_start()],
            false => line.split('`').skip(1).step_by(2).collect(),
        };
        for code in codes {
            let mut words = code.split_whitespace();
            if words.next() == Some("make") {
                // `make C=…` and plain `make` name no target.
                let target = words.find(|word| !word.starts_with('-') && !word.contains('='));
                named.extend(target.map(|word| word.trim_end_matches([',', '.', ';']).to_owned()));
            }
        }
    }
    named
}

#[test]
fn every_command_that_a_page_names_exists() {
    let targets = targets();
    assert!(targets.contains("test") && targets.contains("book"), "{targets:?}");
    let mut count = 0;
    for page in pages() {
        for target in named(&fs::read_to_string(&page).unwrap()) {
            count += 1;
            assert!(targets.contains(&target), "{}: there is no `make {target}`", page.display());
        }
    }
    assert!(count > 30, "only {count} were found");
}
