//! Compaction: gives back memory that deletes left scattered over many pages.
//!
//! The emptiest chunk is closed: its pages leave the lists, so that nothing is allocated there any
//! more. The table moves its records elsewhere, a few at a time, by `next_to_move`; the chunk goes
//! back to the allocator when the last one is out. Records that are removed or rewritten meanwhile
//! leave it as they leave every other chunk.
//!
//! It is worth the work when more than a fifth of the memory is waste, not counting what no
//! compaction wins: a page half full for each class. If it was in vain all the same, the next one
//! waits until the live bytes have changed.

use super::{
    Arena, CHUNK_PAGES, CLASSES, NO_PAGE, PAGE_BYTES, PAGE_GRANULES, Reference, UNUSED,
    class_granules,
};

/// Pages of waste that are never worth a move.
const SPARE_PAGES: usize = 1;

/// A chunk that is being emptied; every block before `page` and `index` is out.
#[derive(Clone, Copy)]
pub(super) struct Closing {
    pub(super) chunk: usize,
    page: usize,
    index: u32,
    /// What the arena had when it began, to see whether it was of use.
    bytes_before: usize,
}

impl Arena {
    /// A live block that is to be moved to a new one; `None` if none is worth it.
    pub(in super::super) fn next_to_move(&mut self) -> Option<Reference> {
        if self.closing.is_none() && self.is_sparse() {
            self.begin_closing();
        }
        let mut closing = self.closing?;
        let reference = loop {
            let number = closing.chunk * CHUNK_PAGES + closing.page;
            let page = self.pages[number];
            if page.live == 0 || closing.index == u32::from(page.fresh) {
                (closing.page, closing.index) = (closing.page + 1, 0);
                assert!(closing.page < CHUNK_PAGES, "a closing chunk has a live block ahead");
                continue;
            }
            let offset = closing.index * class_granules(usize::from(page.class));
            let reference = Reference(number as u32 * PAGE_GRANULES + offset);
            closing.index += 1;
            if !self.block(reference).is_free() {
                break reference;
            }
        };
        self.closing = Some(closing);
        Some(reference)
    }

    /// Notes the end of a closing, when the chunk has gone back.
    pub(super) fn end_closing(&mut self) {
        let Some(closing) = self.closing.take() else {
            return;
        };
        // No use in doing the same again until something has changed.
        let in_vain = self.chunk_bytes >= closing.bytes_before;
        self.stuck_at = in_vain.then_some(self.live_bytes);
    }

    fn is_sparse(&self) -> bool {
        let live = self.live_bytes;
        let is_stuck = |at| (at - at / 8..=at + at / 8).contains(&live);
        let with_room = self.lists[..CLASSES].iter().filter(|&&page| page != NO_PAGE).count();
        let halves = with_room * PAGE_BYTES / 2;
        self.chunk_bytes > live + live / 4 + SPARE_PAGES * PAGE_BYTES + halves
            && !self.stuck_at.is_some_and(is_stuck)
    }

    fn begin_closing(&mut self) {
        let chunks = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.pages > 0);
        let fill = |live: u16, pages: u8| u32::from(live) * CHUNK_PAGES as u32 / u32::from(pages);
        let emptiest = chunks.min_by_key(|(_, chunk)| fill(chunk.live, chunk.pages));
        let (chunk, _) = emptiest.expect("memory that is wasted is in a chunk");
        self.leave_lists(chunk);
        if self.growing == Some(chunk as u32) {
            self.growing = None;
        }
        self.closing = Some(Closing { chunk, page: 0, index: 0, bytes_before: self.chunk_bytes });
        if self.chunks[chunk].used == 0 {
            self.give_back(chunk);
        }
    }

    /// Takes all pages of a chunk off their lists.
    pub(super) fn leave_lists(&mut self, chunk: usize) {
        let first = chunk * CHUNK_PAGES;
        for number in first..first + usize::from(self.chunks[chunk].pages) {
            let page = self.pages[number];
            if page.live == 0 {
                self.unlink(UNUSED, number as u32);
            } else if !page.is_full() {
                self.unlink(usize::from(page.class), number as u32);
            }
        }
    }
}
