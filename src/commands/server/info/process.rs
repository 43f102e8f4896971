//! What the operating system knows of the process: memory, processor time, its name and kind.
//!
//! Linux tells all of it under /proc; elsewhere the figures are 0, which monitors take for unknown.

use std::fs;

/// Processor time, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ProcessorTime {
    /// In the kernel.
    pub system: f64,
    /// In the program.
    pub user: f64,
    /// In the kernel, by children that have ended.
    pub system_children: f64,
    /// In children that have ended.
    pub user_children: f64,
}

/// Bytes of memory in use by the process as the system counts them; `allocated` where it does not.
pub fn resident_bytes(allocated: u64) -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.map_or(allocated, |pages| pages * rustix::param::page_size() as u64)
}

/// Bytes of memory the machine has.
pub fn total_memory() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Processor time of the whole process.
pub fn processor_time() -> ProcessorTime {
    processor_time_in("/proc/self/stat")
}

/// Processor time of the thread that accepts connections: Redis's main thread serves them, too.
pub fn main_thread_time() -> ProcessorTime {
    processor_time_in(&format!("/proc/self/task/{}/stat", std::process::id()))
}

fn processor_time_in(path: &str) -> ProcessorTime {
    let text = fs::read_to_string(path).unwrap_or_default();
    parse_times(&text, rustix::param::clock_ticks_per_second()).unwrap_or_default()
}

/// Fields 14 to 17 of a `stat` file. The second is the program's name in brackets and may hold
/// blanks, so they are counted from the last bracket.
fn parse_times(text: &str, ticks_a_second: u64) -> Option<ProcessorTime> {
    let (_, fields) = text.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(|field| field.parse::<f64>().ok());
    let mut next = || Some(times.next()?? / ticks_a_second as f64);
    let (user, system) = (next()?, next()?);
    Some(ProcessorTime { user, system, user_children: next()?, system_children: next()? })
}

/// The operating system: its name, release and machine.
pub fn system() -> String {
    let system = rustix::system::uname();
    let parts = [system.sysname(), system.release(), system.machine()];
    parts.map(|part| part.to_string_lossy().into_owned()).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_with_blanks() {
        let text = "7 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 20 10 0 0";
        let wanted =
            ProcessorTime { user: 2.5, system: 0.5, user_children: 0.2, system_children: 0.1 };
        assert_eq!(parse_times(text, 100), Some(wanted));
        assert_eq!(parse_times("", 100), None);
    }
}
