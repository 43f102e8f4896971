//! Damaged files: cut at every byte, one byte flipped in every region. A start loads what is whole
//! and says what it left out, or ends with exit code 1 and a line on where the damage is. It never
//! panics, and never loses what is before the damage.

use crate::ALWAYS;
use crate::bench::{files_of_log, wait_for_rewrite};
use crate::support::{Server, encode};
use std::fs;
use std::path::{Path, PathBuf};

fn redstart() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_redstart"))
}

/// A log with calls before, between and after a transaction, and where each of its steps ends: a
/// call, or a transaction as a whole.
fn log_in_steps() -> (Vec<u8>, Vec<usize>) {
    let steps: [&[&[&[u8]]]; 5] = [
        &[&[b"SELECT", b"0"]],
        &[&[b"SET", b"a", b"1"]],
        &[&[b"MULTI"], &[b"SET", b"b", b"22"], &[b"SET", b"b", b"3"], &[b"EXEC"]],
        &[&[b"SET", b"c", b"a longer value"]],
        &[&[b"SET", b"d", b"1"]],
    ];
    let (mut log, mut ends) = (Vec::new(), Vec::new());
    for step in steps {
        step.iter().for_each(|call| log.extend(encode(call)));
        ends.push(log.len());
    }
    (log, ends)
}

/// A server that has ended, and the file of its log.
fn server_with_log() -> (Server, PathBuf) {
    let mut server = Server::start(ALWAYS);
    server.signal("KILL");
    server.wait();
    let file = files_of_log(server.dir.path()).pop().expect("a file");
    (server, file)
}

/// The values of all keys after so many steps.
fn values_after(steps: usize) -> String {
    let all = ["1", "3", "a longer value", "1"];
    let there = steps.saturating_sub(1);
    let values = (0..4).map(|at| if at < there { all[at] } else { "nil" });
    format!("[{}]", values.collect::<Vec<&str>>().join(", "))
}

#[test]
fn a_log_that_was_cut_anywhere_loads_up_to_its_last_whole_step() {
    let (log, ends) = log_in_steps();
    let (mut server, file) = server_with_log();
    for cut in ends[0]..log.len() {
        fs::write(&file, &log[..cut]).expect("a log");
        assert_eq!(server.try_to_start(redstart(), ALWAYS), Ok(()), "{cut}: {}", server.log());
        let whole = ends.partition_point(|end| *end <= cut);
        let found = server.connect().ask("MGET a b c d");
        assert_eq!(found, values_after(whole), "cut at {cut}");
        let left = fs::metadata(&file).expect("the log").len() as usize;
        assert_eq!(left, ends[whole - 1], "cut at {cut}");
        if left < cut {
            let told = format!("at offset {left} ({} bytes)", cut - left);
            assert!(server.log().contains(&told), "{told}: {}", server.log());
        }
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_flipped_bit_in_a_log_loses_nothing_before_it() {
    let (log, ends) = log_in_steps();
    let (mut server, file) = server_with_log();
    let (mut refused, mut loaded) = (0, 0);
    for at in ends[0]..log.len() {
        let mut damaged = log.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(&file, &damaged).expect("a log");
        let before = ends.partition_point(|end| *end <= at);
        let said = server.log().len();
        let outcome = server.try_to_start(redstart(), ALWAYS);
        let log_text = server.log().split_off(said);
        assert!(!log_text.contains("panicked"), "{at}: {log_text}");
        let left = fs::read(&file).expect("the log");
        match outcome {
            Err(code) => {
                refused += 1;
                assert_eq!(code, Some(1), "{at}: {log_text}");
                assert!(log_text.contains("at offset"), "{at}: {log_text}");
                assert_eq!(left, damaged, "a log that is refused stays as it is");
            }
            Ok(()) => {
                loaded += 1;
                let found = server.connect().ask("MGET a b c d");
                let wanted = values_after(before);
                let wanted = wanted.split(", nil").next().expect("a part");
                let wanted = wanted.trim_end_matches(']').replace("[nil", "[");
                assert!(found.starts_with(&wanted), "{at}: {found} is not {wanted}");
                assert!(left.len() >= ends[before - 1] && damaged.starts_with(&left), "{at}");
            }
        }
    }
    println!("flipped bits: {refused} refused, {loaded} loaded");
}

/// A snapshot with a value of every type, and a server that has ended.
fn server_with_snapshot(flags: &[&str]) -> (Server, PathBuf) {
    let mut server = Server::start(flags);
    let mut connection = server.connect();
    for line in [
        "SET string some-text-some-text-some-text-some-text",
        "SET number 12345 PX 100000000",
        "RPUSH list a b c 1 2 3",
        "SADD set a b c",
        "SADD integers 1 2 300",
        "HSET hash a 1 b 2",
        "ZADD sorted 1 a 2.5 b",
        "XADD stream 1-1 a 1",
        "XADD stream 1-2 a 2",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group me COUNT 1 STREAMS stream >",
        "SELECT 3",
        "SET other 1",
    ] {
        let reply = connection.ask(line);
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    }
    for number in 0..200 {
        connection.ask(&format!("SADD large member:{number}"));
    }
    assert_eq!(connection.ask("SAVE"), "+OK");
    server.signal("KILL");
    server.wait();
    let file = server.dir.path().join("dump.rdb");
    (server, file)
}

/// Starts from a damaged file: whether it was refused, in a line that names the file and the place.
/// It is as it was then.
fn is_refused(server: &mut Server, flags: &[&str], (file, bytes): (&Path, &[u8])) -> bool {
    fs::write(file, bytes).expect("a file");
    let said = server.log().len();
    let outcome = server.try_to_start(redstart(), flags);
    let told = server.log().split_off(said);
    assert!(!told.contains("panicked"), "{told}");
    let Err(code) = outcome else {
        assert!(server.connect().ask("DEBUG DIGEST").starts_with('+'), "what is there can be read");
        return false;
    };
    assert_eq!(code, Some(1), "{told}");
    let name = file.file_name().expect("a name").to_string_lossy();
    let line = told.lines().find(|line| line.contains("Fatal")).unwrap_or_default();
    let tells_place = line.contains("at byte") || line.contains("at offset");
    assert!(line.contains(&*name) && tells_place, "{told}");
    assert_eq!(fs::read(file).expect("the file"), bytes, "a file that is refused stays");
    true
}

/// Places in a file: every one near its ends, some between, others each time.
fn places(length: usize) -> impl Iterator<Item = usize> {
    let step = length / 40 + 1;
    let from = fastrand::usize(..step);
    (0..20).chain((20 + from..length).step_by(step)).chain(length - 12..length)
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let flags = ["--save", "", "--enable-debug-command", "yes"];
    let (mut server, file) = server_with_snapshot(&flags);
    let whole = fs::read(&file).expect("a snapshot");
    assert!(!is_refused(&mut server, &flags, (&file, &whole)));
    for at in places(whole.len()) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(is_refused(&mut server, &flags, (&file, &damaged)), "flipped at {at}");
        if at % 2 == 0 {
            assert!(is_refused(&mut server, &flags, (&file, &whole[..at])), "cut at {at}");
        }
    }
}

#[test]
fn a_damaged_snapshot_without_a_checksum_is_refused_or_loaded_as_far_as_it_makes_sense() {
    let flags = ["--save", "", "--enable-debug-command", "yes", "--rdbchecksum", "no"];
    let (mut server, file) = server_with_snapshot(&flags);
    let whole = fs::read(&file).expect("a snapshot");
    let mut refused = 0;
    for at in places(whole.len() - 8) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        refused += u32::from(is_refused(&mut server, &flags, (&file, &damaged)));
    }
    assert!(refused > 10, "{refused} were refused");
}

#[test]
fn a_log_with_a_damaged_base_is_refused_and_left_as_it_is() {
    let flags = [ALWAYS, &["--enable-debug-command", "yes"]].concat();
    let mut server = Server::start(&flags);
    let mut connection = server.connect();
    connection.ask("SET a 1");
    assert!(connection.ask("BGREWRITEAOF").starts_with('+'));
    wait_for_rewrite(&mut connection);
    let base = server.dir.path().join("appendonlydir/appendonly.aof.2.base.rdb");
    server.signal("KILL");
    server.wait();
    let whole = fs::read(&base).expect("a base");
    for at in [0, 7, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert!(is_refused(&mut server, &flags, (&base, &damaged)), "flipped at {at}");
        assert!(is_refused(&mut server, &flags, (&base, &whole[..at])), "cut at {at}");
    }
    assert!(!is_refused(&mut server, &flags, (&base, &whole)));
    assert_eq!(server.connect().ask("GET a"), "1");
}
