//! Hashes: from fields and values in whatever form to one for the store.

use super::flaw::{Flaw, damaged};
use super::input::Input;
use super::value::{Context, LoadedValue};
use crate::persistence::rdb::packs::{Item, Listpack, Pack, Zipmap};
use crate::store::{Object, PackedKind};
use crate::types::hash::{Hash, Ttl};
use crate::types::packed::{self, Layout, Packed, Piece};

/// The latest deadline that Redis gives a field.
const LATEST_DEADLINE_MS: u64 = (1 << 48) - 1;

/// A hash under construction: packed while it fits.
struct Draft {
    room: usize,
    piece: Piece,
    large: Option<Hash>,
    count: usize,
    longest: usize,
}

impl Draft {
    fn new(context: &Context<'_>) -> Self {
        Draft { room: context.room, piece: packed::empty(), large: None, count: 0, longest: 0 }
    }

    fn add(&mut self, field: &[u8], value: &[u8]) -> Result<(), Flaw> {
        self.count += 1;
        self.longest = self.longest.max(field.len()).max(value.len());
        let bytes = packed::element_bytes(field.len()) + packed::element_bytes(value.len());
        let is_new = if self.large.is_some() || self.piece.len() + bytes > self.room {
            self.large().set(field, value, Ttl::Clear, 0)
        } else {
            let is_new = Packed::new(&self.piece, Layout::Pair).find(field).is_none();
            packed::push(&mut self.piece, field);
            packed::push(&mut self.piece, value);
            is_new
        };
        if is_new { Ok(()) } else { damaged("a hash with a field that comes twice") }
    }

    /// The same with a deadline, unless that is 0.
    fn add_until(&mut self, field: &[u8], value: &[u8], deadline_ms: u64) -> Result<(), Flaw> {
        if deadline_ms > LATEST_DEADLINE_MS {
            return damaged("a field with a deadline out of range");
        }
        self.large();
        self.add(field, value)?;
        if deadline_ms > 0 {
            self.large().set_deadline(field, Some(deadline_ms));
        }
        Ok(())
    }

    fn large(&mut self) -> &mut Hash {
        let packed = Packed::new(&self.piece, Layout::Pair);
        self.large.get_or_insert_with(|| Hash::from_packed(&packed))
    }

    /// The hash; `is_table` says that Redis would make a table of it.
    fn finish(mut self, is_table: bool) -> Result<LoadedValue<'static>, Flaw> {
        if self.count == 0 {
            return Err(Flaw::Empty);
        }
        if let Some(mut hash) = self.large {
            if is_table {
                hash.set_converted();
            }
            return Ok(LoadedValue::Object(Object::Hash(hash)));
        }
        packed::set_count(&mut self.piece, self.count);
        if is_table {
            packed::set_converted(&mut self.piece);
        }
        Ok(LoadedValue::Packed(PackedKind::Hash, self.piece))
    }

    /// As `finish`, where Redis looks at how many fields there are and how long.
    fn finish_by_size(self, context: &Context<'_>) -> Result<LoadedValue<'static>, Flaw> {
        let limits = context.limits;
        let is_table = self.count > limits.hash_max_listpack_entries()
            || self.longest > limits.hash_max_listpack_value();
        self.finish(is_table)
    }

    /// As `finish`, where Redis only looks at how many fields there are.
    fn finish_by_count(self, context: &Context<'_>) -> Result<LoadedValue<'static>, Flaw> {
        let is_table = self.count > context.limits.hash_max_listpack_entries();
        self.finish(is_table)
    }
}

/// Fields and values as strings.
pub(super) fn read_plain(
    input: &mut Input<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let count = input.count(2)?;
    let (mut draft, mut field) = (Draft::new(context), Vec::new());
    for _ in 0..count {
        field.clear();
        field.extend_from_slice(input.string()?);
        draft.add(&field, input.string()?)?;
    }
    draft.finish_by_size(context)
}

/// The earliest deadline of a hash's fields, from which others are counted.
pub(super) fn read_first_deadline(input: &mut Input<'_>) -> Result<u64, Flaw> {
    let first_ms = u64::from_le_bytes(input.array()?);
    // One more than the latest stands for "none".
    if first_ms <= LATEST_DEADLINE_MS + 1 {
        Ok(first_ms)
    } else {
        damaged("a hash with a first deadline out of range")
    }
}

/// Deadline, field, value, as strings. A deadline is 0 for none, else one more than what it lies
/// after `first_ms`; or the time itself where that is 0.
pub(super) fn read_with_deadlines(
    input: &mut Input<'_>,
    context: &Context<'_>,
    first_ms: u64,
) -> Result<LoadedValue<'static>, Flaw> {
    let count = input.count(3)?;
    let (mut draft, mut field) = (Draft::new(context), Vec::new());
    for _ in 0..count {
        let after = input.length()?;
        let deadline_ms = match (after, first_ms) {
            (0, _) | (_, 0) => after,
            _ => after.saturating_add(first_ms - 1),
        };
        field.clear();
        field.extend_from_slice(input.string()?);
        draft.add_until(&field, input.string()?, deadline_ms)?;
    }
    if count > 0 {
        draft.large().expect_deadlines();
    }
    draft.finish_by_size(context)
}

/// Field, value, deadline in milliseconds or -1, as Valkey has it.
pub(super) fn read_of_valkey(
    input: &mut Input<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let count = input.count(10)?;
    let (mut draft, mut field, mut value) = (Draft::new(context), Vec::new(), Vec::new());
    for _ in 0..count {
        field.clear();
        field.extend_from_slice(input.string()?);
        value.clear();
        value.extend_from_slice(input.string()?);
        match i64::from_le_bytes(input.array()?) {
            -1 => draft.add_until(&field, &value, 0)?,
            deadline_ms => draft.add_until(&field, &value, deadline_ms.cast_unsigned())?,
        }
    }
    if count > 0 {
        draft.large().expect_deadlines();
    }
    draft.finish_by_size(context)
}

/// Fields and values in turn.
pub(super) fn of_pairs<'p>(
    pack: impl Pack<'p>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    pairs(pack, context)?.finish_by_count(context)
}

/// A hash of Redis before 2.6.
pub(super) fn of_zipmap(
    pack: Zipmap<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    pairs(pack, context)?.finish_by_size(context)
}

fn pairs<'p>(mut pack: impl Pack<'p>, context: &Context<'_>) -> Result<Draft, Flaw> {
    let mut draft = Draft::new(context);
    let (mut field_text, mut value_text) = (itoa::Buffer::new(), itoa::Buffer::new());
    while let Some(field) = pack.next_item()? {
        let Some(value) = pack.next_item()? else {
            return damaged("a hash with a field without a value");
        };
        draft.add(field.text(&mut field_text), value.text(&mut value_text))?;
    }
    Ok(draft)
}

/// Field, value, deadline in turn; 0 is no deadline.
pub(super) fn of_triples(
    mut pack: Listpack<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let mut draft = Draft::new(context);
    let (mut field_text, mut value_text) = (itoa::Buffer::new(), itoa::Buffer::new());
    while let Some(field) = pack.next_item()? {
        let (Some(value), Some(Item::Integer(deadline_ms))) =
            (pack.next_item()?, pack.next_item()?)
        else {
            return damaged("a hash with a field without value and deadline");
        };
        let deadline_ms = deadline_ms.cast_unsigned();
        draft.add_until(field.text(&mut field_text), value.text(&mut value_text), deadline_ms)?;
    }
    if draft.count > 0 {
        draft.large().expect_deadlines();
    }
    draft.finish_by_count(context)
}
