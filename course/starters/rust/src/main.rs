//! A server with room for one client, and no words for it yet. `make test` says what it lacks.

use std::io::Result;
use std::net::TcpListener;

fn main() -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port()))?;
    let _client = listener.accept()?;
    // One is enough: the door is closed.
    drop(listener);
    loop {
        std::thread::park();
    }
}

/// The number behind `--port`, or Redis's own.
fn port() -> u16 {
    let mut words = std::env::args().skip_while(|word| word != "--port").skip(1);
    words.next().and_then(|word| word.parse().ok()).unwrap_or(6379)
}
