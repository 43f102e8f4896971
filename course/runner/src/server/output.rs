//! What the program under test prints, both streams as one. Its pipe never fills up, and of a
//! program that prints without end only the last lines are kept.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Lines that a message shows.
const SHOWN_LINES: usize = 8;
/// Lines that are kept: a compiler's first error may stand far above its last word.
const KEPT_LINES: usize = 500;
/// Bytes of such a line.
const WIDTH: u64 = 4096;

/// The words with which languages begin to tell that a program crashed.
const CRASHES: [&str; 6] =
    ["panicked at", "panic: ", "fatal error: ", "Exception in thread \"", "Uncaught ", "Error: "];

/// The lines so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Output(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    /// How many there were, with those that are not kept.
    count: usize,
}

impl Output {
    /// Reads until the end, in a thread.
    pub(super) fn collect(&self, stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            loop {
                line.clear();
                match (&mut reader).take(WIDTH).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => return,
                    Ok(_) => output.push(String::from_utf8_lossy(&line).trim_end().to_owned()),
                }
            }
        })
    }

    fn push(&self, line: String) {
        let mut lines = self.lines();
        lines.count += 1;
        lines.kept.push_back(line);
        if lines.kept.len() > KEPT_LINES {
            lines.kept.pop_front();
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<String> {
        self.lines().kept.iter().cloned().collect()
    }

    /// How many lines there were so far.
    pub(super) fn count(&self) -> usize {
        self.lines().count
    }

    /// The last lines; or if a crash stands above them, those that begin with it: what follows it
    /// is a list of calls.
    pub(super) fn last(&self) -> Vec<String> {
        most_telling(self.all(), SHOWN_LINES)
    }

    /// The same of the lines that came after the first `heard`, which is then all of them.
    pub(super) fn since(&self, heard: &mut usize) -> Vec<String> {
        let lines = self.lines();
        let new = lines.count.saturating_sub(*heard).min(lines.kept.len());
        *heard = lines.count;
        let new = lines.kept.iter().skip(lines.kept.len() - new);
        most_telling(new.cloned().collect(), SHOWN_LINES)
    }

    /// The lines from the first error on, as compilers write it; else the last ones.
    pub(super) fn errors(&self) -> Vec<String> {
        let lines = self.all();
        let is_error = |line: &String| {
            let line = line.to_lowercase();
            line.starts_with("error") || line.contains(" error:") || line.contains(": error")
        };
        match lines.iter().position(is_error) {
            Some(at) => lines[at..].iter().take(SHOWN_LINES).cloned().collect(),
            None => self.last(),
        }
    }
}

/// The most telling lines of these: the last, or from a crash on if that stands above them.
pub fn most_telling(mut lines: Vec<String>, most: usize) -> Vec<String> {
    let is_crash = |line: &String| CRASHES.iter().any(|words| line.contains(words));
    let last = lines.len().saturating_sub(most);
    let from = lines.iter().position(is_crash).map_or(last, |at| at.min(last));
    lines.drain(..from);
    lines.truncate(most);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(text: &str) -> Output {
        let output = Output::default();
        text.lines().for_each(|line| output.push(line.into()));
        output
    }

    #[test]
    fn of_a_build_the_first_error_is_shown() {
        let many = "x\n".repeat(20);
        let rust = output(&format!("warning: unused\n{many}error[E0425]: no `y`\n --> a\n{many}"));
        assert_eq!(rust.errors()[0], "error[E0425]: no `y`");
        assert_eq!(rust.errors().len(), SHOWN_LINES);
        assert_eq!(output("src/main.c:5:3: error: x\n").errors().len(), 1);
        assert_eq!(output(&format!("{many}end\n")).errors().last().unwrap(), "end");
    }

    #[test]
    fn a_crash_is_not_hidden_by_its_list_of_calls() {
        let calls = "   7: core::ops::function::FnOnce::call_once\n".repeat(20);
        let rust = output(&format!("up\n\nthread 'main' panicked at a.rs:1:2:\nwhy\n{calls}"));
        assert_eq!(rust.last()[..2], ["thread 'main' panicked at a.rs:1:2:", "why"]);
        assert_eq!(rust.last().len(), SHOWN_LINES);
        // Python tells the error last.
        let python = output(&format!("Traceback\n{calls}IndexError: list index"));
        assert_eq!(python.last().last().unwrap(), "IndexError: list index");
    }

    #[test]
    fn lines_are_told_from_a_moment_on() {
        let output = output("a\nb\n");
        let mut heard = output.count();
        assert!(output.since(&mut heard).is_empty());
        (0..2 * KEPT_LINES).for_each(|i| output.push(i.to_string()));
        assert_eq!(output.since(&mut heard).len(), SHOWN_LINES);
        output.push("c".into());
        assert_eq!(output.since(&mut heard), ["c"]);
        assert!(output.since(&mut heard).is_empty());
    }
}
