//! Tests: what commands on sorted sets leave in the journal, and the events they tell of.

use crate::commands::recorder::{Bench, Noted, text};

/// Runs commands, separated by `; `; what the journal has of the last one, with the events' keys.
fn journal_of(lines: &str) -> String {
    let event = |event: &crate::store::Event| format!("{} {}", event.name, text(&event.key));
    let line = |noted: &Noted| {
        let calls: Vec<&str> = noted.calls.iter().map(|(_, call)| &**call).collect();
        let events: Vec<String> = noted.events.iter().map(event).collect();
        format!("{} / {}", calls.join("; "), events.join(", "))
    };
    Bench::new().ran(lines).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn leaves(cases: &[(&str, &str)]) {
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), *expected, "{lines}");
    }
}

#[test]
fn additions_replay_as_they_came() {
    leaves(&[
        ("ZADD z 1 a 2 b", "ZADD z 1 a 2 b / zadd z"),
        ("ZADD z 1 a; ZADD z 2 a", "ZADD z 2 a / zadd z"),
        ("ZADD z 1 a; ZADD z 1 a", ""),
        ("ZADD z 1 a; ZADD z NX 2 a", ""),
        ("ZADD z XX 1 a", ""),
        ("ZADD z INCR 1 a", "ZADD z INCR 1 a / zincr z"),
        ("ZINCRBY z 1.5 a", "ZINCRBY z 1.5 a / zincr z"),
        ("ZADD z 1 a; ZINCRBY z 0 a", ""),
    ]);
}

#[test]
fn the_last_member_takes_the_key_with_it() {
    leaves(&[
        ("ZADD z 1 a 2 b; ZREM z a x", "ZREM z a x / zrem z"),
        ("ZADD z 1 a; ZREM z a", "ZREM z a / zrem z, del z"),
        ("ZADD z 1 a; ZREM z x", ""),
        ("ZADD z 1 a 2 b; ZREMRANGEBYRANK z 0 0", "ZREMRANGEBYRANK z 0 0 / zremrangebyrank z"),
        (
            "ZADD z 1 a; ZREMRANGEBYSCORE z 0 1",
            "ZREMRANGEBYSCORE z 0 1 / zremrangebyscore z, del z",
        ),
        ("ZADD z 1 a; ZREMRANGEBYLEX z - +", "ZREMRANGEBYLEX z - + / zremrangebylex z, del z"),
        ("ZADD z 1 a; ZREMRANGEBYSCORE z 2 3", ""),
        ("ZADD z 1 a 2 b; ZPOPMIN z", "ZPOPMIN z / zpopmin z"),
        ("ZADD z 1 a; ZPOPMAX z 5", "ZPOPMAX z 5 / zpopmax z, del z"),
        ("ZPOPMIN z", ""),
    ]);
}

#[test]
fn a_pop_of_several_keys_replays_as_one_of_the_key_it_took_from() {
    leaves(&[
        ("ZADD z 1 a 2 b; ZMPOP 2 x z MIN", "ZPOPMIN z 1 / zpopmin z"),
        ("ZADD z 1 a 2 b; ZMPOP 2 x z MAX COUNT 9", "ZPOPMAX z 2 / zpopmax z, del z"),
        ("ZADD z 1 a 2 b; BZPOPMIN x z 0", "ZPOPMIN z / zpopmin z"),
        ("ZADD z 1 a; BZPOPMAX z 0", "ZPOPMAX z / zpopmax z, del z"),
        ("ZADD z 1 a 2 b; BZMPOP 0 1 z MIN COUNT 1", "ZPOPMIN z 1 / zpopmin z"),
        ("BZPOPMIN z 0", ""),
    ]);
}

#[test]
fn a_result_is_an_event_of_its_destination() {
    leaves(&[
        ("ZADD z 1 a; ZRANGESTORE d z 0 -1", "ZRANGESTORE d z 0 -1 / zrangestore d"),
        ("ZADD d 1 a; ZRANGESTORE d z 0 -1", "ZRANGESTORE d z 0 -1 / del d"),
        ("ZRANGESTORE d z 0 -1", ""),
        ("ZADD z 1 a; ZUNIONSTORE d 1 z", "ZUNIONSTORE d 1 z / zunionstore d"),
        ("ZADD z 1 a; ZINTERSTORE d 1 z", "ZINTERSTORE d 1 z / zinterstore d"),
        ("ZADD z 1 a; ZDIFFSTORE d 1 z", "ZDIFFSTORE d 1 z / zdiffstore d"),
        ("ZADD z 1 a; ZDIFFSTORE z 2 z z", "ZDIFFSTORE z 2 z z / del z"),
        ("ZINTERSTORE d 1 z", ""),
    ]);
}
