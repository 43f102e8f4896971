//! Kills at every step of writing files.

use crate::ALWAYS;
use crate::bench::Bench;
use crate::history::Client;
use crate::support::encode;
use std::fs;

/// Runs clients until the server dies, as its failpoints have it; all must be there afterwards.
fn write_until_death(bench: &mut Bench, round: u64) {
    let mut clients: Vec<Client> = (0..3).map(|number| Client::new(round, number)).collect();
    let server = &bench.server;
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| client.write(server));
        }
    });
    bench.wait_for_death();
    bench.cut_the_power();
    bench.start_again(ALWAYS);
    check(bench, &clients, "log");
}

/// All that was acknowledged is there.
fn check(bench: &Bench, clients: &[Client], step: &str) {
    let mut connection = bench.server.connect();
    for client in clients {
        let found = client.find(&mut connection).unwrap_or_else(|why| panic!("{step}: {why}"));
        assert!(found >= client.all(), "{step}: {found} of {} are there", client.all());
    }
}

#[test]
fn death_before_a_write_or_a_sync_loses_nothing_that_was_acknowledged() {
    let mut bench = Bench::start(ALWAYS);
    for round in 0..4 {
        let step = ["log-write", "log-sync"][round as usize % 2];
        let points: Vec<String> =
            (10 + 7 * round..60 + 7 * round).map(|time| format!("{step} die {time}")).collect();
        bench.ask_for(&points.join("\n"));
        write_until_death(&mut bench, round);
    }
}

#[test]
fn a_first_start_that_dies_at_any_step_can_be_repeated() {
    for step in ["log-opened", "manifest-created", "manifest-written", "manifest-renamed"] {
        let mut bench = Bench::start(&["--save", ""]);
        assert!(bench.dies_at_start(step, ALWAYS), "{step}");
        bench.start_again(ALWAYS);
        assert_eq!(bench.server.connect().ask("SET a 1"), "+OK");
        bench.start_again(ALWAYS);
        assert_eq!(bench.server.connect().ask("GET a"), "1", "{step}");
    }
}

#[test]
fn an_old_log_survives_a_death_at_any_step_of_taking_it_in() {
    for step in [
        "manifest-created",
        "manifest-written",
        "manifest-renamed",
        "old-log-listed",
        "old-log-moved",
        "log-opened",
    ] {
        let mut bench = Bench::start(&["--save", ""]);
        let old = bench.server.dir.path().join("appendonly.aof");
        fs::write(&old, encode(&[b"SET", b"a", b"1"])).expect("an old log");
        assert!(bench.dies_at_start(step, ALWAYS), "{step}");
        bench.start_again(ALWAYS);
        assert_eq!(bench.server.connect().ask("INCR a"), ":2", "{step}");
        bench.start_again(ALWAYS);
        assert_eq!(bench.server.connect().ask("GET a"), "2", "{step}");
        assert!(!old.exists(), "{step}");
    }
}

/// Steps of a rewrite, in order, some more than once: the manifest is replaced when the next file
/// is listed, when the base is there, and when the old files are gone.
const OF_A_REWRITE: [&str; 17] = [
    "rewrite-opened",
    "manifest-created",
    "manifest-written",
    "manifest-renamed",
    "rewrite-listed",
    "base-moment",
    "base-step",
    "base-written",
    "base-renamed",
    "rewrite-based",
    "manifest-created 2",
    "manifest-written 2",
    "manifest-renamed 2",
    "history-removed",
    "manifest-created 3",
    "manifest-written 3",
    "manifest-renamed 3",
];

/// `step 2` as a failpoint that does this the second time.
fn point(step: &str, what: &str) -> String {
    match step.split_once(' ') {
        None => format!("{step} {what} 1"),
        Some((name, time)) => format!("{name} {what} {time}"),
    }
}

#[test]
fn a_rewrite_that_dies_at_any_step_loses_nothing() {
    let flags = [ALWAYS, &["--aof-use-rdb-preamble", "no"]].concat();
    let mut bench = Bench::start(&flags);
    for (round, step) in OF_A_REWRITE.iter().enumerate() {
        // A start may replace the manifest, too: what counts begins afterwards.
        bench.start_again(&flags);
        let mut clients: Vec<Client> =
            (0..3).map(|number| Client::new(round as u64, number)).collect();
        let server = &bench.server;
        std::thread::scope(|scope| {
            for client in &mut clients {
                scope.spawn(|| client.write(server));
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
            bench.ask_for(&point(step, "die"));
            // It may be gone before it answers.
            server.connect().try_ask("BGREWRITEAOF");
        });
        bench.wait_for_death();
        bench.cut_the_power();
        bench.start_again(&flags);
        check(&bench, &clients, step);
    }
}
