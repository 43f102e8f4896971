//! Lines and words of redis.conf: how a line falls into words, and how a word is quoted to be read
//! back unchanged.
//!
//! Words are separated by blanks. `"…"` knows the escapes `\n \r \t \b \a \xHH`, and a backslash
//! before any other byte gives that byte; `'…'` knows only `\'`. A closing quote must end its word.
//! Bytes need not be text.
//! Source: https://redis.io/docs/latest/operate/oss_and_stack/management/config/ ("Passing
//! arguments").

/// The words of `line`; `None` when a quote is left open or is followed by more of the same word.
pub fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = line;
    let mut words = Vec::new();
    loop {
        let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
        rest = &rest[blanks..];
        if rest.is_empty() {
            return Some(words);
        }
        let (word, after) = split_word(rest)?;
        words.push(word);
        rest = after;
    }
}

/// The first word of `rest` (which begins with it) and what follows.
fn split_word(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    loop {
        match rest {
            [] => return Some((word, rest)),
            [blank, ..] if is_blank(*blank) => return Some((word, rest)),
            [b'"', inside @ ..] => return double_quoted(inside, word),
            [b'\'', inside @ ..] => return single_quoted(inside, word),
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

fn double_quoted(mut rest: &[u8], mut word: Vec<u8>) -> Option<(Vec<u8>, &[u8])> {
    loop {
        match rest {
            [] => return None,
            [b'"', after @ ..] => return word_ends(after).then_some((word, after)),
            [b'\\', b'x', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                word.push(hex_value(*high) << 4 | hex_value(*low));
                rest = after;
            }
            [b'\\', escaped, after @ ..] => {
                word.push(unescape(*escaped));
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

fn single_quoted(mut rest: &[u8], mut word: Vec<u8>) -> Option<(Vec<u8>, &[u8])> {
    loop {
        match rest {
            [] => return None,
            [b'\'', after @ ..] => return word_ends(after).then_some((word, after)),
            [b'\\', b'\'', after @ ..] => {
                word.push(b'\'');
                rest = after;
            }
            [byte, after @ ..] => {
                word.push(*byte);
                rest = after;
            }
        }
    }
}

fn word_ends(after: &[u8]) -> bool {
    after.first().is_none_or(|byte| is_blank(*byte))
}

fn is_blank(byte: u8) -> bool {
    // isspace(3) of the C locale: what separates words for Redis.
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}

/// `word` in double quotes, so that [`split`] reads it back byte for byte.
pub fn quote(word: &[u8]) -> String {
    let mut quoted = String::with_capacity(word.len() + 2);
    quoted.push('"');
    for &byte in word {
        match byte {
            b'\\' | b'"' => quoted.extend(['\\', char::from(byte)]),
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            0x07 => quoted.push_str("\\a"),
            0x08 => quoted.push_str("\\b"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let texts = |words: Vec<Vec<u8>>| {
            words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect()
        };
        split(line.as_bytes()).map(texts)
    }

    #[test]
    fn words_are_separated_by_runs_of_blanks() {
        assert_eq!(words(" save  900\t1 ").unwrap(), ["save", "900", "1"]);
        assert_eq!(words("   ").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn double_quotes_know_escapes() {
        assert_eq!(words(r#"a "b \"c\"" "\x41\n\t\q""#).unwrap(), ["a", "b \"c\"", "A\n\tq"]);
    }

    #[test]
    fn single_quotes_know_only_their_own() {
        assert_eq!(words(r"'a\n' 'it\'s' ''").unwrap(), [r"a\n", "it's", ""]);
    }

    #[test]
    fn an_open_quote_or_a_quote_inside_a_word_is_refused() {
        for line in [r#"a "b"#, r#"a "b"c"#, "'", "'a'b", "\"a\\"] {
            assert_eq!(words(line), None, "{line}");
        }
    }

    #[test]
    fn a_quote_may_open_after_the_beginning_of_a_word() {
        assert_eq!(words(r#"ab"c d""#).unwrap(), ["abc d"]);
    }

    #[test]
    fn every_byte_survives_quoting() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(split(quote(&all).as_bytes()).unwrap(), [all]);
    }
}
