//! A server that stores nothing: it reads whole commands, answers each with a constant, and forgets
//! them.
//!
//! What it costs is what sockets, `epoll` and finding the ends of the commands cost: the limit for
//! every server of this shape. GET is answered with the value that was written last, INCR with 1,
//! all else with OK. One thread, one read and one write per client and wake-up.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Result, bail};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(usize::MAX);
const READ_BYTES: usize = 256 * 1024;

struct Peer {
    stream: TcpStream,
    unread: Vec<u8>,
    /// Bytes the command under way is known to need, so that a big value is not searched again at
    /// every read.
    needed: usize,
    unsent: Vec<u8>,
    sent: usize,
}

/// What is remembered: the reply to GET.
struct Memory {
    get_reply: Arc<[u8]>,
}

/// Serves on 127.0.0.1 at `port` until it is killed.
pub fn serve(port: u16) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut peers: Vec<Option<Peer>> = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; READ_BYTES];
    let mut memory = Memory { get_reply: Arc::from(&b"$-1\r\n"[..]) };
    loop {
        if let Err(error) = poll.poll(&mut events, None) {
            match error.kind() {
                ErrorKind::Interrupted => continue,
                _ => return Err(error.into()),
            }
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                accept(&poll, &listener, &mut peers)?;
                continue;
            }
            let place = &mut peers[event.token().0];
            let Some(peer) = place else { continue };
            if peer.turn(&mut buffer, &mut memory).is_err() {
                *place = None; // gone, or talking nonsense: either way there is nothing to answer
            }
        }
    }
}

fn accept(poll: &Poll, listener: &TcpListener, peers: &mut Vec<Option<Peer>>) -> Result<()> {
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nodelay(true)?;
        let token = Token(peers.len());
        poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        peers.push(Some(Peer::new(stream)));
    }
    Ok(())
}

impl Peer {
    fn new(stream: TcpStream) -> Peer {
        Peer { stream, unread: Vec::new(), needed: 0, unsent: Vec::new(), sent: 0 }
    }

    /// Reads what is there, answers the whole commands in it, writes.
    fn turn(&mut self, buffer: &mut [u8], memory: &mut Memory) -> Result<()> {
        loop {
            let length = match self.stream.read(buffer) {
                Ok(0) => bail!("closed"),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            self.take(&buffer[..length], memory)?;
            if length < buffer.len() {
                break;
            }
        }
        self.write()
    }

    /// Answers from `bytes` directly where no command is half read: the common case copies nothing.
    fn take(&mut self, bytes: &[u8], memory: &mut Memory) -> Result<()> {
        if self.unread.is_empty() {
            let done = self.answer_all(bytes, memory)?;
            self.unread.extend_from_slice(&bytes[done..]);
            return Ok(());
        }
        self.unread.extend_from_slice(bytes);
        if self.unread.len() < self.needed {
            return Ok(());
        }
        let unread = std::mem::take(&mut self.unread);
        let done = self.answer_all(&unread, memory)?;
        self.unread.extend_from_slice(&unread[done..]);
        Ok(())
    }

    fn answer_all(&mut self, bytes: &[u8], memory: &mut Memory) -> Result<usize> {
        let mut done = 0;
        self.needed = 0;
        while done < bytes.len() {
            match command(&bytes[done..])? {
                Parsed::Whole { length, name, value } => {
                    self.answer(&bytes[done..][name], &bytes[done..][value], memory);
                    done += length;
                }
                Parsed::Part { needed } => {
                    self.needed = needed;
                    break;
                }
            }
        }
        Ok(done)
    }

    fn answer(&mut self, name: &[u8], value: &[u8], memory: &mut Memory) {
        match name {
            b"GET" => self.unsent.extend_from_slice(&memory.get_reply),
            b"INCR" => self.unsent.extend_from_slice(b":1\r\n"),
            b"PING" => self.unsent.extend_from_slice(b"+PONG\r\n"),
            _ => {
                self.unsent.extend_from_slice(b"+OK\r\n");
                if name == b"SET" {
                    memory.keep(value);
                }
            }
        }
    }

    fn write(&mut self) -> Result<()> {
        while self.sent < self.unsent.len() {
            match self.stream.write(&self.unsent[self.sent..]) {
                Ok(length) => self.sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        self.unsent.clear();
        self.sent = 0;
        Ok(())
    }
}

impl Memory {
    fn keep(&mut self, value: &[u8]) {
        let framing = value.len().to_string().len() + b"$\r\n\r\n".len();
        if self.get_reply.len() != value.len() + framing {
            let head = format!("${}\r\n", value.len());
            self.get_reply = [head.as_bytes(), value, b"\r\n"].concat().into();
        }
    }
}

enum Parsed {
    Whole { length: usize, name: std::ops::Range<usize>, value: std::ops::Range<usize> },
    Part { needed: usize },
}

/// The command at the head of `bytes`: where it ends, its first word and its last.
fn command(bytes: &[u8]) -> Result<Parsed> {
    let Some((words, mut at)) = header(bytes, b'*')? else {
        return Ok(Parsed::Part { needed: bytes.len() + 1 });
    };
    let (mut name, mut value) = (0..0, 0..0);
    for index in 0..words {
        let Some((length, start)) = header(&bytes[at..], b'$')? else {
            return Ok(Parsed::Part { needed: bytes.len() + 1 });
        };
        value = at + start..at + start + length;
        at += start + length + 2;
        if at > bytes.len() {
            return Ok(Parsed::Part { needed: at });
        }
        if index == 0 {
            name = value.clone();
        }
    }
    Ok(Parsed::Whole { length: at, name, value })
}

/// The number in `kind` digits CRLF, and where the line ends; none while the line is incomplete.
fn header(bytes: &[u8], kind: u8) -> Result<Option<(usize, usize)>> {
    let mut number = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' if at > 0 => number = number * 10 + usize::from(byte - b'0'),
            b'\r' if at > 0 => return Ok((at + 1 < bytes.len()).then_some((number, at + 2))),
            _ if at == 0 && byte == kind => {}
            _ => bail!("not a command"),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_command_is_measured() {
        let bytes = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\nxy\r\n*1";
        let Parsed::Whole { length, name, value } = command(bytes).unwrap() else {
            panic!("it is whole")
        };
        assert_eq!((&bytes[name], &bytes[value], length), (&b"SET"[..], &b"xy"[..], 28));
    }

    #[test]
    fn a_part_says_what_it_needs() {
        let parsed = command(b"*2\r\n$3\r\nGET\r\n$100\r\nab").unwrap();
        assert!(matches!(parsed, Parsed::Part { needed: 121 }));
        assert!(command(b"hello").is_err());
    }
}
