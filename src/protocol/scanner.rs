//! Scans bytes for commands. Works on what has come so far and remembers nothing.
//!
//! The usual headers, `$3\r\n` and `$16\r\n`, are recognised by one load and one comparison each;
//! longer lengths, other line ends, errors and the last bytes of a read take the long way, which
//! finds the line's end first.
//! Source: https://redis.io/docs/latest/develop/reference/protocol-spec/; odd cases are as a real
//! server answers: a CR ends a line whatever byte follows it, and so do any two bytes behind a
//! word.

use super::error::ProtocolError;
use super::inline;
use super::words::{BIG_BYTES, Batch, Word};
use crate::types::number::parse_integer;

/// What a client may send before it has logged in; Redis's figures.
const UNAUTHENTICATED_WORDS: usize = 10;
const UNAUTHENTICATED_WORD_BYTES: usize = 16 * 1024;
/// A cut-off command with fewer words than this is read again from its beginning.
const KEPT_PARTIAL_WORDS: usize = 32;

/// How much a request may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest argument (`proto-max-bulk-len`, at least 1 MB).
    pub max_bulk_bytes: usize,
    /// The longest inline request and the longest line that announces a length.
    pub max_inline_bytes: usize,
    /// The most words of one command.
    pub max_words: usize,
    /// Before a login: 10 words of 16 KB, and one command at a time, since the next may be allowed
    /// more.
    pub authenticated: bool,
    /// The most commands of one batch.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bulk_bytes: 512 * 1024 * 1024,
            max_inline_bytes: 64 * 1024,
            max_words: i32::MAX as usize,
            authenticated: true,
            batch: 1024,
        }
    }
}

/// Reads commands out of bytes.
pub(super) struct Scanner<'a> {
    pub(super) bytes: &'a [u8],
    /// Where the next command or word begins.
    pub(super) position: usize,
    pub(super) limits: &'a Limits,
}

/// What `next_command` found.
pub(super) enum Step {
    /// A command (or something to skip); it counts as parsed.
    Command,
    /// The rest is not a whole command; it will be read again.
    Incomplete,
    /// The rest is not a whole command, and reading it again would be a waste.
    Suspend { missing_words: usize, big: Option<usize> },
}

/// Where the words of a command stopped.
pub(super) enum End {
    Complete,
    Incomplete,
    /// At the header of an argument of this many bytes that has not come whole.
    Big(usize),
}

impl Scanner<'_> {
    #[inline(always)]
    pub(super) fn next_command(&mut self, batch: &mut Batch) -> Result<Step, ProtocolError> {
        let Some((count, next)) = short_header(self.bytes, self.position, b'*') else {
            return self.unusual_command(batch);
        };
        let allowed = if self.limits.authenticated { usize::MAX } else { UNAUTHENTICATED_WORDS };
        if count > allowed {
            return Err(ProtocolError::UnauthenticatedMultibulkLength);
        }
        self.position = next;
        self.command(count, batch)
    }

    /// The words of a command of `count`, 0 to skip.
    #[inline(always)]
    fn command(&mut self, count: usize, batch: &mut Batch) -> Result<Step, ProtocolError> {
        let first = batch.words.len();
        let mut missing_words = count;
        let end = match self.words(&mut missing_words, &mut batch.words) {
            Ok(end) => end,
            Err(error) => {
                batch.words.truncate(first);
                return Err(error);
            }
        };
        let big = match end {
            End::Complete => {
                if count > 0 {
                    batch.close_command(first);
                }
                batch.parsed_bytes = self.position;
                return Ok(Step::Command);
            }
            End::Incomplete if count - missing_words < KEPT_PARTIAL_WORDS => {
                batch.words.truncate(first);
                return Ok(Step::Incomplete);
            }
            End::Incomplete => None,
            End::Big(length) => Some(length),
        };
        Ok(Step::Suspend { missing_words, big })
    }

    /// Appends words until none is missing or the bytes end; stays at the header of the first that
    /// is not whole.
    #[inline(always)]
    pub(super) fn words(
        &mut self,
        missing: &mut usize,
        words: &mut Vec<Word>,
    ) -> Result<End, ProtocolError> {
        while *missing > 0 {
            let header = match short_header(self.bytes, self.position, b'$') {
                None => self.bulk_header()?,
                usual => usual,
            };
            let Some((length, start)) = header else {
                return Ok(End::Incomplete);
            };
            let next = start + length + 2;
            if next > self.bytes.len() {
                let big = length >= BIG_BYTES;
                return Ok(if big { End::Big(length) } else { End::Incomplete });
            }
            words.push(Word::new(start, length));
            // The two bytes behind a word are taken for CR LF unseen, as Redis does.
            self.position = next;
            *missing -= 1;
        }
        Ok(End::Complete)
    }

    /// A command whose first line is not `*` with one or two digits, or that has hardly begun.
    #[cold]
    fn unusual_command(&mut self, batch: &mut Batch) -> Result<Step, ProtocolError> {
        match self.bytes.get(self.position) {
            None => return Ok(Step::Incomplete),
            Some(b'*') => {}
            Some(_) => return self.inline_command(batch),
        }
        let line = self.line(ProtocolError::TooBigMultibulkCount)?;
        let Some((text, next)) = line else {
            return Ok(Step::Incomplete);
        };
        let most = self.limits.max_words as i64;
        let count = match parse_integer(&text[1..]) {
            Some(count) if count <= most => usize::try_from(count).unwrap_or(0),
            _ => return Err(ProtocolError::InvalidMultibulkLength),
        };
        if count > UNAUTHENTICATED_WORDS && !self.limits.authenticated {
            return Err(ProtocolError::UnauthenticatedMultibulkLength);
        }
        self.position = next;
        self.command(count, batch)
    }

    fn inline_command(&mut self, batch: &mut Batch) -> Result<Step, ProtocolError> {
        let rest = &self.bytes[self.position..];
        let Some(line_feed) = memchr::memchr(b'\n', rest) else {
            let too_big = rest.len() > self.limits.max_inline_bytes;
            return if too_big { Err(ProtocolError::TooBigInline) } else { Ok(Step::Incomplete) };
        };
        let line = rest[..line_feed].strip_suffix(b"\r").unwrap_or(&rest[..line_feed]);
        let (first, first_apart) = (batch.words.len(), batch.apart.len());
        let end = self.position + line.len();
        if let Err(error) = inline::split(self.bytes, self.position, end, batch) {
            batch.words.truncate(first);
            batch.apart.truncate(first_apart);
            return Err(error);
        }
        if batch.words.len() > first {
            batch.close_command(first);
        }
        self.position += line_feed + 1;
        batch.parsed_bytes = self.position;
        Ok(Step::Command)
    }

    /// The length of the next word and where it starts; none while the line has not come whole.
    #[cold]
    fn bulk_header(&mut self) -> Result<Option<(usize, usize)>, ProtocolError> {
        let Some((text, next)) = self.line(ProtocolError::TooBigBulkCount)? else {
            return Ok(None);
        };
        if self.bytes[self.position] != b'$' {
            return Err(ProtocolError::ExpectedDollar(self.bytes[self.position]));
        }
        let length = parse_integer(&text[1..]).and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|&length| length <= self.limits.max_bulk_bytes) else {
            return Err(ProtocolError::InvalidBulkLength);
        };
        if length > UNAUTHENTICATED_WORD_BYTES && !self.limits.authenticated {
            return Err(ProtocolError::UnauthenticatedBulkLength);
        }
        Ok(Some((length, next)))
    }

    /// The line at the position without its end, and where the next begins. A CR ends it, whatever
    /// byte follows.
    fn line(&self, too_big: ProtocolError) -> Result<Option<(&[u8], usize)>, ProtocolError> {
        let rest = &self.bytes[self.position..];
        match memchr::memchr(b'\r', rest) {
            None if rest.len() > self.limits.max_inline_bytes => Err(too_big),
            Some(end) if end + 1 < rest.len() => Ok(Some((&rest[..end], self.position + end + 2))),
            _ => Ok(None),
        }
    }
}

/// The number in `*n\r\n` or `$n\r\n` and where the next line begins, when n is 0 to 99 and 8 bytes
/// are there.
///
/// One load and a comparison for each of the two forms, against a loop over digits: almost every
/// header has one.
#[inline(always)]
fn short_header(bytes: &[u8], position: usize, mark: u8) -> Option<(usize, usize)> {
    let eight = bytes.get(position..)?.first_chunk::<8>()?;
    let eight = u64::from_le_bytes(*eight);
    let high = ((eight >> 8) as u8).wrapping_sub(b'0');
    let low = ((eight >> 16) as u8).wrapping_sub(b'0');
    if eight & 0xffff_00ff == 0x0a0d_0000 | u64::from(mark) && high <= 9 {
        return Some((usize::from(high), position + 4));
    }
    let two_digits = eight & 0x00ff_ff00_00ff == 0x000a_0d00_0000 | u64::from(mark);
    if two_digits && high.wrapping_sub(1) <= 8 && low <= 9 {
        return Some((usize::from(high) * 10 + usize::from(low), position + 5));
    }
    None
}
