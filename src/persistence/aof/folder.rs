//! The directory of the log: its files by name, and the manifest in it.
//!
//! ```text
//! dir/appendonlydir/appendonly.aof.manifest        which files count, replaced as a whole
//!                   appendonly.aof.1.base.rdb
//!                   appendonly.aof.1.incr.aof      the one that is written to
//! ```
//! A manifest names only files that are there; a file is removed only after a manifest that does
//! not need it has reached the disk. So a crash between any two steps leaves a log that loads, and
//! at worst a file that nobody needs.

use super::manifest::{Manifest, Part};
use crate::config::Persistence;
use crate::persistence::failpoint;
use anyhow::{Context, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The directory of a log.
#[derive(Debug, Clone)]
pub struct Folder {
    /// `dir`: where older versions kept the log, as one file.
    parent: PathBuf,
    path: PathBuf,
    /// `appendfilename`: what the names of all files begin with.
    prefix: String,
}

impl Folder {
    /// The directory that the options name, in the working directory as it is.
    ///
    /// # Errors
    /// When there is no working directory any more.
    pub fn of(options: &Persistence) -> io::Result<Self> {
        let parent = std::env::current_dir()?;
        let path = parent.join(&options.appenddirname);
        Ok(Folder { parent, path, prefix: options.appendfilename.clone() })
    }

    /// What the names of all files begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where a file of this name is.
    pub fn place(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn manifest_name(&self) -> String {
        format!("{}.manifest", self.prefix)
    }

    /// The manifest on the disk; an empty one when there is none.
    ///
    /// # Errors
    /// When it cannot be read or is none.
    pub fn manifest(&self) -> Result<Manifest> {
        let place = self.place(&self.manifest_name());
        let text = match fs::read(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Manifest::default()),
            read => read.with_context(|| format!("reading {}", place.display()))?,
        };
        Manifest::parse(&text).with_context(|| format!("AOF MANIFEST {}", place.display()))
    }

    /// Puts a manifest in the place of the one on the disk. When it returns, the new one and the
    /// names of all files it lists have reached the disk.
    ///
    /// # Errors
    /// The old one is still in force then, or the new one is but may not have reached the disk.
    pub fn put(&self, manifest: &Manifest) -> io::Result<()> {
        let temporary = self.place(&format!("temp-{}", self.manifest_name()));
        let mut file = File::create(&temporary)?;
        failpoint::reached("manifest-created")?;
        file.write_all(manifest.to_text().as_bytes())?;
        file.sync_all()?;
        failpoint::reached("manifest-written")?;
        fs::rename(&temporary, self.place(&self.manifest_name()))?;
        failpoint::reached("manifest-renamed")?;
        self.sync()
    }

    /// Makes the directory unless it is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self) -> io::Result<()> {
        match fs::create_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync_folder(&self.parent),
        }
    }

    /// Brings the names of all files to the disk.
    pub fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    /// Opens a file to be written to at its end, made if it is not there; its length comes with it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self, part: &Part) -> io::Result<(File, u64)> {
        let file = OpenOptions::new().create(true).append(true).open(self.place(&part.name))?;
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    /// Removes a file, if it is there.
    fn remove(&self, part: &Part) -> io::Result<()> {
        match fs::remove_file(self.place(&part.name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Opens a file that the manifest is going to list, empty: a crash may have left one that it
    /// never came to list. Emptied, not removed: at every moment a file of that name is there.
    ///
    /// # Errors
    /// When it cannot be made, or emptied.
    pub fn begin(&self, part: &Part) -> io::Result<(File, u64)> {
        let (file, _) = self.open(part)?;
        file.set_len(0)?;
        Ok((file, 0))
    }

    /// How long a file is.
    ///
    /// # Errors
    /// When it is not there.
    pub fn length(&self, part: &Part) -> io::Result<u64> {
        Ok(fs::metadata(self.place(&part.name))?.len())
    }

    /// Takes in a log that an older version kept as one file, as the base.
    ///
    /// # Errors
    /// When the directory or the manifest cannot be written. The next start tries again.
    pub fn take_in_old_log(&self, manifest: &mut Manifest) -> Result<()> {
        let old = self.parent.join(&self.prefix);
        let begun = |base: &Part| {
            base.name == self.prefix
                && manifest.incr.is_empty()
                && !self.place(&self.prefix).exists()
        };
        if !(manifest.is_empty() || manifest.base.as_ref().is_some_and(begun)) || !old.exists() {
            return Ok(());
        }
        let told = || format!("moving the old AOF file {} into its directory", old.display());
        self.create().with_context(told)?;
        manifest.base = Some(Part { name: self.prefix.clone(), number: 1 });
        self.put(manifest).with_context(told)?;
        failpoint::reached("old-log-listed").with_context(told)?;
        fs::rename(&old, self.place(&self.prefix)).with_context(told)?;
        failpoint::reached("old-log-moved").with_context(told)?;
        self.sync().with_context(told)?;
        sync_folder(&self.parent).with_context(told)?;
        tracing::info!(
            "Successfully migrated an old-style AOF file ({}) into the AOF directory ({}).",
            self.prefix,
            self.path.display()
        );
        Ok(())
    }

    /// Removes the files that are not needed any more, and then their lines. One that cannot be
    /// removed stays listed: the next time tries again.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub fn remove_history(&self, manifest: &mut Manifest) -> io::Result<()> {
        if manifest.history.is_empty() {
            return Ok(());
        }
        manifest.history.retain(|part| match self.remove(part) {
            Err(error) => {
                tracing::warn!("Removing the history file {}: {error}", part.name);
                true
            }
            Ok(()) => {
                tracing::info!("Removing the history file {} in the background", part.name);
                false
            }
        });
        failpoint::reached("history-removed")?;
        self.put(manifest)
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(dir: &Path) -> Folder {
        Folder { parent: dir.into(), path: dir.join("log"), prefix: "a.aof".into() }
    }

    #[test]
    fn a_manifest_is_empty_until_one_was_put() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        assert_eq!(folder.manifest().unwrap(), Manifest::default());
        folder.create().unwrap();
        folder.create().unwrap();
        let mut manifest = Manifest::default();
        folder.open(manifest.add_incr("a.aof")).unwrap();
        folder.put(&manifest).unwrap();
        assert_eq!(folder.manifest().unwrap(), manifest);
    }

    #[test]
    fn an_old_log_becomes_the_base() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        fs::write(dir.path().join("a.aof"), "*1\r\n").unwrap();
        let mut manifest = Manifest::default();
        folder.take_in_old_log(&mut manifest).unwrap();
        assert_eq!(folder.length(manifest.base.as_ref().unwrap()).unwrap(), 4);
        assert_eq!(folder.manifest().unwrap(), manifest);
        // A second one is none of this log's business.
        fs::write(dir.path().join("a.aof"), "*2\r\n").unwrap();
        folder.take_in_old_log(&mut manifest).unwrap();
        assert!(dir.path().join("a.aof").exists());
    }

    #[test]
    fn a_move_that_a_crash_cut_off_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.create().unwrap();
        let base = Some(Part { name: "a.aof".into(), number: 1 });
        let mut manifest = Manifest { base, ..Manifest::default() };
        folder.put(&manifest).unwrap();
        fs::write(dir.path().join("a.aof"), "*1\r\n").unwrap();
        folder.take_in_old_log(&mut manifest).unwrap();
        assert!(folder.place("a.aof").exists() && !dir.path().join("a.aof").exists());
    }

    #[test]
    fn history_is_removed_with_its_lines() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path());
        folder.create().unwrap();
        let mut manifest = Manifest::default();
        for number in 1..3 {
            let (mut file, _) = folder.open(manifest.add_incr("a.aof")).unwrap();
            write!(file, "{number}").unwrap();
        }
        manifest.history.push(manifest.incr.remove(0));
        folder.remove_history(&mut manifest).unwrap();
        assert!(!folder.place("a.aof.1.incr.aof").exists());
        assert_eq!(folder.manifest().unwrap(), manifest);
        assert_eq!(manifest.parts().count(), 1);
    }
}
