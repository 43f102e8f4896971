//! The machine under the measurement: its facts, and which core does what.
//!
//! With two cores or more the server runs on core 0 and the load generator on core 1, for every
//! server alike, so that neither takes CPU from the other and no thread moves in the middle of a
//! run. Threads inherit the cores of the thread that starts them: a server is pinned by pinning the
//! starter for a moment.

use std::fs;

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};

/// What a reader of the figures wants to know of the machine. No names, no paths.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Day of the run, `YYYY-MM-DD`.
    pub date: String,
    /// The processor as it calls itself.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory in whole GiB.
    pub memory_gib: u64,
    /// Version of the Linux kernel.
    pub kernel: String,
    /// The command that repeats the run.
    pub command: String,
}

/// Which cores a thread, and what it starts, may run on.
#[derive(Clone, Debug)]
pub struct Cores(CpuSet);

impl Cores {
    /// The cores this thread may use.
    pub fn allowed() -> Result<Cores> {
        Ok(Cores(sched_getaffinity(None).context("asking which cores may be used")?))
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.0.count() as usize
    }

    /// The `index`-th of them alone; all of them where there are not as many.
    pub fn nth(&self, index: usize) -> Cores {
        let mut wanted = (0..CpuSet::MAX_CPU).filter(|&cpu| self.0.is_set(cpu));
        let Some(cpu) = wanted.nth(index) else {
            return self.clone();
        };
        let mut one = CpuSet::new();
        one.set(cpu);
        Cores(one)
    }

    /// Keeps this thread, and all it will start, on these cores.
    pub fn pin_this_thread(&self) -> Result<()> {
        sched_setaffinity(None, &self.0).context("pinning a thread to its cores")
    }
}

/// Who runs where.
#[derive(Clone, Debug)]
pub struct Layout {
    /// For the servers.
    pub server: Cores,
    /// For the load generator.
    pub generator: Cores,
}

impl Layout {
    /// The server on the first core, the generator on the second, where there are two.
    pub fn apart() -> Result<Layout> {
        let all = Cores::allowed()?;
        if all.count() < 2 {
            return Layout::shared();
        }
        Ok(Layout { server: all.nth(0), generator: all.nth(1) })
    }

    /// Everyone may run everywhere.
    pub fn shared() -> Result<Layout> {
        let all = Cores::allowed()?;
        Ok(Layout { server: all.clone(), generator: all })
    }
}

impl Facts {
    /// Asks the kernel.
    pub fn gather(command: String) -> Result<Facts> {
        let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
        Ok(Facts {
            date: today(),
            processor: processor(),
            cores: Cores::allowed()?.count(),
            memory_gib: memory_kib("MemTotal:").div_ceil(1 << 20),
            // What a distribution or a cloud appends says more about the house than about the
            // kernel.
            kernel: kernel.split('-').next().unwrap_or("").to_owned(),
            command,
        })
    }
}

/// Bytes of memory that can still be had without swapping.
pub fn available_bytes() -> u64 {
    memory_kib("MemAvailable:") * 1024
}

fn memory_kib(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(field));
    line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|l| l.split(':').nth(1)).unwrap_or("unknown");
    name.trim().to_owned()
}

fn today() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let days = now.map_or(0, |since| since.as_secs() / 86_400);
    let (year, month, day) = civil(days as i64);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The date of a day counted from 1970-01-01, by the 400-year cycle of the calendar (eras start on
/// 1 March).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_778), (2026, 11, 21));
    }

    #[test]
    fn one_core_of_many_is_one() {
        let all = Cores::allowed().unwrap();
        assert_eq!(all.nth(0).count(), 1);
    }
}
