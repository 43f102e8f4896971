//! Questions to the operating system about the program under test: which processes belong to its
//! group, what they use, whether one of them listens on a port. Answered from Linux's /proc;
//! elsewhere the answer is None, and what depends on it is left out rather than guessed.
//! Source: proc(5): /proc/PID/stat, /proc/PID/status, /proc/net/tcp

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A small process that kills a group when this one ends, however it ends: Ctrl-C must leave no
/// server behind. Its stdin is a pipe held here; the end of the pipe is the sign, a line on it the
/// all-clear.
#[derive(Debug)]
pub struct Guard {
    child: Child,
}

impl Guard {
    /// Watches over the group with this number, and over its directory.
    pub fn over(group: u32, folder: &Path) -> std::io::Result<Self> {
        let script = "read word || { kill -KILL -\"$1\"; rm -rf \"$2\"; }";
        let child = Command::new("sh")
            .args(["-c", script, "guard", &group.to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Guard { child })
    }

    /// The group has ended: its number may belong to another one soon.
    pub fn dismiss(&mut self) {
        if let Some(mut pipe) = self.child.stdin.take() {
            // If it cannot be written to, the guard has ended already.
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.child.wait();
    }
}

/// Sends a signal (`TERM`, `KILL`) to a whole process group; an empty group is no error.
pub fn signal(group: u32, name: &str) {
    let script = format!("kill -{name} -{group} 2>/dev/null");
    // The shell's `kill` is the one way to a signal that needs neither unsafe code nor a
    // dependency.
    let _ = Command::new("sh").args(["-c", &script]).status();
}

/// What is known about a process group at one moment.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// The processes in it.
    pub processes: Vec<u32>,
    /// Processor time used by them so far, in ticks of 10 ms; by their children that have ended as
    /// well, or a build of many short steps would seem to do nothing.
    pub ticks: u64,
    /// Resident memory of all of them.
    pub memory_bytes: u64,
    /// The leader is still a shell: the script has not come to its `exec`.
    pub led_by_shell: bool,
}

/// Looks at a group; None where there is no /proc.
pub fn group(number: u32) -> Option<Group> {
    let mut group = Group::default();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(format!("/proc/{process}/stat")) else {
            continue;
        };
        let Some(fields) = fields_of(&stat) else {
            continue;
        };
        // Behind the name: 0 state, 1 parent, 2 group, 11 user ticks, 12 system ticks, 13 and 14
        // the same of children that were waited for.
        if fields.get(2).and_then(|field| field.parse().ok()) != Some(number) || fields[0] == "Z" {
            continue;
        }
        group.processes.push(process);
        group.ticks += [11, 12, 13, 14]
            .iter()
            .filter_map(|&at| fields.get(at)?.parse::<u64>().ok())
            .sum::<u64>();
        group.memory_bytes += resident_bytes(process).unwrap_or(0);
        group.led_by_shell |= process == number && is_shell(process);
    }
    Some(group)
}

/// Whether any thread of these processes runs, or would if a processor were free. Unlike processor
/// time this says the same on a busy machine. State R is "running or runnable".
pub fn is_runnable(processes: &[u32]) -> bool {
    processes.iter().any(|process| {
        let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        let stats =
            threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
        stats.into_iter().any(|stat| fields_of(&stat).is_some_and(|fields| fields[0] == "R"))
    })
}

/// The fields behind the name, which stands in brackets and may hold anything.
fn fields_of(stat: &str) -> Option<Vec<&str>> {
    let after = &stat[stat.rfind(')')? + 1..];
    Some(after.split_whitespace().collect())
}

fn resident_bytes(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

fn is_shell(process: u32) -> bool {
    let program = fs::read_link(format!("/proc/{process}/exe")).unwrap_or_default();
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ["sh", "bash", "dash", "zsh", "ash", "ksh", "busybox", "make"].contains(&name.as_str())
}

/// What a process is called, also between its end and the moment when that is asked for; None where
/// there is no /proc.
pub fn name_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(stat[stat.find('(')? + 1..stat.rfind(')')?].to_owned())
}

/// Whether a process of the group listens on the port; None if that cannot be found out.
pub fn listens(number: u32, port: u16) -> Option<bool> {
    Some(listening_ports(number)?.contains(&port))
}

/// The ports that the processes of a group listen on; None if that cannot be found out.
pub fn listening_ports(number: u32) -> Option<BTreeSet<u16>> {
    let sockets = listening_sockets()?;
    let links = group(number)?.processes.into_iter().flat_map(|process| {
        let entries = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        entries.filter_map(|entry| fs::read_link(entry.path()).ok()).collect::<Vec<_>>()
    });
    let port_of = |link: PathBuf| {
        let link = link.to_string_lossy();
        let inode = link.strip_prefix("socket:[")?.strip_suffix(']')?;
        sockets.get(inode).copied()
    };
    Some(links.filter_map(port_of).collect())
}

/// The inodes of all sockets that listen, and their ports. State 0A is LISTEN.
fn listening_sockets() -> Option<BTreeMap<String, u16>> {
    let mut sockets = BTreeMap::new();
    let mut any = false;
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(text) = fs::read_to_string(table) else {
            continue;
        };
        any = true;
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, _, "0A", ..] = fields[..] else { continue };
            let port =
                local.rsplit_once(':').and_then(|(_, hex)| u16::from_str_radix(hex, 16).ok());
            if let (Some(port), Some(inode)) = (port, fields.get(9)) {
                sockets.insert((*inode).to_owned(), port);
            }
        }
    }
    any.then_some(sockets)
}

/// Whether a program of this name can be run here.
pub fn is_installed(program: &str) -> bool {
    if program.contains('/') {
        return fs::metadata(program).is_ok();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn the_work_of_children_that_have_ended_counts() {
        let work = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let script = format!("sh -c '{work}'; echo done; exec sleep 60");
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut said = [0; 4];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut said).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while name_of(child.id()).as_deref() == Some("sh") && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let known = group(child.id());
        signal(child.id(), "KILL");
        child.wait().unwrap();
        // Elsewhere than on Linux nothing is known.
        let Some(known) = known else { return };
        assert_eq!(known.processes.len(), 1);
        assert!(known.ticks > 2 && !known.led_by_shell, "{known:?}");
    }
}
