//! How long to wait for a program that does not listen yet, and what it does meanwhile. A script
//! may build first and `exec` the server then: as long as it works it is building, not late.

use crate::process;
use std::io::{IsTerminal, Read};
use std::time::{Duration, Instant};

/// A program that has been `exec`ed and works no more has this long to listen.
pub(super) const LISTEN_LIMIT: Duration = Duration::from_secs(10);
/// A script that does nothing waits for something: a lock, the network. For this long at most.
const IDLE_LIMIT: Duration = Duration::from_secs(45);
/// A build may take this long.
const BUILD_LIMIT: Duration = Duration::from_secs(900);
/// So long may a program listen elsewhere before it is taken for its last word.
const ELSEWHERE_LIMIT: Duration = Duration::from_millis(1500);
/// Between two looks at all processes.
const LOOK: Duration = Duration::from_millis(250);
/// Linux keeps so much of a program's name.
const NAME_BYTES: usize = 15;

/// The wait for one start.
pub(super) struct Waiting {
    group: u32,
    port: u16,
    /// The script's name, if the program is one that a shell runs.
    script: Option<String>,
    /// What the leader of the group was called when it was last seen.
    name: Option<String>,
    begun: Instant,
    /// When it last worked, by its processor time.
    busy: Instant,
    ticks: u64,
    looked: Instant,
    /// Since when it listens on other ports only.
    elsewhere: Option<Instant>,
    shown: bool,
}

impl Waiting {
    /// For a group that has just been started.
    pub(super) fn for_program(command: &str, group: u32, port: u16) -> Self {
        let now = Instant::now();
        Waiting {
            group,
            port,
            script: script_name(command),
            name: None,
            begun: now,
            busy: now,
            ticks: 0,
            looked: now,
            elsewhere: None,
            shown: false,
        }
    }

    /// A glance: what the leader is called. Its name outlives its end until that is asked for.
    pub(super) fn look(&mut self) {
        self.name = process::name_of(self.group).or(self.name.take());
    }

    /// Whether the leader was last seen as the script, before its `exec`.
    pub(super) fn is_in_script(&self) -> bool {
        self.script.is_some() && self.script == self.name
    }

    /// Why it is not worth waiting longer, if so.
    pub(super) fn too_late(&mut self, patience: f64) -> Option<String> {
        let now = Instant::now();
        if now - self.looked < LOOK {
            return None;
        }
        self.looked = now;
        let Some(state) = process::group(self.group) else {
            let late = now - self.begun > BUILD_LIMIT;
            return late.then(|| format!("it does not listen on port {}", self.port));
        };
        let building = state.led_by_shell || state.processes.len() > 1;
        if building && state.ticks > self.ticks + 1 {
            self.busy = now;
        }
        self.ticks = self.ticks.max(state.ticks);
        self.show(building, now);
        if let Some(ports) = self.elsewhere(now, patience) {
            return Some(ports);
        }
        if now - self.begun > BUILD_LIMIT {
            return Some("it was still building after 15 minutes, and does not listen".into());
        }
        let limit = if self.is_in_script() { IDLE_LIMIT } else { LISTEN_LIMIT }.mul_f64(patience);
        (now - self.busy > limit).then(|| {
            let (seconds, port) = (limit.as_secs(), self.port);
            if self.is_in_script() {
                return format!(
                    "its script has done nothing for {seconds} s, and nobody listens on port \
                     {port} (does it wait for the network, or for another build?)"
                );
            }
            format!("it runs, but after {seconds} s it does not listen on port {port}")
        })
    }

    /// Where it listens instead, if it has done so for a while.
    fn elsewhere(&mut self, now: Instant, patience: f64) -> Option<String> {
        let ports = process::listening_ports(self.group).filter(|ports| !ports.is_empty());
        let Some(ports) = ports else {
            self.elsewhere = None;
            return None;
        };
        let since = *self.elsewhere.get_or_insert(now);
        if now - since < ELSEWHERE_LIMIT.mul_f64(patience) {
            return None;
        }
        let port = self.port;
        if ports.contains(&port) {
            return Some(format!(
                "it listens on port {port}, but not on 127.0.0.1, where clients look for it"
            ));
        }
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        Some(format!("it listens on port {}, not on {port} (--port {port})", ports.join(" and ")))
    }

    fn show(&mut self, building: bool, now: Instant) {
        if building && now - self.begun > Duration::from_secs(1) && std::io::stderr().is_terminal()
        {
            eprint!("\r  building … {} s ", (now - self.begun).as_secs());
            self.shown = true;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r                         \r");
        }
    }
}

/// The name of a script that a shell runs, cut as Linux cuts it; None of any other program.
fn script_name(command: &str) -> Option<String> {
    let mut head = [0; 64];
    let read = std::fs::File::open(command).ok()?.read(&mut head).ok()?;
    let text = String::from_utf8_lossy(&head[..read]).into_owned();
    let first = text.lines().next()?.strip_prefix("#!")?;
    if !first.contains("sh") {
        return None;
    }
    let name = command.rsplit('/').next()?;
    Some(name.chars().take(NAME_BYTES).collect())
}
