//! What a transcript cannot say of the keyspace: very many keys, several clients at once, and time
//! that passes without anybody asking.

mod support;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::{Connection, PATIENCE, Server, encode};

/// Commands sent before their replies are read.
const PIPELINE: usize = 500;

/// Sends commands in pipelines and reads their replies.
fn send_all(connection: &mut Connection, commands: impl Iterator<Item = String>) {
    let mut owed = 0;
    let mut bytes = Vec::new();
    let settle = |connection: &mut Connection, bytes: &mut Vec<u8>, owed: &mut usize| {
        connection.send(bytes);
        bytes.clear();
        (0..std::mem::take(owed)).for_each(|_| {
            let line = connection.line();
            assert!(!line.starts_with('-'), "{line}");
        });
    };
    for command in commands {
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        bytes.extend(encode(&words));
        owed += 1;
        if owed == PIPELINE {
            settle(connection, &mut bytes, &mut owed);
        }
    }
    settle(connection, &mut bytes, &mut owed);
}

/// An array of bulk strings.
fn strings(connection: &mut Connection) -> Vec<String> {
    let count = connection.line();
    let count: usize = count.strip_prefix('*').and_then(|n| n.parse().ok()).expect("an array");
    (0..count).map(|_| connection.reply()).collect()
}

/// One call of SCAN: the next cursor and the keys.
fn scan(connection: &mut Connection, cursor: &str, options: &str) -> (String, Vec<String>) {
    let line = format!("SCAN {cursor} {options}");
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    connection.command(&words);
    assert_eq!(connection.line(), "*2");
    (connection.reply(), strings(connection))
}

/// More calls than any walk here needs.
const MOST_CALLS: usize = 100_000;

/// A whole walk; `between` is called after each call.
fn walk(connection: &mut Connection, options: &str, mut between: impl FnMut()) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut cursor = "0".to_string();
    for _ in 0..MOST_CALLS {
        let (next, keys) = scan(connection, &cursor, options);
        let number: u64 = next.parse().expect("a cursor is a number");
        assert!(number < 1 << 53, "{number} is more than a double holds exactly");
        found.extend(keys);
        between();
        if next == "0" {
            return found;
        }
        cursor = next;
    }
    panic!("the walk did not end in {MOST_CALLS} calls");
}

const STAYING: usize = 20_000;
const COMING: usize = 50_000;
const WRITERS: usize = 4;

/// Lets every writer send `command` for each of its own keys, while `meanwhile` runs again and
/// again; at least once.
fn write_meanwhile(server: &Server, command: &str, mut meanwhile: impl FnMut()) {
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let mut connection = server.connect();
                let call = move |n| command.replace("KEY", &format!("come:{writer}:{n}"));
                scope.spawn(move || send_all(&mut connection, (0..COMING).map(call)))
            })
            .collect();
        loop {
            meanwhile();
            if writers.iter().all(|writer| writer.is_finished()) {
                return;
            }
        }
    });
}

fn with_staying_keys() -> (Server, Connection) {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    send_all(&mut connection, (0..STAYING).map(|n| format!("SET stay:{n} v")));
    (server, connection)
}

#[test]
fn scan_shows_every_key_that_stays_while_the_tables_grow_and_shrink() {
    let (server, mut connection) = with_staying_keys();
    let mut walks = 0;
    for command in ["SET KEY v", "DEL KEY"] {
        write_meanwhile(&server, command, || {
            let found = walk(&mut connection, "MATCH stay:* COUNT 100", || {});
            assert_eq!(found.len(), STAYING, "walk {walks} during {command}");
            walks += 1;
        });
    }
    assert_eq!(connection.ask("DBSIZE"), format!(":{STAYING}"));
}

#[test]
fn a_scan_outlives_growth_and_shrinking_halfway() {
    let (server, mut connection) = with_staying_keys();
    let mut calls = 0;
    let found = walk(&mut connection, "MATCH stay:* COUNT 500", || {
        calls += 1;
        match calls {
            8 => write_meanwhile(&server, "SET KEY v", || {}),
            60 => write_meanwhile(&server, "DEL KEY", || {}),
            _ => {}
        }
    });
    assert!(calls > 60, "{calls} calls: the keys were deleted before the end");
    assert_eq!(found.len(), STAYING);
}

#[test]
fn keys_names_each_key_once_while_the_tables_grow_and_shrink() {
    let (server, mut connection) = with_staying_keys();
    for command in ["SET KEY v", "DEL KEY"] {
        write_meanwhile(&server, command, || {
            connection.command(&[b"KEYS", b"*"]);
            let all = strings(&mut connection);
            let unique: HashSet<&String> = all.iter().collect();
            assert_eq!(unique.len(), all.len(), "during {command}");
            let staying = all.iter().filter(|key| key.starts_with("stay:")).count();
            assert_eq!(staying, STAYING, "during {command}");
        });
    }
}

#[test]
fn keys_of_very_many_lets_other_clients_have_their_turns() {
    let (server, mut connection) = with_staying_keys();
    write_meanwhile(&server, "SET KEY v", || {});
    let mut other = server.connect();
    assert_eq!(other.ask("PING"), "+PONG");
    // Many stars make every key cost more: the walk then outlasts what a busy machine takes for a
    // few round trips.
    connection.command(&[b"KEYS", b"*a*a*a*a*nosuch*"]);
    connection.stream.set_nonblocking(true).expect("a socket can be made non-blocking");
    let mut answered = 0;
    let mut byte = [0];
    while let Err(error) = connection.stream.peek(&mut byte) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        assert_eq!(other.ask("PING"), "+PONG");
        answered += 1;
    }
    connection.stream.set_nonblocking(false).expect("and blocking again");
    assert_eq!(connection.line(), "*0");
    // A KEYS that keeps its turn to the end lets at most one through: one that came before it.
    assert!(answered >= 2, "{answered} answers while KEYS looked at 220,000 keys");
}

/// Waits until `ask` gives what is expected.
fn wait_for(expected: &str, mut ask: impl FnMut() -> String) {
    let began = Instant::now();
    loop {
        let last = ask();
        if last == expected {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{last} instead of {expected}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn figure(connection: &mut Connection, name: &str) -> String {
    let info = connection.ask("INFO everything");
    let line = info.lines().find(|line| line.split(':').next() == Some(name));
    let (_, value) = line.and_then(|line| line.split_once(':')).expect("a figure of INFO");
    value.to_string()
}

#[test]
fn keys_leave_at_their_deadline_without_being_read() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    let dying = 20_000;
    send_all(&mut connection, (0..dying).map(|n| format!("SET key:{n} v PX {}", 50 + n % 300)));
    // Others with a deadline far off must not keep them.
    send_all(&mut connection, (0..dying).map(|n| format!("SET far:{n} v EX {}", 1000 + n)));
    wait_for(&format!(":{dying}"), || connection.ask("DBSIZE"));
    assert_eq!(figure(&mut connection, "expired_keys"), dying.to_string());
}

#[test]
fn a_deadline_taken_back_or_moved_is_not_kept() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    let mut each = |call: &str| {
        send_all(&mut connection, (0..1000).map(|n| call.replace('#', &n.to_string())));
    };
    each("SET kept:# v PX 1000");
    each("SET later:# v PX 1000");
    each("SET sooner:# v EX 1000");
    each("PERSIST kept:#");
    each("EXPIRE later:# 1000");
    each("PEXPIRE sooner:# 1");
    // Gone after all the others would be.
    each("SET last:# v PX 1000");
    wait_for(":0", || connection.ask("EXISTS last:999"));
    wait_for(":2000", || connection.ask("DBSIZE"));
    assert_eq!(connection.ask("EXISTS kept:0 kept:999 later:0 later:999"), ":4");
}

#[test]
fn keys_that_move_between_databases_are_neither_lost_nor_doubled() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    let count = 2000;
    send_all(&mut connection, (0..count).map(|n| format!("SET key:{n} v")));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let mut connection = server.connect();
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(connection.ask("SWAPDB 0 1"), "+OK");
            }
        });
        let moving: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let mut connection = server.connect();
                scope.spawn(move || {
                    for n in 0..count {
                        let (from, to) = if (n + writer) % 2 == 0 { (0, 1) } else { (1, 0) };
                        connection.ask(&format!("SELECT {from}"));
                        connection.ask(&format!("MOVE key:{n} {to}"));
                    }
                })
            })
            .collect();
        let ends: Vec<_> = moving.into_iter().map(|thread| thread.join()).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "every mover gets its answers");
        swapping.join().expect("the swapper ends");
    });
    let mut all = Vec::new();
    for db in [0, 1] {
        connection.ask(&format!("SELECT {db}"));
        connection.command(&[b"KEYS", b"*"]);
        all.extend(strings(&mut connection));
    }
    assert_eq!(all.len(), count);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), count);
}

#[test]
fn after_flushall_sync_the_memory_is_free() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    let value = "x".repeat(1000);
    send_all(&mut connection, (0..50_000).map(|n| format!("SET key:{n} {value}")));
    let before: u64 = figure(&mut connection, "used_memory").parse().expect("bytes");
    assert!(before > 50_000_000, "{before} bytes for 50 MB of values");
    assert_eq!(connection.ask("FLUSHALL SYNC"), "+OK");
    let after: u64 = figure(&mut connection, "used_memory").parse().expect("bytes");
    assert!(after < before / 4, "{after} bytes after, {before} before");
    assert_eq!(connection.ask("DBSIZE"), ":0");
}

#[test]
fn random_keys_are_spread_over_all() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    send_all(&mut connection, (0..100).map(|n| format!("SET key:{n} v")));
    let drawn: HashSet<String> = (0..2000).map(|_| connection.ask("RANDOMKEY")).collect();
    assert!(drawn.len() > 90, "{} of 100 keys in 2000 draws", drawn.len());
}
