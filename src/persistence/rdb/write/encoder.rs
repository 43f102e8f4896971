//! Lengths, numbers and strings as snapshots have them.
//!
//! A string that spells a number of 32 bits is stored as one; a longer one is compressed if that
//! saves four bytes.
//!
//! The sink takes bytes and never fails: where it writes to a file, it remembers its error. Long
//! values call `rest` between their elements, where a sink may write out what it has.

use super::listpack::Listpack;
use crate::persistence::rdb::kinds::{FORM, LENGTH_32, LENGTH_64, form};
use crate::persistence::rdb::lzf::Compressor;
use crate::types::number::parse_integer;

/// No longer text spells a number of 32 bits.
const LONGEST_NUMBER_BYTES: usize = 11;
/// A shorter string is not compressed.
const SHORTEST_COMPRESSED_BYTES: usize = 21;
/// What compression must save.
const LEAST_GAIN_BYTES: usize = 4;

/// Takes bytes.
pub trait Sink {
    /// Takes bytes in.
    fn write(&mut self, bytes: &[u8]);

    /// Between two elements of a value.
    fn rest(&mut self) {}
}

impl Sink for Vec<u8> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// How values are written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// For which version: 9 to 12.
    pub version: u16,
    /// Whether strings are compressed.
    pub compresses: bool,
}

/// Writes values into a sink.
pub struct Encoder<S> {
    /// Where the bytes go.
    pub sink: S,
    pub(super) style: Style,
    /// The version that what was written needs: that of the style, unless a value asks for more.
    pub(super) version: u16,
    pub(super) pack: Listpack,
    compressor: Option<Compressor>,
    compressed: Vec<u8>,
}

impl<S: Sink> Encoder<S> {
    /// An encoder that has written nothing.
    pub fn new(sink: S, style: Style) -> Self {
        let (pack, compressed) = (Listpack::default(), Vec::new());
        Encoder { sink, style, version: style.version, pack, compressor: None, compressed }
    }

    /// The version a reader must understand for what was written so far.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// A byte.
    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.sink.write(&[byte]);
    }

    /// A length, or any other number that is mostly small.
    #[inline]
    pub fn length(&mut self, length: u64) {
        let [.., high, low] = length.to_be_bytes();
        match length {
            0..0x40 => self.sink.write(&[low]),
            0x40..0x4000 => self.sink.write(&[0x40 | high, low]),
            _ => self.long_length(length),
        }
    }

    fn long_length(&mut self, length: u64) {
        if let Ok(length) = u32::try_from(length) {
            self.byte(LENGTH_32);
            self.sink.write(&length.to_be_bytes());
        } else {
            self.byte(LENGTH_64);
            self.sink.write(&length.to_be_bytes());
        }
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(&mut self, ms: u64) {
        self.sink.write(&ms.to_le_bytes());
    }

    /// A string.
    #[inline]
    pub fn string(&mut self, bytes: &[u8]) {
        if bytes.len() <= LONGEST_NUMBER_BYTES
            && let Some(number) = parse_integer(bytes)
            && let Ok(number) = i32::try_from(number)
        {
            return self.small_number(number);
        }
        if bytes.len() >= SHORTEST_COMPRESSED_BYTES
            && self.style.compresses
            && self.compressed_string(bytes)
        {
            return;
        }
        self.length(bytes.len() as u64);
        self.sink.write(bytes);
    }

    /// A number, as the string that spells it.
    #[inline]
    pub fn number(&mut self, number: i64) {
        match i32::try_from(number) {
            Ok(number) => self.small_number(number),
            Err(_) => {
                let mut buffer = itoa::Buffer::new();
                let text = buffer.format(number).as_bytes();
                self.length(text.len() as u64);
                self.sink.write(text);
            }
        }
    }

    fn small_number(&mut self, number: i32) {
        let [a, b, c, d] = number.to_le_bytes();
        if i8::try_from(number).is_ok() {
            self.sink.write(&[FORM | form::INT_8, a]);
        } else if i16::try_from(number).is_ok() {
            self.sink.write(&[FORM | form::INT_16, a, b]);
        } else {
            self.sink.write(&[FORM | form::INT_32, a, b, c, d]);
        }
    }

    fn compressed_string(&mut self, bytes: &[u8]) -> bool {
        let mut packed = std::mem::take(&mut self.compressed);
        packed.clear();
        let compressor = self.compressor.get_or_insert_default();
        let is_worth_it = compressor.compress(bytes, bytes.len() - LEAST_GAIN_BYTES, &mut packed);
        if is_worth_it {
            self.byte(FORM | form::LZF);
            self.length(packed.len() as u64);
            self.length(bytes.len() as u64);
            self.sink.write(&packed);
        }
        self.compressed = packed;
        is_worth_it
    }
}
