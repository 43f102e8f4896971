//! A whole snapshot: its head, its entries one after the other, its checksum.
//!
//! What announces the next key (deadline, use, database) is kept until the key comes; everything
//! else is told at once to whoever reads (`Contents`). Nothing is kept of what was passed.

use super::flaw::{Error, Flaw, damaged};
use super::input::Input;
use super::module;
use super::value::{Context, LoadedValue, module_name, read_value};
use crate::persistence::rdb::kinds::{
    FIRST_WITH_CHECKSUM, MAGIC, MAGIC_OF_VALKEY, NEWEST_VERSION, VERSION_OF_VALKEY, kind, opcode,
};
use crate::store::access::Usage;
use crate::store::{Limits, packed_room};
use std::io::Read;

/// Bytes of magic and version, in both forms.
const HEAD_BYTES: usize = 9;

/// How a snapshot is read.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Up to which size Redis packs containers.
    pub limits: &'a Limits,
    /// Whether the checksum is compared.
    pub checks_sum: bool,
    /// Whether versions that are not known are read as far as they are understood.
    pub takes_any_version: bool,
    /// Whether what modules have written is passed over, instead of being an error.
    pub skips_modules: bool,
}

/// A key with all that was said of it.
pub struct Loaded<'a> {
    /// The number of its database.
    pub db: u64,
    /// The key.
    pub key: &'a [u8],
    /// What kind of value it has in the file.
    pub kind: u8,
    /// The value.
    pub value: LoadedValue<'a>,
    /// When it dies, in milliseconds since 1970.
    pub deadline: Option<u64>,
    /// How it was used.
    pub usage: Usage,
}

/// Takes what is in a snapshot. All but keys may be passed over.
pub trait Contents {
    /// A key.
    ///
    /// # Errors
    /// When it cannot be kept; that ends the reading.
    fn key(&mut self, loaded: Loaded<'_>) -> Result<(), Flaw>;

    /// A key whose container has no elements: Redis passes over it.
    fn empty_key(&mut self, _key: &[u8]) {}

    /// Something the file says about itself.
    fn aux(&mut self, _name: &[u8], _text: &[u8]) {}

    /// The code of a library of functions.
    fn function(&mut self, _code: &[u8]) {}

    /// What a module has written was passed over; `key` is none where it belongs to no key.
    fn module(&mut self, _name: &str, _key: Option<&[u8]>) {}

    /// So many bytes have been read.
    fn passed(&mut self, _offset: u64) {}
}

/// What became of the checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    /// It is right.
    Right,
    /// The file was written without one.
    Absent,
    /// Nobody asked.
    Unchecked,
}

/// A snapshot that was read to its end.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// Its version.
    pub version: u16,
    /// How many bytes it has: more may follow in a log.
    pub bytes: u64,
    /// What became of its checksum.
    pub sum: Sum,
}

/// Reads the snapshot at the beginning of `source`, which holds `length` bytes.
///
/// # Errors
/// What is wrong, and where.
pub fn read_snapshot(
    source: &mut dyn Read,
    length: u64,
    rules: Rules<'_>,
    contents: &mut dyn Contents,
) -> Result<Whole, Error> {
    let input = match rules.checks_sum {
        true => Input::summing(source, length),
        false => Input::new(source, length),
    };
    let mut reader = Reader {
        input,
        rules,
        version: 0,
        db: 0,
        key: Vec::new(),
        deadline: None,
        usage: Usage::default(),
    };
    reader.run(contents).map_err(|flaw| Error { offset: reader.input.offset(), flaw })
}

struct Reader<'a> {
    input: Input<'a>,
    rules: Rules<'a>,
    version: u16,
    db: u64,
    key: Vec<u8>,
    /// What was said of the key that is to come.
    deadline: Option<u64>,
    usage: Usage,
}

impl Reader<'_> {
    fn run(&mut self, contents: &mut dyn Contents) -> Result<Whole, Flaw> {
        self.read_head()?;
        loop {
            let byte = self.input.byte()?;
            if byte == opcode::EOF {
                break;
            }
            self.read_entry(byte, contents)?;
            contents.passed(self.input.offset());
        }
        let sum = self.check_sum()?;
        Ok(Whole { version: self.version, bytes: self.input.offset(), sum })
    }

    fn read_head(&mut self) -> Result<(), Flaw> {
        let head: [u8; HEAD_BYTES] = self.input.array()?;
        let digits = head.strip_prefix(MAGIC).or_else(|| head.strip_prefix(MAGIC_OF_VALKEY));
        let Some(digits) = digits else {
            return damaged("Wrong signature trying to load DB from file");
        };
        let is_valkey = digits.len() < HEAD_BYTES - MAGIC.len();
        let text = std::str::from_utf8(digits).ok();
        self.version = text.and_then(|text| text.parse().ok()).unwrap_or(0);
        let is_known = match is_valkey {
            true => self.version == VERSION_OF_VALKEY,
            false => (1..=NEWEST_VERSION).contains(&self.version),
        };
        match is_known || (self.rules.takes_any_version && self.version > 0) {
            true => Ok(()),
            false => {
                let digits = String::from_utf8_lossy(digits).into_owned();
                Err(Flaw::Unknown(format!("Can't handle RDB format version {digits}")))
            }
        }
    }

    #[inline]
    fn read_entry(&mut self, byte: u8, contents: &mut dyn Contents) -> Result<(), Flaw> {
        match byte {
            opcode::DEADLINE_MS => {
                // A time before 1970 has passed as well.
                let ms = i64::from_le_bytes(self.input.array()?).max(0);
                self.deadline = Some(ms.cast_unsigned());
            }
            opcode::DEADLINE_S => {
                let seconds = i32::from_le_bytes(self.input.array()?).max(0);
                self.deadline = Some(u64::from(seconds.cast_unsigned()) * 1000);
            }
            opcode::IDLE => self.usage.idle_s = Some(self.input.length()?),
            opcode::FREQUENCY => self.usage.frequency = Some(self.input.byte()?),
            opcode::DATABASE => self.db = self.input.length()?,
            opcode::SLOT_INFO.. => self.read_remark(byte, contents)?,
            _ => self.read_key(byte, contents)?,
        }
        Ok(())
    }

    /// What is neither a key nor said of one.
    fn read_remark(&mut self, byte: u8, contents: &mut dyn Contents) -> Result<(), Flaw> {
        match byte {
            // Sizes are hints; the tables grow without them.
            opcode::SIZES => self.skip_lengths(2)?,
            opcode::SLOT_INFO => self.skip_lengths(3)?,
            opcode::AUX => {
                let name = self.input.string()?.to_vec();
                contents.aux(&name, self.input.string()?);
            }
            opcode::FUNCTION => contents.function(self.input.string()?),
            opcode::FUNCTION_OF_CANDIDATES => {
                return damaged("Pre-release function format not supported.");
            }
            _ => self.read_module_aux(contents)?,
        }
        Ok(())
    }

    fn skip_lengths(&mut self, count: usize) -> Result<(), Flaw> {
        (0..count).try_for_each(|_| self.input.length().map(drop))
    }

    fn read_module_aux(&mut self, contents: &mut dyn Contents) -> Result<(), Flaw> {
        let name = module_name(self.input.length()?);
        if !self.rules.skips_modules {
            return Err(Flaw::Unknown(format!(
                "The RDB file contains AUX module data I can't load: no matching module '{name}'"
            )));
        }
        // When it is to be loaded comes as a number behind its mark.
        module::skip(&mut self.input)?;
        contents.module(&name, None);
        Ok(())
    }

    fn read_key(&mut self, kind_byte: u8, contents: &mut dyn Contents) -> Result<(), Flaw> {
        self.key.clear();
        self.key.extend_from_slice(self.input.string()?);
        let (deadline, usage) = (self.deadline.take(), std::mem::take(&mut self.usage));
        if kind_byte == kind::MODULE && self.rules.skips_modules {
            let name = module_name(self.input.length()?);
            module::skip(&mut self.input)?;
            contents.module(&name, Some(&self.key));
            return Ok(());
        }
        let context = Context {
            limits: self.rules.limits,
            room: packed_room(&self.key),
            is_valkey: self.version >= VERSION_OF_VALKEY,
        };
        match read_value(&mut self.input, kind_byte, &context) {
            Ok(value) => {
                let (db, key) = (self.db, &self.key);
                contents.key(Loaded { db, key, kind: kind_byte, value, deadline, usage })
            }
            Err(Flaw::Empty) => {
                contents.empty_key(&self.key);
                Ok(())
            }
            Err(flaw) => Err(flaw),
        }
    }

    fn check_sum(&mut self) -> Result<Sum, Flaw> {
        if self.version < FIRST_WITH_CHECKSUM {
            return Ok(Sum::Absent);
        }
        let actual = self.input.checksum();
        let told = u64::from_le_bytes(self.input.array()?);
        match actual {
            None => Ok(Sum::Unchecked),
            Some(_) if told == 0 => Ok(Sum::Absent),
            Some(actual) if actual == told => Ok(Sum::Right),
            Some(actual) => Err(Flaw::Damaged(
                format!("RDB CRC error: the checksum is {actual:x}, but should be {told:x}").into(),
            )),
        }
    }
}
