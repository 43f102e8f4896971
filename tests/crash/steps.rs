//! Kills at every step of writing files.

use crate::ALWAYS;
use crate::bench::{Bench, wait_for_rewrite};
use crate::history::{Client, find_all, write_all};
use crate::support::encode;
use std::fs;
use std::time::Duration;

/// Ends what failpoints have left of a server, starts it again, and looks for all that was
/// acknowledged.
fn find_after_power_cut(bench: &mut Bench, flags: &[&str], clients: &[Client], step: &str) {
    bench.cut_the_power();
    bench.start_again(flags);
    for (client, found) in clients.iter().zip(find_all(&bench.server, clients)) {
        let (last, all) = (found.last, client.all());
        assert!(last >= all, "{step}: {last} of {all} are there");
    }
}

fn clients(round: usize) -> Vec<Client> {
    (0..3).map(|number| Client::new(round as u64, number)).collect()
}

#[test]
fn death_before_a_write_or_a_sync_loses_nothing_that_was_acknowledged() {
    let mut bench = Bench::start(ALWAYS);
    for round in 0..4 {
        let step = ["log-write", "log-sync"][round % 2];
        let points: Vec<String> =
            (10 + 7 * round..60 + 7 * round).map(|time| format!("{step} die {time}")).collect();
        bench.ask_for(&points.join("\n"));
        let mut clients = clients(round);
        write_all(&bench.server, &mut clients, || ());
        bench.wait_for_death();
        find_after_power_cut(&mut bench, ALWAYS, &clients, step);
    }
}

#[test]
fn a_first_start_that_dies_at_any_step_can_be_repeated() {
    for step in [
        "snapshot-created",
        "snapshot-written",
        "snapshot-renamed",
        "log-opened",
        "manifest-created",
        "manifest-written",
        "manifest-renamed",
    ] {
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
    "snapshot-moment",
    "snapshot-step",
    "snapshot-written",
    "snapshot-renamed",
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

/// Has the log rewritten and die at each of these steps in turn.
fn die_while_rewriting(flags: &[&str], steps: &[&str]) {
    let mut bench = Bench::start(flags);
    for (round, step) in steps.iter().enumerate() {
        // A start may replace the manifest, too: what counts begins afterwards.
        bench.start_again(flags);
        let mut clients = clients(round);
        write_all(&bench.server, &mut clients, || {
            std::thread::sleep(Duration::from_millis(10));
            bench.ask_for(&point(step, "die"));
            // It may be gone before it answers.
            bench.server.connect().try_ask("BGREWRITEAOF");
        });
        bench.wait_for_death();
        find_after_power_cut(&mut bench, flags, &clients, step);
    }
}

#[test]
fn a_rewrite_that_dies_at_any_step_loses_nothing() {
    die_while_rewriting(ALWAYS, &OF_A_REWRITE);
}

#[test]
fn a_base_of_commands_that_dies_at_any_step_loses_nothing() {
    let flags = [ALWAYS, &["--aof-use-rdb-preamble", "no"]].concat();
    die_while_rewriting(&flags, &["base-moment", "base-step", "base-written", "base-renamed"]);
}

#[test]
fn a_rewrite_that_fails_at_any_step_loses_nothing_and_the_next_one_works() {
    let mut bench = Bench::start(ALWAYS);
    for (round, step) in OF_A_REWRITE.iter().enumerate() {
        bench.start_again(ALWAYS);
        let mut clients = clients(round);
        write_all(&bench.server, &mut clients, || {
            bench.ask_for(&point(step, "error"));
            let mut connection = bench.server.connect();
            for _ in 0..2 {
                let reply = connection.ask("BGREWRITEAOF");
                assert!(reply.starts_with("+Background"), "{reply}");
                wait_for_rewrite(&mut connection);
                bench.ask_for("");
            }
            let info = connection.ask("INFO persistence");
            assert!(info.contains("aof_last_bgrewrite_status:ok"), "{step}: {info}");
            bench.server.signal("KILL");
        });
        find_after_power_cut(&mut bench, ALWAYS, &clients, step);
    }
}

#[test]
fn a_log_whose_turning_on_died_leaves_nothing_to_the_next() {
    for step in ["snapshot-moment", "snapshot-renamed", "rewrite-based", "manifest-written"] {
        let off = ["--save", "", "--enable-debug-command", "yes", "--rdb-key-save-delay", "20"];
        let mut bench = Bench::start(&off);
        bench.ask_for(&format!("{step} die"));
        let mut connection = bench.server.connect();
        connection.ask("DEBUG POPULATE 2000");
        // The base takes a while, and what is written meanwhile goes to the next file.
        connection.try_ask("CONFIG SET appendonly yes");
        while connection.try_ask("INCR a").is_some() {}
        bench.wait_for_death();
        // With no manifest there is no log: a new one is begun, or one is turned on.
        for is_turned_on in [false, true] {
            match is_turned_on {
                false => bench.start_again(ALWAYS),
                true => {
                    bench.start_again(&off);
                    bench.server.connect().ask("CONFIG SET appendonly yes");
                }
            }
            let mut connection = bench.server.connect();
            wait_for_rewrite(&mut connection);
            connection.ask("SET b 1");
            assert_eq!(connection.ask("BGREWRITEAOF").get(..1), Some("+"));
            wait_for_rewrite(&mut connection);
            connection.ask("INCR b");
            connection.ask("WAITAOF 1 0 5000");
            bench.start_again(ALWAYS);
            assert_eq!(bench.server.connect().ask("MGET a b"), "[nil, 2]", "{step}");
        }
    }
}
