//! Real clients on Redstart: redis-cli, redis-benchmark, redis-py, node-redis, ioredis, the Rust
//! `redis` crate.
//!
//! Where a client is not installed the test says "untried" and why. With
//! `REDSTART_CLIENTS=required`, as in CI, that is a failure.

mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};
use support::{Server, program};

/// Notes that a client is missing; fails where all are required.
fn untried(what: &str) {
    assert!(
        std::env::var("REDSTART_CLIENTS").as_deref() != Ok("required"),
        "{what} is required but not installed"
    );
    eprintln!("untried: {what} is not installed");
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    let text = text(&output);
    assert!(output.status.success(), "{command:?} failed:\n{text}");
    text
}

fn cli(server: &Server) -> Option<Command> {
    let Some(path) = program("redis-cli") else {
        untried("redis-cli");
        return None;
    };
    let mut command = Command::new(path);
    command.args(["-p", &server.port.to_string()]);
    Some(command)
}

#[test]
fn redis_cli_runs_commands_from_arguments_and_from_a_prompt() {
    let server = Server::start(&[]);
    let Some(mut command) = cli(&server) else { return };
    assert_eq!(run(command.args(["SET", "greeting", "hello"])).trim(), "OK");
    let Some(mut prompt) = cli(&server) else { return };
    // Reading commands from a pipe, redis-cli does what it does at its prompt, COMMAND DOCS
    // included.
    let mut child = prompt
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("redis-cli starts");
    let lines = b"GET greeting\nINCR n\nhello 3\nGET missing\nSELECT 3\nDBSIZE\nnosuch a b\n";
    child.stdin.take().expect("its stdin").write_all(lines).expect("redis-cli reads");
    let output = child.wait_with_output().expect("redis-cli ends");
    let text = text(&output);
    for expected in ["hello", "1", "proto", "unknown command 'nosuch'"] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
}

#[test]
fn redis_cli_finds_big_keys_and_scans() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    for n in 0..1000 {
        assert_eq!(connection.ask(&format!("SET key:{n} value")), "+OK");
    }
    connection.command(&[b"SET", b"key:large", &[b'x'; 5000]]);
    assert_eq!(connection.line(), "+OK");
    let Some(mut command) = cli(&server) else { return };
    let text = run(command.arg("--bigkeys"));
    assert!(text.contains("\"key:large\"") && text.contains("1001 strings"), "{text}");
    let Some(mut command) = cli(&server) else { return };
    let text = run(command.args(["--scan", "--pattern", "key:*"]));
    assert_eq!(text.lines().count(), 1001);
    let Some(mut command) = cli(&server) else { return };
    let text = run(command.args(["--memkeys"]));
    assert!(text.contains("1001"), "{text}");
    let Some(mut command) = cli(&server) else { return };
    let text = run(command.args(["--latency", "-i", "1", "--raw"]).env("TERM", "dumb"));
    assert!(!text.is_empty());
}

#[test]
fn redis_cli_speaks_resp3_and_shows_info() {
    let server = Server::start(&[]);
    let Some(mut command) = cli(&server) else { return };
    let text = run(command.args(["-3", "CONFIG", "GET", "maxclients"]));
    assert!(text.contains("10000"), "{text}");
    let Some(mut command) = cli(&server) else { return };
    let text = run(command.arg("INFO"));
    for section in ["# Server", "# Clients", "# Memory", "# Stats", "# Keyspace"] {
        assert!(text.contains(section), "{section} is missing in:\n{text}");
    }
}

fn benchmark(flags: &[&str]) {
    let Some(path) = program("redis-benchmark") else { return untried("redis-benchmark") };
    let server = Server::start(&[]);
    let mut command = Command::new(path);
    let text = run(command.args(["-p", &server.port.to_string(), "-q"]).args(flags));
    assert!(!text.contains("Error"), "{text}");
    assert!(text.contains("requests per second"), "{text}");
    for test in ["LPUSH:", "SADD:", "HSET:", "ZADD:", "MSET (10 keys):"] {
        assert!(text.contains(test), "{test} is missing in:\n{text}");
    }
}

#[test]
fn redis_benchmark_runs_all_its_tests() {
    benchmark(&["-n", "20000"]);
}

#[test]
fn redis_benchmark_runs_pipelined_with_threads() {
    let tests = "ping_mbulk,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,mset";
    benchmark(&["-t", tests, "-P", "16", "--threads", "2", "-n", "100000", "-r", "100000"]);
}

fn script(interpreter: &str, file: &str, module: &str) {
    let Some(path) = program(interpreter) else { return untried(interpreter) };
    let server = Server::start(&[]);
    let file = format!("{}/tests/clients/{file}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(path).args([&file, &server.port.to_string()]).output();
    let output = output.expect("the interpreter starts");
    let text = text(&output);
    // The scripts end with 77 when their library is not installed.
    if output.status.code() == Some(77) {
        return untried(module);
    }
    assert!(output.status.success() && text.contains("all good"), "{file}:\n{text}");
}

#[test]
fn redis_py_works() {
    script("python3", "redis_py.py", "redis-py");
}

#[test]
fn node_redis_works() {
    script("node", "node_redis.cjs", "node-redis");
}

#[test]
fn ioredis_works() {
    script("node", "ioredis.cjs", "ioredis");
}

#[test]
fn the_rust_client_works() {
    let server = Server::start(&[]);
    for protocol in ["", "?protocol=resp3"] {
        let url = format!("redis://127.0.0.1:{}/{protocol}", server.port);
        let client = redis::Client::open(url).expect("a valid address");
        let mut connection = client.get_connection().expect("the server accepts");
        let mut ask = |command: &mut redis::Cmd| -> redis::RedisResult<redis::Value> {
            command.query(&mut connection)
        };
        ask(redis::cmd("FLUSHALL").arg("SYNC")).expect("FLUSHALL");
        ask(redis::cmd("SET").arg("k").arg(41)).expect("SET");
        let next = ask(redis::cmd("INCR").arg("k")).expect("INCR");
        assert_eq!(next, redis::Value::Int(42));
        let error = ask(redis::cmd("INCRBY").arg("k").arg("x")).expect_err("not a number");
        assert!(error.to_string().contains("not an integer"), "{error}");
        let mut pipe = redis::pipe();
        (0..100).for_each(|n| {
            pipe.cmd("SET").arg(format!("p:{n}")).arg(n).ignore();
        });
        pipe.cmd("DBSIZE");
        let (size,): (u64,) = pipe.query(&mut connection).expect("a pipeline");
        assert_eq!(size, 101);
        let keys: Vec<String> = redis::cmd("SCAN")
            .cursor_arg(0)
            .arg("COUNT")
            .arg(10)
            .clone()
            .iter(&mut connection)
            .expect("SCAN")
            .map(|key| key.expect("a key"))
            .collect();
        assert_eq!(keys.len(), 101);
    }
}
