//! The thread that brings the log to the disk once a second, while the writer goes on writing.
//!
//! One sync is under way at a time. The writer hands over what it has written, is woken when that
//! has reached the disk, and draws the conclusions: what a slow disk keeps waiting is `log`'s.

use crate::persistence::failpoint;
use anyhow::{Context, Result};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::Thread;

/// What is to reach the disk.
#[derive(Clone)]
pub struct Job {
    /// The file.
    pub file: Arc<File>,
    /// Bytes of it that are written.
    pub length: u64,
    /// The position behind them in the log.
    pub position: u64,
    /// When the oldest of them was appended.
    pub since_ms: u64,
}

/// The writer's end of it.
pub struct Syncer {
    jobs: Sender<(Job, Thread)>,
    results: Receiver<io::Result<()>>,
    underway: Option<Job>,
}

impl Syncer {
    /// Starts the thread, which ends with this.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub fn start() -> Result<Self> {
        let (jobs, taken) = channel::<(Job, Thread)>();
        let (told, results) = channel();
        let thread = std::thread::Builder::new().name("redstart-fsync".into());
        let work = move || {
            for (job, writer) in taken {
                let outcome = sync(&job.file, job.length);
                drop(job);
                if told.send(outcome).is_err() {
                    return;
                }
                writer.unpark();
            }
        };
        thread.spawn(work).context("starting the thread that syncs the AOF")?;
        Ok(Syncer { jobs, results, underway: None })
    }

    /// What is under way.
    pub fn underway(&self) -> Option<&Job> {
        self.underway.as_ref()
    }

    /// Hands over a sync; this thread is woken when it has ended. None may be under way.
    pub fn begin(&mut self, job: Job) {
        debug_assert!(self.underway.is_none());
        // Without its thread nothing reaches the disk: `finished` says so.
        let _ = self.jobs.send((job.clone(), std::thread::current()));
        self.underway = Some(job);
    }

    /// What has ended since the last look, and how.
    pub fn finished(&mut self) -> Option<(Job, io::Result<()>)> {
        let outcome = match self.results.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err(io::Error::other("its thread has ended")),
        };
        Some((self.underway.take()?, outcome))
    }
}

/// Brings a file to the disk, of which so many bytes are written.
pub fn sync(file: &File, length: u64) -> io::Result<()> {
    failpoint::reached("log-sync")?;
    file.sync_data()?;
    failpoint::synced(file, length);
    Ok(())
}
