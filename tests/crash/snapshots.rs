//! Snapshots without a log: killed at every step, on a disk that refuses. What a start finds is the
//! data of one moment, the one before or the new one.

use crate::bench::Bench;
use crate::history::{Client, Wire, find_all, write_all};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PLAIN: &[&str] = &["--save", "", "--enable-debug-command", "yes"];
/// Save points that no test reaches: they make a failed snapshot refuse writes.
const WITH_SAVE_POINTS: &[&str] = &["--save", "3600 1000000"];
const MISCONF: &str = "-MISCONF Redis is configured to save RDB snapshots";

/// Steps of a snapshot, and whether the new file is in force.
const STEPS: [(&str, bool); 5] = [
    ("snapshot-created", false),
    ("snapshot-moment", false),
    ("snapshot-step", false),
    ("snapshot-written", false),
    ("snapshot-renamed", true),
];

#[test]
fn a_save_that_dies_at_any_step_leaves_the_old_snapshot_or_the_new_one() {
    for (step, is_new) in STEPS {
        let mut bench = Bench::start(PLAIN);
        bench.server.connect().ask("DEBUG POPULATE 3000");
        let mut clients: Vec<Client> = (0..4).map(|number| Client::new(0, number)).collect();
        let pause = Duration::from_millis(30);
        let (mut asked, mut saved) = (Vec::new(), Instant::now());
        write_all(&bench.server, &mut clients, || {
            std::thread::sleep(pause);
            let mut wire = Wire::open(bench.server.port).expect("it listens");
            asked.push(Instant::now());
            assert_eq!(wire.ask(&[vec!["SAVE".into()]]).ok().as_deref(), Some("+OK"));
            saved = Instant::now();
            std::thread::sleep(pause);
            bench.ask_for(&format!("{step} die"));
            asked.push(Instant::now());
            let reply = wire.ask(&[vec!["SAVE".into()]]);
            assert!(reply.is_err(), "{step}: it dies");
        });
        bench.wait_for_death();
        bench.start_again(PLAIN);
        let promised = asked[usize::from(is_new)];
        for (client, found) in clients.iter().zip(find_all(&bench.server, &clients)) {
            let least = client.acknowledged(promised);
            assert!(found.last >= least, "{step}: {} of {least} are there", found.last);
            let most = client.sent_before(saved);
            assert!(is_new || found.first <= most, "{step}: {} of {most} there", found.first);
        }
        assert_eq!(bench.server.connect().ask("EXISTS key:0 key:2999"), ":2", "{step}");
    }
}

fn files(bench: &Bench) -> Vec<PathBuf> {
    let dir = fs::read_dir(bench.server.dir.path()).expect("a folder");
    let names = dir.map(|entry| entry.expect("an entry").path());
    names.filter(|path| path.extension().is_some_and(|kind| kind == "rdb")).collect()
}

#[test]
fn a_save_that_fails_at_any_step_refuses_writes_until_one_succeeds() {
    for (step, is_new) in STEPS {
        let mut bench = Bench::start(WITH_SAVE_POINTS);
        let mut connection = bench.server.connect();
        assert_eq!(connection.ask("SET a 1"), "+OK");
        assert_eq!(connection.ask("SAVE"), "+OK");
        assert_eq!(connection.ask("SET a 2"), "+OK");
        bench.ask_for(&format!("{step} error"));
        assert_eq!(connection.ask("SAVE"), "-ERR", "{step}");
        assert!(connection.ask("SET a 3").starts_with(MISCONF), "{step}");
        assert_eq!(connection.ask("GET a"), "2");
        assert_eq!(files(&bench).len(), 1, "{step}: nothing is left behind");
        bench.start_again(WITH_SAVE_POINTS);
        let mut connection = bench.server.connect();
        assert_eq!(connection.ask("GET a"), if is_new { "2" } else { "1" }, "{step}");
        // The cause goes while the server runs.
        bench.ask_for(&format!("{step} error"));
        assert_eq!(connection.ask("SAVE"), "-ERR", "{step}");
        bench.ask_for("");
        assert!(connection.ask("SET a 4").starts_with(MISCONF), "{step}");
        assert_eq!(connection.ask("SAVE"), "+OK", "{step}");
        assert_eq!(connection.ask("SET a 5"), "+OK", "{step}");
    }
}

#[test]
fn a_full_disk_leaves_the_old_snapshot() {
    let mut bench = Bench::start(WITH_SAVE_POINTS);
    let mut connection = bench.server.connect();
    assert_eq!(connection.ask("SET a 1"), "+OK");
    assert_eq!(connection.ask("SAVE"), "+OK");
    // Text that LZF does not shrink below the limit.
    let value: String = std::iter::repeat_with(fastrand::alphanumeric).take(300_000).collect();
    assert_eq!(connection.ask(&format!("SET b {value}")), "+OK");
    if !bench.limit_files("100000") {
        return;
    }
    assert_eq!(connection.ask("SAVE"), "-ERR");
    assert!(bench.server.log().contains("File too large"), "{}", bench.server.log());
    assert!(connection.ask("SET a 2").starts_with(MISCONF));
    assert_eq!(files(&bench).len(), 1, "nothing is left behind");
    bench.start_again(WITH_SAVE_POINTS);
    let mut connection = bench.server.connect();
    assert_eq!(connection.ask("MGET a b"), "[1, nil]");
    assert_eq!(connection.ask(&format!("SET b {value}")), "+OK");
    assert!(bench.limit_files("100000"));
    assert_eq!(connection.ask("SAVE"), "-ERR");
    assert!(bench.limit_files("unlimited"));
    assert_eq!(connection.ask("SAVE"), "+OK");
    assert_eq!(connection.ask("SET a 2"), "+OK");
    bench.start_again(WITH_SAVE_POINTS);
    assert_eq!(bench.server.connect().ask("STRLEN b"), ":300000");
}
