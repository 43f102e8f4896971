//! Which files of `me/` have changed since the last look. Files are polled, not watched: that works
//! on every file system, shared and mounted ones as well. What builds leave behind is not looked
//! at; a file that changes in three runs one after the other is taken for something the program
//! writes itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that builds fill.
const BUILT: &[&str] =
    &["target", "build", "dist", "out", "obj", "bin", "node_modules", "__pycache__", "venv"];
/// Files of the runner's own.
const OWN: &[&str] = &["map.html"];
/// More files than this are not a learner's source.
const MOST_FILES: usize = 5_000;
/// In so many runs a file has to change before it is left out.
const RUNS: u32 = 3;

type Seen = BTreeMap<PathBuf, (SystemTime, u64)>;

/// What was seen at the last look.
pub struct Changes {
    folder: PathBuf,
    seen: Seen,
    /// In how many runs in a row a file has changed while it was played.
    during: BTreeMap<PathBuf, u32>,
    left_out: BTreeSet<PathBuf>,
}

impl Changes {
    /// Looks for the first time.
    pub fn of(folder: &Path) -> Self {
        let seen = look(folder);
        Changes { folder: folder.into(), seen, during: BTreeMap::new(), left_out: BTreeSet::new() }
    }

    /// The files that changed, came or went since the last look.
    pub fn look(&mut self) -> Vec<PathBuf> {
        let now = look(&self.folder);
        let names: BTreeSet<&PathBuf> = self.seen.keys().chain(now.keys()).collect();
        let changed = names
            .into_iter()
            .filter(|name| self.seen.get(*name) != now.get(*name))
            .filter(|name| !self.left_out.contains(*name))
            .cloned()
            .collect();
        self.seen = now;
        changed
    }

    /// The look after a run: what changed during it, less what every run changes.
    pub fn look_after_run(&mut self) -> Vec<PathBuf> {
        let changed = self.look();
        self.during.retain(|name, _| changed.contains(name));
        for name in &changed {
            let runs = self.during.entry(name.clone()).or_insert(0);
            *runs += 1;
            if *runs >= RUNS {
                self.left_out.insert(name.clone());
            }
        }
        changed.into_iter().filter(|name| !self.left_out.contains(name)).collect()
    }
}

fn look(folder: &Path) -> Seen {
    let mut seen = Seen::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            let Ok(known) = entry.metadata() else { continue };
            if known.is_dir() {
                let hidden = name.starts_with('.') && name != ".codecrafters";
                if !hidden && !BUILT.contains(&name.as_str()) && !name.starts_with("build.") {
                    folders.push(path);
                }
            } else if !OWN.contains(&name.as_str()) && seen.len() < MOST_FILES {
                let time = known.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                seen.insert(path, (time, known.len()));
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_count_builds_do_not_and_a_log_only_at_first() {
        let folder = std::env::temp_dir().join(format!("redstart-changes-{}", std::process::id()));
        fs::create_dir_all(folder.join("target")).unwrap();
        fs::create_dir_all(folder.join("src")).unwrap();
        let mut changes = Changes::of(&folder);
        fs::write(folder.join("target/x"), "1").unwrap();
        assert!(changes.look().is_empty());
        fs::write(folder.join("src/main.rs"), "1").unwrap();
        assert_eq!(changes.look(), [folder.join("src/main.rs")]);
        assert!(changes.look().is_empty());
        for run in 0..5 {
            fs::write(folder.join("server.log"), "x".repeat(run + 1)).unwrap();
            assert_eq!(changes.look_after_run().is_empty(), run >= 2, "run {run}");
        }
        fs::remove_file(folder.join("src/main.rs")).unwrap();
        assert_eq!(changes.look().len(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
