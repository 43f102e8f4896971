//! Replies are compared, not parsed: the stream of a client must be one frame repeated, or a run of
//! integers. Where the server is free in what it answers, its replies are counted (`scan`).
//!
//! That costs the generator a `memcmp`, and still sees every wrong byte: an error, a missing key, a
//! value cut short. The first wrong reply ends the run, since a server that refuses is fast for no
//! merit.

use anyhow::{Result, bail};

use super::requests::{Operation, value};
use super::scan::Scan;

/// What of a wrong reply is shown.
const SHOWN_BYTES: usize = 120;

/// The replies a command must have.
pub enum Expected {
    /// This frame, again and again.
    Frame(Vec<u8>),
    /// `:` digits CRLF.
    Integer,
    /// Anything but an error or a null; an array of this length, if one is named.
    Any(Option<usize>),
}

/// How far one client's replies have come.
#[derive(Default)]
pub struct Progress {
    /// Bytes of the frame under way that have arrived.
    within: usize,
    scan: Scan,
}

impl Expected {
    /// The replies of `operation` when values have `value_bytes` bytes.
    pub fn of(operation: Operation, value_bytes: usize) -> Expected {
        match operation {
            Operation::Set | Operation::Mset => Expected::Frame(b"+OK\r\n".to_vec()),
            Operation::Incr => Expected::Integer,
            Operation::Get => {
                let mut frame = format!("${value_bytes}\r\n").into_bytes();
                frame.extend(value(value_bytes));
                frame.extend(b"\r\n");
                Expected::Frame(frame)
            }
        }
    }

    /// Counts the replies that end within `bytes`; the first that is not as expected is an error.
    pub fn count(&self, progress: &mut Progress, bytes: &[u8]) -> Result<usize> {
        match self {
            Expected::Frame(frame) => count_frames(frame, progress, bytes),
            Expected::Integer => count_integers(progress, bytes),
            Expected::Any(length) => match progress.scan.count(*length, bytes) {
                Ok(count) => Ok(count),
                Err(at) => wrong(&bytes[at..]),
            },
        }
    }
}

fn count_frames(frame: &[u8], progress: &mut Progress, mut bytes: &[u8]) -> Result<usize> {
    let mut count = 0;
    while !bytes.is_empty() {
        let rest = &frame[progress.within..];
        let length = rest.len().min(bytes.len());
        if rest[..length] != bytes[..length] {
            return wrong(bytes);
        }
        bytes = &bytes[length..];
        progress.within += length;
        if progress.within == frame.len() {
            progress.within = 0;
            count += 1;
        }
    }
    Ok(count)
}

fn count_integers(progress: &mut Progress, bytes: &[u8]) -> Result<usize> {
    let mut count = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let fits = match progress.within {
            0 => byte == b':',
            _ => matches!(byte, b'0'..=b'9' | b'-' | b'\r' | b'\n'),
        };
        if !fits {
            return wrong(&bytes[at..]);
        }
        progress.within += 1;
        if byte == b'\n' {
            progress.within = 0;
            count += 1;
        }
    }
    Ok(count)
}

fn wrong<T>(bytes: &[u8]) -> Result<T> {
    let shown = &bytes[..bytes.len().min(SHOWN_BYTES)];
    bail!("a wrong reply, from here on: {:?}", String::from_utf8_lossy(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(operation: Operation, chunks: &[&[u8]]) -> Result<usize> {
        let expected = Expected::of(operation, 3);
        let mut progress = Progress::default();
        chunks.iter().map(|chunk| expected.count(&mut progress, chunk)).sum()
    }

    #[test]
    fn replies_split_anywhere_are_counted_once() {
        assert_eq!(count(Operation::Set, &[b"+OK\r\n+O", b"K\r", b"\n"]).unwrap(), 2);
        assert_eq!(count(Operation::Get, &[b"$3\r\nxx", b"x\r\n$3\r\nxxx\r\n"]).unwrap(), 2);
        assert_eq!(count(Operation::Incr, &[b":1\r\n:2", b"2\r\n:"]).unwrap(), 2);
    }

    #[test]
    fn errors_and_missing_keys_end_the_run() {
        assert!(count(Operation::Set, &[b"+OK\r\n-ERR no\r\n"]).is_err());
        assert!(count(Operation::Get, &[b"$-1\r\n"]).is_err());
        assert!(count(Operation::Incr, &[b"-ERR no\r\n"]).is_err());
    }
}
