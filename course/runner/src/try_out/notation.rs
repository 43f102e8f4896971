//! A reply in redis-cli's notation, line by line, and two of them beside each other. Where the two
//! look alike but are not, the bytes are shown as well: a learner must see why they differ.
//! Source: redis-cli.c, cliFormatReplyTTY

use crate::wire::{self, Reply};

/// Between the two columns: two blanks, the mark, two blanks.
const MIDDLE: usize = 5;

/// What one server answered to one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A whole reply.
    Reply(Reply),
    /// Bytes that never become one, and what is wrong with them.
    Malformed(Vec<u8>, String),
    /// The connection was closed after these bytes.
    Closed(Vec<u8>),
    /// The line could not be sent.
    Unsent,
}

impl Answer {
    /// As redis-cli prints it.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Answer::Reply(reply) => lines_of(reply),
            Answer::Malformed(bytes, what) => {
                vec![format!("(not RESP: {what})"), wire::shown(bytes)]
            }
            Answer::Unsent => vec!["(could not be sent)".into()],
            Answer::Closed(bytes) if bytes.is_empty() => vec!["(connection closed)".into()],
            Answer::Closed(bytes) => {
                vec![format!("(connection closed after {})", wire::shown(bytes))]
            }
        }
    }

    /// The bytes that came.
    pub fn wire(&self) -> Vec<u8> {
        match self {
            Answer::Reply(reply) => reply.wire(),
            Answer::Malformed(bytes, _) | Answer::Closed(bytes) => bytes.clone(),
            Answer::Unsent => Vec::new(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Answer::Reply(reply) => kind(reply),
            Answer::Malformed(..) => "not RESP",
            Answer::Closed(_) => "a closed connection",
            Answer::Unsent => "not there",
        }
    }
}

fn kind(reply: &Reply) -> &'static str {
    match reply {
        Reply::Simple(_) => "a simple string",
        Reply::Error(_) => "an error",
        Reply::Integer(_) => "an integer",
        Reply::Bulk(_) => "a bulk string",
        Reply::Nil => "a null bulk string ($-1)",
        Reply::NilArray => "a null array (*-1)",
        Reply::Array(_) => "an array",
        Reply::Null => "a null (_)",
        Reply::Boolean(_) => "a boolean",
        Reply::Double(_) => "a double",
        Reply::BigNumber(_) => "a big number",
        Reply::Verbatim(_) => "a verbatim string",
        Reply::BulkError(_) => "a bulk error",
        Reply::Map(_) => "a map",
        Reply::Set(_) => "a set",
        Reply::Push(_) => "a push",
    }
}

/// One reply as redis-cli shows it on a terminal.
pub fn lines_of(reply: &Reply) -> Vec<String> {
    let listed = |sign: &str, empty: &str, elements: &[Reply]| {
        if elements.is_empty() {
            return vec![empty.to_owned()];
        }
        let width = elements.len().to_string().len();
        let numbered = elements.iter().enumerate();
        numbered
            .flat_map(|(index, element)| {
                hang(&format!("{:>width$}{sign} ", index + 1), lines_of(element))
            })
            .collect()
    };
    match reply {
        Reply::Array(elements) => listed(")", "(empty array)", elements),
        Reply::Push(elements) => listed(")", "(empty push)", elements),
        Reply::Set(elements) => listed("~", "(empty set)", elements),
        Reply::Map(elements) if elements.is_empty() => vec!["(empty hash)".into()],
        Reply::Map(elements) => {
            let width = (elements.len() / 2).to_string().len();
            let pairs = elements.chunks(2).enumerate();
            pairs
                .flat_map(|(index, pair)| {
                    let key = lines_of(&pair[0]).join(" ");
                    hang(&format!("{:>width$}# {key} => ", index + 1), lines_of(&pair[1]))
                })
                .collect()
        }
        // INFO and the like have lines of their own, and redis-cli prints them as they are.
        Reply::Verbatim(text) => {
            let text = String::from_utf8_lossy(text.get(4..).unwrap_or(text)).into_owned();
            text.lines().map(str::to_owned).collect()
        }
        Reply::Bulk(text) if is_a_page(text) => {
            String::from_utf8_lossy(text).lines().map(str::to_owned).collect()
        }
        // redis-cli does not tell the two nulls apart; the bytes do.
        Reply::NilArray | Reply::Null => vec!["(nil)".into()],
        other => vec![other.notation()],
    }
}

/// Several lines of plain text, as INFO answers them.
fn is_a_page(text: &[u8]) -> bool {
    let lines = text.split(|&byte| byte == b'\n').count();
    lines > 3
        && text.iter().all(|&byte| byte == b'\r' || byte == b'\n' || (32..127).contains(&byte))
}

/// The first line behind `label`, the others below it.
fn hang(label: &str, lines: Vec<String>) -> Vec<String> {
    let blanks = " ".repeat(label.chars().count());
    let with = |(index, line): (usize, String)| {
        format!("{}{line}", if index == 0 { label } else { &blanks })
    };
    lines.into_iter().enumerate().map(with).collect()
}

/// One line of two columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What to print.
    pub text: String,
    /// Whether the two columns differ.
    pub differs: bool,
}

/// Two answers beside each other in `width` columns; below each other if they are too wide.
pub fn beside(left: &[String], right: &[String], width: usize) -> Vec<Row> {
    let column = width.saturating_sub(MIDDLE) / 2;
    let fits = left.iter().chain(right).all(|line| line.chars().count() <= column);
    let rows = (0..left.len().max(right.len())).map(|index| (left.get(index), right.get(index)));
    let text_of = |line: Option<&String>| line.cloned().unwrap_or_default();
    if fits {
        return rows
            .map(|(left, right)| {
                let differs = left != right;
                let mark = if differs { "≠" } else { " " };
                let text = format!("{:<column$}  {mark}  {}", text_of(left), text_of(right));
                Row { text: text.trim_end().to_owned(), differs }
            })
            .collect();
    }
    if left == right {
        let both = left.iter().map(|line| Row { text: format!("  {line}"), differs: false });
        return std::iter::once(Row { text: "both:".into(), differs: false }).chain(both).collect();
    }
    let differing: Vec<bool> = rows.map(|(left, right)| left != right).collect();
    let one = |name: &str, lines: &[String]| {
        let head = Row { text: name.to_owned(), differs: false };
        let body = lines.iter().zip(&differing).map(|(line, &differs)| {
            let mark = if differs { "≠" } else { " " };
            Row { text: format!("{mark} {line}"), differs }
        });
        std::iter::once(head).chain(body).collect::<Vec<Row>>()
    };
    [one("yours:", left), one("theirs:", right)].concat()
}

/// A sentence on what differs, if the lines alone do not say it.
pub fn difference(yours: &Answer, theirs: &Answer) -> Option<String> {
    if yours == theirs {
        return None;
    }
    if yours.kind() != theirs.kind() {
        return Some(format!("yours is {}, theirs is {}", yours.kind(), theirs.kind()));
    }
    let (Answer::Reply(Reply::Array(left)), Answer::Reply(Reply::Array(right))) = (yours, theirs)
    else {
        return None;
    };
    if left.len() != right.len() {
        return Some(format!("yours has {} elements, theirs {}", left.len(), right.len()));
    }
    let mut sorted =
        [left.iter().map(Reply::wire).collect(), right.iter().map(Reply::wire).collect()];
    sorted.iter_mut().for_each(|side: &mut Vec<Vec<u8>>| side.sort());
    (sorted[0] == sorted[1]).then(|| "the same elements in another order".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(bytes: &str) -> Reply {
        wire::read(bytes.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn replies_look_as_in_redis_cli() {
        let nested = "*3\r\n:1\r\n*2\r\n+a\r\n$1\r\nb\r\n*0\r\n";
        let shown = ["1) (integer) 1", "2) 1) a", "   2) \"b\"", "3) (empty array)"];
        assert_eq!(lines_of(&reply(nested)), shown);
        assert_eq!(
            lines_of(&reply("%1\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n")),
            ["1# \"a\" => 1) (integer) 1", "          2) (integer) 2"]
        );
        let ten = format!("*10\r\n{}", ":0\r\n".repeat(10));
        assert_eq!(lines_of(&reply(&ten))[0], " 1) (integer) 0");
        assert_eq!(lines_of(&reply("$15\r\n# A\r\nb:1\r\nc:2\r\n\r\n")).len(), 3);
    }

    #[test]
    fn lines_that_differ_are_marked_in_both_arrangements() {
        let (left, right) = (["OK".into(), "x".to_owned()], ["OK".to_owned()]);
        let rows = beside(&left, &right, 40);
        assert_eq!(rows[0], Row { text: format!("OK{}OK", " ".repeat(20)), differs: false });
        assert!(rows[1].differs && rows[1].text.ends_with('≠'));
        let rows = beside(&left, &["a longer line than fits".into()], 40);
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(texts, ["yours:", "≠ OK", "≠ x", "theirs:", "≠ a longer line than fits"]);
        let long = ["a longer line than fits".to_owned()];
        assert_eq!(beside(&long, &long, 40)[0].text, "both:");
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        let answer = |bytes: &str| Answer::Reply(reply(bytes));
        let said = |yours: &str, theirs: &str| difference(&answer(yours), &answer(theirs));
        assert_eq!(said("+OK\r\n", "+OK\r\n"), None);
        assert_eq!(
            said("$-1\r\n", "*-1\r\n").unwrap(),
            "yours is a null bulk string ($-1), theirs is a null array (*-1)"
        );
        let (ab, ba) = ("*2\r\n+a\r\n+b\r\n", "*2\r\n+b\r\n+a\r\n");
        assert_eq!(said(ab, ba).unwrap(), "the same elements in another order");
        assert_eq!(said(ab, "*0\r\n").unwrap(), "yours has 2 elements, theirs 0");
        assert_eq!(said("$1\r\na\r\n", "$1\r\nb\r\n"), None);
    }
}
