//! A connection's socket. It is split: its task reads through one half; the other is shared, so
//! that the registry of clients can end the connection from any thread.

use crate::server::HangUp;
use bytes::BytesMut;
use socket2::SockRef;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{TcpStream, UnixStream, tcp, unix};

/// The half a connection's task reads from.
pub enum Reader {
    /// A TCP connection's.
    Tcp(tcp::OwnedReadHalf),
    /// A Unix connection's.
    Unix(unix::OwnedReadHalf),
}

/// The half replies go to.
pub enum Writer {
    /// A TCP connection's.
    Tcp(tcp::OwnedWriteHalf),
    /// A Unix connection's.
    Unix(unix::OwnedWriteHalf),
}

impl Reader {
    /// Reads what is there into the room of `buffer`; 0 at the end of the stream.
    pub fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        // `read_buf` holds nothing between two polls: one that is dropped has read nothing.
        match self {
            Reader::Tcp(half) => pin!(half.read_buf(buffer)).poll(context),
            Reader::Unix(half) => pin!(half.read_buf(buffer)).poll(context),
        }
    }

    /// Waits until the client has left, whatever it sent before that.
    pub async fn closed(&self) {
        /// Where there are bytes to be read, the socket is ready at once: look again later.
        const LOOK_AGAIN: Duration = Duration::from_millis(20);
        loop {
            let ready = match self {
                Reader::Tcp(half) => half.ready(Interest::READABLE).await,
                Reader::Unix(half) => half.ready(Interest::READABLE).await,
            };
            match ready {
                Ok(ready) if !ready.is_read_closed() => tokio::time::sleep(LOOK_AGAIN).await,
                _ => return,
            }
        }
    }

    /// Whether the client has left. Bytes it sent before that hide it until they are read.
    pub fn is_over(&self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        let peeked = match self {
            Reader::Tcp(half) => SockRef::from(half.as_ref()).peek(&mut byte),
            Reader::Unix(half) => SockRef::from(half.as_ref()).peek(&mut byte),
        };
        match peeked {
            Ok(bytes) => bytes == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

impl Writer {
    /// Writes as much as the socket takes at once.
    pub fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match (self, slices) {
            // One slice is the rule; a plain write costs the kernel less than a vectored one.
            (Writer::Tcp(half), [one]) => half.try_write(one),
            (Writer::Unix(half), [one]) => half.try_write(one),
            (Writer::Tcp(half), many) => half.try_write_vectored(many),
            (Writer::Unix(half), many) => half.try_write_vectored(many),
        }
    }

    /// Waits until the socket takes more.
    pub async fn writable(&self) -> io::Result<()> {
        match self {
            Writer::Tcp(half) => half.writable().await,
            Writer::Unix(half) => half.writable().await,
        }
    }
}

/// Ends a connection by shutting its socket down: the reader sees the end of the stream.
pub struct Plug(pub Arc<Writer>);

impl HangUp for Plug {
    fn hang_up(&self) {
        self.shut(Shutdown::Both);
    }

    fn stop_reading(&self) {
        self.shut(Shutdown::Read);
    }
}

impl Plug {
    fn shut(&self, how: Shutdown) {
        // An error means that the other side was faster: the connection is over either way.
        let _ = match &*self.0 {
            Writer::Tcp(half) => SockRef::from(half.as_ref()).shutdown(how),
            Writer::Unix(half) => SockRef::from(half.as_ref()).shutdown(how),
        };
    }
}

/// Splits a TCP connection.
pub fn split_tcp(stream: TcpStream) -> (Reader, Arc<Writer>) {
    let (reader, writer) = stream.into_split();
    (Reader::Tcp(reader), Arc::new(Writer::Tcp(writer)))
}

/// Splits a Unix connection.
pub fn split_unix(stream: UnixStream) -> (Reader, Arc<Writer>) {
    let (reader, writer) = stream.into_split();
    (Reader::Unix(reader), Arc::new(Writer::Unix(writer)))
}
