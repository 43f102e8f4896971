//! Streams: nodes of entries, what the stream remembers, and its groups.
//!
//! ```text
//! node      key: 16 bytes of the base id, as a string | listpack, as a string
//! listpack  live | deleted | count of names | name ... | 0 | entry ...
//! entry     flags | milliseconds | sequence, both from the base | value ... | count of elements
//!           or, with names of its own: … | count of names | (name | value) ... | …
//! facts     length | last id | from STREAM_2: first id | greatest deleted id | ever added
//! group     name | last id | from STREAM_2: entries read | pending ... | consumers ...
//! pending   id: 16 bytes | delivered: ms | deliveries
//! consumer  name | seen: ms | from STREAM_3: active: ms | ids of pending entries: 16 bytes ...
//! producer  from STREAM_4: seconds | most ids | (name | (its id | entry's id) ...) ... |
//!           how many came, and how many again
//! ```
//! Source: t_stream.c and rdb.c of Redis 7.4

use super::flaw::{Flaw, damaged};
use super::input::Input;
use super::value::{Context, LoadedValue};
use crate::persistence::rdb::kinds::kind;
use crate::persistence::rdb::packs::{Item, Listpack, Pack};
use crate::store::Object;
use crate::types::stream::{Facts, Group, Id, Keeping, NewNode, Pending, Producers, Stream};
use std::collections::BTreeMap;

const DELETED: i64 = 1;
const SAME_NAMES: i64 = 2;
/// Id, time and count of a pending entry take at least so many bytes.
const PENDING_BYTES: u64 = 25;

pub(super) fn read(
    input: &mut Input<'_>,
    kind_byte: u8,
    context: &Context<'_>,
) -> Result<LoadedValue<'static>, Flaw> {
    let mut stream = Stream::new();
    let nodes = input.count(1)?;
    for _ in 0..nodes {
        read_node(input, &mut stream)?;
    }
    read_facts(input, kind_byte, &mut stream)?;
    let groups = input.count(1)?;
    for _ in 0..groups {
        read_group(input, kind_byte, &mut stream)?;
    }
    if kind_byte >= kind::STREAM_4 {
        read_producers(input, context, &mut stream)?;
    }
    Ok(LoadedValue::Object(Object::Stream(stream)))
}

fn read_node(input: &mut Input<'_>, stream: &mut Stream) -> Result<(), Flaw> {
    let Ok(key) = input.string()?.try_into() else {
        return damaged("a node of a stream whose key is no id");
    };
    let base = id_of(key);
    let node = node_of(base, Listpack::new(input.string()?)?)?;
    match stream.restore_node(node) {
        true => Ok(()),
        false => damaged("nodes of a stream out of order"),
    }
}

fn id_of(bytes: [u8; 16]) -> Id {
    let both = u128::from_be_bytes(bytes);
    Id { ms: (both >> 64) as u64, seq: both as u64 }
}

/// The elements of a node's listpack.
struct Elements<'p> {
    pack: Listpack<'p>,
    /// How many of them there can be.
    most: usize,
}

impl<'p> Elements<'p> {
    fn next(&mut self) -> Result<Item<'p>, Flaw> {
        self.pack.next_item()?.ok_or(Flaw::Damaged("a node of a stream that ends early".into()))
    }

    fn number(&mut self) -> Result<i64, Flaw> {
        match self.next()? {
            Item::Integer(number) => Ok(number),
            Item::Bytes(_) => damaged("a node of a stream with a text where a number should be"),
        }
    }

    /// How many elements follow of some sort.
    fn count(&mut self) -> Result<usize, Flaw> {
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.most => Ok(count),
            _ => damaged("a node of a stream with more elements than it has room for"),
        }
    }
}

fn node_of(base: Id, pack: Listpack<'_>) -> Result<NewNode, Flaw> {
    let mut elements = Elements { most: pack.bytes_left(), pack };
    let (live, dead) = (elements.count()?, elements.count()?);
    let names = elements.count()?;
    let names: Vec<Item<'_>> = (0..names).map(|_| elements.next()).collect::<Result<_, _>>()?;
    if elements.number()? != 0 {
        return damaged("a node of a stream without an end of its names");
    }
    let mut texts: Vec<itoa::Buffer> = names.iter().map(|_| itoa::Buffer::new()).collect();
    let names: Vec<&[u8]> =
        names.iter().zip(&mut texts).map(|(name, text)| name.text(text)).collect();
    let mut node = NewNode::new(base, &names);
    let mut fields = Fields::default();
    let mut found = [0, 0];
    for _ in 0..live.saturating_add(dead) {
        let is_deleted = read_entry(base, &names, &mut elements, &mut fields, &mut node)?;
        found[usize::from(is_deleted)] += 1;
    }
    if found != [live, dead] || elements.pack.next_item()?.is_some() {
        return damaged("a node of a stream with other entries than it says");
    }
    Ok(node)
}

/// The elements of one entry, one after the other.
#[derive(Default)]
struct Fields {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Fields {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[index]]
    }
}

/// Reads an entry into `node`; tells whether it was deleted.
fn read_entry(
    base: Id,
    names: &[&[u8]],
    elements: &mut Elements<'_>,
    fields: &mut Fields,
    node: &mut NewNode,
) -> Result<bool, Flaw> {
    let flags = elements.number()?;
    let [ms, seq] = [elements.number()?, elements.number()?].map(i64::cast_unsigned);
    let id = Id { ms: base.ms.wrapping_add(ms), seq: base.seq.wrapping_add(seq) };
    let shares_names = flags & SAME_NAMES != 0;
    let count = if shares_names { names.len() } else { elements.count()? };
    let own = if shares_names { count } else { 2 * count };
    fields.clear();
    let mut text = itoa::Buffer::new();
    for _ in 0..own {
        fields.push(elements.next()?.text(&mut text));
    }
    // How many elements the entry had, for reading backwards.
    elements.number()?;
    let pair = |index: usize| match shares_names {
        true => (names[index], fields.get(index)),
        false => (fields.get(2 * index), fields.get(2 * index + 1)),
    };
    let pairs: Vec<(&[u8], &[u8])> = (0..count).map(pair).collect();
    let is_deleted = flags & DELETED != 0;
    if is_deleted {
        node.bury(id, &pairs, shares_names);
    } else if !node.push(id, &pairs, shares_names) {
        return damaged("entries of a stream out of order");
    }
    Ok(is_deleted)
}

fn read_id(input: &mut Input<'_>) -> Result<Id, Flaw> {
    Ok(Id { ms: input.length()?, seq: input.length()? })
}

fn read_facts(input: &mut Input<'_>, kind_byte: u8, stream: &mut Stream) -> Result<(), Flaw> {
    let length = input.length()?;
    let mut facts = Facts { last: read_id(input)?, added: length, ..Facts::default() };
    if kind_byte >= kind::STREAM_2 {
        // The first id is what it is.
        read_id(input)?;
        facts.max_deleted = read_id(input)?;
        facts.added = input.length()?;
    }
    match stream.restore_facts(facts) {
        true => Ok(()),
        false => damaged("a stream whose last id is before its last entry"),
    }
}

fn read_group(input: &mut Input<'_>, kind_byte: u8, stream: &mut Stream) -> Result<(), Flaw> {
    let name = input.string()?.to_vec();
    let last_delivered = read_id(input)?;
    let entries_read = match kind_byte >= kind::STREAM_2 {
        // -1 stands for "not known".
        true => Some(input.length()?).filter(|read| *read != u64::MAX),
        false => stream.facts().distance(last_delivered),
    };
    let mut group = Group::new(last_delivered, entries_read);
    let mut pending = BTreeMap::new();
    for _ in 0..input.count(PENDING_BYTES)? {
        let id = id_of(input.array()?);
        let delivered_ms = u64::from_le_bytes(input.array()?);
        if pending.insert(id, (delivered_ms, input.length()?)).is_some() {
            return damaged("a group of a stream with an entry that is pending twice");
        }
    }
    for _ in 0..input.count(1)? {
        read_consumer(input, kind_byte, &mut group, &mut pending)?;
    }
    if !pending.is_empty() {
        return damaged("a group of a stream with an entry that is pending for nobody");
    }
    match stream.add_group(&name, group) {
        true => Ok(()),
        false => damaged("a stream with a group that comes twice"),
    }
}

fn read_consumer(
    input: &mut Input<'_>,
    kind_byte: u8,
    group: &mut Group,
    pending: &mut BTreeMap<Id, (u64, u64)>,
) -> Result<(), Flaw> {
    let name = input.string()?.to_vec();
    if group.find_consumer(&name).is_some() {
        return damaged("a group of a stream with a consumer that comes twice");
    }
    let seen_ms = u64::from_le_bytes(input.array()?);
    let active_ms = match kind_byte >= kind::STREAM_3 {
        // -1 stands for "never".
        true => Some(u64::from_le_bytes(input.array()?)).filter(|ms| *ms != u64::MAX),
        false => Some(seen_ms),
    };
    let consumer = group.add_consumer(&name, seen_ms);
    group.consumer_mut(consumer).active_ms = active_ms;
    for _ in 0..input.count(16)? {
        let id = id_of(input.array()?);
        let Some((delivered_ms, deliveries)) = pending.remove(&id) else {
            return damaged("a consumer of a stream with an entry that is not pending");
        };
        group.set_pending(id, Pending { consumer, delivered_ms, deliveries });
    }
    Ok(())
}

/// What producers sent lately, so that it is known when it comes again.
fn read_producers(
    input: &mut Input<'_>,
    context: &Context<'_>,
    stream: &mut Stream,
) -> Result<(), Flaw> {
    let (Ok(seconds), Ok(ids)) = (input.length()?.try_into(), input.length()?.try_into()) else {
        return damaged("a stream that keeps ids of producers for ever");
    };
    let keeping = Keeping { seconds, ids };
    let mut producers = Producers::new(keeping);
    for _ in 0..input.count(2)? {
        let name = input.string()?.to_vec();
        for _ in 0..input.count(3)? {
            let sent = input.string()?.to_vec();
            let id = read_id(input)?;
            // Their time has not come while they are read: it is 0.
            if producers.find(&name, &sent, 0).is_some() {
                return damaged("a stream with an id of a producer that comes twice");
            }
            producers.note(&name, &sent, id, 0);
        }
    }
    producers.added = input.length()?;
    producers.duplicates = input.length()?;
    let limits = context.limits;
    let usual = Keeping {
        seconds: limits.stream_idmp_duration_s() as u32,
        ids: limits.stream_idmp_maxsize() as u32,
    };
    // Most streams have no producers: what is as usual takes no memory.
    if producers.added > 0 || keeping != usual {
        stream.producers_mut(|| producers);
    }
    Ok(())
}
