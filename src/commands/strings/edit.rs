//! Editing strings in place: APPEND and SETRANGE, which is the same with the place given.
//!
//! ```text
//! in the record, same length      written over where it lies
//! in the record, grows            put anew; beyond LONGEST_INLINE in an allocation of its own,
//!                                 with room to grow
//! in an allocation of its own     grown there: the bytes move only when the room is used up, which
//!                                 doubles it (or when a reply still being sent holds on to them)
//! ```
//! So building a long string by many small appends copies each byte a constant number of times.

use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline, NewValue, RecordMut, Value};
use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[APPEND, SETRANGE];

/// Edited strings up to this length stay in the record.
const LONGEST_INLINE: usize = 512;

const APPEND: Command = Command::write("APPEND key value", append)
    .since("2.0.0")
    .fast()
    .grows()
    .costs("O(1) amortized: the room of a long string is doubled when it is used up.")
    .keys(&["RW insert"])
    .about("Adds bytes at the end of the string at `key`, and answers how long it is.");

fn append(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (key, tail) = (args.get(1), args.get(2));
    let longest = db.longest_string_bytes();
    let edited = match db.find_mut(key) {
        // A string that begins here is stored as SET would store it.
        None => Edited::ToPut(value::encode(args, 2), tail.len()),
        Some(record) => {
            let at = length(&record)?;
            overwrite(record, Patch::new(at, tail, longest)?)
        }
    };
    finish(db, key, "append", edited, reply);
    Ok(())
}

const SETRANGE: Command = Command::write("SETRANGE key offset value", setrange)
    .since("2.2.0")
    .grows()
    .costs(
        "O(N) where N is the length of the value written, and of what has to be filled before it.",
    )
    .keys(&["RW update"])
    .about("Writes over part of the string at `key`, filling a gap before it with zero bytes.");

fn setrange(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (key, bytes) = (args.get(1), args.get(3));
    let at = usize::try_from(args.integer(2)?).map_err(|_| error::OFFSET_OUT_OF_RANGE)?;
    let longest = db.longest_string_bytes();
    if bytes.is_empty() {
        // Nothing to write: no key is made, no encoding changed.
        let length = db.find_mut(key).as_ref().map(length).transpose()?;
        reply.integer(length.unwrap_or(0) as i64);
        return Ok(());
    }
    let edited = match db.find_mut(key) {
        None => Patch::new(at, bytes, longest)?.over(b""),
        Some(record) => {
            length(&record)?;
            overwrite(record, Patch::new(at, bytes, longest)?)
        }
    };
    finish(db, key, "setrange", edited, reply);
    Ok(())
}

/// Lets `write` change the string at `key`, made at least `length` bytes long with zeros at its
/// end. `write` is told how long it was before. WRONGTYPE where it is no string.
///
/// For the commands on bitmaps: as with SETRANGE, a long string is changed where it lies.
pub fn edit<T>(
    db: &mut Db,
    key: &[u8],
    length: usize,
    write: impl FnOnce(&mut [u8], usize) -> T,
) -> Result<T, Error> {
    let mut buffer = itoa::Buffer::new();
    let old = match db.find_mut(key) {
        None => SmallVec::new(),
        Some(mut record) => {
            self::length(&record)?;
            if let Some(shared) = record.shared_mut() {
                return Ok(edit_shared(shared, length, write));
            }
            if let Some(text) = record.bytes_mut()
                && length <= text.len()
            {
                let length = text.len();
                return Ok(write(text, length));
            }
            SmallVec::from_slice(value::text(&record.read(), &mut buffer)?)
        }
    };
    Ok(edit_copy(db, key, (old, length), write))
}

/// As `edit`, for a string in an allocation of its own.
fn edit_shared<T>(
    shared: &mut Bytes,
    length: usize,
    write: impl FnOnce(&mut [u8], usize) -> T,
) -> T {
    let old_length = shared.len();
    let room = length.saturating_sub(old_length);
    let own = std::mem::take(shared).try_into_mut();
    // A reply that is still being sent holds on to the old bytes.
    let mut text = own.unwrap_or_else(|held| copy_with_room(&held, room));
    grow(&mut text, length);
    let done = write(&mut text, old_length);
    *shared = text.freeze();
    done
}

/// As `edit`, for a string that has to be put anew: it grows, or was a number.
fn edit_copy<T>(
    db: &mut Db,
    key: &[u8],
    (mut old, length): (SmallVec<[u8; LONGEST_INLINE]>, usize),
    write: impl FnOnce(&mut [u8], usize) -> T,
) -> T {
    let old_length = old.len();
    let length = length.max(old_length);
    if length <= LONGEST_INLINE {
        old.resize(length, 0);
        let done = write(&mut old, old_length);
        db.put(key, NewValue::Raw(&old), Deadline::Keep);
        return done;
    }
    let mut text = BytesMut::from(&old[..]);
    grow(&mut text, length);
    let done = write(&mut text, old_length);
    db.put(key, NewValue::Shared(text.freeze()), Deadline::Keep);
    done
}

/// How long the string in a record is. WRONGTYPE where it is no string.
fn length(record: &RecordMut<'_>) -> Result<usize, Error> {
    value::text(&record.read(), &mut itoa::Buffer::new()).map(<[u8]>::len)
}

/// Puts what could not be edited in place; tells of the change and answers the new length.
fn finish(db: &mut Db, key: &[u8], event: &'static str, edited: Edited<'_>, reply: &mut Reply) {
    let length = match edited {
        Edited::InPlace(length) => length,
        Edited::ToPut(value, length) => {
            db.put(key, value, Deadline::Keep);
            length
        }
        Edited::Short(text) => {
            db.put(key, NewValue::Raw(&text), Deadline::Keep);
            text.len()
        }
    };
    db.changed(Class::String, event, key);
    reply.integer(length as i64);
}

/// What an edit made of a string.
// On the stack and short-lived: a box for the text would cost the allocation that it avoids.
#[allow(clippy::large_enum_variant)]
enum Edited<'a> {
    /// The record holds it; its length.
    InPlace(usize),
    /// It has to be put; its length.
    ToPut(NewValue<'a>, usize),
    /// It has to be put, and goes into the record.
    Short(SmallVec<[u8; LONGEST_INLINE]>),
}

/// Bytes to be written over a string.
#[derive(Clone, Copy)]
struct Patch<'a> {
    at: usize,
    bytes: &'a [u8],
    /// Where it ends: how long the string is at least afterwards.
    end: usize,
}

impl<'a> Patch<'a> {
    /// A patch, unless the string would become longer than `longest`.
    fn new(at: usize, bytes: &'a [u8], longest: usize) -> Result<Self, Error> {
        let end = at.checked_add(bytes.len()).filter(|end| *end <= longest);
        Ok(Patch { at, bytes, end: end.ok_or(error::STRING_TOO_LONG)? })
    }

    /// The string it makes of `old`.
    fn over(self, old: &[u8]) -> Edited<'static> {
        let length = self.end.max(old.len());
        if length > LONGEST_INLINE {
            let mut text = copy_with_room(old, self.bytes.len());
            self.apply(&mut text);
            return Edited::ToPut(NewValue::Shared(text.freeze()), length);
        }
        let mut text = SmallVec::from_slice(old);
        text.resize(length, 0);
        text[self.at..self.end].copy_from_slice(self.bytes);
        Edited::Short(text)
    }

    /// Writes it over `text`, which grows where it has to.
    fn apply(self, text: &mut BytesMut) {
        let length = text.len();
        if self.at == length {
            text.extend_from_slice(self.bytes);
            return;
        }
        grow(text, self.end);
        text[self.at..self.end].copy_from_slice(self.bytes);
    }
}

/// A copy of `old` with room for so many bytes more, and as much again.
fn copy_with_room(old: &[u8], more: usize) -> BytesMut {
    let mut text = BytesMut::with_capacity(2 * (old.len() + more));
    text.extend_from_slice(old);
    text
}

/// Fills `text` up with zeros to `length` bytes, if it is shorter.
fn grow(text: &mut BytesMut, length: usize) {
    let old_length = text.len();
    if length > 2 * old_length {
        // Zeroed memory for a large gap comes from the system and is not touched here.
        let short = std::mem::replace(text, BytesMut::zeroed(length));
        text[..old_length].copy_from_slice(&short);
    } else if length > old_length {
        text.resize(length, 0);
    }
}

/// Writes the patch over a string, in place where that can be.
fn overwrite(mut record: RecordMut<'_>, patch: Patch<'_>) -> Edited<'static> {
    if let Some(shared) = record.shared_mut() {
        let own = std::mem::take(shared).try_into_mut();
        // A reply that is still being sent holds on to the old bytes.
        let mut text = own.unwrap_or_else(|held| copy_with_room(&held, patch.bytes.len()));
        patch.apply(&mut text);
        *shared = text.freeze();
        return Edited::InPlace(shared.len());
    }
    if let Some(text) = record.bytes_mut()
        && patch.end <= text.len()
    {
        text[patch.at..patch.end].copy_from_slice(patch.bytes);
        return Edited::InPlace(text.len());
    }
    let mut buffer = itoa::Buffer::new();
    match record.value() {
        Value::Bytes(bytes) => patch.over(bytes),
        Value::Int(number) => patch.over(buffer.format(number).as_bytes()),
        Value::Shared(_) | Value::Packed(..) | Value::Object(_) => {
            unreachable!("a shared string was edited above, and another type has no length")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(old: &[u8], at: usize, bytes: &[u8]) -> Vec<u8> {
        match Patch::new(at, bytes, usize::MAX).expect("it fits").over(old) {
            Edited::Short(text) => text.to_vec(),
            Edited::ToPut(NewValue::Shared(text), length) => {
                assert_eq!(text.len(), length);
                text.to_vec()
            }
            _ => unreachable!("text is never edited into anything else"),
        }
    }

    #[test]
    fn a_patch_writes_over_and_fills_gaps_whatever_the_length() {
        for old_length in [0, 3, 511, 512, 513, 5000] {
            for at in [0, 1, 3, 510, 513, 6000, 20_000] {
                for length in [1, 2, 600] {
                    let (old, new) = (vec![b'o'; old_length], vec![b'n'; length]);
                    let mut expected = old.clone();
                    expected.resize(old_length.max(at + length), 0);
                    expected[at..at + length].fill(b'n');
                    assert_eq!(patched(&old, at, &new), expected, "{old_length} {at} {length}");
                }
            }
        }
    }

    #[test]
    fn a_patch_beyond_the_longest_string_is_refused() {
        assert!(Patch::new(3, b"ab", 5).is_ok());
        assert_eq!(Patch::new(4, b"ab", 5).err(), Some(error::STRING_TOO_LONG));
        assert_eq!(Patch::new(usize::MAX, b"ab", 5).err(), Some(error::STRING_TOO_LONG));
    }

    #[test]
    fn appending_to_a_string_of_its_own_moves_it_rarely() {
        let mut text = Bytes::from(vec![b'x'; 1000]);
        let mut moves = 0;
        for _ in 0..100_000 {
            let before = text.as_ptr();
            let mut own = text.try_into_mut().expect("nobody else holds it");
            let at = own.len();
            Patch::new(at, b"0123456789", usize::MAX).expect("it fits").apply(&mut own);
            text = own.freeze();
            moves += usize::from(text.as_ptr() != before);
        }
        assert_eq!(text.len(), 1_001_000);
        assert!(moves < 20, "moved {moves} times");
    }
}
