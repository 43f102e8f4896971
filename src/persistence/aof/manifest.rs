//! The manifest: which files make up the append-only log, in which order.
//!
//! ```text
//! file appendonly.aof.2.base.rdb seq 2 type b      the data as of the last rewrite
//! file appendonly.aof.3.incr.aof seq 3 type h      replaced by that base, to be removed
//! file appendonly.aof.4.incr.aof seq 4 type i      what was written since, in order
//! ```
//! A line may name further pairs, which are passed over; a line with `#` is a comment. Texts of
//! errors are Redis's: tools look for them in the log.
//! Source: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ ("Append-only
//! file"); odd cases are as Redis 7 reads them.

use crate::config::words;
use std::fmt;

/// A longer line is refused, as in Redis.
const LONGEST_LINE: usize = 1024;

/// A file of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name in the log's directory.
    pub name: String,
    /// Its number; later files have greater ones.
    pub number: u64,
}

/// What a base is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseForm {
    /// A snapshot.
    Rdb,
    /// Commands.
    Aof,
}

/// The files of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The data as of the last rewrite.
    pub base: Option<Part>,
    /// Files that are not needed any more.
    pub history: Vec<Part>,
    /// What was written since the base, in order.
    pub incr: Vec<Part>,
}

/// Why a manifest cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// The number of the line, from 1, and the line; none when the manifest as a whole is at fault.
    pub line: Option<(usize, String)>,
    /// What is wrong.
    pub why: &'static str,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((number, text)) = &self.line {
            write!(formatter, "Reading the manifest file, at line {number}: '{text}': ")?;
        }
        formatter.write_str(self.why)
    }
}

impl std::error::Error for ManifestError {}

const BAD_FORMAT: &str = "Invalid AOF manifest file format";

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// The first line that is none, or breaks the order.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        let mut manifest = Manifest::default();
        let mut number = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            number += 1;
            let refused = match line {
                [b'#', ..] => continue,
                _ if line.len() > LONGEST_LINE || !line.ends_with(b"\n") => {
                    Err("The AOF manifest file contains too long line")
                }
                _ => manifest.add_line(line.trim_ascii()),
            };
            refused.map_err(|why| {
                let text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
                ManifestError { line: Some((number, text)), why }
            })?;
        }
        match number {
            0 => Err(ManifestError { line: None, why: "Found an empty AOF manifest" }),
            _ => Ok(manifest),
        }
    }

    fn add_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let (part, kind) = parse_line(line)?;
        match kind {
            b'b' if self.base.is_some() => return Err("Found duplicate base file information"),
            b'b' => self.base = Some(part),
            b'h' => self.history.push(part),
            b'i' if self.incr.last().is_some_and(|last| last.number >= part.number) => {
                return Err("Found a non-monotonic sequence number");
            }
            b'i' => self.incr.push(part),
            _ => return Err("Unknown AOF file type"),
        }
        Ok(())
    }

    /// The manifest as it stands in its file.
    pub fn to_text(&self) -> String {
        let base = self.base.iter().map(|part| (part, 'b'));
        let history = self.history.iter().map(|part| (part, 'h'));
        let incr = self.incr.iter().map(|part| (part, 'i'));
        let line = |(part, kind): (&Part, char)| {
            format!("file {} seq {} type {kind}\n", quoted(&part.name), part.number)
        };
        base.chain(history).chain(incr).map(line).collect()
    }

    /// Adds the next file that is written to; `prefix` is what the names of all files begin with.
    pub fn add_incr(&mut self, prefix: &str) -> &Part {
        let old = self.history.iter().filter(|part| part.name.contains(".incr."));
        let number = self.incr.iter().chain(old).map(|part| part.number).max().unwrap_or(0) + 1;
        self.incr.push(Part { name: format!("{prefix}.{number}.incr.aof"), number });
        self.incr.last().expect("it was just added")
    }

    /// The base that comes next.
    pub fn next_base(&self, prefix: &str, form: BaseForm) -> Part {
        let old = self.history.iter().filter(|part| !part.name.contains(".incr."));
        let number = self.base.iter().chain(old).map(|part| part.number).max().unwrap_or(0) + 1;
        let suffix = match form {
            BaseForm::Rdb => "rdb",
            BaseForm::Aof => "aof",
        };
        Part { name: format!("{prefix}.{number}.base.{suffix}"), number }
    }

    /// Puts a new base in the place of the old one and of all files before `incr_number`.
    pub fn replace_base(&mut self, base: Part, incr_number: u64) {
        self.history.extend(self.base.replace(base));
        let (old, kept) =
            self.incr.drain(..).partition::<Vec<_>, _>(|part| part.number < incr_number);
        self.incr = kept;
        self.history.extend(old);
    }

    /// The files that make up the data, in order.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.base.iter().chain(&self.incr)
    }

    /// True when there is nothing to load.
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.incr.is_empty()
    }
}

/// A file, and the letter of its kind.
fn parse_line(line: &[u8]) -> Result<(Part, u8), &'static str> {
    let words = words::split(line).ok_or(BAD_FORMAT)?;
    if words.len() < 6 || !words.len().is_multiple_of(2) {
        return Err(BAD_FORMAT);
    }
    let mut name = String::new();
    let mut number = 0;
    let mut kind = None;
    for pair in words.chunks(2) {
        let value = &pair[1];
        if pair[0].eq_ignore_ascii_case(b"file") {
            name = String::from_utf8(value.clone()).map_err(|_| BAD_FORMAT)?;
            if name.contains('/') {
                return Err("File can't be a path, just a filename");
            }
        } else if pair[0].eq_ignore_ascii_case(b"seq") {
            let text = std::str::from_utf8(value).map_err(|_| BAD_FORMAT)?;
            number = text.parse().map_err(|_| BAD_FORMAT)?;
        } else if pair[0].eq_ignore_ascii_case(b"type") {
            kind = value.first().copied();
        }
    }
    match kind {
        Some(kind) if !name.is_empty() && number > 0 => Ok((Part { name, number }, kind)),
        _ => Err(BAD_FORMAT),
    }
}

/// The name as a word of the manifest.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"'".contains(&byte);
    match name.bytes().all(is_plain) {
        true => name.to_string(),
        false => words::quote(name.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "file a.2.base.rdb seq 2 type b\n\
                        file a.3.incr.aof seq 3 type h\n\
                        file a.4.incr.aof seq 4 type i\n\
                        file \"a \\\"b.5.incr.aof\" seq 5 type i\n";

    fn parse(text: &str) -> Result<Manifest, &'static str> {
        Manifest::parse(text.as_bytes()).map_err(|error| error.why)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let manifest = parse(TEXT).unwrap();
        assert_eq!(manifest.to_text(), TEXT);
        assert_eq!(manifest.incr[1], Part { name: "a \"b.5.incr.aof".into(), number: 5 });
    }

    #[test]
    fn comments_and_further_pairs_are_passed_over() {
        let manifest = parse("# hello\nTYPE i x y seq 7 file a.7 \n").unwrap();
        assert_eq!(manifest.incr, [Part { name: "a.7".into(), number: 7 }]);
    }

    #[test]
    fn what_is_no_manifest_is_refused_as_redis_refuses_it() {
        let long = format!("file {} seq 1 type b\n", "x".repeat(1024));
        for (text, why) in [
            ("", "Found an empty AOF manifest"),
            ("\n", BAD_FORMAT),
            ("file a seq 1 type\n", BAD_FORMAT),
            ("file a seq 1 type b newkey\n", BAD_FORMAT),
            ("filx a seq 1 type b\n", BAD_FORMAT),
            ("file a seq 0 type b\n", BAD_FORMAT),
            ("file a seq x type b\n", BAD_FORMAT),
            ("file \"a seq 1 type b\n", BAD_FORMAT),
            ("file a/b seq 1 type b\n", "File can't be a path, just a filename"),
            ("file a seq 1 type x\n", "Unknown AOF file type"),
            ("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information"),
            ("file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number"),
            ("file a seq 1 type b", "The AOF manifest file contains too long line"),
            (&long, "The AOF manifest file contains too long line"),
        ] {
            assert_eq!(parse(text), Err(why), "{text}");
        }
        let error = Manifest::parse(b"# x\nfile a\n").unwrap_err();
        let told = "Reading the manifest file, at line 2: 'file a': ";
        assert_eq!(error.to_string(), format!("{told}{BAD_FORMAT}"));
    }

    #[test]
    fn a_rewrite_replaces_the_base_and_all_before_its_moment() {
        let mut manifest = Manifest::default();
        assert_eq!(manifest.add_incr("a").name, "a.1.incr.aof");
        assert_eq!(manifest.add_incr("a").number, 2);
        let base = manifest.next_base("a", BaseForm::Rdb);
        assert_eq!(base.name, "a.1.base.rdb");
        manifest.replace_base(base, 2);
        assert_eq!(manifest.next_base("a", BaseForm::Aof).name, "a.2.base.aof");
        assert_eq!(manifest.history, [Part { name: "a.1.incr.aof".into(), number: 1 }]);
        assert_eq!(manifest.parts().count(), 2);
    }
}
