//! Replies as they are expected: redis-cli's notation made exact about types, and the few patterns
//! for what a server is free to choose.
//!   pattern := primary [~ tolerance] { | pattern }
//!   primary := "bulk" | OK | (type) value | [list] | ~[list] | >[list] | {map} | any-order [list]
//! | pairs [list]            | includes [list] | glob "text" | $name | low..high | *

use super::text::{Names, Reader, Stop, Text};

/// What a reply must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Pattern {
    /// `*`
    Any,
    /// `OK`, with `Open` if it ends in `*`
    Simple(Text, Tail),
    /// `(error) …`
    Error(Text, Tail),
    /// `(bulk error) "…"`
    BulkError(Text, Tail),
    /// `"text"`
    Bulk(Text),
    /// `(integer) …`
    Integer(Count),
    /// `low..high`: an integer or a numeric string
    Range(i64, i64),
    /// `(nil)`
    Nil,
    /// `(nil array)`
    NilArray,
    /// `(null)`
    Null,
    /// `(true)`, `(false)`
    Boolean(bool),
    /// `(double) 1.5`
    Double(Text),
    /// `(big number) 123`
    BigNumber(Text),
    /// `(verbatim) "txt:…"`
    Verbatim(Text),
    /// `[…]`
    Array(List),
    /// `~[…]`
    Set(List),
    /// `>[…]`
    Push(List),
    /// `{k: v}`
    Map(Vec<(Pattern, Pattern)>),
    /// `any-order […]`
    AnyOrder(List),
    /// `pairs […]`
    Pairs(List),
    /// `includes […]`
    Includes(List),
    /// `… ~0.01`
    Near(Box<Pattern>, f64),
    /// `glob "…"`
    Glob(Text),
    /// `a | b`
    Either(Vec<Pattern>),
    /// `$name`
    Capture(String),
}

/// Whether a text may go on after what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Nothing more.
    Exact,
    /// It ended in `*`.
    Open,
    /// It began with `*`: each `*` in it matches anything.
    Glob,
}

/// An integer as it is expected.
#[derive(Debug, Clone, PartialEq)]
pub enum Count {
    /// This number.
    Exactly(Text),
    /// One of these.
    Between(i64, i64),
    /// Any.
    Any,
    /// Any, and remembered.
    Capture(String),
}

/// The elements of an array.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct List {
    /// In order.
    pub items: Vec<Item>,
    /// `...` at the end: more may follow.
    pub open: bool,
}

/// An element, or a run of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// One element.
    One(Pattern),
    /// `PATTERN for 1..1000`, with `{i}` counting.
    Run(Pattern, u64, u64),
}

/// Reads a whole pattern.
pub fn parse_pattern(text: &str, names: &mut Names) -> Result<Pattern, String> {
    pattern_of(text, names).map_err(Stop::text)
}

/// As `parse_pattern`, and tells a pattern that may go on in the next line from a wrong one.
pub(super) fn pattern_of(text: &str, names: &mut Names) -> Result<Pattern, Stop> {
    let mut reader = Reader::new(text.trim(), names);
    let pattern = pattern(&mut reader, Depth::Top)?;
    reader.skip_blanks();
    if !reader.rest().is_empty() {
        let rest = String::from_utf8_lossy(reader.rest()).into_owned();
        return Err(Stop::Wrong(format!("not understood in a reply: {rest}")));
    }
    Ok(pattern)
}

/// Where bare texts end.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// At the end of the line or before ` | `.
    Top,
    /// Also before `,`, `]`, `}`, `:`.
    Nested,
}

fn pattern(reader: &mut Reader, depth: Depth) -> Result<Pattern, Stop> {
    let mut choices = vec![nearly(reader, depth)?];
    loop {
        reader.skip_blanks();
        if !reader.takes("| ") {
            break;
        }
        choices.push(nearly(reader, depth)?);
    }
    if choices.len() > 1 {
        return Ok(Pattern::Either(choices));
    }
    Ok(choices.remove(0))
}

fn nearly(reader: &mut Reader, depth: Depth) -> Result<Pattern, Stop> {
    reader.skip_blanks();
    let pattern = primary(reader, depth)?;
    let blanks = reader.rest().iter().take_while(|&&byte| byte == b' ').count();
    let follows = &reader.rest()[blanks..];
    if follows.len() < 2 || follows[0] != b'~' || !follows[1].is_ascii_digit() {
        return Ok(pattern);
    }
    reader.skip(blanks + 1);
    let digits =
        reader.rest().iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let text = String::from_utf8_lossy(&reader.rest()[..digits]).into_owned();
    reader.skip(digits);
    let tolerance = text.parse().map_err(|_| Stop::Wrong(format!("~{text} is not a number")))?;
    Ok(Pattern::Near(Box::new(pattern), tolerance))
}

fn primary(reader: &mut Reader, depth: Depth) -> Result<Pattern, Stop> {
    let Some(first) = reader.peek() else {
        return Err(match depth {
            Depth::Top => Stop::Wrong("a reply is missing".into()),
            Depth::Nested => Stop::Unfinished("a bracket is not closed".into()),
        });
    };
    match first {
        b'"' | b'\'' => return Ok(Pattern::Bulk(reader.quoted()?)),
        b'(' => return typed(reader, depth),
        b'{' => return map(reader),
        b'$' => return Ok(Pattern::Capture(captured(reader)?)),
        _ => {}
    }
    type Make = fn(List) -> Pattern;
    let lists: [(&str, Make); 6] = [
        ("[", Pattern::Array),
        ("~[", Pattern::Set),
        (">[", Pattern::Push),
        ("any-order [", Pattern::AnyOrder),
        ("pairs [", Pattern::Pairs),
        ("includes [", Pattern::Includes),
    ];
    for (opening, make) in lists {
        if reader.takes(opening) {
            return list(reader).map(make);
        }
    }
    if reader.rest().starts_with(b"glob ")
        && reader.rest()[5..].trim_ascii_start().first() == Some(&b'"')
    {
        reader.skip(4);
        reader.skip_blanks();
        return Ok(Pattern::Glob(reader.quoted()?));
    }
    if let Some((low, high)) = range(reader, depth) {
        return Ok(Pattern::Range(low, high));
    }
    let mut text = bare(reader, depth)?;
    if text == Text::plain(b"*") {
        return Ok(Pattern::Any);
    }
    let tail = tail_of(&mut text);
    Ok(Pattern::Simple(text, tail))
}

fn tail_of(text: &mut Text) -> Tail {
    if text.begins_with_star() {
        Tail::Glob
    } else if text.take_star() {
        Tail::Open
    } else {
        Tail::Exact
    }
}

fn bare(reader: &mut Reader, depth: Depth) -> Result<Text, Stop> {
    let text = reader.bare(|rest| {
        rest.starts_with(b" | ") || (depth == Depth::Nested && b",]}:".contains(&rest[0]))
    })?;
    if text == Text::default() { Err(Stop::Wrong("a reply is missing".into())) } else { Ok(text) }
}

/// `low..high` where the whole element is that; otherwise nothing is read.
fn range(reader: &mut Reader, depth: Depth) -> Option<(i64, i64)> {
    let rest = reader.rest();
    let ends = |byte: &u8| *byte == b' ' || (depth == Depth::Nested && b",]}".contains(byte));
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    let (low, high) = std::str::from_utf8(&rest[..length]).ok()?.split_once("..")?;
    let numbers = (low.parse().ok()?, high.parse().ok()?);
    reader.skip(length);
    Some(numbers)
}

fn captured(reader: &mut Reader) -> Result<String, Stop> {
    reader.skip(1);
    let length = reader
        .rest()
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
        .count();
    let name = String::from_utf8_lossy(&reader.rest()[..length]).into_owned();
    if name.is_empty() {
        return Err(Stop::Wrong("$ is followed by a name".into()));
    }
    reader.skip(length);
    reader.names.capture(&name);
    Ok(name)
}

fn typed(reader: &mut Reader, depth: Depth) -> Result<Pattern, Stop> {
    let Some(length) = reader.rest().iter().position(|&byte| byte == b')') else {
        return Err(Stop::Wrong("( without )".into()));
    };
    let kind = String::from_utf8_lossy(&reader.rest()[1..length]).into_owned();
    reader.skip(length + 1);
    reader.skip_blanks();
    let simple = match kind.as_str() {
        "nil" => Some(Pattern::Nil),
        "nil array" => Some(Pattern::NilArray),
        "null" => Some(Pattern::Null),
        "true" => Some(Pattern::Boolean(true)),
        "false" => Some(Pattern::Boolean(false)),
        _ => None,
    };
    if let Some(pattern) = simple {
        return Ok(pattern);
    }
    match kind.as_str() {
        "integer" => integer(reader, depth).map(Pattern::Integer),
        "error" => text_with_tail(reader, depth).map(|(text, tail)| Pattern::Error(text, tail)),
        "bulk error" => {
            text_with_tail(reader, depth).map(|(text, tail)| Pattern::BulkError(text, tail))
        }
        "simple" => text_with_tail(reader, depth).map(|(text, tail)| Pattern::Simple(text, tail)),
        "double" => number(reader, depth).map(Pattern::Double),
        "big number" => number(reader, depth).map(Pattern::BigNumber),
        "verbatim" => text_with_tail(reader, depth).map(|(text, _)| Pattern::Verbatim(text)),
        _ => Err(Stop::Wrong(format!("({kind}) is not a type of reply"))),
    }
}

fn text_with_tail(reader: &mut Reader, depth: Depth) -> Result<(Text, Tail), Stop> {
    if reader.peek().is_some_and(|byte| byte == b'"' || byte == b'\'') {
        return Ok((reader.quoted()?, Tail::Exact));
    }
    let mut text = bare(reader, depth)?;
    let tail = tail_of(&mut text);
    Ok((text, tail))
}

/// A number as it is written, up to a blank: `~` may follow.
fn number(reader: &mut Reader, depth: Depth) -> Result<Text, Stop> {
    let text = reader.bare(|rest| {
        rest[0] == b' ' || rest[0] == b'~' || (depth == Depth::Nested && b",]}:".contains(&rest[0]))
    })?;
    if text == Text::default() { Err(Stop::Wrong("a number is missing".into())) } else { Ok(text) }
}

fn integer(reader: &mut Reader, depth: Depth) -> Result<Count, Stop> {
    if reader.takes("*") {
        return Ok(Count::Any);
    }
    if reader.peek() == Some(b'$') {
        return captured(reader).map(Count::Capture);
    }
    if let Some((low, high)) = range(reader, depth) {
        return Ok(Count::Between(low, high));
    }
    number(reader, depth).map(Count::Exactly)
}

fn list(reader: &mut Reader) -> Result<List, Stop> {
    let mut list = List::default();
    loop {
        reader.skip_blanks();
        if reader.takes("]") {
            return Ok(list);
        }
        if list.open {
            return Err(Stop::Wrong("... must be the last of an array".into()));
        }
        if reader.takes("...") {
            list.open = true;
        } else {
            let element = pattern(reader, Depth::Nested)?;
            list.items.push(run_of(reader, element)?);
        }
        reader.skip_blanks();
        if reader.takes(",") || reader.peek() == Some(b']') {
            continue;
        }
        return Err(missing(reader, "',' or ']'"));
    }
}

fn run_of(reader: &mut Reader, element: Pattern) -> Result<Item, Stop> {
    reader.skip_blanks();
    if !reader.takes("for ") {
        return Ok(Item::One(element));
    }
    let Some((low, high)) = range(reader, Depth::Nested) else {
        return Err(Stop::Wrong("for is followed by 1..1000".into()));
    };
    match (u64::try_from(low), u64::try_from(high)) {
        (Ok(low), Ok(high)) if high - low.min(high) < 1_000_000 => {
            Ok(Item::Run(element, low, high))
        }
        _ => Err(Stop::Wrong("for is followed by 1..1000".into())),
    }
}

fn map(reader: &mut Reader) -> Result<Pattern, Stop> {
    reader.skip(1);
    let mut pairs = Vec::new();
    loop {
        reader.skip_blanks();
        if reader.takes("}") {
            return Ok(Pattern::Map(pairs));
        }
        let key = pattern(reader, Depth::Nested)?;
        reader.skip_blanks();
        if !reader.takes(":") {
            return Err(missing(reader, "':'"));
        }
        pairs.push((key, pattern(reader, Depth::Nested)?));
        reader.skip_blanks();
        if reader.takes(",") || reader.peek() == Some(b'}') {
            continue;
        }
        return Err(missing(reader, "',' or '}'"));
    }
}

fn missing(reader: &Reader, what: &str) -> Stop {
    if reader.rest().is_empty() {
        return Stop::Unfinished("a bracket is not closed".into());
    }
    Stop::Wrong(format!("{what} expected before {}", String::from_utf8_lossy(reader.rest())))
}
