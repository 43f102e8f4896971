//! What the group leaves in the journal: the calls that a replica or an AOF replays, and the events
//! that keyspace notifications tell of.
//!
//! No transcript can see either while nobody follows the journal, so these tests follow it
//! themselves.

use crate::commands::recorder::{Bench, NOW_MS, Noted, text};

/// What was told: calls as `0 DEL k`, events as `0 del k`, each with its database.
fn with_databases(noted: Vec<Noted>) -> Vec<String> {
    let mut notes = Vec::new();
    for noted in noted {
        notes.extend(noted.calls.iter().map(|(db, call)| format!("{db} {call}")));
        let event = |event: &crate::store::Event| {
            format!("{} {} {}", event.db, event.name, text(&event.key))
        };
        notes.extend(noted.events.iter().map(event));
    }
    notes
}

/// Runs calls, separated by `; `; what the last of them left.
fn ran(bench: &Bench, calls: &str) -> Vec<String> {
    with_databases(bench.ran(calls))
}

/// The same for a call when there is a key `k`.
fn left_by(call: &str) -> Vec<String> {
    ran(&Bench::new(), &format!("SET k v; {call}"))
}

#[test]
fn a_relative_deadline_replays_as_an_absolute_one() {
    let deadline = NOW_MS + 10_000;
    let expected = [format!("0 PEXPIREAT k {deadline}"), "0 expire k".into()];
    for call in ["EXPIRE k 10", "PEXPIRE k 10000", "EXPIREAT k 1010 NX"] {
        assert_eq!(left_by(call), expected, "{call}");
    }
}

#[test]
fn a_deadline_in_the_past_replays_as_del() {
    for call in ["EXPIRE k 0", "PEXPIRE k -5", "EXPIREAT k 1", "PEXPIREAT k 1000000"] {
        assert_eq!(left_by(call), ["0 DEL k", "0 del k"], "{call}");
    }
}

#[test]
fn what_changes_nothing_leaves_nothing() {
    for call in ["EXPIRE k 10 XX", "PERSIST k", "DEL a b", "RENAME k k", "COPY a b", "MOVE a 1"] {
        assert_eq!(left_by(call), [] as [&str; 0], "{call}");
    }
}

#[test]
fn changes_replay_as_they_came_with_an_event_for_each_key() {
    let cases: &[(&str, &[&str])] = &[
        ("DEL k a k", &["0 DEL k a k", "0 del k"]),
        ("UNLINK k", &["0 UNLINK k", "0 del k"]),
        ("RENAME k n", &["0 RENAME k n", "0 rename_from k", "0 rename_to n"]),
        ("RENAMENX k n", &["0 RENAMENX k n", "0 rename_from k", "0 rename_to n"]),
        ("MOVE k 1", &["0 MOVE k 1", "0 move_from k", "1 move_to k"]),
        ("COPY k n", &["0 COPY k n", "0 copy_to n"]),
        ("COPY k n DB 1 REPLACE", &["0 COPY k n DB 1 REPLACE", "1 copy_to n"]),
    ];
    for (call, expected) in cases {
        assert_eq!(left_by(call), *expected, "{call}");
    }
    let persisted = ran(&Bench::new(), "SET k v EX 10; PERSIST k");
    assert_eq!(persisted, ["0 PERSIST k", "0 persist k"]);
}

#[test]
fn a_dead_key_in_the_way_ends_in_its_own_database_first() {
    let mut bench = Bench::new();
    bench.ran("SET k v PX 10; MOVE k 1; SET k w");
    bench.now_ms += 20;
    let expected = ["1 DEL k", "1 expired k", "0 MOVE k 1", "0 move_from k", "1 move_to k"];
    assert_eq!(ran(&bench, "MOVE k 1"), expected);
    bench.ran("SET a v PX 10");
    bench.now_ms += 20;
    assert_eq!(ran(&bench, "DEL a"), ["0 DEL a", "0 expired a"]);
}

#[test]
fn whole_databases_replay_by_their_numbers() {
    let bench = Bench::new();
    bench.ran("SET a v; COPY a a DB 1");
    bench.notes.take();
    bench.space.swap(1, 0, NOW_MS);
    assert_eq!(bench.space.flush_db(1).keys(), 1);
    assert_eq!(bench.space.flush_all(1, || ()).keys(), 1);
    // Empty ones are flushed, too: others may see something in them yet.
    assert_eq!(bench.space.flush_db(0).keys(), 0);
    let expected = ["0 SWAPDB 0 1", "1 FLUSHDB", "1 FLUSHALL", "0 FLUSHDB"];
    assert_eq!(with_databases(bench.notes.take()), expected);
}
