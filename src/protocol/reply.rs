//! Replies: what a connection still owes its client, as bytes ready to be written.
//!
//! Handlers write straight into one buffer, and each write asks for room once. A large value that
//! has an allocation of its own is not copied: it is noted with its place among the bytes, and goes
//! out in the same vectored write.
//! ```text
//! bytes    $5\r\nhello\r\n$100000\r\n│\r\n:1\r\n      room ...
//!          ▲ start                  ▲ insert: 100000 shared bytes  ▲ end
//! ```
//! The protocol (RESP2 or RESP3) is the connection's; where RESP2 lacks a type, the form Redis
//! answers stands in.
//! Source: https://redis.io/docs/latest/develop/reference/protocol-spec/

use super::sending::Insert;
use crate::types::number::FloatBuffer;
use bytes::Bytes;
use std::collections::VecDeque;

/// Shared values of this many bytes are written from where they are; smaller ones are cheaper to
/// copy.
pub(super) const SHARED_BYTES: usize = 16 * 1024;
/// Mark, 20 digits, CR LF, rounded up.
const HEADER_BYTES: usize = 24;
/// Mark, one digit, CR LF: what `open_array` leaves free.
const OPEN_BYTES: usize = 4;

/// The version of the protocol a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// What a connection begins with.
    #[default]
    Resp2,
    /// After `HELLO 3`.
    Resp3,
}

/// The replies of one connection that are not yet written to its socket.
#[derive(Default)]
pub struct Reply {
    /// Filled from `start` to `end`; the rest is room (zeros or old bytes).
    pub(super) bytes: Vec<u8>,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) inserts: VecDeque<Insert>,
    /// Bytes of all inserts.
    pub(super) insert_bytes: usize,
    protocol: Protocol,
}

/// An array, map or set whose length is not known yet.
#[must_use = "an open array must be closed with its length"]
pub struct Open {
    at: usize,
}

impl Reply {
    /// No replies, RESP2, no memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the protocol of what is written from here on.
    pub fn set_protocol(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// The protocol the connection speaks.
    #[inline]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.put(b"+OK\r\n");
    }

    /// A simple string. CR and LF inside become spaces.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error: code and text, without `-`. CR and LF at the ends are cut, inside they become
    /// spaces.
    pub fn error(&mut self, text: &str) {
        self.error_bytes(text.as_bytes());
    }

    /// As `error`, for texts that repeat a client's bytes.
    pub fn error_bytes(&mut self, text: &[u8]) {
        let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let first = text.iter().position(|byte| !is_break(byte)).unwrap_or(text.len());
        let last = text.iter().rposition(|byte| !is_break(byte)).map_or(first, |at| at + 1);
        self.line(b'-', &text[first..last]);
    }

    /// An integer.
    #[inline]
    pub fn integer(&mut self, value: i64) {
        if let Ok(small @ 0..=99) = usize::try_from(value) {
            return self.header(b':', small);
        }
        self.long_integer(value);
    }

    fn long_integer(&mut self, value: i64) {
        let mut buffer = itoa::Buffer::new();
        let room = self.room(HEADER_BYTES);
        self.end += write_line(room, b':', buffer.format(value).as_bytes());
    }

    /// A bulk string.
    #[inline]
    pub fn bulk(&mut self, data: &[u8]) {
        let room = self.room(data.len() + HEADER_BYTES + 2);
        let header = write_header(room, b'$', data.len());
        room[header..][..data.len()].copy_from_slice(data);
        room[header + data.len()..][..2].copy_from_slice(b"\r\n");
        self.end += header + data.len() + 2;
    }

    /// A bulk string; from 16 KB on it is written from where it is.
    pub fn bulk_shared(&mut self, data: &Bytes) {
        if data.len() < SHARED_BYTES {
            return self.bulk(data);
        }
        self.header(b'$', data.len());
        self.insert_bytes += data.len();
        self.inserts.push_back(Insert { at: self.end, data: data.clone() });
        self.put(b"\r\n");
    }

    /// The null: `$-1` or `_`.
    #[inline]
    pub fn null(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.put(b"$-1\r\n"),
            Protocol::Resp3 => self.put(b"_\r\n"),
        }
    }

    /// The null in place of an array: `*-1` or `_`.
    pub fn null_array(&mut self) {
        match self.protocol {
            Protocol::Resp2 => self.put(b"*-1\r\n"),
            Protocol::Resp3 => self.put(b"_\r\n"),
        }
    }

    /// The head of an array; its elements follow.
    #[inline]
    pub fn array(&mut self, count: usize) {
        self.header(b'*', count);
    }

    /// The head of a map of so many pairs; in RESP2 an array of keys and values.
    pub fn map(&mut self, pairs: usize) {
        let (mark, count) = self.map_head(pairs);
        self.header(mark, count);
    }

    /// The head of a set; in RESP2 an array.
    pub fn set(&mut self, count: usize) {
        let mark = self.mark_or_array(b'~');
        self.header(mark, count);
    }

    /// The head of a message that answers no request; in RESP2 an array.
    pub fn push(&mut self, count: usize) {
        let mark = self.mark_or_array(b'>');
        self.header(mark, count);
    }

    /// The head of so many pairs about the reply that follows; RESP3 only.
    pub fn attribute(&mut self, pairs: usize) {
        debug_assert_eq!(self.protocol, Protocol::Resp3, "RESP2 has no attributes");
        self.header(b'|', pairs);
    }

    /// A float; in RESP2 a bulk string.
    pub fn double(&mut self, value: f64) {
        let mut buffer = FloatBuffer::new();
        self.number(b',', buffer.format(value).as_bytes());
    }

    /// An integer of any size, spelled out; in RESP2 a bulk string.
    pub fn big_number(&mut self, digits: &[u8]) {
        self.number(b'(', digits);
    }

    /// True or false; in RESP2 the integer 1 or 0.
    pub fn boolean(&mut self, value: bool) {
        self.put(match (self.protocol, value) {
            (Protocol::Resp2, true) => b":1\r\n",
            (Protocol::Resp2, false) => b":0\r\n",
            (Protocol::Resp3, true) => b"#t\r\n",
            (Protocol::Resp3, false) => b"#f\r\n",
        });
    }

    /// Text with a format of three letters (`txt`, `mkd`); in RESP2 a bulk string.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        if self.protocol == Protocol::Resp2 {
            return self.bulk(text);
        }
        debug_assert_eq!(format.len(), 3, "a verbatim format has three letters");
        self.header(b'=', text.len() + 4);
        self.put(format.as_bytes());
        self.put(b":");
        self.put(text);
        self.put(b"\r\n");
    }

    /// Begins an array, map or set whose length comes with its `close_…`.
    pub fn open_array(&mut self) -> Open {
        let at = self.end;
        self.put(&[0; OPEN_BYTES]);
        Open { at }
    }

    /// Ends an array of so many elements.
    pub fn close_array(&mut self, open: Open, count: usize) {
        self.close(open, b'*', count);
    }

    /// Ends a map of so many pairs.
    pub fn close_map(&mut self, open: Open, pairs: usize) {
        let (mark, count) = self.map_head(pairs);
        self.close(open, mark, count);
    }

    /// Ends a set of so many elements.
    pub fn close_set(&mut self, open: Open, count: usize) {
        let mark = self.mark_or_array(b'~');
        self.close(open, mark, count);
    }

    fn mark_or_array(&self, mark: u8) -> u8 {
        match self.protocol {
            Protocol::Resp2 => b'*',
            Protocol::Resp3 => mark,
        }
    }

    fn map_head(&self, pairs: usize) -> (u8, usize) {
        match self.protocol {
            Protocol::Resp2 => (b'*', pairs * 2),
            Protocol::Resp3 => (b'%', pairs),
        }
    }

    fn number(&mut self, mark: u8, text: &[u8]) {
        match self.protocol {
            Protocol::Resp2 => self.bulk(text),
            Protocol::Resp3 => self.line(mark, text),
        }
    }

    /// Replies that were written elsewhere.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    fn line(&mut self, mark: u8, text: &[u8]) {
        let room = self.room(text.len() + 3);
        room[0] = mark;
        let inside = &mut room[1..][..text.len()];
        inside.copy_from_slice(text);
        for byte in inside.iter_mut().filter(|byte| matches!(byte, b'\r' | b'\n')) {
            *byte = b' ';
        }
        room[text.len() + 1..][..2].copy_from_slice(b"\r\n");
        self.end += text.len() + 3;
    }

    #[inline]
    fn header(&mut self, mark: u8, count: usize) {
        let room = self.room(HEADER_BYTES);
        self.end += write_header(room, mark, count);
    }

    #[inline]
    fn put(&mut self, text: &[u8]) {
        self.room(text.len())[..text.len()].copy_from_slice(text);
        self.end += text.len();
    }

    /// Writes the head of an open array and moves its elements behind it when the head needs more
    /// than 4 bytes.
    fn close(&mut self, open: Open, mark: u8, count: usize) {
        let mut head = [0; HEADER_BYTES];
        let length = write_header(&mut head, mark, count);
        let more = length - OPEN_BYTES;
        if more > 0 {
            self.room(more);
            let elements = open.at + OPEN_BYTES;
            self.bytes.copy_within(elements..self.end, elements + more);
            self.end += more;
            for insert in self.inserts.iter_mut().rev().take_while(|insert| insert.at >= elements) {
                insert.at += more;
            }
        }
        self.bytes[open.at..][..length].copy_from_slice(&head[..length]);
    }
}

/// Writes mark, number, CR LF; gives back how many bytes that took.
#[inline(always)]
fn write_header(room: &mut [u8], mark: u8, count: usize) -> usize {
    if count < 10 {
        room[..4].copy_from_slice(&[mark, b'0' + count as u8, b'\r', b'\n']);
        return 4;
    }
    if count < 100 {
        let (tens, ones) = (b'0' + (count / 10) as u8, b'0' + (count % 10) as u8);
        room[..5].copy_from_slice(&[mark, tens, ones, b'\r', b'\n']);
        return 5;
    }
    write_long_header(room, mark, count)
}

fn write_long_header(room: &mut [u8], mark: u8, count: usize) -> usize {
    let mut buffer = itoa::Buffer::new();
    write_line(room, mark, buffer.format(count).as_bytes())
}

#[inline(always)]
fn write_line(room: &mut [u8], mark: u8, digits: &[u8]) -> usize {
    room[0] = mark;
    room[1..][..digits.len()].copy_from_slice(digits);
    room[1 + digits.len()..][..2].copy_from_slice(b"\r\n");
    digits.len() + 3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What both protocols make of the same calls.
    fn both(write: impl Fn(&mut Reply)) -> (String, String) {
        let text = |protocol| {
            let mut reply = Reply::new();
            reply.set_protocol(protocol);
            write(&mut reply);
            String::from_utf8(reply.to_vec()).unwrap()
        };
        (text(Protocol::Resp2), text(Protocol::Resp3))
    }

    fn same(text: &str) -> (String, String) {
        (text.into(), text.into())
    }

    fn pair(resp2: &str, resp3: &str) -> (String, String) {
        (resp2.into(), resp3.into())
    }

    #[test]
    fn both_protocols_share_the_plain_types() {
        assert_eq!(both(Reply::ok), same("+OK\r\n"));
        assert_eq!(both(|reply| reply.simple("PONG")), same("+PONG\r\n"));
        assert_eq!(both(|reply| reply.error("ERR no")), same("-ERR no\r\n"));
        assert_eq!(both(|reply| reply.array(0)), same("*0\r\n"));
        for length in [0, 1, 9, 10, 99, 100, 1234] {
            let data = "x".repeat(length);
            let expected = same(&format!("${length}\r\n{data}\r\n"));
            assert_eq!(both(|reply| reply.bulk(data.as_bytes())), expected);
        }
        for value in [0, 7, 42, 99, 100, -1, i64::MIN, i64::MAX] {
            assert_eq!(both(|reply| reply.integer(value)), same(&format!(":{value}\r\n")));
        }
    }

    #[test]
    fn resp2_stands_in_for_what_it_lacks() {
        assert_eq!(both(Reply::null), pair("$-1\r\n", "_\r\n"));
        assert_eq!(both(Reply::null_array), pair("*-1\r\n", "_\r\n"));
        assert_eq!(both(|reply| reply.map(50)), pair("*100\r\n", "%50\r\n"));
        assert_eq!(both(|reply| reply.set(3)), pair("*3\r\n", "~3\r\n"));
        assert_eq!(both(|reply| reply.push(3)), pair("*3\r\n", ">3\r\n"));
        assert_eq!(both(|reply| reply.boolean(true)), pair(":1\r\n", "#t\r\n"));
        assert_eq!(both(|reply| reply.boolean(false)), pair(":0\r\n", "#f\r\n"));
        assert_eq!(both(|reply| reply.double(3.25)), pair("$4\r\n3.25\r\n", ",3.25\r\n"));
        assert_eq!(both(|reply| reply.big_number(b"-12")), pair("$3\r\n-12\r\n", "(-12\r\n"));
        let verbatim = pair("$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n");
        assert_eq!(both(|reply| reply.verbatim("txt", b"hi")), verbatim);
    }

    #[test]
    fn a_line_never_breaks() {
        assert_eq!(both(|reply| reply.error("\r\na\r\nb\n")), same("-a  b\r\n"));
        assert_eq!(both(|reply| reply.error("\n\n")), same("-\r\n"));
        assert_eq!(both(|reply| reply.simple("a\nb")), same("+a b\r\n"));
    }

    #[test]
    fn an_open_array_gets_its_length_at_the_end() {
        let inner = |reply: &mut Reply, count: usize| {
            let open = reply.open_array();
            (0..count).for_each(|_| reply.integer(1));
            reply.close_array(open, count);
        };
        let nested = |reply: &mut Reply| {
            let open = reply.open_array();
            inner(reply, 2);
            inner(reply, 12);
            reply.close_map(open, 1);
        };
        let elements = format!("*2\r\n{}*12\r\n{}", ":1\r\n".repeat(2), ":1\r\n".repeat(12));
        let expected = pair(&format!("*2\r\n{elements}"), &format!("%1\r\n{elements}"));
        assert_eq!(both(nested), expected);
    }
}
