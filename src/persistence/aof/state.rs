//! The append-only log of a server: its files, its writer, and what INFO tells of them.

use super::folder::Folder;
use super::load::{self, Replay};
use super::log::Log;
use super::manifest::Manifest;
use super::writer::Writer;
use crate::config::Persistence;
use crate::store::Keyspace;
use anyhow::{Context, Result};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

/// The files in use.
struct Files {
    folder: Folder,
    manifest: Manifest,
}

/// A server's append-only log.
#[derive(Default)]
pub struct Aof {
    /// What was appended, and who waits for it.
    pub log: Arc<Log>,
    files: Mutex<Option<Files>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    sizes: Mutex<Sizes>,
}

/// How large the files are.
#[derive(Default, Clone, Copy)]
struct Sizes {
    /// Of all files, when `position` was written.
    total: u64,
    position: u64,
    /// Of all files, after the last rewrite.
    base: u64,
}

impl Aof {
    /// Takes over options that have changed.
    pub fn settle(&self, options: &Persistence) {
        self.log.notes_time.store(options.aof_timestamp_enabled, Ordering::Relaxed);
        self.log.set_policy(|policy| {
            policy.fsync = options.appendfsync;
            policy.spares_rewrites = options.no_appendfsync_on_rewrite;
        });
    }

    /// Replays what the files hold.
    ///
    /// # Errors
    /// A sentence that names the file, the place and what can be done.
    pub fn load(&self, options: &Persistence, replay: &mut dyn Replay) -> Result<()> {
        let folder = Folder::of(options).context("looking for the AOF")?;
        let mut manifest = folder.manifest()?;
        folder.take_in_old_log(&mut manifest)?;
        load::load(&folder, &manifest, options, replay)?;
        let length = |part| folder.length(part).unwrap_or(0);
        *self.sizes.lock() = Sizes {
            total: manifest.parts().map(length).sum(),
            position: self.log.written(),
            base: manifest.base.iter().map(length).sum(),
        };
        *self.files.lock() = Some(Files { folder, manifest });
        Ok(())
    }

    /// Goes on at the end of what was loaded: from here on every change is appended.
    ///
    /// # Errors
    /// When the file, or the manifest, cannot be written.
    pub fn open(&self, options: &Persistence, keyspace: &Keyspace) -> Result<()> {
        let mut files = self.files.lock();
        let Files { folder, manifest } = files.as_mut().expect("the log was loaded before");
        folder.create().context("Can't open or create append-only dir")?;
        let is_new = manifest.incr.is_empty();
        if is_new {
            manifest.add_incr(folder.prefix());
        }
        let part = manifest.incr.last().expect("it was added if there was none");
        let opened = folder.open(part);
        let file = opened.with_context(|| format!("Can't open the append-only file {}", part.name));
        let file = file?;
        let did = if is_new { "Creating" } else { "Opening" };
        tracing::info!("{did} AOF incr file {} on server start", part.name);
        if is_new {
            folder.put(manifest).context("Can't write the AOF manifest")?;
        }
        if !options.aof_disable_auto_gc {
            folder.remove_history(manifest).context("Can't write the AOF manifest")?;
        }
        self.start_writer()?;
        self.log.turn_to(Some(file));
        keyspace.followers.add(self.log.clone());
        Ok(())
    }

    /// Bytes in all files.
    pub fn size(&self) -> u64 {
        let sizes = *self.sizes.lock();
        sizes.total + self.log.written().saturating_sub(sizes.position)
    }

    /// Bytes in all files after the last rewrite, or in the base at the start.
    pub fn base_size(&self) -> u64 {
        self.sizes.lock().base
    }

    fn start_writer(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        if writer.is_none() {
            let log = self.log.clone();
            let thread = std::thread::Builder::new().name("redstart-aof".into());
            let started = thread.spawn(move || Writer::new(log).run());
            *writer = Some(started.context("starting the thread that writes the AOF")?);
        }
        Ok(())
    }

    /// Brings everything to the disk and ends the writer. Nothing is appended any more.
    pub fn close(&self) {
        let Some(writer) = self.writer.lock().take() else { return };
        self.log.close();
        if writer.join().is_err() {
            tracing::error!("the thread that writes the AOF ended by a panic");
        }
    }
}
