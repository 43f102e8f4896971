//! What is going on, for a person who waits: one line that is rewritten on a terminal, plain lines
//! anywhere else.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The line.
pub struct Progress {
    bar: Option<ProgressBar>,
    steps: usize,
    done: usize,
}

impl Progress {
    /// For a part called `title` that takes `steps` steps.
    pub fn new(title: &str, steps: usize) -> Progress {
        if !std::io::stderr().is_terminal() {
            eprintln!("{title}: {steps} steps");
            return Progress { bar: None, steps, done: 0 };
        }
        let bar = ProgressBar::new(steps as u64);
        let style = ProgressStyle::with_template("{prefix:>8} {bar:24} {pos}/{len} {eta:>5} {msg}");
        bar.set_style(style.expect("the template is well-formed"));
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar: Some(bar), steps, done: 0 }
    }

    /// Begins the next step.
    pub fn step(&mut self, what: &str) {
        self.done += 1;
        match &self.bar {
            Some(bar) => {
                bar.set_message(what.to_owned());
                bar.set_position(self.done as u64 - 1);
            }
            None => eprintln!("  {}/{} {what}", self.done, self.steps),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
