//! The player against a server of a few lines, so that every kind of failure is seen to be one.

use super::fake::{Answer, serve};
use super::scene::{Red, Scene};
use crate::language::parse;
use crate::values::Values;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Shortens the player's limits: a silence of 2 s is told after 100 ms.
const PATIENCE: f64 = 0.05;

/// Plays a case on it, and watches its end.
fn play(answer: Answer, steps: &str) -> Result<(), Red> {
    let script = parse(Path::new("s.redis"), &format!("stage s\ncase c\n{steps}\n")).unwrap();
    let mut scene = Scene::new(serve(answer), Values::new(1, 0), PATIENCE);
    script.cases[0].steps.iter().try_for_each(|line| scene.step(line))?;
    scene.nothing_more(Duration::from_millis(15), 0)
}

fn pong(_: &[String]) -> String {
    "+PONG\r\n".into()
}

fn echo(words: &[String]) -> String {
    format!("${}\r\n{}\r\n", words[1].len(), words[1])
}

#[test]
fn what_is_as_expected_is_green() {
    play(pong, "A> PING\nA< PONG\nB> PING\nB< PONG\nA<nothing 10ms\nA!\nA> PING\nA< PONG").unwrap();
    play(echo, "repeat 3\nA+ ECHO {i}\nend\nA> ECHO x\nrepeat 3\nA< \"{i}\"\nend\nA< \"x\"")
        .unwrap();
    play(echo, "A>bytewise \"*2\\r\\n$4\\r\\nECHO\\r\\n$1\\r\\nx\\r\\n\"\nA< \"x\"").unwrap();
    play(echo, "A> ECHO {k1}\nA< $seen\nA> ECHO {seen}\nA< \"{k1}\"\ncheck {seen} glob \"*:*\"")
        .unwrap();
    play(|_| "close".into(), "A> PING\nA<closed").unwrap();
}

#[test]
fn another_reply_is_red_and_told() {
    let red = play(pong, "A> PING\nA< \"PONG\"").unwrap_err();
    assert_eq!((red.line, red.expected.notation.as_str()), (4, "\"PONG\""));
    assert_eq!(red.received.wire.as_deref(), Some(&b"+PONG\r\n"[..]));
    assert!(red.cause.unwrap().contains("type"));
    assert_eq!(red.session, ["A> PING"]);
}

#[test]
fn silence_is_red_and_the_others_are_looked_at() {
    let answer: Answer = |words| if words[0] == "QUIET" { String::new() } else { "+OK\r\n".into() };
    let red = play(answer, "B> PING\nB< OK\nB> PING\nwait 20ms\nA> QUIET\nA< OK").unwrap_err();
    assert_eq!(red.received.notation, "nothing in 100 ms");
    assert_eq!(red.meanwhile, ["B received OK"]);
    let late = play(answer, "A> QUIET\nA< OK within 200ms").unwrap_err();
    assert_eq!(late.received.notation, "nothing in 10 ms");
}

#[test]
fn a_late_player_takes_no_answer_for_an_early_one() {
    let slow: Answer = |_| {
        std::thread::sleep(Duration::from_millis(80));
        "+PONG\r\n".into()
    };
    let text = "stage s\ncase c\nA> PING\nA<nothing 50ms\nA< PONG\nA> PING\nA<nothing 100ms\n";
    let script = parse(Path::new("s.redis"), text).unwrap();
    let mut scene = Scene::new(serve(slow), Values::new(1, 0), 1.0);
    let mut steps = script.cases[0].steps.iter();
    let mut step = || scene.step(steps.next().unwrap());
    step().unwrap();
    // The machine is busy, and this thread's turn comes when the answer is there.
    std::thread::sleep(Duration::from_millis(200));
    step().unwrap();
    step().unwrap();
    step().unwrap();
    assert_eq!(step().unwrap_err().received.notation, "PONG");
}

#[test]
fn a_reply_too_many_is_red() {
    let red = play(|_| "+PONG\r\n+PONG\r\n".into(), "A> PING\nA< PONG").unwrap_err();
    assert_eq!(red.expected.notation, "nothing more on A");
    let red = play(pong, "A> PING\nA<nothing 50ms").unwrap_err();
    assert_eq!(red.received.notation, "PONG");
}

#[test]
fn closing_too_early_and_not_closing_are_red() {
    let red = play(|_| "close".into(), "A> PING\nA< PONG").unwrap_err();
    assert_eq!(red.received.notation, "the connection was closed");
    let red = play(pong, "A> PING\nA< PONG\nA<closed").unwrap_err();
    assert!(red.received.notation.contains("still open"));
}

#[test]
fn half_a_reply_is_shown_as_bytes() {
    let red = play(|_| "$5\r\nab".into(), "A> GET x\nA< \"abcde\"").unwrap_err();
    assert_eq!(red.received.wire.as_deref(), Some(&b"$5\r\nab"[..]));
    assert!(red.cause.unwrap().contains("2 came"));
    let red = play(|_| "+PONG\n".into(), "A> PING\nA< PONG").unwrap_err();
    assert!(red.cause.unwrap().contains("\\n alone"));
}

#[test]
fn a_case_ends_also_when_every_reply_comes() {
    let slow: Answer = |_| {
        std::thread::sleep(Duration::from_millis(5));
        "+OK\r\n".into()
    };
    let red = play(slow, "repeat 100000\nA> PING\nA< OK\nend").unwrap_err();
    assert_eq!(red.expected.notation, "a case that is over within 3s");
}

#[test]
fn a_scan_is_collected_and_its_calls_are_counted() {
    // Two pages; "b" is on both, as Redis may do.
    let answer: Answer = |words| match words[1].as_str() {
        "0" => "*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n".into(),
        "7" => "*2\r\n$1\r\n0\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n".into(),
        _ => "+OK\r\n".into(),
    };
    let scan = "A>scan SCAN @\nbetween\nB> x {i}\nB< OK\nend\n";
    play(answer, &format!("{scan}A< any-order [\"c\", \"b\", \"a\"]\ncheck {{calls}} 2..2"))
        .unwrap();
    let red = play(answer, &format!("{scan}A< any-order [\"a\", \"b\"]")).unwrap_err();
    assert_eq!(red.received.notation, "[\"a\", \"b\", \"c\"]");
    let red = play(pong, "A>scan SCAN @\nA< []").unwrap_err();
    assert_eq!(red.received.notation, "PONG");
}

#[test]
fn pairs_of_a_hash_scan_stay_together() {
    let answer: Answer =
        |_| "*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n1\r\n".into();
    play(answer, "A>scan HSCAN h @\nA< pairs [\"b\", \"1\", \"a\", \"1\"]").unwrap();
}

#[test]
fn a_round_is_played_again_until_the_wanted_reply_comes() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let answer: Answer = |_| match CALLS.fetch_add(1, Ordering::Relaxed) % 3 {
        2 => "+OK\r\n".into(),
        _ => "*-1\r\n".into(),
    };
    let round = "repeat 4\nA> EXEC {i}\nA< OK else again (nil array)\nend";
    play(answer, round).unwrap();
    assert_eq!(CALLS.load(Ordering::Relaxed), 12);
    let red = play(pong, round).unwrap_err();
    assert_eq!(red.received.notation, "PONG");
    // 10 s, shortened by PATIENCE.
    let red = play(|_| "*-1\r\n".into(), round).unwrap_err();
    assert!(red.received.notation.starts_with("(nil array) for "), "{}", red.received.notation);
}
