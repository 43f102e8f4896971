//! Record: a key with its value, as a look-up gives it back, and what goes in.
//!
//! `Record` and `RecordMut` are views of a block that live as long as the borrow of their table.
//! Strings up to about 1 KB lie in the block beside the key; longer ones are `Bytes`, containers
//! are boxed. A value that is edited through a `RecordMut` is weighed again when the view goes, so
//! that the table's account of foreign memory stays right.

use bytes::Bytes;
use triomphe::Arc;

use super::arena::{MAX_BLOCK_BYTES, block_bytes};
use super::block::{Block, Shape};
use super::object::Object;
use crate::types::hash::Hash;

/// What a slot of the table costs a record, about: 64 / 12 bytes at three quarters full.
const SLOT_BYTES: usize = 8;
/// Head and links, counted whether or not there is a deadline, so that gaining one moves nothing
/// out of the block.
const OVERHEAD_BYTES: usize = 24;
/// The longest key in a block: a large string's handle must fit beside it.
const MAX_SHORT_KEY_BYTES: usize = MAX_BLOCK_BYTES - OVERHEAD_BYTES - size_of::<Bytes>();
const BOXED_KEY_BYTES: u16 = 16;
/// The record of the owners of a large string, made by its first clone.
const SHARED_OVERHEAD_BYTES: usize = 24;

/// How a value is stored: the low four bits of a record's first byte. 0 is a free block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A string that is a 64-bit integer.
    Int = 1,
    /// A string in the block, as it was set.
    Bytes = 2,
    /// A string in the block that was edited (`raw` for OBJECT ENCODING, however short).
    Raw = 3,
    /// A string in an allocation of its own.
    Shared = 4,
    /// A container in allocations of its own.
    Object = 5,
    /// A hash in the block.
    Hash = 6,
    /// A set in the block.
    Set = 7,
    /// A set of integers in the block.
    IntSet = 8,
    /// A sorted set in the block.
    SortedSet = 9,
    /// A list in the block.
    List = 10,
}

/// Which container it is that lies in the block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PackedKind {
    /// Fields and values in turn.
    Hash = Kind::Hash as u8,
    /// Members as they came.
    Set = Kind::Set as u8,
    /// Integers in order.
    IntSet = Kind::IntSet as u8,
    /// Members with their scores, in order.
    SortedSet = Kind::SortedSet as u8,
    /// Elements in order.
    List = Kind::List as u8,
}

impl PackedKind {
    /// The name of the type, as TYPE answers it.
    pub fn type_name(self) -> &'static str {
        match self {
            PackedKind::Hash => "hash",
            PackedKind::Set | PackedKind::IntSet => "set",
            PackedKind::SortedSet => "zset",
            PackedKind::List => "list",
        }
    }

    /// The name of the encoding, as OBJECT ENCODING answers it. The first bit of the first byte
    /// says whether Redis would have unpacked the container.
    pub fn encoding(self, bytes: &[u8]) -> &'static str {
        let is_unpacked = bytes.first().is_some_and(|flags| flags & 1 != 0);
        match (self, is_unpacked) {
            (PackedKind::IntSet, false) => "intset",
            (PackedKind::Hash | PackedKind::Set | PackedKind::IntSet, true) => "hashtable",
            (PackedKind::SortedSet, true) => "skiplist",
            (PackedKind::List, true) => "quicklist",
            (_, false) => "listpack",
        }
    }

    #[inline]
    fn kind(self) -> Kind {
        Kind::from_bits(self as u8)
    }
}

impl Kind {
    /// Which container, if it is one in the block.
    #[inline]
    pub fn packed(self) -> Option<PackedKind> {
        match self {
            Kind::Hash => Some(PackedKind::Hash),
            Kind::Set => Some(PackedKind::Set),
            Kind::IntSet => Some(PackedKind::IntSet),
            Kind::SortedSet => Some(PackedKind::SortedSet),
            Kind::List => Some(PackedKind::List),
            _ => None,
        }
    }

    /// Whether the value is bytes in the block, without an address of its own.
    #[inline]
    pub(super) fn is_bytes(self) -> bool {
        matches!(self, Kind::Bytes | Kind::Raw) || self as u8 > Kind::Object as u8
    }

    #[inline]
    pub(super) fn from_bits(bits: u8) -> Kind {
        match bits {
            1 => Kind::Int,
            2 => Kind::Bytes,
            3 => Kind::Raw,
            4 => Kind::Shared,
            5 => Kind::Object,
            6 => Kind::Hash,
            7 => Kind::Set,
            8 => Kind::IntSet,
            9 => Kind::SortedSet,
            10 => Kind::List,
            _ => unreachable!("a live record has a kind"),
        }
    }
}

/// A value as it is read.
#[derive(Debug)]
pub enum Value<'a> {
    /// A string that is a 64-bit integer.
    Int(i64),
    /// A string in the record.
    Bytes(&'a [u8]),
    /// A string in an allocation of its own: a clone shares it.
    Shared(&'a Bytes),
    /// A container in the record.
    Packed(PackedKind, &'a [u8]),
    /// A container.
    Object(&'a Object),
}

/// A value to be stored.
#[derive(Debug)]
pub enum NewValue<'a> {
    /// A string that is a 64-bit integer.
    Int(i64),
    /// A string, copied.
    Bytes(&'a [u8]),
    /// A string made by an edit, copied: OBJECT ENCODING says raw.
    Raw(&'a [u8]),
    /// A string, kept without a copy. For long ones: a short slice of a large buffer pins it.
    Shared(Bytes),
    /// A container to lie in the record; it must fit there (`packed_room`).
    Packed(PackedKind, &'a [u8]),
    /// A container.
    Object(Arc<Object>),
}

impl From<Object> for NewValue<'_> {
    fn from(object: Object) -> Self {
        NewValue::Object(Arc::new(object))
    }
}

/// How many bytes a packed container may take beside `key`.
pub fn packed_room(key: &[u8]) -> usize {
    let key_bytes =
        if key.len() > MAX_SHORT_KEY_BYTES { usize::from(BOXED_KEY_BYTES) } else { key.len() };
    MAX_BLOCK_BYTES - OVERHEAD_BYTES - key_bytes
}

/// What a put does about the key's deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deadline {
    /// Leaves it as it is (SET KEEPTTL, APPEND, INCR …).
    Keep,
    /// The key lives for ever.
    Clear,
    /// The key dies at this time, in milliseconds since 1970.
    At(u64),
}

/// A record to read.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    block: Block<'a>,
}

impl<'a> Record<'a> {
    #[inline]
    pub(super) fn new(block: Block<'a>) -> Record<'a> {
        Record { block }
    }

    /// The key.
    #[inline]
    pub fn key(&self) -> &'a [u8] {
        self.block.key()
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> Value<'a> {
        value_of(self.block)
    }

    /// How the value is stored.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.block.shape().kind
    }

    /// Whether the value is a string.
    #[inline]
    pub fn is_string(&self) -> bool {
        (self.kind() as u8) < Kind::Object as u8
    }

    /// The name of the value's type, as TYPE answers it.
    pub fn type_name(&self) -> &'static str {
        match self.value() {
            Value::Int(_) | Value::Bytes(_) | Value::Shared(_) => "string",
            Value::Packed(kind, _) => kind.type_name(),
            Value::Object(object) => object.type_name(),
        }
    }

    /// When the key dies, in milliseconds since 1970. A record past it may still be here: readers
    /// compare.
    #[inline]
    pub fn deadline(&self) -> Option<u64> {
        self.block.deadline()
    }

    /// Whether the record is past its deadline, or is a hash whose every field is: absent for
    /// everybody, though it is still here.
    #[inline]
    pub fn is_dead(&self, now_ms: u64) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now_ms)
            || self.hash().is_some_and(|hash| hash.is_over(now_ms))
    }

    /// Whether it is a hash with fields past their deadline.
    #[inline]
    pub(super) fn has_dead_fields(&self, now_ms: u64) -> bool {
        self.hash().and_then(Hash::next_due).is_some_and(|ms| ms <= now_ms)
    }

    #[inline]
    fn hash(&self) -> Option<&'a Hash> {
        if self.kind() != Kind::Object {
            return None;
        }
        // SAFETY: the record is an object; the table's borrow covers the reference.
        unsafe { self.block.object().as_ref() }.as_hash()
    }

    /// The 24 bits eviction keeps for the record: a time of access or a frequency.
    #[inline]
    pub fn access(&self) -> u32 {
        self.block.access()
    }

    /// Notes an access; readers do it too, under the lock of the table.
    #[inline]
    pub fn set_access(&self, access: u32) {
        self.block.set_access(access);
    }

    /// Bytes the key and its value take, all included (MEMORY USAGE).
    pub fn bytes(&self) -> usize {
        SLOT_BYTES + block_bytes(self.block.shape().bytes()) + foreign_bytes(self.block)
    }
}

/// A record to edit in place.
pub struct RecordMut<'a> {
    block: Block<'a>,
    /// The table's account of memory outside the arena.
    foreign: &'a mut usize,
    /// What the record had there before an edit began.
    before: Option<usize>,
}

impl<'a> RecordMut<'a> {
    #[inline]
    pub(super) fn new(block: Block<'a>, foreign: &'a mut usize) -> RecordMut<'a> {
        RecordMut { block, foreign, before: None }
    }

    /// The record, to read.
    #[inline]
    pub fn read(&self) -> Record<'_> {
        Record::new(self.block)
    }

    /// The key.
    #[inline]
    pub fn key(&self) -> &[u8] {
        self.block.key()
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> Value<'_> {
        value_of(self.block)
    }

    /// How the value is stored.
    #[inline]
    pub fn kind(&self) -> Kind {
        self.block.shape().kind
    }

    /// When the key dies, in milliseconds since 1970.
    #[inline]
    pub fn deadline(&self) -> Option<u64> {
        self.block.deadline()
    }

    /// The 24 bits eviction keeps for the record.
    #[inline]
    pub fn access(&self) -> u32 {
        self.block.access()
    }

    /// Notes an access.
    #[inline]
    pub fn set_access(&self, access: u32) {
        self.block.set_access(access);
    }

    /// The integer, if the value is stored as one.
    #[inline]
    pub fn int_mut(&mut self) -> Option<&mut i64> {
        // SAFETY: the record is an integer, and `&mut self` is the only way to it.
        (self.kind() == Kind::Int).then(|| unsafe { self.block.int().as_mut() })
    }

    /// The bytes of a string in the record, for edits that keep its length. It counts as edited
    /// after it: its kind becomes `Raw`.
    #[inline]
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        let shape = self.block.shape();
        if !matches!(shape.kind, Kind::Bytes | Kind::Raw) {
            return None;
        }
        self.block.write_head(Shape { kind: Kind::Raw, ..shape }, self.block.access());
        Some(self.block.bytes_mut())
    }

    /// The container in the record, for edits that keep its length; `Db::splice` changes it.
    #[inline]
    pub fn packed_mut(&mut self) -> Option<&mut [u8]> {
        self.kind().packed().map(|_| self.block.bytes_mut())
    }

    /// The string in an allocation of its own, to edit or replace by another `Bytes`.
    pub fn shared_mut(&mut self) -> Option<&mut Bytes> {
        if self.kind() != Kind::Shared {
            return None;
        }
        self.weigh();
        // SAFETY: the record is a large string, and `&mut self` is the only way to it.
        Some(unsafe { self.block.shared().as_mut() })
    }

    /// The container, to edit. While a snapshot has it too, the record gets a copy of its own
    /// first: that takes as long as there are elements.
    pub fn object_mut(&mut self) -> Option<&mut Object> {
        if self.kind() != Kind::Object {
            return None;
        }
        self.weigh();
        // SAFETY: the record is an object, and `&mut self` is the only way to it.
        Some(Object::writable(unsafe { self.block.object().as_mut() }))
    }

    fn weigh(&mut self) {
        self.before.get_or_insert(foreign_bytes(self.block));
    }
}

impl Drop for RecordMut<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(before) = self.before {
            *self.foreign = *self.foreign - before + foreign_bytes(self.block);
        }
    }
}

#[inline]
fn value_of(block: Block<'_>) -> Value<'_> {
    match block.shape().kind {
        // SAFETY: the kind says what was written; the table's borrow covers the reference.
        Kind::Int => Value::Int(unsafe { block.int().read() }),
        Kind::Bytes | Kind::Raw => Value::Bytes(block.bytes()),
        // SAFETY: as above.
        Kind::Shared => Value::Shared(unsafe { block.shared().as_ref() }),
        // SAFETY: as above.
        Kind::Object => Value::Object(unsafe { block.object().as_ref() }),
        Kind::Hash => Value::Packed(PackedKind::Hash, block.bytes()),
        Kind::Set => Value::Packed(PackedKind::Set, block.bytes()),
        Kind::IntSet => Value::Packed(PackedKind::IntSet, block.bytes()),
        Kind::SortedSet => Value::Packed(PackedKind::SortedSet, block.bytes()),
        Kind::List => Value::Packed(PackedKind::List, block.bytes()),
    }
}

/// Bytes the record owns outside the arena; more than 0 if it owns anything.
pub(super) fn foreign_bytes(block: Block<'_>) -> usize {
    let shape = block.shape();
    let value = match value_of(block) {
        Value::Int(_) | Value::Bytes(_) | Value::Packed(..) => 0,
        Value::Shared(bytes) => bytes.len() + SHARED_OVERHEAD_BYTES,
        Value::Object(object) => object.weight() + size_of::<Object>().max(1),
    };
    if shape.boxed_key { value + block.key().len() } else { value }
}

/// Writes a value over one of the same kind and length; false if that is not so, or if the value
/// owns memory.
#[inline]
pub(super) fn overwrite(block: Block<'_>, value: &NewValue<'_>) -> bool {
    let shape = block.shape();
    let (kind, bytes) = match value {
        NewValue::Bytes(bytes) => (Kind::Bytes, bytes),
        NewValue::Raw(bytes) => (Kind::Raw, bytes),
        NewValue::Packed(kind, bytes) => (kind.kind(), bytes),
        NewValue::Int(number) if shape.kind == Kind::Int => {
            // SAFETY: the record is an integer.
            unsafe { block.int().write(*number) };
            return true;
        }
        _ => return false,
    };
    let fits = shape.kind == kind && usize::from(shape.value_bytes) == bytes.len();
    if fits {
        block.write_bytes(bytes);
    }
    fits
}

/// A value in the form it is written in, and the shape of its record.
pub(super) struct Draft<'a> {
    pub(super) shape: Shape,
    value: NewValue<'a>,
}

impl<'a> Draft<'a> {
    /// Decides how `value` is stored beside `key`; copies a string too long for the block.
    #[inline]
    pub(super) fn new(key: &[u8], value: NewValue<'a>) -> Draft<'a> {
        let boxed_key = key.len() > MAX_SHORT_KEY_BYTES;
        let key_bytes = if boxed_key { BOXED_KEY_BYTES } else { key.len() as u16 };
        let room = packed_room(key);
        let (kind, value_bytes, value) = match value {
            NewValue::Bytes(bytes) if bytes.len() <= room => (Kind::Bytes, bytes.len(), value),
            NewValue::Raw(bytes) if bytes.len() <= room => (Kind::Raw, bytes.len(), value),
            NewValue::Int(_) => (Kind::Int, size_of::<i64>(), value),
            NewValue::Bytes(bytes) | NewValue::Raw(bytes) => {
                let shared = Bytes::copy_from_slice(bytes);
                (Kind::Shared, size_of::<Bytes>(), NewValue::Shared(shared))
            }
            NewValue::Shared(_) => (Kind::Shared, size_of::<Bytes>(), value),
            NewValue::Packed(kind, bytes) => {
                assert!(bytes.len() <= room, "a packed container fits its record");
                (kind.kind(), bytes.len(), value)
            }
            NewValue::Object(_) => (Kind::Object, size_of::<Arc<Object>>(), value),
        };
        let value_bytes = value_bytes as u16;
        Draft {
            shape: Shape { kind, volatile: false, boxed_key, epoch: false, key_bytes, value_bytes },
            value,
        }
    }

    /// Writes the value into a block whose head announces this shape; gives back the bytes it
    /// owns outside the arena.
    #[inline]
    pub(super) fn write(self, block: Block<'_>) -> usize {
        match self.value {
            // SAFETY: the head announces an integer.
            NewValue::Int(number) => unsafe { block.int().write(number) },
            NewValue::Bytes(bytes) | NewValue::Raw(bytes) | NewValue::Packed(_, bytes) => {
                block.write_bytes(bytes);
            }
            NewValue::Shared(bytes) => {
                let weight = bytes.len() + SHARED_OVERHEAD_BYTES;
                // SAFETY: the head announces a large string.
                unsafe { block.shared().write(bytes) };
                return weight;
            }
            NewValue::Object(object) => {
                let weight = object.weight() + size_of::<Object>().max(1);
                // SAFETY: the head announces an object.
                unsafe { block.object().write(object) };
                return weight;
            }
        }
        0
    }
}
