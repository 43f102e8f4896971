//! The sending side of `Reply`: what is owed as slices, what was sent, memory given back.
//!
//! Bytes go out from `start`; an insert goes out before the byte it is noted at. When everything is
//! sent the buffer begins at its front again, so that a connection that keeps up never needs more
//! than one batch of replies.

use super::reply::Reply;
use bytes::{Buf, Bytes};
use std::io::IoSlice;

/// The first buffer, in bytes.
const FIRST_BYTES: usize = 1024;
/// A larger buffer is given back when everything in it has been written.
const KEPT_BYTES: usize = 64 * 1024;

/// A place in the output to go back to.
#[derive(Clone, Copy)]
pub struct Mark {
    end: usize,
    inserts: usize,
}

/// Shared bytes that go out before `bytes[at]`.
pub(super) struct Insert {
    pub(super) at: usize,
    pub(super) data: Bytes,
}

impl Reply {
    /// The end of what is written so far.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark { end: self.end, inserts: self.inserts.len() }
    }

    /// Takes back what was written since the mark: the handler failed. Nothing may have been sent
    /// since.
    pub fn take_back(&mut self, mark: Mark) {
        self.end = mark.end;
        for insert in self.inserts.drain(mark.inserts..) {
            self.insert_bytes -= insert.data.len();
        }
    }

    /// Bytes not yet sent.
    #[inline]
    pub fn pending_bytes(&self) -> usize {
        self.end - self.start + self.insert_bytes
    }

    /// True when everything has been sent.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pending_bytes() == 0
    }

    /// Fills `slices` with what is to be written next, in order; gives back how many it has set.
    pub fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let most = slices.len();
        let mut used = 0;
        let mut from = self.start;
        let mut add = |data: &'a [u8]| {
            if !data.is_empty() && used < slices.len() {
                slices[used] = IoSlice::new(data);
                used += 1;
            }
        };
        for insert in self.inserts.iter().take(most) {
            add(&self.bytes[from..insert.at]);
            add(&insert.data);
            from = insert.at;
        }
        add(&self.bytes[from..self.end]);
        used
    }

    /// Notes that `count` bytes were sent. Memory above 64 KB is given back once everything is.
    pub fn advance(&mut self, mut count: usize) {
        while let Some(insert) = self.inserts.front_mut() {
            let before = insert.at - self.start;
            if count < before {
                break;
            }
            count -= before;
            self.start = insert.at;
            let sent = count.min(insert.data.len());
            insert.data.advance(sent);
            self.insert_bytes -= sent;
            count -= sent;
            if !insert.data.is_empty() {
                return;
            }
            self.inserts.pop_front();
        }
        self.start += count;
        self.reclaim();
    }

    /// Takes the empty buffer away, so that an idle connection holds no memory; none when bytes are
    /// pending.
    pub fn take_spare(&mut self) -> Option<Vec<u8>> {
        (self.is_empty() && !self.bytes.is_empty()).then(|| std::mem::take(&mut self.bytes))
    }

    /// Uses this buffer (from `take_spare`) unless there is one.
    pub fn adopt(&mut self, spare: Vec<u8>) {
        if self.bytes.is_empty() {
            self.bytes = spare;
        }
    }

    /// The bytes not yet sent, copied together: for tests, scripts and logs.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.pending_bytes());
        let mut from = self.start;
        for insert in &self.inserts {
            all.extend_from_slice(&self.bytes[from..insert.at]);
            all.extend_from_slice(&insert.data);
            from = insert.at;
        }
        all.extend_from_slice(&self.bytes[from..self.end]);
        all
    }

    /// At least `count` bytes of room behind the end.
    #[inline(always)]
    pub(super) fn room(&mut self, count: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < count {
            self.grow(count);
        }
        &mut self.bytes[self.end..]
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        let length = (self.end + count).max(self.bytes.len() * 2).max(FIRST_BYTES);
        self.bytes.resize(length, 0);
    }

    /// Begins at the front again when nothing is pending, or when most of a large buffer has been
    /// sent.
    fn reclaim(&mut self) {
        if self.is_empty() {
            self.start = 0;
            self.end = 0;
            if self.bytes.len() > KEPT_BYTES {
                self.bytes = Vec::new();
            }
        } else if self.start > KEPT_BYTES && self.start > self.end - self.start {
            self.bytes.copy_within(self.start..self.end, 0);
            for insert in &mut self.inserts {
                insert.at -= self.start;
            }
            self.end -= self.start;
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::reply::SHARED_BYTES;
    use proptest::prelude::*;

    #[test]
    fn what_is_taken_back_is_not_sent() {
        let large = Bytes::from(vec![b'x'; SHARED_BYTES]);
        let mut reply = Reply::new();
        reply.ok();
        let mark = reply.mark();
        reply.array(2);
        reply.bulk_shared(&large);
        reply.take_back(mark);
        assert_eq!(reply.to_vec(), b"+OK\r\n");
        assert_eq!(reply.pending_bytes(), 5);
    }

    #[test]
    fn a_large_value_is_not_copied() {
        let large = Bytes::from(vec![b'x'; SHARED_BYTES]);
        let mut reply = Reply::new();
        let open = reply.open_array();
        reply.bulk_shared(&large);
        (0..99).for_each(|_| reply.null());
        reply.close_array(open, 100);
        let mut slices = [IoSlice::new(&[]); 8];
        let used = reply.slices(&mut slices);
        assert_eq!((used, slices[1].as_ptr()), (3, large.as_ptr()));
        assert_eq!(&*slices[0], b"*100\r\n$16384\r\n");
        assert_eq!(reply.slices(&mut slices[..2]), 2);
    }

    #[test]
    fn a_reader_that_never_catches_up_does_not_make_the_buffer_grow() {
        let large = Bytes::from(vec![b'x'; SHARED_BYTES]);
        let mut reply = Reply::new();
        for _ in 0..100 {
            (0..2_000).for_each(|_| reply.integer(1_000_000));
            reply.bulk_shared(&large);
            reply.ok();
            let all = reply.to_vec();
            let sent = all.len() - 20_000.min(all.len());
            reply.advance(sent);
            assert_eq!(reply.to_vec(), &all[sent..]);
        }
        assert!(reply.bytes.len() <= 4 * KEPT_BYTES);
    }

    #[test]
    fn memory_is_given_back_when_everything_is_sent() {
        let mut reply = Reply::new();
        reply.bulk(&[b'x'; KEPT_BYTES]);
        reply.advance(reply.pending_bytes());
        assert_eq!((reply.is_empty(), reply.bytes.len()), (true, 0));
        reply.ok();
        assert!(reply.take_spare().is_none());
        reply.advance(5);
        let spare = reply.take_spare().expect("an empty buffer");
        reply.adopt(spare);
        assert_eq!(reply.bytes.len(), FIRST_BYTES);
    }

    proptest! {
        #[test]
        fn whatever_is_sent_piece_by_piece_arrives_whole(
            sizes in prop::collection::vec(prop_oneof![0..40usize, 16_000..40_000usize], 1..20),
            steps in prop::collection::vec(1..60_000usize, 1..20),
            slots in 1..6usize,
        ) {
            let mut reply = Reply::new();
            let (mut sent, mut expected) = (Vec::new(), Vec::new());
            let mut steps = steps.iter().cycle();
            for (at, &size) in sizes.iter().enumerate() {
                let data = Bytes::from(vec![at as u8; size]);
                reply.bulk_shared(&data);
                expected.extend_from_slice(format!("${size}\r\n").as_bytes());
                expected.extend_from_slice(&data);
                expected.extend_from_slice(b"\r\n");
                send(&mut reply, slots, *steps.next().unwrap(), &mut sent);
            }
            prop_assert_eq!(reply.pending_bytes(), expected.len() - sent.len());
            prop_assert_eq!(&reply.to_vec()[..], &expected[sent.len()..]);
            while !reply.is_empty() {
                send(&mut reply, slots, *steps.next().unwrap(), &mut sent);
            }
            prop_assert_eq!(sent, expected);
        }
    }

    /// Writes at most `most` bytes of `slots` slices, as a socket would.
    fn send(reply: &mut Reply, slots: usize, most: usize, sent: &mut Vec<u8>) {
        let mut slices = [IoSlice::new(&[]); 6];
        let used = reply.slices(&mut slices[..slots]);
        let all: Vec<u8> = slices[..used].iter().flat_map(|slice| slice.iter().copied()).collect();
        let count = all.len().min(most);
        sent.extend_from_slice(&all[..count]);
        reply.advance(count);
    }
}
