//! Ids of entries: `<milliseconds>-<sequence>`, ordered by the one, then the other.

use crate::types::number::parse_integer;
use std::fmt;

/// The id of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id {
    /// When it was added, in milliseconds since 1970, unless the client chose it.
    pub ms: u64,
    /// Tells apart entries of one millisecond.
    pub seq: u64,
}

/// Two numbers of at most 20 digits, and the dash.
const MAX_ID_TEXT_BYTES: usize = 41;

/// Longer texts are no ids, whatever they spell.
const MAX_READ_BYTES: usize = 127;

impl Id {
    /// The smallest id. No entry has it: it stands for "before every entry".
    pub const MIN: Id = Id { ms: 0, seq: 0 };
    /// The greatest id.
    pub const MAX: Id = Id { ms: u64::MAX, seq: u64::MAX };

    /// The id that follows; none after the greatest.
    pub fn next(self) -> Option<Id> {
        match (self.ms, self.seq) {
            (u64::MAX, u64::MAX) => None,
            (ms, u64::MAX) => Some(Id { ms: ms + 1, seq: 0 }),
            (ms, seq) => Some(Id { ms, seq: seq + 1 }),
        }
    }

    /// The id before; none before the smallest.
    pub fn previous(self) -> Option<Id> {
        match (self.ms, self.seq) {
            (0, 0) => None,
            (ms, 0) => Some(Id { ms: ms - 1, seq: u64::MAX }),
            (ms, seq) => Some(Id { ms, seq: seq - 1 }),
        }
    }

    /// The id this text spells; where it is the milliseconds only, with `missing` as sequence.
    pub fn parse(text: &[u8], missing: u64) -> Option<Id> {
        let text = c_string(text)?;
        match text.iter().position(|byte| *byte == b'-') {
            None => Some(Id { ms: number(text)?, seq: missing }),
            Some(dash) => Some(Id { ms: number(&text[..dash])?, seq: number(&text[dash + 1..])? }),
        }
    }

    /// The milliseconds of a text like `5-*`, whose sequence the stream chooses.
    pub fn parse_milliseconds(text: &[u8]) -> Option<u64> {
        number(c_string(text)?.strip_suffix(b"-*")?)
    }

    /// Writes the id as clients read it.
    pub fn text(self, buffer: &mut IdText) -> &[u8] {
        let (mut ms, mut seq) = (itoa::Buffer::new(), itoa::Buffer::new());
        let (ms, seq) = (ms.format(self.ms).as_bytes(), seq.format(self.seq).as_bytes());
        let end = ms.len() + 1 + seq.len();
        buffer.0[..ms.len()].copy_from_slice(ms);
        buffer.0[ms.len()] = b'-';
        buffer.0[ms.len() + 1..end].copy_from_slice(seq);
        &buffer.0[..end]
    }
}

/// Room for the text of an id.
pub struct IdText([u8; MAX_ID_TEXT_BYTES]);

impl IdText {
    /// Room for one id.
    pub fn new() -> Self {
        IdText([0; MAX_ID_TEXT_BYTES])
    }
}

impl Default for IdText {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

/// The text as C sees it: up to its first zero byte; none where Redis has no room for it.
fn c_string(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    (text.len() <= MAX_READ_BYTES).then(|| &text[..end])
}

/// A number of 64 bits as C's `strtoull` reads it, which is how Redis does: blanks, a sign and
/// zeros may lead; a plain negative number, which Redis tells apart before that, is none.
fn number(text: &[u8]) -> Option<u64> {
    if parse_integer(text).is_some_and(i64::is_negative) {
        return None;
    }
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b);
    let text = &text[blanks.count()..];
    let (is_negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })?;
    Some(if is_negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_an_id_only_in_its_plain_form() {
        let id = |ms, seq| Some(Id { ms, seq });
        let cases: &[(&[u8], Option<Id>)] = &[
            (b"1-2", id(1, 2)),
            (b"7", id(7, 9)),
            (b"0-0", id(0, 0)),
            (b"18446744073709551615-18446744073709551615", Some(Id::MAX)),
            (b"18446744073709551616", None),
            (b"", None),
            (b"-", None),
            (b"1-", None),
            (b"-1", None),
            (b"1-2-3", None),
            (b"01-02", id(1, 2)),
            (b"+1- 2", id(1, 2)),
            (b"1--2", None),
            (b"1--02", id(1, u64::MAX - 1)),
            (b"5-1\0x", id(5, 1)),
            (b"1-*", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Id::parse(text, 9), *expected, "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(Id::parse_milliseconds(b"5-*"), Some(5));
        assert_eq!(Id::parse_milliseconds(b"5-1"), None);
    }

    #[test]
    fn neighbours_carry_over_the_sequence() {
        let id = Id { ms: 5, seq: u64::MAX };
        assert_eq!(id.next(), Some(Id { ms: 6, seq: 0 }));
        assert_eq!(Id { ms: 6, seq: 0 }.previous(), Some(id));
        assert_eq!((Id::MAX.next(), Id::MIN.previous()), (None, None));
    }

    #[test]
    fn the_longest_text_fits() {
        assert_eq!(Id::MAX.text(&mut IdText::new()), Id::MAX.to_string().as_bytes());
    }
}
