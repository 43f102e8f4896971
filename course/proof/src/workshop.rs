//! Where programs are built, a few at a time: a folder and a target directory for each job, used
//! again and again, so that tokio is compiled once and a mutant costs one crate.

use crate::checkpoint::{self, Files};
use crate::course::Course;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A place for one job.
#[derive(Debug)]
pub struct Workshop {
    folder: PathBuf,
    lock: PathBuf,
}

/// Some of them; whoever has to build takes one that is free.
#[derive(Debug)]
pub struct Workshops {
    all: Vec<Mutex<Workshop>>,
}

impl Workshops {
    pub fn open(course: &Course, count: usize) -> Result<Self> {
        let shop = |number| Ok(Mutex::new(Workshop::open(course, number)?));
        Ok(Workshops { all: (1..=count).map(shop).collect::<Result<_>>()? })
    }

    /// Builds the program; `name` is what its file is called afterwards.
    pub fn build(&self, files: &Files, name: &str) -> Result<Built> {
        let free = self.all.iter().find_map(|shop| shop.try_lock().ok());
        let first = || self.all[0].lock().unwrap_or_else(PoisonError::into_inner);
        free.unwrap_or_else(first).build(files, name)
    }
}

/// What came of a build.
#[derive(Debug)]
pub enum Built {
    /// The program, and the warnings there were.
    Program(PathBuf, String),
    /// What the compiler said.
    Failed(String),
}

impl Workshop {
    /// The workshop with this number.
    fn open(course: &Course, number: usize) -> Result<Self> {
        let folder = course.made().join(format!("job/{number}"));
        fs::create_dir_all(&folder)?;
        Ok(Workshop { folder, lock: course.root.join("Cargo.lock") })
    }

    fn build(&self, files: &Files, name: &str) -> Result<Built> {
        let source = self.folder.join("source");
        checkpoint::write_folder(&source, files)?;
        // Cargo takes away what is not needed of it; so it is copied each time.
        fs::copy(&self.lock, source.join("Cargo.lock")).context("copying Cargo.lock")?;
        let output = Command::new("cargo")
            .args(["build", "--message-format", "json-render-diagnostics", "--target-dir"])
            .arg(self.folder.join("target"))
            .current_dir(&source)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove("RUSTFLAGS")
            .output()
            .context("cargo is needed")?;
        let said = diagnostics(&String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Ok(Built::Failed(said));
        }
        let told = String::from_utf8_lossy(&output.stdout);
        let executable =
            told.lines().rev().find_map(executable_of).context("no program was built")?;
        let program = self.folder.join("programs").join(name);
        fs::create_dir_all(program.parent().context("it has a folder")?)?;
        // A program that still runs cannot be written over, but it can be replaced.
        let fresh = program.with_extension("fresh");
        fs::copy(executable, &fresh)
            .with_context(|| format!("copying {}", executable.display()))?;
        fs::rename(&fresh, &program).with_context(|| format!("making {}", program.display()))?;
        Ok(Built::Program(program, said))
    }
}

/// Takes a program away that was played.
pub fn remove(program: &Path) -> Result<()> {
    fs::remove_file(program).with_context(|| format!("removing {}", program.display()))
}

/// `"executable":"/path"` of cargo's JSON line about the program.
fn executable_of(line: &str) -> Option<&Path> {
    let (_, rest) = line.split_once("\"executable\":\"")?;
    Some(Path::new(rest.split('"').next()?))
}

/// The compiler's words without cargo's progress.
fn diagnostics(stderr: &str) -> String {
    let progress = ["Compiling", "Finished", "Updating", "Locking", "Downloading", "Downloaded"];
    let is_progress = |line: &str| {
        let line = line.trim_start();
        progress.iter().any(|word| line.starts_with(word)) || line.starts_with("Blocking")
    };
    let lines: Vec<&str> = stderr.lines().filter(|line| !is_progress(line)).collect();
    lines.join("\n").trim().to_owned()
}
