//! A plain, blocking connection for what is no load: readiness, INFO, DBSIZE, the probes of the
//! expiry part.
//!
//! It speaks as much RESP2 as these need and trusts the server as far as one trusts what one has
//! started oneself.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Longer than any stall a server may show; a silent server ends the run instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(60);

/// One connection.
pub struct Control {
    stream: BufReader<TcpStream>,
}

/// One reply.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// A simple string, or a bulk string.
    Text(String),
    /// An integer.
    Number(i64),
    /// The null bulk string.
    Nil,
}

impl Control {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<Control> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Control { stream: BufReader::new(stream) })
    }

    /// Sends one command and reads its reply.
    pub fn call(&mut self, words: &[&str]) -> Result<Answer> {
        self.send(&[words])?;
        self.receive().with_context(|| format!("calling {}", words.join(" ")))
    }

    /// Writes several commands at once; as many replies are to be received.
    pub fn send(&mut self, commands: &[&[&str]]) -> Result<()> {
        let mut bytes = Vec::new();
        for words in commands {
            write!(bytes, "*{}\r\n", words.len())?;
            for word in *words {
                write!(bytes, "${}\r\n{word}\r\n", word.len())?;
            }
        }
        Ok(self.stream.get_mut().write_all(&bytes)?)
    }

    /// Reads one reply; an error reply is an error.
    pub fn receive(&mut self) -> Result<Answer> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "the server closed the connection");
        let line = line.trim_end();
        ensure!(!line.is_empty(), "an empty line instead of a reply");
        let (kind, rest) = line.split_at(1);
        match kind {
            "+" => Ok(Answer::Text(rest.to_owned())),
            ":" => Ok(Answer::Number(rest.parse()?)),
            "$" if rest == "-1" => Ok(Answer::Nil),
            "$" => self.bulk(rest.parse()?),
            "-" => bail!("the server answered an error: {rest}"),
            _ => bail!("a reply of an unknown kind: {line}"),
        }
    }

    fn bulk(&mut self, length: usize) -> Result<Answer> {
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(Answer::Text(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

impl Answer {
    /// The number of an integer reply.
    pub fn number(self) -> Result<i64> {
        match self {
            Answer::Number(number) => Ok(number),
            other => bail!("a number was expected, and {other:?} came"),
        }
    }

    /// The text of a string reply.
    pub fn text(self) -> Result<String> {
        match self {
            Answer::Text(text) => Ok(text),
            other => bail!("a string was expected, and {other:?} came"),
        }
    }
}

/// The value of `field:value` in INFO's text.
pub fn info_field<'a>(text: &'a str, field: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "# Stats\r\nexpired_keys_active:3\r\nexpired_keys:12\r\n";
        assert_eq!(info_field(text, "expired_keys"), Some("12"));
        assert_eq!(info_field(text, "expired"), None);
    }
}
