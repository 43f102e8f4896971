//! Elements: a key and what stands beside it, as bytes in the arena.
//!
//! ```text
//!   length of key | length of value (Bytes) | 8 bytes (Fixed8) | key | value
//!   length        below 252: u8     252, u16     253, u32
//!   254 | 3 bytes unused | number: u32     a long element, which lies in a box of its own
//! ```
//! The form in a box is the same. A free block begins with 255 (`arena`).

use super::arena::{Arena, same_size};
use super::{Beside, Ref};
use crate::types::fetch::prefetch;
use smallvec::SmallVec;
use std::ops::Range;

/// The longest element in the arena, in bytes.
const LONGEST: usize = 1000;
/// What the arena holds of a longer one.
const BOXED_BYTES: usize = 8;
const BOXED: u8 = 254;
const U32_FOLLOWS: u8 = 253;
const U16_FOLLOWS: u8 = 252;

/// The elements of one dict.
#[derive(Clone)]
pub(super) struct Elements {
    arena: Arena,
    pub(super) kind: Beside,
    boxes: Vec<Box<[u8]>>,
    /// Numbers of boxes that are not in use.
    vacant: Vec<u32>,
    box_bytes: usize,
}

/// Where the parts of an element lie in its bytes.
struct Layout {
    key: Range<usize>,
    beside: Range<usize>,
    end: usize,
}

impl Elements {
    pub(super) fn new(kind: Beside) -> Self {
        let (boxes, vacant) = (Vec::new(), Vec::new());
        Elements { arena: Arena::new(), kind, boxes, vacant, box_bytes: 0 }
    }

    /// The key of an element.
    #[inline]
    pub(super) fn key(&self, element: Ref) -> &[u8] {
        let bytes = self.arena.tail(element);
        if let Some(start) = self.short_key(bytes) {
            return &bytes[start..][..usize::from(bytes[0])];
        }
        let bytes = self.bytes(element);
        &bytes[layout(self.kind, bytes).key]
    }

    /// Asks the processor for the first two cache lines of an element.
    #[inline]
    pub(super) fn prefetch(&self, element: Ref) {
        let bytes = self.arena.tail(element).as_ptr();
        prefetch(bytes);
        prefetch(bytes.wrapping_add(64));
    }

    /// What stands beside the key.
    #[inline]
    pub(super) fn beside(&self, element: Ref) -> &[u8] {
        let bytes = self.arena.tail(element);
        if self.kind == Beside::Bytes
            && let Some(start) = self.short_key(bytes)
        {
            return &bytes[start + usize::from(bytes[0])..][..usize::from(bytes[1])];
        }
        let bytes = self.bytes(element);
        &bytes[layout(self.kind, bytes).beside]
    }

    /// Where the key begins, if all lengths of the element are of one byte: nearly always.
    #[inline]
    fn short_key(&self, bytes: &[u8]) -> Option<usize> {
        let is_short = |length: u8| length < U16_FOLLOWS;
        match self.kind {
            Beside::Nothing => is_short(bytes[0]).then_some(1),
            Beside::Fixed8 => is_short(bytes[0]).then_some(1 + 8),
            Beside::Bytes => (is_short(bytes[0]) && is_short(bytes[1])).then_some(2),
        }
    }

    /// What stands beside the key, to write over it.
    pub(super) fn beside_mut(&mut self, element: Ref) -> &mut [u8] {
        let kind = self.kind;
        let bytes = match self.box_number(element) {
            Some(number) => &mut *self.boxes[number],
            None => self.arena.tail_mut(element),
        };
        let beside = layout(kind, bytes).beside;
        &mut bytes[beside]
    }

    /// Makes an element.
    #[inline]
    pub(super) fn add(&mut self, key: &[u8], beside: &[u8]) -> Ref {
        debug_assert!(self.kind != Beside::Fixed8 || beside.len() == 8, "a score has eight bytes");
        debug_assert!(self.kind != Beside::Nothing || beside.is_empty(), "nothing beside the key");
        let length = written_bytes(self.kind, key, beside);
        if length > LONGEST {
            return self.add_boxed(key, beside, length);
        }
        let element = self.arena.allocate(length);
        write(self.kind, key, beside, self.arena.tail_mut(element));
        element
    }

    /// Puts something else beside the key; the element may be another one after it.
    pub(super) fn set_beside(&mut self, element: Ref, beside: &[u8]) -> Ref {
        if self.beside(element).len() == beside.len() {
            self.beside_mut(element).copy_from_slice(beside);
            return element;
        }
        let key: SmallVec<[u8; 256]> = SmallVec::from_slice(self.key(element));
        let before = block_bytes(self.kind, self.arena.tail(element));
        let length = written_bytes(self.kind, &key, beside);
        let is_boxed = self.box_number(element).is_some() || length > LONGEST;
        if !is_boxed && same_size(before, length) {
            write(self.kind, &key, beside, self.arena.tail_mut(element));
            return element;
        }
        self.remove(element);
        self.add(&key, beside)
    }

    /// Takes an element away.
    pub(super) fn remove(&mut self, element: Ref) {
        if let Some(number) = self.box_number(element) {
            self.box_bytes -= std::mem::take(&mut self.boxes[number]).len();
            self.vacant.push(number as u32);
        }
        let length = block_bytes(self.kind, self.arena.tail(element));
        self.arena.free(element, length);
    }

    /// Moves one element out of a sparse part of the arena: where it was and where it is. None
    /// where there is nothing worth moving.
    pub(super) fn move_one(&mut self) -> Option<(Ref, Ref)> {
        let kind = self.kind;
        let from = self.arena.next_to_move(|block| block_bytes(kind, block))?;
        let block = self.arena.tail(from);
        let bytes: SmallVec<[u8; 256]> = SmallVec::from_slice(&block[..block_bytes(kind, block)]);
        let to = self.arena.allocate(bytes.len());
        self.arena.tail_mut(to)[..bytes.len()].copy_from_slice(&bytes);
        self.arena.free(from, bytes.len());
        Some((from, to))
    }

    /// Every element, in the order in which they lie in memory.
    pub(super) fn iter(&self) -> impl Iterator<Item = Ref> + '_ {
        self.arena.blocks(|block| block_bytes(self.kind, block))
    }

    /// Bytes taken from the allocator.
    #[inline]
    pub(super) fn memory_bytes(&self) -> usize {
        self.arena.memory_bytes()
            + self.box_bytes
            + self.boxes.capacity() * size_of::<Box<[u8]>>()
            + self.vacant.capacity() * size_of::<u32>()
    }

    fn bytes(&self, element: Ref) -> &[u8] {
        match self.box_number(element) {
            Some(number) => &self.boxes[number],
            None => self.arena.tail(element),
        }
    }

    #[inline]
    fn box_number(&self, element: Ref) -> Option<usize> {
        let bytes = self.arena.tail(element);
        let number = || u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes"));
        (bytes[0] == BOXED).then(|| number() as usize)
    }

    #[cold]
    fn add_boxed(&mut self, key: &[u8], beside: &[u8], length: usize) -> Ref {
        let mut bytes = vec![0; length].into_boxed_slice();
        write(self.kind, key, beside, &mut bytes);
        let number = self.vacant.pop().unwrap_or_else(|| {
            self.boxes.push(Box::default());
            self.boxes.len() as u32 - 1
        });
        self.boxes[number as usize] = bytes;
        self.box_bytes += length;
        let element = self.arena.allocate(BOXED_BYTES);
        let block = self.arena.tail_mut(element);
        block[0] = BOXED;
        block[4..8].copy_from_slice(&number.to_le_bytes());
        element
    }
}

/// How many bytes an element in the arena has, by its head.
fn block_bytes(kind: Beside, block: &[u8]) -> usize {
    if block[0] == BOXED { BOXED_BYTES } else { layout(kind, block).end }
}

fn layout(kind: Beside, bytes: &[u8]) -> Layout {
    let (key_length, mut at) = read_length(bytes);
    match kind {
        Beside::Nothing => {
            let key = at..at + key_length;
            Layout { beside: key.end..key.end, end: key.end, key }
        }
        Beside::Fixed8 => {
            let key = at + 8..at + 8 + key_length;
            Layout { beside: at..at + 8, end: key.end, key }
        }
        Beside::Bytes => {
            let (length, more) = read_length(&bytes[at..]);
            at += more;
            let key = at..at + key_length;
            let beside = key.end..key.end + length;
            Layout { key, end: beside.end, beside }
        }
    }
}

/// A length and how many bytes it takes.
#[inline]
fn read_length(bytes: &[u8]) -> (usize, usize) {
    match bytes[0] {
        U16_FOLLOWS => (usize::from(u16::from_le_bytes([bytes[1], bytes[2]])), 3),
        U32_FOLLOWS => {
            let length = u32::from_le_bytes(bytes[1..5].try_into().expect("four bytes"));
            (length as usize, 5)
        }
        short => (usize::from(short), 1),
    }
}

/// How many bytes `write_length` writes.
#[inline]
fn length_bytes(length: usize) -> usize {
    match length {
        0..252 => 1,
        252..=0xFFFF => 3,
        _ => 5,
    }
}

#[inline]
fn write_length(length: usize, to: &mut [u8]) -> usize {
    let size = length_bytes(length);
    match size {
        1 => to[0] = length as u8,
        3 => {
            to[0] = U16_FOLLOWS;
            to[1..3].copy_from_slice(&(length as u16).to_le_bytes());
        }
        _ => {
            // Requests hold strings of at most 512 MB.
            to[0] = U32_FOLLOWS;
            to[1..5].copy_from_slice(&(length as u32).to_le_bytes());
        }
    }
    size
}

/// How many bytes `write` writes.
#[inline]
fn written_bytes(kind: Beside, key: &[u8], beside: &[u8]) -> usize {
    let value_length = if kind == Beside::Bytes { length_bytes(beside.len()) } else { 0 };
    length_bytes(key.len()) + value_length + key.len() + beside.len()
}

/// Writes an element.
#[inline]
fn write(kind: Beside, key: &[u8], beside: &[u8], to: &mut [u8]) {
    let mut at = write_length(key.len(), to);
    let mut put = |at: &mut usize, bytes: &[u8]| {
        to[*at..][..bytes.len()].copy_from_slice(bytes);
        *at += bytes.len();
    };
    match kind {
        Beside::Nothing => put(&mut at, key),
        Beside::Fixed8 => {
            put(&mut at, beside);
            put(&mut at, key);
        }
        Beside::Bytes => {
            at += write_length(beside.len(), &mut to[at..]);
            to[at..][..key.len()].copy_from_slice(key);
            to[at + key.len()..][..beside.len()].copy_from_slice(beside);
        }
    }
}
