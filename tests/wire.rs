//! What a transcript cannot say of the wire: every split, hostile frames, slow readers, very many
//! and very large things.

mod support;

use std::time::{Duration, Instant};
use support::{PATIENCE, Server, encode};

const MIB: usize = 1024 * 1024;

#[test]
fn a_pipeline_cut_at_every_byte_gives_the_same_replies() {
    let server = Server::start(&[]);
    let mut bytes = encode(&[b"SET", b"cut", b"a\r\nb"]);
    bytes.extend(encode(&[b"GET", b"cut"]));
    bytes.extend(b"PING\r\n");
    bytes.extend(encode(&[b"ECHO", b""]));
    let expected = b"+OK\r\n$4\r\na\r\nb\r\n+PONG\r\n$0\r\n\r\n";
    for cut in 1..bytes.len() {
        let mut connection = server.connect();
        connection.send(&bytes[..cut]);
        // Long enough for the first part to be read alone nearly always.
        std::thread::sleep(Duration::from_millis(2));
        connection.send(&bytes[cut..]);
        assert_eq!(connection.bytes(expected.len()), expected, "cut at {cut}");
    }
}

#[test]
fn a_hundred_thousand_pipelined_commands_are_answered_in_order() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    let mut writer = connection.stream.try_clone().expect("a second handle");
    let count = 100_000;
    let sender = std::thread::spawn(move || {
        use std::io::Write;
        let bytes: Vec<u8> = (0..count).flat_map(|_| encode(&[b"INCR", b"n"])).collect();
        writer.write_all(&bytes).expect("the server reads on");
    });
    for n in 1..=count {
        assert_eq!(connection.line(), format!(":{n}"));
    }
    sender.join().expect("the sender ends");
}

#[test]
fn hostile_frames_get_redis_errors_and_end_the_connection() {
    let server = Server::start(&[]);
    let cases: &[(&[u8], &str)] = &[
        (b"*2147483648\r\n", "-ERR Protocol error: invalid multibulk length"),
        (b"*abc\r\n", "-ERR Protocol error: invalid multibulk length"),
        (b"*99999999999\r\n", "-ERR Protocol error: invalid multibulk length"),
        (b"*1\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$99999999999\r\n", "-ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$x\r\n", "-ERR Protocol error: invalid bulk length"),
        (b"*1\r\n*1\r\n$4\r\nPING\r\n", "-ERR Protocol error: expected '$', got '*'"),
        (b"*1\r\n:5\r\n", "-ERR Protocol error: expected '$', got ':'"),
        (b"SET \"a\r\n", "-ERR Protocol error: unbalanced quotes in request"),
    ];
    for (bytes, error) in cases {
        let mut connection = server.connect();
        connection.send(&encode(&[b"PING"]));
        connection.send(bytes);
        assert_eq!(connection.line(), "+PONG", "what came before the error is answered");
        assert_eq!(connection.line(), *error, "{}", bytes.escape_ascii());
        assert!(connection.is_closed());
    }
    assert_eq!(server.connect().ask("PING"), "+PONG");
}

#[test]
fn announced_lengths_cost_no_memory() {
    let server = Server::start(&[]);
    server.connect().ask("PING");
    let before = server.resident_bytes();
    let hold: Vec<_> = (0..200)
        .map(|at| {
            let mut connection = server.connect();
            let announced: &[u8] = match at % 2 {
                0 => b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc",
                _ => b"*1000000\r\n$3\r\nDEL\r\n$1\r\na\r\n",
            };
            connection.send(announced);
            connection
        })
        .collect();
    assert_eq!(server.connect().ask("PING"), "+PONG");
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 100 * MIB as u64, "{grown} bytes for {} connections", hold.len());
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_and_little_memory() {
    let server = Server::start(&[]);
    let mut setter = server.connect();
    setter.command(&[b"SET", b"big", &vec![b'x'; MIB]]);
    assert_eq!(setter.line(), "+OK");
    let before = server.resident_bytes();
    let mut deaf = server.connect();
    let bytes: Vec<u8> = (0..2000).flat_map(|_| encode(&[b"GET", b"big"])).collect();
    deaf.send(&bytes);
    let began = Instant::now();
    for _ in 0..1000 {
        assert_eq!(setter.ask("PING"), "+PONG");
    }
    assert!(began.elapsed() < PATIENCE, "others are served meanwhile");
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 64 * MIB as u64, "2 GB are owed, {grown} bytes are held");
    for _ in 0..2000 {
        assert_eq!(deaf.line(), format!("${MIB}"));
        deaf.bytes(MIB + 2);
    }
}

#[test]
fn a_client_over_its_output_limit_is_dropped_while_others_are_served() {
    let server = Server::start(&["--client-output-buffer-limit", "normal", "1mb", "0", "0"]);
    let mut setter = server.connect();
    setter.command(&[b"SET", b"big", &vec![b'x'; 16 * MIB]]);
    assert_eq!(setter.line(), "+OK");
    let mut deaf = server.connect();
    deaf.command(&[b"GET", b"big"]);
    let began = Instant::now();
    while setter.ask("INFO stats").contains("client_output_buffer_limit_disconnections:0") {
        assert!(began.elapsed() < PATIENCE, "the client is dropped");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(deaf.rest().len() < 16 * MIB, "the reply was not completed");
    assert_eq!(setter.ask("PING"), "+PONG");
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_hold_up_nobody() {
    // Two descriptors a connection, one of them ours.
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let wanted = 10_000;
    let raised = rustix::process::Rlimit {
        current: limit.maximum.or(Some(wanted + 1000)),
        maximum: limit.maximum,
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised)
        .expect("the soft limit of open files can be raised to the hard one");
    let allowed = raised.current.unwrap_or(u64::MAX).saturating_sub(500);
    let wanted = wanted.min(allowed);
    eprintln!("{wanted} idle connections");
    let server = Server::start(&["--maxclients", "10100", "--tcp-backlog", "4096"]);
    let before = server.resident_bytes();
    let mut idle: Vec<_> = (0..wanted).map(|_| server.connect()).collect();
    let last = idle.last_mut().expect("there are connections");
    assert_eq!(last.ask("PING"), "+PONG");
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 100 * MIB as u64, "{grown} bytes for {wanted} connections");
    let mut busy = server.connect();
    for _ in 0..1000 {
        assert_eq!(busy.ask("PING"), "+PONG");
    }
    assert_eq!(idle[0].ask("PING"), "+PONG");
    assert_eq!(idle[wanted as usize / 2].ask("ECHO x"), "x");
}

#[test]
fn a_value_of_512_megabytes_costs_no_more_than_twice_its_size() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    assert_eq!(connection.ask("PING"), "+PONG");
    let before = server.resident_bytes();
    let size = 512 * MIB;
    connection.send(format!("*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n${size}\r\n").as_bytes());
    let chunk = vec![b'x'; MIB];
    let mut most = 0;
    for _ in 0..512 {
        connection.send(&chunk);
        most = most.max(server.resident_bytes());
    }
    connection.send(b"\r\n");
    assert_eq!(connection.line(), "+OK");
    most = most.max(server.resident_bytes());
    let limit = (size * 2 + size / 10) as u64;
    assert!(most - before < limit, "{} bytes at the most", most - before);
    assert_eq!(connection.ask("STRLEN huge"), format!(":{size}"));
    connection.command(&[b"GET", b"huge"]);
    assert_eq!(connection.line(), format!("${size}"));
    for _ in 0..512 {
        assert_eq!(connection.bytes(MIB), chunk);
        most = most.max(server.resident_bytes());
    }
    connection.bytes(2);
    assert!(most - before < limit, "{} bytes at the most", most - before);
}

#[test]
fn one_client_too_many_is_told_so() {
    let server = Server::start(&["--maxclients", "2"]);
    let mut one = server.connect();
    assert_eq!(one.ask("PING"), "+PONG");
    let mut two = server.connect();
    assert_eq!(two.ask("PING"), "+PONG");
    let mut three = server.connect();
    assert_eq!(three.line(), "-ERR max number of clients reached");
    assert!(three.is_closed());
    drop(one);
    let began = Instant::now();
    loop {
        let mut again = server.connect();
        again.send(b"PING\r\n");
        if again.line() == "+PONG" {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "a place that was left is free again");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_idle_client_is_closed_after_the_timeout() {
    let server = Server::start(&["--timeout", "1"]);
    let mut idle = server.connect();
    assert_eq!(idle.ask("PING"), "+PONG");
    assert!(idle.is_closed());
}
