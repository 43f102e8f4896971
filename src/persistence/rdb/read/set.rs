//! Sets: from members in whatever form to one for the store.

use super::flaw::{Flaw, damaged};
use super::input::Input;
use super::value::{Context, LoadedValue};
use crate::persistence::rdb::packs::{IntSetPack, Item, Listpack, Pack};
use crate::store::{self, Object, PackedKind};
use crate::types::packed::Piece;
use crate::types::set::{Encoding, Limits, Set, Stored};

fn limits(limits: &store::Limits) -> Limits {
    Limits {
        intset_entries: limits.set_max_intset_entries(),
        listpack_entries: limits.set_max_listpack_entries(),
        listpack_value: limits.set_max_listpack_value(),
    }
}

fn add(set: &mut Set, member: &[u8], limits: &Limits) -> Result<(), Flaw> {
    if set.add(member, limits) { Ok(()) } else { damaged("a set with a member that comes twice") }
}

fn finish(set: Set, context: &Context<'_>) -> Result<LoadedValue<'static>, Flaw> {
    if set.is_empty() {
        return Err(Flaw::Empty);
    }
    Ok(match set.stored(context.room) {
        Stored::Integers(bytes) => LoadedValue::Packed(PackedKind::IntSet, Piece::from_vec(bytes)),
        Stored::Packed(piece) => LoadedValue::Packed(PackedKind::Set, piece),
        Stored::Large(set) => LoadedValue::Object(Object::Set(set)),
    })
}

/// Members as strings.
pub(super) fn read_plain(
    input: &mut Input<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let count = input.count(1)?;
    let limits = limits(context.limits);
    // Redis makes a table of so many whatever they are.
    let is_table = count > limits.intset_entries;
    let mut set = Set::empty(if is_table { Encoding::HashTable } else { Encoding::IntSet });
    for _ in 0..count {
        add(&mut set, input.string()?, &limits)?;
    }
    finish(set, context)
}

/// A listpack of members: Redis looks at how many there are, not at how long they are.
pub(super) fn of_listpack(
    mut pack: Listpack<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let most = context.limits.set_max_listpack_entries();
    let is_table = pack.announced().is_none_or(|count| count > most);
    let mut set = Set::empty(if is_table { Encoding::HashTable } else { Encoding::ListPack });
    let unlimited =
        Limits { intset_entries: 0, listpack_entries: usize::MAX, listpack_value: usize::MAX };
    let mut text = itoa::Buffer::new();
    while let Some(member) = pack.next_item()? {
        add(&mut set, member.text(&mut text), &unlimited)?;
    }
    finish(set, context)
}

/// Integers in order.
pub(super) fn of_integers(
    mut pack: IntSetPack<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let limits = limits(context.limits);
    let is_table = pack.len() > limits.intset_entries;
    let mut set = Set::empty(if is_table { Encoding::HashTable } else { Encoding::IntSet });
    let mut text = itoa::Buffer::new();
    while let Some(member) = pack.next_item()? {
        if let Item::Integer(_) = member {
            add(&mut set, member.text(&mut text), &limits)?;
        }
    }
    finish(set, context)
}
