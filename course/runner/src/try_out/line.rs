//! What a line at the prompt means: a command as in redis-cli, a step of the test language (so that
//! the session of a failure can be typed again as it stands), or a word with a dot in front of it.

use crate::language::{self, Pace, Step};
use crate::values::Values;
use crate::wire;
use std::path::Path;
use std::time::Duration;

/// A line, understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Bytes for a connection, and whether they go a byte at a time.
    Send(char, Vec<u8>, Pace),
    /// `B!`
    Leave(char),
    /// `wait 20ms`
    Wait(Duration),
    /// `A< OK`: nothing is checked here.
    Expectation,
    /// `.bytes`, alone or before a command
    Bytes(Option<String>),
    /// `.restart`
    Restart,
    /// `.kill`
    Kill,
    /// `.help`
    Help,
    /// `.quit`
    Quit,
    /// An empty line, or a comment.
    Nothing,
}

/// Understands a line; `values` are what `{k1}` and the like stand for.
pub fn understand(line: &str, values: &Values) -> Result<Line, String> {
    let line = line.trim().trim_start_matches("→ ").trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Nothing);
    }
    if let Some(told) = told(line) {
        return Ok(told);
    }
    if line.starts_with('.') {
        return dotted(line);
    }
    if ["quit", "exit"].contains(&line.to_ascii_lowercase().as_str()) {
        return Ok(Line::Quit);
    }
    let step = if is_step(line) { line.to_owned() } else { format!("A> {line}") };
    let script = language::parse(Path::new("try"), &format!("stage try\ncase by hand\n{step}\n"));
    let script = script.map_err(|mistake| mistake.text)?;
    let filled = |text: &language::Text| text.fill(values);
    match script.cases.first().and_then(|case| case.steps.first()).map(|line| &line.step) {
        Some(Step::Send(who, words) | Step::Hold(who, words)) => {
            let words = words.iter().map(filled).collect::<Result<Vec<_>, _>>()?;
            Ok(Line::Send(*who, wire::command(&words), Pace::Whole))
        }
        Some(Step::Raw(who, text, pace)) => Ok(Line::Send(*who, filled(text)?, *pace)),
        Some(Step::Leave(who)) => Ok(Line::Leave(*who)),
        Some(Step::Wait(time)) => Ok(Line::Wait(*time)),
        Some(Step::Expect(..) | Step::Nothing(..) | Step::Closed(..)) => Ok(Line::Expectation),
        _ => Err("of the test language only A> A>raw A>bytewise A! and wait work here".into()),
    }
}

fn dotted(line: &str) -> Result<Line, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        ".bytes" | ".b" if rest.trim().is_empty() => Ok(Line::Bytes(None)),
        ".bytes" | ".b" => Ok(Line::Bytes(Some(rest.trim().to_owned()))),
        ".restart" => Ok(Line::Restart),
        ".kill" => Ok(Line::Kill),
        ".help" | ".h" => Ok(Line::Help),
        ".quit" | ".q" => Ok(Line::Quit),
        other => Err(format!("there is no {other}; .help lists what there is")),
    }
}

/// A line of the session that a failure's message shows, other than what was sent: `B  OK`, and
/// `(20 ms pass)`.
fn told(line: &str) -> Option<Line> {
    if let Some(time) = line.strip_prefix('(').and_then(|rest| rest.strip_suffix(" ms pass)")) {
        return time.parse().ok().map(|time| Line::Wait(Duration::from_millis(time)));
    }
    let (who, rest) = line.split_at_checked(1)?;
    let received = who.as_bytes()[0].is_ascii_uppercase() && rest.starts_with("  ");
    received.then_some(Line::Expectation)
}

/// `B> …`, `B!`, `wait 20ms`: none of them could be a command of Redis.
fn is_step(line: &str) -> bool {
    let mut letters = line.chars();
    let (first, second) = (letters.next(), letters.next());
    let connection = first.is_some_and(|letter| letter.is_ascii_uppercase())
        && matches!(second, Some('>' | '<' | '!' | '+'));
    let wait = line.strip_prefix("wait ").is_some_and(|time| time.trim_end().ends_with('s'));
    connection || wait
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Line, String> {
        understand(text, &Values::new(1, 0))
    }

    fn sent(who: char, text: &str) -> Result<Line, String> {
        Ok(Line::Send(who, text.as_bytes().to_vec(), Pace::Whole))
    }

    #[test]
    fn commands_are_read_as_redis_cli_reads_them() {
        assert_eq!(line("PING"), sent('A', "*1\r\n$4\r\nPING\r\n"));
        assert_eq!(line("  ECHO \"a\\nb\"  "), sent('A', "*2\r\n$4\r\nECHO\r\n$3\r\na\nb\r\n"));
        assert_eq!(line("wait 1 100"), sent('A', "*3\r\n$4\r\nwait\r\n$1\r\n1\r\n$3\r\n100\r\n"));
        assert!(line("ECHO \"a").unwrap_err().contains("quote"));
    }

    #[test]
    fn steps_of_the_test_language_keep_their_meaning() {
        assert_eq!(line("B> PING"), sent('B', "*1\r\n$4\r\nPING\r\n"));
        assert_eq!(line("B>raw \"PING\\r\\n\""), sent('B', "PING\r\n"));
        assert_eq!(line("B!"), Ok(Line::Leave('B')));
        assert_eq!(line("wait 20ms"), Ok(Line::Wait(Duration::from_millis(20))));
        assert_eq!(line("A< (integer) 1"), Ok(Line::Expectation));
        assert_eq!(line("  → B  (integer) 1"), Ok(Line::Expectation));
        assert_eq!(line("(20 ms pass)"), Ok(Line::Wait(Duration::from_millis(20))));
        assert!(line("A>scan SCAN @").unwrap_err().contains("work here"));
    }

    #[test]
    fn words_with_a_dot_belong_to_the_prompt() {
        assert_eq!(line(".bytes"), Ok(Line::Bytes(None)));
        assert_eq!(line(".bytes GET a"), Ok(Line::Bytes(Some("GET a".into()))));
        assert_eq!(line(".restart"), Ok(Line::Restart));
        assert_eq!(line("quit"), Ok(Line::Quit));
        assert_eq!(line("# a comment"), Ok(Line::Nothing));
        assert!(line(".nonsense").unwrap_err().contains(".help"));
    }
}
