//! What was proved already: a file for each proof, named by a hash of all that it depends on. A
//! proof whose program, transcript and player are the same is not played again.

use crate::checkpoint::hash;
use crate::course::Course;
use anyhow::Result;
use std::fs;
use std::hash::Hash;
use std::path::{Path, PathBuf};

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
        let runner = course.root.join("course/runner/src");
        let mut player = 0;
        for part in ["player", "language"] {
            let mut paths: Vec<_> = fs::read_dir(runner.join(part))?.flatten().collect();
            paths.sort_by_key(std::fs::DirEntry::file_name);
            for entry in paths {
                player = hash((player, fs::read(entry.path())?));
            }
        }
        let files =
            ["client", "files", "likely", "matching", "process", "server", "values", "wire"];
        for name in files {
            player = hash((player, fs::read(runner.join(name).with_extension("rs"))?));
        }
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
