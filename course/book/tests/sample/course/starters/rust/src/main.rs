//! A program to begin with.

use std::net::TcpListener;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:6379");
    println!("{listener:?}");
}
