//! Transactions, in numbers: no step of fifty clients is lost, and nobody sees one half done.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Connection, Server};

/// More workers than most machines that run this have cores: they take turns at any place.
const FLAGS: [&str; 2] = ["--threads", "4"];
const COUNTERS: usize = 4;
const CLIENTS: usize = 50;
const STEPS: usize = 1000;
const MOVERS: usize = 20;
const MOVES: usize = 300;
const READERS: usize = 4;
const TOTAL: i64 = 10_000;

/// Sends these commands in one packet; their replies.
fn together(connection: &mut Connection, lines: &[&str]) -> Vec<String> {
    let mut bytes = Vec::new();
    for line in lines {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        bytes.extend(support::encode(&words));
    }
    connection.send(&bytes);
    lines.iter().map(|_| connection.reply()).collect()
}

/// Adds one to a counter as a client without INCR would; how often somebody else was faster.
fn add_one(connection: &mut Connection, counter: &str) -> usize {
    let mut failures = 0;
    loop {
        let watch = format!("WATCH {counter}");
        let seen = together(connection, &[&watch, &format!("GET {counter}")]);
        assert_eq!(seen[0], "+OK");
        let next = seen[1].parse::<i64>().expect("a number") + 1;
        let set = format!("SET {counter} {next}");
        let replies = together(connection, &["MULTI", &set, "EXEC"]);
        assert_eq!(replies[..2], ["+OK", "+QUEUED"]);
        match replies[2].as_str() {
            "[+OK]" => return failures,
            "nil" => failures += 1,
            other => panic!("EXEC answered {other}"),
        }
        // Whoever was too late lets the others go first, the longer the more often that happens.
        std::thread::sleep(Duration::from_micros(50 * failures.min(20) as u64));
    }
}

#[test]
fn increments_that_watch_their_counter_sum_up() {
    let server = Server::start(&FLAGS);
    let mut control = server.connect();
    let names: Vec<String> = (0..COUNTERS).map(|number| format!("counter:{number}")).collect();
    names.iter().for_each(|name| assert_eq!(control.ask(&format!("SET {name} 0")), "+OK"));
    let failures: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (mut connection, names) = (server.connect(), &names);
                scope.spawn(move || {
                    let counters = (client..client + STEPS).map(|step| &names[step % COUNTERS]);
                    counters.map(|name| add_one(&mut connection, name)).sum::<usize>()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("no client fails")).sum()
    });
    let counts = names.iter().map(|name| control.ask(&format!("GET {name}")));
    let sum: usize = counts.map(|count| count.parse::<usize>().expect("a number")).sum();
    assert_eq!(sum, CLIENTS * STEPS, "after {failures} attempts that failed");
    assert!(failures > 0, "nobody was ever in anybody's way: this has tested nothing");
}

fn pair(reply: &str) -> (i64, i64) {
    let inner = reply.trim_matches(['[', ']']);
    let (left, right) = inner.split_once(", ").expect("two values");
    let number = |text: &str| text.trim_start_matches(':').parse().expect("a number");
    (number(left), number(right))
}

/// Moves amounts to and fro; both ends are seen to change in the same step.
fn move_amounts(mut connection: Connection, client: usize) {
    for step in 0..MOVES {
        let amount = (client * 31 + step * 7) % 100 + 1;
        let (from, to) = if step % 2 == 0 { ("left", "right") } else { ("right", "left") };
        let lines =
            ["MULTI", &format!("DECRBY {from} {amount}"), &format!("INCRBY {to} {amount}"), "EXEC"];
        let replies = together(&mut connection, &lines);
        let (paid, due) = pair(&replies[3]);
        assert_eq!(paid + due, TOTAL, "{replies:?}");
    }
}

/// Reads both until told to stop, in three ways that must all see a whole step; how often.
fn read_both(mut connection: Connection, stop: &AtomicBool) -> usize {
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        let replies = together(&mut connection, &["MULTI", "GET left", "GET right", "EXEC"]);
        let (left, right) = pair(&replies[3]);
        assert_eq!(left + right, TOTAL, "in a transaction");
        let (left, right) = pair(&connection.ask("MGET left right"));
        assert_eq!(left + right, TOTAL, "in one command");
        let watched = together(&mut connection, &["WATCH left right", "GET left", "GET right"]);
        let replies = together(&mut connection, &["MULTI", "PING", "EXEC"]);
        if replies[2] != "nil" {
            let number = |text: &str| text.parse::<i64>().expect("a number");
            assert_eq!(number(&watched[1]) + number(&watched[2]), TOTAL, "while nobody wrote");
        }
        reads += 1;
    }
    reads
}

#[test]
fn an_amount_that_moves_is_never_missing() {
    let server = Server::start(&FLAGS);
    assert_eq!(server.connect().ask(&format!("MSET left {TOTAL} right 0")), "+OK");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (connection, stop) = (server.connect(), &stop);
                scope.spawn(move || read_both(connection, stop))
            })
            .collect();
        let movers: Vec<_> = (0..MOVERS)
            .map(|client| {
                let connection = server.connect();
                scope.spawn(move || move_amounts(connection, client))
            })
            .collect();
        let moved: Vec<_> = movers.into_iter().map(|mover| mover.join()).collect();
        stop.store(true, Ordering::Relaxed);
        moved.into_iter().for_each(|moved| moved.expect("no move fails"));
        for reader in readers {
            assert!(reader.join().expect("no read fails") > 0, "nobody has read anything");
        }
    });
    let (left, right) = pair(&server.connect().ask("MGET left right"));
    assert_eq!(left + right, TOTAL);
}
