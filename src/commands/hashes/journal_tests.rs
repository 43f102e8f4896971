//! Tests: what hash commands leave in the journal replays to the same state at any later time.

use crate::commands::recorder::{Bench, journal_of, lines};

/// Lets the expiry thread's work be done; what that left.
fn expired(bench: &Bench) -> Vec<String> {
    bench.notes.take();
    for shard in bench.space.shards(0) {
        shard.lock().expire_fields(bench.now_ms, 100, &mut |dead| {
            bench.space.followers.tell_fields_expired(0, &dead);
        });
    }
    // In whatever order the shards came.
    let mut lines = lines(&bench.notes.take());
    lines.sort();
    lines
}

fn check(cases: &[(&str, &str)]) {
    for (calls, expected) in cases {
        assert_eq!(journal_of(calls), *expected, "{calls}");
    }
}

#[test]
fn plain_changes_replay_as_they_came() {
    check(&[
        ("HSET h a 1 b 2", "HSET h a 1 b 2 / hset"),
        ("HMSET h a 1", "HMSET h a 1 / hset"),
        ("HSETNX h a 1", "HSETNX h a 1 / hset"),
        ("HSET h a 1; HSETNX h a 2", ""),
        ("HINCRBY h a 1", "HINCRBY h a 1 / hincrby"),
        ("HINCRBYFLOAT h a 0.5", "HSET h a 0.5 / hincrbyfloat"),
        ("HSET h a 1 b 2; HDEL h a x", "HDEL h a x / hdel"),
        ("HSET h a 1; HDEL h a", "HDEL h a / hdel del"),
        ("HSET h a 1; HDEL h x", ""),
        ("HSET h a 1 b 2; HGETDEL h FIELDS 2 a x", "HDEL h a / hdel"),
        ("HSET h a 1; HGETDEL h FIELDS 1 a", "HDEL h a / hdel del"),
        ("HSET h a 1; HGETDEL h FIELDS 1 x", ""),
        ("HSET h a 1; HGETEX h FIELDS 1 a", ""),
    ]);
}

#[test]
fn times_from_now_become_moments() {
    check(&[
        (
            "HSET h a 1 b 2; HEXPIRE h 10 FIELDS 3 a x b",
            "HPEXPIREAT h 1010000 FIELDS 2 a b / hexpire",
        ),
        ("HSET h a 1; HPEXPIRE h 10 NX FIELDS 1 a", "HPEXPIREAT h 1000010 FIELDS 1 a / hexpire"),
        ("HSET h a 1; HEXPIREAT h 1001 FIELDS 1 a", "HPEXPIREAT h 1001000 FIELDS 1 a / hexpire"),
        ("HSET h a 1; HEXPIRE h 10 XX FIELDS 1 a", ""),
        ("HSET h a 1; HGETEX h EX 10 FIELDS 2 a x", "HPEXPIREAT h 1010000 FIELDS 1 a / hexpire"),
        ("HSETEX h PX 10 FIELDS 1 a 1", "HSETEX h PXAT 1000010 FIELDS 1 a 1 / hset hexpire"),
        ("HSETEX h FNX EX 10 FIELDS 1 a 1", "HSETEX h PXAT 1010000 FIELDS 1 a 1 / hset hexpire"),
        ("HSETEX h FIELDS 1 a 1", "HSETEX h FIELDS 1 a 1 / hset"),
        ("HSETEX h KEEPTTL FIELDS 1 a 1", "HSETEX h KEEPTTL FIELDS 1 a 1 / hset"),
        ("HSETEX h FXX FIELDS 1 a 1", ""),
    ]);
    let volatile = |call: &str| format!("HSET h a 1 b 2; HEXPIRE h 10 FIELDS 1 a; {call}");
    check(&[
        (&volatile("HPERSIST h FIELDS 2 a b"), "HPERSIST h FIELDS 2 a b / hpersist"),
        (&volatile("HPERSIST h FIELDS 1 b"), ""),
        (&volatile("HGETEX h PERSIST FIELDS 2 a b"), "HPERSIST h FIELDS 1 a / hpersist"),
        (&volatile("HGETEX h PERSIST FIELDS 1 b"), ""),
        (&volatile("HINCRBYFLOAT h a 1"), "HSETEX h KEEPTTL FIELDS 1 a 2 / hincrbyfloat"),
    ]);
}

#[test]
fn a_moment_that_has_passed_is_a_removal() {
    check(&[
        ("HSET h a 1 b 2; HEXPIRE h 0 FIELDS 2 a x", "HDEL h a / hdel"),
        ("HSET h a 1; HPEXPIREAT h 1 FIELDS 1 a", "HDEL h a / hdel del"),
        ("HSET h a 1 b 2; HGETEX h PXAT 1 FIELDS 2 a x", "HDEL h a / hdel"),
        ("HSET h a 1 b 2; HSETEX h PXAT 1 FIELDS 1 a 3", "HDEL h a / hset hdel"),
        ("HSETEX h PXAT 1 FIELDS 1 a 3", "HDEL h a / hset hdel del"),
    ]);
}

#[test]
fn dead_fields_are_removed_with_an_entry_of_their_own() {
    let mut bench = Bench::new();
    bench.ran("HSET h a 1 b 2 c 3; HPEXPIRE h 10 FIELDS 1 a; HPEXPIRE h 20 FIELDS 2 b c");
    assert_eq!(expired(&bench), [] as [&str; 0]);
    bench.now_ms += 10;
    assert_eq!(expired(&bench), ["HDEL h a / hexpired"]);
    bench.now_ms += 10;
    let gone = expired(&bench);
    assert!(gone == ["HDEL h b c / hexpired del"] || gone == ["HDEL h c b / hexpired del"]);
    assert_eq!(expired(&bench), [] as [&str; 0]);
}

#[test]
fn a_writer_that_meets_dead_fields_removes_them_first() {
    let mut bench = Bench::new();
    bench.ran("HSET h a 1 b 2; HPEXPIRE h 10 FIELDS 1 a");
    bench.now_ms += 10;
    assert_eq!(lines(&bench.ran("HSETNX h a 3")), ["HDEL h a / hexpired", "HSETNX h a 3 / hset"]);
    bench.ran("DEL h; HSET h a 1; HPEXPIRE h 10 FIELDS 1 a");
    bench.now_ms += 10;
    assert_eq!(lines(&bench.ran("DEL h")), ["HDEL h a / hexpired del"]);
    assert_eq!(expired(&bench), [] as [&str; 0]);
}

#[test]
fn deadlines_go_where_their_hash_goes() {
    let mut bench = Bench::new();
    bench.ran("HSET h a 1 b 2; HPEXPIRE h 10 FIELDS 1 a");
    bench.ran("RENAME h i; COPY i j");
    bench.now_ms += 10;
    assert_eq!(expired(&bench), ["HDEL i a / hexpired", "HDEL j a / hexpired"]);
    bench.ran("HPEXPIRE i 10 FIELDS 1 b; SET i v");
    bench.ran("HPEXPIRE j 10 FIELDS 1 b; DEL j; HSET j c 1");
    bench.now_ms += 10;
    assert_eq!(expired(&bench), [] as [&str; 0]);
}
