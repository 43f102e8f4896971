//! Tests: what commands on HyperLogLogs leave in the journal.

use crate::commands::recorder::journal_of;

#[test]
fn changes_replay_as_they_came() {
    let cases = [
        ("PFADD k", "PFADD k / pfadd"),
        ("PFADD k a; PFADD k a b", "PFADD k a b / pfadd"),
        ("PFADD k a; PFMERGE k", "PFMERGE k / pfadd"),
        ("PFMERGE k a b", "PFMERGE k a b / pfadd"),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}

#[test]
fn changes_that_clients_cannot_see_are_no_events() {
    assert_eq!(journal_of("PFADD k a; PFCOUNT k"), "PFCOUNT k / ");
    assert_eq!(journal_of("PFADD k a; PFDEBUG TODENSE k"), "PFDEBUG TODENSE k / ");
}

#[test]
fn what_changes_nothing_leaves_nothing() {
    let cases = [
        "PFADD k a; PFADD k a",
        "PFADD k a; PFADD k",
        "PFADD k a; PFCOUNT k; PFCOUNT k",
        "PFADD k a; PFCOUNT k b",
        "PFCOUNT k",
        "PFADD k a; PFDEBUG TODENSE k; PFDEBUG GETREG k",
    ];
    for lines in cases {
        assert_eq!(journal_of(lines), "", "{lines}");
    }
}
