//! The servers that are measured: found, started on a free port of 127.0.0.1, and ended by their
//! process ids.
//!
//! Every server gets the same flags (nothing saved, no append-only file, loopback only) and the
//! same cores. Whatever way the run ends (done, failed, panicked, Ctrl-C, SIGTERM), the servers end
//! with it: `Server` kills its process when it is dropped, and the signal thread kills those on the
//! list.

use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tempfile::TempDir;

use crate::control::{Control, info_field};
use crate::machine::Cores;
use crate::process;

/// Time a server has to answer its first PING, loading included.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Lines of a dead server's log that are shown.
const LOG_LINES: usize = 12;

/// Processes to end when a signal ends this one.
static ALIVE: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// What kind of server a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The one this repository is about.
    Redstart,
    /// A real Redis or Valkey.
    Peer,
    /// The server that stores nothing.
    Null,
}

/// A server that can be started.
#[derive(Clone, Debug)]
pub struct Program {
    /// What it is.
    pub kind: Kind,
    /// Name and version, as tables show it.
    pub name: String,
    path: PathBuf,
    extra: Vec<String>,
}

/// A server that runs. Dropped, it ends.
pub struct Server {
    /// What was started.
    pub program: Program,
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Program {
    /// Redstart at `path`.
    pub fn redstart(path: &Path) -> Result<Program> {
        ensure!(
            path.is_file(),
            "no Redstart at {}: build it first (make bench does)",
            path.display()
        );
        let name = format!("Redstart {}", version_flag(path).unwrap_or_default());
        let extra = Vec::new();
        Ok(Program { kind: Kind::Redstart, name: name.trim().to_owned(), path: path.into(), extra })
    }

    /// This very program, as the server that stores nothing.
    pub fn null() -> Result<Program> {
        let path = env::current_exe().context("finding this program's own file")?;
        Ok(Program { kind: Kind::Null, name: "stores nothing".into(), path, extra: Vec::new() })
    }

    /// The same with more flags.
    pub fn with_flags(&self, flags: &[&str]) -> Program {
        let mut program = self.clone();
        program.extra.extend(flags.iter().map(|&flag| flag.to_owned()));
        program
    }

    /// The same with more flags, before those it has: of two that disagree the later holds.
    pub fn with_first_flags(&self, flags: &[&str]) -> Program {
        let mut program = self.clone();
        program.extra.splice(..0, flags.iter().map(|&flag| flag.to_owned()));
        program
    }

    /// Whether it keeps what it is given.
    pub fn stores(&self) -> bool {
        self.kind != Kind::Null
    }

    /// Starts it on these cores and waits until it answers.
    pub fn start(&self, cores: &Cores) -> Result<Server> {
        self.start_in(tempfile::tempdir().context("making a folder for a server")?, cores)
    }

    fn start_in(&self, folder: TempDir, cores: &Cores) -> Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(&self.path);
        match self.kind {
            Kind::Null => {
                command.arg("--null-server").arg(port.to_string());
            }
            _ => {
                command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
                command.args(["--save", "", "--appendonly", "no", "--loglevel", "warning"]);
                command.arg("--dir").arg(folder.path());
            }
        }
        let log = File::create(folder.path().join("log"))?;
        command.args(&self.extra).current_dir(folder.path()).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        let child = spawn_on(command, cores).with_context(|| format!("starting {}", self.name))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = Server { program: self.clone(), address, child, folder };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Starts it with the snapshot that `other` has saved; says how many seconds that took.
    pub fn start_with(&self, cores: &Cores, other: &Server) -> Result<(Server, f64)> {
        const SNAPSHOT: &str = "dump.rdb";
        let folder = tempfile::tempdir().context("making a folder for a server")?;
        let file = other.folder.path().join(SNAPSHOT);
        fs::copy(&file, folder.path().join(SNAPSHOT)).context("taking the snapshot over")?;
        let began = Instant::now();
        let server = self.start_in(folder, cores)?;
        Ok((server, began.elapsed().as_secs_f64()))
    }

    /// Asks the running server for its own name.
    fn introduced(mut self, cores: &Cores) -> Result<Program> {
        let server = self.start(cores)?;
        let text = Control::connect(server.address)?.call(&["INFO", "server"])?.text()?;
        let valkey = info_field(&text, "valkey_version").map(|version| format!("Valkey {version}"));
        let redis = info_field(&text, "redis_version").map(|version| format!("Redis {version}"));
        self.name = valkey.or(redis).context("INFO names no version")?;
        Ok(self)
    }
}

impl Server {
    /// CPU time it has used.
    pub fn cpu_time(&self) -> Result<Duration> {
        // A thread is accounted when it leaves the CPU: it is given the time to.
        thread::sleep(Duration::from_millis(5));
        process::cpu_time(self.child.id())
    }

    /// CPU time it has used since it had used `before`: nothing where the two were counted in
    /// different ways and show less.
    pub fn cpu_time_since(&self, before: Duration) -> Result<Duration> {
        Ok(self.cpu_time()?.saturating_sub(before))
    }

    /// Bytes it holds in memory.
    pub fn resident_bytes(&self) -> Result<u64> {
        process::resident_bytes(self.child.id())
    }

    /// A connection for questions.
    pub fn control(&self) -> Result<Control> {
        Control::connect(self.address)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            let pong = self.control().and_then(|mut control| control.call(&["PING"]));
            let Err(refusal) = pong else { return Ok(()) };
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended at its start ({status}):\n{}", self.program.name, self.log());
            }
            ensure!(
                started.elapsed() < START_PATIENCE,
                "{} did not answer PING within {START_PATIENCE:?} ({refusal:#}):\n{}",
                self.program.name,
                self.log()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut alive = ALIVE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        alive.retain(|&pid| pid != self.child.id());
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the servers and this program on Ctrl-C and its like.
pub fn end_with_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listening for signals")?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Kept locked to the end, so that no server starts behind the sweep.
            let alive = ALIVE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for pid in alive.iter().filter_map(|&pid| Pid::from_raw(pid as i32)) {
                // A process that is gone needs no signal.
                let _ = kill_process(pid, Signal::KILL);
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// The real servers: those named, those in REDIS_SERVER and VALKEY_SERVER (several: separated by
/// colons), or else `redis-server` and `valkey-server` on PATH.
pub fn find_peers(named: &[PathBuf], cores: &Cores) -> Result<Vec<Program>> {
    let mut paths: Vec<PathBuf> = named.to_vec();
    for (variable, program) in
        [("REDIS_SERVER", "redis-server"), ("VALKEY_SERVER", "valkey-server")]
    {
        match env::var_os(variable) {
            Some(list) => paths.extend(env::split_paths(&list)),
            None if named.is_empty() => paths.extend(on_path(program)),
            None => {}
        }
    }
    let mut peers: Vec<Program> = Vec::new();
    for path in paths.into_iter().filter(|path| !path.as_os_str().is_empty()) {
        // Links stay as they are: Debian's `redis-server` is one, and its program goes by its name.
        let path = std::path::absolute(&path)?;
        ensure!(path.is_file(), "no server at {}", path.display());
        let name = path.display().to_string();
        let program = Program { kind: Kind::Peer, name, path, extra: Vec::new() };
        let program = program.introduced(cores)?;
        if !peers.iter().any(|peer| peer.name == program.name) {
            peers.push(program);
        }
    }
    Ok(peers)
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Spawned from a thread of its own, whose cores the child inherits.
fn spawn_on(mut command: Command, cores: &Cores) -> Result<Child> {
    thread::scope(|scope| {
        let starter = scope.spawn(|| {
            cores.pin_this_thread()?;
            let mut alive = ALIVE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            let child = command.spawn()?;
            alive.push(child.id());
            Ok(child)
        });
        starter.join().expect("the starter reports its errors")
    })
}

/// A port nobody uses. Another program could take it before the server does; then the start fails
/// with a clear line.
fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

/// The last word of what `--version` says first, where that is a version.
fn version_flag(path: &Path) -> Option<String> {
    let output = Command::new(path).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let words = text.lines().next()?.split_whitespace();
    let version = words
        .map(|word| word.trim_start_matches("v="))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))?;
    Some(version.to_owned())
}
