//! Loading: from files to the keyspace, and what is known of it meanwhile.
//!
//! One loading at a time: at the start of the server, or when DEBUG RELOAD asks for it. Clients are
//! refused as long as it is on, so that it meets nobody.

use super::rdb::read::{Contents, Error, Flaw, Loaded, Rules, Whole, read_snapshot};
use crate::store::{Keyspace, access};
use parking_lot::Mutex;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How much is read before the clock is looked at again.
const BYTES_A_LOOK: u64 = 1 << 20;
/// How often the log tells how far loading is.
const EVERY: Duration = Duration::from_secs(5);
/// So many keys without elements are named in the log.
const MOST_NAMED: u64 = 10;

/// What is known of loading.
#[derive(Default)]
pub struct Loading {
    is_on: AtomicBool,
    /// When it began, in milliseconds since 1970.
    pub began_ms: AtomicU64,
    /// The bytes of the file that is being loaded.
    pub total_bytes: AtomicU64,
    /// How many of them have been read.
    pub loaded_bytes: AtomicU64,
    /// What the file says of the memory its keys took.
    pub used_memory: AtomicU64,
    /// Keys of the last snapshot that was loaded.
    pub keys: AtomicU64,
    /// Keys of it that were past their deadline.
    pub dead_keys: AtomicU64,
    /// The libraries of functions in it. Nothing here runs them: the next snapshot takes them over.
    pub functions: Mutex<Vec<Box<[u8]>>>,
}

impl Loading {
    /// Whether clients have to wait.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Acquire)
    }

    /// Notes that it begins.
    pub fn begin(&self, now_ms: u64) {
        self.began_ms.store(now_ms, Ordering::Relaxed);
        self.total_bytes.store(0, Ordering::Relaxed);
        self.loaded_bytes.store(0, Ordering::Relaxed);
        self.is_on.store(true, Ordering::Release);
    }

    /// Notes that all is loaded.
    pub fn end(&self) {
        self.is_on.store(false, Ordering::Release);
    }

    fn begin_file(&self, length: u64) {
        self.total_bytes.store(length, Ordering::Relaxed);
        for figure in [&self.loaded_bytes, &self.used_memory, &self.keys, &self.dead_keys] {
            figure.store(0, Ordering::Relaxed);
        }
        self.functions.lock().clear();
    }
}

/// How a snapshot is loaded.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Whether the checksum is compared.
    pub checks_sum: bool,
    /// Whether versions that are not known are read as far as they are understood.
    pub takes_any_version: bool,
    /// Whether keys past their deadline are kept: what follows in a log may still need them.
    pub keeps_dead: bool,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
    /// For tests: how long to wait after each key.
    pub key_delay: Duration,
}

/// Loads the snapshot that the file at `place` begins with; keys take the place of those that are
/// there.
///
/// # Errors
/// What is wrong, and where.
pub fn load_snapshot(
    place: &Path,
    keyspace: &Keyspace,
    plan: Plan,
    state: &Loading,
) -> Result<Whole, Error> {
    let opened = File::open(place).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, mut file) = opened.map_err(|error| Error { offset: 0, flaw: Flaw::Io(error) })?;
    state.begin_file(length);
    let rules = Rules {
        limits: &keyspace.limits,
        checks_sum: plan.checks_sum,
        takes_any_version: plan.takes_any_version,
        skips_modules: false,
    };
    let counts_frequency = keyspace.counts_frequency.load(Ordering::Relaxed);
    let mut loader = Loader {
        keyspace,
        plan,
        state,
        counts_frequency,
        keys: 0,
        dead_keys: 0,
        empty_keys: 0,
        next_look: BYTES_A_LOOK,
        told: Instant::now(),
    };
    let whole = read_snapshot(&mut file, length, rules, &mut loader)?;
    loader.finish(whole);
    Ok(whole)
}

struct Loader<'a> {
    keyspace: &'a Keyspace,
    plan: Plan,
    state: &'a Loading,
    counts_frequency: bool,
    keys: u64,
    dead_keys: u64,
    empty_keys: u64,
    /// At which offset the clock is looked at again.
    next_look: u64,
    /// When the log was last told how far it is.
    told: Instant,
}

impl Loader<'_> {
    fn finish(&self, whole: Whole) {
        self.note(whole.bytes);
        tracing::info!(
            "Done loading RDB, keys loaded: {}, keys expired: {}, empty keys skipped: {}.",
            self.keys,
            self.dead_keys,
            self.empty_keys
        );
    }

    fn note(&self, offset: u64) {
        self.state.loaded_bytes.store(offset, Ordering::Relaxed);
        self.state.keys.store(self.keys, Ordering::Relaxed);
        self.state.dead_keys.store(self.dead_keys, Ordering::Relaxed);
    }
}

impl Contents for Loader<'_> {
    #[inline]
    fn key(&mut self, loaded: Loaded<'_>) -> Result<(), Flaw> {
        let databases = self.keyspace.databases();
        let db = usize::try_from(loaded.db).ok().filter(|db| *db < databases);
        let Some(db) = db else {
            return Err(Flaw::Unknown(format!(
                "FATAL: Data file was created with a Redis server configured to handle more than \
                 {databases} databases"
            )));
        };
        let now_ms = self.plan.now_ms;
        if !self.plan.keeps_dead && loaded.deadline.is_some_and(|ms| ms <= now_ms) {
            self.dead_keys += 1;
            return Ok(());
        }
        let access = access::restored(loaded.usage, now_ms, self.counts_frequency);
        loaded.value.store(|value| {
            let place = (db, loaded.key);
            self.keyspace.load(place, value, loaded.deadline, Some(access), now_ms);
        });
        self.keys += 1;
        if !self.plan.key_delay.is_zero() {
            std::thread::sleep(self.plan.key_delay);
        }
        Ok(())
    }

    fn empty_key(&mut self, key: &[u8]) {
        self.empty_keys += 1;
        if self.empty_keys <= MOST_NAMED {
            let key = String::from_utf8_lossy(key);
            tracing::info!("rdbLoadObject skipping empty key: {key}");
        }
    }

    fn function(&mut self, code: &[u8]) {
        self.state.functions.lock().push(code.into());
    }

    fn aux(&mut self, name: &[u8], text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        match name {
            b"redis-ver" => tracing::info!("Loading RDB produced by version {text}"),
            b"valkey-ver" => tracing::info!("Loading RDB produced by Valkey version {text}"),
            b"ctime" => {
                let made_s: u64 = text.parse().unwrap_or(0);
                let age = (self.plan.now_ms / 1000).saturating_sub(made_s);
                tracing::info!("RDB age {age} seconds");
            }
            b"used-mem" => {
                let bytes: u64 = text.parse().unwrap_or(0);
                self.state.used_memory.store(bytes, Ordering::Relaxed);
                let megabytes = bytes as f64 / f64::from(1 << 20);
                tracing::info!("RDB memory usage when created {megabytes:.2} Mb");
            }
            b"aof-base" if text != "0" => tracing::info!("RDB is base AOF"),
            [b'%', ..] => tracing::info!("RDB '{}': {text}", String::from_utf8_lossy(name)),
            _ => {}
        }
    }

    #[inline]
    fn passed(&mut self, offset: u64) {
        if offset < self.next_look {
            return;
        }
        self.next_look = offset + BYTES_A_LOOK;
        self.note(offset);
        if self.told.elapsed() >= EVERY {
            self.told = Instant::now();
            let total = self.state.total_bytes.load(Ordering::Relaxed).max(1);
            let percent = offset as f64 * 100.0 / total as f64;
            tracing::info!("Loading: {percent:.0} % of {total} bytes, {} keys so far", self.keys);
        }
    }
}
