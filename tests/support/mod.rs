//! What black-box tests share: a server of their own on a free port, and a plain connection to it.

#![allow(dead_code, reason = "every test file uses another part of it")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start, and a reply to come, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running server in a directory of its own. Killed and cleaned up when it is dropped.
pub struct Server {
    child: Child,
    /// The port it listens on.
    pub port: u16,
    /// Its working directory.
    pub dir: tempfile::TempDir,
}

impl Server {
    /// Starts Redstart with these flags beside `--port` and `--dir`.
    pub fn start(flags: &[&str]) -> Self {
        Self::start_program(Path::new(env!("CARGO_BIN_EXE_redstart")), flags)
    }

    /// Starts any server that takes Redis's flags.
    pub fn start_program(program: &Path, flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (child, port) = bring_up(program, dir.path(), flags);
        Server { child, port, dir }
    }

    /// Kills the server, however it is, and starts it in the same directory.
    pub fn start_again(&mut self, flags: &[&str]) {
        self.start_as(Path::new(env!("CARGO_BIN_EXE_redstart")), flags);
    }

    /// The same with any server that takes Redis's flags.
    pub fn start_as(&mut self, program: &Path, flags: &[&str]) {
        end(&mut self.child);
        (self.child, self.port) = bring_up(program, self.dir.path(), flags);
    }

    /// The same; waits only until clients can connect, however long it loads then.
    pub fn start_loading(&mut self, flags: &[&str]) {
        end(&mut self.child);
        let program = Path::new(env!("CARGO_BIN_EXE_redstart"));
        self.child = spawn(program, self.port, self.dir.path(), flags);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "the server did not come up:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs the server in the same directory when it has ended; its exit code, once it ends by
    /// itself.
    pub fn fail_to_start(&mut self, flags: &[&str]) -> Option<i32> {
        end(&mut self.child);
        let program = Path::new(env!("CARGO_BIN_EXE_redstart"));
        self.child = spawn(program, self.port, self.dir.path(), flags);
        self.wait()
    }

    /// Kills the server, however it is, and starts a program in the same directory; how it ended,
    /// where it ends instead of answering: its exit code, none when a signal ended it.
    pub fn try_to_start(&mut self, program: &Path, flags: &[&str]) -> Result<(), Option<i32>> {
        end(&mut self.child);
        self.port = free_port();
        self.child = spawn(program, self.port, self.dir.path(), flags);
        match wait_until_up(&mut self.child, self.port) {
            true => Ok(()),
            false => Err(self.wait()),
        }
    }

    /// A new connection.
    pub fn connect(&self) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server accepts");
        Connection::new(stream)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    /// Sends a signal by name: `TERM`, `INT`, `KILL`.
    pub fn signal(&self, name: &str) {
        let status =
            Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(status.expect("kill runs").success(), "the server can be signalled");
    }

    /// Waits for its end; its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child can be asked") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server still runs:\n{}", self.log());
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()));
        let status = status.expect("a running process has a status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a VmRSS line");
        let kib = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
        kib.expect("a number of KiB") * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Starts a server at a port of its own.
fn bring_up(program: &Path, dir: &Path, flags: &[&str]) -> (Child, u16) {
    // Another process may take the port between the look and the start: try a few.
    for _ in 0..5 {
        let port = free_port();
        let mut child = spawn(program, port, dir, flags);
        if wait_until_up(&mut child, port) {
            return (child, port);
        }
        end(&mut child);
    }
    let log = std::fs::read_to_string(dir.join("log")).unwrap_or_default();
    panic!("the server did not come up:\n{log}");
}

fn spawn(program: &Path, port: u16, dir: &Path, flags: &[&str]) -> Child {
    Command::new(program)
        .args(["--port", &port.to_string(), "--dir"])
        .arg(dir)
        .args(flags)
        .stdin(Stdio::null())
        .stdout(log(dir))
        .stderr(log(dir))
        .spawn()
        .expect("the server starts")
}

fn end(child: &mut Child) {
    // Both fail only when the process has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn log(dir: &Path) -> Stdio {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(dir.join("log"));
    Stdio::from(file.expect("a log file in the server's directory"))
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

fn wait_until_up(child: &mut Child, port: u16) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if child.try_wait().expect("a child can be asked").is_some() {
            return false;
        }
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            let mut connection = Connection::new(stream);
            // One that finds its data damaged may end in the midst of an answer.
            match connection.try_ask("PING") {
                Some(reply) if !reply.starts_with("-LOADING") => return reply == "+PONG",
                _ => {}
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// The program `name` on PATH, if it is there.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// A connection that speaks bytes.
pub struct Connection {
    /// The socket.
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        stream.set_nodelay(true).expect("no delay can be set");
        Connection { stream, buffer: Vec::new() }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Sends a command.
    pub fn command(&mut self, words: &[&[u8]]) {
        self.send(&encode(words));
    }

    /// Sends a command of text words; its reply, on one line, unless the server goes meanwhile.
    pub fn try_ask(&mut self, line: &str) -> Option<String> {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        self.stream.write_all(&encode(&words)).ok()?;
        let mut peeked = [0; 256];
        let read = self.stream.peek(&mut peeked).ok()?;
        // Short replies come whole.
        peeked[..read].ends_with(b"\n").then(|| self.reply())
    }

    /// The same; none, too, when no reply comes within `patience`.
    pub fn try_ask_within(&mut self, line: &str, patience: Duration) -> Option<String> {
        self.stream.set_read_timeout(Some(patience)).expect("a time-out can be set");
        let reply = self.try_ask(line);
        self.stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        reply
    }

    /// Sends a command again and again until this is its reply.
    pub fn wait_for(&mut self, line: &str, reply: &str) {
        let began = Instant::now();
        loop {
            let found = self.ask(line);
            if found == reply {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{line}: {found}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a command of text words and returns its reply, on one line.
    pub fn ask(&mut self, line: &str) -> String {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        self.command(&words);
        self.reply()
    }

    /// One line, without its end.
    pub fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
                return String::from_utf8_lossy(&line).into_owned();
            }
            assert!(self.fill() > 0, "the server closed the connection");
        }
    }

    fn fill(&mut self) -> usize {
        let mut chunk = vec![0; 64 * 1024];
        let count = self.stream.read(&mut chunk).expect("the server answers in time");
        self.buffer.extend_from_slice(&chunk[..count]);
        count
    }

    /// Exactly `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(self.fill() > 0, "the server closed the connection");
        }
        self.buffer.drain(..count).collect()
    }

    /// One reply: its type's sign and its text; elements of an array in brackets; `nil` for a null.
    pub fn reply(&mut self) -> String {
        let line = self.line();
        let length = || line[1..].parse::<i64>().expect("a length");
        match line.as_bytes()[0] {
            b'$' if length() < 0 => "nil".into(),
            b'$' => {
                let bytes = self.bytes(length() as usize + 2);
                String::from_utf8_lossy(&bytes[..bytes.len() - 2]).into_owned()
            }
            b'*' if length() < 0 => "nil".into(),
            b'*' => {
                let items: Vec<String> = (0..length()).map(|_| self.reply()).collect();
                format!("[{}]", items.join(", "))
            }
            _ => line,
        }
    }

    /// Everything up to the end of the stream.
    pub fn rest(&mut self) -> Vec<u8> {
        while self.fill() > 0 {}
        std::mem::take(&mut self.buffer)
    }

    /// True when the server closes without sending more.
    pub fn is_closed(&mut self) -> bool {
        self.rest().is_empty()
    }
}

/// A command as RESP.
pub fn encode(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
