//! The clients: one thread, one `epoll`, every client in a closed loop. A client writes a batch,
//! waits for all of its replies, and writes the next.
//!
//! Latency is the time from the write of a batch to the arrival of its last reply. With `ping`, one
//! more connection asks PING once a millisecond, whatever the others do; its replies show for how
//! long the server answered nobody. A ping that is due while another is on its way is not sent: a
//! stall shows as one long reply, not as many.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::replies::{Expected, Progress};
use super::requests::{Batch, KeySource, Work};
use super::script::Script;

/// A server silent for this long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two pings.
const PING_EVERY: Duration = Duration::from_millis(1);
/// Longest latency a histogram holds, in nanoseconds; above it counts as this much.
const LONGEST_NS: u64 = 600_000_000_000;
const READ_BYTES: usize = 256 * 1024;
const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
const PONG: &[u8] = b"+PONG\r\n";

/// How the clients ask.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Connections.
    pub clients: usize,
    /// Commands a client sends before it waits.
    pub pipeline: usize,
    /// Whether one more connection pings.
    pub ping: bool,
}

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// With the keys (`Keys::Each`).
    WithKeys,
    /// When so much time is over.
    After(Duration),
}

/// What a run showed.
pub struct Outcome {
    /// Commands answered.
    pub commands: u64,
    /// From the first byte sent to the last received.
    pub wall: Duration,
    /// Nanoseconds from a batch to its last reply.
    pub latency: Histogram<u64>,
    /// Nanoseconds from a ping to its reply; empty without pings.
    pub pings: Histogram<u64>,
}

/// The clients of one thread, connected.
pub struct Generator {
    poll: Poll,
    clients: Vec<Client>,
    pinger: Option<Pinger>,
    source: KeySource,
    expected: Expected,
    buffer: Vec<u8>,
}

struct Client {
    stream: TcpStream,
    batch: Batch,
    progress: Progress,
    /// Bytes of the batch still to be written: from `written` to `length`.
    written: usize,
    length: usize,
    waiting_for: usize,
    since: Instant,
}

struct Pinger {
    stream: TcpStream,
    received: usize,
    since: Option<Instant>,
    due: Instant,
}

/// The state of one run.
struct Run {
    started: Instant,
    until: Option<Instant>,
    /// Clients whose load goes on.
    busy: usize,
    outcome: Outcome,
}

impl Generator {
    /// Connects the clients of `shape` to the server at `address`; `seed` decides the order of
    /// random keys.
    pub fn connect(
        address: SocketAddr,
        shape: Shape,
        (work, seed): (&Work, u64),
    ) -> Result<Generator> {
        let source = KeySource::new(work.keys.clone(), seed);
        let expected = Expected::of(work.operation, work.value_bytes);
        Generator::with(address, shape, (source, expected), || Batch::new(work, shape.pipeline))
    }

    /// The same for a load on containers.
    pub fn play(
        address: SocketAddr,
        shape: Shape,
        (script, seed): (&Script, u64),
    ) -> Result<Generator> {
        let source = KeySource::new(script.keys.clone(), seed);
        let expected = Expected::Any(script.array);
        let batch = || Batch::of_script(script, shape.pipeline);
        Generator::with(address, shape, (source, expected), batch)
    }

    fn with(
        address: SocketAddr,
        shape: Shape,
        (source, expected): (KeySource, Expected),
        batch: impl Fn() -> Batch,
    ) -> Result<Generator> {
        let poll = Poll::new()?;
        let mut clients = Vec::with_capacity(shape.clients);
        for index in 0..shape.clients {
            let stream = open(&poll, address, Token(index))?;
            clients.push(Client::new(stream, batch()));
        }
        let pinger = match shape.ping {
            true => Some(Pinger::new(open(&poll, address, Token(shape.clients))?)),
            false => None,
        };
        Ok(Generator { poll, clients, pinger, source, expected, buffer: vec![0; READ_BYTES] })
    }

    /// Runs the load to its end, and until every reply is there.
    pub fn run(&mut self, stop: Stop) -> Result<Outcome> {
        let started = Instant::now();
        let until = match stop {
            Stop::WithKeys => None,
            Stop::After(time) => Some(started + time),
        };
        let mut run = Run { started, until, busy: 0, outcome: Outcome::empty()? };
        for client in &mut self.clients {
            run.busy += usize::from(client.begin(&mut self.source, started)?);
        }
        self.turn(&mut run)?;
        run.outcome.wall = run.started.elapsed();
        Ok(run.outcome)
    }

    /// Pings alone, for `time`; the clients stay silent.
    pub fn idle(&mut self, time: Duration) -> Result<Outcome> {
        let started = Instant::now();
        let mut events = Events::with_capacity(self.clients.len() + 1);
        let mut run = Run { started, until: None, busy: 1, outcome: Outcome::empty()? };
        while started.elapsed() < time {
            self.step(&mut run, &mut events)?;
        }
        run.busy = 0;
        self.turn(&mut run)?;
        Ok(run.outcome)
    }

    fn turn(&mut self, run: &mut Run) -> Result<()> {
        let mut events = Events::with_capacity(self.clients.len() + 1);
        // The last ping, too: unread, it would look like a stall to the next run.
        while run.busy > 0 || self.pinger.as_ref().is_some_and(|pinger| pinger.since.is_some()) {
            self.step(run, &mut events)?;
        }
        Ok(())
    }

    /// One wait, and all that came of it.
    fn step(&mut self, run: &mut Run, events: &mut Events) -> Result<()> {
        let timeout = self.pinger.as_ref().map_or(PATIENCE, Pinger::until_due);
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            outcome => outcome.context("waiting for replies")?,
        }
        ensure!(self.pinger.is_some() || !events.is_empty(), "no reply for {PATIENCE:?}");
        if let Some(pinger) = &mut self.pinger {
            // First of all: the work of this very loop must not be counted as the server's.
            if events.iter().any(|event| event.token().0 == self.clients.len()) {
                pinger.receive(&mut run.outcome)?;
            }
            if run.busy > 0 {
                pinger.send_if_due()?;
            }
        }
        for event in events.iter() {
            if event.token().0 < self.clients.len() {
                self.serve(event.token().0, run)?;
            }
        }
        Ok(())
    }

    /// Writes what is left of the client's batch, reads its replies, and begins the next batch when
    /// they are complete.
    fn serve(&mut self, index: usize, run: &mut Run) -> Result<()> {
        let client = &mut self.clients[index];
        client.write()?;
        loop {
            let length = match client.stream.read(&mut self.buffer) {
                Ok(0) => bail!("the server closed a connection under load"),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("reading replies"),
            };
            let count = self.expected.count(&mut client.progress, &self.buffer[..length])?;
            ensure!(count <= client.waiting_for, "more replies than commands");
            client.waiting_for -= count;
            run.outcome.commands += count as u64;
            if client.waiting_for == 0 && client.length > 0 {
                let now = Instant::now();
                run.outcome.latency.saturating_record((now - client.since).as_nanos() as u64);
                let goes_on = run.until.is_none_or(|until| now < until);
                client.length = 0;
                if !goes_on || !client.begin(&mut self.source, now)? {
                    run.busy -= 1;
                }
            }
            // A read that did not fill the buffer has emptied the socket, and new bytes make a new
            // event.
            if length < READ_BYTES {
                return Ok(());
            }
        }
    }
}

impl Client {
    fn new(stream: TcpStream, batch: Batch) -> Client {
        let since = Instant::now();
        let progress = Progress::default();
        Client { stream, batch, progress, written: 0, length: 0, waiting_for: 0, since }
    }

    /// Sends the next batch; false when there are no keys left.
    fn begin(&mut self, source: &mut KeySource, now: Instant) -> Result<bool> {
        let (bytes, commands) = self.batch.next(source);
        (self.written, self.length) = (0, bytes.len());
        self.waiting_for = commands;
        self.since = now;
        self.write()?;
        Ok(commands > 0)
    }

    fn write(&mut self) -> Result<()> {
        while self.written < self.length {
            match self.stream.write(&self.batch.bytes()[self.written..self.length]) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("writing commands"),
            }
        }
        Ok(())
    }
}

impl Pinger {
    fn new(stream: TcpStream) -> Pinger {
        Pinger { stream, received: 0, since: None, due: Instant::now() }
    }

    fn until_due(&self) -> Duration {
        match self.since {
            None => self.due.saturating_duration_since(Instant::now()),
            Some(_) => PATIENCE,
        }
    }

    fn send_if_due(&mut self) -> Result<()> {
        let now = Instant::now();
        if self.since.is_none() && now >= self.due {
            ensure!(self.stream.write(PING)? == PING.len(), "a ping did not fit into the socket");
            self.since = Some(now);
            self.due = now + PING_EVERY;
        }
        Ok(())
    }

    fn receive(&mut self, outcome: &mut Outcome) -> Result<()> {
        let mut reply = [0; 64];
        let length = match self.stream.read(&mut reply) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            read => read.context("reading the reply to a ping")?,
        };
        ensure!(length > 0, "the server closed the pinging connection");
        self.received += length;
        if self.received >= PONG.len() {
            self.received = 0;
            let since = self.since.take().context("a reply without a ping")?;
            outcome.pings.saturating_record(since.elapsed().as_nanos() as u64);
        }
        Ok(())
    }
}

impl Outcome {
    fn empty() -> Result<Outcome> {
        let latency = Histogram::new_with_bounds(1, LONGEST_NS, 3)?;
        let pings = latency.clone();
        Ok(Outcome { commands: 0, wall: Duration::ZERO, latency, pings })
    }

    /// Adds what another thread's clients saw at the same time.
    pub fn add(&mut self, other: &Outcome) -> Result<()> {
        self.commands += other.commands;
        self.wall = self.wall.max(other.wall);
        self.latency.add(&other.latency)?;
        self.pings.add(&other.pings)?;
        Ok(())
    }
}

/// Runs several generators at once, each on a thread of its own.
pub fn run_together(generators: &mut [Generator], stop: Stop) -> Result<Outcome> {
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            generators.iter_mut().map(|generator| scope.spawn(|| generator.run(stop))).collect();
        let mut sum = Outcome::empty()?;
        for thread in threads {
            sum.add(&thread.join().expect("a generator reports its errors")?)?;
        }
        Ok(sum)
    })
}

fn open(poll: &Poll, address: SocketAddr, token: Token) -> Result<TcpStream> {
    // Connected while blocking: the load begins when everyone is there.
    let stream = std::net::TcpStream::connect(address).context("connecting a client")?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok(stream)
}
