//! Looking at a range of bits: BITCOUNT, BITPOS.
//!
//! Both take the range in bytes or in bits, both ends included, negative ones counted from the
//! end of the string.

use crate::command::error::bitmaps as errors;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::commands::strings::value;
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::bits;
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[BITCOUNT, BITPOS];

const BITCOUNT: Command = Command::read("BITCOUNT key [start end [BYTE | BIT]]", bitcount)
    .since("2.6.0")
    .costs("O(N) where N is the number of bytes in the range.")
    .about("How many bits of the string at `key` are set, or of a part of it.");

fn bitcount(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let span = match args.len() {
        2 => Span::WHOLE,
        4 | 5 => {
            // Redis reads both ends before the unit; in BITPOS the unit comes second.
            args.integer(2).and(args.integer(3))?;
            Span::read(args, 2)?
        }
        _ => return Err(error::SYNTAX),
    };
    let mut buffer = itoa::Buffer::new();
    let count = match db.find(args.get(1)) {
        None => 0,
        Some(record) => {
            let bytes = value::text(&record, &mut buffer)?;
            // `-1 -2` is empty even where both fall before the string's first bit.
            let is_empty =
                span.end.is_some_and(|end| end < 0 && span.start < 0 && span.start > end);
            if is_empty { 0 } else { bits::count_in(bytes, span.within(bytes)) }
        }
    };
    reply.integer(count as i64);
    Ok(())
}

const BITPOS: Command = Command::read("BITPOS key bit [start [end [BYTE | BIT]]]", bitpos)
    .since("2.8.7")
    .costs("O(N) where N is the number of bytes in the range.")
    .about(
        "The place of the first bit of the string at `key`, or of a part of it, that is set or \
         clear.",
    );

fn bitpos(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let bit = match args.integer(2)? {
        0 => false,
        1 => true,
        _ => return Err(errors::BIT_ARGUMENT),
    };
    let span = match args.len() {
        3 => Span::WHOLE,
        4..=6 => Span::read(args, 3)?,
        _ => return Err(error::SYNTAX),
    };
    let Some(record) = db.find(args.get(1)) else {
        // What is not there is all zeros, without an end.
        reply.integer(if bit { -1 } else { 0 });
        return Ok(());
    };
    let mut buffer = itoa::Buffer::new();
    let bytes = value::text(&record, &mut buffer)?;
    let range = span.within(bytes);
    let found = match bits::find_in(bytes, range.clone(), bit) {
        // Without an end of its own, a range goes on beyond the string with zeros.
        None if !bit && span.end.is_none() && !range.is_empty() => Some(range.end),
        found => found,
    };
    reply.integer(found.map_or(-1, |place| place as i64));
    Ok(())
}

/// A range as a client gives it.
struct Span {
    start: i64,
    end: Option<i64>,
    is_in_bits: bool,
}

impl Span {
    const WHOLE: Span = Span { start: 0, end: None, is_in_bits: false };

    /// Reads `start [end [BYTE | BIT]]`, from the word at `at` to the last.
    fn read(args: &Args, at: usize) -> Result<Span, Error> {
        let start = args.integer(at)?;
        let is_in_bits = args.len() > at + 2 && args.is(at + 2, "BIT");
        if args.len() > at + 2 && !is_in_bits && !args.is(at + 2, "BYTE") {
            return Err(error::SYNTAX);
        }
        let end = if args.len() > at + 1 { Some(args.integer(at + 1)?) } else { None };
        Ok(Span { start, end, is_in_bits })
    }

    /// The bits of `bytes` it means.
    fn within(&self, bytes: &[u8]) -> Range<u64> {
        let unit = if self.is_in_bits { 1 } else { 8 };
        let length = (bytes.len() * 8 / unit) as i64;
        let from_start = |at: i64| (if at < 0 { length.saturating_add(at) } else { at }).max(0);
        let start = from_start(self.start);
        let end = from_start(self.end.unwrap_or(-1)).min(length - 1);
        if start > end {
            return 0..0;
        }
        start as u64 * unit as u64..(end as u64 + 1) * unit as u64
    }
}
