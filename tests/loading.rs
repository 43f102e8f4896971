//! The server and the snapshot it starts from: found, damaged, missing, or so large that clients
//! come while it is loaded.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};
use support::Server;

/// The bytes of a snapshot of so many strings, without a checksum.
fn snapshot(keys: usize) -> Vec<u8> {
    let mut bytes = b"REDIS0011".to_vec();
    for number in 0..keys {
        bytes.extend_from_slice(b"\0\x05");
        bytes.extend_from_slice(format!("{number:05}").as_bytes());
        bytes.extend_from_slice(b"\x05value");
    }
    bytes.push(255);
    bytes.extend_from_slice(&[0; 8]);
    bytes
}

fn place(server: &Server) -> std::path::PathBuf {
    server.dir.path().join("dump.rdb")
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("a file can be written");
}

fn info(server: &Server, field: &str) -> String {
    let text = server.connect().ask("INFO persistence");
    let line = text.lines().find(|line| line.starts_with(&format!("{field}:")));
    line.map(|line| line.split(':').nth(1).unwrap_or_default().trim().to_string())
        .unwrap_or_default()
}

#[test]
fn a_server_starts_from_its_snapshot() {
    let mut server = Server::start(&["--save", ""]);
    write(&place(&server), &snapshot(3));
    server.start_again(&["--save", ""]);
    let mut client = server.connect();
    assert_eq!(client.ask("DBSIZE"), ":3");
    assert_eq!(client.ask("GET 00001"), "value");
    assert_eq!(info(&server, "rdb_last_load_keys_loaded"), "3");
    assert_eq!(info(&server, "loading"), "0");
    assert!(server.log().contains("Done loading RDB, keys loaded: 3"));
}

#[test]
fn a_server_does_not_start_from_a_damaged_snapshot() {
    let mut server = Server::start(&["--save", ""]);
    let whole = snapshot(3);
    for (bytes, expected) in [
        (&whole[..20], "the file ends too early (at byte"),
        (&b"REDIS0099\xFF"[..], "Can't handle RDB format version 0099"),
        (&b"not a snapshot"[..], "Wrong signature"),
        (&b"REDIS0011\xFF12345678"[..], "RDB CRC error"),
    ] {
        write(&place(&server), bytes);
        assert_eq!(server.fail_to_start(&["--save", ""]), Some(1));
        let log = server.log();
        let line = log.lines().rev().find(|line| line.contains("Fatal error loading the DB"));
        let line = line.expect("the log says why");
        assert!(line.contains(expected) && line.contains("dump.rdb"), "{line}");
        assert_eq!(std::fs::read(place(&server)).expect("the file is there"), bytes);
    }
}

#[test]
fn clients_that_come_while_it_loads_are_told_to_wait() {
    let mut server = Server::start(&["--save", ""]);
    write(&place(&server), &snapshot(2000));
    // A second or more for all of them.
    server.start_loading(&["--save", "3600 1", "--key-load-delay", "500"]);
    let mut client = server.connect();
    let loading = "-LOADING Redis is loading the dataset in memory";
    assert_eq!(client.ask("GET 00001"), loading);
    assert_eq!(client.ask("SAVE"), loading);
    assert_eq!(info(&server, "loading"), "1");
    assert_eq!(
        info(&server, "loading_total_bytes"),
        place(&server).metadata().map_or(0, |about| about.len()).to_string()
    );
    let began = Instant::now();
    while client.ask("GET 01999") == loading && began.elapsed() < support::PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.ask("GET 01999"), "value");
    assert_eq!(info(&server, "loading"), "0");
}

#[test]
fn a_server_that_ends_while_it_loads_leaves_its_snapshot_alone() {
    let mut server = Server::start(&["--save", ""]);
    let bytes = snapshot(20_000);
    write(&place(&server), &bytes);
    server.start_loading(&["--save", "1 1", "--key-load-delay", "500"]);
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert_eq!(std::fs::read(place(&server)).expect("the file is there"), bytes);
}

fn check(file: &Path) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_redstart");
    let ran = std::process::Command::new(program).arg("check-rdb").arg(file).output();
    let ran = ran.expect("the program runs");
    (ran.status.code(), String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn check_rdb_says_what_is_in_a_file_and_where_it_breaks() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("some.rdb");
    let whole = snapshot(3);
    write(&file, &whole);
    let (code, text) = check(&file);
    assert_eq!(code, Some(0), "{text}");
    for line in ["database 0: 3 keys, 0 expires", "string: 3", "Version 11", "RDB looks OK"] {
        assert!(text.contains(line), "{text}");
    }
    write(&file, &whole[..40]);
    let (code, text) = check(&file);
    assert_eq!(code, Some(1), "{text}");
    for line in ["At offset", "ends too early", "'00001' in database 0", "RDB is not valid"] {
        assert!(text.contains(line), "{text}");
    }
    assert_eq!(check(&dir.path().join("missing")).0, Some(1));
}
