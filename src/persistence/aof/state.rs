//! The append-only log of a server: its files, its writer, and what INFO tells of them.

use super::folder::Folder;
use super::load::{self, Replay};
use super::log::Log;
use super::manifest::Manifest;
use super::rewrite::write_base;
use super::syncer::Syncer;
use super::writer::Writer;
use crate::config::Persistence;
use crate::persistence::failpoint;
use crate::persistence::save::Plan;
use crate::persistence::saving::Progress;
use crate::store::Keyspace;
use crate::store::journal::Follower;
use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// For so long turning the log off, or replaying it, waits until everything is in the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// The files in use.
#[derive(Clone)]
pub(super) struct Files {
    pub folder: Folder,
    pub manifest: Manifest,
}

impl Files {
    /// What is on the disk, whether or not it is in use.
    pub fn on_disk(options: &Persistence) -> Result<Self> {
        let folder = Folder::of(options).context("looking for the AOF")?;
        let manifest = folder.manifest()?;
        Ok(Files { folder, manifest })
    }
}

/// How the rewrites so far went.
#[derive(Debug, Clone, Copy)]
pub struct Rewrites {
    /// How long the last one took.
    pub took: Option<Duration>,
    /// Whether the last one was good.
    pub is_good: bool,
    /// How many were begun.
    pub count: u64,
    /// How many have failed since the last good one.
    pub failures: u32,
    /// When the last one ended.
    pub ended: Option<Instant>,
}

impl Default for Rewrites {
    fn default() -> Self {
        Rewrites { took: None, is_good: true, count: 0, failures: 0, ended: None }
    }
}

/// A server's append-only log.
#[derive(Default)]
pub struct Aof {
    /// What was appended, and who waits for it.
    pub log: Arc<Log>,
    /// `appendonly`: the log is in use, or will be after a rewrite.
    pub is_wanted: AtomicBool,
    /// A rewrite is to begin when nothing else is under way.
    pub is_rewrite_scheduled: AtomicBool,
    pub(super) files: Mutex<Option<Files>>,
    pub(super) rewrites: Mutex<Rewrites>,
    writer: Mutex<Option<JoinHandle<()>>>,
    pub(super) sizes: Mutex<Sizes>,
}

/// How large the files are.
#[derive(Default, Clone, Copy)]
pub(super) struct Sizes {
    /// Of all files, when `position` was written.
    pub total: u64,
    pub position: u64,
    /// Of all files, after the last rewrite.
    pub base: u64,
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
        let Files { folder, mut manifest } = Files::on_disk(options)?;
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

    /// Goes on at the end of what was loaded: from here on every change is appended. A log that is
    /// new begins with a base, which `plan` says how to write.
    ///
    /// # Errors
    /// When a file, or the manifest, cannot be written.
    pub fn open(&self, options: &Persistence, keyspace: &Keyspace, plan: Plan) -> Result<()> {
        let mut files = self.files.lock();
        let files = files.as_mut().expect("the log was loaded before");
        files.folder.create().context("Can't open or create append-only dir")?;
        if files.manifest.is_empty() {
            let base = files.next_base(options);
            let plan = (plan, &Progress::default());
            write_base(keyspace, (&*files, options), &base, plan, &mut || ())?;
            tracing::info!("Creating AOF base file {} on server start", base.0.name);
            files.manifest.base = Some(base.0);
        }
        let Files { folder, manifest } = files;
        let is_new = manifest.incr.is_empty();
        if is_new {
            manifest.add_incr(folder.prefix());
        }
        let part = manifest.incr.last().expect("it was added if there was none");
        let opened = if is_new { folder.begin(part) } else { folder.open(part) };
        let file = opened.with_context(|| format!("Can't open the append-only file {}", part.name));
        let file = file?;
        let did = if is_new { "Creating" } else { "Opening" };
        tracing::info!("{did} AOF incr file {} on server start", part.name);
        failpoint::reached("log-opened")?;
        if is_new {
            folder.put(manifest).context("Can't write the AOF manifest")?;
        }
        if !options.aof_disable_auto_gc {
            folder.remove_history(manifest).context("Can't write the AOF manifest")?;
        }
        self.start_writer()?;
        self.log.turn_to(Some(file));
        keyspace.followers.add(self.log.clone());
        self.is_wanted.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Empties the keyspace and replays what the files in use hold, once everything is in them.
    /// Nothing may be appended meanwhile: every shard is held.
    ///
    /// # Errors
    /// As `load`; and when there is no log, or the disk refuses.
    pub fn replay(
        &self,
        options: &Persistence,
        keyspace: &Keyspace,
        replay: &mut dyn Replay,
    ) -> Result<()> {
        let in_use = self.files.lock().clone();
        let is_in_use = in_use.is_some();
        let Files { folder, manifest } = in_use.map_or_else(|| Files::on_disk(options), Ok)?;
        if manifest.is_empty() {
            bail!("there is no AOF");
        }
        if !self.wait_until_written(self.log.appended()) {
            bail!("the AOF cannot be written");
        }
        let follower: Arc<dyn Follower> = self.log.clone();
        keyspace.followers.remove(&follower);
        // Nothing is cut off a file that is written to.
        let options = Persistence { aof_load_truncated: false, ..options.clone() };
        drop(keyspace.clear_for_loading());
        let loaded = load::load(&folder, &manifest, &options, replay);
        if is_in_use {
            keyspace.followers.add(follower);
        }
        loaded
    }

    fn wait_until_written(&self, position: u64) -> bool {
        let began = Instant::now();
        while self.log.written() < position && began.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.log.written() >= position
    }

    /// Appends nothing any more. What was appended is in its file then, unless the disk refuses.
    pub fn turn_off(&self, keyspace: &Keyspace) {
        let follower: Arc<dyn Follower> = self.log.clone();
        keyspace.followers.remove(&follower);
        let position = self.log.turn_to(None);
        *self.files.lock() = None;
        if self.log.is_failing() || !self.wait_until_written(position) {
            tracing::warn!("the AOF is turned off without its end, which the disk refuses");
            self.log.abandon();
            self.wait_until_written(position);
        }
    }

    /// How the rewrites so far went.
    pub fn rewrites(&self) -> Rewrites {
        *self.rewrites.lock()
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

    pub(super) fn start_writer(&self) -> Result<()> {
        let mut writer = self.writer.lock();
        if writer.is_none() {
            let log = self.log.clone();
            let thread = std::thread::Builder::new().name("redstart-aof".into());
            let work = Writer::new(log, Syncer::start()?);
            let started = thread.spawn(move || work.run());
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
