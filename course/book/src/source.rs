//! Pages of the repository's files that chapters lead to: `src/store/mod.rs#Store` becomes a page
//! of that file, opened at the line where the item stands.

use crate::highlight;
use anyhow::{Context, Result};
use redstart_course::map::escaped;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What may stand in front of an item's own word.
const MARKS: [&str; 6] = ["pub ", "pub(crate) ", "pub(super) ", "const ", "async ", "unsafe "];
const WORDS: [&str; 9] =
    ["fn", "struct", "enum", "const", "static", "type", "trait", "mod", "macro_rules!"];

/// The files that some page leads to.
#[derive(Debug)]
pub struct Sources {
    root: PathBuf,
    wanted: BTreeSet<String>,
}

impl Sources {
    pub fn new(root: &Path) -> Self {
        Sources { root: root.to_owned(), wanted: BTreeSet::new() }
    }

    /// The address, from the book's folder, of a file of the repository (and an item in it); None
    /// if there is no such file.
    pub fn address(&mut self, path: &str, item: Option<&str>) -> Option<String> {
        let text = std::fs::read_to_string(self.root.join(path)).ok()?;
        self.wanted.insert(path.to_owned());
        let place = item.and_then(|item| line_of(&text, item));
        let place = place.map(|line| format!("#L{line}")).unwrap_or_default();
        Some(format!("{}{place}", page_name(path)))
    }

    /// The address of what a chapter writes in backquotes: `src/protocol/mod.rs#Reply`.
    pub fn address_of_code(&mut self, code: &str) -> Option<String> {
        let (path, item) =
            code.split_once('#').map_or((code, None), |(path, item)| (path, Some(item)));
        let is_path = path.contains('/') && !path.contains(' ') && !path.starts_with('/');
        // `src/store.rs` alone is as likely the learner's file.
        (is_path && item.is_some()).then(|| self.address(path, item)).flatten()
    }

    /// Writes a page for every file that was asked for.
    pub fn write(&self, folder: &Path, frame: impl Fn(&str, &str) -> String) -> Result<()> {
        for path in &self.wanted {
            let text = std::fs::read_to_string(self.root.join(path))?;
            let mut code = String::new();
            let lines = highlight::lines(&text, highlight::of_path(path));
            for (index, line) in lines.iter().enumerate() {
                let number = index + 1;
                writeln!(code, "<span class=\"row\" id=\"L{number}\">{line}</span>")?;
            }
            let title = escaped(path);
            let body = format!(
                "<article class=\"source\"><h1><code>{title}</code></h1>\n\
                 <p class=\"lead\">A file of this repository, when the book was made.</p>\n\
                 <pre class=\"numbered\"><code>{code}</code></pre></article>"
            );
            let file = folder.join(page_name(path));
            std::fs::write(&file, frame(path, &body))
                .with_context(|| format!("writing {}", file.display()))?;
        }
        Ok(())
    }
}

fn page_name(path: &str) -> String {
    format!("file-{}.html", path.replace(['/', '.'], "-"))
}

/// The line on which `handle`, `Store` or `Store::get` begins, counted from 1.
pub fn line_of(text: &str, item: &str) -> Option<usize> {
    let (owner, name) = match item.rsplit_once("::") {
        Some((owner, name)) => (Some(owner.rsplit("::").next().unwrap_or(owner)), name),
        None => (None, item),
    };
    let mut lines = text.lines().enumerate();
    if let Some(owner) = owner {
        let opens = |line: &str| line.starts_with("impl") && words(line).any(|word| word == owner);
        // Its methods may stand in a later `impl` than the first.
        let starts: Vec<usize> =
            lines.clone().filter(|(_, line)| opens(line)).map(|(index, _)| index).collect();
        return starts.iter().find_map(|&start| {
            let inside = text.lines().enumerate().skip(start + 1);
            let mut body = inside.take_while(|(_, line)| *line != "}");
            body.find(|(_, line)| defines(line, name)).map(|(index, _)| index + 1)
        });
    }
    lines.find(|(_, line)| defines(line, name)).map(|(index, _)| index + 1)
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
}

fn defines(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    // `const` is a mark of a function and the word of a constant: both ways are tried.
    let mut rest = line;
    loop {
        let word = WORDS.iter().find_map(|word| rest.strip_prefix(word)?.strip_prefix(' '));
        if word.is_some_and(|behind| words(behind).next() == Some(name)) {
            return true;
        }
        match MARKS.iter().find_map(|mark| rest.strip_prefix(mark)) {
            Some(shorter) => rest = shorter,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_at_their_lines() {
        let text = "//! Store\n\
                    use x::Store;\n\
                    pub struct Store {\n}\n\n\
                    impl Drop for Store {\n    fn drop(&mut self) {}\n}\n\
                    impl Store {\n    pub async fn get(&self) {}\n}\n\
                    fn get() {}\n\
                    const MOST: u8 = 1;\n\
                    pub const fn most() {}\n\
                    macro_rules! two {}\n";
        for (item, line) in [
            ("Store", 3),
            ("Store::get", 10),
            ("Store::drop", 7),
            ("get", 10),
            ("MOST", 13),
            ("most", 14),
            ("two", 15),
        ] {
            assert_eq!(line_of(text, item), Some(line), "{item}");
        }
        assert_eq!(line_of(text, "Stor"), None);
        assert_eq!(line_of(text, "Other::get"), None);
    }
}
