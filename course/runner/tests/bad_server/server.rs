//! A server that does one thing wrong, for tests/bad_input.rs: `bad-server MODE --port N`.
//!   elsewhere  listens on another port than the one it was given
//!   garbage    answers with bytes that are no reply
//!   flood      answers without end
//!   hang       takes connections and says nothing
//!   taken      says that its port is taken, and ends
//!   panic      ends with a panic as soon as it is asked something
//!   thread     panics in the thread of a client that asks something; the program goes on
//!   pong       answers PONG to whatever comes, on as many connections as there are

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let mode = words[1].clone();
    let at = words.iter().position(|word| word == "--port").expect("--port is given");
    let port: u16 = words[at + 1].parse().expect("a number");
    if mode == "taken" {
        eprintln!("bind: Address already in use");
        std::process::exit(1);
    }
    let port = if mode == "elsewhere" { 0 } else { port };
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    for stream in listener.incoming() {
        let mode = mode.clone();
        std::thread::spawn(move || {
            if mode == "panic" {
                // A thread that panics leaves the others alone; this is about the whole program.
                std::process::exit(talk(stream.expect("a client"), &mode).map_or(101, |()| 0));
            }
            talk(stream.expect("a client"), &mode)
        });
    }
}

fn talk(mut stream: TcpStream, mode: &str) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer)? > 0 {
        match mode {
            "garbage" => stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?,
            "flood" => loop {
                stream.write_all(&[b'+'; 4096])?;
            },
            "panic" => {
                eprintln!("thread 'main' panicked at src/main.rs:7: index out of bounds");
                return Err(std::io::ErrorKind::Other.into());
            }
            "thread" => {
                // Its own panic would end it: the runner's crate is built to abort.
                eprintln!("got something\nthread 'a' panicked at src/main.rs:7:\nno such index");
                return Err(std::io::ErrorKind::Other.into());
            }
            "pong" => stream.write_all(b"+PONG\r\n")?,
            _ => {}
        }
    }
    Ok(())
}
