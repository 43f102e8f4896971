//! What the terminal can show. Files and pipes get neither colours nor short lines.

use crate::report::Style;
use std::fs::File;
use std::io::IsTerminal;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Columns of a message where nothing narrower is known.
pub const WIDE: usize = 96;
/// Below this even a short message breaks.
const NARROW: usize = 60;

/// Colours on a terminal that has them, unless NO_COLOR is set.
/// Source: https://no-color.org
pub fn style() -> Style {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var("TERM").is_ok_and(|name| name == "dumb");
    if std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb {
        Style::Colour
    } else {
        Style::Plain
    }
}

/// Columns that a line of a message may take.
pub fn width() -> usize {
    static WIDTH: OnceLock<usize> = OnceLock::new();
    *WIDTH.get_or_init(|| {
        let columns = std::io::stdout().is_terminal().then(columns).flatten();
        columns.map_or(WIDE, |columns| columns.clamp(NARROW, WIDE))
    })
}

/// `stty size` prints rows and columns of the terminal that is its stdin.
fn columns() -> Option<usize> {
    let run = Command::new("stty")
        .arg("size")
        .stdin(File::open("/dev/tty").ok()?)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    text.split_whitespace().nth(1)?.parse().ok()
}
