//! Snapshots: files cross to a real Redis and back, whatever they hold; when and how they are made;
//! what happens when they cannot be.
//!
//! Where no redis-server is installed the crossing is "untried". With `REDSTART_CLIENTS=required`,
//! as in CI, that is a failure.

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::{Connection, PATIENCE, Server, encode, program};

const SNAPSHOT: &str = "dump.rdb";
/// Waiting for something, a test looks so often.
const LOOK: Duration = Duration::from_millis(5);

/// A program of Redis's; none where it is missing and need not be there.
fn redis(name: &str) -> Option<PathBuf> {
    let found = program(name);
    if found.is_none() {
        let is_required = std::env::var("REDSTART_CLIENTS").as_deref() == Ok("required");
        assert!(!is_required, "{name} is required but not installed");
        eprintln!("untried: {name} is not installed");
    }
    found
}

/// A server that may be told to load a file, of any kind.
fn start(program: &Path) -> Server {
    let debug = ["--enable-debug-command", "yes", "--save", ""];
    Server::start_program(program, &debug)
}

fn redstart() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_redstart"))
}

/// Has `to` load the snapshot that `from` has made.
fn carry(from: &Server, to: &Server) {
    let path = from.dir.path().join(SNAPSHOT);
    std::fs::copy(path, to.dir.path().join(SNAPSHOT)).expect("a snapshot");
    assert_eq!(to.connect().ask("DEBUG RELOAD NOSAVE"), "+OK", "{}", to.log());
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} does not come");
        std::thread::sleep(LOOK);
    }
}

/// The line of INFO that begins so.
fn info(connection: &mut Connection, name: &str) -> String {
    let text = connection.ask("INFO persistence");
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(field, _)| *field == name);
    found.map(|(_, value)| value.to_string()).expect("a field of INFO")
}

/// Containers of so many elements, of every kind of element that is stored in a form of its own.
fn fill(connection: &mut Connection, name: &str, count: usize) {
    let element = |number: usize| match number % 7 {
        0 => format!("{number}"),
        1 => format!("-{}", number * 1_000_003),
        2 => format!("{}", (number as i64) << 40),
        3 => format!("user:{number:05}"),
        4 => format!("{number}{}", "x".repeat(number % 50)),
        5 => format!("0.{number}"),
        _ => format!("{}{number}", "word ".repeat(5).replace(' ', "_")),
    };
    for number in 0..count {
        let (one, other) = (element(number), element(number + 3));
        let score = [number as f64, number as f64 / 4.0, -0.5][number % 3];
        for line in [
            format!("RPUSH list:{name} {one}"),
            format!("SADD set:{name} {one}"),
            format!("SADD integers:{name} {}", number * 77_777_777),
            format!("HSET hash:{name} {one} {other}"),
            format!("ZADD sorted:{name} {score} {one}"),
            format!("XADD stream:{name} {}-{} f {one} g {other}", number + 1, number % 3),
        ] {
            assert!(!connection.ask(&line).starts_with('-'), "{line}");
        }
    }
    // Names of their own, a deleted entry, groups with and without what was not acknowledged.
    for line in [
        format!("XADD stream:{name} 1000000-0 h 1"),
        format!("XDEL stream:{name} 1-0"),
        format!("XGROUP CREATE stream:{name} readers 0"),
        format!("XGROUP CREATE stream:{name} idle $"),
        format!("XREADGROUP GROUP readers ann COUNT 2 STREAMS stream:{name} >"),
        format!("XGROUP CREATECONSUMER stream:{name} readers bob"),
    ] {
        assert!(!connection.ask(&line).starts_with('-'), "{line}");
    }
}

/// Every type, in every form that has a form of its own in a file.
fn fill_with_everything(connection: &mut Connection) {
    for (name, value) in [
        ("empty", String::new()),
        ("small", "12".into()),
        ("number", "-1234567890123".into()),
        ("zeros", "007".into()),
        ("text", "hello hello hello hello".into()),
        ("long", "0123456789abcdef".repeat(5000)),
    ] {
        connection.command(&[b"SET", name.as_bytes(), value.as_bytes()]);
        assert_eq!(connection.line(), "+OK");
    }
    connection.command(&[b"SET", b"binary\r\n\0", &(0..=255).collect::<Vec<u8>>()]);
    assert_eq!(connection.line(), "+OK");
    for count in [1, 20, 200, 700] {
        fill(connection, &count.to_string(), count);
    }
    let long = "y".repeat(20_000);
    for line in [
        "ZADD sorted:ends inf a -inf b 0 c".to_string(),
        format!("RPUSH list:200 {long}"),
        format!("HSET hash:20 field {long}"),
        "SADD integers:short 1 2 -300".into(),
        "PFADD visitors a b c".into(),
        "GEOADD places 13.361389 38.115556 Palermo".into(),
        "SET dying 1 PXAT 4000000000000".into(),
        "PEXPIREAT hash:200 4000000000001".into(),
    ] {
        assert!(!connection.ask(&line).starts_with('-'), "{line}");
    }
    for line in ["SELECT 9", "SET elsewhere 1", "RPUSH other a", "SELECT 0"] {
        connection.ask(line);
    }
}

/// Everything in the server, key by key.
fn everything(connection: &mut Connection) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for db in 0..16 {
        connection.ask(&format!("SELECT {db}"));
        for key in parts(&connection.ask("KEYS *")) {
            let mut ask = |words: &[&str]| {
                let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
                connection.command(&words);
                connection.reply()
            };
            let kind = ask(&["TYPE", &key]);
            let value = match kind.as_str() {
                "+string" => ask(&["GET", &key]),
                "+list" => ask(&["LRANGE", &key, "0", "-1"]),
                "+set" => sorted(&ask(&["SMEMBERS", &key]), 1),
                "+hash" => sorted(&ask(&["HGETALL", &key]), 2),
                "+zset" => ask(&["ZRANGE", &key, "0", "-1", "WITHSCORES"]),
                "+stream" => stream(&mut ask, &key),
                _ => "no value".into(),
            };
            let deadline = ask(&["PEXPIRETIME", &key]);
            found.insert(format!("{db} {key}"), format!("{kind} {deadline} {value}"));
        }
    }
    connection.ask("SELECT 0");
    found
}

fn stream(ask: &mut impl FnMut(&[&str]) -> String, key: &str) -> String {
    let entries = ask(&["XRANGE", key, "-", "+"]);
    let pending = ask(&["XPENDING", key, "readers"]);
    let groups = ask(&["XINFO", "GROUPS", key]);
    let facts = ask(&["XINFO", "STREAM", key]);
    let told = ["length", "last-generated-id", "max-deleted-entry-id", "entries-added"];
    let mut words = facts.split(", ");
    let mut facts = Vec::new();
    while let Some(word) = words.next() {
        if told.contains(&word.trim_start_matches('[')) {
            facts.push(format!("{word}={}", words.next().unwrap_or_default()));
        }
    }
    format!("{entries} {pending} {groups} {}", facts.join(" "))
}

/// The elements of an array as `reply` shows it.
fn parts(array: &str) -> Vec<String> {
    let inside = array.trim_start_matches('[').trim_end_matches(']');
    inside.split(", ").filter(|part| !part.is_empty()).map(String::from).collect()
}

/// An array without order, in order: elements, or pairs of them.
fn sorted(array: &str, step: usize) -> String {
    let parts = parts(array);
    let mut groups: Vec<String> = parts.chunks(step).map(|group| group.join("=")).collect();
    groups.sort();
    groups.join(", ")
}

fn assert_same(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) {
    let keys = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(one), keys(other));
    for (key, value) in one {
        assert_eq!(*value, other[key], "{key}");
    }
}

#[test]
fn redis_reads_what_redstart_saved() {
    let Some(program) = redis("redis-server") else { return };
    let (from, to) = (start(&redstart()), start(&program));
    let mut connection = from.connect();
    fill_with_everything(&mut connection);
    let before = everything(&mut connection);
    assert!(before.len() > 30, "{before:?}");
    for (version, compresses) in [("9", "yes"), ("10", "yes"), ("10", "no")] {
        let set = format!("CONFIG SET rdb-version {version} rdbcompression {compresses}");
        assert_eq!(connection.ask(&set), "+OK");
        assert_eq!(connection.ask("SAVE"), "+OK", "{}", from.log());
        check(&from);
        carry(&from, &to);
        let mut after = everything(&mut to.connect());
        let mut before = before.clone();
        if version == "9" {
            // It does not tell how many entries a stream ever had.
            before.retain(|key, _| !key.contains("stream"));
            after.retain(|key, _| !key.contains("stream"));
        }
        assert_same(&before, &after);
    }
}

#[test]
fn redstart_reads_what_redis_saved() {
    let Some(program) = redis("redis-server") else { return };
    let (from, to) = (start(&program), start(&redstart()));
    let mut connection = from.connect();
    fill_with_everything(&mut connection);
    let before = everything(&mut connection);
    for compresses in ["yes", "no"] {
        connection.ask(&format!("CONFIG SET rdbcompression {compresses}"));
        assert_eq!(connection.ask("SAVE"), "+OK");
        carry(&from, &to);
        assert_same(&before, &everything(&mut to.connect()));
    }
    // What is not understood is kept for those who do.
    let code = "#!lua name=kept\nredis.register_function('kept', function() return 7 end)";
    connection.command(&[b"FUNCTION", b"LOAD", code.as_bytes()]);
    assert_eq!(connection.reply(), "kept");
    assert_eq!(connection.ask("SAVE"), "+OK");
    carry(&from, &to);
    connection.ask("FUNCTION FLUSH");
    to.connect().ask("CONFIG SET rdb-version 10");
    assert_eq!(to.connect().ask("SAVE"), "+OK");
    carry(&to, &from);
    assert_eq!(connection.ask("FCALL kept 0"), ":7");
}

/// How every value is stored, as OBJECT ENCODING tells. That a string was edited is forgotten, as
/// it is by Redis.
fn encodings(connection: &mut Connection) -> BTreeMap<String, String> {
    let keys = parts(&connection.ask("KEYS *"));
    let told = keys.into_iter().map(|key| {
        connection.command(&[b"OBJECT", b"ENCODING", key.as_bytes()]);
        (key, connection.reply().replace("raw", "embstr"))
    });
    told.collect()
}

#[test]
fn a_server_reads_what_it_saved_in_every_version() {
    let server = start(&redstart());
    let mut connection = server.connect();
    fill_with_everything(&mut connection);
    let deadline = "HPEXPIREAT hash:20 4000000000000 FIELDS 1 20xxxxxxxxxxxxxxxxxxxx";
    for line in [deadline, "HPEXPIREAT hash:700 4000000000000 FIELDS 1 7"] {
        connection.ask(line);
    }
    let (before, encoded) = (everything(&mut connection), encodings(&mut connection));
    let digest = connection.ask("DEBUG DIGEST");
    for version in [12, 11, 10] {
        assert_eq!(connection.ask(&format!("CONFIG SET rdb-version {version}")), "+OK");
        assert_eq!(connection.ask("DEBUG RELOAD"), "+OK", "{}", server.log());
        assert_same(&before, &everything(&mut connection));
        assert_same(&encoded, &encodings(&mut connection));
        assert_eq!(connection.ask("DEBUG DIGEST"), digest, "{version}");
    }
    assert_eq!(connection.ask("HPEXPIRETIME hash:700 FIELDS 1 7"), "[:4000000000000]");
    connection.ask("SET text other");
    connection.ask("SET added 1");
    assert_eq!(connection.ask("DEBUG RELOAD NOSAVE NOFLUSH MERGE"), "+OK");
    assert_eq!(connection.ask("GET text"), "hello hello hello hello");
    assert_eq!(connection.ask("DEL added"), ":1");
    assert_same(&before, &everything(&mut connection));
    let refused = "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
    assert_eq!(connection.ask("DEBUG RELOAD ELSE"), refused);
}

/// Elements as they come: of every length at which a file's form changes, numbers at the ends of
/// every width, bytes of any kind.
struct Random(fastrand::Rng);

impl Random {
    fn element(&mut self) -> Vec<u8> {
        const LENGTHS: [usize; 12] = [0, 1, 11, 12, 20, 21, 63, 64, 253, 254, 4095, 4096];
        let random = &mut self.0;
        let length = LENGTHS[random.usize(..LENGTHS.len())];
        match random.u8(..6) {
            0 => {
                let width = random.u32(1..64);
                let number = (1_i64 << (width - 1)).wrapping_sub(random.i64(0..2));
                (if random.bool() { number } else { number.wrapping_neg() }).to_string().into()
            }
            1 => random.i64(..).to_string().into(),
            2 => vec![b'r'; length],
            3 => (0..length).map(|_| random.u8(..)).collect(),
            4 => (0..length).map(|place| b"user:name "[place % 10]).collect(),
            _ => format!("{}", random.f64()).into(),
        }
    }

    /// A command that makes some key larger.
    fn command(&mut self) -> Vec<Vec<u8>> {
        const NAMES: [&str; 6] = ["SET", "RPUSH", "SADD", "HSET", "ZADD", "XADD"];
        let kind = self.0.usize(..NAMES.len());
        // Some keys stay small, others grow large.
        let key = format!("{}:{}", NAMES[kind], self.0.u32(..12).pow(2) / 20);
        let mut words = vec![NAMES[kind].into(), key.into_bytes()];
        match NAMES[kind] {
            "SET" => words.push(self.element()),
            "HSET" => words.extend([self.element(), self.element()]),
            "ZADD" => {
                let score = [self.0.f64() * 1e9, f64::from(self.0.i16(..)), f64::INFINITY];
                words.extend([score[self.0.usize(..3)].to_string().into(), self.element()]);
            }
            "XADD" => {
                let names = if self.0.bool() { ["f", "g"] } else { ["f", "h"] };
                let value = self.element();
                words.extend([b"*".to_vec(), names[0].into(), value, names[1].into()]);
                words.push(self.element());
            }
            _ => words.push(self.element()),
        }
        words
    }
}

#[test]
fn whatever_is_in_it_a_snapshot_brings_it_back() {
    let server = start(&redstart());
    let mut connection = server.connect();
    let seed = fastrand::u64(..);
    let mut random = Random(fastrand::Rng::with_seed(seed));
    for version in [12, 11, 10, 12, 11, 10] {
        for _ in 0..1500 {
            let command = random.command();
            let words: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
            connection.command(&words);
            let reply = connection.reply();
            assert!(!reply.starts_with('-'), "seed {seed}: {reply}");
        }
        connection.ask(&format!("CONFIG SET rdb-version {version}"));
        let before = connection.ask("DEBUG DIGEST");
        assert_eq!(connection.ask("DEBUG RELOAD"), "+OK", "seed {seed}:\n{}", server.log());
        assert_eq!(connection.ask("DEBUG DIGEST"), before, "seed {seed}, version {version}");
    }
}

/// Redis's own tool finds nothing wrong with the snapshot.
fn check(server: &Server) {
    let Some(program) = redis("redis-check-rdb") else { return };
    let output = Command::new(program).arg(server.dir.path().join(SNAPSHOT)).output();
    let output = output.expect("redis-check-rdb starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("looks OK"), "{text}");
}

#[test]
fn a_snapshot_shows_one_moment_whatever_is_written_meanwhile() {
    let Some(program) = redis("redis-server") else { return };
    let (from, to) = (start(&redstart()), start(&program));
    let mut connection = from.connect();
    assert_eq!(connection.ask("DEBUG POPULATE 5000"), "+OK");
    fill(&mut connection, "x", 300);
    let before = everything(&mut connection);
    connection.ask("CONFIG SET rdb-version 10 rdb-key-save-delay 100");
    assert_eq!(connection.ask("BGSAVE"), "+Background saving started");
    wait_for("the moment", || info(&mut connection, "current_save_keys_total") != "0");
    assert_eq!(connection.ask("BGSAVE"), "-ERR Background save already in progress");
    for number in 0..5000 {
        match number % 3 {
            0 => connection.ask(&format!("SET key:{number} other")),
            1 => connection.ask(&format!("DEL key:{number}")),
            _ => connection.ask(&format!("SET new:{number} 1")),
        };
    }
    for key in ["list:x", "hash:x", "set:x", "sorted:x", "stream:x", "integers:x"] {
        assert_eq!(connection.ask(&format!("COPY {key} copy:{key}")), ":1");
    }
    for line in ["RPUSH list:x new", "HSET hash:x new 1", "SADD set:x new", "ZADD sorted:x 5 new"] {
        assert_eq!(connection.ask(line).chars().next(), Some(':'));
    }
    connection.ask("FLUSHDB");
    wait_for("the end", || info(&mut connection, "rdb_bgsave_in_progress") == "0");
    assert_eq!(info(&mut connection, "rdb_last_bgsave_status"), "ok", "{}", from.log());
    check(&from);
    carry(&from, &to);
    assert_same(&before, &everything(&mut to.connect()));
}

#[test]
fn flushall_calls_off_a_snapshot_in_the_background() {
    let server = Server::start(&["--save", "", "--rdb-key-save-delay", "1000"]);
    let mut connection = server.connect();
    (0..5000).for_each(|number| drop(connection.ask(&format!("SET {number} x"))));
    assert_eq!(connection.ask("BGSAVE"), "+Background saving started");
    connection.ask("FLUSHALL");
    wait_for("the end", || info(&mut connection, "rdb_bgsave_in_progress") == "0");
    assert!(!server.dir.path().join(SNAPSHOT).exists());
    assert_eq!(info(&mut connection, "rdb_last_bgsave_status"), "ok");
    assert_ne!(info(&mut connection, "rdb_changes_since_last_save"), "0");
}

#[test]
fn flushall_leaves_a_snapshot_that_somebody_waits_for() {
    let server = Server::start(&["--save", "", "--rdb-key-save-delay", "1000"]);
    let mut connection = server.connect();
    (0..1000).for_each(|number| drop(connection.ask(&format!("SET {number} x"))));
    connection.send(&encode(&[b"SAVE"]));
    let mut other = server.connect();
    wait_for("its moment", || info(&mut other, "current_save_keys_total") != "0");
    assert_eq!(other.ask("FLUSHALL"), "+OK");
    assert_eq!(connection.reply(), "+OK");
    let sizes = || std::fs::metadata(server.dir.path().join(SNAPSHOT)).map(|file| file.len());
    assert!(sizes().expect("the snapshot") > 1000);
}

#[test]
fn what_is_written_after_the_answer_to_bgsave_is_not_in_it() {
    let mut server = Server::start(&["--save", ""]);
    let mut connection = server.connect();
    for round in 0..20 {
        connection.ask("FLUSHALL");
        assert_eq!(connection.ask(&format!("SET before {round}")), "+OK");
        let (save, set) = (encode(&[b"BGSAVE"]), encode(&[b"SET", b"after", b"1"]));
        connection.send(&[save, set].concat());
        assert_eq!(connection.reply(), "+Background saving started");
        assert_eq!(connection.reply(), "+OK");
        wait_for("the end", || info(&mut connection, "rdb_bgsave_in_progress") == "0");
        server.signal("KILL");
        server.start_again(&["--save", ""]);
        connection = server.connect();
        assert_eq!(connection.ask("MGET before after"), format!("[{round}, nil]"));
    }
}

#[test]
fn a_save_point_saves_and_info_tells() {
    let server = Server::start(&["--save", "1 3"]);
    let mut connection = server.connect();
    let began: u64 = connection.ask("LASTSAVE")[1..].parse().expect("seconds");
    connection.ask("SET a 1");
    connection.ask("SET b 1");
    assert_eq!(info(&mut connection, "rdb_changes_since_last_save"), "2");
    assert!(!server.dir.path().join(SNAPSHOT).exists());
    connection.ask("SET c 1");
    wait_for("the snapshot", || info(&mut connection, "rdb_saves") == "1");
    assert_eq!(info(&mut connection, "rdb_changes_since_last_save"), "0");
    assert_eq!(info(&mut connection, "rdb_last_bgsave_time_sec"), "0");
    assert!(server.dir.path().join(SNAPSHOT).exists());
    assert!(connection.ask("LASTSAVE")[1..].parse::<u64>().expect("seconds") > began);
    let left: Vec<_> = std::fs::read_dir(server.dir.path()).expect("a folder").collect();
    assert_eq!(left.len(), 2, "the snapshot and the log: {left:?}");
}

/// Makes saving fail: a folder stands where the snapshot is to be.
fn block(server: &Server) -> PathBuf {
    let path = server.dir.path().join(SNAPSHOT);
    std::fs::create_dir(&path).expect("a folder");
    std::fs::write(path.join("inside"), "").expect("a file");
    path
}

#[test]
fn after_a_failed_snapshot_writes_are_refused_until_one_succeeds() {
    let server = Server::start(&["--save", "3600 1000000"]);
    let mut connection = server.connect();
    connection.ask("SET key 1");
    let path = block(&server);
    assert_eq!(connection.ask("BGSAVE"), "+Background saving started");
    wait_for("the failure", || info(&mut connection, "rdb_last_bgsave_status") == "err");
    for refused in ["SET key 2", "DEL nokey", "PING"] {
        let reply = connection.ask(refused);
        assert!(reply.starts_with("-MISCONF Redis is configured to save RDB"), "{reply}");
    }
    assert_eq!(connection.ask("GET key"), "1");
    assert_eq!(connection.ask("CONFIG SET stop-writes-on-bgsave-error no"), "+OK");
    assert_eq!(connection.ask("SET key 3"), "+OK");
    assert_eq!(connection.ask("CONFIG SET stop-writes-on-bgsave-error yes"), "+OK");
    assert_eq!(connection.ask("SAVE"), "-ERR");
    assert!(connection.ask("SET key 4").starts_with("-MISCONF"));
    std::fs::remove_dir_all(path).expect("the folder");
    assert_eq!(connection.ask("SAVE"), "+OK");
    assert_eq!(connection.ask("SET key 5"), "+OK");
    let log = server.log();
    assert!(log.contains("Error moving temp DB file"), "{log}");
}

#[test]
fn the_end_saves_if_there_are_save_points() {
    for (save, how, is_saved) in [
        ("3600 1", "SHUTDOWN", true),
        ("3600 1", "SHUTDOWN NOSAVE", false),
        ("", "SHUTDOWN", false),
        ("", "SHUTDOWN SAVE", true),
        ("3600 1", "TERM", true),
        ("", "TERM", false),
    ] {
        let mut server = Server::start(&["--save", save]);
        let mut connection = server.connect();
        assert_eq!(connection.ask("SET key 1"), "+OK");
        match how {
            "TERM" => server.signal(how),
            _ => connection.command(&how.split(' ').map(str::as_bytes).collect::<Vec<_>>()),
        }
        assert_eq!(server.wait(), Some(0), "{save:?} {how}");
        let path = server.dir.path().join(SNAPSHOT);
        assert_eq!(path.exists(), is_saved, "{save:?} {how}:\n{}", server.log());
    }
}

#[test]
fn a_server_that_cannot_save_does_not_end_unless_it_is_forced() {
    let mut server = Server::start(&["--save", "3600 1"]);
    let mut connection = server.connect();
    connection.ask("SET key 1");
    block(&server);
    assert_eq!(connection.ask("SHUTDOWN"), "-ERR Errors trying to SHUTDOWN. Check logs.");
    server.signal("TERM");
    wait_for("the refusal", || server.log().matches("can't exit").count() == 2);
    assert_eq!(connection.ask("GET key"), "1");
    connection.send(b"SHUTDOWN FORCE\r\n");
    assert_eq!(server.wait(), Some(0));
}
