//! Single keys from the terminal, without waiting for Enter. The terminal's settings are changed by
//! `stty` and given back when this is dropped; and by a small process of its own when the runner
//! ends in any other way (Ctrl-C), or the learner's shell would not show what he types. Where there
//! is no terminal, lines are read, and their first letter is the key.

use std::fs::File;
use std::io::{BufRead, IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How long `next` waits for a key. `stty` counts in tenths of a second.
const WAIT: Duration = Duration::from_millis(300);
const WAIT_TENTHS: &str = "3";
/// Gives the settings back when the pipe that is its stdin ends. A process in the background may
/// not touch a terminal unless it ignores SIGTTOU.
const GUARD: &str = "trap '' TTOU INT; read word; stty \"$1\" </dev/tty";

/// Where keys come from.
pub enum Keys {
    /// A terminal that gives each key at once.
    Terminal(Terminal),
    /// Lines of a pipe or a file; after its end no more keys come.
    Lines(Receiver<char>),
}

/// A terminal whose settings were changed.
pub struct Terminal {
    input: File,
    settings: String,
    guard: Option<Child>,
}

impl Keys {
    /// Opens whatever there is.
    pub fn open() -> Self {
        let terminal = std::io::stdin().is_terminal().then(Terminal::open).flatten();
        terminal.map_or_else(Self::lines, Keys::Terminal)
    }

    fn lines() -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if sender.send(line.trim().chars().next().unwrap_or(' ')).is_err() {
                    return;
                }
            }
        });
        Keys::Lines(receiver)
    }

    /// The next key, if one comes within a moment.
    pub fn next(&mut self) -> Option<char> {
        match self {
            Keys::Terminal(terminal) => terminal.key(),
            Keys::Lines(receiver) => match receiver.recv_timeout(WAIT) {
                Ok(key) => Some(key),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::sleep(WAIT);
                    None
                }
            },
        }
    }

    /// Runs something that wants the terminal as it was: a pager, a prompt.
    pub fn lent<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let Keys::Terminal(terminal) = self else {
            return work();
        };
        stty(&[&terminal.settings]);
        let result = work();
        stty(&Terminal::KEYS);
        result
    }
}

impl Terminal {
    const KEYS: [&str; 6] = ["-icanon", "-echo", "min", "0", "time", WAIT_TENTHS];

    fn open() -> Option<Self> {
        let input = File::open("/dev/tty").ok()?;
        let settings = stty(&["-g"])?;
        let guard = Command::new("sh")
            .args(["-c", GUARD, "guard", &settings])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        let terminal = Terminal { input, settings, guard: Some(guard) };
        stty(&Self::KEYS)?;
        Some(terminal)
    }

    fn key(&mut self) -> Option<char> {
        let mut byte = [0];
        match self.input.read(&mut byte) {
            Ok(1) => Some(byte[0] as char),
            Ok(_) => None,
            Err(_) => {
                // A terminal that is gone must not make this a busy loop.
                std::thread::sleep(WAIT);
                None
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        stty(&[&self.settings]);
        if let Some(mut guard) = self.guard.take() {
            if let Some(mut pipe) = guard.stdin.take() {
                // If it cannot be written to, the guard has done its work already.
                let _ = pipe.write_all(b"done\n");
            }
            let _ = guard.wait();
        }
    }
}

/// Runs `stty` on this terminal; what it prints.
fn stty(arguments: &[&str]) -> Option<String> {
    let run = Command::new("stty")
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    run.status.success().then(|| String::from_utf8_lossy(&run.stdout).trim().to_owned())
}
