//! What the program under test prints, both streams as one. Its pipe never fills up, and of a
//! program that prints without end only the last lines are kept.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Lines that a message shows.
const SHOWN_LINES: usize = 8;
/// Lines that are kept: a compiler's first error may stand far above its last word.
const KEPT_LINES: usize = 500;
/// Bytes of such a line.
const WIDTH: u64 = 4096;

/// The lines so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Output(Arc<Mutex<VecDeque<String>>>);

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
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push_back(line);
        if lines.len() > KEPT_LINES {
            lines.pop_front();
        }
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// The last lines.
    pub(super) fn last(&self) -> Vec<String> {
        let mut lines = self.all();
        lines.split_off(lines.len().saturating_sub(SHOWN_LINES))
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
}
