//! Words and quoted texts. A text is bytes with names in between: `{k1}:x` is a random key and
//! `:x`. Names are resolved when the case is played. Braces around anything that is not a name are
//! just braces, because `{user}:1` is a key with a hash tag; single quotes switch names off
//! altogether.
//! Quoting is redis-cli's: https://redis.io/docs/latest/develop/tools/cli/ ("String quoting")

use crate::files;
use crate::values::Values;
use std::collections::BTreeSet;

/// The longest text `{xyz*1000}` may make: a slip of the pen must not eat the machine.
const LONGEST_BYTES: usize = 64 << 20;

/// Bytes with names to be filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Name(String),
    Sum(String, Vec<(u8, Operand)>),
    /// The number that the piece makes, as so many bytes, lowest first.
    Binary(usize, Box<Piece>),
    /// The checksum, as RDB has it, of all that stands before it in the text.
    Checksum,
}

/// What stands behind an operator: `{i+1}`, `{paid+due}`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    Number(i64),
    Name(String),
}

impl Operand {
    fn number(&self, values: &Values) -> Result<i64, String> {
        match self {
            Operand::Number(number) => Ok(*number),
            Operand::Name(name) => values.number(name),
        }
    }
}

impl Piece {
    fn number(&self, values: &Values) -> Result<i64, String> {
        match self {
            Piece::Name(name) => values.number(name),
            Piece::Sum(name, steps) => {
                let mut number = values.number(name)?;
                for (operator, operand) in steps {
                    number = calculate(number, *operator, operand.number(values)?);
                }
                Ok(number)
            }
            _ => Err("this is not a number".into()),
        }
    }
}

impl Text {
    /// A text without names.
    pub fn plain(bytes: &[u8]) -> Self {
        Text { pieces: vec![Piece::Bytes(bytes.to_vec())] }
    }

    /// The bytes, or the name that has no value yet.
    pub fn fill(&self, values: &Values) -> Result<Vec<u8>, String> {
        let mut filled = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => filled.extend_from_slice(bytes),
                Piece::Name(name) => filled.extend_from_slice(&values.value(name)?),
                Piece::Sum(..) => filled.extend(piece.number(values)?.to_string().into_bytes()),
                Piece::Binary(width, inner) => {
                    filled.extend_from_slice(&inner.number(values)?.to_le_bytes()[..*width]);
                }
                Piece::Checksum => filled.extend(files::checksum(&filled).to_le_bytes()),
            }
        }
        Ok(filled)
    }

    /// Goes on with another text.
    pub fn append(&mut self, mut other: Text) {
        self.pieces.append(&mut other.pieces);
    }

    /// As `fill`, for showing: a name without a value stays as it is written.
    pub fn show(&self, values: &Values) -> Vec<u8> {
        self.fill(values).unwrap_or_else(|_| b"{?}".to_vec())
    }

    fn push(&mut self, byte: u8) {
        match self.pieces.last_mut() {
            Some(Piece::Bytes(bytes)) => bytes.push(byte),
            _ => self.pieces.push(Piece::Bytes(vec![byte])),
        }
    }

    /// Takes blanks off the end, as bare texts do not mean them.
    fn trim_end(&mut self) {
        if let Some(Piece::Bytes(bytes)) = self.pieces.last_mut() {
            let length = bytes.trim_ascii_end().len();
            bytes.truncate(length);
        }
    }

    /// Whether it begins with a `*`.
    pub(super) fn begins_with_star(&self) -> bool {
        matches!(self.pieces.first(), Some(Piece::Bytes(bytes)) if bytes.first() == Some(&b'*'))
    }

    /// Takes a `*` off the end and says whether there was one.
    pub(super) fn take_star(&mut self) -> bool {
        let Some(Piece::Bytes(bytes)) = self.pieces.last_mut() else {
            return false;
        };
        let star = bytes.last() == Some(&b'*');
        if star {
            bytes.pop();
        }
        star
    }
}

const OPERATORS: &[u8] = b"+-*%";

fn calculate(number: i64, operator: u8, operand: i64) -> i64 {
    match operator {
        b'+' => number.wrapping_add(operand),
        b'-' => number.wrapping_sub(operand),
        b'%' => number.checked_rem_euclid(operand).unwrap_or(0),
        _ => number.wrapping_mul(operand),
    }
}

/// The names a text may use at this place of a case.
#[derive(Debug, Clone, Default)]
pub struct Names {
    captured: BTreeSet<String>,
}

impl Names {
    /// A reply's value will be remembered under this name.
    pub fn capture(&mut self, name: &str) {
        self.captured.insert(name.to_owned());
    }

    fn knows(&self, name: &str) -> bool {
        let numbered = |letter| {
            name.strip_prefix(letter).is_some_and(|digits: &str| {
                !digits.is_empty() && digits.len() < 3 && digits.bytes().all(|b| b.is_ascii_digit())
            })
        };
        matches!(name, "i" | "c" | "calls" | "port" | "dir" | "seconds" | "milliseconds")
            || ['k', 'v', 'n'].into_iter().any(numbered)
            || self.captured.contains(name)
    }
}

/// Why a text could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The line ends within quotes or brackets: the next one may go on.
    Unfinished(String),
    /// It cannot be right.
    Wrong(String),
}

impl Stop {
    pub(super) fn text(self) -> String {
        match self {
            Stop::Unfinished(text) | Stop::Wrong(text) => text,
        }
    }
}

/// A place in a line.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    pub(super) names: &'a mut Names,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, names: &'a mut Names) -> Self {
        Reader { text: text.as_bytes(), at: 0, names }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    pub(super) fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte == b' ' || byte == b'\t') {
            self.at += 1;
        }
    }

    /// Steps over `word` if it comes next.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word.as_bytes());
        if there {
            self.at += word.len();
        }
        there
    }

    /// A quoted text; the opening quote comes next.
    pub(super) fn quoted(&mut self) -> Result<Text, Stop> {
        let quote = self.text[self.at];
        self.at += 1;
        let mut text = Text { pieces: vec![Piece::Bytes(Vec::new())] };
        loop {
            let Some(byte) = self.peek() else {
                return Err(Stop::Unfinished("a quote is not closed".into()));
            };
            if byte == quote {
                self.at += 1;
                return Ok(text);
            }
            if byte == b'{' && quote == b'"' && self.name_into(&mut text)? {
                continue;
            }
            if byte == b'\\' {
                let (unescaped, length) = unescape(self.rest(), quote);
                text.push(unescaped);
                self.at += length;
            } else {
                text.push(byte);
                self.at += 1;
            }
        }
    }

    /// A text without quotes, up to a place where `ends` says so.
    pub(super) fn bare(&mut self, ends: impl Fn(&[u8]) -> bool) -> Result<Text, Stop> {
        let mut text = Text::default();
        while let Some(byte) = self.peek() {
            if ends(self.rest()) {
                break;
            }
            if byte == b'{' && self.name_into(&mut text)? {
                continue;
            }
            text.push(byte);
            self.at += 1;
        }
        text.trim_end();
        Ok(text)
    }

    /// Reads `{name}`, `{name*2+1}` or `{xyz*1000}` into `text`; false if these braces are just
    /// braces.
    fn name_into(&mut self, text: &mut Text) -> Result<bool, Stop> {
        let inner = &self.rest()[1..];
        let Some(length) = inner.iter().position(|&byte| byte == b'}') else {
            return Ok(false);
        };
        let inner = &inner[..length];
        let piece = match std::str::from_utf8(inner) {
            Ok("crc64") => Piece::Checksum,
            Ok(name) if self.names.knows(name) => Piece::Name(name.to_owned()),
            _ => match self.binary(inner).or_else(|| self.sum(inner)) {
                Some(piece) => piece,
                None => match repetition(inner)? {
                    Some(piece) => piece,
                    None => return Ok(false),
                },
            },
        };
        text.pieces.push(piece);
        self.at += length + 2;
        Ok(true)
    }

    /// `le4:name+60`: a number as RDB files have it.
    fn binary(&self, inner: &[u8]) -> Option<Piece> {
        let text = std::str::from_utf8(inner).ok()?;
        let (width, name) = text.strip_prefix("le")?.split_once(':')?;
        let width = width.parse().ok().filter(|width| [1, 2, 4, 8].contains(width))?;
        let piece = match self.names.knows(name) {
            true => Piece::Name(name.to_owned()),
            false => self.sum(name.as_bytes())?,
        };
        Some(Piece::Binary(width, Box::new(piece)))
    }

    /// `name*2+1`: from left to right, as on a pocket calculator.
    fn sum(&self, inner: &[u8]) -> Option<Piece> {
        let text = std::str::from_utf8(inner).ok()?;
        let is_operator = |letter: char| letter.is_ascii() && OPERATORS.contains(&(letter as u8));
        let (name, mut rest) = text.split_at(text.find(is_operator)?);
        if !self.names.knows(name) {
            return None;
        }
        let mut steps = Vec::new();
        while let Some(&operator) = rest.as_bytes().first() {
            // A sign right behind an operator belongs to the number: `{i*-1}`.
            let next = rest.char_indices().skip(2).find(|&(_, letter)| is_operator(letter));
            let (word, behind) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
            let word = &word[1..];
            let operand = match word.parse() {
                Ok(number) => Operand::Number(number),
                Err(_) if self.names.knows(word) => Operand::Name(word.to_owned()),
                Err(_) => return None,
            };
            steps.push((operator, operand));
            rest = behind;
        }
        Some(Piece::Sum(name.to_owned(), steps))
    }
}

/// `xyz*1000`, with escapes.
fn repetition(inner: &[u8]) -> Result<Option<Piece>, Stop> {
    let Some(at) = inner.iter().rposition(|&byte| byte == b'*') else {
        return Ok(None);
    };
    let (unit, count) = (&inner[..at], std::str::from_utf8(&inner[at + 1..]));
    let Some(count) = count.ok().and_then(|text| text.parse::<u64>().ok()) else {
        return Ok(None);
    };
    if unit.is_empty() {
        return Ok(None);
    }
    let unit = unescape_all(unit);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if unit.len().saturating_mul(count) > LONGEST_BYTES {
        return Err(Stop::Wrong("a text of more than 64 MiB".into()));
    }
    Ok(Some(Piece::Bytes(unit.repeat(count))))
}

/// The byte that an escape stands for and the escape's length. Within single quotes only `\'` is
/// one.
fn unescape(text: &[u8], quote: u8) -> (u8, usize) {
    let Some(&kind) = text.get(1) else {
        return (b'\\', 1);
    };
    if quote == b'\'' {
        return if kind == b'\'' { (b'\'', 2) } else { (b'\\', 1) };
    }
    let hex = |at: usize| text.get(at).and_then(|&digit| (digit as char).to_digit(16));
    match kind {
        b'n' => (b'\n', 2),
        b'r' => (b'\r', 2),
        b't' => (b'\t', 2),
        b'b' => (0x08, 2),
        b'a' => (0x07, 2),
        b'x' => match (hex(2), hex(3)) {
            (Some(high), Some(low)) => ((high * 16 + low) as u8, 4),
            _ => (b'x', 2),
        },
        other => (other, 2),
    }
}

fn unescape_all(mut text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    while let Some(&byte) = text.first() {
        let (byte, length) = if byte == b'\\' { unescape(text, b'"') } else { (byte, 1) };
        plain.push(byte);
        text = &text[length..];
    }
    plain
}

/// The words of a command, as redis-cli splits them.
pub fn parse_words(line: &str, names: &mut Names) -> Result<Vec<Text>, String> {
    let mut reader = Reader::new(line, names);
    let mut words = Vec::new();
    loop {
        reader.skip_blanks();
        let Some(byte) = reader.peek() else {
            return Ok(words);
        };
        if byte != b'"' && byte != b'\'' {
            words
                .push(reader.bare(|rest| rest[0] == b' ' || rest[0] == b'\t').map_err(Stop::text)?);
            continue;
        }
        words.push(reader.quoted().map_err(Stop::text)?);
        if reader.peek().is_some_and(|next| next != b' ' && next != b'\t') {
            return Err("a closing quote must be followed by a space".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Vec<String>, String> {
        let mut values = Values::new(1, 0);
        values.set("i", b"7".to_vec());
        let words = parse_words(line, &mut Names::default())?;
        let fill =
            |word: &Text| word.fill(&values).map(|b| String::from_utf8_lossy(&b).into_owned());
        words.iter().map(fill).collect()
    }

    #[test]
    fn words_are_split_as_redis_cli_splits_them() {
        assert_eq!(
            words(r#"SET a "b c\r\n\x41" 'd "e\' f'"#).unwrap(),
            ["SET", "a", "b c\r\nA", "d \"e' f"]
        );
        assert_eq!(words(r#"ECHO """#).unwrap(), ["ECHO", ""]);
        assert!(words(r#"ECHO "a"#).is_err());
        assert!(words(r#"ECHO "a"b"#).is_err());
    }

    #[test]
    fn names_and_sums_are_filled_in_and_other_braces_stay() {
        assert_eq!(
            words(r#"{i} a{i+1}b "{i*2}" '{i}' {user}:1"#).unwrap(),
            ["7", "a8b", "14", "{i}", "{user}:1"]
        );
        assert_eq!(
            words("{i*2+1} {i-1*3} {i*-1+i} {i*100%9} {i+} {i+x} {j+1}").unwrap(),
            ["15", "18", "0", "7", "{i+}", "{i+x}", "{j+1}"]
        );
        assert_eq!(words("{k1}").unwrap()[0].len(), 10);
    }

    #[test]
    fn numbers_become_bytes_and_a_text_its_own_checksum() {
        let mut text = parse_words(r#""{le4:i}{le2:i*-1}""#, &mut Names::default()).unwrap();
        let mut values = Values::new(1, 0);
        values.set("i", b"258".to_vec());
        assert_eq!(text[0].fill(&values).unwrap(), b"\x02\x01\0\0\xfe\xfe");
        text[0].append(Text { pieces: vec![Piece::Checksum] });
        let filled = text[0].fill(&values).unwrap();
        assert_eq!(filled[6..], files::checksum(&filled[..6]).to_le_bytes());
        assert_eq!(words("{le3:i} {le4:j} {le4}").unwrap(), ["{le3:i}", "{le4:j}", "{le4}"]);
    }

    #[test]
    fn a_text_can_be_repeated() {
        assert_eq!(words(r#""{xy*3}" {\x00*2}"#).unwrap(), ["xyxyxy", "\0\0"]);
        assert!(words("{x*99999999999}").is_err());
    }
}
