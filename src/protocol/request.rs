//! Requests: bytes in, batches of commands out.
//!
//! ```text
//! space() ◄── socket      parse(&mut batch)      view(&batch, i) → handler      consume(&mut batch)
//! input:  [ command | command | comm…            the words of each lie in the input until `consume`
//! ```
//! - The usual `$3\r\n` and `$16\r\n` are recognised by one load and one comparison; anything else
//!   takes the long way.
//! - Nothing is allocated from an announced length: buffers grow with what has come.
//! - A command cut off by the end of the input is read again when more has come, unless it has many
//!   words already: those are kept (`Partial`), or a command of a million words sent in small
//!   pieces would cost a million squared.
//! - A big argument (32 KB and more) that has not come whole gets an allocation of its own, into
//!   which the socket then reads; it can be stored without a copy.
//!
//! Source: https://redis.io/docs/latest/develop/reference/protocol-spec/; texts and odd cases as a
//! real server answers.

use super::error::ProtocolError;
use super::inline;
use super::words::{BIG_BYTES, Batch, Word, Words};
use crate::types::number::parse_integer;
use bytes::{Bytes, BytesMut};

/// What a connection reads at first, in bytes; doubled up to `READ_MOST_BYTES` while reads fill it.
const READ_BYTES: usize = 16 * 1024;
const READ_MOST_BYTES: usize = 64 * 1024;
/// A larger buffer is given back as soon as what made it grow is consumed.
const KEPT_BYTES: usize = READ_MOST_BYTES;
/// A big argument's buffer grows by what it holds already, and at least by this.
const BIG_STEP_BYTES: usize = 1024 * 1024;
/// How much more room a big argument gets, in multiples of what has come of it. Room is not memory
/// until bytes come; growing in few and large steps keeps the copies small.
const BIG_GROWTH: usize = 15;
/// A cut-off command with fewer words than this is read again from its beginning.
const KEPT_PARTIAL_WORDS: usize = 32;
/// Words are addressed by 32 bits.
const INPUT_MOST_BYTES: usize = u32::MAX as usize - 1;
/// What a client may send before it has logged in; Redis's figures.
const UNAUTHENTICATED_WORDS: usize = 10;
const UNAUTHENTICATED_WORD_BYTES: usize = 16 * 1024;

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

/// The unparsed bytes of one connection, and a big argument under way.
#[derive(Default)]
pub struct Input {
    buffer: BytesMut,
    /// How much the next read should take.
    read_bytes: usize,
    /// A command that has begun, has not ended and is not to be read again. It begins at the
    /// buffer's start as soon as the batch before it is consumed.
    partial: Option<Box<Partial>>,
}

/// A command cut off by the end of the input. Positions count from the command's first byte.
struct Partial {
    words: Vec<Word>,
    apart: Vec<Bytes>,
    missing_words: usize,
    position: usize,
    big: Option<Big>,
}

/// A big argument under way, its CR LF included; what comes behind it is moved to the input's
/// buffer.
struct Big {
    data: BytesMut,
    length: usize,
}

impl Input {
    /// An input that holds no memory yet.
    pub fn new() -> Self {
        Self { read_bytes: READ_BYTES, ..Self::default() }
    }

    /// The buffer the socket reads into: it has spare capacity.
    pub fn space(&mut self) -> &mut BytesMut {
        if let Some(big) = self.partial.as_mut().and_then(|partial| partial.big.as_mut()) {
            return big.space();
        }
        let length = self.buffer.len();
        let least = self.read_bytes / 2;
        if self.buffer.capacity() - length < least {
            self.buffer.reserve(self.read_bytes.saturating_sub(length).max(least));
        }
        &mut self.buffer
    }

    /// Fills `batch` with the complete commands, at most `limits.batch`. The batch before must have
    /// been consumed.
    ///
    /// An error comes after the commands before it were put into the batch: they are run and
    /// answered, then the error is sent and the connection closed.
    pub fn parse(&mut self, limits: &Limits, batch: &mut Batch) -> Result<(), ProtocolError> {
        batch.clear();
        if self.buffer.len() > INPUT_MOST_BYTES {
            return Err(ProtocolError::TooBigRequest);
        }
        if self.buffer.len() == self.buffer.capacity() && self.read_bytes < READ_MOST_BYTES {
            self.read_bytes *= 2;
        }
        if self.partial.is_some() && !self.resume(limits, batch)? {
            return Ok(());
        }
        let most = if limits.authenticated { limits.batch } else { 1 };
        let mut scanner = Scanner { bytes: &self.buffer, position: batch.parsed_bytes, limits };
        while batch.len() < most {
            match scanner.next_command(batch)? {
                Step::Command => {}
                Step::Incomplete => break,
                Step::Suspend { missing_words, big } => {
                    let position = scanner.position;
                    self.suspend(batch, Suspension { missing_words, position, big });
                    break;
                }
            }
        }
        Ok(())
    }

    /// Drops the bytes of the batch, which has been run, and empties it.
    pub fn consume(&mut self, batch: &mut Batch) {
        let parsed_bytes = batch.parsed_bytes;
        batch.clear();
        let rest_bytes = self.buffer.len() - parsed_bytes;
        if self.buffer.capacity() > KEPT_BYTES && rest_bytes < KEPT_BYTES / 4 {
            self.buffer = BytesMut::from(&self.buffer[parsed_bytes..]);
        } else if rest_bytes == 0 {
            self.buffer.clear();
        } else {
            bytes::Buf::advance(&mut self.buffer, parsed_bytes);
        }
    }

    /// Bytes held, parsed or not: what CLIENT LIST calls `qbuf`, and what
    /// `client-query-buffer-limit` limits.
    pub fn pending_bytes(&self) -> usize {
        let big = self.partial.as_ref().and_then(|partial| partial.big.as_ref());
        self.buffer.len() + big.map_or(0, |big| big.data.len())
    }

    /// The words of one command of a batch that this input has filled and not consumed.
    #[inline]
    pub fn view<'a>(&'a self, batch: &'a Batch, index: usize) -> Words<'a> {
        batch.view(&self.buffer, index)
    }

    /// Takes the empty buffer away, so that an idle connection holds no memory; none when bytes are
    /// pending.
    pub fn take_spare(&mut self) -> Option<BytesMut> {
        if self.pending_bytes() > 0 || self.buffer.capacity() == 0 {
            return None;
        }
        self.read_bytes = READ_BYTES;
        Some(std::mem::take(&mut self.buffer))
    }

    /// Uses this empty buffer for the next read, unless there is one: with `take_spare` the
    /// connections of one thread share a buffer that stays in the processor's cache.
    pub fn adopt(&mut self, spare: BytesMut) {
        if self.buffer.capacity() == 0 {
            self.buffer = spare;
        }
    }

    /// Puts the cut-off command at the batch's end aside.
    fn suspend(&mut self, batch: &mut Batch, suspension: Suspension) {
        let start = batch.parsed_bytes;
        let first = batch.commands.last().map_or(0, |span| (span.first + span.count) as usize);
        let complete = &batch.words[..first];
        let places = complete.iter().filter(|word| word.is_apart()).count();
        let words = batch.words.drain(first..).map(|word| word.moved_back(start, places)).collect();
        let apart = batch.apart.drain(places..).collect();
        let mut partial = Partial {
            words,
            apart,
            missing_words: suspension.missing_words,
            position: suspension.position - start,
            big: None,
        };
        if let Some(length) = suspension.big {
            partial.big = Some(Big::begin(&mut self.buffer, suspension.position, length));
        }
        self.partial = Some(Box::new(partial));
    }

    /// Goes on with the command put aside; true when it is complete, the first of the batch.
    fn resume(&mut self, limits: &Limits, batch: &mut Batch) -> Result<bool, ProtocolError> {
        let partial = self.partial.as_mut().expect("only called with a partial command");
        if let Some(big) = partial.big.take() {
            if !big.is_complete() {
                partial.big = Some(big);
                return Ok(false);
            }
            partial.words.push(Word::apart(partial.apart.len()));
            partial.apart.push(big.finish(&mut self.buffer));
            partial.missing_words -= 1;
        }
        let mut scanner = Scanner { bytes: &self.buffer, position: partial.position, limits };
        let end = scanner.words(&mut partial.missing_words, &mut partial.words)?;
        partial.position = scanner.position;
        match end {
            End::Complete => {}
            End::Incomplete => return Ok(false),
            End::Big(length) => {
                partial.big = Some(Big::begin(&mut self.buffer, partial.position, length));
                return Ok(false);
            }
        }
        batch.parsed_bytes = partial.position;
        batch.words.append(&mut partial.words);
        batch.apart.append(&mut partial.apart);
        batch.close_command(0);
        self.partial = None;
        Ok(true)
    }
}

/// Where and why a command is put aside.
struct Suspension {
    missing_words: usize,
    position: usize,
    big: Option<usize>,
}

impl Big {
    /// Moves what has come of the argument whose header is at `position`, and the header, out of
    /// the buffer's end.
    fn begin(buffer: &mut BytesMut, position: usize, length: usize) -> Big {
        let header = buffer[position..].iter().position(|&byte| byte == b'\r');
        let start = position + header.expect("the header was read before") + 2;
        let here = &buffer[start..];
        let capacity = (length + 2).min(here.len().max(BIG_STEP_BYTES));
        let mut data = BytesMut::with_capacity(capacity);
        data.extend_from_slice(here);
        buffer.truncate(position);
        Big { data, length }
    }

    fn space(&mut self) -> &mut BytesMut {
        let held = self.data.len();
        if self.data.capacity() == held {
            let rest = (self.length + 2).saturating_sub(held);
            let more = rest.min((held * BIG_GROWTH).max(BIG_STEP_BYTES));
            // Not `reserve`: it doubles, and would double once more for the last two bytes.
            let mut grown = BytesMut::with_capacity(held + more);
            grown.extend_from_slice(&self.data);
            self.data = grown;
        }
        &mut self.data
    }

    fn is_complete(&self) -> bool {
        self.data.len() >= self.length + 2
    }

    fn finish(mut self, buffer: &mut BytesMut) -> Bytes {
        buffer.extend_from_slice(&self.data[self.length + 2..]);
        self.data.truncate(self.length);
        let mut data = Vec::from(self.data);
        // The room of CR LF would cost 32 KB arguments a quarter more memory: allocators round up.
        data.shrink_to_fit();
        Bytes::from(data)
    }
}

/// Reads commands out of bytes.
struct Scanner<'a> {
    bytes: &'a [u8],
    position: usize,
    limits: &'a Limits,
}

/// What `next_command` found.
enum Step {
    /// A command (or something to skip); it counts as parsed.
    Command,
    /// The rest is not a whole command; it will be read again.
    Incomplete,
    /// The rest is not a whole command, and reading it again would be a waste.
    Suspend { missing_words: usize, big: Option<usize> },
}

/// Where the words of a command stopped.
enum End {
    Complete,
    Incomplete,
    /// At the header of an argument of this many bytes that has not come whole.
    Big(usize),
}

impl Scanner<'_> {
    #[inline(always)]
    fn next_command(&mut self, batch: &mut Batch) -> Result<Step, ProtocolError> {
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
    fn words(&mut self, missing: &mut usize, words: &mut Vec<Word>) -> Result<End, ProtocolError> {
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
