//! The two servers, and connections to them that take a batch of commands at a time.

use redstart_course::server::{Program, Server, StartError};
use redstart_course::wire::{self, Reply};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A server that does not answer for so long has failed.
const PATIENCE: Duration = Duration::from_secs(4);
/// Names of the connections in transcripts.
pub const CONNECTIONS: [char; 3] = ['A', 'B', 'C'];
/// The one that looks at the keyspace.
pub const OBSERVER: usize = 2;

/// What stands for a reply that did not come.
const NO_REPLY: &[u8] = b"(no reply)";
const CLOSED: &[u8] = b"(the connection was closed)";

/// Whether this stands for a reply that did not come.
pub fn is_missing(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(text) if text.starts_with(b"("))
}

/// One of the two servers, with its connections.
pub struct Side {
    server: Server,
    connections: [Option<Connection>; 3],
}

/// A command, and who sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Place in [`CONNECTIONS`].
    pub connection: usize,
    /// The command.
    pub words: Vec<Vec<u8>>,
}

impl Step {
    /// A command made of texts.
    pub fn new(connection: usize, words: &[&str]) -> Self {
        let words = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        Step { connection, words }
    }
}

impl Side {
    /// Starts a program, with these flags on top of what keeps it from the disk.
    pub fn start(program: &str, flags: &[&str]) -> Result<Self, String> {
        let flags = ["--save", "", "--appendonly", "no"].iter().chain(flags);
        let program = Program {
            command: vec![program.to_owned()],
            flags: flags.map(|flag| (*flag).to_owned()).collect(),
            patience: redstart_course::cli::patience(),
        };
        match Server::start(&program, &[]) {
            Ok(server) => Ok(Side { server, connections: [const { None }; 3] }),
            Err(StartError::Untried(why)) => Err(why),
            Err(StartError::Failed(why, output)) => Err(format!("{why}\n{}", output.join("\n"))),
        }
    }

    /// Drops all connections and what they were in the middle of. A server that has ended or
    /// does not answer is started again.
    pub fn disconnect(&mut self) -> Result<(), String> {
        let connections = std::mem::replace(&mut self.connections, [const { None }; 3]);
        let is_silent = |connection: &Connection| connection.broken == Some(NO_REPLY);
        // One that is busy for ever is ended as well.
        if self.server.ended().is_some() || connections.iter().flatten().any(is_silent) {
            self.server.start_again(None).map_err(|error| format!("{error:?}"))?;
        }
        Ok(())
    }

    /// The last lines that the server printed.
    pub fn output(&self) -> Vec<String> {
        self.server.output()
    }

    /// Sends commands without waiting.
    pub fn send(&mut self, connection: usize, steps: &[Step]) {
        let bytes: Vec<u8> = steps.iter().flat_map(|step| wire::command(&step.words)).collect();
        let address = self.server.address();
        let place = &mut self.connections[connection];
        if place.is_none() {
            *place = Connection::open(address);
        }
        if let Some(connection) = place {
            connection.send(&bytes);
        }
    }

    /// The next reply; an error that says so if there is none.
    pub fn receive(&mut self, connection: usize) -> Reply {
        match &mut self.connections[connection] {
            Some(connection) => connection.receive(),
            None => Reply::Error(CLOSED.to_vec()),
        }
    }

    /// Sends one command and waits for its reply.
    pub fn ask(&mut self, step: &Step) -> Reply {
        self.send(step.connection, std::slice::from_ref(step));
        self.receive(step.connection)
    }
}

struct Connection {
    stream: TcpStream,
    bytes: Vec<u8>,
    taken: usize,
    /// Why nothing more will come.
    broken: Option<&'static [u8]>,
}

impl Connection {
    fn open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        Some(Connection { stream, bytes: Vec::new(), taken: 0, broken: None })
    }

    fn send(&mut self, bytes: &[u8]) {
        if self.stream.write_all(bytes).is_err() {
            self.broken = Some(CLOSED);
        }
    }

    fn receive(&mut self) -> Reply {
        let mut room = vec![0; 64 << 10];
        loop {
            match wire::read(&self.bytes[self.taken..]) {
                Ok(Some((reply, length))) => {
                    self.taken += length;
                    return reply;
                }
                Err(malformed) => {
                    return Reply::Error(format!("(malformed: {})", malformed.what).into_bytes());
                }
                Ok(None) => {}
            }
            if let Some(why) = self.broken {
                return Reply::Error(why.to_vec());
            }
            self.bytes.drain(..self.taken);
            self.taken = 0;
            match self.stream.read(&mut room) {
                Ok(0) => self.broken = Some(CLOSED),
                Ok(length) => self.bytes.extend_from_slice(&room[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    self.broken = Some(NO_REPLY);
                }
                Err(_) => self.broken = Some(CLOSED),
            }
        }
    }
}
