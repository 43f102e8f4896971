//! The append-only log from outside: what comes back from it, and damage is told from an end that
//! is missing. What is there after a crash: crash.rs.

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::{Connection, Server, encode};

const ALWAYS: &[&str] = &["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
const EVERYSEC: &[&str] = &["--appendonly", "yes", "--save", ""];
const DEBUG: &[&str] = &["--enable-debug-command", "yes"];

/// All keys and values, as DEBUG DIGEST sums them up.
fn digest(connection: &mut Connection) -> String {
    let digest = connection.ask("DEBUG DIGEST");
    assert!(digest.starts_with('+') && digest.len() == 41, "{digest}");
    digest
}

/// The last file of the log.
fn last_part(server: &Server) -> PathBuf {
    let folder = server.dir.path().join("appendonlydir");
    let manifest = fs::read_to_string(folder.join("appendonly.aof.manifest")).expect("a manifest");
    let line = manifest.lines().rfind(|line| line.ends_with("type i")).expect("an incr file");
    folder.join(line.split(' ').nth(1).expect("a name"))
}

/// Bytes of the last file, once it holds `text`.
fn log_with(server: &Server, text: &str) -> String {
    for _ in 0..1000 {
        let bytes = fs::read(last_part(server)).expect("the log can be read");
        let log = String::from_utf8_lossy(&bytes).into_owned();
        if log.contains(text) {
            return log;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{text} does not come to the log");
}

#[test]
fn every_type_comes_back_as_it_was() {
    let flags = [EVERYSEC, DEBUG].concat();
    let mut server = Server::start(&flags);
    let mut connection = server.connect();
    for line in [
        "SET gone 1 PX 1",
        "SET string value",
        "SET volatile value PX 3000000",
        "SETRANGE long 100000 x",
        "HSET hash a 1 b 2",
        "HPEXPIRE hash 3000000 FIELDS 1 a",
        "RPUSH list a b c",
        "LMOVE list other LEFT RIGHT",
        "SADD set a b c d e",
        "SPOP set 2",
        "ZADD zset 1 a 2.5 b",
        "ZADD zset INCR 0.1 a",
        "XADD stream * a 1",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group me STREAMS stream >",
        "PFADD sketch a b c",
        "SELECT 7",
        "SET seven 7",
        "SWAPDB 3 7",
        "SELECT 0",
        "MULTI",
        "INCR counter",
        "SELECT 2",
        "INCR counter",
        "EXEC",
        "INCRBYFLOAT float 0.1",
        "BITFIELD bits SET u8 0 255",
        "GEOADD places 13.361389 38.115556 Palermo",
    ] {
        let reply = connection.ask(line);
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    }
    log_with(&server, "DEL\r\n$4\r\ngone");
    let before = digest(&mut connection);
    log_with(&server, "Palermo");
    server.start_again(&flags);
    let mut connection = server.connect();
    // The key that was gone comes back past its deadline, and goes.
    for _ in 0..400 {
        if digest(&mut connection) == before {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(digest(&mut connection), before);
    assert_eq!(connection.ask("OBJECT IDLETIME string"), ":0");
    assert!(connection.ask("XPENDING stream group").starts_with("[:1"));
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    server.start_again(&flags);
    assert_eq!(digest(&mut server.connect()), before);
}

#[test]
fn a_transaction_is_one_step_in_the_log() {
    let server = Server::start(ALWAYS);
    let mut connection = server.connect();
    for line in ["MULTI", "SET a 1", "SET b 2", "EXEC", "SET c 3"] {
        connection.ask(line);
    }
    let log = log_with(&server, "c");
    let names: Vec<&str> =
        log.lines().filter(|line| line.chars().all(char::is_uppercase)).collect();
    assert_eq!(names, ["SELECT", "MULTI", "SET", "SET", "EXEC", "SET"], "{log}");
}

#[test]
fn an_end_that_is_missing_is_cut_off() {
    let mut server = Server::start(ALWAYS);
    let mut connection = server.connect();
    for line in ["SET a 1", "MULTI", "SET b 2", "SET c 3", "EXEC", "SET d 4"] {
        connection.ask(line);
    }
    let whole = fs::read(last_part(&server)).expect("the log");
    let find = |word: &[u8]| whole.windows(word.len()).position(|part| part == word).expect("it");
    let places = [
        (whole.len() - 1, ":3", find(b"*3\r\n$3\r\nSET\r\n$1\r\nd")),
        (find(b"$1\r\nd"), ":3", find(b"*3\r\n$3\r\nSET\r\n$1\r\nd")),
        (find(b"EXEC") + 2, ":1", find(b"*1\r\n$5\r\nMULTI")),
        (find(b"$1\r\nc") + 2, ":1", find(b"*1\r\n$5\r\nMULTI")),
        (3, ":0", 0),
    ];
    for (cut, keys, left) in places {
        server.signal("KILL");
        server.wait();
        fs::write(last_part(&server), &whole[..cut]).expect("the log is cut");
        let strict = [ALWAYS, &["--aof-load-truncated", "no"]].concat();
        assert_eq!(server.fail_to_start(&strict), Some(1), "{}", server.log());
        assert!(server.log().contains("check-aof --fix"));
        server.start_again(ALWAYS);
        assert_eq!(server.connect().ask("DBSIZE"), keys, "cut at {cut}");
        assert!(server.log().contains(&format!("at offset {left} ({} bytes)", cut - left)));
        assert_eq!(fs::metadata(last_part(&server)).expect("the log").len(), left as u64);
        server.connect().ask("SET more 1");
        server.start_again(ALWAYS);
        assert_eq!(server.connect().ask("GET more"), "1");
    }
}

#[test]
fn damage_in_the_middle_ends_the_start() {
    let mut server = Server::start(ALWAYS);
    let mut connection = server.connect();
    for line in ["SET a 1", "SET b 2", "SET c 3"] {
        connection.ask(line);
    }
    server.signal("KILL");
    server.wait();
    let whole = fs::read(last_part(&server)).expect("the log");
    let second = encode(&[b"SET", b"b", b"2"]);
    let at = whole.windows(second.len()).position(|part| part == second).expect("it");
    // A length of 90 instead of 10 could be an end that is missing: but whole calls follow.
    for (offset, byte) in [(at, b'x'), (at + 1, b'9'), (at + 4, b'!'), (at + 5, b'x'), (at + 8, 0)]
    {
        let mut damaged = whole.clone();
        damaged[offset] = byte;
        fs::write(last_part(&server), &damaged).expect("the log is damaged");
        assert_eq!(server.fail_to_start(ALWAYS), Some(1), "{offset}: {}", server.log());
        assert!(server.log().contains(&format!("at offset {at}")), "{}", server.log());
        assert_eq!(fs::read(last_part(&server)).expect("the log"), damaged);
    }
}

#[test]
fn times_are_noted_where_that_is_asked_for() {
    let mut server = Server::start(&[ALWAYS, &["--aof-timestamp-enabled", "yes"]].concat());
    server.connect().ask("SET a 1");
    assert!(log_with(&server, "a").starts_with("#TS:"));
    // A base of commands says when it was made, too.
    server.connect().ask("CONFIG SET aof-use-rdb-preamble no");
    server.connect().ask("BGREWRITEAOF");
    wait_for_rewrite(&mut server.connect());
    let base = last_part(&server).with_file_name("appendonly.aof.2.base.aof");
    assert!(fs::read_to_string(base).expect("a base").starts_with("#TS:"));
    server.start_again(ALWAYS);
    assert_eq!(server.connect().ask("GET a"), "1");
}

#[test]
fn an_old_log_is_taken_in_and_redis_reads_ours() {
    let Some(redis) = support::program("redis-server") else {
        println!("SKIPPED: there is no redis-server");
        return;
    };
    let mut server = Server::start(&["--save", ""]);
    let old = [encode(&[b"SET", b"a", b"1"]), encode(&[b"SET", b"b", b"2"])].concat();
    fs::write(server.dir.path().join("appendonly.aof"), old).expect("an old log");
    server.start_again(ALWAYS);
    let mut connection = server.connect();
    for line in ["INCR a", "SELECT 3", "RPUSH list a b c", "SADD set 1 2 3", "SPOP set"] {
        connection.ask(line);
    }
    let look = |connection: &mut Connection| {
        let queries = ["SELECT 3", "LRANGE list 0 -1", "SMEMBERS set", "SELECT 0", "MGET a b"];
        queries.map(|line| connection.ask(line))
    };
    let before = look(&mut connection);
    server.signal("TERM");
    server.wait();
    server.start_as(&redis, ALWAYS);
    let mut other = server.connect();
    assert_eq!(look(&mut other), before);
    other.ask("SET by redis");
    server.start_again(ALWAYS);
    let mut connection = server.connect();
    assert_eq!(connection.ask("GET by"), "redis");
    assert_eq!(connection.ask("GET a"), "2");
}

#[test]
fn what_the_disk_refuses_is_refused_until_it_takes_it() {
    let Some(prlimit) = support::program("prlimit") else {
        println!("SKIPPED: there is no prlimit");
        return;
    };
    // A limit on the size of files stands for a disk that is full.
    let tools = tempfile::tempdir().expect("a directory");
    let program = tools.path().join("limited");
    let path = env!("CARGO_BIN_EXE_redstart");
    let script = format!("#!/bin/sh\ntrap '' XFSZ\nulimit -S -f 100\nexec {path} \"$@\"\n");
    fs::write(&program, script).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is executable");
    for flags in [ALWAYS, EVERYSEC] {
        let mut server = Server::start_program(&program, flags);
        let mut writer = server.connect();
        let mut other = server.connect();
        let value = "x".repeat(3000);
        let mut acknowledged = 0;
        let refused = loop {
            match writer.try_ask_within(&format!("RPUSH list {value}"), Duration::from_millis(500))
            {
                Some(reply) if reply.starts_with(':') => acknowledged += 1,
                outcome => break outcome,
            }
            assert!(acknowledged < 1000, "the limit holds");
        };
        // Under `always` the write that met the full disk is answered once it is safe.
        let misconf = "-MISCONF Errors writing to the AOF file: File too large";
        assert_eq!(refused.as_deref(), (flags == EVERYSEC).then_some(misconf));
        assert_eq!(other.ask("SET a 1"), misconf);
        assert_eq!(other.ask("PING"), misconf);
        assert_eq!(other.ask("GET a"), "nil");
        other.ask("MULTI");
        assert_eq!(other.ask("INCR a"), misconf);
        assert!(other.ask("EXEC").starts_with("-EXECABORT"));
        assert!(other.ask("INFO persistence").contains("aof_last_write_status:err"));
        let id = server.id().to_string();
        let status = Command::new(&prlimit).args(["--pid", &id, "--fsize=unlimited"]).status();
        assert!(status.expect("prlimit runs").success());
        if flags == ALWAYS {
            assert!(writer.reply().starts_with(':'));
            acknowledged += 1;
        }
        other.wait_for("SET a 1", "+OK");
        assert_eq!(other.ask("WAITAOF 1 0 5000"), "[:1, :0]");
        server.start_again(flags);
        let mut connection = server.connect();
        assert_eq!(connection.ask("LLEN list"), format!(":{acknowledged}"));
        assert_eq!(connection.ask("GET a"), "1");
    }
}

#[test]
fn the_tool_says_what_is_in_a_file_and_mends_its_end() {
    let mut server = Server::start(ALWAYS);
    let mut connection = server.connect();
    for line in ["SET a 1", "SET b 2", "MULTI", "SET c 3", "SET d 4", "EXEC"] {
        connection.ask(line);
    }
    server.signal("TERM");
    server.wait();
    let check = |words: &[&str], input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_redstart"))
            .arg("check-aof")
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdin = child.stdin.as_mut().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let place = last_part(&server);
    let manifest = place.with_file_name("appendonly.aof.manifest");
    let manifest = manifest.to_str().expect("a path");
    let (is_well, text) = check(&[manifest], "");
    assert!(is_well && text.contains("All AOF files and manifest are valid"), "{text}");
    assert!(text.contains("SET: 4") && text.contains("1 transactions"), "{text}");
    let whole = fs::read(&place).expect("the log");
    fs::write(&place, &whole[..whole.len() - 3]).expect("it is cut");
    let (is_well, text) = check(&[place.to_str().expect("a path")], "");
    assert!(!is_well && text.contains("the file ends inside a call"), "{text}");
    let (is_well, _) = check(&["--fix", manifest], "n\n");
    assert!(!is_well);
    let (is_well, text) = check(&["--fix", manifest], "y\n");
    assert!(is_well && text.contains("Successfully truncated"), "{text}");
    server.start_again(&[ALWAYS, &["--aof-load-truncated", "no"]].concat());
    assert_eq!(server.connect().ask("DBSIZE"), ":2");
}

/// Keys of every type, in two databases.
const VALUES: &[&str] = &[
    "SET string value",
    "SET number 12",
    "SET volatile value PX 3000000",
    "SETRANGE long 100000 x",
    "HSET hash a 1 b 2",
    "HPEXPIRE hash 3000000 FIELDS 1 a",
    "RPUSH list a b c",
    "SADD set a b c",
    "SADD integers 1 2 3",
    "ZADD zset 1 a 2.5 b inf c",
    "XADD stream 1-1 a 1 b 2",
    "XADD stream 2-1 a 1",
    "XDEL stream 1-1",
    "XGROUP CREATE stream group 0",
    "XREADGROUP GROUP group me STREAMS stream >",
    "XGROUP CREATECONSUMER stream group other",
    "XADD empty 5-5 a 1",
    "XTRIM empty MAXLEN 0",
    "SELECT 9",
    "SET nine 9",
    "SELECT 0",
];

/// Containers larger than what one call makes.
fn fill(connection: &mut Connection) {
    for line in VALUES {
        let reply = connection.ask(line);
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    }
    for number in 0..1000 {
        for line in [
            format!("RPUSH many:list element:{number}"),
            format!("SADD many:set member:{number}"),
            format!("HSET many:hash field:{number} {number}"),
            format!("ZADD many:zset {number}.5 member:{number}"),
        ] {
            connection.ask(&line);
        }
    }
}

fn wait_for_rewrite(connection: &mut Connection) {
    for _ in 0..2000 {
        let info = connection.ask("INFO persistence");
        if info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0") {
            assert!(info.contains("aof_last_bgrewrite_status:ok"), "{info}");
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the rewrite does not end");
}

fn manifest(server: &Server) -> String {
    let place = server.dir.path().join("appendonlydir/appendonly.aof.manifest");
    fs::read_to_string(place).expect("a manifest")
}

#[test]
fn a_rewrite_keeps_the_data_and_drops_how_it_came_about() {
    let flags = [ALWAYS, DEBUG].concat();
    for preamble in ["no", "yes"] {
        let flags = [&flags[..], &["--aof-use-rdb-preamble", preamble]].concat();
        let mut server = Server::start(&flags);
        let mut connection = server.connect();
        fill(&mut connection);
        for _ in 0..100 {
            connection.ask("INCR counter");
        }
        let reply = connection.ask("BGREWRITEAOF");
        assert_eq!(reply, "+Background append only file rewriting started");
        connection.ask("SET meanwhile 1");
        wait_for_rewrite(&mut connection);
        connection.ask("SET after 1");
        let before = digest(&mut connection);
        let text = manifest(&server);
        assert_eq!(text.lines().count(), 2, "{text}");
        let base = if preamble == "yes" { "2.base.rdb" } else { "2.base.aof" };
        assert!(text.contains(base), "{text}");
        assert!(text.contains("appendonly.aof.2.incr.aof seq 2 type i"), "{text}");
        let folder = fs::read_dir(server.dir.path().join("appendonlydir")).expect("a folder");
        assert_eq!(folder.count(), 3, "what was replaced is gone");
        server.start_again(&flags);
        let mut connection = server.connect();
        assert_eq!(digest(&mut connection), before, "{preamble}");
        assert_eq!(connection.ask("MGET meanwhile after"), "[1, 1]");
        assert_eq!(connection.ask("XINFO CONSUMERS stream group").matches("pending").count(), 2);
    }
}

#[test]
fn redis_reads_what_was_rewritten() {
    let Some(redis) = support::program("redis-server") else {
        println!("SKIPPED: there is no redis-server");
        return;
    };
    for preamble in ["yes", "no"] {
        // Redis 7.0 reads snapshots up to version 10.
        let own = ["--aof-use-rdb-preamble", preamble, "--rdb-version", "10"];
        let mut server = Server::start(&[ALWAYS, &own].concat());
        let mut connection = server.connect();
        fill(&mut connection);
        // Nor does it know deadlines of fields.
        connection.ask("DEL hash");
        connection.ask("BGREWRITEAOF");
        wait_for_rewrite(&mut connection);
        connection.ask("SET after 1");
        let look = |connection: &mut Connection| {
            let queries = [
                "DBSIZE",
                "MGET string number volatile long after",
                "LRANGE many:list 0 -1",
                "ZRANGE zset 0 -1 WITHSCORES",
                "ZRANGE many:zset 0 -1 WITHSCORES",
                "HGET many:hash field:77",
                "SCARD many:set",
                "SORT integers",
                "XRANGE stream - +",
                "XPENDING stream group",
                "XLEN empty",
                "PEXPIRETIME volatile",
            ];
            queries.map(|line| connection.ask(line))
        };
        let before = look(&mut connection);
        server.start_as(&redis, ALWAYS);
        assert_eq!(look(&mut server.connect()), before);
    }
}

#[test]
fn debug_loadaof_brings_back_what_is_in_the_files() {
    let server = Server::start(&[EVERYSEC, DEBUG].concat());
    let mut connection = server.connect();
    fill(&mut connection);
    let before = digest(&mut connection);
    assert_eq!(connection.ask("DEBUG LOADAOF"), "+OK");
    assert_eq!(digest(&mut connection), before);
    connection.ask("SET more 1");
    log_with(&server, "more");
    assert_eq!(connection.ask("DEBUG LOADAOF"), "+OK");
    assert_eq!(connection.ask("GET more"), "1");
    let off = Server::start(&[&["--save", ""], DEBUG].concat());
    let mut connection = off.connect();
    assert!(connection.ask("DEBUG LOADAOF").starts_with("-ERR Error trying to load"));
    // A rewrite makes one, though nothing is appended to it.
    connection.ask("SET a 1");
    connection.ask("BGREWRITEAOF");
    wait_for_rewrite(&mut connection);
    connection.ask("SET b 1");
    assert_eq!(connection.ask("DEBUG LOADAOF"), "+OK");
    assert_eq!(connection.ask("MGET a b"), "[1, nil]");
}

#[test]
fn writes_during_rewrites_are_neither_lost_nor_doubled() {
    let flags = [ALWAYS, &["--threads", "2"]].concat();
    let mut server = Server::start(&flags);
    fill(&mut server.connect());
    let is_over = AtomicBool::new(false);
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let clients = (0..4).map(|client| {
            let mut connection = server.connect();
            let is_over = &is_over;
            scope.spawn(move || {
                let mut count = 0;
                while !is_over.load(Ordering::SeqCst) {
                    connection.ask(&format!("RPUSH by:{client} {count}"));
                    count += 1;
                }
                count
            })
        });
        let clients: Vec<_> = clients.collect();
        let mut connection = server.connect();
        for _ in 0..5 {
            connection.ask("BGREWRITEAOF");
            wait_for_rewrite(&mut connection);
        }
        is_over.store(true, Ordering::SeqCst);
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    server.start_again(&flags);
    let mut connection = server.connect();
    for (client, count) in counts.iter().enumerate() {
        assert_eq!(connection.ask(&format!("LLEN by:{client}")), format!(":{count}"));
        let last = connection.ask(&format!("LINDEX by:{client} -1"));
        assert_eq!(last, (count - 1).to_string());
    }
}

#[test]
fn the_log_is_switched_on_and_off_while_the_server_runs() {
    let flags = ["--save", "", "--enable-debug-command", "yes", "--appendfsync", "always"];
    let mut server = Server::start(&flags);
    let mut connection = server.connect();
    fill(&mut connection);
    assert_eq!(connection.ask("CONFIG SET appendonly yes"), "+OK");
    connection.ask("SET on 1");
    wait_for_rewrite(&mut connection);
    let before = digest(&mut connection);
    let on = [&flags[..], &["--appendonly", "yes"]].concat();
    server.start_again(&on);
    let mut connection = server.connect();
    assert_eq!(digest(&mut connection), before);
    connection.ask("SET further 1");
    assert_eq!(connection.ask("CONFIG SET appendonly no"), "+OK");
    assert!(connection.ask("INFO persistence").contains("aof_enabled:0"));
    connection.ask("SET off 1");
    assert_eq!(connection.ask("CONFIG SET appendonly yes"), "+OK");
    wait_for_rewrite(&mut connection);
    connection.ask("SET on again");
    server.start_again(&on);
    let mut connection = server.connect();
    assert_eq!(connection.ask("MGET on further off"), "[again, 1, 1]");
    assert!(manifest(&server).contains("appendonly.aof.2.incr.aof"), "{}", manifest(&server));
}

#[test]
fn a_file_that_has_grown_is_rewritten_by_itself() {
    let growth = ["--auto-aof-rewrite-percentage", "100", "--auto-aof-rewrite-min-size", "10kb"];
    let server = Server::start(&[EVERYSEC, &growth].concat());
    let mut connection = server.connect();
    for number in 0..1000 {
        connection.ask(&format!("SET key {number}"));
    }
    let log = server.dir.path().join("appendonlydir/appendonly.aof.1.incr.aof");
    let began = std::time::Instant::now();
    while log.exists() {
        assert!(began.elapsed() < support::PATIENCE, "{}", server.log());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(server.log().contains("Starting automatic rewriting of AOF on"));
}
