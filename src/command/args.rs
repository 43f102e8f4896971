//! The words of one call, as a handler sees them: word 0 is the command's name.

use super::error::{self, Error};
use crate::protocol::Words;
use crate::types::number::{parse_float, parse_integer};
use bytes::Bytes;

/// The words of a call. Cheap to copy; the bytes stay in the connection's buffer.
#[derive(Clone, Copy)]
pub struct Args<'a> {
    words: Words<'a>,
    /// How many words name the command: 2 for `CONFIG GET`.
    name_words: usize,
}

impl<'a> Args<'a> {
    /// A view of `words`, whose first `name_words` name the command.
    pub fn new(words: Words<'a>, name_words: usize) -> Self {
        Args { words, name_words }
    }

    /// How many words there are, those of the name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// True for the empty call, which the parser never makes.
    pub fn is_empty(&self) -> bool {
        self.words.len() == 0
    }

    /// How many words stand after the command's name.
    pub fn after_name(&self) -> usize {
        self.len() - self.name_words.min(self.len())
    }

    /// The word at `at`.
    #[inline]
    pub fn get(&self, at: usize) -> &'a [u8] {
        self.words.get(at)
    }

    /// The word's own allocation, when it has one: storing it copies nothing.
    #[inline]
    pub fn shared(&self, at: usize) -> Option<&'a Bytes> {
        self.words.shared(at)
    }

    /// The words from `from` on as a call of their own: COMMAND GETKEYS.
    pub fn call_from(&self, from: usize) -> Words<'a> {
        self.words.skip(from)
    }

    /// The words from `from` on.
    pub fn iter(&self, from: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let words = self.words;
        (from..words.len()).map(move |at| words.get(at))
    }

    /// Whether the word at `at` is `name` (in upper case), in whatever case it came.
    #[inline]
    pub fn is(&self, at: usize, name: &str) -> bool {
        self.get(at).eq_ignore_ascii_case(name.as_bytes())
    }

    /// The word at `at` as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self, at: usize) -> String {
        String::from_utf8_lossy(self.get(at)).into_owned()
    }

    /// The word at `at` as a signed 64-bit integer; else "value is not an integer or out of range".
    pub fn integer(&self, at: usize) -> Result<i64, Error> {
        parse_integer(self.get(at)).ok_or(error::NOT_AN_INTEGER)
    }

    /// The word at `at` as an integer within `range`; else "value is out of range" as Redis words
    /// it.
    pub fn integer_in(
        &self,
        at: usize,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<i64, Error> {
        let value = self.integer(at)?;
        if range.contains(&value) {
            return Ok(value);
        }
        Err(if *range.start() == 0 && *range.end() == i64::MAX {
            error::MUST_BE_POSITIVE
        } else {
            Error::out_of_range(*range.start(), *range.end())
        })
    }

    /// The word at `at` as a finite or infinite float; else "value is not a valid float".
    pub fn float(&self, at: usize) -> Result<f64, Error> {
        parse_float(self.get(at)).ok_or(error::NOT_A_FLOAT)
    }
}
