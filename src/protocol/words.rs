//! The words of requests: where the arguments of each parsed command lie.
//!
//! A word is a pair (start, length) into the connection's input, so that parsing copies nothing.
//! The few that lie elsewhere stand *apart*: a big argument in an allocation of its own, an inline
//! word whose quotes were taken off.
//! ```text
//! input   *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nhi\r\n*1\r\n$4\r\nPING\r\n
//! words              (8,3)      (17,1)    (24,2)        (36,4)
//! commands           first 0, count 3                   first 3, count 1
//! ```

use bytes::Bytes;

/// Arguments of this many bytes are worth an allocation of their own.
pub(super) const BIG_BYTES: usize = 32 * 1024;

/// Room for words that an idle batch keeps: 16 pipelined MSETs of a hundred pairs.
const KEPT_WORDS: usize = 4096;

/// Where one argument lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    start: u32,
    length: u32,
}

/// In place of a length: the word stands apart, `start` is its place in that list.
const APART: u32 = u32::MAX;

impl Word {
    /// The word at these bytes of the input, which never holds 4 GB: `Input::parse` sees to that.
    #[inline(always)]
    pub(super) fn new(start: usize, length: usize) -> Self {
        Word { start: start as u32, length: length as u32 }
    }

    pub(super) fn apart(place: usize) -> Self {
        Word { start: place as u32, length: APART }
    }

    pub(super) fn is_apart(self) -> bool {
        self.length == APART
    }

    /// The same word when the first `bytes` of the input or `places` of the words apart do not
    /// count.
    pub(super) fn moved_back(self, bytes: usize, places: usize) -> Self {
        let by = if self.length == APART { places } else { bytes };
        Word { start: self.start - by as u32, ..self }
    }
}

/// The complete commands found by one `Input::parse`. Made once and used again for every read.
#[derive(Default)]
pub struct Batch {
    pub(super) words: Vec<Word>,
    pub(super) commands: Vec<Span>,
    pub(super) apart: Vec<Bytes>,
    /// Bytes of the input that these commands take up.
    pub(super) parsed_bytes: usize,
    pub(super) is_full: bool,
}

/// The words of one command.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) count: u32,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of commands.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// True when no complete command has arrived.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// True when it holds as many commands as it may: there may be more in the input, to be parsed
    /// as soon as this batch is consumed and before anything is read.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.commands.clear();
        self.apart.clear();
        self.parsed_bytes = 0;
        self.is_full = false;
        self.words.shrink_to(KEPT_WORDS);
        self.commands.shrink_to(KEPT_WORDS);
    }

    /// Makes a command of the words from `first` on.
    #[inline(always)]
    pub(super) fn close_command(&mut self, first: usize) {
        let count = self.words.len() - first;
        self.commands.push(Span { first: first as u32, count: count as u32 });
    }

    #[inline]
    pub(super) fn view<'a>(&'a self, bytes: &'a [u8], index: usize) -> Words<'a> {
        let span = self.commands[index];
        let first = span.first as usize;
        let words = &self.words[first..first + span.count as usize];
        Words { bytes, words, apart: &self.apart }
    }
}

/// The words of one command: its name and its arguments.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    bytes: &'a [u8],
    words: &'a [Word],
    apart: &'a [Bytes],
}

impl<'a> Words<'a> {
    /// The number of words, the command's name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// True when there are no words; a parsed command has at least one.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The bytes of one word. Panics when there is no such word: arity was checked before.
    #[inline]
    pub fn get(&self, index: usize) -> &'a [u8] {
        let word = self.words[index];
        if word.length == APART {
            return &self.apart[word.start as usize];
        }
        &self.bytes[word.start as usize..][..word.length as usize]
    }

    /// The argument's own allocation when it has one (some of those above 32 KB): storing it copies
    /// nothing.
    pub fn shared(&self, index: usize) -> Option<&'a Bytes> {
        let word = self.words[index];
        let apart = (word.length == APART).then(|| &self.apart[word.start as usize])?;
        (apart.len() >= BIG_BYTES).then_some(apart)
    }

    /// All words in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let words = *self;
        (0..words.len()).map(move |index| words.get(index))
    }

    /// The words without the first `count`.
    #[inline]
    pub fn skip(&self, count: usize) -> Words<'a> {
        Words { words: &self.words[count..], ..*self }
    }

    /// A copy that outlives the input, for MULTI queues and blocked clients; big arguments are
    /// shared, not copied.
    pub fn to_owned(&self) -> OwnedWords {
        let mut owned = OwnedWords::default();
        for index in 0..self.len() {
            match self.shared(index) {
                Some(shared) => owned.push_shared(shared.clone()),
                None => owned.push(self.get(index)),
            }
        }
        owned
    }
}

/// The words of one command with their bytes: what a MULTI queue keeps, and what tests begin with.
#[derive(Clone, Default)]
pub struct OwnedWords {
    bytes: Vec<u8>,
    words: Vec<Word>,
    apart: Vec<Bytes>,
}

impl OwnedWords {
    /// Copies of these words.
    pub fn from_slices<T: AsRef<[u8]>>(words: &[T]) -> Self {
        let mut owned = OwnedWords::default();
        for word in words {
            owned.push(word.as_ref());
        }
        owned
    }

    /// Takes all words away; their memory is kept for the next ones.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.words.clear();
        self.apart.clear();
    }

    /// Appends a copy of a word.
    pub fn push(&mut self, word: &[u8]) {
        if word.len() >= BIG_BYTES {
            return self.push_shared(Bytes::copy_from_slice(word));
        }
        let start = self.bytes.len();
        assert!(start < u32::MAX as usize, "the small words of a request are below 4 GB");
        self.words.push(Word::new(start, word.len()));
        self.bytes.extend_from_slice(word);
    }

    /// Appends a word that keeps its own allocation.
    pub fn push_shared(&mut self, word: Bytes) {
        self.words.push(Word::apart(self.apart.len()));
        self.apart.push(word);
    }

    /// The words, as a handler takes them.
    pub fn view(&self) -> Words<'_> {
        Words { bytes: &self.bytes, words: &self.words, apart: &self.apart }
    }

    /// What the words take up in memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let apart: usize = self.apart.iter().map(|bytes| bytes.len() + size_of::<Bytes>()).sum();
        self.bytes.capacity() + self.words.capacity() * size_of::<Word>() + apart
    }
}
