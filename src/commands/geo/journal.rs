//! Tests: what commands on places leave in the journal.

use crate::commands::recorder::journal_of;

const ADD: &str = "GEOADD k 13.361389 38.115556 p";

#[test]
fn changes_replay_as_they_came() {
    let cases = [
        ("GEOADD k 1 1 a", "GEOADD k 1 1 a / zadd"),
        ("GEOADD k 2 2 p", "GEOADD k 2 2 p / zadd"),
        (
            "GEOSEARCHSTORE d k FROMLONLAT 13 38 BYRADIUS 99 km",
            "GEOSEARCHSTORE d k FROMLONLAT 13 38 BYRADIUS 99 km / geosearchstore",
        ),
        ("GEORADIUS k 13 38 99 km STORE d", "GEORADIUS k 13 38 99 km STORE d / georadiusstore"),
        ("GEORADIUS k 0 0 9 km STORE k", "GEORADIUS k 0 0 9 km STORE k / del"),
    ];
    for (line, expected) in cases {
        assert_eq!(journal_of(&format!("{ADD}; {line}")), expected, "{line}");
    }
}

#[test]
fn what_changes_nothing_leaves_nothing() {
    let cases = [
        ADD,
        "GEOADD k NX 1 1 p",
        "GEOADD k XX 1 1 a",
        "GEORADIUS k 13 38 99 km",
        "GEORADIUS k 0 0 9 km STORE d",
    ];
    for line in cases {
        assert_eq!(journal_of(&format!("{ADD}; {line}")), "", "{line}");
    }
}
