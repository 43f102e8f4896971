//! The loop of one connection: read what is there, run every complete command in it, write all
//! replies at once.
//!
//! A client that does not read its replies is not read from either: what it is owed is bounded by
//! one batch. Past `client-output-buffer-limit` it is dropped.

use super::stream::{Plug, Reader, Writer};
use super::worker::{Entered, House};
use crate::command::Progress;
use crate::config::OutputLimit;
use crate::engine::{Blocked, Fetch, Flow, Unfinished};
use crate::protocol::{Batch, Input, Limits, ProtocolError, Reply};
use crate::server::clients::Arrival;
use crate::server::waiting::Answer;
use crate::server::{Client, Session, clock};
use bytes::BytesMut;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

/// Commands of one batch. More would let one client keep the others of its worker waiting.
const MOST_COMMANDS: usize = 1024;
/// Slices of one vectored write.
const MOST_SLICES: usize = 64;
/// Inline requests, and the header lines of the others, are shorter: Redis's PROTO_INLINE_MAX_SIZE.
const MOST_INLINE_BYTES: usize = 64 * 1024;
/// What a client may always be owed: Redis's PROTO_REPLY_CHUNK_BYTES, outside its limits.
const FIXED_REPLY_BYTES: usize = 16 * 1024;
/// Words of one command: Redis's limit for whoever has authenticated.
const MOST_WORDS: usize = i32::MAX as usize;

/// Buffers that a worker keeps for connections that have none.
const MOST_SPARE_GEAR: usize = 16;

/// The buffers of a connection while it has something to read, run or write.
#[derive(Default)]
pub struct Gear {
    input: BytesMut,
    reply: Vec<u8>,
    batch: Batch,
}

/// Serves a connection until it ends.
pub async fn run(house: Rc<House>, entered: Entered) {
    let Entered { reader, writer, address, local_address, descriptor, is_unix } = entered;
    let wire = Box::new(Plug(writer.clone()));
    let arrival = Arrival { address, local_address, descriptor, is_unix, wire };
    let client = house.server.clients.add(arrival, clock::now_ms());
    let _listed = Listed { client: client.clone(), house: house.clone() };
    house.engine.borrow().stats().connections.add(1);
    let is_open = house.server.config.load().security.requirepass.is_empty();
    let mut connection = Connection {
        session: Session::new(client, is_open),
        house,
        reader,
        writer,
        input: Input::new(),
        batch: Batch::default(),
        reply: Reply::new(),
        has_gear: false,
    };
    if let Err(error) = connection.serve().await {
        tracing::debug!("client {} left: {error}", connection.session.client.id);
    }
}

/// Takes the client off the list when the connection ends, however it does.
struct Listed {
    client: Arc<Client>,
    house: Rc<House>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.house.server.clients.remove(self.client.id);
    }
}

struct Connection {
    house: Rc<House>,
    session: Session,
    reader: Reader,
    writer: Arc<Writer>,
    input: Input,
    batch: Batch,
    reply: Reply,
    /// Whether it holds buffers of the worker.
    has_gear: bool,
}

impl Connection {
    async fn serve(&mut self) -> io::Result<()> {
        // The end of the server shuts the reading side of every connection it knows of; one that
        // came in at that very moment looks for itself.
        while !self.house.server.ending.is_asked() {
            let read = poll_fn(|context| self.poll_read(context)).await?;
            if read == 0 {
                return Ok(());
            }
            self.count_read(read);
            if !self.run_input().await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads what is there. Buffers are taken from the worker only for as long as they hold
    /// something: an idle connection has none, and a busy worker's stay in the processor's cache.
    fn poll_read(&mut self, context: &mut TaskContext<'_>) -> Poll<io::Result<usize>> {
        if !self.has_gear {
            let gear = self.house.gear.borrow_mut().pop().unwrap_or_default();
            self.input.adopt(gear.input);
            self.reply.adopt(gear.reply);
            self.batch = gear.batch;
            self.has_gear = true;
        }
        let read = self.reader.poll_read(context, self.input.space());
        if read.is_pending() {
            self.give_gear_back();
        }
        read
    }

    fn give_gear_back(&mut self) {
        self.has_gear = false;
        let input = self.input.take_spare().unwrap_or_default();
        let reply = self.reply.take_spare().unwrap_or_default();
        let batch = std::mem::take(&mut self.batch);
        let mut gear = self.house.gear.borrow_mut();
        if gear.len() < MOST_SPARE_GEAR {
            gear.push(Gear { input, reply, batch });
        }
    }

    fn count_read(&self, bytes: usize) {
        let engine = self.house.engine.borrow();
        engine.stats().reads.add(1);
        engine.stats().net_in.add(bytes as u64);
        self.session.client.figures.count_in(bytes as u64);
    }

    /// Runs every complete command that has arrived; false when the connection is to close.
    async fn run_input(&mut self) -> io::Result<bool> {
        loop {
            // CLIENT LIST counts the call it is part of, too.
            self.note_query();
            let parsed = self.parse();
            if self.batch.len() == 1 {
                self.fetch_ahead().await;
            }
            if !self.run_batch().await? {
                return Ok(false);
            }
            let was_full = self.batch.is_full();
            self.input.consume(&mut self.batch);
            if let Err(error) = parsed {
                return self.refuse(&error).await.map(|()| false);
            }
            if !was_full {
                self.note_query();
                return self.is_within_query_limit();
            }
            // The other connections of this worker get their turn.
            tokio::task::yield_now().await;
        }
    }

    /// Fetches what a lone command will look at, and lets the worker's other connections have their
    /// turns while it comes: their misses overlap as those of one connection's pipeline do.
    async fn fetch_ahead(&self) {
        for step in [Fetch::Group, Fetch::Record] {
            let words = self.input.view(&self.batch, 0);
            if !self.house.engine.borrow().fetch_ahead(&self.session, words, step) {
                return;
            }
            let mut has_yielded = false;
            poll_fn(|context| {
                if std::mem::replace(&mut has_yielded, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }

    fn parse(&mut self) -> Result<(), ProtocolError> {
        let config = self.house.server.config.load();
        let limits = Limits {
            max_bulk_bytes: config.network.proto_max_bulk_len,
            max_inline_bytes: MOST_INLINE_BYTES,
            max_words: MOST_WORDS,
            authenticated: self.session.is_authenticated,
            batch: MOST_COMMANDS,
        };
        self.input.parse(&limits, &mut self.batch)
    }

    /// Runs the parsed commands and writes their replies; false when the connection is to close.
    async fn run_batch(&mut self) -> io::Result<bool> {
        let mut done = 0;
        let log_mark = self.house.server.aof.log.mark();
        loop {
            let flow;
            {
                let mut engine = self.house.engine.borrow_mut();
                let bytes = (&self.input, &self.batch);
                (done, flow) = engine.run(&mut self.session, bytes, done, &mut self.reply);
            }
            let log = &self.house.server.aof.log;
            if let Some(owed) = log.owed(log_mark)
                && !log.settled(owed).await
            {
                return Ok(false);
            }
            self.write().await?;
            match flow {
                Flow::Done => return Ok(true),
                Flow::Write => {}
                Flow::Close => return Ok(false),
                Flow::Wait(_) if self.house.server.ending.is_asked() => return Ok(false),
                Flow::Wait(ms) => self.wait(ms).await,
                Flow::GoOn(rest) => self.finish(rest).await?,
                Flow::Block(blocked) => self.sleep(blocked).await?,
            }
        }
    }

    /// Goes on with a command until it ends; the other connections have their turns in between.
    async fn finish(&mut self, mut rest: Unfinished) -> io::Result<()> {
        /// How soon a client that left, or the end of the server, is noticed.
        const LOOK_AGAIN_MS: u64 = 50;
        loop {
            match rest.progress {
                Progress::Done => return Ok(()),
                Progress::Again => tokio::task::yield_now().await,
                Progress::After { ms } => {
                    let waits = &self.session.client.figures.waits;
                    waits.store(true, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(ms.min(LOOK_AGAIN_MS))).await;
                    waits.store(false, Ordering::Relaxed);
                }
            }
            if self.reader.is_over() || self.house.server.ending.is_asked() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            self.house.engine.borrow().go_on(&mut self.session, &mut rest, &mut self.reply);
        }
    }

    /// Sleeps until somebody answers the command, its time is over, or the client leaves.
    async fn sleep(&mut self, blocked: Blocked) -> io::Result<()> {
        let figures = &self.session.client.figures;
        figures.waits.store(true, Ordering::Relaxed);
        let answer = self.answer(&blocked).await;
        let figures = &self.session.client.figures;
        figures.waits.store(false, Ordering::Relaxed);
        *self.session.client.waiter.lock() = None;
        let server = &self.house.server;
        server.waiting.remove(&server.keyspace, &blocked.waiter);
        blocked.write(answer?, &mut self.reply);
        Ok(())
    }

    async fn answer(&self, blocked: &Blocked) -> io::Result<Answer> {
        let waiter = &blocked.waiter;
        let mut closed = pin!(self.reader.closed());
        let (mut is_over, mut has_left) = (false, false);
        loop {
            if let Some(answer) = waiter.take_answer() {
                return Ok(answer);
            }
            // Nobody can answer it any longer once it has given up.
            if (is_over || has_left) && waiter.give_up() {
                return match has_left {
                    true => Err(io::ErrorKind::ConnectionAborted.into()),
                    false => Ok(Answer::TimedOut),
                };
            }
            tokio::select! {
                () = waiter.news() => {}
                () = sleep_until(blocked.until_ms), if !is_over => is_over = true,
                () = sleep_until(waiter.again_ms()), if !is_over => {
                    waiter.set_again(None);
                    self.house.engine.borrow().try_again(waiter);
                }
                () = &mut closed, if !has_left => has_left = true,
            }
        }
    }

    /// Waits for a pause to end; looks again from time to time, since it may be ended early.
    async fn wait(&self, ms: u64) {
        const LOOK_AGAIN_MS: u64 = 5;
        let waits = &self.session.client.figures.waits;
        waits.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(ms.min(LOOK_AGAIN_MS))).await;
        waits.store(false, Ordering::Relaxed);
    }

    /// Writes everything owed.
    async fn write(&mut self) -> io::Result<()> {
        let mut written = 0;
        let mut writes = 0;
        // Redis does not count what fits a client's fixed buffer either.
        if self.reply.pending_bytes() > FIXED_REPLY_BYTES {
            self.check_output_limit(self.reply.pending_bytes())?;
        }
        while !self.reply.is_empty() {
            let result = {
                let mut slices = [IoSlice::new(&[]); MOST_SLICES];
                let count = self.reply.slices(&mut slices);
                self.writer.try_write(&slices[..count])
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    self.reply.advance(bytes);
                    (written, writes) = (written + bytes as u64, writes + 1);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait_writable().await?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let engine = self.house.engine.borrow();
        engine.stats().writes.add(writes);
        engine.stats().net_out.add(written);
        self.session.client.figures.count_out(written);
        Ok(())
    }

    /// The limits of what a client may be owed; an error when it is owed too much.
    fn check_output_limit(&self, owed: usize) -> io::Result<OutputLimit> {
        let limit = self.house.server.config.load().network.client_output_buffer_limit.normal;
        if limit.hard_bytes == 0 || owed as u64 <= limit.hard_bytes {
            return Ok(limit);
        }
        self.house.server.stats.output_limit_drops.fetch_add(1, Ordering::Relaxed);
        let id = self.session.client.id;
        tracing::warn!("client {id} is owed {owed} bytes, over its output limit: dropped");
        Err(io::ErrorKind::QuotaExceeded.into())
    }

    /// Waits until the client has read some of what it is owed, unless it is owed too much.
    async fn wait_writable(&self) -> io::Result<()> {
        let owed = self.reply.pending_bytes();
        let figures = &self.session.client.figures;
        figures.output_bytes.store(owed, Ordering::Relaxed);
        let limit = self.check_output_limit(owed)?;
        let waited = match limit.soft_bytes > 0 && owed as u64 > limit.soft_bytes {
            false => self.writer.writable().await,
            true => {
                let patience = limit.soft_time;
                let waited = tokio::time::timeout(patience, self.writer.writable()).await;
                waited.unwrap_or_else(|_| {
                    self.house.server.stats.output_limit_drops.fetch_add(1, Ordering::Relaxed);
                    Err(io::ErrorKind::QuotaExceeded.into())
                })
            }
        };
        figures.output_bytes.store(0, Ordering::Relaxed);
        waited
    }

    /// Answers a request that is not one, and lets the connection end.
    async fn refuse(&mut self, error: &ProtocolError) -> io::Result<()> {
        self.house.server.stats.count_error("ERR");
        self.reply.error_bytes(&error.text());
        self.write().await
    }

    fn note_query(&self) {
        let figures = &self.session.client.figures;
        figures.query_bytes.store(self.input.pending_bytes(), Ordering::Relaxed);
    }

    fn is_within_query_limit(&self) -> io::Result<bool> {
        let config = self.house.server.config.load();
        if self.input.pending_bytes() <= config.network.client_query_buffer_limit {
            return Ok(true);
        }
        self.house.server.stats.query_limit_drops.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(
            "client {} sent a request over client-query-buffer-limit: dropped",
            self.session.client.id
        );
        Ok(false)
    }
}

/// Sleeps until a moment (ms), or for ever.
async fn sleep_until(moment_ms: Option<u64>) {
    match moment_ms {
        Some(ms) => {
            let left_ms = ms.saturating_sub(clock::now_ms());
            tokio::time::sleep(Duration::from_millis(left_ms)).await;
        }
        None => std::future::pending().await,
    }
}
