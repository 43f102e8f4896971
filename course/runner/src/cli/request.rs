//! What the arguments ask for, whichever verb they follow.

use std::path::{Path, PathBuf};

/// How results are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a case, on one line.
    Json,
    /// For people, and only what is not green.
    Failures,
}

/// The arguments, read.
#[derive(Debug, Clone)]
pub struct Request {
    /// The first of them: `test`, `play` …
    pub verb: String,
    /// The program under test and arguments of its own; empty if none is named.
    pub program: Vec<String>,
    /// `base/5`, `base-05-frames` or `base`.
    pub stage: Option<String>,
    /// Go on after a red case.
    pub all: bool,
    /// How to tell results.
    pub format: Format,
    /// All random keys and values follow from it.
    pub seed: u64,
    /// Only the case with this number, counted from 1.
    pub case: Option<usize>,
    /// The real server whose answers stand beside the program's.
    pub beside: Option<String>,
    /// More arguments for the program.
    pub flags: Vec<String>,
    /// The language of a starter.
    pub language: Option<String>,
    /// A repository that is to become `me/`.
    pub from: Option<PathBuf>,
    /// The address of a graded repository.
    pub url: Option<String>,
    /// The level of a hint.
    pub level: Option<u64>,
    /// Play so many times, each time with another seed.
    pub soak: Option<u64>,
    /// Where the repository is, if that was said.
    pub root: Option<PathBuf>,
    /// What does not begin with `--`.
    pub files: Vec<PathBuf>,
}

impl Request {
    /// Reads what stands behind the verb.
    pub fn parse(
        verb: String,
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Self, String> {
        let mut request = Request {
            all: ["play", "oracle"].contains(&verb.as_str()),
            verb,
            program: Vec::new(),
            stage: None,
            format: Format::Text,
            seed: random_seed(),
            case: None,
            beside: None,
            flags: Vec::new(),
            language: None,
            from: None,
            url: None,
            level: None,
            soak: None,
            root: None,
            files: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            if argument == "--all" {
                request.all = true;
                continue;
            }
            if !argument.starts_with("--") {
                request.files.push(argument.into());
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
            request.option(&argument, value)?;
        }
        Ok(request)
    }

    fn option(&mut self, name: &str, value: String) -> Result<(), String> {
        // As it was typed behind `make`.
        let typed = name.trim_start_matches('-').to_uppercase();
        let number = |value: &str| {
            value.parse().map_err(|_| format!("{typed}={value}: this has to be a number"))
        };
        match name {
            "--program" => self.program = command_of(&value),
            "--stage" => self.stage = Some(value),
            "--format" if value == "json" => self.format = Format::Json,
            "--format" if value == "text" => self.format = Format::Text,
            "--format" => return Err(format!("{typed}={value}: there is json, and text")),
            "--seed" => self.seed = number(&value)?,
            "--case" => self.case = Some(number(&value)? as usize),
            "--beside" => self.beside = Some(value),
            "--flags" => self.flags = value.split_whitespace().map(str::to_owned).collect(),
            "--lang" => self.language = Some(value),
            "--url" => self.url = Some(value),
            "--level" => self.level = Some(number(&value)?),
            "--soak" => self.soak = Some(number(&value)?),
            "--from" => self.from = Some(value.into()),
            "--root" => self.root = Some(value.into()),
            _ => return Err(format!("{name} {value} is not understood")),
        }
        Ok(())
    }

    /// Where the repository is.
    pub fn repository(&self) -> Result<PathBuf, String> {
        self.root
            .clone()
            .or_else(find_root)
            .ok_or_else(|| "the repository was not found: --root DIR".into())
    }
}

/// `path/to/program`, or a command with arguments.
fn command_of(text: &str) -> Vec<String> {
    if Path::new(text).exists() {
        // A bare name would be looked up on PATH, not here.
        let here = !text.contains('/');
        return vec![if here { format!("./{text}") } else { text.to_owned() }];
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// A seed from the clock; short, because people type it.
pub fn random_seed() -> u64 {
    let clock = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    (clock.as_millis() as u64 ^ u64::from(std::process::id()) << 8) % 1_000_000
}

/// Multiplies limits; from the environment, because it belongs to the machine.
pub fn patience() -> f64 {
    let set = std::env::var("REDSTART_PATIENCE").ok().and_then(|text| text.parse().ok());
    set.filter(|factor: &f64| (0.1..=1000.0).contains(factor)).unwrap_or(1.0)
}

fn find_root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| folder.join("course/tracks.toml").is_file())
        .map(Path::to_path_buf)
}
