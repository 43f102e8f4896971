//! A server of a few lines for tests: it answers every command with what a function says.

use crate::wire::{self, Reply};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// A server that answers each command with these bytes; `close` closes instead.
pub type Answer = fn(&[String]) -> String;

/// Starts one.
pub fn serve(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || talk(stream.unwrap(), answer));
        }
    });
    address
}

fn talk(mut stream: TcpStream, answer: Answer) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        while let Some((Reply::Array(words), length)) = wire::read(&bytes).unwrap() {
            bytes.drain(..length);
            let text = |word: &Reply| String::from_utf8_lossy(word.text().unwrap()).into_owned();
            let words: Vec<String> = words.iter().map(text).collect();
            let reply = answer(&words);
            if reply == "close" || stream.write_all(reply.as_bytes()).is_err() {
                return;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}
