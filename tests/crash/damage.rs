//! Damaged files: cut at every byte, one byte flipped in every region. A start loads what is whole
//! and says what it left out, or ends with exit code 1 and a line on where the damage is. It never
//! panics, and never loses what is before the damage.

use crate::ALWAYS;
use crate::bench::files_of_log;
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
