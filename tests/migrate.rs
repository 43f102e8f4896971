//! MIGRATE: to a real Redis, and to one played by the test, which decides what happens meanwhile.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use support::{Connection, Server, program};

/// A Redis to migrate to.
fn redis() -> Option<Server> {
    let Some(program) = program("redis-server") else {
        let is_required = std::env::var("REDSTART_CLIENTS").as_deref() == Ok("required");
        assert!(!is_required, "redis-server is required but not installed");
        eprintln!("untried: redis-server is not installed");
        return None;
    };
    Some(Server::start_program(&program, &["--save", ""]))
}

fn ask(connection: &mut Connection, words: &[&str]) -> String {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    connection.command(&words);
    connection.reply()
}

#[test]
fn keys_go_to_a_redis_with_all_they_have() {
    let Some(target) = redis() else { return };
    let source = Server::start(&["--rdb-version", "10"]);
    let (mut here, mut there) = (source.connect(), target.connect());
    let port = target.port.to_string();
    let to = ["MIGRATE", "127.0.0.1", &port];
    for line in ["SET a 1", "RPUSH list x y", "SET dying 1 PXAT 4000000000000", "SET b 2"] {
        here.ask(line);
    }
    assert_eq!(ask(&mut here, &[&to[..], &["a", "0", "1000"]].concat()), "+OK");
    assert_eq!((here.ask("GET a"), there.ask("GET a")), ("nil".into(), "1".into()));
    let keys = ["", "0", "1000", "KEYS", "list", "none", "dying"];
    assert_eq!(ask(&mut here, &[&to[..], &keys].concat()), "+OK");
    assert_eq!(here.ask("EXISTS list dying"), ":0");
    assert_eq!(there.ask("LRANGE list 0 -1"), "[x, y]");
    let deadline: u64 = there.ask("PEXPIRETIME dying")[1..].parse().expect("a time");
    assert!(deadline.abs_diff(4_000_000_000_000) < 5000, "{deadline}");
    assert_eq!(ask(&mut here, &[&to[..], &["none", "0", "1000"]].concat()), "+NOKEY");
    assert_eq!(ask(&mut here, &[&to[..], &["b", "0", "1000", "COPY"]].concat()), "+OK");
    let busy = "-ERR Target instance replied with error: BUSYKEY Target key name already exists.";
    assert_eq!(ask(&mut here, &[&to[..], &["b", "0", "1000"]].concat()), busy);
    assert_eq!(here.ask("GET b"), "2");
    assert_eq!(ask(&mut here, &[&to[..], &["b", "0", "1000", "REPLACE"]].concat()), "+OK");
    assert_eq!(here.ask("EXISTS b"), ":0");
    here.ask("SET c 1");
    assert_eq!(ask(&mut here, &[&to[..], &["c", "3", "1000"]].concat()), "+OK");
    there.ask("SELECT 3");
    assert_eq!(there.ask("GET c"), "1");
}

#[test]
fn a_target_may_ask_for_a_password() {
    let Some(target) = redis() else { return };
    assert_eq!(target.connect().ask("CONFIG SET requirepass secret"), "+OK");
    let source = Server::start(&["--rdb-version", "10"]);
    let mut here = source.connect();
    let port = target.port.to_string();
    here.ask("SET a 1");
    let to = ["MIGRATE", "127.0.0.1", &port, "a", "0", "1000"];
    let refused = ask(&mut here, &to);
    assert!(refused.starts_with("-ERR Target instance replied with error: NOAUTH"), "{refused}");
    let refused = ask(&mut here, &[&to[..], &["AUTH", "wrong"]].concat());
    assert!(refused.starts_with("-ERR Target instance replied with error: WRONGPASS"), "{refused}");
    assert_eq!(here.ask("GET a"), "1");
    let named = ["AUTH2", "default", "secret"];
    assert_eq!(ask(&mut here, &[&to[..], &named].concat()), "+OK");
    assert_eq!(here.ask("EXISTS a"), ":0");
}

#[test]
fn calls_that_make_no_sense_are_refused() {
    let source = Server::start(&[]);
    let mut here = source.connect();
    here.ask("SET a 1");
    let closed = support::free_port().to_string();
    let to = ["MIGRATE", "127.0.0.1", &closed];
    let cases: [(&[&str], &str); 5] = [
        (&["a", "0", "x"], "-ERR value is not an integer or out of range"),
        (&["a", "0", "10", "NOSUCH"], "-ERR syntax error"),
        (&["a", "0", "10", "AUTH"], "-ERR syntax error"),
        (
            &["a", "0", "10", "KEYS", "b"],
            "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        ),
        (&["a", "0", "100"], "-IOERR error or timeout connecting to the client"),
    ];
    for (words, expected) in cases {
        assert_eq!(ask(&mut here, &[&to[..], words].concat()), expected);
    }
    assert_eq!(here.ask("MULTI"), "+OK");
    assert_eq!(ask(&mut here, &[&to[..], &["a", "0", "10"]].concat()), "+QUEUED");
    assert_eq!(here.ask("EXEC"), "[-ERR Command not allowed inside a transaction]");
}

/// One visit of MIGRATE at a target that the test plays: what it says, and where to answer.
fn visit(listener: &TcpListener) -> (String, TcpStream) {
    let (mut stream, _) = listener.accept().expect("MIGRATE comes");
    let mut said = Vec::new();
    let mut chunk = [0; 4096];
    // SELECT with its number and a RESTORE: more than 60 bytes, sent as one.
    while said.len() < 60 {
        let count = stream.read(&mut chunk).expect("MIGRATE speaks");
        said.extend_from_slice(&chunk[..count]);
    }
    (String::from_utf8_lossy(&said).into_owned(), stream)
}

#[test]
fn a_key_that_changes_under_way_is_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its number").port().to_string();
    let source = Server::start(&[]);
    let (mut here, mut other) = (source.connect(), source.connect());
    let value = "v".repeat(19);
    other.ask(&format!("SET key {value}"));
    here.command(&[b"MIGRATE", b"127.0.0.1", port.as_bytes(), b"key", b"0", b"5000"]);
    let (said, mut stream) = visit(&listener);
    assert!(said.contains("RESTORE") && !said.contains("REPLACE"), "{said}");
    other.ask(&format!("APPEND key {}", "w".repeat(20)));
    stream.write_all(b"+OK\r\n+OK\r\n").expect("MIGRATE reads");
    let (said, mut stream) = visit(&listener);
    assert!(said.contains("REPLACE"), "{said}");
    assert_eq!(other.ask("STRLEN key"), ":39", "it stays until it has arrived as it is");
    stream.write_all(b"+OK\r\n+OK\r\n").expect("MIGRATE reads");
    assert_eq!(here.reply(), "+OK");
    assert_eq!(other.ask("EXISTS key"), ":0");
    // A target that does not answer in time has taken nothing.
    other.ask(&format!("SET key {value}"));
    here.command(&[b"MIGRATE", b"127.0.0.1", port.as_bytes(), b"key", b"0", b"50"]);
    let (_, silent) = visit(&listener);
    assert_eq!(here.reply(), "-IOERR error or timeout reading to target instance");
    drop(silent);
    assert_eq!(other.ask("EXISTS key"), ":1");
}
