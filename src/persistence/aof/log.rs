//! The log in memory: what was appended and is not yet in a file.
//!
//! ```text
//! a write, its shards locked ─► follow ─► chunks ══ the writer thread ══► file ─► disk
//!                                         appended ≥         written ≥       synced
//! ```
//! Positions count the bytes appended since the server started. Under `appendfsync always` a
//! connection keeps its replies back until `synced` has passed what was appended when its batch
//! ended: its own writes, and those of others that it may have read. Under the other policies it
//! waits only where more than `MOST_PENDING_BYTES` wait to be written; and under `everysec` replies
//! to writes wait, too, while anything that was appended `MOST_LOST_MS` ago has not reached the
//! disk: what a power cut takes was acknowledged within two seconds.
//!
//! Entries come under the locks of their shards, so that their order here agrees with the order of
//! the changes to each key; nothing but memory is touched meanwhile.

use super::encode;
use crate::config::FsyncPolicy;
use crate::store::JournalEntry;
use crate::store::journal::Follower;
use parking_lot::Mutex;
use std::cell::Cell;
use std::collections::VecDeque;
use std::fs::File;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::Thread;
use tokio::sync::Notify;

/// More may not wait for the disk: who goes on writing has to wait.
const MOST_PENDING_BYTES: u64 = 64 * 1024 * 1024;
/// `everysec`: what is older than this is on the disk, or no write is acknowledged. A little less
/// than the two seconds that are promised: replies take their time to be sent.
const MOST_LOST_MS: u64 = 1900;
/// A chunk that has grown this long is left alone: growing it further would copy it, with shards
/// locked.
const CHUNK_BYTES: usize = 256 * 1024;
/// Room beyond that, so that hardly an entry makes a chunk grow.
pub(super) const CHUNK_ROOM_BYTES: usize = CHUNK_BYTES + 16 * 1024;

thread_local! {
    /// How many entries this thread has appended.
    static APPENDED_HERE: Cell<u64> = const { Cell::new(0) };
}

/// Where what follows is to be written.
pub struct Destination {
    /// The file, and its length; none: nothing follows.
    pub file: Option<(File, u64)>,
    /// The position it begins at.
    pub from: u64,
}

/// What the writer takes in one go.
#[derive(Default)]
pub struct Taken {
    /// The bytes, in order.
    pub chunks: Vec<Vec<u8>>,
    /// Files to go on with, by position.
    pub turns: VecDeque<Destination>,
    /// When the first of the bytes was appended; 0 without any.
    pub since_ms: u64,
}

#[derive(Default)]
struct Pending {
    taken: Taken,
    /// The position behind the last byte.
    end: u64,
    /// Chunks that were written, to be filled again.
    spare: Vec<Vec<u8>>,
    is_on: bool,
    /// The database that the last call was in; none at the beginning of a file.
    db: Option<usize>,
    /// The second that was noted last.
    noted_s: u64,
}

impl Pending {
    /// The chunk to append to.
    #[inline]
    fn chunk(&mut self) -> &mut Vec<u8> {
        let is_full = self.taken.chunks.last().is_none_or(|last| last.len() >= CHUNK_BYTES);
        if is_full {
            let spare = self.spare.pop();
            let chunk = spare.unwrap_or_else(|| Vec::with_capacity(CHUNK_ROOM_BYTES));
            if self.taken.chunks.is_empty() {
                self.taken.since_ms = super::monotonic_ms();
            }
            self.taken.chunks.push(chunk);
        }
        self.taken.chunks.last_mut().expect("there is one now")
    }

    fn append(&mut self, entry: &JournalEntry<'_>, now_s: Option<u64>) {
        let note = now_s.filter(|now_s| *now_s != self.noted_s);
        let mut selected = self.db;
        let out = self.chunk();
        let before = out.len();
        if let Some(now_s) = note {
            encode::timestamp(out, now_s);
        }
        let mut select = |out: &mut Vec<u8>, db: usize| {
            if selected.replace(db) != Some(db) {
                encode::select(out, db);
            }
        };
        if entry.is_transaction() {
            select(out, entry.db);
            encode::call(out, &[b"MULTI"]);
        }
        entry.each_call(&mut |db, words| {
            select(out, db);
            encode::call(out, words);
        });
        if entry.is_transaction() {
            encode::call(out, &[b"EXEC"]);
        }
        self.end += (out.len() - before) as u64;
        self.db = selected;
        self.noted_s = note.unwrap_or(self.noted_s);
    }
}

/// The log. Follows the journal.
#[derive(Default)]
pub struct Log {
    pending: Mutex<Pending>,
    appended: AtomicU64,
    written: AtomicU64,
    synced: AtomicU64,
    /// When the first of the bytes that have not reached the disk was appended; 0 without any.
    unsynced_since_ms: AtomicU64,
    /// How often replies had to wait for a sync that was late.
    delays: AtomicU64,
    /// A sync is under way.
    is_syncing: AtomicBool,
    /// Something is to be written to a file.
    is_on: AtomicBool,
    /// Replies wait for the disk: `appendfsync always`.
    is_strict: AtomicBool,
    /// What is not on the disk may not get old: `everysec`.
    is_bounded: AtomicBool,
    pub(super) policy: Mutex<Policy>,
    pub(super) notes_time: AtomicBool,
    /// Why the last write failed; none while all is well.
    failure: Mutex<Option<String>>,
    is_failing: AtomicBool,
    /// Connections whose replies wait for the disk.
    waiting: AtomicUsize,
    /// How many have ever begun to wait.
    pub(super) entered: AtomicU64,
    /// At which number of those the writer wants to be woken.
    pub(super) wanted: AtomicU64,
    progress: Notify,
    writer: OnceLock<Thread>,
    /// The writer is parked.
    pub(super) rests: AtomicBool,
    pub(super) is_closing: AtomicBool,
    /// Nobody waits any longer for a disk that refuses.
    gives_up: AtomicBool,
    /// What the disk refuses is not tried again: the log is turned off.
    pub(super) is_abandoned: AtomicBool,
}

/// When to bring to the disk what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `appendfsync`.
    pub fsync: FsyncPolicy,
    /// `no-appendfsync-on-rewrite`.
    pub spares_rewrites: bool,
    /// A rewrite or a snapshot is under way.
    pub is_rewriting: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Policy { fsync: FsyncPolicy::Everysec, spares_rewrites: false, is_rewriting: false }
    }
}

impl Policy {
    /// What holds at the moment.
    pub fn in_force(self) -> FsyncPolicy {
        match self.spares_rewrites && self.is_rewriting {
            true => FsyncPolicy::No,
            false => self.fsync,
        }
    }
}

impl Follower for Log {
    fn follow(&self, entry: &JournalEntry<'_>) {
        if entry.is_empty() {
            return;
        }
        let notes_time = self.notes_time.load(Ordering::Relaxed);
        let now_s = notes_time.then(super::now_s);
        let mut pending = self.pending.lock();
        if !pending.is_on {
            return;
        }
        pending.append(entry, now_s);
        if self.unsynced_since_ms.load(Ordering::Relaxed) == 0 {
            self.unsynced_since_ms.store(pending.taken.since_ms, Ordering::Relaxed);
        }
        self.appended.store(pending.end, Ordering::Release);
        drop(pending);
        APPENDED_HERE.set(APPENDED_HERE.get() + 1);
        self.wake_if_resting();
    }
}

impl Log {
    /// What replies have to wait for, in the order in which they are to be sent: none mostly.
    /// `mark` was taken before the commands ran.
    #[inline]
    pub fn owed(&self, mark: Mark) -> Option<Owed> {
        if !self.is_on.load(Ordering::Acquire) {
            return None;
        }
        let appended = self.appended.load(Ordering::Acquire);
        let position = match self.is_strict.load(Ordering::Relaxed) {
            true => appended,
            false => appended.saturating_sub(MOST_PENDING_BYTES),
        };
        let owed = Owed { position, is_own: self.mark() != mark };
        (!self.is_settled(&owed)).then_some(owed)
    }

    /// Stands for what this thread has appended so far.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark(APPENDED_HERE.get())
    }

    fn is_settled(&self, owed: &Owed) -> bool {
        let reached = match self.is_strict.load(Ordering::Relaxed) {
            true => self.synced.load(Ordering::Acquire),
            false if owed.is_own && self.is_late() => return false,
            false => self.written.load(Ordering::Acquire),
        };
        // While the disk refuses, nobody waits but who has something there to lose.
        reached >= owed.position || !owed.is_own && self.is_failing.load(Ordering::Acquire)
    }

    /// Whether something has not reached the disk that should have.
    fn is_late(&self) -> bool {
        let since_ms = self.unsynced_since_ms.load(Ordering::Relaxed);
        since_ms > 0
            && self.is_bounded.load(Ordering::Relaxed)
            && super::monotonic_ms() >= since_ms + MOST_LOST_MS
    }

    /// How often replies had to wait for a sync that was late.
    pub fn delays(&self) -> u64 {
        self.delays.load(Ordering::Relaxed)
    }

    /// Waits until replies may be sent; false when they never may.
    pub async fn settled(&self, owed: Owed) -> bool {
        let _counted = Waits::enter(self);
        if self.is_late() {
            self.delays.fetch_add(1, Ordering::Relaxed);
        }
        loop {
            let mut news = std::pin::pin!(self.progress.notified());
            // Registered before the look: what comes in between is not missed.
            news.as_mut().enable();
            if self.is_settled(&owed) {
                return true;
            }
            if self.gives_up.load(Ordering::Acquire) && self.is_failing() {
                return false;
            }
            news.await;
        }
    }

    /// Whether the file takes nothing at the moment; writes are refused then.
    #[inline]
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Why the file takes nothing.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }

    /// Notes up to where everything was written.
    pub(super) fn note_written(&self, position: u64) {
        self.written.store(position, Ordering::Release);
    }

    /// Notes up to where everything has reached the disk, and since when the first of what was
    /// taken and has not waits for it; 0 without any.
    pub(super) fn note_synced(&self, position: u64, since_ms: u64) {
        self.synced.fetch_max(position, Ordering::AcqRel);
        let pending = self.pending.lock();
        let since_ms = if since_ms > 0 { since_ms } else { pending.taken.since_ms };
        self.unsynced_since_ms.store(since_ms, Ordering::Relaxed);
    }

    /// Notes whether a sync is under way.
    pub(super) fn note_syncing(&self, is_syncing: bool) {
        self.is_syncing.store(is_syncing, Ordering::Relaxed);
    }

    /// Whether a sync is under way.
    pub fn is_syncing(&self) -> bool {
        self.is_syncing.load(Ordering::Relaxed)
    }

    /// Says why the file takes nothing, or that it does again.
    pub(super) fn set_failure(&self, why: Option<String>) {
        let is_failing = why.is_some();
        *self.failure.lock() = why;
        self.is_failing.store(is_failing, Ordering::Release);
        self.tell();
    }

    /// The server ends: nobody waits any longer for a disk that refuses.
    pub fn give_up(&self) {
        self.gives_up.store(true, Ordering::Release);
        self.tell();
    }

    /// The log is turned off although the disk refuses: what it refuses is forgotten.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Release);
        self.wake();
    }

    /// The position behind everything appended so far.
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Acquire)
    }

    /// Everything before this position has reached the disk.
    pub fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Everything before this position is in a file.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Whether changes are appended.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Acquire)
    }

    /// Bytes that wait to be written.
    pub fn pending_bytes(&self) -> u64 {
        self.appended().saturating_sub(self.written.load(Ordering::Acquire))
    }

    /// Sets when what was written is brought to the disk.
    pub fn set_policy(&self, change: impl FnOnce(&mut Policy)) {
        let mut policy = self.policy.lock();
        change(&mut policy);
        let is_strict = policy.in_force() == FsyncPolicy::Always;
        self.is_strict.store(is_strict, Ordering::Relaxed);
        let is_bounded = policy.in_force() == FsyncPolicy::Everysec;
        self.is_bounded.store(is_bounded, Ordering::Relaxed);
        drop(policy);
        self.tell();
        self.wake();
    }

    /// Goes on in another file, from this moment on; in none, where there is none. With the shards
    /// locked it is one moment of the data, too. Tells the position.
    pub fn turn_to(&self, file: Option<(File, u64)>) -> u64 {
        let mut pending = self.pending.lock();
        let from = pending.end;
        pending.is_on = file.is_some();
        pending.db = None;
        pending.noted_s = 0;
        self.is_on.store(file.is_some(), Ordering::Release);
        pending.taken.turns.push_back(Destination { file, from });
        drop(pending);
        self.wake();
        from
    }

    /// Lets the writer end when it has written what there is.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.wake();
    }

    /// Names the writer's thread: the caller's.
    pub(super) fn adopt_writer(&self) {
        self.writer.get_or_init(std::thread::current);
    }

    /// Everything that waits to be written. `written` are chunks that are not needed any longer.
    pub(super) fn take(&self, written: Vec<Vec<u8>>) -> Taken {
        let mut pending = self.pending.lock();
        pending.spare = written;
        std::mem::take(&mut pending.taken)
    }

    /// Whether there is something to take.
    pub(super) fn has_work(&self) -> bool {
        let pending = self.pending.lock();
        !pending.taken.chunks.is_empty() || !pending.taken.turns.is_empty()
    }

    /// Tells those who wait that something has changed.
    pub(super) fn tell(&self) {
        self.progress.notify_waiters();
    }

    /// How many replies wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    #[inline]
    fn wake_if_resting(&self) {
        // The writer rests only after it has looked under the lock that was just given back.
        if self.rests.load(Ordering::Relaxed) && self.rests.swap(false, Ordering::AcqRel) {
            self.wake();
        }
    }
}

/// How much a thread had appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(u64);

/// What has to be in the file, or on the disk, before replies may be sent.
#[derive(Debug, Clone, Copy)]
pub struct Owed {
    position: u64,
    /// The batch has written something.
    is_own: bool,
}

/// Counts a connection that waits, however its wait ends.
struct Waits<'a>(&'a Log);

impl<'a> Waits<'a> {
    fn enter(log: &'a Log) -> Self {
        log.waiting.fetch_add(1, Ordering::AcqRel);
        let entered = log.entered.fetch_add(1, Ordering::AcqRel) + 1;
        if entered == log.wanted.load(Ordering::Acquire) {
            log.wake();
        }
        Waits(log)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
