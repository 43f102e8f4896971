//! What each type becomes.
//!
//! ```text
//! string        number or bytes
//! list          listpacks, one for each node as Redis would cut it    version 9: elements
//! set           integers in order │ one listpack, from 11 on │ members
//! sorted set    one listpack, from 10 on │ members with scores, the greatest first
//! hash          one listpack, from 10 on │ fields with values │ fields with deadlines
//! ```
//! A container is packed where Redis would have it packed, whatever its form here. Version 9 packed
//! small ones as ziplists; it reads the plain forms as well, and packs them itself.
//!
//! Deadlines of fields came with version 12. An older reader cannot have them, and a field that
//! lives for ever is not what was promised: a value with such deadlines is written as version 12
//! has it, and the encoder says that it needs that version.

use super::encoder::{Encoder, Sink};
use crate::persistence::rdb::kinds::*;
use crate::store::{Object, PackedKind, Value};
use crate::types::hash::{Form, Hash};
use crate::types::list::{Block, List, Order};
use crate::types::number::FloatBuffer;
use crate::types::packed::{Layout, Packed};
use crate::types::set::{self, Encoding, Member, int_set::IntSet};
use crate::types::sorted_set::{self, Direction};
use crate::types::stream::Stream;
use std::ops::ControlFlow;

/// A key as it is written.
pub struct Record<'a> {
    /// Its name.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a Value<'a>,
    /// When it dies, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
    /// How it was used.
    pub usage: Usage,
}

/// What is told of a key's use: what eviction goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Nothing: eviction does not ask.
    Untold,
    /// Seconds since it was used.
    Idle(u32),
    /// How often it was used, as OBJECT FREQ tells.
    Frequency(u8),
}

/// A value, seen as what it becomes.
pub enum Shown<'a> {
    /// A string that is a number.
    Number(i64),
    /// Any other string.
    String(&'a [u8]),
    /// A packed list.
    SmallList(Packed<'a>),
    /// A list.
    List(&'a List),
    /// A set, and how Redis would have it.
    Set(set::View<'a>, Encoding),
    /// A sorted set.
    SortedSet(sorted_set::View<'a>),
    /// A packed hash.
    SmallHash(Packed<'a>),
    /// A hash.
    Hash(&'a Hash),
    /// A stream.
    Stream(&'a Stream),
}

impl<'a> Shown<'a> {
    /// What a value is.
    pub fn of(value: &'a Value<'_>) -> Self {
        match value {
            Value::Int(number) => Shown::Number(*number),
            Value::Bytes(bytes) => Shown::String(bytes),
            Value::Shared(bytes) => Shown::String(bytes),
            Value::Packed(kind, bytes) => Shown::of_packed(*kind, bytes),
            Value::Object(object) => Shown::of_object(object),
        }
    }

    fn of_packed(kind: PackedKind, bytes: &'a [u8]) -> Self {
        match kind {
            PackedKind::List => Shown::SmallList(Packed::new(bytes, Layout::Single)),
            PackedKind::Hash => Shown::SmallHash(Packed::new(bytes, Layout::Pair)),
            PackedKind::SortedSet => Shown::SortedSet(sorted_set::View::packed(bytes)),
            PackedKind::IntSet => {
                Shown::Set(set::View::Integers(IntSet::new(bytes)), Encoding::IntSet)
            }
            PackedKind::Set => {
                let members = Packed::new(bytes, Layout::Single);
                let is_table = members.is_converted();
                let encoding = if is_table { Encoding::HashTable } else { Encoding::ListPack };
                Shown::Set(set::View::Packed(members), encoding)
            }
        }
    }

    fn of_object(object: &'a Object) -> Self {
        match object {
            Object::List(list) => Shown::List(list),
            Object::Set(set) => Shown::Set(set.view(), set.form()),
            Object::Hash(hash) => Shown::Hash(hash),
            Object::SortedSet(set) => Shown::SortedSet(sorted_set::View::Large(set)),
            Object::Stream(stream) => Shown::Stream(stream),
            #[cfg(test)]
            Object::Sample(bytes) => Shown::String(bytes),
        }
    }

    /// The byte that tells a reader of this version what follows.
    fn kind(&self, version: u16) -> u8 {
        let has_listpacks = version >= FIRST_WITH_LISTPACKS;
        match self {
            Shown::Number(_) | Shown::String(_) => kind::STRING,
            Shown::SmallList(_) | Shown::List(_) if has_listpacks => kind::LIST_QUICKLIST_2,
            Shown::SmallList(_) | Shown::List(_) => kind::LIST,
            Shown::Set(_, Encoding::IntSet) => kind::SET_INTSET,
            Shown::Set(_, Encoding::ListPack) if version >= FIRST_WITH_SET_LISTPACKS => {
                kind::SET_LISTPACK
            }
            Shown::Set(..) => kind::SET,
            Shown::SortedSet(set) if has_listpacks && set.is_listpack() => {
                kind::SORTED_SET_LISTPACK
            }
            Shown::SortedSet(_) => kind::SORTED_SET_2,
            Shown::SmallHash(hash) if has_listpacks && !hash.is_converted() => kind::HASH_LISTPACK,
            Shown::SmallHash(_) => kind::HASH,
            Shown::Hash(hash) if hash.next_due().is_some() => kind::HASH_DEADLINES,
            Shown::Hash(hash) if has_listpacks && hash.form() != Form::Table => kind::HASH_LISTPACK,
            Shown::Hash(_) => kind::HASH,
            Shown::Stream(_) if version >= FIRST_WITH_SET_LISTPACKS => kind::STREAM_3,
            Shown::Stream(_) if has_listpacks => kind::STREAM_2,
            Shown::Stream(_) => kind::STREAM,
        }
    }
}

impl<S: Sink> Encoder<S> {
    /// A key with all that belongs to it.
    pub fn record(&mut self, record: &Record<'_>) {
        if let Some(ms) = record.deadline_ms {
            self.byte(opcode::DEADLINE_MS);
            self.milliseconds(ms);
        }
        match record.usage {
            Usage::Untold => {}
            Usage::Idle(seconds) => {
                self.byte(opcode::IDLE);
                self.length(seconds.into());
            }
            Usage::Frequency(count) => self.sink.write(&[opcode::FREQUENCY, count]),
        }
        let shown = Shown::of(record.value);
        let kind = self.announce(&shown);
        self.string(record.key);
        self.shown(&shown, kind);
    }

    /// A value by itself, behind the byte that says what it is.
    pub fn value(&mut self, value: &Value<'_>) {
        let shown = Shown::of(value);
        let kind = self.announce(&shown);
        self.shown(&shown, kind);
    }

    fn announce(&mut self, shown: &Shown<'_>) -> u8 {
        let kind = shown.kind(self.style.version);
        if kind == kind::HASH_DEADLINES {
            self.version = self.version.max(FIRST_WITH_FIELD_DEADLINES);
        }
        self.byte(kind);
        kind
    }

    fn shown(&mut self, shown: &Shown<'_>, kind: u8) {
        match shown {
            Shown::Number(number) => self.number(*number),
            Shown::String(bytes) => self.string(bytes),
            Shown::SmallList(list) if kind == kind::LIST => self.elements(*list),
            Shown::SmallList(list) => self.small_list(*list),
            Shown::List(list) if kind == kind::LIST => self.list(list),
            Shown::List(list) => self.quicklist(list),
            Shown::Set(set, _) if kind == kind::SET_INTSET => self.int_set(set),
            Shown::Set(set, _) if kind == kind::SET_LISTPACK => self.set_listpack(set),
            Shown::Set(set, _) => self.set(set),
            Shown::SortedSet(set) if kind == kind::SORTED_SET_2 => self.sorted_set(set),
            Shown::SortedSet(set) => self.sorted_set_listpack(set),
            Shown::SmallHash(hash) => {
                let fields = hash.entries().map(|entry| (entry.name, entry.value));
                self.hash(fields, hash.count(), kind);
            }
            Shown::Hash(hash) if kind == kind::HASH_DEADLINES => self.hash_with_deadlines(hash),
            // Nothing has a deadline: all fields are alive at any time.
            Shown::Hash(hash) => self.hash(hash.iter(0), hash.len(0), kind),
            Shown::Stream(stream) => self.stream(stream, kind),
        }
    }

    /// What the encoder's listpack has, as a string.
    fn packed(&mut self) {
        let mut pack = std::mem::take(&mut self.pack);
        self.string(pack.end());
        self.pack = pack;
    }

    fn elements(&mut self, list: Packed<'_>) {
        self.length(list.count() as u64);
        list.entries().for_each(|entry| self.string(entry.name));
    }

    fn small_list(&mut self, list: Packed<'_>) {
        self.length(1);
        self.length(NODE_PACKED);
        self.pack.begin();
        list.entries().for_each(|entry| self.pack.push(entry.name));
        self.packed();
    }

    fn list(&mut self, list: &List) {
        self.length(list.len() as u64);
        list.walk(0..list.len(), Order::Forward, &mut |element| {
            self.string(element.bytes);
            self.sink.rest();
            ControlFlow::Continue(())
        });
    }

    fn quicklist(&mut self, list: &List) {
        self.length(list.blocks().len() as u64);
        list.blocks().for_each(|block| self.node(block));
    }

    fn node(&mut self, block: &Block) {
        let is_plain = block.is_large();
        self.length(if is_plain { NODE_PLAIN } else { NODE_PACKED });
        self.pack.begin();
        let _: ControlFlow<()> = block.walk(0..block.count(), &mut |element| {
            match is_plain {
                true => self.string(element.bytes),
                false => self.pack.push(element.bytes),
            }
            ControlFlow::Continue(())
        });
        if !is_plain {
            self.packed();
        }
        self.sink.rest();
    }

    fn int_set(&mut self, set: &set::View<'_>) {
        let mut integers = Vec::with_capacity(set.len());
        set.for_each(|member| {
            integers.push(member.integer().expect("an int set has only integers"));
        });
        integers.sort_unstable();
        let widths = integers.first().into_iter().chain(integers.last()).map(|end| width(*end));
        let width = widths.max().unwrap_or(2);
        let mut bytes = Vec::with_capacity(8 + width * integers.len());
        bytes.extend_from_slice(&(width as u32).to_le_bytes());
        bytes.extend_from_slice(&(integers.len() as u32).to_le_bytes());
        for integer in integers {
            bytes.extend_from_slice(&integer.to_le_bytes()[..width]);
        }
        self.string(&bytes);
    }

    fn set_listpack(&mut self, set: &set::View<'_>) {
        self.pack.begin();
        set.for_each(|member| match member {
            Member::Integer(number) => self.pack.push_number(number),
            Member::Bytes(bytes) => self.pack.push(bytes),
        });
        self.packed();
    }

    fn set(&mut self, set: &set::View<'_>) {
        self.length(set.len() as u64);
        set.for_each(|member| {
            match member {
                Member::Integer(number) => self.number(number),
                Member::Bytes(bytes) => self.string(bytes),
            }
            self.sink.rest();
        });
    }

    fn sorted_set_listpack(&mut self, set: &sorted_set::View<'_>) {
        self.pack.begin();
        let mut text = FloatBuffer::new();
        for (member, score) in set.walk(0..set.len(), Direction::Up) {
            self.pack.push(member);
            self.pack.push(text.format(score).as_bytes());
        }
        self.packed();
    }

    fn sorted_set(&mut self, set: &sorted_set::View<'_>) {
        self.length(set.len() as u64);
        // A reader that adds at the low end has least to do with this order.
        for (member, score) in set.walk(0..set.len(), Direction::Down) {
            self.string(member);
            self.sink.write(&score.to_le_bytes());
            self.sink.rest();
        }
    }

    fn hash<'h>(
        &mut self,
        fields: impl Iterator<Item = (&'h [u8], &'h [u8])>,
        count: usize,
        kind: u8,
    ) {
        if kind == kind::HASH_LISTPACK {
            self.pack.begin();
            for (field, value) in fields {
                self.pack.push(field);
                self.pack.push(value);
            }
            return self.packed();
        }
        self.length(count as u64);
        for (field, value) in fields {
            self.string(field);
            self.string(value);
            self.sink.rest();
        }
    }

    /// Deadlines count from the first one, which goes before; 0 is none.
    fn hash_with_deadlines(&mut self, hash: &Hash) {
        let first_ms = hash.next_due().expect("some field has a deadline");
        self.milliseconds(first_ms);
        self.length(hash.len(0) as u64);
        for (field, value, deadline_ms) in hash.iter_with_deadlines() {
            self.length(deadline_ms.map_or(0, |ms| ms - first_ms + 1));
            self.string(field);
            self.string(value);
            self.sink.rest();
        }
    }
}

/// How many bytes an integer takes in an int set.
fn width(integer: i64) -> usize {
    match integer {
        -0x8000..=0x7fff => 2,
        -0x8000_0000..=0x7fff_ffff => 4,
        _ => 8,
    }
}
