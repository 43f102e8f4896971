//! Tests: what commands on bitmaps leave in the journal.

use crate::commands::recorder::journal_of;

#[test]
fn changes_replay_as_they_came() {
    let cases = [
        ("SETBIT k 7 1", "SETBIT k 7 1 / setbit"),
        ("SETBIT k 7 0", "SETBIT k 7 0 / setbit"),
        ("SETBIT k 7 1; SETBIT k 8 0", "SETBIT k 8 0 / setbit"),
        ("BITFIELD k INCRBY u8 0 1", "BITFIELD k INCRBY u8 0 1 / setbit"),
        ("BITFIELD k SET u8 0 0", "BITFIELD k SET u8 0 0 / setbit"),
        ("SET a x; BITOP NOT k a", "BITOP NOT k a / set"),
        ("SET k x; BITOP AND k a b", "BITOP AND k a b / del"),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}

#[test]
fn what_changes_nothing_leaves_nothing() {
    let cases = [
        "SETBIT k 7 1; SETBIT k 7 1",
        "SETBIT k 7 1; SETBIT k 3 0",
        "SET k a; BITFIELD k SET u8 0 97",
        "SET k a; BITFIELD k OVERFLOW FAIL INCRBY u8 0 255",
        "BITFIELD k GET u8 0",
        "BITOP OR k a b",
    ];
    for lines in cases {
        assert_eq!(journal_of(lines), "", "{lines}");
    }
}
