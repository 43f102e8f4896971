//! Tests: what commands on streams leave in the journal replays to the same state at any later
//! time, whatever the options are then.

use crate::commands::recorder::{Bench, NOW_MS, lines, run};
use crate::store::Keyspace;

/// Runs commands, separated by `; `, and gives back what the journal has of the last one. On the
/// way, a second keyspace replays all of it later; in the end the two tell the same of the stream.
fn journal_of(calls: &str) -> String {
    let bench = Bench::new();
    let replica = Keyspace::new(1, 0);
    let mut last = String::new();
    for call in calls.split("; ") {
        last = lines(&bench.ran(call)).join("\n");
        let calls = last.split(" / ").next().unwrap_or_default();
        for call in calls.split("; ").filter(|call| !call.is_empty()) {
            run(&replica, call, NOW_MS + 50_000);
        }
    }
    for question in ["XRANGE s - +", "XPENDING s g - + 100", "XINFO GROUPS s"] {
        if calls.contains(" g ") || question == "XRANGE s - +" {
            let answers =
                [&bench.space, &replica].map(|space| run(space, question, NOW_MS + 60_000));
            let [ours, theirs] = answers.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            assert_eq!(ours, theirs, "{question} after {calls}");
        }
    }
    last
}

#[test]
fn ids_and_trims_are_replayed_as_they_were_decided() {
    let cases = [
        ("XADD s 1-1 f v", "XADD s 1-1 f v / xadd"),
        ("XADD s * f v", "XADD s 1000000-0 f v / xadd"),
        ("XADD s 7-* f v", "XADD s 7-0 f v / xadd"),
        ("XADD s NOMKSTREAM * f v; XADD s * f v", "XADD s 1000000-0 f v / xadd"),
        ("XADD s 1 f v; XADD s MAXLEN 1 2 f v", "XADD s MAXLEN 1 2 f v / xadd xtrim"),
        (
            "XADD s 1 f v; XADD s MAXLEN ~ 1 LIMIT 9 2 f v",
            "XADD s KEEPREF MAXLEN = 2 2-0 f v / xadd",
        ),
        ("XADD s 1 f v; XADD s MINID ~ 9 * f v", "XADD s KEEPREF MINID = 1-0 1000000-0 f v / xadd"),
        ("XADD s 1 f v; XTRIM s MAXLEN ~ 0", "XTRIM s MAXLEN = 0 KEEPREF / xtrim"),
        ("XADD s 1 f v; XTRIM s MAXLEN 0", "XTRIM s MAXLEN 0 / xtrim"),
        ("XADD s 1 f v; XTRIM s MAXLEN 1", ""),
        ("XADD s 1 f v; XDEL s 1 2", "XDEL s 1 2 / xdel"),
        ("XADD s 1 f v; XDEL s 2", ""),
        ("XADD s 1 f v; XDELEX s IDS 1 1", "XDELEX s IDS 1 1 / xdel"),
        ("XADD s 1 f v; XSETID s 9", "XSETID s 9 / xsetid"),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}

#[test]
fn what_producers_said_is_replayed() {
    let noted = "XADD s 1000000-0 f v; XIDMPRECORD s p i 1000000-0 / xadd";
    assert_eq!(journal_of("XADD s IDMP p i * f v"), noted);
    assert_eq!(journal_of("XADD s IDMP p i * f v; XADD s IDMP p i * f w"), "");
    let settings = "XADD s 1 f v; XCFGSET s IDMP-MAXSIZE 5";
    assert_eq!(journal_of(settings), "XCFGSET s IDMP-MAXSIZE 5 / ");
}

#[test]
fn deliveries_are_replayed_as_claims() {
    const ONE: &str = "XADD s 1 f v; XGROUP CREATE s g 0; ";
    const READ: &str = "XREADGROUP GROUP g c STREAMS s >";
    let claim = "XCLAIM s g c 0 1-0 TIME 1000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-0";
    let moved = "XGROUP SETID s g 1-0 ENTRIESREAD 1";
    let created = "XGROUP CREATECONSUMER s g c";
    let cases = [
        ("", "XGROUP CREATE s g 0 / xgroup-create".to_string()),
        (READ, format!("{created}; {claim}; {moved} / xgroup-createconsumer")),
        (
            "XREADGROUP GROUP g c NOACK STREAMS s >",
            format!("{created}; {moved} / xgroup-createconsumer"),
        ),
        ("XREADGROUP GROUP g c STREAMS s 0", format!("{created} / xgroup-createconsumer")),
        ("XREADGROUP GROUP g c STREAMS s >; XACK s g 1", "XACK s g 1 / ".to_string()),
        ("XREADGROUP GROUP g c STREAMS s >; XACK s g 2", String::new()),
    ];
    for (then, expected) in cases {
        let lines = format!("{ONE}{then}");
        assert_eq!(journal_of(lines.trim_end_matches("; ")), expected, "{lines}");
    }
}

#[test]
fn claims_are_replayed_with_their_moment() {
    const READ: &str =
        "XADD s 1 f v; XADD s 2 f v; XGROUP CREATE s g 0; XREADGROUP GROUP g c STREAMS s >; ";
    let claimed = |id: u64, count: u64| {
        let id = format!("XCLAIM s g d 0 {id}-0 TIME 1000000");
        format!("{id} RETRYCOUNT {count} FORCE JUSTID LASTID 2-0")
    };
    let created = "XGROUP CREATECONSUMER s g d";
    let cases = [
        ("XCLAIM s g d 0 1", format!("{created}; {} / xgroup-createconsumer", claimed(1, 2))),
        ("XCLAIM s g d 1 1", format!("{created} / xgroup-createconsumer")),
        ("XCLAIM s g c 1 1", String::new()),
        (
            "XDEL s 1; XAUTOCLAIM s g d 0 0",
            format!("{created}; XACK s g 1-0; {} / xgroup-createconsumer", claimed(2, 2)),
        ),
        ("XCLAIM s g c 9 1 LASTID 5-0", "XGROUP SETID s g 5-0 ENTRIESREAD 2 / ".to_string()),
        ("XGROUP DELCONSUMER s g c", "XGROUP DELCONSUMER s g c / xgroup-delconsumer".to_string()),
        ("XGROUP DESTROY s g; XGROUP CREATE s g 0", "XGROUP CREATE s g 0 / xgroup-create".into()),
        ("XACKDEL s g IDS 1 1", "XACKDEL s g IDS 1 1 / xdel".to_string()),
    ];
    for (then, expected) in cases {
        assert_eq!(journal_of(&format!("{READ}{then}")), expected, "{then}");
    }
}
