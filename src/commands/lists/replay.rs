//! Tests: what commands on lists leave in the journal replays to the same state, and waits for
//! nothing.

use crate::commands::recorder::journal_of;

fn check(cases: &[(&str, &str)]) {
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), *expected, "{lines}");
    }
}

#[test]
fn changes_replay_as_they_came() {
    check(&[
        ("LPUSH k a b", "LPUSH k a b / lpush"),
        ("RPUSH k a b", "RPUSH k a b / rpush"),
        ("RPUSH k a; LPUSHX k b", "LPUSHX k b / lpush"),
        ("RPUSH k a b; LPOP k", "LPOP k / lpop"),
        ("RPUSH k a b; RPOP k 2", "RPOP k 2 / rpop del"),
        ("RPUSH k a; LPOP k", "LPOP k / lpop del"),
        ("RPUSH k a b; LSET k 0 x", "LSET k 0 x / lset"),
        ("RPUSH k a b; LINSERT k BEFORE b x", "LINSERT k BEFORE b x / linsert"),
        ("RPUSH k a b; LREM k 0 a", "LREM k 0 a / lrem"),
        ("RPUSH k a; LREM k 0 a", "LREM k 0 a / lrem del"),
        ("RPUSH k a b; LTRIM k 0 0", "LTRIM k 0 0 / ltrim"),
        ("RPUSH k a b; LTRIM k 5 9", "LTRIM k 5 9 / ltrim del"),
        ("RPUSH k a b; LMOVE k l LEFT RIGHT", "LMOVE k l LEFT RIGHT / rpush lpop"),
        ("RPUSH k a; RPOPLPUSH k l", "RPOPLPUSH k l / lpush rpop del"),
        ("RPUSH k a; RPOPLPUSH k k", "RPOPLPUSH k k / lpush rpop"),
        ("RPUSH k b a; SORT k ALPHA STORE l", "SORT k ALPHA STORE l / sortstore"),
        ("RPUSH l a; SORT k STORE l", "SORT k STORE l / del"),
    ]);
}

#[test]
fn what_changes_nothing_leaves_nothing() {
    check(&[
        ("LPUSHX k a", ""),
        ("LPOP k", ""),
        ("RPUSH k a; RPOP k 0", ""),
        ("RPUSH k a; LREM k 0 b", ""),
        ("RPUSH k a; LINSERT k AFTER b x", ""),
        ("LTRIM k 0 0", ""),
        ("LMOVE k l LEFT LEFT", ""),
        ("LMPOP 2 k l LEFT", ""),
        ("BLPOP k l 0", ""),
        ("BLMOVE k l LEFT LEFT 0", ""),
        ("SORT k STORE l", ""),
        ("RPUSH k a; SORT k ALPHA", ""),
    ]);
}

#[test]
fn whoever_may_wait_or_choose_replays_as_what_was_done() {
    check(&[
        ("RPUSH l a b c; LMPOP 2 k l RIGHT COUNT 2", "RPOP l 2 / rpop"),
        ("RPUSH l a; LMPOP 2 k l LEFT COUNT 9", "LPOP l 1 / lpop del"),
        ("RPUSH l a b; BLPOP k l 0", "LPOP l / lpop"),
        ("RPUSH l a b; BRPOP k l 0", "RPOP l / rpop"),
        ("RPUSH l a b; BLMPOP 0 2 k l LEFT COUNT 2", "LPOP l 2 / lpop del"),
        ("RPUSH k a b; BLMOVE k l LEFT RIGHT 0", "LMOVE k l LEFT RIGHT / rpush lpop"),
        ("RPUSH k a b; BRPOPLPUSH k l 0", "RPOPLPUSH k l / lpush rpop"),
    ]);
}
