//! What the kernel knows about a server: the CPU time it used and the memory it holds.
//!
//! CPU time is the sum over the process's threads of the first number in
//! `/proc/PID/task/TID/schedstat`: nanoseconds spent on a CPU, in user and kernel mode together.
//! `utime + stime` in `/proc/PID/stat` say the same in ticks of 10 ms, of threads that have ended
//! as well, and are used where the kernel keeps no scheduler statistics, or where they are more: a
//! thread has ended. A thread that runs is accounted at the next timer tick
//! only, so readings are taken while the server is idle: before a load starts and after its last
//! reply.
//! Source: <https://docs.kernel.org/scheduler/sched-stats.html>, proc_pid_stat(5),
//! proc_pid_smaps(5)

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// The kernel counts `utime` and `stime` in hundredths of a second on every Linux of today
/// (USER_HZ).
const NANOSECONDS_PER_TICK: u64 = 10_000_000;

/// CPU time that `pid` has used, user and system.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let counted = ticks(pid)? * NANOSECONDS_PER_TICK;
    let nanoseconds = schedstat_sum(pid).map_or(counted, |sum| sum.max(counted));
    Ok(Duration::from_nanos(nanoseconds))
}

/// Bytes of memory that are resident for `pid`.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    // `smaps_rollup` walks the page tables and is exact; `status` may lag by some pages per CPU.
    for (file, field) in [("smaps_rollup", "Rss:"), ("status", "VmRSS:")] {
        let Ok(text) = fs::read_to_string(format!("/proc/{pid}/{file}")) else {
            continue;
        };
        if let Some(kibibytes) = number_after(&text, field) {
            return Ok(kibibytes * 1024);
        }
    }
    bail!("the kernel does not say how much memory process {pid} holds")
}

fn schedstat_sum(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else {
            continue; // the thread ended between the listing and the reading
        };
        sum += text.split(' ').next().unwrap_or("0").parse::<u64>()?;
    }
    Ok(sum)
}

fn ticks(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("reading the CPU time of process {pid}"))?;
    // The program's name stands in parentheses and may hold spaces: fields are counted after it.
    let fields = text.rsplit(')').next().unwrap_or("").split_whitespace();
    let counts: Vec<u64> = fields.skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
    match counts[..] {
        [user, system] => Ok(user + system),
        _ => bail!("/proc/{pid}/stat has an unknown form"),
    }
}

fn number_after(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_cpu_and_memory() {
        let pid = std::process::id();
        assert!(cpu_time(pid).unwrap() > Duration::ZERO);
        assert!(resident_bytes(pid).unwrap() > 100_000);
    }

    #[test]
    fn ticks_are_read_behind_the_name() {
        assert!(ticks(std::process::id()).is_ok());
    }
}
