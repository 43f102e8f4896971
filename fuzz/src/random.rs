//! The fuzz targets without libFuzzer, for machines that lack the nightly compiler: random input,
//! made of what requests are made of, for so many seconds.
//! `cargo run --release --no-default-features --bin random -- request 60`

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use redstart_fuzz::{rdb, request};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, seconds] = arguments.as_slice() else { usage() };
    let Ok(seconds) = seconds.parse() else { usage() };
    let time = Duration::from_secs(seconds);
    match target.as_str() {
        "request" => feed(request::check, any_input(), time),
        "rdb" => feed(rdb::check, any_value(), time),
        _ => usage(),
    }
}

fn usage() -> ! {
    eprintln!("usage: random request|rdb SECONDS");
    std::process::exit(2);
}

/// Makes inputs until the time is over. A panic ends the program; the seed repeats it.
fn feed(check: fn(&[u8]), input: impl Strategy<Value = Vec<u8>>, time: Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(now.as_nanos() as u64);
    println!("SEED={seed}");
    let config = Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let start = Instant::now();
    let mut count = 0u64;
    while start.elapsed() < time {
        let tree = input.new_tree(&mut runner).expect("no input is rejected");
        check(&tree.current());
        count += 1;
    }
    println!("{count} inputs, nothing found");
}

/// Flags, a length of pieces, and then parts of requests.
fn any_input() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::collection::vec(any_part(), 0..24);
    (any::<[u8; 2]>(), parts).prop_map(|(head, parts)| [head.to_vec(), parts.concat()].concat())
}

fn any_part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::collection::vec(any_word(), 1..6).prop_map(|words| command(&words)),
        1 => prop::collection::vec(any_word(), 30..60).prop_map(|words| command(&words)),
        4 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        2 => prop::collection::vec(any::<u8>(), 0..12),
        1 => any::<i64>().prop_map(|length| format!("*1\r\n${length}\r\n").into_bytes()),
    ]
}

fn any_word() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![40 => 0..20usize, 4 => 90..300usize, 1 => 16_000..40_000usize];
    (any::<u8>(), size).prop_map(|(byte, size)| vec![byte; size])
}

/// A value of some kind, whole or with a few bytes changed, or with any bytes put in.
fn any_value() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), prop_oneof![any::<u8>(), 0..4u8, 250..=255u8]);
    let changes = prop::collection::vec(change, 0..5);
    let what = prop_oneof![4 => Just(None), 1 => any::<u8>().prop_map(Some)];
    let more = prop::collection::vec(any::<u8>(), 0..8);
    let sample = prop::sample::select(VALUES);
    (sample, what, changes, more).prop_map(|((kind, value), what, changes, more)| {
        let mut bytes = value.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.extend(more);
        match what {
            None => [&[kind][..], &bytes].concat(),
            // A key of a snapshot, or a payload.
            Some(what @ 32..=127) => [&[what, kind, 1, b'k'][..], &bytes].concat(),
            Some(what) => [&[what, kind][..], &bytes].concat(),
        }
    })
}

fn command(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// What requests are made of, right and wrong.
const PIECES: &[&str] = &[
    "*",
    "$",
    "\r\n",
    "\r",
    "\n",
    " ",
    "\t",
    "\"",
    "'",
    "\\x4",
    "\\x41",
    "\\\"",
    "PING",
    "*0\r\n",
    "*-1\r\n",
    "*1\r\n",
    "*3\r\n",
    "$0\r\n",
    "$3\r\n",
    "$-1\r\n",
    "$03\r\n",
    "PING\r\n",
    "a b \"c\"\r\n",
    "*1000000\r\n",
    "*99999999999999999999\r\n",
    "$40000\r\n",
    "$536870912\r\n",
    "*11\r\n",
    "$16385\r\n",
];

/// Whole values, each with its kind.
const VALUES: &[(u8, &[u8])] = &[
    (0, b"\xC3\x05\x08\x01xy\x80\x01"),
    (1, b"\x02\x01a\xC0\x07"),
    (2, b"\x02\x01a\x01b"),
    (3, b"\x04\x01a\x032.5\x01b\xFE\x01c\xFF\x01d\x02-0"),
    (4, b"\x02\x01a\x011\x01b\x00"),
    (5, b"\x01\x01a\x00\x00\x00\x00\x00\x00\xF0\x3F"),
    (9, b"\x0D\x02\x01a\x01\x001\x01b\x01\x012.\xFF"),
    (11, b"\x0C\x02\0\0\0\x02\0\0\0\xFF\xFF\x05\0"),
    (13, b"\x11\x11\0\0\0\x0D\0\0\0\x02\0\0\x01e\x03\x01e\xFF"),
    (14, b"\x01\x0E\x0E\0\0\0\x0A\0\0\0\x01\0\0\x01e\xFF"),
    (16, b"\x0D\x0D\0\0\0\x02\0\x81f\x02\x81v\x02\xFF"),
    (17, b"\x0C\x0C\0\0\0\x02\0\x81f\x02\x07\x01\xFF"),
    (18, b"\x01\x02\x0A\x0A\0\0\0\x01\0\x81m\x02\xFF"),
    (20, b"\x0A\x0A\0\0\0\x01\0\x81m\x02\xFF"),
    (23, b"\x0F\x0F\0\0\0\x03\0\x81f\x02\x81v\x02\x05\x01\xFF"),
    (24, b"\xE8\x03\0\0\0\0\0\0\x02\x00\x01a\x011\x05\x01b\x012"),
    (
        21,
        b"\x01\x10\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x04\
          \x1E\x1E\0\0\0\x0A\0\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\
          \x02\x01\x00\x01\x00\x01\x81v\x02\x04\x01\xFF\
          \x01\x09\x00\x05\x04\x06\x04\x03\
          \x01\x01g\x05\x04\x01\x01\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x04\
          \0\0\0\0\0\0\0\0\x01\x01\x01c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\
          \x01\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x04",
    ),
];
