//! The fuzz targets without libFuzzer, for machines that lack the nightly compiler: random input,
//! made of what requests are made of, for so many seconds.
//! `cargo run --release --no-default-features --bin random -- request 60`

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use redstart_fuzz::request;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, seconds] = arguments.as_slice() else { usage() };
    let Ok(seconds) = seconds.parse() else { usage() };
    let check: fn(&[u8]) = match target.as_str() {
        "request" => request::check,
        _ => usage(),
    };
    feed(check, Duration::from_secs(seconds));
}

fn usage() -> ! {
    eprintln!("usage: random request SECONDS");
    std::process::exit(2);
}

/// Makes inputs until the time is over. A panic ends the program; the seed repeats it.
fn feed(check: fn(&[u8]), time: Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(now.as_nanos() as u64);
    println!("SEED={seed}");
    let config = Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let input = any_input();
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
