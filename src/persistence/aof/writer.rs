//! The thread that writes the log to its file and has it brought to the disk.
//!
//! ```text
//! always     gather ─► write ─► sync ─► those whose replies waited send them, and so on
//! everysec   write at once, then at most once a millisecond; a second after the last sync began,
//!            another thread syncs what there is, and writing goes on
//! no         the same without sync
//! ```
//! A group commit: one sync serves everyone who waits for it. While a sync runs, those it does not
//! cover arrive; a moment is spent on letting those whom it has just answered come back, so that
//! all clients share one sync in turn and not two halves of them two.
//!
//! A write that fails is taken back to the last whole one and tried again until it works; meanwhile
//! the log is said to fail, and writes are refused. What a sync that failed had covered is written
//! again: the kernel may have thrown it away, and would not say so a second time.

use super::log::{CHUNK_ROOM_BYTES, Destination, Log, Taken};
use super::syncer::{self, Job, Syncer};
use crate::config::FsyncPolicy;
use crate::persistence::failpoint;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long to wait after a write that failed.
const RETRY: Duration = Duration::from_millis(100);
/// Without a strict policy, writes follow each other at this distance: what comes within it shares
/// one.
const SHORTEST_REST: Duration = Duration::from_millis(1);
/// `appendfsync everysec`.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// The part of a sync's time that is spent on gathering those who come back: 1 in so many.
const GATHER_SHARE: u32 = 4;
/// And never more than this.
const LONGEST_GATHER: Duration = Duration::from_millis(2);
/// Chunks kept to be filled again.
const MOST_SPARE_CHUNKS: usize = 8;
/// A failure that lasts is told of this often.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// The file that is written to.
struct Target {
    file: Arc<File>,
    /// Bytes of it that are whole calls.
    length: u64,
    /// Bytes of it that have reached the disk.
    synced_length: u64,
}

impl Target {
    /// Appends bytes. Where that fails, says how many of them are in the file all the same: none,
    /// unless they cannot be taken back.
    fn append(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        let mut written = 0;
        while written < bytes.len() {
            let wrote = failpoint::reached("log-write")
                .and_then(|()| (&*self.file).write(&bytes[written..]));
            let error = match wrote {
                Ok(0) => io::ErrorKind::WriteZero.into(),
                Ok(more) => {
                    written += more;
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            if self.file.set_len(self.length).is_ok() {
                written = 0;
            }
            self.length += written as u64;
            return Err((written, error));
        }
        self.length += written as u64;
        Ok(())
    }

    fn is_synced(&self) -> bool {
        self.synced_length == self.length
    }
}

/// The writer thread's own.
pub struct Writer {
    log: Arc<Log>,
    target: Option<Target>,
    syncer: Syncer,
    /// The position behind what was written.
    position: u64,
    /// When the first of the bytes was appended that no sync covers, nor will the one that is under
    /// way; 0 without any.
    since_ms: u64,
    last_sync: Instant,
    /// How long the last sync took.
    sync_took: Duration,
    /// How many replies waited when the last sync ended.
    crowd: u64,
    /// How many had begun to wait when the last bytes were taken.
    entered: u64,
    has_failed_sync: bool,
    told_of_failure: Option<Instant>,
}

impl Writer {
    /// A writer without a file.
    pub fn new(log: Arc<Log>, syncer: Syncer) -> Self {
        Writer {
            syncer,
            log,
            target: None,
            position: 0,
            since_ms: 0,
            last_sync: Instant::now(),
            sync_took: Duration::ZERO,
            crowd: 0,
            entered: 0,
            has_failed_sync: false,
            told_of_failure: None,
        }
    }

    /// Writes until the log is closed.
    pub fn run(mut self) {
        self.log.adopt_writer();
        let mut spare = Vec::new();
        while !self.is_over() {
            self.rest();
            if self.policy() == FsyncPolicy::Always {
                self.gather();
            }
            let taken = self.log.take(std::mem::take(&mut spare));
            let has_written = !taken.chunks.is_empty();
            spare = self.write_all(taken);
            self.see_to_syncs();
            self.crowd = self.log.waiting() as u64;
            self.log.tell();
            if has_written && self.policy() != FsyncPolicy::Always && !self.is_closing() {
                std::thread::sleep(SHORTEST_REST);
            }
        }
        self.turn(None);
        self.log.tell();
    }

    fn policy(&self) -> FsyncPolicy {
        self.log.policy.lock().in_force()
    }

    fn is_closing(&self) -> bool {
        self.log.is_closing.load(Ordering::Acquire)
    }

    fn is_over(&self) -> bool {
        self.is_closing() && !self.log.has_work()
    }

    /// Sleeps until there is something to write or to sync.
    fn rest(&mut self) {
        loop {
            // Said before the look: who appends after it wakes this thread.
            self.log.rests.store(true, Ordering::Release);
            let due = self.sync_due();
            let is_due = due.is_some_and(|due| due.is_zero());
            if self.log.has_work() || self.is_closing() || is_due {
                self.log.rests.store(false, Ordering::Release);
                return;
            }
            if self.conclude_sync() {
                self.log.tell();
                continue;
            }
            match due {
                Some(due) => std::thread::park_timeout(due),
                None => std::thread::park(),
            }
        }
    }

    /// In how long a sync is to begin; none when nothing is to be synced.
    fn sync_due(&self) -> Option<Duration> {
        self.target.as_ref().filter(|target| !target.is_synced())?;
        match self.policy() {
            FsyncPolicy::Always => Some(Duration::ZERO),
            FsyncPolicy::Everysec if self.syncer.underway().is_some() => None,
            FsyncPolicy::Everysec => Some(SYNC_EVERY.saturating_sub(self.last_sync.elapsed())),
            FsyncPolicy::No => None,
        }
    }

    /// Waits until as many replies wait for the next sync as there were at the last one, or the
    /// time for it is over.
    fn gather(&mut self) {
        let patience = (self.sync_took / GATHER_SHARE).min(LONGEST_GATHER);
        let until = Instant::now() + patience;
        let wanted = self.entered + self.crowd;
        self.log.wanted.store(wanted, Ordering::Release);
        while self.log.entered.load(Ordering::Acquire) < wanted {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::park_timeout(left);
        }
        self.log.wanted.store(0, Ordering::Release);
        self.entered = self.log.entered.load(Ordering::Acquire);
    }

    /// Writes what was taken, each part to the file it is for; gives the empty chunks back.
    fn write_all(&mut self, mut taken: Taken) -> Vec<Vec<u8>> {
        let mut slices: Vec<&[u8]> = taken.chunks.iter().map(|chunk| &chunk[..]).collect();
        for turn in taken.turns {
            let before = split_front(&mut slices, (turn.from - self.position) as usize);
            self.write(&before);
            self.turn(Some(turn));
        }
        self.write(&slices);
        if self.since_ms == 0 && self.target.as_ref().is_some_and(|target| !target.is_synced()) {
            self.since_ms = taken.since_ms;
        }
        taken.chunks.retain(|chunk| chunk.capacity() <= 2 * CHUNK_ROOM_BYTES);
        taken.chunks.truncate(MOST_SPARE_CHUNKS);
        taken.chunks.iter_mut().for_each(Vec::clear);
        taken.chunks
    }

    /// Writes bytes and, where the policy is strict, syncs them, however often it takes.
    fn write(&mut self, slices: &[&[u8]]) {
        let length = slices.iter().map(|slice| slice.len() as u64).sum::<u64>();
        if length == 0 {
            return;
        }
        let mut rest = slices.to_vec();
        while let Err((what, error)) = self.try_write(slices, &mut rest) {
            self.fail(what, &error);
            if self.is_closing() {
                tracing::error!("{length} bytes of the AOF could not be written");
                return;
            }
            if self.log.is_abandoned.load(Ordering::Acquire) {
                break;
            }
        }
        self.position += length;
        self.log.note_written(self.position);
        if self.target.as_ref().is_none_or(Target::is_synced) {
            self.note_all_synced();
        }
        if !self.has_failed_sync {
            self.recover();
        }
    }

    /// Tries once. `rest` are the slices, or parts of them, that are not in the file.
    fn try_write<'s>(
        &mut self,
        slices: &[&'s [u8]],
        rest: &mut Vec<&'s [u8]>,
    ) -> Result<(), (&'static str, io::Error)> {
        let Some(target) = &mut self.target else { return Ok(()) };
        while let Some(slice) = rest.first_mut() {
            if let Err((written, error)) = target.append(slice) {
                *slice = &slice[written..];
                return Err(("writing to", error));
            }
            rest.remove(0);
        }
        if self.log.policy.lock().in_force() != FsyncPolicy::Always {
            return Ok(());
        }
        let bytes = slices.iter().map(|slice| slice.len() as u64).sum::<u64>();
        self.sync().map_err(|error| {
            let target = self.target.as_mut().expect("there was one above");
            // Only where all that the sync was for is here to be written again.
            if target.length == target.synced_length + bytes
                && target.file.set_len(target.synced_length).is_ok()
            {
                target.length = target.synced_length;
                *rest = slices.to_vec();
            }
            ("syncing", error)
        })
    }

    /// Begins the sync that is due, and concludes the one that has ended.
    fn see_to_syncs(&mut self) {
        self.conclude_sync();
        if self.sync_due().is_none_or(|due| !due.is_zero()) {
            return;
        }
        match &self.target {
            Some(target) if self.policy() == FsyncPolicy::Everysec => {
                let (file, length) = (target.file.clone(), target.length);
                let since_ms = std::mem::take(&mut self.since_ms);
                self.syncer.begin(Job { file, length, position: self.position, since_ms });
                self.log.note_syncing(true);
                self.last_sync = Instant::now();
            }
            _ => self.sync_or_fail(),
        }
    }

    /// Draws the conclusions of a sync that another thread has ended; false when none has.
    fn conclude_sync(&mut self) -> bool {
        let Some((job, outcome)) = self.syncer.finished() else { return false };
        self.log.note_syncing(false);
        let target = self.target.as_mut().filter(|target| Arc::ptr_eq(&target.file, &job.file));
        match outcome {
            Ok(()) => {
                if let Some(target) = target {
                    target.synced_length = target.synced_length.max(job.length);
                }
                self.log.note_synced(job.position, self.since_ms);
                self.has_failed_sync = false;
                self.recover();
            }
            // A file that was turned away from has been synced since, or was given up.
            Err(_) if target.is_none() => {}
            Err(error) => {
                self.since_ms = job.since_ms;
                // Tried again at once.
                self.last_sync = self.last_sync.checked_sub(SYNC_EVERY).unwrap_or(self.last_sync);
                self.has_failed_sync = true;
                self.fail("syncing", &error);
            }
        }
        true
    }

    /// Notes that all that was written has reached the disk.
    fn note_all_synced(&mut self) {
        self.since_ms = 0;
        self.log.note_synced(self.position, 0);
    }

    /// Brings what was written to the disk.
    fn sync(&mut self) -> io::Result<()> {
        while self.syncer.underway().is_some() && !self.conclude_sync() {
            std::thread::park();
        }
        let Some(target) = self.target.as_mut().filter(|target| !target.is_synced()) else {
            return Ok(());
        };
        let began = Instant::now();
        self.log.note_syncing(true);
        let synced = syncer::sync(&target.file, target.length);
        self.log.note_syncing(false);
        synced?;
        target.synced_length = target.length;
        self.last_sync = Instant::now();
        self.sync_took = began.elapsed();
        self.has_failed_sync = false;
        Ok(())
    }

    fn sync_or_fail(&mut self) {
        match self.sync() {
            Ok(()) => {
                self.note_all_synced();
                self.recover();
            }
            Err(error) => {
                self.has_failed_sync = true;
                self.fail("syncing", &error);
            }
        }
    }

    /// Goes on in another file; the one before has reached the disk then.
    fn turn(&mut self, turn: Option<Destination>) {
        while self.target.as_ref().is_some_and(|target| !target.is_synced()) {
            self.sync_or_fail();
            let is_over = self.is_closing() || self.log.is_abandoned.load(Ordering::Acquire);
            if self.has_failed_sync && is_over {
                tracing::error!("the end of the AOF may not have reached the disk");
                break;
            }
        }
        let file = turn.and_then(|turn| turn.file);
        self.target = file.map(|(file, length)| {
            failpoint::synced(&file, length);
            Target { file: Arc::new(file), length, synced_length: length }
        });
        // What a disk refused to the file before is forgotten.
        self.log.is_abandoned.store(false, Ordering::Release);
        self.note_all_synced();
        self.has_failed_sync = false;
        self.recover();
    }

    /// Says that the log fails, and waits for better times.
    fn fail(&mut self, what: &str, error: &io::Error) {
        let why = plain_text(error);
        if self.told_of_failure.is_none_or(|told| told.elapsed() > TELL_EVERY) {
            tracing::error!("Error {what} the AOF file: {why}. Writes are refused until it works.");
            self.told_of_failure = Some(Instant::now());
        }
        self.log.set_failure(Some(why));
        std::thread::sleep(RETRY);
    }

    /// Says that all is well.
    fn recover(&mut self) {
        if self.told_of_failure.take().is_some() {
            tracing::warn!("AOF write error looks solved. The server can write again.");
            self.log.set_failure(None);
        }
    }
}

/// Cuts `bytes` off the front of the slices.
fn split_front<'s>(slices: &mut Vec<&'s [u8]>, mut bytes: usize) -> Vec<&'s [u8]> {
    let mut front = Vec::new();
    while bytes > 0 {
        let (now, later) = slices[0].split_at(bytes.min(slices[0].len()));
        front.push(now);
        bytes -= now.len();
        match later.is_empty() {
            true => drop(slices.remove(0)),
            false => slices[0] = later,
        }
    }
    front
}

/// What the operating system says, as strerror(3) says it.
fn plain_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}
