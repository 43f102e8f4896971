//! Reads a file of the log, call by call.
//!
//! ```text
//! *2\r\n $3\r\nDEL\r\n $1\r\nk\r\n     a call          #TS:1700000000\r\n     a note
//! ```
//! A length that the rest of the file cannot hold is an end that is missing (`Truncated`), and
//! nothing is allocated for it; bytes that no call has are damage (`Malformed`). Which of the two
//! it is decides whether the file may be cut there.

use crate::protocol::OwnedWords;
use bytes::Bytes;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// What is read at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// A longer word gets an allocation of its own and is read straight into it.
const BIG_BYTES: usize = 32 * 1024;
/// A longer line is none: a mark, a number, an end; or a note.
const LONGEST_LINE: usize = 1024;
/// The least a word takes: `$0\r\n\r\n`.
const LEAST_WORD_BYTES: u64 = 6;

/// Why there is no further call.
#[derive(Debug)]
pub enum ReadError {
    /// The operating system's.
    Io(io::Error),
    /// The file ends inside a call.
    Truncated,
    /// These bytes are no call; what was expected.
    Malformed(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError::Io(error)
    }
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A call; its words are in place.
    Call,
    /// The file ends here.
    End,
}

/// A file of the log, being read.
pub struct Reader {
    file: File,
    length: u64,
    buffer: Box<[u8]>,
    /// What was read and not yet used.
    start: usize,
    end: usize,
    /// Where `start` is in the file.
    offset: u64,
    /// The time that the last note tells, in seconds since 1970.
    pub noted_s: Option<u64>,
}

impl Reader {
    /// Opens a file, to be read from `offset` on.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(place: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(place)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(offset))?;
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Ok(Reader { file, length, buffer, start: 0, end: 0, offset, noted_s: None })
    }

    /// Where the next item begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The length of the file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether the file begins, at this place, with these bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn begins_with(&mut self, bytes: &[u8]) -> io::Result<bool> {
        while self.end - self.start < bytes.len() && self.fill()? {}
        Ok(self.buffer[self.start..self.end].starts_with(bytes))
    }

    /// Reads the next call into `words`.
    ///
    /// # Errors
    /// The place is lost then: where the call began is what `offset` told before.
    pub fn next(&mut self, words: &mut OwnedWords) -> Result<Item, ReadError> {
        words.clear();
        loop {
            if self.start == self.end && !self.fill()? {
                return Ok(Item::End);
            }
            if self.buffer[self.start] != b'#' {
                break;
            }
            let line = self.line()?;
            let seconds = line.strip_prefix(b"#TS:").and_then(number);
            self.noted_s = seconds.or(self.noted_s);
        }
        let count = self.header(b'*', "a call begins with '*'")?;
        if count == 0 {
            return Err(ReadError::Malformed("a call has at least one word"));
        }
        if count > self.left() / LEAST_WORD_BYTES {
            return Err(ReadError::Truncated);
        }
        for _ in 0..count {
            self.word(words)?;
        }
        Ok(Item::Call)
    }

    /// Bytes of the file that are not used yet.
    fn left(&self) -> u64 {
        self.length.saturating_sub(self.offset)
    }

    /// Reads more; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let read = self.file.read(&mut self.buffer[self.end..])?;
        self.end += read;
        Ok(read > 0)
    }

    fn use_up(&mut self, bytes: usize) {
        self.start += bytes;
        self.offset += bytes as u64;
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<&[u8], ReadError> {
        let length = loop {
            let here = &self.buffer[self.start..self.end];
            if let Some(length) = memchr::memchr(b'\n', &here[..here.len().min(LONGEST_LINE)]) {
                break length;
            }
            if here.len() >= LONGEST_LINE {
                return Err(ReadError::Malformed("a line ends"));
            }
            if !self.fill()? {
                return Err(ReadError::Truncated);
            }
        };
        let from = self.start;
        self.use_up(length + 1);
        match self.buffer[from..from + length].strip_suffix(b"\r") {
            Some(line) => Ok(line),
            None => Err(ReadError::Malformed("a line ends with CR LF")),
        }
    }

    fn header(&mut self, mark: u8, expected: &'static str) -> Result<u64, ReadError> {
        if self.start == self.end && !self.fill()? {
            return Err(ReadError::Truncated);
        }
        if self.buffer[self.start] != mark {
            return Err(ReadError::Malformed(expected));
        }
        number(&self.line()?[1..]).ok_or(ReadError::Malformed("a length is a number"))
    }

    fn word(&mut self, words: &mut OwnedWords) -> Result<(), ReadError> {
        let length = self.header(b'$', "a word begins with '$'")?;
        if length.saturating_add(2) > self.left() {
            return Err(ReadError::Truncated);
        }
        let length = length as usize;
        if length >= BIG_BYTES {
            let big = self.big(length)?;
            words.push_shared(Bytes::from(big));
        } else {
            while self.end - self.start < length {
                if !self.fill()? {
                    return Err(ReadError::Truncated);
                }
            }
            words.push(&self.buffer[self.start..self.start + length]);
            self.use_up(length);
        }
        while self.end - self.start < 2 {
            if !self.fill()? {
                return Err(ReadError::Truncated);
            }
        }
        if &self.buffer[self.start..self.start + 2] != b"\r\n" {
            return Err(ReadError::Malformed("a word ends with CR LF"));
        }
        self.use_up(2);
        Ok(())
    }

    /// A long word, which the file is long enough for.
    fn big(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let here = (self.end - self.start).min(length);
        let mut word = Vec::with_capacity(length);
        word.extend_from_slice(&self.buffer[self.start..self.start + here]);
        self.use_up(here);
        word.resize(length, 0);
        self.file.read_exact(&mut word[here..])?;
        self.offset += (length - here) as u64;
        Ok(word)
    }
}

/// A number as the log has it: digits alone.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    digits.iter().try_fold(0, |sum: u64, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persistence::aof::encode;

    fn read(bytes: &[u8]) -> (Vec<Vec<Vec<u8>>>, u64, Result<(), ReadError>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let mut reader = Reader::open(file.path(), 0).unwrap();
        let mut words = OwnedWords::default();
        let mut calls = Vec::new();
        loop {
            let offset = reader.offset();
            match reader.next(&mut words) {
                Ok(Item::End) => return (calls, offset, Ok(())),
                Ok(Item::Call) => calls.push(words.view().iter().map(<[u8]>::to_vec).collect()),
                Err(error) => return (calls, offset, Err(error)),
            }
        }
    }

    fn sample() -> (Vec<u8>, Vec<u64>) {
        let mut bytes = Vec::new();
        let mut ends = vec![0];
        let big = vec![b'x'; 3 * BUFFER_BYTES];
        let calls: [&[&[u8]]; 4] =
            [&[b"SET", b"k", b"a\r\n*1"], &[b"SET", b"", b""], &[b"SET", b"k", &big], &[b"X"]];
        for words in calls {
            encode::call(&mut bytes, words);
            ends.push(bytes.len() as u64);
        }
        (bytes, ends)
    }

    #[test]
    fn what_was_encoded_is_read_back() {
        let (bytes, _) = sample();
        let (calls, offset, outcome) = read(&bytes);
        assert!(outcome.is_ok() && offset == bytes.len() as u64);
        assert_eq!(calls[0][2], b"a\r\n*1");
        assert_eq!((calls.len(), calls[2][2].len()), (4, 3 * BUFFER_BYTES));
    }

    #[test]
    fn a_cut_anywhere_is_told_from_damage() {
        let (bytes, ends) = sample();
        let near = |cut: &usize| ends.iter().any(|end| (*end as usize).abs_diff(*cut) < 40);
        for cut in (0..bytes.len()).filter(near) {
            let (calls, offset, outcome) = read(&bytes[..cut]);
            assert!(ends.contains(&offset));
            match outcome {
                Ok(()) => assert_eq!(ends[calls.len()], cut as u64),
                Err(error) => assert!(matches!(error, ReadError::Truncated), "{cut}: {error:?}"),
            }
        }
    }

    #[test]
    fn damage_is_named() {
        for (bytes, expected) in [
            ("SET k v\r\n", "a call begins with '*'"),
            ("*1\n$1\r\nX\r\n", "a line ends with CR LF"),
            ("*x\r\n", "a length is a number"),
            ("*0\r\n", "a call has at least one word"),
            ("*1\r\n:1\r\nx\r\n", "a word begins with '$'"),
            ("*1\r\n$1\r\nXYZ", "a word ends with CR LF"),
        ] {
            let (_, _, outcome) = read(bytes.as_bytes());
            assert!(
                matches!(&outcome, Err(ReadError::Malformed(what)) if *what == expected),
                "{bytes}: {outcome:?}"
            );
        }
    }

    #[test]
    fn a_length_beyond_the_file_allocates_nothing() {
        for bytes in ["*1\r\n$99999999999999\r\nx", "*999999999999\r\n$1\r\n"] {
            assert!(matches!(read(bytes.as_bytes()).2, Err(ReadError::Truncated)), "{bytes}");
        }
    }

    #[test]
    fn notes_are_read_past() {
        let (calls, _, outcome) = read(b"#TS:17\r\n*1\r\n$4\r\nPING\r\n# x\r\n");
        assert!(outcome.is_ok());
        assert_eq!(calls, [[b"PING"]]);
    }
}
