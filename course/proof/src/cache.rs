//! What was proved already: a file for each proof, named by a hash of all that it depends on. A
//! proof whose program, transcript and player are the same is not played again.

use crate::checkpoint::{self, hash};
use crate::course::Course;
use anyhow::Result;
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};

/// Parts of the runner that have no say in how a case is played.
const BESIDE: [&str; 8] =
    ["cli", "facts", "harness", "learner", "main", "map", "report", "try_out"];

/// Parts of the proof that judge what was played.
const JUDGES: [&str; 3] =
    [include_str!("play.rs"), include_str!("suspect.rs"), include_str!("workshop.rs")];

/// The folder of proofs.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Of the code that plays and judges.
    player: u64,
}

impl Cache {
    pub fn open(course: &Course) -> Result<Self> {
        let folder = course.made().join("proved");
        fs::create_dir_all(&folder)?;
        let runner = checkpoint::read_folder(&course.root.join("course/runner/src"))?;
        let plays = |path: &str| !BESIDE.iter().any(|part| path.starts_with(part));
        let player: Vec<_> = runner.iter().filter(|(path, _)| plays(path)).collect();
        let player = hash((player, JUDGES));
        Ok(Cache { folder, player })
    }

    /// What was remembered under this key.
    pub fn find(&self, key: &impl Hash) -> Option<String> {
        fs::read_to_string(self.place(key)).ok()
    }

    /// Remembers; a cache that cannot be written costs time and nothing else.
    pub fn keep(&self, key: &impl Hash, text: &str) {
        // The next run proves it again.
        let _ = fs::write(self.place(key), text);
    }

    fn place(&self, key: &impl Hash) -> PathBuf {
        // Twice 64 bits: no two proofs will ever share a name.
        let (one, two) = (hash((self.player, key)), hash(("two", self.player, key)));
        self.folder.join(format!("{one:016x}{two:016x}"))
    }
}

/// The bytes of a file, as part of a key; a missing one is a key as well.
pub fn content(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}
