//! What a server knows of its snapshots: which one is under way, how the last one went.
//!
//! One task at a time walks over all keys: a snapshot, or the rewriting of the append-only file.
//! Whoever wants to begin one takes the place (`claim`) and gives it back by dropping it.

use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What walks over all keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// A snapshot for `dbfilename`, in the background.
    Save,
    /// The same, and somebody waits for it.
    SaveNow,
    /// The append-only file is rewritten.
    Rewrite,
}

impl Task {
    /// Whether it is a snapshot for `dbfilename`.
    pub fn is_save(self) -> bool {
        self != Task::Rewrite
    }
}

/// How far a task is, and whether it is to stop.
#[derive(Debug, Default)]
pub struct Progress {
    /// Keys written.
    pub keys: AtomicU64,
    /// Keys there are.
    pub total: AtomicU64,
    /// It is to be given up.
    pub is_cancelled: AtomicBool,
}

/// The place of the one task.
#[derive(Debug)]
pub struct Claim {
    shared: Arc<Shared>,
    /// How far it is.
    pub progress: Arc<Progress>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        *self.shared.running.lock() = None;
    }
}

/// A task under way.
#[derive(Debug, Clone)]
pub struct Running {
    /// What it is.
    pub task: Task,
    /// Since when.
    pub began: Instant,
    /// How far it is.
    pub progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Shared {
    running: Mutex<Option<Running>>,
}

/// How the snapshots so far went.
#[derive(Debug, Clone, Copy)]
pub struct History {
    /// When the last good one ended (ms since 1970); the server's start before the first.
    pub saved_ms: u64,
    /// When the last one was begun in the background (ms).
    pub tried_ms: u64,
    /// Whether the last one was good.
    pub is_good: bool,
    /// How long the last one took.
    pub took: Option<Duration>,
    /// How many were good.
    pub count: u64,
    /// How many changes there had been in all at the moment of the last good one.
    pub changes: u64,
}

/// A server's snapshots.
#[derive(Debug)]
pub struct Saving {
    shared: Arc<Shared>,
    history: Mutex<History>,
    /// BGSAVE SCHEDULE: one is to begin once the task under way has ended.
    pub is_scheduled: AtomicBool,
    /// The last snapshot failed.
    pub has_failed: AtomicBool,
}

impl Saving {
    /// Nothing was saved yet by a server that starts at `now_ms`.
    pub fn new(now_ms: u64) -> Self {
        let history = History {
            saved_ms: now_ms,
            tried_ms: 0,
            is_good: true,
            took: None,
            count: 0,
            changes: 0,
        };
        Saving {
            shared: Arc::default(),
            history: Mutex::new(history),
            is_scheduled: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Takes the place of the one task, unless it is taken.
    pub fn claim(&self, task: Task) -> Option<Claim> {
        let mut running = self.shared.running.lock();
        if running.is_some() {
            return None;
        }
        let progress = Arc::<Progress>::default();
        *running = Some(Running { task, began: Instant::now(), progress: progress.clone() });
        Some(Claim { shared: self.shared.clone(), progress })
    }

    /// The task under way.
    pub fn running(&self) -> Option<Running> {
        self.shared.running.lock().clone()
    }

    /// Whether a snapshot is under way.
    pub fn is_saving(&self) -> bool {
        self.running().is_some_and(|running| running.task.is_save())
    }

    /// Asks the task under way to stop.
    pub fn cancel(&self) {
        self.cancel_if(|_| true);
    }

    /// Asks a snapshot that nobody waits for to stop: all data are about to go, and it would only
    /// bring them back.
    pub fn forget_what_is_flushed(&self) {
        self.cancel_if(|task| task == Task::Save);
    }

    fn cancel_if(&self, is_meant: impl Fn(Task) -> bool) {
        if let Some(running) = self.running().filter(|running| is_meant(running.task)) {
            running.progress.is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// How the snapshots so far went.
    pub fn history(&self) -> History {
        *self.history.lock()
    }

    /// Notes that one begins.
    pub fn note_try(&self, now_ms: u64) {
        self.history.lock().tried_ms = now_ms;
    }

    /// Notes that one ended; `changes` are those up to its moment, if it was good.
    pub fn note_end(&self, now_ms: u64, took: Duration, changes: Option<u64>) {
        let mut history = self.history.lock();
        history.took = Some(took);
        history.is_good = changes.is_some();
        self.has_failed.store(changes.is_none(), Ordering::Relaxed);
        if let Some(changes) = changes {
            history.saved_ms = now_ms;
            history.count += 1;
            history.changes = changes;
        }
    }
}
