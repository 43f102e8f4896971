//! Lists: from elements in whatever form to one for the store.

use super::flaw::{Flaw, damaged};
use super::input::{Input, Text};
use super::value::{Context, LoadedValue};
use crate::persistence::rdb::kinds::{NODE_PACKED, NODE_PLAIN};
use crate::persistence::rdb::packs::{Item, Listpack, Pack, Ziplist};
use crate::store::{Object, PackedKind};
use crate::types::list::{Element, End, Fill, List};
use crate::types::packed::{self, Layout, Packed, Piece};
use bytes::Bytes;

/// A list under construction: packed while it fits.
struct Draft {
    room: usize,
    setting: i64,
    piece: Piece,
    large: Option<List>,
    count: usize,
}

impl Draft {
    fn new(context: &Context<'_>) -> Self {
        Draft {
            room: context.room,
            setting: context.limits.list_max_listpack_size(),
            piece: packed::empty(),
            large: None,
            count: 0,
        }
    }

    fn add(&mut self, element: Element<'_>) {
        let fits = self.large.is_none()
            && self.piece.len() + packed::element_bytes(element.bytes.len()) <= self.room
            && !Fill::new(self.setting).is_exceeded(0, self.count + 1);
        if fits {
            packed::push(&mut self.piece, element.bytes);
        } else {
            self.large().push(End::Right, element);
        }
        self.count += 1;
    }

    fn add_item(&mut self, item: Item<'_>) {
        self.add(Element::from(item.text(&mut itoa::Buffer::new())));
    }

    /// Adds the elements of a pack; tells whether there were any.
    fn add_all<'p>(&mut self, mut pack: impl Pack<'p>) -> Result<bool, Flaw> {
        let before = self.count;
        while let Some(item) = pack.next_item()? {
            self.add_item(item);
        }
        Ok(self.count > before)
    }

    fn large(&mut self) -> &mut List {
        self.large.get_or_insert_with(|| {
            let mut list = List::cut_by(self.setting);
            let packed = Packed::new(&self.piece, Layout::Single);
            packed.entries().for_each(|entry| list.push(End::Right, Element::from(entry.name)));
            list
        })
    }

    /// The list, which was in so many nodes: more than one stay a quicklist, however short.
    fn finish(mut self, nodes: usize) -> Result<LoadedValue<'static>, Flaw> {
        if self.count == 0 {
            return Err(Flaw::Empty);
        }
        if nodes > 1 {
            self.large();
        }
        let Some(mut list) = self.large else {
            packed::set_count(&mut self.piece, self.count);
            return Ok(LoadedValue::Packed(PackedKind::List, self.piece));
        };
        if nodes <= 1 {
            list.settle_new(self.setting);
        }
        Ok(LoadedValue::Object(Object::List(list)))
    }
}

/// Elements as strings.
pub(super) fn read_plain(
    input: &mut Input<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let count = input.count(1)?;
    let mut draft = Draft::new(context);
    for _ in 0..count {
        read_element(input, context, &mut draft)?;
    }
    draft.finish(1)
}

fn read_element(
    input: &mut Input<'_>,
    context: &Context<'_>,
    draft: &mut Draft,
) -> Result<(), Flaw> {
    match input.text(context.room)? {
        Text::Short(item) => draft.add_item(item),
        Text::Long(bytes) => draft.add(Element::from(&bytes as &Bytes)),
    }
    Ok(())
}

/// Nodes: ziplists, or listpacks and long elements between them.
pub(super) fn read_nodes(
    input: &mut Input<'_>,
    context: &Context<'_>,
    says_what: bool,
) -> Result<LoadedValue<'static>, Flaw> {
    let count = input.count(1)?;
    let (mut draft, mut nodes) = (Draft::new(context), 0);
    for _ in 0..count {
        let what = if says_what { Some(input.length()?) } else { None };
        let has_elements = match what {
            None => draft.add_all(Ziplist::new(input.string()?)?)?,
            Some(NODE_PACKED) => draft.add_all(Listpack::new(input.string()?)?)?,
            Some(NODE_PLAIN) => {
                read_element(input, context, &mut draft)?;
                true
            }
            Some(_) => return damaged("a node of a list of no known kind"),
        };
        nodes += usize::from(has_elements);
    }
    draft.finish(nodes)
}

/// One ziplist.
pub(super) fn of_ziplist(
    pack: Ziplist<'_>,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let mut draft = Draft::new(context);
    draft.add_all(pack)?;
    draft.finish(1)
}
