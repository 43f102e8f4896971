//! How far a learner is: `me/.redstart/progress`, a text file with a line for each fact.
//!   redstart progress 1
//!   language python
//!   current base-02-ping
//!   last 1763760310                      when he was last here, in seconds since 1970
//!   begun base-01-bind 1763760000        first seen · green: first green · seconds: time spent
//!   broken base-01-bind 1763770000       green once, and red when it was played last
//! A file of another version, or one that is no such file, is never written over. Lines that are
//! not understood are kept. Writing goes through a second file: a crash leaves the old one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const NAME: &str = "redstart progress ";
const VERSION: &str = "1";
/// Who comes back after longer than this has had a break: only so much of it counts as work.
const LONGEST_GAP_SECONDS: u64 = 20 * 60;

/// What is known about one stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// When it was first shown, in seconds since 1970.
    pub begun: Option<u64>,
    /// When it was green for the first time.
    pub green: Option<u64>,
    /// Time spent on it until then, breaks left out.
    pub seconds: u64,
    /// How often it was played.
    pub tries: u64,
    /// When it was red although it had been green, and it was not green since.
    pub broken: Option<u64>,
    /// The highest level of hint that was asked for.
    pub hints: u64,
}

impl Record {
    /// Minutes spent, at least one.
    pub fn minutes(&self) -> u64 {
        self.seconds.div_ceil(60).max(1)
    }
}

/// What is kept between two commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The starter's name; `own` for a repository that was there before.
    pub language: String,
    /// The stage the learner is at.
    pub current: String,
    /// All stages that he has seen.
    pub stages: BTreeMap<String, Record>,
    last: u64,
    /// Lines of another hand, kept as they are.
    unknown: Vec<String>,
}

impl Progress {
    /// Of somebody who begins.
    pub fn begin(language: &str, current: &str) -> Self {
        let mut progress = Progress { language: language.into(), ..Progress::default() };
        progress.go_to(current);
        progress.last = now();
        progress
    }

    /// Where it is kept.
    pub fn file(me: &Path) -> PathBuf {
        me.join(".redstart/progress")
    }

    /// Reads what was kept in this repository; the error says what to do.
    pub fn read(me: &Path) -> Result<Self, String> {
        let path = Self::file(me);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text).map_err(|what| {
            format!("{} {what}\nNothing was tried, and nothing was changed.", path.display())
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        match lines.next().and_then(|line| line.strip_prefix(NAME)) {
            Some(VERSION) => {}
            Some(other) if other.parse::<u32>().is_ok() => {
                return Err(format!(
                    "was written by another version of the course ({other}, this one is \
                     {VERSION}).\nBring this clone up to date with `git pull`, or move the file \
                     away: `make start` begins a new one and leaves your code as it is."
                ));
            }
            _ => {
                return Err("is not a file of the course.\nMove it away: `make start` begins a \
                            new one and leaves your code as it is."
                    .into());
            }
        }
        let mut progress = Progress::default();
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            if progress.fact(&words).is_none() && !words.is_empty() {
                progress.unknown.push(line.to_owned());
            }
        }
        Ok(progress)
    }

    fn fact(&mut self, words: &[&str]) -> Option<()> {
        match words {
            ["language", name] => self.language = (*name).into(),
            ["current", stage] => self.current = (*stage).into(),
            ["last", seconds] => self.last = seconds.parse().ok()?,
            [kind, stage, number] => {
                let number = number.parse().ok()?;
                let record = self.stages.entry((*stage).into()).or_default();
                match *kind {
                    "begun" => record.begun = Some(number),
                    "green" => record.green = Some(number),
                    "broken" => record.broken = Some(number),
                    "seconds" => record.seconds = number,
                    "tries" => record.tries = number,
                    "hints" => record.hints = number,
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn text(&self) -> String {
        let mut text = format!("{NAME}{VERSION}\nlanguage {}\n", self.language);
        text += &format!("current {}\nlast {}\n", self.current, self.last);
        for (stage, record) in &self.stages {
            let facts = [
                ("begun", record.begun.unwrap_or(0)),
                ("green", record.green.unwrap_or(0)),
                ("broken", record.broken.unwrap_or(0)),
                ("seconds", record.seconds),
                ("tries", record.tries),
                ("hints", record.hints),
            ];
            for (name, number) in facts.into_iter().filter(|(_, number)| *number > 0) {
                text += &format!("{name} {stage} {number}\n");
            }
        }
        for line in &self.unknown {
            text += &format!("{line}\n");
        }
        text
    }

    /// Keeps it. The folder hides itself from the learner's git.
    pub fn write(&self, me: &Path) -> Result<(), String> {
        let path = Self::file(me);
        let folder = me.join(".redstart");
        let fresh = folder.join("progress.new");
        let kept = fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join(".gitignore"), "*\n"))
            .and_then(|()| fs::write(&fresh, self.text()))
            .and_then(|()| fs::rename(&fresh, &path));
        kept.map_err(|error| {
            format!("how far you are could not be kept in {}: {error}", path.display())
        })
    }

    /// The record of a stage.
    pub fn of(&self, stage: &str) -> Record {
        self.stages.get(stage).cloned().unwrap_or_default()
    }

    /// Whether the stage was green once.
    pub fn is_green(&self, stage: &str) -> bool {
        self.of(stage).green.is_some()
    }

    /// Makes this the stage the learner is at.
    pub fn go_to(&mut self, stage: &str) {
        self.current = stage.into();
        self.stages.entry(stage.into()).or_default().begun.get_or_insert(now());
    }

    /// A stage was played.
    pub fn played(&mut self, stage: &str, green: bool) {
        let record = self.stages.entry(stage.into()).or_default();
        record.begun.get_or_insert(now());
        record.tries += 1;
        self.seen(stage, green);
    }

    /// A stage was seen to be green or red, on the way to another one perhaps.
    pub fn seen(&mut self, stage: &str, green: bool) {
        let record = self.stages.entry(stage.into()).or_default();
        if green {
            record.green.get_or_insert(now());
        }
        record.broken = (!green && record.green.is_some()).then(now);
    }

    /// Whether the stage was green once, and is red now as far as anybody knows.
    pub fn is_broken(&self, stage: &str) -> bool {
        self.of(stage).broken.is_some()
    }

    /// A hint of this level was shown.
    pub fn hinted(&mut self, stage: &str, level: u64) {
        let record = self.stages.entry(stage.into()).or_default();
        record.hints = record.hints.max(level);
    }

    /// The learner is here: the time since he last was belongs to the current stage.
    pub fn tick(&mut self) {
        let gap = now().saturating_sub(self.last).min(LONGEST_GAP_SECONDS);
        self.last = now();
        let record = self.stages.entry(self.current.clone()).or_default();
        if record.green.is_none() {
            record.seconds += gap;
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_with_lines_of_another_hand() {
        let mut progress = Progress::begin("python", "base-01-bind");
        progress.played("base-01-bind", true);
        progress.seen("base-01-bind", false);
        progress.played("base-02-ping", false);
        assert!(progress.is_broken("base-01-bind") && !progress.is_broken("base-02-ping"));
        progress.unknown.push("mood base-01-bind good".into());
        let read = Progress::parse(&progress.text()).unwrap();
        assert_eq!(read, progress);
        assert!(read.is_green("base-01-bind") && !read.is_green("base-02-ping"));
    }

    #[test]
    fn another_version_and_another_file_are_refused() {
        for (text, word) in
            [("redstart progress 2\n", "git pull"), ("hello\n", "not a file"), ("", "not a file")]
        {
            let error = Progress::parse(text).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_long_break_counts_as_a_short_one_and_green_stops_the_clock() {
        let mut progress = Progress::begin("c", "base-01-bind");
        progress.last -= 100_000;
        progress.tick();
        let seconds = progress.of("base-01-bind").seconds;
        assert_eq!(seconds, LONGEST_GAP_SECONDS);
        progress.played("base-01-bind", true);
        progress.last -= 100;
        progress.tick();
        assert_eq!(progress.of("base-01-bind").seconds, seconds);
    }
}
