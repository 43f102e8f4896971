//! CLIENT PAUSE: for a while, commands (or only those that write) wait.

use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseKind {
    /// Only what may write.
    Write,
    /// Everything.
    All,
}

/// The pause in force, if any.
#[derive(Default)]
pub struct Pause {
    /// When it ends (ms), readable without the lock; 0 when there is none.
    ends_ms: AtomicU64,
    kind: Mutex<Option<PauseKind>>,
}

impl Pause {
    /// Starts a pause, or stretches the one in force: it never gets shorter or weaker, as in Redis.
    pub fn start(&self, kind: PauseKind, now_ms: u64, ends_ms: u64) {
        let mut current = self.kind.lock();
        let is_on = self.ends_ms.load(Ordering::Relaxed) > now_ms;
        let keeps_all = is_on && *current == Some(PauseKind::All);
        *current = Some(if keeps_all { PauseKind::All } else { kind });
        let earlier = if is_on { self.ends_ms.load(Ordering::Relaxed) } else { 0 };
        self.ends_ms.store(ends_ms.max(earlier), Ordering::SeqCst);
    }

    /// Ends the pause.
    pub fn end(&self) {
        *self.kind.lock() = None;
        self.ends_ms.store(0, Ordering::SeqCst);
    }

    /// The kind of pause in force at `now_ms`.
    #[inline]
    pub fn at(&self, now_ms: u64) -> Option<PauseKind> {
        if self.ends_ms.load(Ordering::Relaxed) <= now_ms {
            return None;
        }
        *self.kind.lock()
    }

    /// Milliseconds left of the pause at `now_ms`.
    pub fn left_ms(&self, now_ms: u64) -> u64 {
        self.ends_ms.load(Ordering::Relaxed).saturating_sub(now_ms)
    }
}
