//! Arena: the memory in which the records of one table lie.
//!
//! ```text
//!   chunk, up to 64 KB  ┌──────┬──────┬─ ─ ─┬──────┐   from the global allocator
//!                       │ page │ page │     │ page │   16 pages of 4 KB
//!                       └──────┴──────┴─ ─ ─┴──────┘
//!   page of one class   [block][block][free][block]…   free blocks are chained inside the page
//!   reference           page number × 512 + offset in 8-byte granules: 31 bits, 16 GB a table
//! ```
//! Sizes go in steps of 8 bytes to 128, then follow 4096 / n, so that no page has a lost tail. A
//! page whose last block is freed can serve any class; a chunk whose last page is freed goes back
//! to the allocator. The newest chunk begins small and grows by moving (references are not
//! addresses), so that hundreds of tables do not hold half of a 64 KB chunk in vain each.
//!
//! # Why the unsafe code is sound
//! - A `Reference` is made by `allocate` alone and is dead after `free`. The table keeps each
//!   live one in exactly one slot (and on the wheel's lists), and forgets it before it frees it.
//! - The chunk behind a live reference is allocated: a chunk is given back only when none of its
//!   pages has a live block. So `block` computes an address inside an allocation.
//! - Chunks are reached through raw pointers only, so a block's writer and the readers of other
//!   blocks never alias; `&Arena` hands out addresses, who may write follows from the table's
//!   borrow.

mod compact;

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error, realloc};
use std::ptr::NonNull;

use super::block::Block;
use compact::Closing;

/// The largest block; what is bigger is boxed and the block holds the pointer.
pub(super) const MAX_BLOCK_BYTES: usize = 1024;

const GRANULE_BYTES: usize = 8;
const PAGE_BYTES: usize = 4096;
const PAGE_GRANULES: u32 = (PAGE_BYTES / GRANULE_BYTES) as u32;
const CHUNK_PAGES: usize = 16;
const CHUNK_GRANULES: u32 = PAGE_GRANULES * CHUNK_PAGES as u32;
/// References have 31 bits: the wheel uses the top bit to tell a bucket from a record.
const MAX_CHUNKS: usize = (1 << 31) / CHUNK_GRANULES as usize;

const CLASSES: usize = build_classes().1;
const CLASS_BYTES: [u16; 64] = build_classes().0;
const CLASS_OF_GRANULES: [u8; MAX_BLOCK_BYTES / GRANULE_BYTES + 1] = build_class_index();
/// The list of pages that serve no class, kept behind the lists of the classes.
const UNUSED: usize = CLASSES;

const NO_PAGE: u32 = u32::MAX;
const NO_BLOCK: u16 = u16::MAX;

/// Where a block is, in granules from the start of the arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(super) struct Reference(u32);

impl Reference {
    /// No record: the end of a list, a free slot.
    pub(super) const NONE: Reference = Reference(u32::MAX);
    /// The bit no reference to a record has.
    const MARK: u32 = 1 << 31;

    /// A number below 2^31 - 1 in place of a record.
    pub(super) fn mark(number: u32) -> Reference {
        Reference(Reference::MARK | number)
    }

    /// The number of a mark; `None` for a reference to a record.
    pub(super) fn as_mark(self) -> Option<u32> {
        (self.0 & Reference::MARK != 0).then_some(self.0 & !Reference::MARK)
    }

    fn page(self) -> usize {
        (self.0 / PAGE_GRANULES) as usize
    }
}

/// What is known of 4 KB.
#[derive(Clone, Copy)]
struct Page {
    /// The list it is on: pages of its class with room, or unused pages.
    previous: u32,
    next: u32,
    /// First freed block, as an offset in granules.
    free: u16,
    /// Blocks handed out at least once; those behind were never written.
    fresh: u16,
    live: u16,
    class: u8,
}

impl Page {
    const UNUSED: Page =
        Page { previous: NO_PAGE, next: NO_PAGE, free: NO_BLOCK, fresh: 0, live: 0, class: 0 };

    fn is_full(&self) -> bool {
        self.free == NO_BLOCK && self.fresh == capacity(usize::from(self.class))
    }
}

struct Chunk {
    /// Pages it has: 0 when given back.
    pages: u8,
    /// Pages that serve a class.
    used: u8,
    /// Granules of live blocks.
    live: u16,
}

/// The blocks of one table.
#[repr(C)]
pub(super) struct Arena {
    /// Start of each chunk; dangling where the chunk is given back.
    bases: Vec<NonNull<u8>>,
    chunks: Vec<Chunk>,
    pages: Vec<Page>,
    /// First page with room, by class; then the first unused page.
    lists: [u32; CLASSES + 1],
    /// Numbers of chunks given back.
    vacant: Vec<u32>,
    /// The one chunk that has fewer pages than a chunk may have.
    growing: Option<u32>,
    /// The chunk that compaction empties; its pages are on no list.
    closing: Option<Closing>,
    /// Bytes of live blocks when a compaction was in vain.
    stuck_at: Option<usize>,
    chunk_bytes: usize,
    live_bytes: usize,
}

// SAFETY: the chunks belong to this arena alone, and nothing in it is bound to a thread.
unsafe impl Send for Arena {}

impl Arena {
    pub(super) fn new() -> Arena {
        Arena {
            bases: Vec::new(),
            chunks: Vec::new(),
            pages: Vec::new(),
            lists: [NO_PAGE; CLASSES + 1],
            vacant: Vec::new(),
            growing: None,
            closing: None,
            stuck_at: None,
            chunk_bytes: 0,
            live_bytes: 0,
        }
    }

    /// The block behind a live reference.
    #[inline]
    pub(super) fn block(&self, reference: Reference) -> Block<'_> {
        let base = self.bases[(reference.0 / CHUNK_GRANULES) as usize];
        let offset = (reference.0 % CHUNK_GRANULES) as usize * GRANULE_BYTES;
        // SAFETY: the reference is live, so its chunk is allocated and reaches beyond the offset.
        Block::new(unsafe { base.add(offset) })
    }

    /// An unwritten block of at least `bytes` bytes (at most `MAX_BLOCK_BYTES`).
    pub(super) fn allocate(&mut self, bytes: usize) -> Reference {
        let class = class_of(bytes);
        let number = match self.lists[class] {
            NO_PAGE => self.open_page(class),
            number => number,
        };
        let first = number * PAGE_GRANULES;
        let mut page = self.pages[number as usize];
        let reference = if page.free == NO_BLOCK {
            page.fresh += 1;
            Reference(first + u32::from(page.fresh - 1) * class_granules(class))
        } else {
            let reference = Reference(first + u32::from(page.free));
            page.free = self.block(reference).next_free();
            reference
        };
        page.live += 1;
        self.pages[number as usize] = page;
        if page.is_full() {
            self.unlink(class, number);
        }
        self.chunks[number as usize / CHUNK_PAGES].live += class_granules(class) as u16;
        self.live_bytes += usize::from(CLASS_BYTES[class]);
        reference
    }

    /// Takes back a block that was allocated for `bytes` bytes; the reference is dead after it.
    pub(super) fn free(&mut self, reference: Reference, bytes: usize) {
        let class = class_of(bytes);
        let number = reference.page();
        let page = &mut self.pages[number];
        debug_assert_eq!(usize::from(page.class), class, "a record lies in the class of its size");
        let was_full = page.is_full();
        let next = page.free;
        page.free = (reference.0 % PAGE_GRANULES) as u16;
        page.live -= 1;
        let empty = page.live == 0;
        self.block(reference).set_free(next);
        self.chunks[number / CHUNK_PAGES].live -= class_granules(class) as u16;
        self.live_bytes -= usize::from(CLASS_BYTES[class]);
        let on_lists = !self.is_closing(number / CHUNK_PAGES);
        if was_full && on_lists {
            self.link(class, number as u32);
        }
        if empty && on_lists {
            self.unlink(class, number as u32);
            self.link(UNUSED, number as u32);
        }
        if empty {
            self.close_page(number);
        }
    }

    /// Bytes taken from the allocator, bookkeeping included.
    pub(super) fn memory_bytes(&self) -> usize {
        self.chunk_bytes
            + self.bases.capacity() * size_of::<NonNull<u8>>()
            + self.chunks.capacity() * size_of::<Chunk>()
            + self.pages.capacity() * size_of::<Page>()
            + self.vacant.capacity() * size_of::<u32>()
    }

    /// Shows every live block. For the end of a table only: it works through all of them.
    pub(super) fn for_each(&self, mut visit: impl FnMut(Block<'_>)) {
        for (number, page) in self.pages.iter().enumerate().filter(|(_, page)| page.live > 0) {
            let size = class_granules(usize::from(page.class));
            for index in 0..u32::from(page.fresh) {
                let block = self.block(Reference(number as u32 * PAGE_GRANULES + index * size));
                if !block.is_free() {
                    visit(block);
                }
            }
        }
    }

    /// Gives an unused page to `class`.
    fn open_page(&mut self, class: usize) -> u32 {
        if self.lists[UNUSED] == NO_PAGE {
            self.add_pages();
        }
        let number = self.lists[UNUSED];
        self.unlink(UNUSED, number);
        self.chunks[number as usize / CHUNK_PAGES].used += 1;
        self.pages[number as usize] = Page { class: class as u8, ..Page::UNUSED };
        self.link(class, number);
        number
    }

    /// Notes that a page serves no class any more; with the last one the chunk goes back.
    fn close_page(&mut self, number: usize) {
        let chunk = number / CHUNK_PAGES;
        self.chunks[chunk].used -= 1;
        if self.chunks[chunk].used > 0 {
            return;
        }
        // The last chunk stays: a table that goes between no key and one would do nothing else
        // than ask for memory and give it back.
        let is_last = self.vacant.len() + 1 == self.chunks.len();
        if self.is_closing(chunk) {
            self.give_back(chunk);
        } else if !is_last {
            self.leave_lists(chunk);
            self.give_back(chunk);
        }
    }

    fn is_closing(&self, chunk: usize) -> bool {
        self.closing.is_some_and(|closing| closing.chunk == chunk)
    }

    /// Gives a chunk back to the allocator; its pages are on no list.
    fn give_back(&mut self, chunk: usize) {
        let pages = usize::from(self.chunks[chunk].pages);
        // SAFETY: allocated with this layout by `add_pages`; no page of it has a live block.
        unsafe { dealloc(self.bases[chunk].as_ptr(), chunk_layout(pages)) };
        self.bases[chunk] = NonNull::dangling();
        self.chunks[chunk].pages = 0;
        self.chunk_bytes -= pages * PAGE_BYTES;
        self.vacant.push(chunk as u32);
        if self.growing == Some(chunk as u32) {
            self.growing = None;
        }
        if self.is_closing(chunk) {
            self.end_closing();
        }
    }

    /// Makes room: enlarges the growing chunk, or begins another one.
    fn add_pages(&mut self) {
        let chunk = self.growing.map_or_else(|| self.begin_chunk(), |chunk| chunk as usize);
        let before = usize::from(self.chunks[chunk].pages);
        let after = self.grown(before);
        let address = if before == 0 {
            // SAFETY: the layout is not empty.
            unsafe { alloc(chunk_layout(after)) }
        } else {
            // SAFETY: allocated here with this layout; the new size is a multiple of the page.
            // Blocks are known by references, not addresses, and nobody holds one across `&mut`.
            unsafe { realloc(self.bases[chunk].as_ptr(), chunk_layout(before), after * PAGE_BYTES) }
        };
        let layout = chunk_layout(after);
        self.bases[chunk] = NonNull::new(address).unwrap_or_else(|| handle_alloc_error(layout));
        self.chunks[chunk].pages = after as u8;
        self.chunk_bytes += (after - before) * PAGE_BYTES;
        self.growing = (after < CHUNK_PAGES).then_some(chunk as u32);
        // The lowest page comes to the head of the list.
        for page in (before..after).rev() {
            self.link(UNUSED, (chunk * CHUNK_PAGES + page) as u32);
        }
    }

    /// The number of a chunk to be; its memory is still to come.
    fn begin_chunk(&mut self) -> usize {
        if let Some(chunk) = self.vacant.pop() {
            return chunk as usize;
        }
        let chunk = self.chunks.len();
        assert!(chunk < MAX_CHUNKS, "a table holds at most 16 GB of small records");
        self.bases.push(NonNull::dangling());
        self.chunks.push(Chunk { pages: 0, used: 0, live: 0 });
        self.pages.resize(self.pages.len() + CHUNK_PAGES, Page::UNUSED);
        chunk
    }

    /// How many pages a chunk of `pages` grows to: by a sixteenth of the arena, so that the room
    /// that waits stays small beside the room in use, and to a size the allocator has.
    fn grown(&self, pages: usize) -> usize {
        let step = (self.chunk_bytes / PAGE_BYTES / 16).max(1);
        let wanted = (pages + step).min(CHUNK_PAGES);
        if wanted > 8 { wanted.next_multiple_of(2) } else { wanted }
    }

    fn link(&mut self, list: usize, number: u32) {
        let head = self.lists[list];
        if head != NO_PAGE {
            self.pages[head as usize].previous = number;
        }
        let page = &mut self.pages[number as usize];
        (page.previous, page.next) = (NO_PAGE, head);
        self.lists[list] = number;
    }

    fn unlink(&mut self, list: usize, number: u32) {
        let Page { previous, next, .. } = self.pages[number as usize];
        match previous {
            NO_PAGE => self.lists[list] = next,
            previous => self.pages[previous as usize].next = next,
        }
        if next != NO_PAGE {
            self.pages[next as usize].previous = previous;
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for (base, chunk) in self.bases.iter().zip(&self.chunks).filter(|(_, c)| c.pages > 0) {
            // SAFETY: allocated with this layout; the table has dropped what the blocks own.
            unsafe { dealloc(base.as_ptr(), chunk_layout(usize::from(chunk.pages))) };
        }
    }
}

/// The bytes a block of `bytes` bytes takes.
pub(super) fn block_bytes(bytes: usize) -> usize {
    usize::from(CLASS_BYTES[class_of(bytes)])
}

/// Whether blocks for `a` and for `b` bytes are interchangeable.
#[inline]
pub(super) fn same_class(a: usize, b: usize) -> bool {
    class_of(a) == class_of(b)
}

#[inline]
fn class_of(bytes: usize) -> usize {
    usize::from(CLASS_OF_GRANULES[bytes.div_ceil(GRANULE_BYTES)])
}

fn class_granules(class: usize) -> u32 {
    u32::from(CLASS_BYTES[class]) / GRANULE_BYTES as u32
}

/// Blocks in a page of `class`.
#[inline]
fn capacity(class: usize) -> u16 {
    PAGE_BYTES as u16 / CLASS_BYTES[class]
}

fn chunk_layout(pages: usize) -> Layout {
    Layout::from_size_align(pages * PAGE_BYTES, PAGE_BYTES).expect("at most 64 KB, aligned to 4")
}

const fn build_classes() -> ([u16; 64], usize) {
    let mut sizes = [0; 64];
    let mut count = 0;
    while count < 16 {
        sizes[count] = (count as u16 + 1) * 8;
        count += 1;
    }
    let mut blocks = 31;
    while blocks >= (PAGE_BYTES / MAX_BLOCK_BYTES) as u16 {
        let size = (PAGE_BYTES as u16 / blocks) & !7;
        if size > sizes[count - 1] {
            sizes[count] = size;
            count += 1;
        }
        blocks -= 1;
    }
    (sizes, count)
}

const fn build_class_index() -> [u8; MAX_BLOCK_BYTES / GRANULE_BYTES + 1] {
    let mut index = [0; MAX_BLOCK_BYTES / GRANULE_BYTES + 1];
    let mut granules = 1;
    let mut class = 0;
    while granules < index.len() {
        if granules * GRANULE_BYTES > CLASS_BYTES[class] as usize {
            class += 1;
        }
        index[granules] = class as u8;
        granules += 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(arena: &Arena, reference: Reference) {
        arena.block(reference).write_sample();
    }

    #[test]
    fn every_size_fits_its_class_and_no_page_loses_a_twentieth() {
        for bytes in 1..=MAX_BLOCK_BYTES {
            let class = class_of(bytes);
            assert!(usize::from(CLASS_BYTES[class]) >= bytes);
            assert!(class == 0 || usize::from(CLASS_BYTES[class - 1]) < bytes);
        }
        for (class, &bytes) in CLASS_BYTES[..CLASSES].iter().enumerate() {
            let used = usize::from(bytes) * usize::from(capacity(class));
            assert!(PAGE_BYTES - used < PAGE_BYTES / 20, "class {}", CLASS_BYTES[class]);
        }
        assert_eq!(CLASS_BYTES[CLASSES - 1] as usize, MAX_BLOCK_BYTES);
    }

    #[test]
    fn blocks_never_overlap_and_all_memory_comes_back() {
        let mut arena = Arena::new();
        let mut live: Vec<(Reference, usize)> = Vec::new();
        let mut taken = std::collections::HashSet::new();
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..60_000 {
            let grow = round % 20_000 < 12_000;
            if live.is_empty() || random.u32(..100) < if grow { 80 } else { 10 } {
                let bytes = random.usize(8..=MAX_BLOCK_BYTES);
                let reference = arena.allocate(bytes);
                write(&arena, reference);
                for granule in 0..block_bytes(bytes) as u32 / 8 {
                    assert!(taken.insert(reference.0 + granule), "a granule given out twice");
                }
                live.push((reference, bytes));
            } else {
                let (reference, bytes) = live.swap_remove(random.usize(..live.len()));
                arena.free(reference, bytes);
                for granule in 0..block_bytes(bytes) as u32 / 8 {
                    taken.remove(&(reference.0 + granule));
                }
            }
        }
        let mut seen = 0;
        arena.for_each(|_| seen += 1);
        assert_eq!(seen, live.len());
        for (reference, bytes) in live {
            arena.free(reference, bytes);
        }
        assert!(arena.chunk_bytes <= CHUNK_PAGES * PAGE_BYTES, "one chunk may stay");
    }

    #[test]
    fn a_small_arena_takes_one_page_and_a_large_one_little_more_than_its_blocks() {
        let mut arena = Arena::new();
        let first = arena.allocate(40);
        write(&arena, first);
        assert_eq!(arena.chunk_bytes, PAGE_BYTES);
        for count in 2..20_000usize {
            let reference = arena.allocate(40);
            write(&arena, reference);
            assert!(arena.chunk_bytes <= count * 40 * 11 / 10 + 2 * PAGE_BYTES);
        }
    }
}
