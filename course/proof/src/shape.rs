//! Is a chapter well formed? Its sections, lengths, sessions and links, and code that is said to be
//! the server's.

use crate::chapter::{Chapter, Role};
use crate::items::{self, RustFile};
use std::path::Path;

/// The sections of a chapter, in their order.
const SECTIONS: [&str; 9] = [
    "What you will have",
    "The idea",
    "On the wire",
    "Predict",
    "The code",
    "Run it",
    "In the real server",
    "Three questions",
    "Going further",
];
/// Lines of a chapter, at least.
const LEAST_LINES: usize = 120;
/// Lines of a chapter, at most, without the code of the program: a format on disk needs what it
/// needs, and whoever works in another language steps over it.
const MOST_LINES: usize = 250;
/// Lines and columns of a brief.
const BRIEF_LINES: usize = 25;
const BRIEF_COLUMNS: usize = 80;
/// Columns of code, as everywhere in the repository.
const CODE_COLUMNS: usize = 100;

/// Everything that is wrong with the chapter's form.
pub fn faults(root: &Path, folder: &Path, chapter: &Chapter) -> Vec<String> {
    let mut faults = sections(chapter);
    let lines = chapter.text.lines().count();
    let to_read = lines - code_lines(chapter);
    if lines < LEAST_LINES {
        faults.push(format!("the chapter has {lines} lines; {LEAST_LINES} are the least"));
    }
    if to_read > MOST_LINES {
        faults.push(format!("the chapter has {to_read} lines beside its code, of {MOST_LINES}"));
    }
    if !chapter.fences.iter().any(|fence| fence.role == Role::Session) {
        faults.push("the chapter has no session: add a ```redis fence to `## Run it`".into());
    }
    faults.extend(long_code(chapter));
    faults.extend(links(root, chapter));
    faults.extend(quoted_code(root, chapter));
    faults.extend(brief(folder));
    faults.extend(hints(folder));
    faults
}

/// Lines of the program's code.
fn code_lines(chapter: &Chapter) -> usize {
    let is_code = |role: &Role| matches!(role, Role::Items(_) | Role::Whole(_));
    let fences = chapter.fences.iter().filter(|fence| is_code(&fence.role));
    fences.map(|fence| chapter.content(fence).lines().count()).sum()
}

fn sections(chapter: &Chapter) -> Vec<String> {
    let mut faults = Vec::new();
    if !chapter.text.starts_with("# ") {
        faults.push("the first line is not `# N. Title`".into());
    }
    let found: Vec<&str> = chapter.sections.iter().map(|(_, name)| name.as_str()).collect();
    let mut from = 0;
    for name in SECTIONS {
        match found[from..].iter().position(|known| *known == name) {
            Some(place) => from += place + 1,
            None if found.contains(&name) => {
                faults.push(format!("`## {name}` stands in the wrong place"));
            }
            None => faults.push(format!("`## {name}` is missing")),
        }
    }
    faults
}

fn long_code(chapter: &Chapter) -> Vec<String> {
    let mut faults = Vec::new();
    for fence in &chapter.fences {
        for (index, line) in chapter.content(fence).lines().enumerate() {
            if line.chars().count() > CODE_COLUMNS {
                let number = fence.line + index + 1;
                faults.push(format!("line {number} has more than {CODE_COLUMNS} columns"));
            }
        }
    }
    faults
}

/// `src/store/mod.rs#Store` in the section on the real server, and every link to a file.
fn links(root: &Path, chapter: &Chapter) -> Vec<String> {
    let mut faults = Vec::new();
    let here = chapter.path.parent().unwrap_or(root);
    for (number, section, line) in chapter.prose() {
        if section == "In the real server" || line.to_lowercase().contains("in the real server:") {
            for text in line.split('`').skip(1).step_by(2) {
                if let Some(fault) = server_link(root, text) {
                    faults.push(format!("line {number}: `{text}`: {fault}"));
                }
            }
        }
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let is_file = !target.contains("://") && !file.is_empty();
            if is_file && !here.join(file).exists() {
                faults.push(format!("line {number}: {target} leads nowhere"));
            }
        }
    }
    faults
}

/// What is wrong with a link into the server's source; other texts are no links.
fn server_link(root: &Path, text: &str) -> Option<String> {
    let (path, item) = text.split_once('#').map_or((text, None), |(path, item)| (path, Some(item)));
    let folders = ["src/", "tests/", "docs/", "course/", "benches/", "fuzz/"];
    if !folders.iter().any(|folder| path.starts_with(folder)) || path.contains(' ') {
        return None;
    }
    let Ok(text) = std::fs::read_to_string(root.join(path)) else {
        return (!root.join(path).is_dir()).then(|| "there is no such file in the server".into());
    };
    let item = item?;
    let file = match items::parse(&text) {
        Ok(file) => file,
        Err(error) => return Some(format!("{error:#}")),
    };
    (!has_item(&file, item)).then(|| format!("{path} has no item called {item}"))
}

/// `Store`, `Store::get`, `handle`.
fn has_item(file: &RustFile, item: &str) -> bool {
    let named = |key: &str, name: &str| key.split_once(' ').is_some_and(|(_, known)| known == name);
    let member = item.rsplit("::").next().unwrap_or(item);
    file.items.iter().any(|piece| {
        named(&piece.key, item)
            || item.contains("::")
                && piece.members.iter().flatten().any(|known| named(&known.key, member))
    })
}

/// Fences that say that they are the server's.
fn quoted_code(root: &Path, chapter: &Chapter) -> Vec<String> {
    let mut faults = Vec::new();
    for fence in &chapter.fences {
        let Role::FromServer(path) = &fence.role else { continue };
        let server = std::fs::read_to_string(root.join(path)).unwrap_or_default();
        let lines: Vec<&str> = server.lines().map(str::trim).collect();
        let quoted: Vec<&str> = chapter.content(fence).lines().map(str::trim).collect();
        let is_there = lines.windows(quoted.len().max(1)).any(|window| window == quoted);
        if !is_there {
            faults.push(format!("line {}: this is not what {path} says", fence.line));
        }
    }
    faults
}

fn brief(folder: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(folder.join("brief.md")) else {
        return vec!["brief.md is missing".into()];
    };
    let mut faults = Vec::new();
    if text.lines().count() > BRIEF_LINES {
        faults.push(format!("brief.md has more than {BRIEF_LINES} lines"));
    }
    for (index, line) in text.lines().enumerate() {
        if line.chars().count() > BRIEF_COLUMNS {
            faults.push(format!("brief.md:{}: more than {BRIEF_COLUMNS} columns", index + 1));
        }
    }
    faults
}

fn hints(folder: &Path) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(folder.join("hints.md")) else {
        return vec!["hints.md is missing".into()];
    };
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
    if headings != ["## 1", "## 2"] {
        return vec!["hints.md needs `## 1` (a question) and `## 2` (the shape), no more".into()];
    }
    let parts: Vec<&str> = text.split("## ").skip(1).collect();
    let is_empty = |part: &&str| part.lines().skip(1).all(|line| line.trim().is_empty());
    if parts.iter().any(is_empty) {
        return vec!["hints.md has an empty hint".into()];
    }
    Vec::new()
}
