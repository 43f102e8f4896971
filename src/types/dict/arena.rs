//! Arena: the memory in which the elements of one dict lie.
//!
//! ```text
//!   chunk, up to 64 KB   [block][block][free ][block]…[block]│ room
//!   block                3 granules of 4 bytes or more; its first byte tells whether it is free
//!   free block           255 | 0 | granules: u16 | next: u32 | previous: u32
//!   reference            chunk number × 16384 + offset in granules: 16 GB a dict
//! ```
//! New blocks come from the list of free ones of exactly that size, else from the end of the chunk
//! that is being filled. That chunk begins small and grows by moving (references are no addresses),
//! so that a dict of a hundred elements takes what these need. A chunk without a live block is
//! given back. One that is being emptied (`closing`) hands out no blocks.

use super::Ref;

/// What blocks are counted in.
const GRANULE_BYTES: usize = 4;
/// A chunk that has grown to its end.
const CHUNK_BYTES: usize = 64 * 1024;
const CHUNK_GRANULES: u32 = (CHUNK_BYTES / GRANULE_BYTES) as u32;
/// A free block needs room for its two links.
const LEAST_GRANULES: usize = 3;
/// The first chunk begins with room for a few elements.
const FIRST_BYTES: usize = 192;
/// A chunk begins with this part of what the dict has.
const BEGIN_PART: usize = 16;
/// The first byte of a free block.
pub(super) const FREE: u8 = 255;
/// No block, no chunk.
const NONE: u32 = u32::MAX;

#[derive(Clone, Default)]
struct Chunk {
    bytes: Box<[u8]>,
    /// Where the room begins.
    used: u32,
    /// Bytes of live blocks.
    live: u32,
}

/// A chunk that is being emptied, and how far that has come.
#[derive(Clone, Copy)]
struct Closing {
    chunk: u32,
    at: u32,
}

/// The blocks of one dict.
#[derive(Clone)]
pub(super) struct Arena {
    chunks: Vec<Chunk>,
    /// The first free block of each size, in granules; as long as sizes were freed.
    free: Vec<u32>,
    /// Chunks given back.
    vacant: Vec<u32>,
    /// The chunk that is being filled.
    filling: u32,
    closing: Option<Closing>,
    chunk_bytes: usize,
    live_bytes: usize,
}

impl Arena {
    pub(super) fn new() -> Self {
        Arena {
            chunks: Vec::new(),
            free: Vec::new(),
            vacant: Vec::new(),
            filling: NONE,
            closing: None,
            chunk_bytes: 0,
            live_bytes: 0,
        }
    }

    /// The bytes from the block on.
    #[inline]
    pub(super) fn tail(&self, block: Ref) -> &[u8] {
        let (chunk, at) = place(block.0);
        &self.chunks[chunk].bytes[at..]
    }

    /// The bytes from the block on, to write as many as were asked for.
    #[inline]
    pub(super) fn tail_mut(&mut self, block: Ref) -> &mut [u8] {
        let (chunk, at) = place(block.0);
        &mut self.chunks[chunk].bytes[at..]
    }

    /// A block for `bytes` bytes, which are whatever they are.
    #[inline]
    pub(super) fn allocate(&mut self, bytes: usize) -> Ref {
        let granules = granules(bytes);
        let block = match self.free.get(granules) {
            Some(&block) if block != NONE => {
                self.unlink(granules, block);
                block
            }
            _ => self.append(granules * GRANULE_BYTES),
        };
        let (chunk, _) = place(block);
        self.chunks[chunk].live += (granules * GRANULE_BYTES) as u32;
        self.live_bytes += granules * GRANULE_BYTES;
        Ref(block)
    }

    /// Takes back a block that was allocated for `bytes` bytes.
    pub(super) fn free(&mut self, block: Ref, bytes: usize) {
        let granules = granules(bytes);
        let (chunk, _) = place(block.0);
        self.live_bytes -= granules * GRANULE_BYTES;
        self.chunks[chunk].live -= (granules * GRANULE_BYTES) as u32;
        self.mark_free(block.0, granules);
        if !self.is_closing(chunk) {
            self.link(granules, block.0);
        }
        if self.chunks[chunk].live == 0 {
            self.give_back(chunk);
        }
    }

    /// Bytes taken from the allocator.
    #[inline]
    pub(super) fn memory_bytes(&self) -> usize {
        self.chunk_bytes
            + self.chunks.capacity() * size_of::<Chunk>()
            + (self.free.capacity() + self.vacant.capacity()) * size_of::<u32>()
    }

    /// Every live block. `length` tells how long the element at the head of the bytes given is.
    pub(super) fn blocks(&self, length: impl Fn(&[u8]) -> usize) -> impl Iterator<Item = Ref> {
        let (mut number, mut at) = (0, 0);
        std::iter::from_fn(move || {
            while let Some(chunk) = self.chunks.get(number) {
                if at >= chunk.used as usize {
                    (number, at) = (number + 1, 0);
                    continue;
                }
                let (block, granule) = (&chunk.bytes[at..], (at / GRANULE_BYTES) as u32);
                if block[0] != FREE {
                    at += granules(length(block)) * GRANULE_BYTES;
                    return Some(Ref(number as u32 * CHUNK_GRANULES + granule));
                }
                at += free_granules(block) * GRANULE_BYTES;
            }
            None
        })
    }

    /// The next live block of a chunk that is worth emptying, if there is one. The caller puts its
    /// element elsewhere and frees it. `length` tells how long the element at the head of the bytes
    /// given is.
    pub(super) fn next_to_move(&mut self, length: impl Fn(&[u8]) -> usize) -> Option<Ref> {
        let closing = match self.closing {
            Some(closing) => closing,
            None => self.begin_closing(&length)?,
        };
        let chunk = &self.chunks[closing.chunk as usize];
        let mut at = closing.at as usize;
        while at < chunk.used as usize {
            let block = &chunk.bytes[at..];
            if block[0] != FREE {
                let next = at + granules(length(block)) * GRANULE_BYTES;
                self.closing = Some(Closing { at: next as u32, ..closing });
                let granule = (at / GRANULE_BYTES) as u32;
                return Some(Ref(closing.chunk * CHUNK_GRANULES + granule));
            }
            at += free_granules(block) * GRANULE_BYTES;
        }
        unreachable!("a chunk without live blocks is given back")
    }

    /// Chooses the emptiest chunk, if less than half of the arena is in use.
    fn begin_closing(&mut self, length: impl Fn(&[u8]) -> usize) -> Option<Closing> {
        if self.chunk_bytes < 2 * self.live_bytes + 2 * FIRST_BYTES {
            return None;
        }
        let part =
            |chunk: &Chunk| u64::from(chunk.live) * CHUNK_BYTES as u64 / chunk.bytes.len() as u64;
        let numbered = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.live > 0);
        let (number, _) = numbered.min_by_key(|(_, chunk)| part(chunk))?;
        self.unlink_all(number, length);
        if self.filling == number as u32 {
            self.filling = NONE;
        }
        let closing = Closing { chunk: number as u32, at: 0 };
        self.closing = Some(closing);
        Some(closing)
    }

    #[inline]
    fn is_closing(&self, chunk: usize) -> bool {
        self.closing.is_some_and(|closing| closing.chunk as usize == chunk)
    }

    /// Gives a chunk without live blocks back to the allocator.
    fn give_back(&mut self, number: usize) {
        if self.is_closing(number) {
            self.closing = None;
        } else {
            self.unlink_all(number, |_| unreachable!("every block is free"));
        }
        if self.filling == number as u32 {
            self.filling = NONE;
        }
        let chunk = std::mem::take(&mut self.chunks[number]);
        self.chunk_bytes -= chunk.bytes.len();
        self.vacant.push(number as u32);
    }

    /// Takes the free blocks of a chunk off their lists.
    fn unlink_all(&mut self, number: usize, length: impl Fn(&[u8]) -> usize) {
        let mut at = 0;
        while at < self.chunks[number].used as usize {
            let block = &self.chunks[number].bytes[at..];
            let is_free = block[0] == FREE;
            let size = if is_free { free_granules(block) } else { granules(length(block)) };
            if is_free {
                self.unlink(size, number as u32 * CHUNK_GRANULES + (at / GRANULE_BYTES) as u32);
            }
            at += size * GRANULE_BYTES;
        }
    }

    /// A block at the end of the chunk that is being filled.
    fn append(&mut self, bytes: usize) -> u32 {
        let fits = |chunk: &Chunk| chunk.used as usize + bytes <= chunk.bytes.len();
        let mut number = self.filling;
        if number == NONE || !fits(&self.chunks[number as usize]) {
            number = self.make_room(bytes);
        }
        let chunk = &mut self.chunks[number as usize];
        let block = number * CHUNK_GRANULES + chunk.used / GRANULE_BYTES as u32;
        chunk.used += bytes as u32;
        block
    }

    /// Enlarges the chunk that is being filled, or begins another one.
    #[cold]
    fn make_room(&mut self, bytes: usize) -> u32 {
        let needed = match self.chunks.get(self.filling as usize) {
            Some(chunk) => chunk.used as usize + bytes,
            None => CHUNK_BYTES + 1,
        };
        if needed <= CHUNK_BYTES {
            self.enlarge(self.filling, needed);
            return self.filling;
        }
        if self.filling != NONE {
            self.free_rest();
        }
        self.filling = self.vacant.pop().unwrap_or_else(|| {
            assert!(self.chunks.len() < (NONE / CHUNK_GRANULES) as usize, "at most 16 GB a dict");
            if self.chunks.is_empty() {
                self.chunks.reserve_exact(1);
            }
            self.chunks.push(Chunk::default());
            self.chunks.len() as u32 - 1
        });
        let begin = (self.chunk_bytes / BEGIN_PART).clamp(FIRST_BYTES, CHUNK_BYTES);
        self.enlarge(self.filling, begin.max(bytes));
        self.filling
    }

    /// Makes a chunk at least `needed` bytes long: to the next size that allocators have.
    fn enlarge(&mut self, number: u32, needed: usize) {
        let step = (needed.next_power_of_two() / 8).max(16);
        let length = needed.next_multiple_of(step).min(CHUNK_BYTES);
        let chunk = &mut self.chunks[number as usize];
        self.chunk_bytes += length - chunk.bytes.len();
        let mut bytes = std::mem::take(&mut chunk.bytes).into_vec();
        bytes.reserve_exact(length - bytes.len());
        bytes.resize(length, 0);
        chunk.bytes = bytes.into_boxed_slice();
    }

    /// Makes a free block of what is left of the chunk that was filled.
    fn free_rest(&mut self) {
        let chunk = &mut self.chunks[self.filling as usize];
        let rest = (chunk.bytes.len() - chunk.used as usize) / GRANULE_BYTES;
        if rest >= LEAST_GRANULES {
            let block = self.filling * CHUNK_GRANULES + chunk.used / GRANULE_BYTES as u32;
            chunk.used = chunk.bytes.len() as u32;
            self.mark_free(block, rest);
            self.link(rest, block);
        }
    }

    fn mark_free(&mut self, block: u32, granules: usize) {
        let bytes = self.tail_mut(Ref(block));
        bytes[0] = FREE;
        bytes[2..4].copy_from_slice(&(granules as u16).to_le_bytes());
    }

    /// Puts a free block at the head of the list of its size.
    fn link(&mut self, granules: usize, block: u32) {
        if self.free.len() <= granules {
            self.free.reserve_exact(granules + 1 - self.free.len());
            self.free.resize(granules + 1, NONE);
        }
        let next = std::mem::replace(&mut self.free[granules], block);
        self.set_link(block, Link::Next, next);
        self.set_link(block, Link::Previous, NONE);
        if next != NONE {
            self.set_link(next, Link::Previous, block);
        }
    }

    /// Takes a free block off the list of its size.
    fn unlink(&mut self, granules: usize, block: u32) {
        let (next, previous) =
            (self.link_of(block, Link::Next), self.link_of(block, Link::Previous));
        match previous {
            NONE => self.free[granules] = next,
            previous => self.set_link(previous, Link::Next, next),
        }
        if next != NONE {
            self.set_link(next, Link::Previous, previous);
        }
    }

    fn link_of(&self, block: u32, link: Link) -> u32 {
        let bytes = &self.tail(Ref(block))[link as usize..][..4];
        u32::from_le_bytes(bytes.try_into().expect("four bytes"))
    }

    fn set_link(&mut self, block: u32, link: Link, to: u32) {
        self.tail_mut(Ref(block))[link as usize..][..4].copy_from_slice(&to.to_le_bytes());
    }
}

/// The links of a free block, by where they lie in it.
#[derive(Clone, Copy)]
enum Link {
    Next = 4,
    Previous = 8,
}

/// Chunk and offset of a block.
#[inline]
fn place(block: u32) -> (usize, usize) {
    ((block / CHUNK_GRANULES) as usize, (block % CHUNK_GRANULES) as usize * GRANULE_BYTES)
}

/// The size of a block for so many bytes.
#[inline]
fn granules(bytes: usize) -> usize {
    bytes.div_ceil(GRANULE_BYTES).max(LEAST_GRANULES)
}

/// Whether blocks for `a` and for `b` bytes are of one size.
pub(super) fn same_size(a: usize, b: usize) -> bool {
    granules(a) == granules(b)
}

fn free_granules(block: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([block[2], block[3]]))
}
