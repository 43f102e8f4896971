//! Inline requests: a line of words, as typed into telnet or nc.
//!
//! Words are parted by blanks. Quotes keep blanks inside a word. Within "double" ones `\n`, `\r`,
//! `\t`, `\b`, `\a`, `\xHH` and a backslash before any other byte are escapes, within 'single'
//! ones only `\'` is. A quote may begin inside a word; behind the closing one a blank or the line's
//! end must follow. Plain words stay where they are, quoted ones are decoded into memory of their
//! own.
//! Source: https://redis.io/docs/latest/develop/reference/protocol-spec/#inline-commands and the
//! answers of a real Redis 8 (Valkey 9 lets a word go on behind a closing quote).

use super::error::ProtocolError;
use super::words::{Batch, Word};
use bytes::Bytes;

/// Appends the words of the line that begins at `start` of `bytes` and ends at `end` (line feed
/// excluded).
pub(super) fn split(
    bytes: &[u8],
    start: usize,
    end: usize,
    batch: &mut Batch,
) -> Result<(), ProtocolError> {
    let line = &bytes[..end];
    let mut position = start;
    loop {
        while position < end && is_space(line[position]) {
            position += 1;
        }
        if position == end {
            return Ok(());
        }
        let length = plain_length(&line[position..]);
        let next = position + length;
        if next == end || !is_quote(line[next]) {
            batch.words.push(Word::new(position, length));
            position = next;
        } else {
            let (word, next) = quoted_word(line, position)?;
            batch.words.push(Word::apart(batch.apart.len()));
            batch.apart.push(Bytes::from(word));
            position = next;
        }
    }
}

/// The bytes before the first one that ends a plain word or opens a quote.
fn plain_length(rest: &[u8]) -> usize {
    let ends = |byte: &u8| is_quote(*byte) || is_separator(*byte);
    rest.iter().position(ends).unwrap_or(rest.len())
}

/// Decodes a word with quotes in it; gives back where the line goes on.
fn quoted_word(line: &[u8], mut position: usize) -> Result<(Vec<u8>, usize), ProtocolError> {
    let mut word = Vec::new();
    while let Some(&byte) = line.get(position) {
        position += 1;
        match byte {
            b'"' => position = double_quoted(line, position, &mut word)?,
            b'\'' => position = single_quoted(line, position, &mut word)?,
            byte if is_separator(byte) => break,
            byte => {
                word.push(byte);
                continue;
            }
        }
        return Ok((word, position));
    }
    Ok((word, position))
}

fn double_quoted(
    line: &[u8],
    mut position: usize,
    word: &mut Vec<u8>,
) -> Result<usize, ProtocolError> {
    loop {
        match line[position..] {
            [b'\\', b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                word.push(hex_value(high) << 4 | hex_value(low));
                position += 4;
            }
            [b'\\', escaped, ..] => {
                word.push(unescaped(escaped));
                position += 2;
            }
            [b'"', ..] => return after_quote(line, position + 1),
            [byte, ..] => {
                word.push(byte);
                position += 1;
            }
            [] => return Err(ProtocolError::UnbalancedQuotes),
        }
    }
}

fn single_quoted(
    line: &[u8],
    mut position: usize,
    word: &mut Vec<u8>,
) -> Result<usize, ProtocolError> {
    loop {
        match line[position..] {
            [b'\\', b'\'', ..] => {
                word.push(b'\'');
                position += 2;
            }
            [b'\'', ..] => return after_quote(line, position + 1),
            [byte, ..] => {
                word.push(byte);
                position += 1;
            }
            [] => return Err(ProtocolError::UnbalancedQuotes),
        }
    }
}

fn after_quote(line: &[u8], position: usize) -> Result<usize, ProtocolError> {
    match line.get(position) {
        Some(&byte) if !is_space(byte) => Err(ProtocolError::UnbalancedQuotes),
        _ => Ok(position),
    }
}

fn unescaped(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn is_quote(byte: u8) -> bool {
    byte == b'"' || byte == b'\''
}

/// What ends a plain word. Vertical tab and form feed do not, though they are skipped between
/// words: as in Redis.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x0b | 0x0c | 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a line with `|` between them; none when its quotes are unbalanced.
    fn split_line(line: &str) -> Option<String> {
        let mut batch = Batch::new();
        split(line.as_bytes(), 0, line.len(), &mut batch).ok()?;
        batch.close_command(0);
        let words = batch.view(line.as_bytes(), 0);
        let words: Vec<_> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
        Some(words.join("|"))
    }

    #[test]
    fn words_are_parted_by_any_number_of_blanks() {
        assert_eq!(split_line("set  a\t b \x0b\x0cc ").as_deref(), Some("set|a|b|c"));
        assert_eq!(split_line("   ").as_deref(), Some(""));
    }

    #[test]
    fn quotes_keep_blanks_and_empty_words() {
        assert_eq!(split_line(r#"set "a b" 'c d' "" ''"#).as_deref(), Some("set|a b|c d||"));
    }

    #[test]
    fn double_quotes_know_escapes() {
        let line = r#""\x41\x0f\n\r\t\b\a\\\"\q\xzz""#;
        assert_eq!(split_line(line).as_deref(), Some(r#"A\x0f\n\r\t\x08\x07\\\"qxzz"#));
    }

    #[test]
    fn single_quotes_know_one_escape() {
        assert_eq!(split_line(r"'a\'b\n'").as_deref(), Some(r"a\'b\\n"));
    }

    #[test]
    fn outside_quotes_a_backslash_is_a_byte() {
        assert_eq!(split_line(r"a\nb").as_deref(), Some(r"a\\nb"));
    }

    #[test]
    fn a_quote_may_begin_inside_a_word_but_not_end_there() {
        assert_eq!(split_line(r#"a"b c" d'e'"#).as_deref(), Some("ab c|de"));
        assert_eq!(split_line(r#""a"b"#), None);
        assert_eq!(split_line(r#"'a'"b""#), None);
    }

    #[test]
    fn quotes_must_close() {
        for line in [r#"""#, r#""a"#, r#""a\"#, r#""a\""#, "'", r"'a\'"] {
            assert_eq!(split_line(line), None, "{line}");
        }
    }
}
