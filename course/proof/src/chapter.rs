//! A chapter as its author wrote it: headings, fences, links, each with its line. The fences that
//! name a file are the code of the stage.
//!   rust src/store.rs           whole items, put into the file
//!   rust src/store.rs whole     the file from its first line to its last
//!   rust src/store.rs remove    one item a line that is taken out; `file` takes the file
//!   toml Cargo.toml             any other file: always whole
//!   redis                       a session, played on the program
//!   rust from src/…             items of the real server, to be read
//!   anything else               to be read

use anyhow::{Context, Result, bail};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A chapter's text and what was found in it.
#[derive(Debug)]
pub struct Chapter {
    pub path: PathBuf,
    pub text: String,
    /// Line and text of every `## …`.
    pub sections: Vec<(usize, String)>,
    pub fences: Vec<Fence>,
}

/// A block of code.
#[derive(Debug)]
pub struct Fence {
    /// Of the line that opens it, counted from 1.
    pub line: usize,
    /// Where its content stands in the chapter.
    pub range: Range<usize>,
    pub role: Role,
}

/// What a fence is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    Items(String),
    Whole(String),
    Remove(String),
    Session,
    FromServer(String),
    ToRead,
}

impl Chapter {
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{}: cannot be read", path.display()))?;
        Chapter::parse(path, text)
    }

    pub fn parse(path: &Path, text: String) -> Result<Self> {
        let mut sections = Vec::new();
        let mut fences = Vec::new();
        let mut open: Option<(usize, String, usize)> = None;
        let mut at = 0;
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let begin = at;
            at += line.len();
            let trimmed = line.trim_end();
            match (&open, trimmed.strip_prefix("```")) {
                (None, Some(info)) => open = Some((index + 1, info.trim().to_owned(), at)),
                (Some((number, info, from)), Some("")) => {
                    let role =
                        role(info).with_context(|| format!("{}:{number}", path.display()))?;
                    fences.push(Fence { line: *number, range: *from..begin, role });
                    open = None;
                }
                (None, None) if trimmed.starts_with("## ") => {
                    sections.push((index + 1, trimmed[3..].to_owned()));
                }
                _ => {}
            }
        }
        if let Some((number, ..)) = open {
            bail!("{}:{number}: this fence is never closed", path.display());
        }
        Ok(Chapter { path: path.to_owned(), text, sections, fences })
    }

    pub fn content(&self, fence: &Fence) -> &str {
        &self.text[fence.range.clone()]
    }

    /// `chapter.md:41`, for messages.
    pub fn place(&self, fence: &Fence) -> String {
        format!("{}:{}", self.path.display(), fence.line)
    }

    /// The lines outside fences, with their numbers and the section that they stand in.
    pub fn prose(&self) -> Vec<(usize, &str, &str)> {
        let mut section = "";
        let mut inside = false;
        let mut lines = Vec::new();
        for (index, line) in self.text.lines().enumerate() {
            if line.starts_with("```") {
                inside = !inside;
                continue;
            }
            if inside {
                continue;
            }
            section = line.strip_prefix("## ").unwrap_or(section);
            lines.push((index + 1, section, line));
        }
        lines
    }
}

fn role(info: &str) -> Result<Role> {
    let words: Vec<&str> = info.split_whitespace().collect();
    Ok(match words[..] {
        ["redis"] => Role::Session,
        ["rust", "from", path] => Role::FromServer(path.to_owned()),
        ["rust", path] => Role::Items(checked(path)?),
        [_, path, "remove"] => Role::Remove(checked(path)?),
        [_, path, "whole"] => Role::Whole(checked(path)?),
        [language, path] if language != "redis" => Role::Whole(checked(path)?),
        [] | [_] => Role::ToRead,
        _ => bail!("```{info}: not understood"),
    })
}

/// A path within the learner's repository.
fn checked(path: &str) -> Result<String> {
    let wild = path.starts_with('/') || path.split('/').any(|part| part.is_empty() || part == "..");
    if wild {
        bail!("{path}: a path within the learner's repository is needed");
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_know_their_lines_roles_and_content() {
        let text = "# 1. A\n## The code\n```rust src/a.rs\nfn a() {}\n```\n```toml Cargo.toml\n\
                    x = 1\n```\n```rust src/a.rs remove\nfn b\n```\n```redis\nA> PING\n```\n\
                    ```rust\nlook\n```\n```rust from src/b.rs\nconst B: u8 = 1;\n```\n";
        let chapter = Chapter::parse(Path::new("x.md"), text.to_owned()).unwrap();
        let roles: Vec<_> = chapter.fences.iter().map(|fence| fence.role.clone()).collect();
        assert_eq!(
            roles,
            [
                Role::Items("src/a.rs".into()),
                Role::Whole("Cargo.toml".into()),
                Role::Remove("src/a.rs".into()),
                Role::Session,
                Role::ToRead,
                Role::FromServer("src/b.rs".into()),
            ]
        );
        assert_eq!(chapter.fences[0].line, 3);
        assert_eq!(chapter.content(&chapter.fences[0]), "fn a() {}\n");
        assert_eq!(chapter.sections, [(2, "The code".to_owned())]);
    }

    #[test]
    fn a_path_never_leads_out_of_the_repository() {
        for info in ["rust ../a.rs", "rust /etc/a.rs", "toml a//b", "rust src/a.rs hole"] {
            assert!(role(info).is_err(), "{info}");
        }
    }

    #[test]
    fn a_fence_that_is_never_closed_is_told() {
        let wrong = Chapter::parse(Path::new("x.md"), "a\n```rust\nb\n".into()).unwrap_err();
        assert!(wrong.to_string().contains("x.md:2"), "{wrong}");
    }
}
