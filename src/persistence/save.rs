//! A snapshot from the keyspace into its file.
//!
//! ```text
//! temp-<pid>.rdb: written ─► synced ─► renamed to its name ─► folder synced
//! ```
//! Until the rename the file of before is what a start would load; after it, the new one. A
//! snapshot that fails, or is cancelled, leaves nothing behind.

use super::failpoint;
use super::rdb::write::{FileStyle, SnapshotFile};
use super::saving::Progress;
use super::temporary;
use crate::store::{Keyspace, Snapshot};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long it sleeps before it looks again whether it was cancelled.
const NAP: Duration = Duration::from_millis(5);
/// How often the log tells how far saving is.
const EVERY: Duration = Duration::from_secs(5);

/// A snapshot to be made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The folder.
    pub dir: PathBuf,
    /// The name of the file.
    pub name: String,
    /// How it is written.
    pub style: FileStyle,
    /// What it tells about itself.
    pub about: Vec<(&'static str, String)>,
    /// Libraries of functions.
    pub functions: Vec<Box<[u8]>>,
    /// For tests: microseconds to wait after each key; below zero, keys for each microsecond.
    pub key_delay_us: i32,
}

/// Makes a snapshot; `at_moment` runs at the moment that it shows.
///
/// # Errors
/// A sentence on what failed. The file of before is as it was.
pub fn save(
    keyspace: &Keyspace,
    plan: &Plan,
    progress: &Progress,
    at_moment: &mut dyn FnMut(),
) -> Result<()> {
    let temporary = plan.dir.join(format!("temp-{}.rdb", std::process::id()));
    let target = plan.dir.join(&plan.name);
    temporary::put(&target, &temporary, |path| write(keyspace, plan, path, progress, at_moment))?;
    failpoint::reached("snapshot-renamed")?;
    // The name is on the disk when the folder is.
    let synced = File::open(&plan.dir).and_then(|dir| dir.sync_all());
    synced.with_context(|| format!("syncing the folder {}", plan.dir.display()))
}

fn write(
    keyspace: &Keyspace,
    plan: &Plan,
    path: &Path,
    progress: &Progress,
    at_moment: &mut dyn FnMut(),
) -> Result<()> {
    let file = File::create(path).with_context(|| {
        let (name, dir) = (path.display(), plan.dir.display());
        format!("Failed opening the temp RDB file {name} (in server root dir {dir}) for saving")
    })?;
    failpoint::reached("snapshot-created").context("Write error saving DB on disk")?;
    let mut file = SnapshotFile::begin(file, plan.style.clone(), &plan.about);
    plan.functions.iter().for_each(|code| file.function(code));
    let Some(mut snapshot) = keyspace.begin_snapshot(at_moment) else {
        bail!("another snapshot is under way");
    };
    failpoint::reached("snapshot-moment").context("Write error saving DB on disk")?;
    file.expect(snapshot.sizes());
    let total = snapshot.sizes().iter().map(|size| size.keys as u64).sum();
    progress.total.store(total, Ordering::Relaxed);
    copy(&mut snapshot, &mut file, plan, progress)?;
    drop(snapshot);
    file.end().context("Write error saving DB on disk")?;
    failpoint::reached("snapshot-written").context("Write error saving DB on disk")
}

/// Walks over the snapshot. Between two steps nothing is locked.
fn copy(
    snapshot: &mut Snapshot<'_>,
    file: &mut SnapshotFile,
    plan: &Plan,
    progress: &Progress,
) -> Result<()> {
    let (mut before, mut told) = (0, Instant::now());
    while snapshot.step(file) {
        let flushed = failpoint::reached("snapshot-step").and_then(|()| file.flush());
        flushed.context("Write error saving DB on disk")?;
        progress.keys.store(file.keys(), Ordering::Relaxed);
        if told.elapsed() >= EVERY {
            told = Instant::now();
            let total = progress.total.load(Ordering::Relaxed).max(1);
            let percent = file.keys() as f64 * 100.0 / total as f64;
            tracing::info!("Saving: {percent:.0} % of {total} keys");
        }
        let keys = file.keys() - before;
        before = file.keys();
        wait(delay(plan.key_delay_us, keys), progress);
        go_on(progress)?;
    }
    // It may have been called off before its first step.
    go_on(progress)
}

fn go_on(progress: &Progress) -> Result<()> {
    if progress.is_cancelled.load(Ordering::Relaxed) {
        bail!("it was cancelled");
    }
    Ok(())
}

fn delay(key_delay_us: i32, keys: u64) -> Duration {
    let each = u64::from(key_delay_us.unsigned_abs());
    Duration::from_micros(match key_delay_us {
        0 => 0,
        1.. => keys.saturating_mul(each),
        _ => keys / each,
    })
}

fn wait(mut left: Duration, progress: &Progress) {
    while !left.is_zero() && !progress.is_cancelled.load(Ordering::Relaxed) {
        let nap = left.min(NAP);
        std::thread::sleep(nap);
        left -= nap;
    }
}
