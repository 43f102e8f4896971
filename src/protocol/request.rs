//! Requests: bytes in, batches of commands out.
//!
//! ```text
//! space() ◄── socket     parse(&mut batch)     view(&batch, i) → handler     consume(&mut batch)
//! input: [ command | command | comm…     the words of each lie in the input until `consume`
//! ```
//! - Nothing is allocated from an announced length: buffers grow with what has come.
//! - A command cut off by the end of the input is read again when more has come, unless it has many
//!   words already: those are kept (`Partial`), or a command of a million words sent in small
//!   pieces would cost a million squared.
//! - A big argument (32 KB and more) that has not come whole gets an allocation of its own, into
//!   which the socket then reads; it can be stored without a copy.
//!
//! Source: https://redis.io/docs/latest/develop/reference/protocol-spec/; texts and odd cases are
//! as a real server answers.

use super::error::ProtocolError;
use super::scanner::{End, Limits, Scanner, Step};
use super::words::{Batch, Word, Words};
use bytes::{Bytes, BytesMut};

/// What a connection reads at first, in bytes; doubled up to `READ_MOST_BYTES` while reads fill it.
const READ_BYTES: usize = 16 * 1024;
const READ_MOST_BYTES: usize = 64 * 1024;
/// A larger buffer is given back as soon as what made it grow is consumed.
const KEPT_BYTES: usize = READ_MOST_BYTES;
/// A big argument's buffer grows by this at least.
const BIG_STEP_BYTES: usize = 1024 * 1024;
/// How much more room a big argument gets, in multiples of what has come of it. Room is not memory
/// until bytes come; growing in few and large steps keeps the copies small.
const BIG_GROWTH: usize = 15;
/// Words are addressed by 32 bits.
const INPUT_MOST_BYTES: usize = u32::MAX as usize - 1;

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
        // The next command may be allowed more than one that has not logged in.
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
        batch.is_full = batch.len() >= most;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::OwnedWords;
    use proptest::prelude::*;

    type Command = Vec<Vec<u8>>;

    fn encode(commands: &[Command]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for command in commands {
            bytes.extend(format!("*{}\r\n", command.len()).bytes());
            for word in command {
                bytes.extend(format!("${}\r\n", word.len()).bytes());
                bytes.extend(word);
                bytes.extend(b"\r\n");
            }
        }
        bytes
    }

    /// Parses everything there is in batches and gives back the commands.
    fn drain(input: &mut Input, limits: &Limits) -> (Vec<Command>, Option<ProtocolError>) {
        let mut batch = Batch::new();
        let mut commands = Vec::new();
        loop {
            let parsed = input.parse(limits, &mut batch);
            for index in 0..batch.len() {
                let words = input.view(&batch, index);
                assert!(!words.is_empty(), "a command has a name");
                commands.push(words.iter().map(<[u8]>::to_vec).collect());
            }
            let is_full = batch.is_full();
            input.consume(&mut batch);
            if parsed.is_err() || !is_full {
                return (commands, parsed.err());
            }
        }
    }

    /// Feeds the pieces as a socket would: never more than there is room for.
    fn feed(pieces: &[&[u8]], limits: &Limits) -> (Vec<Command>, Option<ProtocolError>) {
        let mut input = Input::new();
        let mut commands = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let space = input.space();
                let room = space.capacity() - space.len();
                assert!(room > 0, "space() has room");
                let (now, later) = rest.split_at(room.min(rest.len()));
                space.extend_from_slice(now);
                rest = later;
                let (more, error) = drain(&mut input, limits);
                commands.extend(more);
                if error.is_some() {
                    return (commands, error);
                }
            }
        }
        (commands, None)
    }

    fn whole(bytes: &[u8]) -> (Vec<Command>, Option<ProtocolError>) {
        feed(&[bytes], &Limits::default())
    }

    fn error_of(bytes: &[u8]) -> String {
        let error = whole(bytes).1.expect("an error");
        String::from_utf8(error.text().into_owned()).unwrap()
    }

    fn words(list: &[&str]) -> Command {
        list.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn commands_come_out_in_order() {
        let commands = [words(&["SET", "key", "a longer value"]), words(&["PING"])];
        assert_eq!(whole(&encode(&commands)), (commands.to_vec(), None));
    }

    #[test]
    fn a_cut_at_any_byte_changes_nothing() {
        let many: Vec<String> = (0..50).map(|number| format!("word{number}")).collect();
        let many = words(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let commands = [words(&["SET", "", "x"]), many, words(&["GET", "k"])];
        let mut bytes = encode(&commands);
        bytes.extend(b"\r\n*0\r\nset 'a b' \"\\x41\"\n*-1\r\n");
        let mut expected = commands.to_vec();
        expected.push(words(&["set", "a b", "A"]));
        for cut in 0..=bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(feed(&[first, second], &Limits::default()), (expected.clone(), None));
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(feed(&single, &Limits::default()), (expected, None));
    }

    #[test]
    fn an_error_comes_after_the_commands_before_it() {
        let (commands, error) = whole(b"*1\r\n$4\r\nPING\r\n*1\r\n:1\r\n");
        assert_eq!(commands, [words(&["PING"])]);
        assert_eq!(error, Some(ProtocolError::ExpectedDollar(b':')));
    }

    #[test]
    fn errors_are_spelled_as_redis_spells_them() {
        let texts = [
            ("*x\r\n", "invalid multibulk length"),
            ("*\r\n", "invalid multibulk length"),
            ("*01\r\n", "invalid multibulk length"),
            ("*2147483648\r\n", "invalid multibulk length"),
            ("*99999999999999999999\r\n", "invalid multibulk length"),
            ("*1\r\n:1\r\n", "expected '$', got ':'"),
            ("*1\r\n$-1\r\n", "invalid bulk length"),
            ("*1\r\n$03\r\n", "invalid bulk length"),
            ("*1\r\n$+3\r\n", "invalid bulk length"),
            ("*1\r\n$536870913\r\n", "invalid bulk length"),
            ("say \"hello\r\n", "unbalanced quotes in request"),
            ("say 'a'b\r\n", "unbalanced quotes in request"),
        ];
        for (request, text) in texts {
            assert_eq!(error_of(request.as_bytes()), format!("ERR Protocol error: {text}"));
        }
    }

    #[test]
    fn a_line_that_does_not_end_is_refused_beyond_64_kb() {
        for (head, text) in [
            ("*", "too big mbulk count string"),
            ("*1\r\n$", "too big bulk count string"),
            ("x", "too big inline request"),
        ] {
            let bytes = [head.as_bytes(), &[b'1'; 64 * 1024]].concat();
            assert_eq!(error_of(&bytes), format!("ERR Protocol error: {text}"));
            assert_eq!(whole(&bytes[..60 * 1024]).1, None, "{head} may still end");
        }
    }

    #[test]
    fn before_a_login_requests_are_small() {
        let limits = Limits { authenticated: false, ..Limits::default() };
        let error = |bytes: &[u8]| feed(&[bytes], &limits).1;
        let (words, bytes) = (
            ProtocolError::UnauthenticatedMultibulkLength,
            ProtocolError::UnauthenticatedBulkLength,
        );
        assert_eq!(error(b"*10\r\n$16384\r\n"), None);
        assert_eq!(error(b"*11\r\n"), Some(words));
        assert_eq!(error(b"*100\r\n"), Some(words));
        assert_eq!(error(b"*1\r\n$16385\r\n"), Some(bytes));
    }

    #[test]
    fn a_login_lifts_the_limits_for_the_rest_of_the_same_read() {
        let commands = [words(&["AUTH", "x"]), words(&["MSET"; 12])];
        let mut input = Input::new();
        let mut batch = Batch::new();
        input.space().extend_from_slice(&encode(&commands));
        let mut limits = Limits { authenticated: false, ..Limits::default() };
        input.parse(&limits, &mut batch).unwrap();
        assert_eq!((batch.len(), batch.is_full()), (1, true));
        input.consume(&mut batch);
        limits.authenticated = true;
        assert_eq!(drain(&mut input, &limits), (vec![commands[1].clone()], None));
    }

    #[test]
    fn nothing_is_allocated_from_an_announced_length() {
        for bytes in ["*2147483647\r\n$3\r\nSET\r\n", "*2\r\n$3\r\nSET\r\n$500000000\r\nabc"] {
            let mut input = Input::new();
            let mut batch = Batch::new();
            input.space().extend_from_slice(bytes.as_bytes());
            input.parse(&Limits::default(), &mut batch).unwrap();
            input.consume(&mut batch);
            assert!(input.space().capacity() <= BIG_STEP_BYTES, "{bytes}");
            assert!(batch.words.capacity() <= KEPT_PARTIAL, "{bytes}");
        }
    }

    const KEPT_PARTIAL: usize = 64;

    #[test]
    fn a_big_argument_gets_its_own_allocation_of_its_own_size() {
        let value = vec![b'v'; 3 * BIG_STEP_BYTES];
        let bytes = encode(&[vec![b"SET".to_vec(), b"k".to_vec(), value.clone()]]);
        let mut input = Input::new();
        let mut batch = Batch::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let space = input.space();
            let room = (space.capacity() - space.len()).min(rest.len());
            space.extend_from_slice(&rest[..room]);
            rest = &rest[room..];
            input.parse(&Limits::default(), &mut batch).unwrap();
            if rest.is_empty() {
                let words = input.view(&batch, 0);
                assert_eq!((words.get(1), words.get(2)), (&b"k"[..], &value[..]));
                assert!(words.shared(1).is_none());
                let shared = words.shared(2).expect("its own allocation").clone();
                assert_eq!(words.to_owned().view().shared(2), Some(&shared));
            }
            input.consume(&mut batch);
        }
        assert_eq!(input.pending_bytes(), 0);
    }

    #[test]
    fn an_idle_input_keeps_little_memory_and_can_lend_it() {
        let mut input = Input::new();
        let command = words(&["MSET"; 30_000]);
        let bytes = encode(std::slice::from_ref(&command));
        input.space().extend_from_slice(&bytes);
        assert_eq!(drain(&mut input, &Limits::default()).0, [command]);
        assert!(input.buffer.capacity() <= KEPT_BYTES);
        input.space().extend_from_slice(b"*1\r\n");
        assert!(input.take_spare().is_none(), "bytes are pending");
        input.space().extend_from_slice(b"$4\r\nPING\r\n");
        assert_eq!(drain(&mut input, &Limits::default()).0, [words(&["PING"])]);
        let spare = input.take_spare().expect("an empty buffer");
        assert_eq!(input.buffer.capacity(), 0);
        input.adopt(spare);
        assert!(input.buffer.capacity() > 0);
    }

    fn any_command() -> impl Strategy<Value = Command> {
        let size = prop_oneof![8 => 0..40usize, 2 => 90..1200usize, 1 => 32_000..100_000usize];
        let word = (any::<u8>(), size).prop_map(|(byte, size)| vec![byte; size]);
        prop_oneof![
            20 => prop::collection::vec(word, 1..6),
            1 => (30..200usize).prop_map(|count| vec![b"w".to_vec(); count]),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn what_is_encoded_and_cut_anywhere_parses_back(
            commands in prop::collection::vec(any_command(), 0..12),
            mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
            batch in 1..5usize,
        ) {
            let bytes = encode(&commands);
            let places = cuts.drain(..).map(|cut| cut.index(bytes.len() + 1));
            let mut cuts: Vec<usize> = places.collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let limits = Limits { batch, ..Limits::default() };
            prop_assert_eq!(feed(&pieces, &limits), (commands, None));
        }
    }

    #[test]
    fn owned_words_are_the_words_they_were_made_of() {
        let big = vec![7; 40_000];
        let owned = OwnedWords::from_slices(&[b"SET".to_vec(), Vec::new(), big.clone()]);
        let view = owned.view();
        assert_eq!(view.iter().collect::<Vec<_>>(), [b"SET", &b""[..], &big]);
        assert_eq!((view.len(), view.skip(2).get(0)), (3, &big[..]));
    }
}
