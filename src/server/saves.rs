//! Snapshots as a server makes them: when, how, and what follows from their end.
//!
//! A snapshot runs on a thread of its own, one at a time; nobody waits for it but SAVE and the end
//! of the server. That end saves twice if need be: first while clients still read and their writes
//! are held back, so that a disk that is full keeps the server from ending; and once more when
//! every connection has closed, if a write was on its way at that moment.
//! Source: https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/

use super::{PauseKind, REDIS_VERSION, Server, clock, stats};
use crate::config::EvictionPolicy;
use crate::persistence::rdb::write::{FileStyle, Style, Tells};
use crate::persistence::save::{Plan, save};
use crate::persistence::saving::{Claim, Task};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{Builder, JoinHandle, sleep};
use std::time::{Duration, Instant};

/// After a snapshot that failed the next one, if nobody asks for it, comes so much later.
const RETRY_MS: u64 = 5000;
/// Who waits for a task to end looks so often.
const LOOK: Duration = Duration::from_millis(2);
/// A disk that does not even make a file holds a BGSAVE up for so long.
const MOMENT_PATIENCE: Duration = Duration::from_secs(1);
/// For so long the end of the server waits for a task that it has cancelled.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);
/// A pause that only ends when it is ended, in milliseconds.
const UNTIL_ENDED_MS: u64 = 1 << 40;

/// How much less this thread counts than those that serve clients, where they share a core.
const NICENESS: i32 = 5;

/// Lets this thread, one that walks over all keys, stand back behind those that serve clients.
pub(super) fn give_way() {
    // Elsewhere it would be the whole process that stands back.
    if cfg!(target_os = "linux") {
        // Where that is not allowed, clients wait a little longer.
        let _ = rustix::process::nice(NICENESS);
    }
}

/// How the server is to end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Farewell {
    /// Whether the data is saved; if nothing is said, it is when there are save points.
    pub saves: Option<bool>,
    /// It ends even if saving fails.
    pub is_forced: bool,
}

impl Server {
    /// Begins a snapshot on a thread of its own, which tells in the end whether it was good. None
    /// when another task is under way. `task` says whether somebody waits for it. Its moment has
    /// passed when this returns: what is written after it is not in it. The caller holds no shard.
    ///
    /// # Errors
    /// When the operating system starts no thread.
    pub fn save_in_background(
        self: &Arc<Self>,
        task: Task,
    ) -> std::io::Result<Option<JoinHandle<bool>>> {
        let Some(claim) = self.saving.claim(task) else { return Ok(None) };
        self.saving.note_try(clock::now_ms());
        let server = self.clone();
        let thread = Builder::new().name("redstart-save".into());
        let (passing, moment) = mpsc::channel::<()>();
        let thread = thread.spawn(move || {
            give_way();
            server.save(claim, Some(passing))
        })?;
        // Nothing is ever sent: this ends with the moment, with a failure, or when patience does.
        let _: Result<(), RecvTimeoutError> = moment.recv_timeout(MOMENT_PATIENCE);
        tracing::info!("Background saving started by pid {}", std::process::id());
        Ok(Some(thread))
    }

    /// Makes a snapshot on this thread, unless another task is under way; whether it was good.
    pub fn save_now(&self) -> bool {
        self.saving.claim(Task::SaveNow).is_some_and(|claim| self.save(claim, None))
    }

    /// Makes a snapshot here and now; whether it was good. `passing` is dropped at its moment.
    fn save(&self, claim: Claim, mut passing: Option<Sender<()>>) -> bool {
        let (began, mut changes) = (Instant::now(), 0);
        let mut at_moment = || {
            changes = self.changes();
            drop(passing.take());
        };
        let result = self
            .plan()
            .and_then(|plan| save(&self.keyspace, &plan, &claim.progress, &mut at_moment));
        let is_cancelled = claim.progress.is_cancelled.load(Ordering::Relaxed);
        let good = result.is_ok().then_some(changes);
        match result {
            Ok(()) => tracing::info!("DB saved on disk"),
            Err(_) if is_cancelled => tracing::warn!("Background saving was cancelled"),
            Err(error) => tracing::warn!("Background saving error: {error:#}"),
        }
        // A snapshot that was called off is no failure.
        if good.is_some() || !is_cancelled {
            self.saving.note_end(clock::now_ms(), began.elapsed(), good);
        }
        good.is_some()
    }

    /// How a snapshot is made, as the options say.
    pub(super) fn plan(&self) -> anyhow::Result<Plan> {
        let config = self.config.load();
        let options = &config.persistence;
        let tells = match config.memory.maxmemory_policy {
            EvictionPolicy::AllkeysLfu | EvictionPolicy::VolatileLfu => Tells::Frequency,
            EvictionPolicy::AllkeysLru | EvictionPolicy::VolatileLru => Tells::Idleness,
            _ => Tells::Nothing,
        };
        let now_ms = clock::now_ms();
        Ok(Plan {
            // CONFIG SET dir may come while the snapshot is under way.
            dir: std::env::current_dir()?,
            name: options.dbfilename.clone(),
            style: FileStyle {
                values: Style { version: options.rdb_version, compresses: options.rdbcompression },
                has_checksum: options.rdbchecksum,
                syncs_meanwhile: options.rdb_save_incremental_fsync,
                tells,
                now_ms,
            },
            about: self.about_file(now_ms, false),
            functions: self.loading.functions.lock().clone(),
            key_delay_us: options.rdb_key_save_delay_us,
        })
    }

    /// What a snapshot tells about itself.
    pub fn about_file(&self, now_ms: u64, is_aof_base: bool) -> Vec<(&'static str, String)> {
        vec![
            ("redis-ver", REDIS_VERSION.to_string()),
            ("redis-bits", usize::BITS.to_string()),
            ("ctime", (now_ms / 1000).to_string()),
            ("used-mem", stats::allocated_bytes().to_string()),
            ("aof-base", u8::from(is_aof_base).to_string()),
        ]
    }

    /// How many changes there were, ever.
    pub fn changes(&self) -> u64 {
        self.stats.sum(|worker| &worker.changes)
    }

    /// How many of them are not in the last good snapshot.
    pub fn unsaved_changes(&self) -> u64 {
        self.changes().wrapping_sub(self.saving.history().changes)
    }

    /// Whether writes are refused because the last snapshot failed.
    pub fn distrusts_disk(&self) -> bool {
        let config = self.config.load();
        let options = &config.persistence;
        self.saving.has_failed.load(Ordering::Relaxed)
            && options.stop_writes_on_bgsave_error
            && !options.save.is_empty()
    }

    /// Begins a snapshot if one is scheduled, or a save point is reached.
    pub fn save_if_due(self: &Arc<Self>, now_ms: u64) {
        // What is not loaded yet would be missing in the snapshot.
        if self.saving.running().is_some() || self.loading.is_on() {
            return;
        }
        let is_scheduled = self.saving.is_scheduled.load(Ordering::Relaxed);
        if !is_scheduled && !self.reaches_save_point(now_ms) {
            return;
        }
        self.saving.is_scheduled.store(false, Ordering::Relaxed);
        if let Err(error) = self.save_in_background(Task::Save) {
            tracing::warn!("Can't save in background: {error}");
        }
    }

    fn reaches_save_point(&self, now_ms: u64) -> bool {
        let (config, history) = (self.config.load(), self.saving.history());
        if !history.is_good && now_ms.saturating_sub(history.tried_ms) <= RETRY_MS {
            return false;
        }
        let waited = Duration::from_millis(now_ms.saturating_sub(history.saved_ms));
        let points = &config.persistence.save;
        if points.iter().all(|point| waited <= point.after) {
            return false;
        }
        let changes = self.unsaved_changes();
        let reached = points.iter().find(|point| changes >= point.changes && waited > point.after);
        if let Some(point) = reached {
            let seconds = point.after.as_secs();
            tracing::info!("{} changes in {seconds} seconds. Saving...", point.changes);
        }
        reached.is_some()
    }

    /// Ends the server, on a thread of its own, which tells whether it does end.
    ///
    /// # Errors
    /// When the operating system starts no thread.
    pub fn end(self: &Arc<Self>, how: Farewell) -> std::io::Result<JoinHandle<bool>> {
        let server = self.clone();
        let thread = Builder::new().name("redstart-end".into());
        thread.spawn(move || server.say_farewell(how))
    }

    fn say_farewell(&self, how: Farewell) -> bool {
        let has_save_points = !self.config.load().persistence.save.is_empty();
        let saves = how.saves.unwrap_or(has_save_points) && !self.loading.is_on();
        let claim = self.claim_in_any_case();
        if saves {
            tracing::warn!("Saving the final RDB snapshot before exiting.");
            self.pause.start(PauseKind::Write, clock::now_ms(), clock::now_ms() + UNTIL_ENDED_MS);
            let is_saved = claim.is_some_and(|claim| self.save(claim, None));
            if !is_saved && !how.is_forced {
                self.pause.end();
                tracing::warn!("Error trying to save the DB, can't exit.");
                return false;
            }
        }
        self.ending.saves.store(saves, Ordering::Relaxed);
        self.ending.ask();
        true
    }

    /// Cancels the task under way and takes its place; none if it does not end.
    fn claim_in_any_case(&self) -> Option<Claim> {
        let began = Instant::now();
        while began.elapsed() < CANCEL_PATIENCE {
            if let Some(claim) = self.saving.claim(Task::SaveNow) {
                return Some(claim);
            }
            self.saving.cancel();
            sleep(LOOK);
        }
        tracing::warn!("a task in the background does not end");
        None
    }

    /// Stops what still walks over the keys, and saves what was written while the server was
    /// ending. To be called when every connection has closed.
    pub fn save_the_rest(&self) {
        let claim = self.claim_in_any_case();
        let is_owed = self.ending.saves.load(Ordering::Relaxed) && self.unsaved_changes() > 0;
        if let Some(claim) = claim.filter(|_| is_owed) {
            self.save(claim, None);
        }
    }
}
