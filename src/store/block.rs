//! Block: what is written in one block of the arena, byte by byte.
//!
//! ```text
//!   head, 8 bytes     kind and flags: u8 | access: 24 bits | key length: u16 | value length: u16
//!   volatile only     deadline in ms: u64 | previous: u32 | next: u32     (the wheel's links)
//!   key               its bytes, or pointer and length of a boxed key (16 bytes)
//!   value             string or packed container: its bytes · integer: i64 · large string: `Bytes`
//!                     · object: `Box`
//! ```
//! All but plain bytes begin at a multiple of 8 behind the key. A free block has kind 0 and, at
//! byte 2, the offset of the next free block of its page.
//!
//! # Why the unsafe code is sound
//! - A `Block` is the address of a live block (see `arena`), aligned to 8, in the class of the
//!   size its head implies; `write_head` is the first thing that happens to it, and the parts the
//!   head announces are written before anybody else sees the record.
//! - No `&` to the head or the links is ever made: they are read and written as values, so that
//!   `set_access` under a shared borrow disturbs no slice of key or value.
//! - Key and value slices live as long as the borrow of the arena that gave out the block: blocks
//!   are freed or moved under `&mut Arena` only. A table is not `Sync`.
//! - What a value owns is taken out exactly once (`take_value`, `take_key`): the caller then writes
//!   another value or frees the block.

use std::marker::PhantomData;
use std::ptr::NonNull;

use bytes::Bytes;
use triomphe::Arc;

use super::arena::Reference;
use super::object::{Object, OldValue};
use super::record::Kind;
use crate::types::fetch::prefetch;

const HEAD_BYTES: usize = 8;
const VOLATILE_BYTES: usize = 16;
const BOXED_KEY_BYTES: usize = 16;

const FREE: u8 = 0;
const KIND_BITS: u8 = 0x0F;
const EPOCH: u8 = 0x10;
const BOXED_KEY: u8 = 0x40;
const VOLATILE: u8 = 0x80;
const ACCESS_MASK: u32 = 0xFF_FFFF;

/// The address of a record or of a free block, good for as long as the arena gives out no other:
/// `allocate` may move a chunk, and the lifetime keeps a block from being used after that.
#[derive(Clone, Copy)]
pub(super) struct Block<'a>(NonNull<u8>, PhantomData<&'a ()>);

/// All that decides how long a record is and where its parts lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    pub(super) volatile: bool,
    pub(super) boxed_key: bool,
    /// Which of two kinds of epoch the record is of: see `table::snapshot`.
    pub(super) epoch: bool,
    /// Bytes the key takes in the block.
    pub(super) key_bytes: u16,
    /// Bytes the value takes in the block.
    pub(super) value_bytes: u16,
}

impl Shape {
    #[inline]
    fn key_start(self) -> usize {
        HEAD_BYTES + if self.volatile { VOLATILE_BYTES } else { 0 }
    }

    #[inline]
    fn value_start(self) -> usize {
        let key_end = self.key_start() + usize::from(self.key_bytes);
        match self.kind {
            kind if kind.is_bytes() => key_end,
            _ => key_end.next_multiple_of(8),
        }
    }

    /// The length of the record.
    #[inline]
    pub(super) fn bytes(self) -> usize {
        self.value_start() + usize::from(self.value_bytes)
    }
}

impl<'a> Block<'a> {
    #[inline]
    pub(super) fn new(address: NonNull<u8>) -> Block<'a> {
        Block(address, PhantomData)
    }

    #[inline]
    pub(super) fn shape(self) -> Shape {
        let head = self.head();
        let mark = head as u8;
        Shape {
            kind: Kind::from_bits(mark & KIND_BITS),
            volatile: mark & VOLATILE != 0,
            boxed_key: mark & BOXED_KEY != 0,
            epoch: mark & EPOCH != 0,
            key_bytes: (head >> 32) as u16,
            value_bytes: (head >> 48) as u16,
        }
    }

    /// Announces the parts; they are to be written next.
    #[inline]
    pub(super) fn write_head(self, shape: Shape, access: u32) {
        let volatile = if shape.volatile { VOLATILE } else { 0 };
        let boxed = if shape.boxed_key { BOXED_KEY } else { 0 };
        let epoch = if shape.epoch { EPOCH } else { 0 };
        let head = u64::from(shape.kind as u8 | volatile | boxed | epoch)
            | u64::from(access & ACCESS_MASK) << 8
            | u64::from(shape.key_bytes) << 32
            | u64::from(shape.value_bytes) << 48;
        // SAFETY: a block has at least 8 bytes and is aligned to 8.
        unsafe { self.0.cast::<u64>().write(head) }
    }

    #[inline]
    pub(super) fn access(self) -> u32 {
        self.head() as u32 >> 8
    }

    #[inline]
    pub(super) fn set_access(self, access: u32) {
        let mark = self.head() as u32 & 0xFF;
        // SAFETY: the first half of the head; see the module's notes on shared borrows.
        unsafe { self.0.cast::<u32>().write(mark | access << 8) }
    }

    /// Whether the record has been saved, or need not be, in an epoch of this kind.
    #[inline]
    pub(super) fn epoch(self) -> bool {
        self.head() as u8 & EPOCH != 0
    }

    /// Notes that it has.
    pub(super) fn set_epoch(self, epoch: bool) {
        let bit = u64::from(EPOCH);
        let head = if epoch { self.head() | bit } else { self.head() & !bit };
        // SAFETY: a block has at least 8 bytes, aligned to 8; the caller holds the table mutably.
        unsafe { self.0.cast::<u64>().write(head) }
    }

    /// Whether the record's key is `key`.
    #[inline]
    pub(super) fn key_is(self, key: &[u8]) -> bool {
        let head = self.head();
        if head as u8 & BOXED_KEY != 0 {
            return self.key() == key;
        }
        let length = (head >> 32) as u16;
        if usize::from(length) != key.len() {
            return false;
        }
        let start = HEAD_BYTES + usize::from((head as u8 & VOLATILE) >> 3);
        // SAFETY: the head announces `length` bytes of key behind the links, if any.
        let own = unsafe { self.slice(start, key.len()) };
        same_bytes(own, key)
    }

    /// The key, for as long as the caller's borrow of the table.
    #[inline]
    pub(super) fn key(self) -> &'a [u8] {
        let shape = self.shape();
        // SAFETY: the head announces where the key lies; a boxed key lives as long as the record.
        unsafe { if shape.boxed_key { self.boxed_key().as_ref() } else { self.short_key(shape) } }
    }

    /// Writes a key that lies in the block.
    #[inline]
    pub(super) fn write_key(self, key: &[u8]) {
        let start = self.shape().key_start();
        // SAFETY: the head announces room for the key.
        unsafe { copy(key, self.at(start)) }
    }

    /// Writes a key that lies elsewhere.
    pub(super) fn write_boxed_key(self, key: Box<[u8]>) {
        let length = key.len() as u64;
        let address = NonNull::from(Box::leak(key)).cast::<u8>();
        let start = self.at(self.shape().key_start());
        // SAFETY: the head announces 16 bytes of boxed key; their offset is a multiple of 8.
        unsafe {
            start.cast::<NonNull<u8>>().write(address);
            start.add(8).cast::<u64>().write(length);
        }
    }

    /// Takes a boxed key out; the record is to be freed.
    pub(super) fn take_key(self) -> Option<Box<[u8]>> {
        // SAFETY: it came from a box, and this is the one time it is taken.
        self.shape().boxed_key.then(|| unsafe { Box::from_raw(self.boxed_key().as_ptr()) })
    }

    /// Copies the key's part from a record of the same key.
    pub(super) fn copy_key(self, from: Block<'_>) {
        let (own, other) = (self.shape(), from.shape());
        debug_assert_eq!(own.key_bytes, other.key_bytes, "the key stays as it is");
        let target = self.at(own.key_start());
        // SAFETY: two live blocks; each key lies where the head of its block announces it.
        unsafe {
            let key = from.at(other.key_start());
            target.copy_from_nonoverlapping(key, usize::from(own.key_bytes));
        }
    }

    /// Copies the value's part from a record of the same kind, which must not drop it.
    pub(super) fn copy_value(self, from: Block<'_>) {
        let (own, other) = (self.shape(), from.shape());
        debug_assert!(own.kind == other.kind && own.value_bytes == other.value_bytes);
        let target = self.at(own.value_start());
        // SAFETY: as in `copy_key`.
        unsafe {
            let value = from.at(other.value_start());
            target.copy_from_nonoverlapping(value, usize::from(own.value_bytes));
        }
    }

    /// Becomes what another block of its class is, which must not drop its parts.
    pub(super) fn copy_record(self, from: Block<'_>) {
        // SAFETY: two live blocks of one class, at least as long as the record.
        unsafe { self.0.copy_from_nonoverlapping(from.0, from.shape().bytes()) }
    }

    /// The string in the block.
    #[inline]
    pub(super) fn bytes(self) -> &'a [u8] {
        let shape = self.shape();
        debug_assert!(shape.kind.is_bytes());
        // SAFETY: the head announces that many bytes of string.
        unsafe { self.slice(shape.value_start(), usize::from(shape.value_bytes)) }
    }

    /// The string in the block, to edit; the caller holds the table mutably.
    #[inline]
    pub(super) fn bytes_mut(self) -> &'a mut [u8] {
        let shape = self.shape();
        debug_assert!(shape.kind.is_bytes());
        let start = self.at(shape.value_start());
        // SAFETY: as above; `&mut Table` makes this the only borrow.
        unsafe { NonNull::slice_from_raw_parts(start, usize::from(shape.value_bytes)).as_mut() }
    }

    #[inline]
    pub(super) fn write_bytes(self, value: &[u8]) {
        let start = self.at(self.shape().value_start());
        // SAFETY: the head announces room for the value.
        unsafe { copy(value, start) }
    }

    /// The integer in the block, to read or edit.
    #[inline]
    pub(super) fn int(self) -> NonNull<i64> {
        self.value_of(Kind::Int)
    }

    /// The large string's handle.
    #[inline]
    pub(super) fn shared(self) -> NonNull<Bytes> {
        self.value_of(Kind::Shared)
    }

    /// The object, shared by counting.
    #[inline]
    pub(super) fn object(self) -> NonNull<Arc<Object>> {
        self.value_of(Kind::Object)
    }

    /// Takes out what the value owns elsewhere.
    #[inline]
    pub(super) fn take_value(self) -> OldValue {
        match self.shape().kind {
            // SAFETY: written as such, and this is the one time it is taken.
            Kind::Shared => OldValue::Shared(unsafe { self.shared().read() }),
            // SAFETY: as above.
            Kind::Object => OldValue::Object(unsafe { self.object().read() }),
            _ => OldValue::Nothing,
        }
    }

    /// The deadline of a volatile record.
    #[inline]
    pub(super) fn deadline(self) -> Option<u64> {
        // SAFETY: a volatile record has its deadline behind the head, aligned to 8.
        let read = || unsafe { self.at(HEAD_BYTES).cast::<u64>().read() };
        (self.head() as u8 & VOLATILE != 0).then(read)
    }

    pub(super) fn set_deadline(self, deadline_ms: u64) {
        debug_assert!(self.shape().volatile);
        // SAFETY: as in `deadline`.
        unsafe { self.at(HEAD_BYTES).cast::<u64>().write(deadline_ms) }
    }

    /// The wheel's links, previous and next, of a volatile record.
    pub(super) fn links(self) -> (Reference, Reference) {
        debug_assert!(self.shape().volatile);
        let links = self.at(HEAD_BYTES + 8).cast::<Reference>();
        // SAFETY: two references behind the deadline.
        unsafe { (links.read(), links.add(1).read()) }
    }

    /// Copies deadline and links from the record this one follows.
    pub(super) fn copy_links(self, from: Block<'_>) {
        debug_assert!(self.shape().volatile && from.shape().volatile);
        let target = self.at(HEAD_BYTES);
        // SAFETY: two volatile records, which have both behind the head.
        unsafe { target.copy_from_nonoverlapping(from.at(HEAD_BYTES), VOLATILE_BYTES) };
    }

    pub(super) fn set_previous(self, previous: Reference) {
        debug_assert!(self.shape().volatile);
        // SAFETY: as in `links`.
        unsafe { self.at(HEAD_BYTES + 8).cast::<Reference>().write(previous) }
    }

    pub(super) fn set_next(self, next: Reference) {
        debug_assert!(self.shape().volatile);
        // SAFETY: as in `links`.
        unsafe { self.at(HEAD_BYTES + 12).cast::<Reference>().write(next) }
    }

    pub(super) fn is_free(self) -> bool {
        self.head() as u8 == FREE
    }

    /// Marks the block free; `next` is the next free one of the page.
    pub(super) fn set_free(self, next: u16) {
        // SAFETY: a block has at least 8 bytes; nobody knows the record any more.
        unsafe { self.0.cast::<u64>().write(u64::from(FREE) | u64::from(next) << 16) }
    }

    pub(super) fn next_free(self) -> u16 {
        debug_assert!(self.is_free());
        (self.head() >> 16) as u16
    }

    /// Asks the processor for the block's bytes; they are needed soon.
    #[inline]
    pub(super) fn prefetch(self) {
        prefetch(self.0.as_ptr());
        // Where the record begins in its line is not known: lines are asked for in steps below 64.
        prefetch(self.0.as_ptr().wrapping_add(40));
        prefetch(self.0.as_ptr().wrapping_add(96));
    }

    #[inline]
    fn head(self) -> u64 {
        // SAFETY: a block has at least 8 initialized bytes, aligned to 8.
        unsafe { self.0.cast::<u64>().read() }
    }

    #[inline]
    fn at(self, offset: usize) -> NonNull<u8> {
        // SAFETY: offsets come from the head, whose record lies within the block.
        unsafe { self.0.add(offset) }
    }

    /// # Safety
    /// The bytes are initialized and the caller's borrow of the table covers `'a`.
    #[inline]
    unsafe fn slice(self, start: usize, length: usize) -> &'a [u8] {
        // SAFETY: promised by the caller.
        unsafe { NonNull::slice_from_raw_parts(self.at(start), length).as_ref() }
    }

    /// # Safety
    /// As `slice`; the key lies in the block.
    #[inline]
    unsafe fn short_key(self, shape: Shape) -> &'a [u8] {
        // SAFETY: promised by the caller.
        unsafe { self.slice(shape.key_start(), usize::from(shape.key_bytes)) }
    }

    fn boxed_key(self) -> NonNull<[u8]> {
        let shape = self.shape();
        debug_assert!(shape.boxed_key && usize::from(shape.key_bytes) == BOXED_KEY_BYTES);
        let start = self.at(shape.key_start());
        // SAFETY: written by `write_boxed_key`.
        let (address, length) =
            unsafe { (start.cast::<NonNull<u8>>().read(), start.add(8).cast::<u64>().read()) };
        NonNull::slice_from_raw_parts(address, length as usize)
    }

    #[inline]
    fn value_of<T>(self, kind: Kind) -> NonNull<T> {
        let shape = self.shape();
        debug_assert_eq!(shape.kind, kind);
        debug_assert_eq!(usize::from(shape.value_bytes), size_of::<T>());
        self.at(shape.value_start()).cast()
    }
}

/// Whether two slices are equal. Keys are short: a call of memcmp would cost more
/// than the comparison.
#[inline]
fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let length = a.len();
    if b.len() != length {
        return false;
    }
    match length {
        // Two words that overlap in the middle.
        8..=16 => {
            let word = |bytes: &[u8], at| u64::from_le_bytes(part(bytes, at));
            word(a, 0) == word(b, 0) && word(a, length - 8) == word(b, length - 8)
        }
        17..=32 => {
            let word = |bytes: &[u8], at| u128::from_le_bytes(part(bytes, at));
            word(a, 0) == word(b, 0) && word(a, length - 16) == word(b, length - 16)
        }
        _ => a == b,
    }
}

/// `N` bytes from `at`.
#[inline]
fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("a slice of N bytes")
}

/// Copies `from` to `to`, as short strings are copied fastest.
///
/// # Safety
/// At `to` there is room for as many bytes, apart from `from`.
#[inline]
unsafe fn copy(from: &[u8], to: NonNull<u8>) {
    let length = from.len();
    // SAFETY: the parts lie within the length, and the caller promises the room.
    unsafe {
        match length {
            8..=16 => {
                let (first, last) = (part::<8>(from, 0), part::<8>(from, length - 8));
                to.cast::<[u8; 8]>().write(first);
                to.add(length - 8).cast::<[u8; 8]>().write(last);
            }
            17..=32 => {
                let (first, last) = (part::<16>(from, 0), part::<16>(from, length - 16));
                to.cast::<[u8; 16]>().write(first);
                to.add(length - 16).cast::<[u8; 16]>().write(last);
            }
            _ => to.copy_from_nonoverlapping(NonNull::from(from).cast(), length),
        }
    }
}

#[cfg(test)]
impl Block<'_> {
    /// Writes a record without key and value, the least that is not a free block.
    pub(super) fn write_sample(self) {
        let shape = Shape {
            kind: Kind::Bytes,
            volatile: false,
            boxed_key: false,
            epoch: false,
            key_bytes: 0,
            value_bytes: 0,
        };
        self.write_head(shape, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_length_are_copied_and_compared_whole() {
        for length in 0..40usize {
            let a: Vec<u8> = (0..length as u8).collect();
            let mut copied = vec![0xEE; length + 1];
            // SAFETY: there is room for one more byte.
            unsafe { copy(&a, NonNull::from(&mut copied[..]).cast()) };
            assert_eq!((&copied[..length], copied[length]), (&a[..], 0xEE));
            assert!(same_bytes(&a, &a.clone()));
            for changed in 0..length {
                let mut b = a.clone();
                b[changed] ^= 0x80;
                assert!(!same_bytes(&a, &b), "length {length}, byte {changed}");
            }
        }
    }

    #[test]
    fn a_key_and_a_value_of_16_bytes_make_a_record_of_40_and_a_deadline_adds_16() {
        let mut shape = Shape {
            kind: Kind::Bytes,
            volatile: false,
            boxed_key: false,
            epoch: false,
            key_bytes: 16,
            value_bytes: 16,
        };
        assert_eq!(shape.bytes(), 40);
        shape.volatile = true;
        assert_eq!(shape.bytes(), 56);
        (shape.kind, shape.key_bytes, shape.value_bytes) = (Kind::Int, 13, 8);
        assert_eq!(shape.bytes(), 8 + 16 + 16 + 8);
    }
}
