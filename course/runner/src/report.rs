//! Results as people read them (at most 25 lines of 96 columns, or of a narrower terminal's) and
//! as programs do (one JSON object a case). A failure is told in this order: what failed, the
//! session so far, expected and received in two notations with a caret at the first byte that
//! differs, what else happened, the cause if it is certain, why Redis is so, what to type.

use crate::player::{Failure, FailureKind, Outcome, Shown, Verdict, cut};
use crate::server::most_telling;
use crate::terminal::width;
use crate::wire::shown;

const LINES: usize = 25;
/// Lines of the session that are shown.
const SESSION_LINES: usize = 8;
/// Words instead of bytes may take so many lines.
const MOST_WORDS_LINES: usize = 3;
/// However much there is to tell: so many lines of the session, and of what the program printed.
const LEAST_SESSION_LINES: usize = 3;
const LEAST_OUTPUT_LINES: usize = 3;
/// Where the text behind `expected` and `received` begins.
const INDENT: &str = "                ";
/// How many columns the first notation may take if the second is to stand beside it.
const LEFT_WIDTH: usize = 36;

/// Colours, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For files and pipes.
    Plain,
    /// For terminals.
    Colour,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    /// For what went wrong.
    pub fn red(self, text: &str) -> String {
        self.paint("31;1", text)
    }

    /// For what is as it should be.
    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// For what matters less.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }
}

/// The message of a red case. `title` is the stage's, `footer` what can be typed next.
pub fn failure(outcome: &Outcome, failure: &Failure, title: &str, footer: &str) -> Vec<String> {
    let mut lines = vec![
        format!("✗ {}  {}", outcome.stage, title),
        format!("  case {} of {}: {}", outcome.case, outcome.of, outcome.title),
        String::new(),
    ];
    let mut middle = expected_and_received(&failure.expected, &failure.received);
    middle.extend(failure.meanwhile.iter().map(|line| format!("    meanwhile   {line}")));
    let tail = tail(failure);
    let taken = lines.len() + middle.len() + tail.len() + 1 + footer.lines().count();
    let room = LINES.saturating_sub(taken);
    let printed = printed(failure, room.saturating_sub(LEAST_SESSION_LINES));
    let room = room.saturating_sub(printed.len());
    let session = session(&failure.session, failure.mark, room.min(SESSION_LINES));
    if !session.is_empty() {
        lines.extend(session);
        lines.push(String::new());
    }
    lines.extend(middle);
    lines.extend(printed);
    lines.extend(tail);
    // What to type stands last, whatever had to be left out.
    let footer: Vec<String> = footer.lines().map(|line| format!("    {line}")).collect();
    lines.truncate(LINES - footer.len());
    lines.extend(footer);
    lines.iter().map(|line| format!("  {}", cut(line, width() - 2))).collect()
}

fn session(all: &[String], mark: Option<usize>, room: usize) -> Vec<String> {
    let mark = mark.unwrap_or(all.len().saturating_sub(1));
    // The line that is marked is shown, even if many follow it.
    let first = all.len().saturating_sub(room.max(2)).min(mark.saturating_sub(1));
    let shown = all.iter().enumerate().skip(first).take(room.max(2));
    let mut lines: Vec<String> = shown
        .map(|(at, line)| format!("    {} {line}", if at == mark { "→" } else { " " }))
        .collect();
    if first > 0
        && let Some(line) = lines.first_mut()
    {
        *line = "      …".into();
    }
    lines
}

fn expected_and_received(expected: &Shown, received: &Shown) -> Vec<String> {
    let mut lines = Vec::new();
    let difference = match (&expected.wire, &received.wire) {
        (Some(expected), Some(received)) => Some(first_difference(expected, received)),
        _ => None,
    };
    let window = Window::around(difference.unwrap_or(0));
    let beside = [expected, received]
        .iter()
        .all(|side| side.wire.is_none() || side.notation.chars().count() < LEFT_WIDTH);
    for (name, side) in [("expected", expected), ("received", received)] {
        let notation = cut(&side.notation, width() - INDENT.len() - 2);
        match &side.wire {
            Some(wire) if beside => {
                lines.push(format!("    {name}    {notation:<LEFT_WIDTH$}{}", window.of(wire)));
            }
            Some(wire) => {
                lines.push(format!("    {name}    {notation}"));
                lines.push(format!("{INDENT}{}", window.of(wire)));
            }
            None => {
                lines.extend(words_of(name, &side.notation));
                if !side.legend.is_empty() {
                    lines.extend(wrapped("", &format!("({})", side.legend)));
                }
            }
        }
    }
    if let (Some(at), Some(wire)) = (difference, &received.wire) {
        let left = if beside { LEFT_WIDTH } else { 0 };
        let place = INDENT.len() + left + window.column(wire, at);
        if place < width() - 2 {
            let how = if at < wire.len() { "differs" } else { "is missing" };
            lines.push(format!("{}^ byte {} {how}", " ".repeat(place), at + 1));
        }
    }
    lines
}

/// Words take more lines than one before any of them is left out.
fn words_of(name: &str, text: &str) -> Vec<String> {
    let room = width() - INDENT.len() - 2;
    // The content of a file is not words.
    if text.chars().count() <= room || text.split(' ').any(|word| word.len() > room) {
        return vec![format!("    {name}    {}", cut(text, room))];
    }
    let mut lines = wrapped(name, text);
    if lines.len() > MOST_WORDS_LINES {
        lines.truncate(MOST_WORDS_LINES);
        lines.last_mut().expect("there are some").push_str(" …");
    }
    lines
}

fn first_difference(expected: &[u8], received: &[u8]) -> usize {
    let same = expected
        .iter()
        .zip(received)
        .take_while(|(expected, received)| expected == received)
        .count();
    same.min(received.len())
}

/// The part of long texts that is shown: it begins shortly before the first difference.
struct Window {
    from: usize,
}

impl Window {
    fn around(difference: usize) -> Self {
        Window { from: if difference > 24 { difference - 12 } else { 0 } }
    }

    fn of(&self, wire: &[u8]) -> String {
        let from = self.from.min(wire.len());
        let dots = if from > 0 { "…" } else { "" };
        let end = wire.len().min(from + width());
        format!("{dots}{}", shown(&wire[from..end]))
    }

    fn column(&self, wire: &[u8], at: usize) -> usize {
        let from = self.from.min(wire.len());
        usize::from(from > 0) + shown(&wire[from..at.max(from)]).chars().count()
    }
}

/// What the program printed.
fn printed(failure: &Failure, room: usize) -> Vec<String> {
    if failure.output.is_empty() {
        return Vec::new();
    }
    let head = match failure.kind {
        FailureKind::Assertion => "    your program printed",
        FailureKind::Start | FailureKind::Ended => "    its last words",
    };
    let most = room.saturating_sub(1).max(LEAST_OUTPUT_LINES);
    let lines = most_telling(failure.output.clone(), most);
    let shown = lines.iter().map(|line| format!("      | {line}"));
    std::iter::once(head.to_owned()).chain(shown).collect()
}

fn tail(failure: &Failure) -> Vec<String> {
    let mut lines = vec![String::new()];
    match (&failure.likely, &failure.cause) {
        (Some(likely), _) => {
            lines.extend(wrapped("very likely", likely));
            lines.push(format!("{INDENT}(a server broken in just this way gave this very answer)"));
        }
        (None, Some(cause)) => lines.extend(wrapped("what is sure", cause)),
        (None, None) => {}
    }
    if !failure.why.is_empty() {
        lines.extend(wrapped("why it's so", &failure.why));
    }
    lines
}

/// A paragraph behind its name.
fn wrapped(name: &str, text: &str) -> Vec<String> {
    let mut lines = vec![format!("    {name:<12}")];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("it begins with one");
        let long = line.chars().count() + word.chars().count() + 1 > width() - 2;
        if long && line.len() > INDENT.len() {
            lines.push(format!("{INDENT}{word}"));
        } else {
            if !line.ends_with(' ') {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// One case as a JSON object on one line.
pub fn json(outcome: &Outcome, seed: u64) -> String {
    let mut fields = vec![
        field("stage", &outcome.stage),
        format!("\"case\":{}", outcome.case),
        field("title", &outcome.title),
        field("result", word(&outcome.verdict)),
        format!("\"ms\":{}", outcome.took.as_millis()),
        format!("\"seed\":{seed}"),
    ];
    match &outcome.verdict {
        Verdict::Green => {}
        Verdict::Skipped(reason) | Verdict::Untried(reason) => fields.push(field("reason", reason)),
        Verdict::Red(failure) => {
            fields.push(field("kind", kind(failure.kind)));
            fields.push(format!("\"line\":{}", failure.line));
            fields.push(field("expected", &one_form(&failure.expected)));
            fields.push(field("received", &one_form(&failure.received)));
            if let Some(cause) = &failure.cause {
                fields.push(field("cause", cause));
            }
            if let Some(likely) = &failure.likely {
                fields.push(field("likely", likely));
            }
        }
    }
    format!("{{{}}}", fields.join(","))
}

/// `green`, `red`, `skipped`, `untried`.
pub fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Green => "green",
        Verdict::Skipped(_) => "skipped",
        Verdict::Untried(_) => "untried",
        Verdict::Red(_) => "red",
    }
}

fn kind(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Assertion => "assertion",
        FailureKind::Start => "start",
        FailureKind::Ended => "ended",
    }
}

fn one_form(side: &Shown) -> String {
    match &side.wire {
        Some(wire) => shown(wire),
        None => side.notation.clone(),
    }
}

fn field(name: &str, text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            letter if (letter as u32) < 0x20 => {
                escaped.push_str(&format!("\\u{:04x}", letter as u32))
            }
            letter => escaped.push(letter),
        }
    }
    format!("\"{name}\":\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Reply;
    use std::time::Duration;

    fn red(expected: &[u8], received: &[u8]) -> (Outcome, Failure) {
        let failure = Failure {
            kind: FailureKind::Assertion,
            line: 7,
            session: (0..30).map(|i| format!("A> PING {i}")).collect(),
            mark: None,
            expected: Shown::reply(&Reply::Bulk(expected.to_vec())),
            received: Shown::reply(&Reply::Bulk(received.to_vec())),
            meanwhile: vec!["B received OK".into()],
            cause: Some("word ".repeat(60)),
            likely: Some("likely ".repeat(20)),
            output: vec!["x".repeat(300); 8],
            why: "why ".repeat(60),
        };
        let verdict = Verdict::Red(Box::new(failure.clone()));
        let outcome = Outcome {
            stage: "base-06-echo".into(),
            case: 2,
            of: 5,
            title: "a \"title\"".into(),
            verdict,
            took: Duration::from_millis(3),
            note: None,
        };
        (outcome, failure)
    }

    #[test]
    fn a_message_never_exceeds_its_frame() {
        for length in [1, 30, 70_000] {
            let (outcome, broken) = red(&vec![b'\r'; length], &vec![b'a'; length]);
            let lines = failure(&outcome, &broken, "ECHO", "again  make test SEED=1");
            assert!(lines.len() <= LINES, "{}", lines.len());
            assert!(
                lines.iter().all(|line| line.chars().count() <= crate::terminal::WIDE),
                "{lines:#?}"
            );
            assert!(lines.iter().any(|line| line.contains("again")));
        }
    }

    #[test]
    fn the_caret_stands_under_the_first_byte_that_differs() {
        let (outcome, broken) = red(b"abc", b"abX");
        let lines = failure(&outcome, &broken, "ECHO", "again  make test SEED=1");
        let caret = lines.iter().position(|line| line.contains("^ byte 7")).unwrap();
        let column = lines[caret].find('^').unwrap();
        assert_eq!(lines[caret - 1].as_bytes()[column], b'X');
    }

    #[test]
    fn the_line_that_is_marked_is_shown_wherever_it_stands() {
        let (outcome, mut broken) = red(b"abc", b"abX");
        for at in [0, 1, 20, 29] {
            broken.mark = Some(at);
            let lines = failure(&outcome, &broken, "ECHO", "again  make test SEED=1");
            let marked = format!("→ A> PING {at}");
            assert_eq!(
                lines.iter().filter(|line| line.ends_with(&marked)).count(),
                1,
                "{lines:#?}"
            );
        }
    }

    #[test]
    fn json_is_one_escaped_line() {
        let (outcome, _) = red(b"a", b"b");
        let line = json(&outcome, 41);
        assert!(line.starts_with(
            r#"{"stage":"base-06-echo","case":2,"title":"a \"title\"","result":"red""#
        ));
        assert!(!line.contains('\n'));
    }
}
