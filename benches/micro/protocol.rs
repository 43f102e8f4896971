//! How long the parser and the reply writer take.
//!
//! `cargo bench --bench protocol`. Times are those of a whole pipeline of 64 commands or replies;
//! the items a second beside them are single ones. One GET of the server is to cost 300 ns in all,
//! so that a command parsed and answered has to stay well below 30.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use redstart::protocol::{Batch, Input, Limits, Protocol, Reply};

/// Commands of one read.
const PIPELINE: usize = 64;

fn main() {
    divan::main();
}

/// A pipeline of one command, its words numbered so that keys differ.
fn pipeline(words: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..PIPELINE {
        bytes.extend(format!("*{}\r\n", words.len()).bytes());
        for word in words {
            let word = word.replace('#', &format!("{number:012}"));
            bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
        }
    }
    bytes
}

/// Copies the bytes in as a socket would, finds the commands, looks at every word.
fn parse(bencher: Bencher<'_, '_>, bytes: &[u8]) {
    let limits = Limits::default();
    let mut input = Input::new();
    let mut batch = Batch::new();
    bencher.counter(ItemsCount::new(PIPELINE)).bench_local(|| {
        input.space().extend_from_slice(black_box(bytes));
        input.parse(&limits, &mut batch).expect("the pipeline is well formed");
        let mut seen = 0;
        for index in 0..batch.len() {
            let words = input.view(&batch, index);
            for at in 0..words.len() {
                seen += black_box(words.get(at)).len();
            }
        }
        input.consume(&mut batch);
        seen
    });
}

#[divan::bench]
fn parse_get(bencher: Bencher<'_, '_>) {
    parse(bencher, &pipeline(&["GET", "key:#"]));
}

#[divan::bench]
fn parse_set_of_16_bytes(bencher: Bencher<'_, '_>) {
    parse(bencher, &pipeline(&["SET", "key:#", "val:#"]));
}

#[divan::bench]
fn parse_set_of_100_bytes(bencher: Bencher<'_, '_>) {
    parse(bencher, &pipeline(&["SET", "key:#", &"v".repeat(100)]));
}

#[divan::bench]
fn parse_mset_of_ten(bencher: Bencher<'_, '_>) {
    let mut words = vec!["MSET"];
    words.extend(["key:#", "val:#"].repeat(10));
    parse(bencher, &pipeline(&words));
}

#[divan::bench]
fn parse_inline_get(bencher: Bencher<'_, '_>) {
    let bytes: String = (0..PIPELINE).map(|number| format!("GET key:{number:012}\r\n")).collect();
    parse(bencher, bytes.as_bytes());
}

/// Writes a reply for each command of a pipeline and takes them as sent.
fn write(bencher: Bencher<'_, '_>, write: impl Fn(&mut Reply, usize)) {
    let mut reply = Reply::new();
    reply.set_protocol(Protocol::Resp3);
    bencher.counter(ItemsCount::new(PIPELINE)).bench_local(|| {
        for number in 0..PIPELINE {
            write(black_box(&mut reply), number);
        }
        let sent = reply.pending_bytes();
        reply.advance(sent);
        sent
    });
}

#[divan::bench]
fn write_ok(bencher: Bencher<'_, '_>) {
    write(bencher, |reply, _| reply.ok());
}

#[divan::bench(args = [3, 16, 100, 1000])]
fn write_bulk(bencher: Bencher<'_, '_>, length: usize) {
    let data = vec![b'v'; length];
    write(bencher, |reply, _| reply.bulk(black_box(&data)));
}

#[divan::bench(args = [1, 1_000, 1_000_000_000_000])]
fn write_integer(bencher: Bencher<'_, '_>, factor: i64) {
    write(bencher, |reply, number| reply.integer(black_box(number as i64 * factor)));
}

#[divan::bench]
fn write_null(bencher: Bencher<'_, '_>) {
    write(bencher, |reply, _| reply.null());
}

#[divan::bench(args = [3.0, 0.1, 12345.678901234])]
fn write_double(bencher: Bencher<'_, '_>, value: f64) {
    write(bencher, |reply, _| reply.double(black_box(value)));
}

#[divan::bench]
fn write_open_array_of_twenty(bencher: Bencher<'_, '_>) {
    write(bencher, |reply, _| {
        let open = reply.open_array();
        for _ in 0..20 {
            reply.bulk(b"member");
        }
        reply.close_array(open, 20);
    });
}
