//! Reading redis.conf: lines into directives, directives into a `Config`, and what is said about a
//! bad one.
//!
//! Later lines override earlier ones. `save` lines add up, the first of them replacing the default;
//! the command line is read as more lines of the same text. `include` reads another file in its
//! place, or all files that a pattern matches, in the order of their names; a pattern without a
//! match is no error. `dir` changes what relative paths after it mean.
//! Source: https://redis.io/docs/latest/operate/oss_and_stack/management/config/

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::kinds::text::reason;
use super::table::TABLE;
use super::{Config, words};
use crate::types::glob::{Case, glob_match};

/// Files that include each other in a circle end here.
const MAX_INCLUDE_DEPTH: usize = 16;

const BAD_DIRECTIVE: &str = "Bad directive or wrong number of arguments";
const UNBALANCED: &str = "Unbalanced quotes in configuration line";

/// Directives of old versions that mean nothing any more, with one value each.
const FORGOTTEN: [&str; 3] =
    ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/// Why the server cannot start: lines for standard error.
#[derive(Debug)]
pub struct StartError(pub(super) String);

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

/// Where lines come from.
pub(super) enum Source<'a> {
    File(&'a Path),
    StandardInput,
    CommandLine,
}

/// A configuration being read.
pub(super) struct Loader {
    pub config: Config,
    include_depth: usize,
    save_lines: usize,
}

impl Loader {
    pub(super) fn new() -> Self {
        Self { config: Config::default(), include_depth: 0, save_lines: 0 }
    }

    /// Reads the file, or all files that the pattern `path` matches; relative paths begin at `dir`.
    pub(super) fn read_file(&mut self, path: &Path) -> Result<(), StartError> {
        let path = self.config.process.dir.join(path);
        for path in expand(&path) {
            let text = std::fs::read(&path).map_err(|error| {
                let (path, why) = (path.display(), reason(&error));
                StartError(format!("Fatal error, can't open config file '{path}': {why}"))
            })?;
            self.read_text(&text, &Source::File(&path))?;
        }
        Ok(())
    }

    /// Reads lines.
    pub(super) fn read_text(&mut self, text: &[u8], source: &Source) -> Result<(), StartError> {
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            self.read_line(line).map_err(|error| match error {
                LineError::Refused(why) => bad_line(source, index + 1, line, &why),
                LineError::Inside(error) => error,
            })?;
        }
        Ok(())
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), LineError> {
        let words = words::split(line).ok_or(UNBALANCED)?;
        let Some((name, values)) = words.split_first() else {
            return Ok(());
        };
        let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
        if TABLE.find(name).is_some() {
            return self.set(name, &values);
        }
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        match (name.as_str(), values.as_slice()) {
            ("include", [path]) => self.include(path),
            ("user", [_, ..]) => {
                self.config.users.push(values.iter().map(|word| word.to_vec()).collect());
                Ok(())
            }
            ("rename-command", [from, to]) => {
                self.config.renamed_commands.push((from.to_vec(), to.to_vec()));
                Ok(())
            }
            ("loadmodule" | "loadmodule-ex", [_, ..]) => Err("Redstart loads no modules".into()),
            ("sentinel", _) => Err("sentinel directive while not in sentinel mode".into()),
            (forgotten, [_]) if FORGOTTEN.contains(&forgotten) => Ok(()),
            _ => Err(BAD_DIRECTIVE.into()),
        }
    }

    /// Sets an option of the table.
    fn set(&mut self, name: &[u8], values: &[&[u8]]) -> Result<(), LineError> {
        let row = TABLE.find(name).expect("the caller found it");
        let saved = std::mem::take(&mut self.config.persistence.save);
        // `--save "900 1"` and `save 900 1` are the same: one quoted word is taken apart.
        let inner;
        let inner_words: Vec<&[u8]>;
        let mut values = values;
        if let ([word], true) = (values, row.slot.takes_many())
            && !word.is_empty()
        {
            inner = words::split(word).ok_or(UNBALANCED)?;
            inner_words = inner.iter().map(Vec::as_slice).collect();
            values = &inner_words;
        }
        let outcome = row.slot.set(&mut self.config, values);
        self.add_up_save_lines(row.name, saved);
        outcome.map_err(|refusal| LineError::Refused(refusal.0.into_owned()))
    }

    /// Puts the save points of earlier lines before those of this one; `saved` is what `save` was
    /// before it.
    fn add_up_save_lines(&mut self, name: &str, saved: Vec<super::SavePoint>) {
        let points = &mut self.config.persistence.save;
        match name {
            "save" if points.is_empty() => self.save_lines += 1,
            "save" => {
                if self.save_lines > 0 {
                    points.splice(0..0, saved);
                }
                self.save_lines += 1;
            }
            _ => *points = saved,
        }
    }

    fn include(&mut self, path: &[u8]) -> Result<(), LineError> {
        if self.include_depth == MAX_INCLUDE_DEPTH {
            return Err("Too many files that include each other".into());
        }
        self.include_depth += 1;
        self.read_file(Path::new(OsStr::from_bytes(path))).map_err(LineError::Inside)?;
        self.include_depth -= 1;
        Ok(())
    }

    /// The configuration, when its parts go together.
    pub(super) fn finish(self) -> Result<Config, StartError> {
        let config = self.config;
        if let Some(why) = unfit(&config) {
            return Err(StartError(format!("\n{}\n{why}", headline())));
        }
        Ok(config)
    }
}

/// What does not go together in `config`, or with the system.
fn unfit(config: &Config) -> Option<String> {
    if config.cluster.cluster_enabled && config.replication.replicaof.is_some() {
        return Some("replicaof directive not allowed in cluster mode".to_string());
    }
    let logfile = &config.observe.logfile;
    if logfile.as_os_str().is_empty() {
        return None;
    }
    // Once the server is up there is nowhere left to say that the log cannot be written.
    let opened = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(config.process.dir.join(logfile));
    opened.err().map(|error| format!("Can't open the log file: {}", reason(&error)))
}

enum LineError {
    /// The line itself is bad.
    Refused(String),
    /// A line of the file that it includes is.
    Inside(StartError),
}

impl From<&str> for LineError {
    fn from(why: &str) -> Self {
        Self::Refused(why.to_string())
    }
}

fn headline() -> String {
    format!("*** FATAL CONFIG FILE ERROR (Redstart {}) ***", env!("CARGO_PKG_VERSION"))
}

fn bad_line(source: &Source, number: usize, line: &[u8], why: &str) -> StartError {
    let place = match source {
        Source::File(path) => {
            format!("Reading the configuration file, at line {number} of {}", path.display())
        }
        Source::StandardInput => {
            format!("Reading the configuration from standard input, at line {number}")
        }
        Source::CommandLine => "Reading the options of the command line".to_string(),
    };
    let line = String::from_utf8_lossy(line);
    StartError(format!("\n{}\n{place}\n>>> '{line}'\n{why}", headline()))
}

/// The files that `path` names: itself, or what it matches when it has wildcards.
fn expand(path: &Path) -> Vec<PathBuf> {
    let has_wildcard = |part: &[u8]| part.iter().any(|byte| b"*?[".contains(byte));
    if !has_wildcard(path.as_os_str().as_bytes()) {
        return vec![path.to_path_buf()];
    }
    let mut found = vec![PathBuf::new()];
    for part in path.components().map(|part| part.as_os_str()) {
        let pattern = part.as_bytes();
        found = found
            .into_iter()
            .flat_map(|base| match has_wildcard(pattern) {
                true => matching_entries(&base, pattern),
                false => vec![base.join(part)],
            })
            .filter(|path| path.exists())
            .collect();
    }
    found
}

/// The entries of `directory` that `pattern` matches, by name; hidden ones only when it begins with
/// a dot.
fn matching_entries(directory: &Path, pattern: &[u8]) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let visible = |name: &OsStr| pattern.starts_with(b".") || !name.as_bytes().starts_with(b".");
    let matches = |name: &std::ffi::OsString| {
        visible(name) && glob_match(pattern, name.as_bytes(), Case::Sensitive)
    };
    let mut paths: Vec<PathBuf> = names.filter(matches).map(|name| directory.join(name)).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, String> {
        let mut loader = Loader::new();
        let read = loader.read_text(text.as_bytes(), &Source::StandardInput);
        read.and_then(|()| loader.finish()).map_err(|error| error.to_string())
    }

    fn save(config: &Config) -> String {
        let points = config.persistence.save.iter();
        points.map(|point| format!("{} {};", point.after.as_secs(), point.changes)).collect()
    }

    #[test]
    fn later_lines_override_earlier_ones() {
        let config = load("port 1\n# port 3\n\n  PORT \"2\"\r\nbind 127.0.0.1 ::1\n").unwrap();
        assert_eq!(config.network.port, 2);
        assert_eq!(config.network.bind, ["127.0.0.1", "::1"]);
    }

    #[test]
    fn save_lines_add_up_and_an_empty_one_clears() {
        assert_eq!(save(&load("").unwrap()), "3600 1;300 100;60 10000;");
        assert_eq!(save(&load("save 900 1\nport 1\nsave \"60 5\"").unwrap()), "900 1;60 5;");
        assert_eq!(save(&load("save 900 1\nsave \"\"").unwrap()), "");
        assert_eq!(save(&load("save ''\nsave 1 2 3 4").unwrap()), "1 2;3 4;");
    }

    #[test]
    fn a_bad_line_is_told_with_its_number_and_text() {
        let error = load("port 1\n\n  foo bar\n").unwrap_err();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[1].starts_with("*** FATAL CONFIG FILE ERROR (Redstart "), "{error}");
        assert_eq!(lines[2], "Reading the configuration from standard input, at line 3");
        assert_eq!(lines[3..], [">>> 'foo bar'", BAD_DIRECTIVE]);
    }

    #[test]
    fn each_mistake_has_its_reason() {
        let reasons = [
            ("port", "wrong number of arguments"),
            ("port 1 2", "wrong number of arguments"),
            ("port x", "argument couldn't be parsed into an integer"),
            ("port \"1", UNBALANCED),
            ("save \"'1 2\"", UNBALANCED),
            ("sentinel monitor a b 1 2", "sentinel directive while not in sentinel mode"),
            ("loadmodule /a.so", "Redstart loads no modules"),
            (
                "cluster-enabled yes\nreplicaof a 1",
                "replicaof directive not allowed in cluster mode",
            ),
            ("logfile /nowhere/at/all", "Can't open the log file: No such file or directory"),
        ];
        for (text, why) in reasons {
            let error = load(text).unwrap_err();
            assert_eq!(error.lines().last(), Some(why), "{text}");
        }
    }

    #[test]
    fn a_refused_save_line_changes_nothing() {
        let mut loader = Loader::new();
        let before = loader.config.persistence.save.clone();
        assert!(loader.read_text(b"maxmemory x", &Source::CommandLine).is_err());
        assert_eq!(loader.config.persistence.save, before);
    }

    #[test]
    fn users_renamed_commands_and_forgotten_options_are_taken() {
        let text = "user a on >p\nrename-command CONFIG \"\"\nlua-replicate-commands yes";
        let config = load(text).unwrap();
        assert_eq!(config.users, [[b"a".to_vec(), b"on".to_vec(), b">p".to_vec()]]);
        assert_eq!(config.renamed_commands, [(b"CONFIG".to_vec(), Vec::new())]);
    }

    #[test]
    fn includes_are_read_in_place_and_by_pattern() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write(
            "main.conf",
            "port 1\ninclude inner.d/*.conf\ninclude none.d/*.conf\ninclude last.conf",
        );
        write("last.conf", "hz 50");
        std::fs::create_dir(dir.path().join("inner.d")).unwrap();
        write("inner.d/b.conf", "port 3");
        write("inner.d/a.conf", "port 2\ntimeout 7");
        write("inner.d/.hidden.conf", "port 9");
        let mut loader = Loader::new();
        loader.config.process.dir = dir.path().to_path_buf();
        loader.read_file(Path::new("main.conf")).unwrap();
        assert_eq!((loader.config.network.port, loader.config.process.hz), (3, 50));
        assert_eq!(loader.config.network.timeout.as_secs(), 7);
    }

    #[test]
    fn an_error_in_an_included_file_names_that_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.conf"), "include b.conf").unwrap();
        std::fs::write(dir.path().join("b.conf"), "\nport x").unwrap();
        let mut loader = Loader::new();
        loader.config.process.dir = dir.path().to_path_buf();
        let error = loader.read_file(Path::new("a.conf")).unwrap_err().to_string();
        assert!(error.contains("at line 2 of ") && error.contains("b.conf\n"), "{error}");
    }

    #[test]
    fn a_missing_file_and_a_circle_of_includes_end_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("loop.conf");
        std::fs::write(&path, format!("include {}", path.display())).unwrap();
        let circle = Loader::new().read_file(&path).unwrap_err().to_string();
        assert!(circle.ends_with("Too many files that include each other"), "{circle}");
        let missing = Loader::new().read_file(Path::new("/nowhere.conf")).unwrap_err();
        let text = "Fatal error, can't open config file '/nowhere.conf': No such file or directory";
        assert_eq!(missing.to_string(), text);
    }
}
