//! `make try` as it is typed: with a program that answers, one that breaks, and ones that cannot be
//! started.

use std::io::Write;
use std::process::{Command, Stdio};

/// The bad server in one of its modes, as a command.
fn server(mode: &str) -> String {
    format!("{} {mode}", env!("CARGO_BIN_EXE_bad-server"))
}

/// Types these lines; what is printed, and the exit code.
fn typed(words: &[&str], lines: &str) -> (String, i32) {
    let mut runner = Command::new(env!("CARGO_BIN_EXE_redstart-course"))
        .arg("try")
        .args(words)
        .env("COLUMNS", "80")
        .env("REDSTART_PATIENCE", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the runner runs");
    runner.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("it reads");
    let output = runner.wait_with_output().expect("it ends");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
    assert!(!text.contains("RUST_BACKTRACE"), "a panic of the runner:\n{text}");
    (text, output.status.code().expect("no signal"))
}

#[test]
fn two_servers_answer_side_by_side() {
    let words = ["--program", &server("pong"), "--beside", &server("garbage")];
    let (text, code) = typed(&words, "PING\n.help\n.quit\nPING\n");
    assert_eq!(code, 0);
    assert!(text.contains("  your server                              bad-server\n"), "{text}");
    assert!(text.contains("≠ PONG"), "{text}");
    assert!(text.contains("theirs is not RESP"), "{text}");
    assert!(text.contains("kill -9"), "the help is shown:\n{text}");
    assert_eq!(text.matches("try> PING").count(), 1, "nothing is read after .quit:\n{text}");
}

#[test]
fn a_server_that_ends_is_told_with_its_last_words_and_comes_back() {
    let words = ["--program", &server("panic"), "--beside", &server("pong")];
    let (text, code) = typed(&words, "PING\nPING\n.restart\nPING\n");
    assert_eq!(code, 0);
    assert!(text.contains("ended with exit code 101"), "{text}");
    assert!(text.contains("panicked at src/main.rs:7"), "{text}");
    assert!(text.contains("(could not be sent)"), "{text}");
    assert!(text.contains("your server listens again, after SIGTERM"), "{text}");
    assert_eq!(text.matches("≠  PONG").count(), 3, "{text}");
}

#[test]
fn what_the_program_prints_is_shown_below_its_answer() {
    let program = std::env::temp_dir().join(format!("redstart-prints-{}", std::process::id()));
    let script = format!("echo early; (sleep 1; echo later) & exec {} \"$@\"", server("pong"));
    std::fs::write(&program, script).expect("it can be written");
    let words = ["--program", &format!("sh {}", program.display()), "--beside", &server("pong")];
    let (text, code) = typed(&words, "PING\nwait 1500ms\nwait 1500ms\nPING\n");
    std::fs::remove_file(&program).expect("it was written");
    assert_eq!(code, 0);
    assert!(text.contains("  printed | later\n"), "{text}");
    assert!(!text.contains("printed | early"), "what came before the prompt is not news:\n{text}");
}

#[test]
fn what_cannot_be_started_is_one_message() {
    let (text, code) = typed(&["--program", &server("taken"), "--beside", &server("pong")], "");
    assert_eq!(code, 2);
    assert!(text.starts_with("Your server did not start:"), "{text}");
    assert!(text.contains("Address already in use"), "{text}");
    let (text, code) = typed(&["--program", "/no/such/program"], "");
    assert!(code == 2 && text.contains("/no/such/program"), "{text}");
    let (text, code) = typed(&["--program", &server("pong"), "--beside", "/no/such/redis"], "");
    assert!(code == 2 && text.contains("/no/such/redis does not exist"), "{text}");
}
