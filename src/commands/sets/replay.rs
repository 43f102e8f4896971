//! Tests: what commands on sets leave in the journal replays to the same state at any later time.

use crate::commands::recorder::journal_of;

#[test]
fn changes_replay_as_they_came_and_nothing_else_does() {
    let cases = [
        ("SADD k a b", "SADD k a b / sadd"),
        ("SADD k a; SADD k a", ""),
        ("SADD k a b; SREM k a x", "SREM k a x / srem"),
        ("SADD k a; SREM k x", ""),
        ("SADD k a; SREM k a b", "SREM k a b / srem del"),
        ("SADD k a b; SMOVE k l a", "SMOVE k l a / srem sadd"),
        ("SADD k a; SMOVE k l a", "SMOVE k l a / srem del sadd"),
        ("SADD k a b; SADD l a; SMOVE k l a", "SMOVE k l a / srem"),
        ("SADD k a; SMOVE k k a", ""),
        ("SADD k a; SMOVE k l b", ""),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}

#[test]
fn what_was_drawn_by_chance_replays_as_a_removal() {
    let cases = [
        ("SADD k a; SPOP k", "SREM k a / spop del"),
        ("SADD k 7; SPOP k", "SREM k 7 / spop del"),
        ("SADD k a b; SPOP k 2", "DEL k / spop del"),
        ("SADD k a b; SPOP k 9", "DEL k / spop del"),
        ("SADD k a b; SPOP k 0", ""),
        ("SPOP k", ""),
        ("SPOP k 3", ""),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
    let popped = journal_of("SADD k a b; SPOP k");
    assert!(["SREM k a / spop", "SREM k b / spop"].contains(&&*popped), "{popped}");
    let popped = journal_of("SADD k 1 2 3 4 5 6 7 8 9 10; SPOP k 9");
    assert!(popped.starts_with("SREM k ") && popped.ends_with(" / spop"), "{popped}");
    assert_eq!(popped.split(' ').count(), 2 + 9 + 2, "{popped}");
}

#[test]
fn many_members_drawn_at_once_are_several_removals() {
    let members: Vec<String> = (0..3000).map(|number| number.to_string()).collect();
    let journal = journal_of(&format!("SADD k {}; SPOP k 2500", members.join(" ")));
    let calls: Vec<usize> = journal
        .split("; ")
        .map(|call| call.split(" / ").next().unwrap_or(call))
        .map(|call| {
            assert!(call.starts_with("SREM k "));
            call.split(' ').count() - 2
        })
        .collect();
    assert_eq!(calls, [1024, 1024, 452]);
}

#[test]
fn results_that_are_stored_replay_as_they_came() {
    let cases = [
        ("SADD k a; SUNIONSTORE r k", "SUNIONSTORE r k / sunionstore"),
        ("SADD k a; SINTERSTORE r k k", "SINTERSTORE r k k / sinterstore"),
        ("SADD k a; SDIFFSTORE r k l", "SDIFFSTORE r k l / sdiffstore"),
        ("SADD r a; SINTERSTORE r k", "SINTERSTORE r k / del"),
        ("SADD r a; SUNIONSTORE r k", "SUNIONSTORE r k / del"),
        ("SADD r a; SDIFFSTORE r k", "SDIFFSTORE r k / del"),
        ("SUNIONSTORE r k", ""),
    ];
    for (lines, expected) in cases {
        assert_eq!(journal_of(lines), expected, "{lines}");
    }
}
