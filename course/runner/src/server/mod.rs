//! Starts and ends the program under test: `PROGRAM --port N --dir D …`, in a process group of its
//! own. A program may build first and `exec` the server then: as long as a shell leads the group
//! and something works in it, it is building, not late. A program that ends before it listens is
//! noticed at once. The port is free before the start, and the listener must belong to the program
//! afterwards: a Redis that happens to run on this machine must not pass anybody's test. Whoever
//! listens on 6379 whatever `--port` says is used there, with a note.

mod output;
mod waiting;

use crate::client::{Arrival, Client};
use crate::process::{self, Guard};
use crate::wire::{self, Reply};
use output::Output;
pub use output::most_telling;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use waiting::Waiting;

/// Redis's own port, used by programs that do not look at `--port` yet.
const USUAL_PORT: u16 = 6379;
/// Below Linux's range for outgoing connections: nothing else can take the port while the server
/// restarts.
const PORTS: std::ops::Range<u64> = 20_000..32_000;
/// After SIGTERM a server has this long before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(3);
/// The last words of a program that has ended are waited for this long.
const LAST_WORDS_LIMIT: Duration = Duration::from_secs(2);
/// What it was given must not be served: so soon it has to end.
const END_LIMIT: Duration = Duration::from_secs(3);
/// A server that is still loading after so long is asked all the same.
const LOADING_LIMIT: Duration = Duration::from_secs(20);
/// How long it may take to say that it is loading.
const LOADING_LOOK: Duration = Duration::from_millis(500);
/// A program that is being written yet is whole by then.
const WRITING_PATIENCE: Duration = Duration::from_secs(2);
/// How often it is tried meanwhile.
const WRITING_LOOK: Duration = Duration::from_millis(20);
/// No run takes so long: who has made such a folder is gone.
const OLD_FOLDER: Duration = Duration::from_secs(24 * 60 * 60);
/// Exit codes of a shell that could not run a command: it may not be run, it is not there.
const NOT_RUN: [&str; 2] = ["ended with exit code 126", "ended with exit code 127"];

/// How to start a program.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program and arguments that come before the runner's own.
    pub command: Vec<String>,
    /// Arguments that come after them, for every server.
    pub flags: Vec<String>,
    /// Multiplies every limit: for busy machines.
    pub patience: f64,
}

/// Why there is no server.
#[derive(Debug, Clone)]
pub enum StartError {
    /// It cannot be tried: no such program, no free port.
    Untried(String),
    /// It was tried and is the program's fault; with the last lines of its output.
    Failed(String, Vec<String>),
}

/// A running program.
#[derive(Debug)]
pub struct Server {
    program: Program,
    /// Flags of the last start.
    flags: Vec<String>,
    folder: Folder,
    port: u16,
    /// Where it really listens, if not on `port`.
    actual_port: u16,
    running: Option<Running>,
    spare: Option<TcpStream>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    guard: Option<Guard>,
    output: Output,
    /// Ends when the program and all that it started have.
    listener: JoinHandle<()>,
}

impl Server {
    /// Starts a server in an empty directory on a free port, and waits until it listens.
    pub fn start(program: &Program, flags: &[String]) -> Result<Self, StartError> {
        let mut server = Server::prepare(program, flags)?;
        server.launch()?;
        Ok(server)
    }

    /// An empty directory and a free port; `start_again` starts the server there.
    pub fn prepare(program: &Program, flags: &[String]) -> Result<Self, StartError> {
        let folder = Folder::create()
            .map_err(|error| StartError::Untried(format!("no directory for it: {error}")))?;
        let port = free_port().ok_or_else(|| StartError::Untried("no free port found".into()))?;
        Ok(Server {
            program: program.clone(),
            flags: flags.to_vec(),
            folder,
            port,
            actual_port: port,
            running: None,
            spare: None,
        })
    }

    /// Starts it again, with its old flags or new ones; same port, same directory.
    pub fn start_again(&mut self, flags: Option<&[String]>) -> Result<(), StartError> {
        self.end("KILL");
        if let Some(flags) = flags {
            self.flags = flags.to_vec();
        }
        self.launch()
    }

    /// A server that has something to read may serve clients meanwhile, and says so. One that was
    /// given neither flags nor files has nothing to read, and not every program answers yet.
    pub fn wait_while_loading(&self) {
        let found = std::fs::read_dir(&self.folder.path).map(|mut files| files.next().is_some());
        if self.flags.is_empty() && !found.unwrap_or_default() {
            return;
        }
        let deadline = Instant::now() + LOADING_LIMIT.mul_f64(self.program.patience);
        while Instant::now() < deadline {
            let Ok(mut client) = Client::connect(self.address()) else { return };
            let sent = client.send(&wire::command(&[b"PING".to_vec()]));
            let loading = match client.reply(LOADING_LOOK) {
                Arrival::Reply(Reply::Error(text)) => text.starts_with(b"LOADING"),
                _ => false,
            };
            if sent.is_err() || !loading {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.actual_port))
    }

    /// The port it was told to listen on.
    pub fn asked_port(&self) -> u16 {
        self.port
    }

    /// Its directory.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// The connection that proved that it listens, once: the first client continues on it, because
    /// a simple server may serve one client only.
    pub fn take_spare(&mut self) -> Option<TcpStream> {
        self.spare.take()
    }

    /// What limits are multiplied by.
    pub fn patience(&self) -> f64 {
        self.program.patience
    }

    /// Its process group.
    pub fn group(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<String> {
        let running = self.running.as_mut()?;
        let status = running.child.try_wait().ok().flatten()?;
        Some(how_it_ended(status))
    }

    /// Waits for it to end by itself: its exit code, None after a signal or if it goes on.
    pub fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + END_LIMIT.mul_f64(self.program.patience);
        let running = self.running.as_mut()?;
        loop {
            match running.child.try_wait() {
                Ok(Some(status)) => return status.code(),
                Ok(None) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                _ => return None,
            }
        }
    }

    /// The last lines it printed.
    pub fn output(&self) -> Vec<String> {
        self.running.as_ref().map(|running| running.output.last()).unwrap_or_default()
    }

    /// How many lines it has printed since it was started.
    pub fn output_count(&self) -> usize {
        self.running.as_ref().map(|running| running.output.count()).unwrap_or_default()
    }

    /// The last lines it printed after the first `heard`, which is then all of them.
    pub fn output_since(&self, heard: &mut usize) -> Vec<String> {
        self.running.as_ref().map(|running| running.output.since(heard)).unwrap_or_default()
    }

    /// Ends the whole group: `TERM` first if asked for, then by force.
    pub fn end(&mut self, signal: &str) {
        self.spare = None;
        let Some(mut running) = self.running.take() else {
            return;
        };
        let group = running.child.id();
        process::signal(group, signal);
        let deadline = Instant::now() + STOP_LIMIT.mul_f64(self.program.patience);
        while matches!(running.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                process::signal(group, "KILL");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        // The leader has ended; whatever it started has to follow.
        if process::group(group).is_none_or(|group| !group.processes.is_empty()) {
            process::signal(group, "KILL");
        }
        if let Some(mut guard) = running.guard.take() {
            guard.dismiss();
        }
    }

    fn launch(&mut self) -> Result<(), StartError> {
        let usual_is_free = self.port != USUAL_PORT && connect(USUAL_PORT).is_none();
        let running = self.spawn()?;
        let group = running.child.id();
        self.running = Some(running);
        let mut waiting = Waiting::for_program(&self.program.command[0], group, self.port);
        let mut looks = 0;
        loop {
            if let Some(stream) = connect(self.port) {
                return self.ready(group, self.port, stream);
            }
            waiting.look();
            if let Some(how) = self.ended() {
                self.hear_out();
                return self.ended_early(&how, &waiting);
            }
            // Going through all processes is not for every 5 ms.
            looks += 1;
            if usual_is_free
                && looks % 20 == 0
                && process::listens(group, USUAL_PORT) == Some(true)
                && let Some(stream) = connect(USUAL_PORT)
            {
                return self.ready(group, USUAL_PORT, stream);
            }
            if let Some(why) = waiting.too_late(self.program.patience) {
                return self.fail(why);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A program that ended before it listened: not built, not to be run, or it gave up.
    fn ended_early(&mut self, how: &str, waiting: &Waiting) -> Result<(), StartError> {
        let command = &self.program.command[0];
        let name = command.rsplit('/').next().unwrap_or(command).to_owned();
        if NOT_RUN.contains(&how) {
            let said = self.output().pop().unwrap_or_default();
            self.end("KILL");
            return Err(StartError::Untried(format!(
                "{name} {how}: a command that it needs could not be run. {said}"
            )));
        }
        if waiting.is_in_script() {
            let output = self.running.as_ref().map(|running| running.output.errors());
            self.end("KILL");
            return Err(StartError::Failed(
                format!("it did not build: {name} {how} before it became the server"),
                output.unwrap_or_default(),
            ));
        }
        self.fail(format!("the program {how} before it listened on port {}", self.port))
    }

    /// Waits for the last words of a program that has ended: they may be on their way through the
    /// pipe. One that it left behind may keep that open.
    pub fn hear_out(&self) {
        let deadline = Instant::now() + LAST_WORDS_LIMIT;
        let is_heard = || self.running.as_ref().is_none_or(|it| it.listener.is_finished());
        while !is_heard() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn ready(&mut self, group: u32, port: u16, stream: TcpStream) -> Result<(), StartError> {
        // The listener may close the door behind a child; a second look tells it from a stranger.
        if process::listens(group, port) == Some(false) {
            std::thread::sleep(Duration::from_millis(20));
            if let Some(how) = self.ended() {
                return self.fail(format!("the program {how} before it listened on port {port}"));
            }
            if process::listens(group, port) == Some(false) && connect(port).is_some() {
                return self.fail(format!(
                    "port {port} is served by a process that does not belong to the program (has \
                     it moved to the background?)"
                ));
            }
        }
        self.actual_port = port;
        self.spare = Some(stream);
        Ok(())
    }

    fn fail(&mut self, why: String) -> Result<(), StartError> {
        let output = self.output();
        self.end("KILL");
        Err(StartError::Failed(why, output))
    }

    fn spawn(&self) -> Result<Running, StartError> {
        let (name, arguments) = self.program.command.split_first().expect("a program has a name");
        let untried = |error: std::io::Error| {
            StartError::Untried(format!(
                "{name} cannot be started: {error}{}",
                remedy(name, &error)
            ))
        };
        // One pipe for both: what the program says comes in the order in which it says it.
        let (heard, stdout) = std::io::pipe().map_err(untried)?;
        let stderr = stdout.try_clone().map_err(untried)?;
        let mut command = Command::new(name);
        command
            .args(arguments)
            .args(["--port", &self.port.to_string(), "--dir"])
            .arg(&self.folder.path)
            .args(&self.program.flags)
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0);
        let child = start(&mut command).map_err(untried)?;
        // It holds the pipe open, whose end is how the program's end is heard.
        drop(command);
        // Without the guard only Ctrl-C is less tidy.
        let guard = Guard::over(child.id(), &self.folder.path).ok();
        let output = Output::default();
        let listener = output.collect(heard);
        Ok(Running { child, guard, output, listener })
    }
}

/// Starts it; a file that somebody is still writing, such as a compiler, is waited for.
fn start(command: &mut Command) -> std::io::Result<Child> {
    let begun = Instant::now();
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == ErrorKind::ExecutableFileBusy
                    && begun.elapsed() < WRITING_PATIENCE =>
            {
                std::thread::sleep(WRITING_LOOK);
            }
            started => return started,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("KILL");
    }
}

fn connect(port: u16) -> Option<TcpStream> {
    TcpStream::connect_timeout(
        &SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        Duration::from_secs(1),
    )
    .ok()
}

/// A port nobody listens on. Starting at a random one keeps runners beside each other apart.
fn free_port() -> Option<u16> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let clock = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
    let start = u64::from(clock) / 1000 + u64::from(std::process::id()) * 7919;
    let width = PORTS.end - PORTS.start;
    (0..width).find_map(|_| {
        let place = start + CALLS.fetch_add(1, Ordering::Relaxed) * 101;
        let port = (PORTS.start + place % width) as u16;
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).ok().map(|_| port)
    })
}

/// What to do about a program that the system does not start.
fn remedy(name: &str, error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::PermissionDenied => " (chmod +x makes it a program)",
        ErrorKind::NotFound if Path::new(name).exists() => {
            " (the program in its first line is not there; a line that ends in \\r\\n does so)"
        }
        // ENOEXEC, which has no kind of its own.
        _ if error.raw_os_error() == Some(8) => " (a script's first line is #!/bin/sh)",
        _ => "",
    }
}

fn how_it_ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".into(),
    }
}

/// A directory that goes when it is dropped.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn create() -> std::io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            sweep(&std::env::temp_dir());
        }
        let path = PathBuf::from(format!("{}{}-{number}", folder_prefix(), std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder { path })
    }
}

/// What the names of all servers' folders begin with; two numbers follow.
const FOLDER_NAME: &str = "redstart-course-";

/// What the paths of all servers' folders begin with.
pub fn folder_prefix() -> String {
    std::env::temp_dir().join(FOLDER_NAME).to_string_lossy().into_owned()
}

/// Takes away empty folders of runners that were killed. Old ones only: a server that runs may have
/// written nothing yet.
fn sweep(temporary: &Path) {
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|known| known.modified()).map(|time| time.elapsed());
        let is_old = age.is_ok_and(|age| age.is_ok_and(|age| age > OLD_FOLDER));
        if is_old && entry.file_name().to_string_lossy().starts_with(FOLDER_NAME) {
            // One that is not empty, or somebody else's, stays.
            let _ = std::fs::remove_dir(entry.path());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A directory left behind in the temporary one is no reason to fail.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(command: &[&str]) -> Program {
        let command = command.iter().map(|word| (*word).to_owned()).collect();
        Program { command, flags: Vec::new(), patience: 0.1 }
    }

    #[test]
    fn a_program_that_ends_is_noticed_at_once_with_its_last_words() {
        let begun = Instant::now();
        let script = "seq 1 20; echo oops >&2; exit 3";
        let program = Program { patience: 1.0, ..program(&["sh", "-c", script]) };
        match Server::start(&program, &[]) {
            Err(StartError::Failed(why, output)) => {
                assert!(why.contains("ended with exit code 3"), "{why}");
                assert!(output.len() <= 8 && output.iter().any(|line| line == "oops"));
            }
            other => panic!("{other:?}"),
        }
        // Without notice it would be given up after this.
        assert!(begun.elapsed() < waiting::LISTEN_LIMIT);
    }

    #[test]
    fn a_program_that_does_not_listen_is_given_up_and_its_group_ended() {
        match Server::start(&program(&["sh", "-c", "echo $$; sleep 1000 & exec sleep 1000"]), &[]) {
            Err(StartError::Failed(why, output)) => {
                assert!(why.contains("does not listen"), "{why}");
                let number = output[0].parse().unwrap();
                // A process that was killed may need the processor once more to end.
                let deadline = Instant::now() + waiting::LISTEN_LIMIT;
                let left = || process::group(number).is_some_and(|it| !it.processes.is_empty());
                while left() {
                    assert!(Instant::now() < deadline, "processes of the group go on");
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_program_that_is_being_written_is_waited_for() {
        let path = std::env::temp_dir().join(format!("redstart-written-{}", std::process::id()));
        std::fs::copy("/bin/sh", &path).unwrap();
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        let busy = Command::new(&path).args(["-c", "true"]).spawn().unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::ExecutableFileBusy);
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            drop(file);
        });
        let mut child = start(Command::new(&path).args(["-c", "exit 7"])).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(7));
        writer.join().unwrap();
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_program_that_is_not_there_could_not_be_tried() {
        let started = Server::start(&program(&["/no/such/program"]), &[]);
        assert!(matches!(started, Err(StartError::Untried(_))));
    }

    #[test]
    fn old_empty_folders_go_and_no_others() {
        let temporary = Folder::create().unwrap();
        let day_before = std::time::SystemTime::now() - OLD_FOLDER - Duration::from_secs(60);
        for (name, files) in [("redstart-course-1-1", 0), ("redstart-course-1-2", 1), ("x", 0)] {
            let path = temporary.path.join(name);
            std::fs::create_dir(&path).unwrap();
            (0..files).for_each(|i| std::fs::write(path.join(i.to_string()), "").unwrap());
            std::fs::File::open(&path).unwrap().set_modified(day_before).unwrap();
        }
        std::fs::create_dir(temporary.path.join("redstart-course-2-1")).unwrap();
        sweep(&temporary.path);
        let left = std::fs::read_dir(&temporary.path).unwrap().flatten();
        let mut left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        left.sort();
        assert_eq!(left, ["redstart-course-1-2", "redstart-course-2-1", "x"]);
    }
}
