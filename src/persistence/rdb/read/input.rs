//! The bytes of a snapshot as they come: lengths, numbers, strings, and the checksum of them all.
//!
//! ```text
//! source ─► buffer: 64 KiB, more while one string needs it ─► slices of it, valid until the next
//! ```
//! How much the source holds is known, so that a length that it cannot fill is an error before
//! anything is allocated for it. Compressed strings and spelled-out numbers lie in `spare`.

use super::flaw::{Flaw, damaged};
use crate::persistence::rdb::crc::Checksum;
use crate::persistence::rdb::kinds::{FORM, LENGTH_32, LENGTH_64, form};
use crate::persistence::rdb::lzf;
use crate::persistence::rdb::packs::Item;
use bytes::Bytes;
use std::io::{self, Read};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// What stands where a length does.
enum Length {
    Plain(u64),
    /// A string that is not its bytes: in which form.
    Form(u8),
}

/// Where a string is once its head has been read.
enum Begun {
    Integer(i64),
    /// So many bytes that come next.
    Plain(usize),
    /// In `spare`.
    Spare,
}

/// A string that may be long.
pub enum Text<'a> {
    /// A number, or a string in the buffer.
    Short(Item<'a>),
    /// A string in an allocation of its own.
    Long(Bytes),
}

/// A snapshot, to read from front to back.
pub struct Input<'a> {
    source: &'a mut dyn Read,
    /// How much the source still has.
    left: u64,
    buffer: Vec<u8>,
    /// What is still to be read of the buffer.
    at: usize,
    end: usize,
    /// How many bytes went through the buffer before what is in it.
    passed: u64,
    /// What was read, up to `summed` in the buffer; none where nobody will ask.
    sum: Option<Checksum>,
    summed: usize,
    spare: Vec<u8>,
}

impl<'a> Input<'a> {
    /// Reads from `source`, which holds `length` bytes.
    pub fn new(source: &'a mut dyn Read, length: u64) -> Self {
        Input {
            source,
            left: length,
            buffer: Vec::new(),
            at: 0,
            end: 0,
            passed: 0,
            sum: None,
            summed: 0,
            spare: Vec::new(),
        }
    }

    /// As `new`, keeping the checksum of what is read.
    pub fn summing(source: &'a mut dyn Read, length: u64) -> Self {
        Input { sum: Some(Checksum::default()), ..Input::new(source, length) }
    }

    /// How many bytes were read.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.passed + self.at as u64
    }

    /// How many bytes are left.
    #[inline]
    pub fn left(&self) -> u64 {
        self.left + (self.end - self.at) as u64
    }

    /// The checksum of all that was read; none where it is not kept.
    pub fn checksum(&mut self) -> Option<u64> {
        self.sum_up();
        self.sum.as_ref().map(Checksum::value)
    }

    fn sum_up(&mut self) {
        if let Some(sum) = &mut self.sum {
            sum.update(&self.buffer[self.summed..self.at]);
        }
        self.summed = self.at;
    }

    /// The next `count` bytes.
    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&[u8], Flaw> {
        if self.end - self.at < count {
            self.fill(count)?;
        }
        let from = self.at;
        self.at += count;
        Ok(&self.buffer[from..self.at])
    }

    /// Has at least `count` bytes in the buffer.
    #[cold]
    fn fill(&mut self, count: usize) -> Result<(), Flaw> {
        if count as u64 > self.left() {
            return Err(Flaw::Short);
        }
        self.sum_up();
        self.buffer.copy_within(self.at..self.end, 0);
        self.passed += self.at as u64;
        self.end -= self.at;
        (self.at, self.summed) = (0, 0);
        let room = count.max(CHUNK);
        if self.buffer.len() < room || self.buffer.len() > 4 * room {
            self.buffer.truncate(room);
            self.buffer.resize(room, 0);
            self.buffer.shrink_to(room);
        }
        while self.end < count {
            let most = (self.buffer.len() - self.end)
                .min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let room = &mut self.buffer[self.end..][..most];
            match self.source.read(room) {
                Ok(0) => return Err(Flaw::Short),
                Ok(read) => {
                    self.end += read;
                    self.left -= read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The next `N` bytes.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("as many bytes were taken"))
    }

    /// The next byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, Flaw> {
        Ok(self.take(1)?[0])
    }

    #[inline]
    fn length_or_form(&mut self) -> Result<Length, Flaw> {
        let first = self.byte()?;
        Ok(match first {
            0..0x40 => Length::Plain(u64::from(first)),
            0x40..0x80 => Length::Plain(u64::from(first & 0x3F) << 8 | u64::from(self.byte()?)),
            LENGTH_32 => Length::Plain(u64::from(u32::from_be_bytes(self.array()?))),
            LENGTH_64 => Length::Plain(u64::from_be_bytes(self.array()?)),
            FORM.. => Length::Form(first & !FORM),
            _ => return damaged("a length of no known width"),
        })
    }

    /// A length, or another number that is written as one.
    #[inline]
    pub fn length(&mut self) -> Result<u64, Flaw> {
        match self.length_or_form()? {
            Length::Plain(length) => Ok(length),
            Length::Form(_) => damaged("a string where a number should be"),
        }
    }

    /// How many things follow, of which each takes at least `bytes` bytes.
    pub fn count(&mut self, bytes: u64) -> Result<usize, Flaw> {
        let count = self.length()?;
        let fits = count.checked_mul(bytes).is_some_and(|bytes| bytes <= self.left());
        if fits { Ok(count as usize) } else { Err(Flaw::Short) }
    }

    /// A string, in whatever form, as it is kept.
    #[inline]
    pub fn item(&mut self) -> Result<Item<'_>, Flaw> {
        Ok(match self.read_string()? {
            Begun::Integer(number) => Item::Integer(number),
            Begun::Plain(length) => Item::Bytes(self.take(length)?),
            Begun::Spare => Item::Bytes(&self.spare),
        })
    }

    /// A string, in whatever form, as clients know it.
    #[inline]
    pub fn string(&mut self) -> Result<&[u8], Flaw> {
        match self.read_string()? {
            Begun::Integer(number) => {
                self.spare.clear();
                self.spare.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            }
            Begun::Plain(length) => return self.take(length),
            Begun::Spare => {}
        }
        Ok(&self.spare)
    }

    /// A string that may be long: one longer than `most_short` comes in an allocation of its own,
    /// to which it is copied but once.
    #[inline]
    pub fn text(&mut self, most_short: usize) -> Result<Text<'_>, Flaw> {
        Ok(match self.read_string()? {
            Begun::Integer(number) => Text::Short(Item::Integer(number)),
            Begun::Plain(length) if length <= most_short => {
                Text::Short(Item::Bytes(self.take(length)?))
            }
            Begun::Plain(length) => Text::Long(self.own(length)?),
            Begun::Spare if self.spare.len() <= most_short => Text::Short(Item::Bytes(&self.spare)),
            Begun::Spare => Text::Long(std::mem::take(&mut self.spare).into_boxed_slice().into()),
        })
    }

    /// Reads a string as far as its bytes, if those stand there as they are.
    #[inline]
    fn read_string(&mut self) -> Result<Begun, Flaw> {
        match self.length_or_form()? {
            Length::Plain(length) if length <= self.left() => Ok(Begun::Plain(length as usize)),
            Length::Plain(_) => Err(Flaw::Short),
            Length::Form(form) => self.read_form(form),
        }
    }

    fn read_form(&mut self, form: u8) -> Result<Begun, Flaw> {
        Ok(match form {
            form::INT_8 => Begun::Integer(i64::from(i8::from_le_bytes(self.array()?))),
            form::INT_16 => Begun::Integer(i64::from(i16::from_le_bytes(self.array()?))),
            form::INT_32 => Begun::Integer(i64::from(i32::from_le_bytes(self.array()?))),
            form::LZF => {
                self.decompress()?;
                Begun::Spare
            }
            _ => return damaged("a string in an unknown form"),
        })
    }

    fn decompress(&mut self) -> Result<(), Flaw> {
        let packed = self.count(1)?;
        let length = usize::try_from(self.length()?).unwrap_or(usize::MAX);
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        let is_whole = lzf::decompress(self.take(packed)?, length, &mut spare);
        self.spare = spare;
        if is_whole { Ok(()) } else { damaged("a compressed string that is damaged") }
    }

    /// The next `count` bytes, which there are, in an allocation of their own.
    fn own(&mut self, count: usize) -> Result<Bytes, Flaw> {
        let buffered = self.end - self.at;
        if count <= buffered {
            return Ok(Bytes::copy_from_slice(self.take(count)?));
        }
        let mut bytes = Vec::with_capacity(count);
        bytes.extend_from_slice(self.take(buffered)?);
        self.sum_up();
        let rest = count - buffered;
        (&mut *self.source).take(rest as u64).read_to_end(&mut bytes)?;
        if bytes.len() < count {
            return Err(Flaw::Short);
        }
        if let Some(sum) = &mut self.sum {
            sum.update(&bytes[buffered..]);
        }
        self.left -= rest as u64;
        self.passed += rest as u64;
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persistence::rdb::crc::crc64;

    fn input_of<T>(bytes: &[u8], read: impl FnOnce(&mut Input<'_>) -> T) -> T {
        let mut source = bytes;
        read(&mut Input::summing(&mut source, bytes.len() as u64))
    }

    #[test]
    fn lengths_have_four_widths() {
        let bytes =
            [&[0x3F, 0x7F, 0xFE, 0x80, 1, 2, 3, 4, 0x81][..], &[0, 0, 0, 1, 0, 0, 0, 2]].concat();
        input_of(&bytes, |input| {
            let lengths = [(); 4].map(|()| input.length().unwrap());
            assert_eq!(lengths, [63, 0x3FFE, 0x0102_0304, 0x1_0000_0002]);
            assert_eq!(input.checksum(), Some(crc64(&bytes)));
            assert!(matches!(input.length(), Err(Flaw::Short)));
        });
        input_of(&[0x82], |input| assert!(matches!(input.length(), Err(Flaw::Damaged(_)))));
        input_of(&[0xC0, 1], |input| assert!(matches!(input.length(), Err(Flaw::Damaged(_)))));
    }

    #[test]
    fn strings_have_five_forms() {
        let bytes =
            b"\x03abc\xC0\xFF\xC1\x00\x80\xC2\x00\x00\x00\x80\xC3\x05\x08\x01xy\x80\x01\x00";
        input_of(bytes, |input| {
            assert_eq!(input.string().unwrap(), b"abc");
            assert_eq!(input.string().unwrap(), b"-1");
            assert_eq!(input.item().unwrap(), Item::Integer(-32768));
            assert_eq!(input.item().unwrap(), Item::Integer(-2_147_483_648));
            assert_eq!(input.string().unwrap(), b"xyxyxyxy");
            assert_eq!(input.string().unwrap(), b"");
            assert_eq!(input.left(), 0);
        });
        input_of(b"\xC4", |input| assert!(matches!(input.item(), Err(Flaw::Damaged(_)))));
    }

    #[test]
    fn a_length_that_the_rest_cannot_fill_is_an_error() {
        let huge = b"\x81\x00\x00\xFF\xFF\xFF\xFF\xFF\xFFab";
        input_of(huge, |input| assert!(matches!(input.string(), Err(Flaw::Short))));
        input_of(huge, |input| assert!(matches!(input.text(5), Err(Flaw::Short))));
        input_of(huge, |input| assert!(matches!(input.count(1), Err(Flaw::Short))));
        let compressed = b"\xC3\x02\x81\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\x00a";
        input_of(compressed, |input| assert!(matches!(input.item(), Err(Flaw::Damaged(_)))));
    }

    #[test]
    fn long_strings_pass_the_buffer_by() {
        let long = vec![b'x'; 3 * CHUNK];
        let mut bytes = vec![0x80];
        bytes.extend_from_slice(&(long.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&long);
        bytes.extend_from_slice(b"\x01y");
        input_of(&bytes, |input| {
            let Text::Long(text) = input.text(100).unwrap() else { panic!("it is long") };
            assert_eq!((text, input.offset()), (long.clone().into(), long.len() as u64 + 5));
            assert_eq!(input.string().unwrap(), b"y");
            assert_eq!(input.checksum(), Some(crc64(&bytes)));
        });
        input_of(&bytes, |input| {
            assert_eq!(input.string().unwrap(), long);
            assert_eq!(input.string().unwrap(), b"y");
            assert_eq!(input.checksum(), Some(crc64(&bytes)));
            assert_eq!((input.left(), input.offset()), (0, bytes.len() as u64));
        });
    }
}
