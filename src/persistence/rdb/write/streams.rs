//! A stream: its nodes as listpacks, what it remembers, its groups.
//!
//! ```text
//! nodes: count | (id of its first entry: 16 bytes big-endian, as a string | listpack) …
//! entries: count | last id: two lengths
//! from 10 on: first id | greatest deleted id | entries ever added
//! groups: count | (name | last id delivered | from 10 on: entries read | pending | consumers) …
//! pending: count | (id: 16 bytes | delivered: ms, 8 bytes | deliveries) …
//! consumers: count | (name | seen: ms | from 11 on: active: ms or -1 | ids pending for it) …
//!
//! node    live | deleted | names: count | name … | 0 | entry …
//! entry   flags | id, less that of the node: two numbers | value … | elements before this
//!         with names of its own: … | fields: count | (name | value) … | elements
//! ```
//! Deleted entries are left out, where Redis has them marked: nobody reads them.

use super::encoder::{Encoder, Sink};
use crate::persistence::rdb::kinds::kind;
use crate::types::stream::{Entry, Group, Id, Node, Stream};

/// The flag of an entry whose names are those of its node.
const SAME_NAMES: i64 = 2;
/// Flags and the two numbers of the id.
const ELEMENTS_OF_HEAD: usize = 3;

impl<S: Sink> Encoder<S> {
    pub(super) fn stream(&mut self, stream: &Stream, kind: u8) {
        self.length(stream.log().blocks_len() as u64);
        for node in stream.log().nodes() {
            self.string(&id_bytes(node.base()));
            self.stream_node(node);
            self.sink.rest();
        }
        let facts = stream.facts();
        self.length(facts.length);
        self.stream_id(facts.last);
        if kind != kind::STREAM {
            self.stream_id(facts.first);
            self.stream_id(facts.max_deleted);
            self.length(facts.added);
        }
        self.length(stream.groups().len() as u64);
        for (name, group) in stream.groups() {
            self.string(name);
            self.group(group, kind);
        }
    }

    fn stream_id(&mut self, id: Id) {
        self.length(id.ms);
        self.length(id.seq);
    }

    fn stream_node(&mut self, node: Node<'_>) {
        let mut pack = std::mem::take(&mut self.pack);
        pack.begin();
        pack.push_number(node.len() as i64);
        pack.push_number(0);
        pack.push_number(node.names().len() as i64);
        node.names().for_each(|name| pack.push(name));
        pack.push_number(0);
        let base = node.base();
        for entry in node.entries() {
            let id = entry.id;
            pack.push_number(if entry.has_own_names() { 0 } else { SAME_NAMES });
            // The sequence may be less than that of the node: the difference wraps.
            pack.push_number(id.ms.wrapping_sub(base.ms).cast_signed());
            pack.push_number(id.seq.wrapping_sub(base.seq).cast_signed());
            let elements = ELEMENTS_OF_HEAD + fields(&mut pack, entry);
            pack.push_number(elements as i64);
        }
        self.string(pack.end());
        self.pack = pack;
    }

    fn group(&mut self, group: &Group, kind: u8) {
        self.stream_id(group.last_delivered);
        if kind != kind::STREAM {
            // Unknown is -1.
            self.length(group.entries_read.unwrap_or(u64::MAX));
        }
        self.length(group.pending_len() as u64);
        for (id, pending) in group.pending_between(Id::MIN, Id::MAX) {
            self.sink.write(&id_bytes(id));
            self.milliseconds(pending.delivered_ms);
            self.length(pending.deliveries);
            self.sink.rest();
        }
        self.length(group.consumers().len() as u64);
        for consumer in group.consumers() {
            self.string(&consumer.name);
            self.milliseconds(consumer.seen_ms);
            if kind == kind::STREAM_3 {
                self.milliseconds(consumer.active_ms.unwrap_or(u64::MAX));
            }
            self.length(consumer.pending_len() as u64);
            let number = group.find_consumer(&consumer.name).expect("a consumer has its name");
            for (id, _) in group.pending_of(number, Id::MIN, Id::MAX) {
                self.sink.write(&id_bytes(id));
                self.sink.rest();
            }
        }
    }
}

/// Writes an entry's fields; how many elements that were.
fn fields(pack: &mut super::listpack::Listpack, entry: Entry<'_>) -> usize {
    let count = entry.len();
    if entry.has_own_names() {
        pack.push_number(count as i64);
    }
    for (name, value) in entry.fields() {
        if entry.has_own_names() {
            pack.push(name);
        }
        pack.push(value);
    }
    if entry.has_own_names() { 2 * count + 1 } else { count }
}

fn id_bytes(id: Id) -> [u8; 16] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}
