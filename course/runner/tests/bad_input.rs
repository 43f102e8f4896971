//! Whatever a learner's program or folder is like: one clear message on what happened and what to
//! do, an exit code that tells red from untried, and nothing of his is changed.

mod common;

use common::{Place, bad_server};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// For programs that are silent: the runner gives them up soon.
const IMPATIENT: f64 = 0.2;

#[test]
fn a_program_that_does_not_build_shows_its_first_error() {
    let script = "for i in 1 2 3 4 5 6 7 8 9; do echo warning: unused $i; done\n\
                  echo 'error: expected `;` in main.rs:7' >&2; seq 1 20; exit 101";
    let place = Place::with_program("build", script);
    let parts = ["exit code 101", "did not build", "| error: expected `;` in main.rs:7"];
    let text = place.expect(&["test"], 1, &parts);
    assert!(text.contains("has to run first") && !text.contains("red is right"), "{text}");
}

#[test]
fn a_program_that_ends_is_told_with_its_last_words() {
    let place = Place::with_program("ends", "exec sh -c 'echo I had enough; exit 3'");
    place.expect(&["test"], 1, &["ended with exit code 3", "| I had enough"]);
}

#[test]
fn a_program_that_ends_when_it_is_asked_something_is_told_with_its_panic() {
    let place = Place::with_server("panic", "panic");
    let parts = ["Your program ended with exit code 101", "panicked at src/main.rs:7"];
    place.expect(&["test", "--stage", "base/2"], 1, &parts);
}

#[test]
fn the_panic_of_a_thread_is_told_with_what_came_before_it() {
    let place = Place::with_server("thread", "thread");
    let parts = ["your program printed", "| got something", "panicked at", "no such index"];
    let text = place.expect(&["test", "--stage", "base/2"], 1, &parts);
    assert!(text.contains("the connection was closed"), "{text}");
}

#[test]
fn one_case_alone_proves_nothing_about_its_stage() {
    let place = Place::with_server("alone", "pong");
    let text = place.expect(&["test", "--case", "1"], 0, &["case 1 is green", "not played as a"]);
    assert!(!text.contains("proved") && !text.contains("make next"), "{text}");
    place.expect(&["status"], 0, &["(0 of "]);
    for words in [&["test", "--case", "99"][..], &["test", "--case", "99", "--format", "json"]] {
        place.expect(words, 2, &["there is no case 99: base-01-bind has cases 1 to 3"]);
    }
    place.expect(&["test", "--stage", "base", "--case", "1"], 2, &["CASE=1 is a case of one"]);
    place.expect(&["next", "--case", "1"], 2, &["CASE=n goes with `test`"]);
    let red = ["test", "--stage", "base/6", "--case", "2", "--format", "json"];
    let said = place.run(&red);
    assert!(said.code == 1 && said.text.lines().count() == 1, "{}", said.text);
    let program = ["test", "--program", bad_server(), "--stage", "base/2", "--case", "99"];
    place.expect(&program, 2, &["there is no case 99"]);
}

#[test]
fn the_program_beside_me_is_not_yours() {
    let place = Place::with_server("beside", "pong");
    let own = place.me().join("your_program.sh");
    fs::copy(own, place.root.join("your_program.sh")).unwrap();
    let words = ["test", "--program", "./your_program.sh", "--stage", "base/1"];
    place.expect(&words, 0, &["This plays Redstart itself", "Yours is me/your_program.sh"]);
    let words = ["test", "--program", "me/your_program.sh", "--stage", "base/1"];
    assert!(!place.expect(&words, 0, &[]).contains("Redstart itself"));
}

#[test]
fn words_that_are_not_understood_take_one_line() {
    let place = Place::with_server("words", "pong");
    for (name, value) in [("format", "xml"), ("seed", "abc"), ("case", "x")] {
        let typed = format!("{}={value}: ", name.to_uppercase());
        let text = place.expect(&["test", &format!("--{name}"), value], 2, &[&typed]);
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn a_missing_tool_is_no_red() {
    let script = "command -v nonesuch || { echo 'nonesuch is not installed' >&2; exit 127; }";
    let place = Place::with_program("tool", script);
    place.expect(&["test"], 2, &["could not be run", "nonesuch is not installed"]);
}

#[test]
fn a_language_that_is_not_installed_makes_nothing() {
    let place = Place::new("language");
    let output = Command::new(env!("CARGO_BIN_EXE_redstart-course"))
        .args(["start", "--lang", "go"])
        .current_dir(&place.root)
        .env("PATH", &place.root)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("needs `go`") && text.contains("https://go.dev/dl"), "{text}");
    assert!(!place.me().exists());
}

#[test]
fn a_program_that_may_not_be_run_or_has_no_first_line() {
    let place = Place::with_program("mode", "exit 0");
    let path = place.me().join("your_program.sh");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    place.expect(&["test"], 2, &["chmod +x me/your_program.sh"]);
    fs::write(&path, "exit 0\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    place.expect(&["test"], 2, &["first line is #!/bin/sh"]);
    fs::write(&path, "#!/bin/sh\r\nexit 0\r\n").unwrap();
    place.expect(&["test"], 2, &["a line that ends in \\r\\n"]);
    fs::remove_file(&path).unwrap();
    place.expect(&["test"], 2, &["me/your_program.sh is missing", "course/starters"]);
}

#[test]
fn a_program_that_listens_elsewhere_is_told_where() {
    let place = Place::with_server("elsewhere", "elsewhere");
    place.expect(&["test"], 1, &["it listens on port", "(--port"]);
}

#[test]
fn a_program_that_never_listens_is_given_up() {
    let mut place = Place::with_program("idle", "exec sleep 600");
    place.patience = IMPATIENT;
    place.expect(&["test"], 1, &["it runs, but after", "does not listen on port"]);
}

#[test]
fn a_port_that_is_taken_is_not_the_one_that_was_given() {
    let place = Place::with_server("taken", "taken");
    place.expect(&["test"], 1, &["Address already in use", "The port behind --port was free"]);
}

#[test]
fn garbage_floods_and_silence_are_red_and_soon_told() {
    let stage = ["test", "--stage", "base/2"];
    let place = Place::with_server("garbage", "garbage");
    place.expect(&stage, 1, &["no reply, but these bytes", "Byte 1"]);
    let mut place = Place::with_server("flood", "flood");
    place.patience = IMPATIENT;
    place.expect(&stage, 1, &["✗ base-02-ping"]);
    let mut place = Place::with_server("hang", "hang");
    place.patience = IMPATIENT;
    place.expect(&stage, 1, &["nothing in 400 ms"]);
}

#[test]
fn a_stage_misspelt_is_answered_with_the_nearest() {
    let place = Place::with_server("name", "pong");
    place.expect(&["test", "--stage", "lits/5"], 2, &["did you mean lists/5"]);
    place.expect(&["test", "--stage", "base/77"], 2, &["base/1 to base/14"]);
    place.expect(&["next", "--stage", "frame"], 2, &["did you mean frames"]);
    let program = bad_server();
    let named = ["test", "--program", program, "--stage", "base/77"];
    place.expect(&named, 2, &["base/1 to base/14"]);
}

#[test]
fn without_me_and_with_a_strange_one() {
    let place = Place::new("strange");
    place.expect(&["test"], 2, &["make start LANG="]);
    place.program("exit 0");
    place.expect(&["test"], 2, &["make start", "changes none of your files"]);
    fs::create_dir_all(place.me().join(".redstart")).unwrap();
    let path = place.me().join(".redstart/progress");
    for (text, part) in [("redstart progress 9\nx\n", "git pull"), ("{}", "not a file of the")] {
        fs::write(&path, text).unwrap();
        place.expect(&["test"], 2, &[part, "nothing was changed"]);
        place.expect(&["start"], 2, &[part]);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_stage_of_an_older_version_has_a_successor() {
    let place = Place::with_server("older", "pong");
    let path = place.me().join(".redstart/progress");
    let text = fs::read_to_string(&path).unwrap();
    let older = text.replace("base-01-bind", "base-02-hello") + "mood good\n";
    fs::write(&path, older).unwrap();
    place.expect(&["status"], 0, &["base-02-hello, has another name", "base-02-ping"]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("current base-02-ping") && text.contains("mood good"), "{text}");
}

#[test]
fn start_never_writes_over_anything() {
    let place = Place::with_server("over", "pong");
    let program = fs::read_to_string(place.me().join("your_program.sh")).unwrap();
    place.expect(&["start", "--lang", "python"], 2, &["is there already", "mv me me.old"]);
    place.expect(&["start", "--from", "/tmp"], 2, &["is there already"]);
    assert_eq!(fs::read_to_string(place.me().join("your_program.sh")).unwrap(), program);
    let fresh = Place::new("fresh");
    fresh.expect(&["start", "--lang", "pyton"], 2, &["Did you mean LANG=python?"]);
    fresh.expect(&["start", "--from", "nowhere"], 2, &["FROM=nowhere"]);
    fresh.expect(&["start", "--from", "tests"], 2, &["your_program.sh is missing"]);
    assert!(!fresh.me().exists());
}

#[test]
fn a_repository_that_is_there_is_taken_and_its_path_gone() {
    let place = Place::with_server("own", "pong");
    fs::remove_dir_all(place.me().join(".redstart")).unwrap();
    let own = place.root.join("own");
    fs::rename(place.me(), &own).unwrap();
    place.expect(&["start", "--from", "own"], 0, &["me/ is a link to", "stage 1 of"]);
    // Every stage that PONG alone is enough for is green at once.
    let text = place.expect(&["next"], 0, &["Your program did that already", "red is right"]);
    assert!(text.contains("✓ base-01-bind") && text.contains("✓ base-02-ping"), "{text}");
    assert!(own.join(".redstart/progress").is_file());
}

#[test]
fn json_is_all_that_json_prints() {
    let place = Place::with_server("json", "pong");
    let said = place.run(&["test", "--format", "json"]);
    assert_eq!(said.code, 0, "{}", said.text);
    let is_object = |line: &str| line.starts_with("{\"stage\":\"base-01-bind\",\"case\":");
    assert_eq!(said.text.lines().filter(|line| is_object(line)).count(), 3, "{}", said.text);
    assert_eq!(said.text.lines().count(), 3);
    let red = place.run(&["test", "--stage", "base/6", "--format", "json"]);
    assert_eq!(red.code, 1);
    assert!(red.text.contains("\"result\":\"red\""), "{}", red.text);
}

#[test]
fn a_stage_that_breaks_later_is_told() {
    let place = Place::with_server("broke", "pong");
    place.expect(&["test"], 0, &["green after"]);
    let path = place.me().join(".redstart/progress");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}green base-06-echo 1\n")).unwrap();
    let help = "make read STAGE=base/6 · make hint STAGE=base/6";
    let parts = ["you broke it: it was green before", "It alone: make test STAGE=base/6", help];
    place.expect(&["test"], 1, &parts);
    let text = place.expect(&["next"], 1, &["Not yet: base/6 was green, and is red now."]);
    assert!(text.contains("make next STAGE=base/2"), "{text}");
    place.expect(&["status"], 0, &["base/6 was green, and is red now"]);
    // Red again, or green: what was seen last counts.
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("broken base-06-echo"), "{text}");
    fs::write(&path, text.replace("base-06-echo", "base-02-ping")).unwrap();
    place.expect(&["next"], 0, &["✓ base-02-ping", "base · stage 3 of 14: One connection, many"]);
}
