//! Rewriting the append-only file, and turning it on and off while the server runs.
//!
//! A rewrite runs on a thread of its own, and shares the place of the one task with snapshots.

use super::{Server, clock};
use crate::persistence::save::Plan;
use crate::persistence::saving::{Claim, Task};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{Builder, sleep};
use std::time::{Duration, Instant};

/// Who waits for a rewrite to end looks so often.
const LOOK: Duration = Duration::from_millis(2);
/// And for so long.
const CANCEL_PATIENCE: Duration = Duration::from_secs(10);

impl Server {
    /// Begins a rewrite on a thread of its own; false when another task is under way.
    ///
    /// # Errors
    /// When the operating system starts no thread.
    pub fn rewrite_in_background(self: &Arc<Self>) -> std::io::Result<bool> {
        let Some(claim) = self.saving.claim(Task::Rewrite) else { return Ok(false) };
        let server = self.clone();
        let thread = Builder::new().name("redstart-rewrite".into());
        thread.spawn(move || server.rewrite(&claim))?;
        let id = std::process::id();
        tracing::info!("Background append only file rewriting started by pid {id}");
        Ok(true)
    }

    fn rewrite(&self, claim: &Claim) {
        let options = &self.config.load().persistence;
        self.aof.log.set_policy(|policy| policy.is_rewriting = true);
        let written = self
            .base_plan()
            .and_then(|plan| self.aof.rewrite(&self.keyspace, options, plan, &claim.progress));
        self.aof.log.set_policy(|policy| policy.is_rewriting = false);
        match written {
            Ok(()) => tracing::info!("Background AOF rewrite finished successfully"),
            Err(_) if claim.progress.is_cancelled.load(Ordering::Relaxed) => {
                tracing::warn!("Background AOF rewrite was cancelled");
            }
            Err(error) => tracing::warn!("Background AOF rewrite failed: {error:#}"),
        }
    }

    /// How a base is made that is a snapshot.
    ///
    /// # Errors
    /// When there is no working directory any more.
    pub fn base_plan(&self) -> anyhow::Result<Plan> {
        let about = self.about_file(clock::now_ms(), true);
        Ok(Plan { about, ..self.plan()? })
    }

    /// Begins a rewrite if one is scheduled, or the file has grown enough.
    pub fn rewrite_if_due(self: &Arc<Self>) {
        if self.saving.running().is_some() {
            return;
        }
        let is_scheduled = self.aof.is_rewrite_scheduled.load(Ordering::Relaxed);
        if !is_scheduled && !self.aof.is_rewrite_due(&self.config.load().persistence) {
            return;
        }
        if let Err(error) = self.rewrite_in_background() {
            tracing::warn!("Can't rewrite append only file in background: {error}");
        }
    }

    /// Turns the log on or off, as `appendonly` says after CONFIG SET. On, it is complete once a
    /// rewrite has ended, which begins as soon as nothing else is under way.
    pub fn switch_aof(self: &Arc<Self>) {
        let is_wanted = self.config.load().persistence.appendonly;
        if self.aof.is_wanted.swap(is_wanted, Ordering::Relaxed) == is_wanted {
            return;
        }
        if is_wanted {
            return self.rewrite_if_due();
        }
        let began = Instant::now();
        let is_rewriting =
            || self.saving.running().is_some_and(|running| running.task == Task::Rewrite);
        if is_rewriting() {
            tracing::warn!("Killing AOF child: the rewrite under way is given up");
        }
        while is_rewriting() && began.elapsed() < CANCEL_PATIENCE {
            self.saving.cancel();
            sleep(LOOK);
        }
        self.aof.turn_off(&self.keyspace);
    }
}
