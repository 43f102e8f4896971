//! One line of a case. Lines about connections begin with a letter: `A> A+ A>raw A< A! A connects`;
//! the others with a word. What a line says is decided by its first characters alone, so that a
//! slip is told where it stands.

use super::pattern::pattern_of;
use super::text::{Names, Stop, parse_words};
use super::{Content, Pace, Step, Text, Tool, Who};
use std::time::Duration;

/// The longest `wait` and `nothing`: a case that needs more is no test for every save of a file.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const MOST_REPEATS: u64 = 1_000_000;
const MOST_CLIENTS: u64 = 1_000;

/// Why a line was not understood.
pub(super) enum Read {
    Unfinished(String),
    Wrong(String),
}

impl From<Stop> for Read {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Unfinished(text) => Read::Unfinished(text),
            Stop::Wrong(text) => Read::Wrong(text),
        }
    }
}

impl From<String> for Read {
    fn from(text: String) -> Self {
        Read::Wrong(text)
    }
}

fn wrong<T>(text: impl Into<String>) -> Result<T, Read> {
    Err(Read::Wrong(text.into()))
}

/// A line that opens a block.
pub(super) enum Opening {
    Repeat(u64),
    Clients(u64),
    Between,
}

impl Opening {
    pub(super) fn of(line: &str) -> Result<Option<Self>, Read> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let count = |most: u64| match rest.trim().parse() {
            Ok(count) if (1..=most).contains(&count) => Ok(count),
            _ => Err(Read::Wrong(format!("`{word}` is followed by a number from 1 to {most}"))),
        };
        Ok(match word {
            "repeat" => Some(Opening::Repeat(count(MOST_REPEATS)?)),
            "clients" => Some(Opening::Clients(count(MOST_CLIENTS)?)),
            "between" => Some(Opening::Between),
            _ => None,
        })
    }
}

/// `input "…"` or `output "…"`.
pub(super) enum ToolPart {
    Input(Text),
    Output(Text),
}

impl ToolPart {
    pub(super) fn into(self, tool: &mut Tool) -> Result<(), Read> {
        let (place, text) = match self {
            ToolPart::Input(text) => (&mut tool.input, text),
            ToolPart::Output(text) => (&mut tool.output, text),
        };
        if place.replace(text).is_some() { wrong("said twice") } else { Ok(()) }
    }
}

pub(super) fn tool_part(line: &str, names: &mut Names) -> Result<Option<ToolPart>, Read> {
    if let Some(rest) = line.strip_prefix("input ") {
        return Ok(Some(ToolPart::Input(one_text(rest, names)?)));
    }
    if let Some(rest) = line.strip_prefix("output ") {
        return Ok(Some(ToolPart::Output(one_text(rest, names)?)));
    }
    Ok(None)
}

fn one_text(line: &str, names: &mut Names) -> Result<Text, Read> {
    let mut words = parse_words(line, names)?;
    match words.pop() {
        Some(text) if words.is_empty() => Ok(text),
        _ => wrong("one text is expected here, in quotes if it has spaces"),
    }
}

/// Any line that neither opens nor closes a block.
pub(super) fn step(line: &str, names: &mut Names) -> Result<Step, Read> {
    let mut letters = line.chars();
    let (first, second) = (letters.next(), letters.next());
    match (first, second) {
        (Some(who), Some('>' | '<' | '+' | '!')) if who == '@' || who.is_ascii_uppercase() => {
            connection(who, &line[1..], names)
        }
        (Some(who), Some(' ')) if who.is_ascii_uppercase() && line[2..].trim() == "connects" => {
            Ok(Step::Connect(who))
        }
        _ => other(line, names),
    }
}

fn connection(who: Who, line: &str, names: &mut Names) -> Result<Step, Read> {
    let rest = &line[1..];
    match line.as_bytes()[0] {
        b'!' if rest.trim().is_empty() => return Ok(Step::Leave(who)),
        b'!' => return wrong("nothing stands after `A!`"),
        b'+' => return Ok(Step::Hold(who, command(rest, names)?)),
        b'<' => return reply(who, rest, names),
        _ => {}
    }
    if let Some(text) = rest.strip_prefix("raw ") {
        return Ok(Step::Raw(who, one_text(text, names)?, Pace::Whole));
    }
    if let Some(text) = rest.strip_prefix("bytewise ") {
        return Ok(Step::Raw(who, one_text(text, names)?, Pace::Bytewise));
    }
    if let Some(words) = rest.strip_prefix("scan ") {
        return Ok(Step::Scan(who, command(words, names)?, Vec::new()));
    }
    if !rest.starts_with([' ', '\t']) {
        return wrong("`A>` is followed by a space and a command, or by raw, bytewise, scan");
    }
    Ok(Step::Send(who, command(rest, names)?))
}

fn command(line: &str, names: &mut Names) -> Result<Vec<Text>, Read> {
    let words = parse_words(line, names)?;
    if words.is_empty() { wrong("a command is missing") } else { Ok(words) }
}

fn reply(who: Who, rest: &str, names: &mut Names) -> Result<Step, Read> {
    if let Some(time) = rest.strip_prefix("nothing ") {
        return Ok(Step::Nothing(who, wait_time(time)?));
    }
    let (pattern, within) = match rest.rsplit_once(" within ") {
        Some((pattern, time)) => match duration(time) {
            Some(time) => (pattern, Some(time)),
            None => (rest, None),
        },
        None => (rest, None),
    };
    if pattern == "closed" {
        return Ok(Step::Closed(who, within));
    }
    if !pattern.starts_with([' ', '\t']) {
        return wrong("`A<` is followed by a space and a reply, by `nothing 60ms`, or by `closed`");
    }
    if let Some((wanted, again)) = pattern.split_once(" else again ") {
        if within.is_some() {
            return wrong("`else again` and `within` do not go together");
        }
        let wanted = pattern_of(wanted, names)?;
        return Ok(Step::ExpectOrAgain(who, wanted, pattern_of(again, names)?));
    }
    Ok(Step::Expect(who, pattern_of(pattern, names)?, within))
}

fn other(line: &str, names: &mut Names) -> Result<Step, Read> {
    let (word, rest) = line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()));
    let step = match (word, rest) {
        ("wait", time) => Step::Wait(wait_time(time)?),
        ("restart", "") => Step::Restart,
        ("kill", "-9") => Step::Kill,
        ("start", flags) => Step::Start(parse_words(flags, names)?),
        ("refuses", flags) => Step::Refuses(parse_words(flags, names)?),
        ("file", rest) => file(rest, names)?,
        ("listens", "") => Step::Listens,
        ("cpu", rest) => cpu(rest)?,
        ("memory", "mark") => Step::MemoryMark,
        ("memory", rest) => memory(rest)?,
        ("run", words) => Step::Run(Tool { words: parse_words(words, names)?, ..Tool::default() }),
        ("check", rest) => check(rest, names)?,
        _ => return wrong(format!("not understood: {line}")),
    };
    Ok(step)
}

/// `file NAME "bytes" …`, `file NAME cut 3`, `file NAME is …`
fn file(rest: &str, names: &mut Names) -> Result<Step, Read> {
    let (name, rest) = rest.split_once(' ').map_or((rest, ""), |(name, rest)| (name, rest.trim()));
    if name.is_empty() || name.starts_with('"') {
        return wrong("`file NAME …`, the name without quotes");
    }
    let name = one_text(name, names)?;
    if let Some(count) = rest.strip_prefix("cut ") {
        return Ok(Step::Cut(name, one_text(count, names)?));
    }
    let Some(content) = rest.strip_prefix("is ") else {
        return Ok(Step::Write(name, bytes(rest, names)?));
    };
    let (content, within) = match content.rsplit_once(" within ") {
        Some((content, time)) if duration(time).is_some() => (content, duration(time)),
        _ => (content, None),
    };
    let content = match content.trim() {
        "missing" => Content::Missing,
        "rdb" => Content::Rdb,
        content => match content.strip_prefix("commands ") {
            Some(commands) => Content::Commands(pattern_of(commands, names)?),
            None => Content::Bytes(pattern_of(content, names)?),
        },
    };
    Ok(Step::Holds(name, content, within))
}

/// Quoted texts, one after the other, make one.
pub(super) fn bytes(rest: &str, names: &mut Names) -> Result<Text, Read> {
    if !rest.is_empty() && !rest.starts_with(['"', '\'']) {
        return wrong("the bytes of a file stand in quotes");
    }
    let mut all = Text::default();
    parse_words(rest, names)?.into_iter().for_each(|text| all.append(text));
    Ok(all)
}

fn check(rest: &str, names: &mut Names) -> Result<Step, Read> {
    let quoted = rest.starts_with('"');
    let end = if quoted { rest[1..].find('"').map(|at| at + 2) } else { rest.find(' ') };
    let Some(end) = end else {
        return wrong("`check TEXT PATTERN`");
    };
    let text = one_text(&rest[..end], names)?;
    Ok(Step::Check(text, pattern_of(&rest[end..], names)?))
}

fn cpu(rest: &str) -> Result<Step, Read> {
    let parts: Vec<&str> = rest.split_whitespace().collect();
    if let ["under", percent, "for", time] = parts[..]
        && let Some(percent) = percent.strip_suffix('%').and_then(|number| number.parse().ok())
    {
        return Ok(Step::Cpu(percent, wait_time(time)?));
    }
    wrong("`cpu under 50% for 200ms`")
}

fn memory(rest: &str) -> Result<Step, Read> {
    let megabytes = rest
        .strip_prefix("grew under ")
        .and_then(|text| text.strip_suffix("mb"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    match megabytes {
        Some(megabytes) => Ok(Step::MemoryGrew(megabytes << 20)),
        None => wrong("`memory mark` or `memory grew under 40mb`"),
    }
}

fn wait_time(text: &str) -> Result<Duration, Read> {
    match duration(text) {
        Some(time) if time <= LONGEST_WAIT => Ok(time),
        Some(_) => wrong("no wait is longer than 2 s"),
        None => wrong(format!("a time is expected (20ms, 1.5s), not {text:?}")),
    }
}

/// `20ms` or `1.5s`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let seconds = number.parse::<f64>().ok()? * unit;
    (0.0..3600.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

/// Many clients at once share no connection and do not touch the server itself.
pub(super) fn fits_a_crowd(step: &Step) -> bool {
    match step {
        Step::Send(who, _)
        | Step::Hold(who, _)
        | Step::Raw(who, ..)
        | Step::Expect(who, ..)
        | Step::ExpectOrAgain(who, ..)
        | Step::Nothing(who, _)
        | Step::Closed(who, _)
        | Step::Leave(who) => *who == '@',
        Step::Wait(_) | Step::Check(..) | Step::Repeat(..) => true,
        _ => false,
    }
}

/// Steps that are not about connections.
pub(super) fn needs_the_server(step: &Step) -> bool {
    matches!(
        step,
        Step::Restart
            | Step::Kill
            | Step::Start(_)
            | Step::Refuses(_)
            | Step::Write(..)
            | Step::Cut(..)
            | Step::Holds(..)
            | Step::Listens
            | Step::Cpu(..)
            | Step::MemoryMark
            | Step::MemoryGrew(_)
            | Step::Run(_)
            | Step::Clients(..)
    )
}
