//! Rewriting: all keys as they are, in the place of everything that made them so.
//!
//! ```text
//! before    base 1 │ incr 1 ◄── written to
//! prepared  base 1 │ incr 1 │ incr 2, empty                   listed before anything is in it
//! moment    every shard locked: incr 2 is written to from here on; what the base will hold
//! done      base 2 │ incr 2      base 1, incr 1 are history, and are removed
//! ```
//! A crash at any time finds a manifest whose files make up the data. A rewrite that fails leaves
//! one file more, and no harm.
//!
//! Where the log is only being turned on, there is nothing it could go back to: the new files are
//! listed when the base is there.

use super::commands;
use super::manifest::{BaseForm, Part};
use super::state::{Aof, Files, Sizes};
use crate::config::Persistence;
use crate::persistence::failpoint;
use crate::persistence::save::{Plan, save};
use crate::persistence::saving::Progress;
use crate::store::Keyspace;
use anyhow::{Context, Result};
use std::fs::File;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A file that was made ready to be written to.
struct Next {
    number: u64,
    file: (File, u64),
}

/// After so many failures in a row rewrites that nobody asked for come less often.
const MOST_FAILURES: u32 = 3;
/// At first so much later, then twice that …
const FIRST_DELAY: Duration = Duration::from_secs(60);
/// … up to this.
const LONGEST_DELAY: Duration = Duration::from_secs(3600);

impl Files {
    /// The base that comes next, as the options want it.
    pub fn next_base(&self, options: &Persistence) -> (Part, BaseForm) {
        let form = match options.aof_use_rdb_preamble {
            true => BaseForm::Rdb,
            false => BaseForm::Aof,
        };
        (self.manifest.next_base(self.folder.prefix(), form), form)
    }
}

/// Writes a base, and brings it to the disk.
pub fn write_base(
    keyspace: &Keyspace,
    (files, options): (&Files, &Persistence),
    (base, form): &(Part, BaseForm),
    (plan, progress): (Plan, &Progress),
    at_moment: &mut dyn FnMut(),
) -> Result<()> {
    match form {
        BaseForm::Rdb => {
            let plan = Plan { dir: files.folder.place(""), name: base.name.clone(), ..plan };
            save(keyspace, &plan, progress, at_moment)
        }
        BaseForm::Aof => {
            let note_s = options.aof_timestamp_enabled.then(super::now_s);
            let place = files.folder.place(&base.name);
            commands::write(keyspace, &place, note_s, progress, at_moment)
        }
    }
}

impl Aof {
    /// Rewrites the log, and notes how that went. `plan` says how a base is written that is a
    /// snapshot; its place is found here.
    ///
    /// # Errors
    /// A sentence on what failed. The log is as good as before.
    pub fn rewrite(
        &self,
        keyspace: &Keyspace,
        options: &Persistence,
        plan: Plan,
        progress: &Progress,
    ) -> Result<()> {
        let began = Instant::now();
        self.is_rewrite_scheduled.store(false, Ordering::Relaxed);
        self.rewrites.lock().count += 1;
        let outcome = self.try_to_rewrite(keyspace, options, plan, progress);
        let is_cancelled = progress.is_cancelled.load(Ordering::Relaxed);
        let mut rewrites = self.rewrites.lock();
        rewrites.took = Some(began.elapsed());
        rewrites.ended = Some(Instant::now());
        if outcome.is_ok() {
            rewrites.is_good = true;
            rewrites.failures = 0;
        } else if !is_cancelled {
            rewrites.is_good = false;
            rewrites.failures += 1;
        }
        outcome
    }

    fn try_to_rewrite(
        &self,
        keyspace: &Keyspace,
        options: &Persistence,
        plan: Plan,
        progress: &Progress,
    ) -> Result<()> {
        let in_use = self.files.lock().clone();
        let is_in_use = in_use.is_some();
        let turns_on = !is_in_use && self.is_wanted.load(Ordering::Relaxed);
        let mut files = in_use.map_or_else(|| Files::on_disk(options), Ok)?;
        files.folder.create().context("Can't open or create append-only dir")?;
        let next = match is_in_use || turns_on {
            true => Some(self.prepare(&mut files, is_in_use)?),
            false => None,
        };
        let number = next.as_ref().map(|next| next.number);
        let mut file = next.map(|next| next.file);
        let mut position = 0;
        let mut turn = || {
            let Some(file) = file.take() else { return };
            position = self.log.turn_to(Some(file));
            if turns_on {
                keyspace.followers.add(self.log.clone());
            }
        };
        let base = files.next_base(options);
        let written = write_base(keyspace, (&files, options), &base, (plan, progress), &mut turn);
        if is_in_use {
            // The file is listed: it is to be written to, even if the moment never came.
            turn();
        }
        let done = written.and_then(|()| self.put_base(&mut files, base.0, number, options));
        if done.is_err() && turns_on {
            self.turn_off(keyspace);
        }
        let length = done?;
        let incr = self.log.written().saturating_sub(position);
        *self.sizes.lock() = Sizes { total: length, position, base: length + incr };
        if is_in_use || turns_on {
            *self.files.lock() = Some(files);
        }
        Ok(())
    }

    /// Makes the next file, and lists it if the log is in use.
    fn prepare(&self, files: &mut Files, is_in_use: bool) -> Result<Next> {
        let part = files.manifest.add_incr(files.folder.prefix()).clone();
        if !is_in_use {
            self.start_writer()?;
        }
        let told = || format!("Can't open the append-only file {}", part.name);
        let file = files.folder.begin(&part).with_context(told)?;
        failpoint::reached("rewrite-opened").with_context(told)?;
        if is_in_use {
            files.folder.put(&files.manifest).context("Can't write the AOF manifest")?;
            *self.files.lock() = Some(files.clone());
        }
        failpoint::reached("rewrite-listed")?;
        tracing::info!("Creating AOF incr file {} on background rewrite", part.name);
        Ok(Next { number: part.number, file })
    }

    /// Puts the new base into the manifest, and removes what it replaces; tells its length.
    fn put_base(
        &self,
        files: &mut Files,
        base: Part,
        number: Option<u64>,
        options: &Persistence,
    ) -> Result<u64> {
        let length = files.folder.length(&base).context("looking at the new base of the AOF")?;
        failpoint::reached("rewrite-based")?;
        files.manifest.replace_base(base, number.unwrap_or(u64::MAX));
        files.folder.put(&files.manifest).context("Can't write the AOF manifest")?;
        if !options.aof_disable_auto_gc
            && let Err(error) = files.folder.remove_history(&mut files.manifest)
        {
            tracing::warn!("old files of the AOF stay listed: {error}");
        }
        Ok(length)
    }

    /// Whether a rewrite is to begin though nobody asks for one: the log has grown enough, or is to
    /// be turned on.
    pub fn is_rewrite_due(&self, options: &Persistence) -> bool {
        let rewrites = self.rewrites();
        let more = rewrites.failures.saturating_sub(MOST_FAILURES);
        let delay = match rewrites.failures >= MOST_FAILURES {
            true => FIRST_DELAY.saturating_mul(1 << more.min(16)).min(LONGEST_DELAY),
            false => Duration::ZERO,
        };
        if rewrites.ended.is_some_and(|ended| ended.elapsed() < delay) {
            return false;
        }
        if !self.log.is_on() {
            return self.is_wanted.load(Ordering::Relaxed);
        }
        let (size, base) = (self.size(), self.base_size().max(1));
        let percentage = u64::from(options.auto_aof_rewrite_percentage);
        let growth = (size.saturating_mul(100) / base).saturating_sub(100);
        let is_due =
            percentage > 0 && size > options.auto_aof_rewrite_min_size && growth >= percentage;
        if is_due {
            tracing::info!("Starting automatic rewriting of AOF on {growth}% growth");
        }
        is_due
    }
}
