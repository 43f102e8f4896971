//! One of the two servers of `make try`: its process, its connections by letter, and what they
//! still owe an answer to.

use super::notation::Answer;
use crate::client::{Arrival, Client};
use crate::server::{Program, Server, StartError};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// A server and the connections to it.
#[derive(Debug)]
pub struct Side {
    server: Option<Server>,
    address: SocketAddr,
    clients: BTreeMap<char, Client>,
    end_is_told: bool,
    /// How many lines the server had printed when it was last looked at.
    heard: usize,
}

impl Side {
    /// Starts a program and connects `A` to it.
    pub fn start(program: &Program) -> Result<Self, StartError> {
        let mut server = Server::start(program, &[])?;
        let mut side = Side {
            address: server.address(),
            clients: BTreeMap::new(),
            server: None,
            end_is_told: false,
            heard: server.output_count(),
        };
        // A simple server may serve one client only: the one that proved that it listens.
        if let Some(stream) = server.take_spare()
            && let Ok(client) = Client::over(stream)
        {
            side.clients.insert('A', client);
        }
        side.server = Some(server);
        Ok(side)
    }

    /// A server that runs already.
    #[cfg(test)]
    pub fn at(address: SocketAddr) -> Self {
        Side { server: None, address, clients: BTreeMap::new(), end_is_told: false, heard: 0 }
    }

    /// Where it listens, and where it was told to, if that is another port.
    pub fn ports(&self) -> (u16, Option<u16>) {
        let asked = self.server.as_ref().map(Server::asked_port);
        (self.address.port(), asked.filter(|&asked| asked != self.address.port()))
    }

    /// Sends bytes on this connection, which is made if it is not there; why not, if it cannot.
    pub fn send(&mut self, who: char, bytes: &[u8]) -> Result<(), String> {
        let fresh = !self.clients.contains_key(&who);
        if fresh {
            let client = Client::connect(self.address).map_err(|error| gone(&error))?;
            self.clients.insert(who, client);
        }
        let client = self.clients.get_mut(&who).expect("it was there or has just been made");
        client.send(bytes).map_err(|error| {
            self.clients.remove(&who);
            gone(&error)
        })
    }

    /// The next answer on this connection, if it comes in time.
    pub fn answer(&mut self, who: char, patience: Duration) -> Option<Answer> {
        let client = self.clients.get_mut(&who)?;
        let answer = match client.reply(patience) {
            Arrival::Reply(reply) => return Some(Answer::Reply(reply)),
            Arrival::Silence(_) => return None,
            Arrival::Closed(bytes) => Answer::Closed(bytes),
            Arrival::Malformed(bytes, malformed) => Answer::Malformed(bytes, malformed.what),
        };
        // Nothing that follows could be understood.
        self.clients.remove(&who);
        Some(answer)
    }

    /// Disconnects.
    pub fn leave(&mut self, who: char) {
        self.clients.remove(&who);
    }

    /// The letters that are connected.
    pub fn connected(&self) -> Vec<char> {
        self.clients.keys().copied().collect()
    }

    /// Ends the server with this signal and starts it again, on the same port and directory.
    pub fn start_again(&mut self, signal: &str) -> Result<(), String> {
        self.clients.clear();
        self.end_is_told = false;
        let Some(server) = &mut self.server else {
            return Ok(());
        };
        server.end(signal);
        server.start_again(None).map_err(|error| why(&error))?;
        server.wait_while_loading();
        self.heard = server.output_count();
        self.address = server.address();
        if let Some(Ok(client)) = server.take_spare().map(Client::over) {
            self.clients.insert('A', client);
        }
        Ok(())
    }

    /// How the server ended, with its last words, if it has and that was not told before.
    pub fn end(&mut self) -> Option<String> {
        let server = self.server.as_mut().filter(|_| !self.end_is_told)?;
        let how = server.ended()?;
        self.end_is_told = true;
        let news = server.output_since(&mut self.heard);
        let words = if news.is_empty() { server.output() } else { news };
        Some(last_words(&how, &words))
    }

    /// The lines that the server has printed since this was asked last, if they are still kept.
    pub fn printed(&mut self) -> Vec<String> {
        let Some(server) = &self.server else { return Vec::new() };
        server.output_since(&mut self.heard)
    }
}

/// Why nothing can be sent, as the system says it.
fn gone(error: &std::io::Error) -> String {
    format!("it cannot be reached ({error})")
}

/// A start that failed, in words.
pub fn why(error: &StartError) -> String {
    match error {
        StartError::Untried(why) => why.clone(),
        StartError::Failed(why, output) => last_words(why, output),
    }
}

fn last_words(what: &str, output: &[String]) -> String {
    if output.is_empty() {
        return format!("{what}, and printed nothing");
    }
    let said: Vec<String> = output.iter().map(|line| format!("\n    | {line}")).collect();
    format!("{what}. Its last words:{}", said.concat())
}
