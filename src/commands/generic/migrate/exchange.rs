//! What MIGRATE says to the other server, on a thread of its own: the keys as RESTORE takes them.
//!
//! All commands go out at once, then all replies are read. Every read and every write may take as
//! long as the time-out says.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A reply line is no longer than this.
const LONGEST_LINE_BYTES: u64 = 64 * 1024;

/// Where to, and as whom.
#[derive(Debug, Clone)]
pub struct Target {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The words of AUTH, if it is to be sent.
    pub auth: Option<Vec<Vec<u8>>>,
    /// The database there.
    pub db: Vec<u8>,
    /// For each step.
    pub timeout: Duration,
}

/// A key on its way.
#[derive(Debug)]
pub struct Parcel {
    /// Its name.
    pub key: Vec<u8>,
    /// What DUMP gives out, and the milliseconds it has to live, 0 for ever; nothing where it has
    /// gone since it was sent: it is to go there, too.
    pub content: Option<(Vec<u8>, u64)>,
    /// It may take the place of another one.
    pub replaces: bool,
}

/// How it went.
#[derive(Debug)]
pub struct Outcome {
    /// Which parcels arrived.
    pub arrived: Vec<bool>,
    /// What went wrong, as MIGRATE answers it.
    pub failure: Option<String>,
}

/// Sends the parcels.
pub fn send(target: &Target, parcels: &[Parcel]) -> Outcome {
    let mut outcome = Outcome { arrived: vec![false; parcels.len()], failure: None };
    let stream = match connect(target) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!("MIGRATE cannot connect to {}:{}: {error}", target.host, target.port);
            outcome.failure = Some("IOERR error or timeout connecting to the client".into());
            return outcome;
        }
    };
    let failed = |what| format!("IOERR error or timeout {what} to target instance");
    if let Err(error) = write(&stream, target, parcels) {
        tracing::debug!("MIGRATE cannot write: {error}");
        outcome.failure = Some(failed("writing"));
        return outcome;
    }
    if let Err(error) = read(stream, target, &mut outcome) {
        tracing::debug!("MIGRATE cannot read: {error}");
        outcome.failure = Some(failed("reading"));
    }
    outcome
}

fn connect(target: &Target) -> io::Result<TcpStream> {
    let addresses = (target.host.as_str(), target.port).to_socket_addrs()?;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect_timeout(&address, target.timeout) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(target.timeout))?;
                stream.set_write_timeout(Some(target.timeout))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn write(mut stream: &TcpStream, target: &Target, parcels: &[Parcel]) -> io::Result<()> {
    let mut bytes = Vec::new();
    if let Some(auth) = &target.auth {
        let words: Vec<&[u8]> = auth.iter().map(Vec::as_slice).collect();
        push(&mut bytes, &[&[&b"AUTH"[..]], &words[..]].concat());
    }
    push(&mut bytes, &[b"SELECT", &target.db]);
    for parcel in parcels {
        match &parcel.content {
            None => push(&mut bytes, &[b"DEL", &parcel.key]),
            Some((value, ttl_ms)) => {
                let ttl = ttl_ms.to_string();
                let mut words: Vec<&[u8]> = vec![b"RESTORE", &parcel.key, ttl.as_bytes(), value];
                words.extend(parcel.replaces.then_some(&b"REPLACE"[..]));
                push(&mut bytes, &words);
            }
        }
    }
    stream.write_all(&bytes)
}

/// Adds a command as clients send it.
fn push(bytes: &mut Vec<u8>, words: &[&[u8]]) {
    bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn read(stream: TcpStream, target: &Target, outcome: &mut Outcome) -> io::Result<()> {
    let mut lines = BufReader::new(stream);
    for _ in 0..1 + usize::from(target.auth.is_some()) {
        note(line(&mut lines)?, outcome);
    }
    // Where it was not let in, nothing has arrived, whatever it says to the keys.
    let is_let_in = outcome.failure.is_none();
    for at in 0..outcome.arrived.len() {
        let is_taken = note(line(&mut lines)?, outcome);
        outcome.arrived[at] = is_taken && is_let_in;
    }
    Ok(())
}

/// Takes note of a reply; false when it is an error. The first error is the one to tell of.
fn note(reply: String, outcome: &mut Outcome) -> bool {
    let Some(error) = reply.strip_prefix('-') else { return true };
    let told = || format!("ERR Target instance replied with error: {error}");
    outcome.failure.get_or_insert_with(told);
    false
}

fn line(lines: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    io::Read::take(lines, LONGEST_LINE_BYTES).read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
}
