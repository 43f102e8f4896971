//! Tests: what string commands leave in the journal replays to the same state at any later time.

use crate::commands::recorder::journal_of;

#[test]
fn times_from_now_become_moments() {
    let cases = [
        ("SET k v", "SET k v / set"),
        ("SET k v NX GET", "SET k v / set"),
        ("SET k v EX 10", "SET k v PXAT 1010000 / set expire"),
        ("SET k v KEEPTTL", "SET k v KEEPTTL / set"),
        ("SETEX k 10 v", "SET k v PXAT 1010000 / set expire"),
        ("PSETEX k 10 v", "SET k v PXAT 1000010 / set expire"),
        ("SET k v; GETEX k PX 10", "PEXPIREAT k 1000010 / expire"),
        ("SET k v EX 10; GETEX k PERSIST", "PERSIST k / persist"),
        ("MSETEX 1 k v EX 10", "MSETEX 1 k v PXAT 1010000 / set expire"),
        ("INCREX k EX 10", "SET k 1 PXAT 1010000 / incrby expire"),
        ("SET k 1 EX 10; INCREX k EX 99 ENX", "SET k 2 KEEPTTL / incrby"),
        ("SET k 1 EX 10; INCREX k PERSIST", "SET k 2 / incrby persist"),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}

#[test]
fn a_moment_that_has_passed_is_a_removal() {
    let cases = [
        ("SET k v; SET k w PXAT 1", "DEL k / del"),
        ("SET k w PXAT 1", ""),
        ("SET k v; GETEX k EXAT 1", "DEL k / del"),
        ("SET k 1; INCREX k EXAT 1", "DEL k / del"),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}

#[test]
fn results_are_replayed_where_conditions_or_rounding_decided() {
    let cases = [
        ("SET k v; SET k w IFEQ v", "SET k w / set"),
        ("SET k v; SET k w IFEQ x", ""),
        ("SET k v; SETNX k w", ""),
        ("SET k v; GETSET k w", "SET k w / set"),
        ("SET k v; GETDEL k", "DEL k / del"),
        ("SET k v; DELEX k IFEQ v", "DEL k / del"),
        ("SET k v; DELIFEQ k w", ""),
        ("INCR k", "INCR k / incrby"),
        ("INCRBYFLOAT k 0.5", "SET k 0.5 KEEPTTL / incrbyfloat"),
        ("INCREX k UBOUND 0", ""),
        ("APPEND k v", "APPEND k v / append"),
        ("SETRANGE k 1 v", "SETRANGE k 1 v / setrange"),
        ("MSET a 1 b 2", "MSET a 1 b 2 / set set"),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}
