//! The server as a process: flags and files, start-up errors, sockets, signals, SHUTDOWN, the log.

mod support;

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};
use support::{Server, free_port};

fn run(args: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_redstart");
    Command::new(program).args(args).stdin(Stdio::null()).output().expect("the program starts")
}

fn failure(args: &[&str]) -> String {
    let output = run(args);
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&both).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?} must end the start:\n{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_port_that_is_taken_is_said_in_one_line() {
    let server = Server::start(&[]);
    let text = failure(&["--port", &server.port.to_string()]);
    let port = server.port.to_string();
    let line = text.lines().find(|line| line.contains("Address already in use"));
    assert!(line.is_some_and(|line| line.contains(&port)), "{text}");
}

#[test]
fn unknown_and_bad_options_end_the_start_with_what_and_where() {
    let text = failure(&["--no-such-option", "1"]);
    assert!(text.contains("no-such-option"), "{text}");
    let text = failure(&["--port", "abc"]);
    assert!(text.contains("port") && text.contains("abc"), "{text}");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("redis.conf");
    std::fs::write(&file, "# a comment\nmaxclients 100\n\nmaxmemory lots\n").expect("a file");
    let text = failure(&[file.to_str().expect("a path")]);
    assert!(text.contains("line 4") && text.contains("maxmemory lots"), "{text}");
}

#[test]
fn a_file_and_flags_are_read_as_redis_reads_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let more = dir.path().join("more.conf");
    std::fs::write(&more, "timeout 77\n").expect("a file");
    let file = dir.path().join("redis.conf");
    let text = format!("maxclients 123\ninclude {}\nsave \"\"\nappendonly no\n", more.display());
    std::fs::write(&file, text).expect("a file");
    let port = free_port().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_redstart"))
        .arg(&file)
        .args(["--port", &port, "--maxclients", "45", "--bind", "127.0.0.1", "-::1"])
        .stdout(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut connection = None;
    for _ in 0..500 {
        connection = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).ok();
        if connection.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let mut stream = connection.expect("the server is up");
    stream.write_all(b"CONFIG GET maxclients\r\nCONFIG GET timeout\r\n").expect("it reads");
    let mut text = String::new();
    stream.shutdown(std::net::Shutdown::Write).expect("half closed");
    std::io::Read::read_to_string(&mut stream, &mut text).expect("it answers");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(text.contains("45") && text.contains("77"), "{text}");
}

#[test]
fn version_and_help_are_told() {
    let output = run(&["--version"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    assert!(run(&["--help"]).status.success());
}

#[test]
fn sigterm_and_sigint_end_the_server_with_zero() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&["--save", ""]);
        let mut connection = server.connect();
        assert_eq!(connection.ask("SET a b"), "+OK");
        server.signal(signal);
        assert_eq!(server.wait(), Some(0), "{}", server.log());
        assert!(connection.is_closed());
    }
}

#[test]
fn shutdown_ends_the_server_with_zero() {
    let mut server = Server::start(&[]);
    let mut connection = server.connect();
    connection.send(b"SHUTDOWN NOSAVE\r\n");
    assert!(connection.is_closed());
    assert_eq!(server.wait(), Some(0), "{}", server.log());
}

#[test]
fn what_is_owed_is_written_before_the_server_ends() {
    let mut server = Server::start(&[]);
    let mut connection = server.connect();
    let value = vec![b'x'; 8 * 1024 * 1024];
    connection.command(&[b"SET", b"big", &value]);
    assert_eq!(connection.line(), "+OK");
    connection.command(&[b"GET", b"big"]);
    // The reply does not fit the socket's buffers, so the server still owes most of it.
    assert_eq!(connection.line(), format!("${}", value.len()));
    server.signal("TERM");
    assert_eq!(connection.bytes(value.len()), value);
    assert_eq!(server.wait(), Some(0), "{}", server.log());
}

#[test]
fn the_unix_socket_has_the_permissions_asked_for_and_is_removed_at_the_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("redstart.sock");
    let name = path.to_str().expect("a path");
    let mut server = Server::start(&["--unixsocket", name, "--unixsocketperm", "700"]);
    let mode = std::fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let mut stream = UnixStream::connect(&path).expect("the server accepts");
    stream.write_all(b"PING\r\n").expect("it reads");
    let mut reply = [0; 7];
    std::io::Read::read_exact(&mut stream, &mut reply).expect("it answers");
    assert_eq!(&reply, b"+PONG\r\n");
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    assert!(!path.exists());
}

#[test]
fn the_log_says_version_port_workers_and_how_to_stop() {
    let server = Server::start(&["--threads", "2"]);
    let log = server.log();
    for part in ["Redstart", "PID:", "2 workers", "Ctrl-C", "Ready to accept connections"] {
        assert!(log.contains(part), "{part} is missing in:\n{log}");
    }
    assert!(log.contains(&server.port.to_string()), "{log}");
}

#[test]
fn a_log_file_is_appended_to_at_the_level_asked_for() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("redstart.log");
    let name = path.to_str().expect("a path");
    drop(Server::start(&["--logfile", name, "--loglevel", "notice"]));
    let first = std::fs::read_to_string(&path).expect("a log");
    assert!(first.contains("Ready to accept connections"), "{first}");
    drop(Server::start(&["--logfile", name, "--loglevel", "nothing"]));
    let second = std::fs::read_to_string(&path).expect("a log");
    assert_eq!(first, second);
}
