//! Expiry: how long dead keys stay, and for how long nobody is answered while a million die at
//! once.
//!
//! A watcher asks every millisecond, in one write: `GET` of a key that never was (a plain command's
//! reply time, which expires nothing), `DBSIZE`, and `INFO stats`. A key counts as gone when it has
//! left DBSIZE *and* is counted in `expired_keys`: a server that merely hides it has not freed it.
//! No dead key is ever read, since that would remove it.
//!
//! Lag among many: a million keys die in hours; some hundred others, set meanwhile, one every other
//! millisecond, die 200 ms after they were set. The first to vanish is taken for the first to be
//! due, which is exact for the mean and makes the longest lag no longer than it is. Deadlines are
//! whole milliseconds, and so are the watcher's steps: a lag of 1 to 2 ms is what this can see of
//! none.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::{Bench, load_keys};
use crate::control::{Control, info_field};
use crate::load::Deadline;
use crate::progress::Progress;
use crate::results::{Burst, ExpiryCase, Lag};
use crate::servers::{Program, Server};

const KEYS: u64 = 1_000_000;
const VALUE_BYTES: usize = 16;
const TICK: Duration = Duration::from_millis(1);
const IDLE: Duration = Duration::from_secs(2);
/// The watch of the burst begins this long before the deadline.
const BEFORE: Duration = Duration::from_millis(300);
/// The watch ends this long after the last deadline, whatever is left.
const PATIENCE: Duration = Duration::from_secs(10);
/// Keys that can be loaded in a second, at the least: the burst's deadline lies behind the loading.
const SLOWEST_LOAD_PER_SECOND: u64 = 200_000;
const SAMPLED: usize = 500;
const SAMPLE_LIFE_MS: u64 = 200;

/// What the watcher saw.
struct Look {
    at: Instant,
    took: Duration,
    keys: u64,
    expired: u64,
}

struct Watcher {
    control: Control,
    due: Instant,
}

/// Measures every server that stores.
pub fn run(bench: &Bench) -> Result<Vec<ExpiryCase>> {
    let programs = bench.storing();
    let rounds = bench.rounds_or(1);
    let mut progress = Progress::new("expiry", programs.len() * 2 * rounds);
    let case = |program: &Program| ExpiryCase {
        server: program.name.clone(),
        burst: Vec::new(),
        lag: Vec::new(),
    };
    let mut cases: Vec<ExpiryCase> = programs.iter().map(case).collect();
    let keys = bench.keys_or(KEYS);
    for _ in 0..rounds {
        for (case, program) in cases.iter_mut().zip(&programs) {
            progress.step(&format!("{}: {keys} keys expire at once", program.name));
            case.burst.push(burst(&program.start(&bench.layout.server)?, keys)?);
            progress.step(&format!("{}: few expire among {keys}", program.name));
            case.lag.push(lag(&program.start(&bench.layout.server)?, keys)?);
        }
    }
    Ok(cases)
}

fn burst(server: &Server, keys: u64) -> Result<Burst> {
    let mut watcher = Watcher::new(server)?;
    let idle = watcher.idle(IDLE)?;
    let loading_ms = keys * 1000 / SLOWEST_LOAD_PER_SECOND;
    let (deadline_ms, deadline) = moment_in(loading_ms + 1500)?;
    load_keys(server, keys, (VALUE_BYTES, Deadline::At(deadline_ms)))?;
    let begin = deadline.checked_sub(BEFORE).context("the clock has just begun")?;
    let early = begin.checked_duration_since(Instant::now());
    thread::sleep(early.context("loading took longer than the keys were to live")?);
    let (mut longest, mut half_gone, mut gone) = (Duration::ZERO, None, None);
    while gone.is_none() && deadline.elapsed() < PATIENCE {
        let look = watcher.look(&[])?;
        longest = longest.max(look.took);
        let removed = look.expired.min(keys.saturating_sub(look.keys));
        let since_ms = look.at.saturating_duration_since(deadline).as_secs_f64() * 1000.0;
        if removed * 2 >= keys && half_gone.is_none() {
            half_gone = Some(since_ms);
        }
        if removed >= keys {
            gone = Some(since_ms);
        }
    }
    Ok(Burst {
        keys,
        idle_ms: milliseconds(idle),
        longest_ms: milliseconds(longest),
        half_gone_ms: half_gone,
        gone_ms: gone,
    })
}

fn lag(server: &Server, volatile: u64) -> Result<Lag> {
    load_keys(server, volatile, (VALUE_BYTES, Deadline::Far))?;
    let mut watcher = Watcher::new(server)?;
    let base = watcher.look(&[])?;
    let mut deadlines: Vec<Instant> = Vec::with_capacity(SAMPLED);
    let mut lags: Vec<f64> = Vec::with_capacity(SAMPLED);
    let mut ticks = 0;
    while lags.len() < SAMPLED {
        let mut name = String::new();
        let mut deadline_text = String::new();
        let sets = ticks % 2 == 0 && deadlines.len() < SAMPLED;
        if sets {
            let (deadline_ms, deadline) = moment_in(SAMPLE_LIFE_MS)?;
            name = format!("sample:{}", deadlines.len());
            deadline_text = deadline_ms.to_string();
            deadlines.push(deadline);
        }
        let set = ["SET", &name[..], "0123456789abcdef", "PXAT", &deadline_text[..]];
        let look = watcher.look(if sets { &set } else { &[] })?;
        ticks += 1;
        let left = look.keys.saturating_sub(base.keys) as usize;
        let gone = (deadlines.len() - left).min((look.expired - base.expired) as usize);
        while lags.len() < gone {
            let late = look.at.saturating_duration_since(deadlines[lags.len()]);
            lags.push(milliseconds(late));
        }
        let last = deadlines.last().context("the first tick sets a key")?;
        if deadlines.len() == SAMPLED && last.elapsed() > PATIENCE {
            break;
        }
    }
    lags.sort_by(f64::total_cmp);
    let all_gone = lags.len() == SAMPLED;
    Ok(Lag {
        volatile,
        sampled: SAMPLED,
        left: SAMPLED - lags.len(),
        watched_ms: milliseconds(PATIENCE),
        median_ms: lags.get(SAMPLED / 2).copied(),
        longest_ms: lags.last().copied().filter(|_| all_gone),
    })
}

impl Watcher {
    fn new(server: &Server) -> Result<Watcher> {
        let mut watcher = Watcher { control: server.control()?, due: Instant::now() };
        watcher.idle(Duration::from_millis(50))?; // the first look pays for what is done once
        Ok(watcher)
    }

    /// The longest reply while nothing happens.
    fn idle(&mut self, time: Duration) -> Result<Duration> {
        let started = Instant::now();
        let mut longest = Duration::ZERO;
        while started.elapsed() < time {
            longest = longest.max(self.look(&[])?.took);
        }
        Ok(longest)
    }

    /// Waits for the next millisecond and asks, after `first`, if there is one.
    fn look(&mut self, first: &[&str]) -> Result<Look> {
        thread::sleep(self.due.saturating_duration_since(Instant::now()));
        let begun = Instant::now();
        self.due = begun + TICK;
        let commands: [&[&str]; 4] =
            [first, &["GET", "a key that never was"], &["DBSIZE"], &["INFO", "stats"]];
        let commands = &commands[usize::from(first.is_empty())..];
        self.control.send(commands)?;
        for _ in 0..commands.len() - 2 {
            self.control.receive()?;
        }
        let keys = self.control.receive()?.number()? as u64;
        let stats = self.control.receive()?.text()?;
        let expired = info_field(&stats, "expired_keys").and_then(|text| text.parse().ok());
        let expired = expired.context("INFO stats has no expired_keys")?;
        Ok(Look { at: Instant::now(), took: begun.elapsed(), keys, expired })
    }
}

/// A moment so many milliseconds from now, on the wall clock and on ours.
fn moment_in(milliseconds: u64) -> Result<(u64, Instant)> {
    let (wall, ours) = (SystemTime::now().duration_since(UNIX_EPOCH)?, Instant::now());
    let moment_ms = wall.as_millis() as u64 + milliseconds;
    let ahead = Duration::from_millis(moment_ms).saturating_sub(wall);
    Ok((moment_ms, ours + ahead))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
