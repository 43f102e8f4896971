//! The learner's path, command by command: start, test, next, hint, read, map, watch, grade.

mod common;

use common::{Place, bad_server};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A place with pages for the first three stages, and a program in one of the bad server's modes.
fn with_pages(name: &str, mode: &str) -> Place {
    let place = Place::with_server(name, mode);
    for stage in ["base-01-bind", "base-02-ping", "base-03-again"] {
        let folder = place.root.join("course/stages").join(stage);
        fs::create_dir_all(&folder).expect("it can be written");
        fs::write(folder.join("brief.md"), format!("The brief of {stage}.\n"))
            .expect("it can be written");
        fs::write(folder.join("hints.md"), "## 1\nWho waits?\n\n## 2\nA loop.\n")
            .expect("it can be written");
        let chapter = "# A chapter\n\n```rust src/main.rs\nfn code() {}\n```\n";
        fs::write(folder.join("chapter.md"), chapter).expect("it can be written");
    }
    place
}

fn git(folder: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@localhost"])
        .args(words)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn a_starter_becomes_a_repository_of_its_own() {
    let place = Place::new("starter");
    // Needs no toolchain but the one that runs this test.
    place.expect(&["start", "--lang", "rust"], 0, &["a git repository", "make test", "make read"]);
    let me = place.me();
    assert_eq!(git(&me, &["rev-list", "--count", "HEAD"]), "1");
    assert_eq!(git(&me, &["branch", "--show-current"]), "master");
    assert_eq!(git(&me, &["status", "--porcelain"]), "", "progress hides itself");
    for file in ["your_program.sh", ".codecrafters/compile.sh", ".codecrafters/run.sh"] {
        let mode = fs::metadata(me.join(file)).unwrap().permissions().mode();
        assert!(mode & 0o111 != 0, "{file} may be run");
    }
    assert!(me.join("codecrafters.yml").is_file() && me.join(".gitignore").is_file());
    assert!(!place.root.join("me.new").exists());
    fs::write(place.root.join("Makefile"), "test:\n\t@echo STAGE=$(STAGE) PROGRAM=$(PROGRAM)\n")
        .unwrap();
    fs::create_dir(me.join("test")).unwrap();
    let words = ["test", "STAGE=base/2", "PROGRAM=your_program.sh"];
    let mut make = Command::new("make");
    // As typed by a person, though it is `make` that plays this test.
    make.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    let made = make.args(words).current_dir(&me).output().unwrap();
    let text = String::from_utf8_lossy(&made.stdout);
    let program = me.canonicalize().unwrap().join("your_program.sh");
    assert_eq!(text, format!("STAGE=base/2 PROGRAM={}\n", program.display()), "{made:?}");
}

#[test]
fn every_starter_is_shaped_as_a_graded_run_wants_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../starters");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let starter = entry.unwrap().path();
        let yml = fs::read_to_string(starter.join("codecrafters.yml")).unwrap();
        assert!(yml.contains("debug: false") && yml.contains("buildpack: "), "{starter:?}");
        let program = fs::read_to_string(starter.join("your_program.sh")).unwrap();
        assert!(program.contains("exec ") && program.contains("exit 127"), "{starter:?}");
        let run = fs::read_to_string(starter.join(".codecrafters/run.sh")).unwrap();
        assert!(run.contains("exec ") && run.contains("\"$@\""), "{starter:?}");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn red_green_next_and_so_on_to_the_end() {
    let place = with_pages("way", "hang");
    place.expect(&["status"], 0, &["stage 1 of 3", "(0 of 3 green)", "make test"]);
    place.expect(&["test"], 0, &["✓ base-01-bind", "green after 1 minute", "next: make next"]);
    let text = place.expect(&["next"], 0, &["The brief of base-02-ping.", "red is right"]);
    assert!(text.contains("this is what you build next"), "{text}");
    let text = place.expect(&["next"], 1, &["red, 1 minute so far", "Not yet"]);
    assert!(text.contains("make next STAGE=base/3"), "{text}");
    place.program(&format!("exec '{}' pong \"$@\"", bad_server()));
    place.expect(&["test"], 0, &["✓ base-02-ping", "1 earlier stage is green still"]);
    let end = ["✓ base-03-again", "base is done: redis-cli", "Every stage of the course is green"];
    place.expect(&["next"], 0, &end);
    place.expect(&["status"], 0, &["(3 of 3 green)", "make map"]);
    place.expect(&["map"], 0, &["me/map.html"]);
    assert!(place.me().join("map.html").is_file());
}

#[test]
fn hints_come_one_after_the_other_and_none_is_locked() {
    let place = with_pages("hints", "hang");
    place.expect(&["hint"], 0, &["hint 1 of 3", "Who waits?"]);
    place.expect(&["hint"], 0, &["hint 2 of 3", "A loop."]);
    place.expect(&["hint"], 0, &["hint 3 of 3", "--- src/main.rs", "fn code() {}"]);
    place.expect(&["hint"], 0, &["hint 3 of 3"]);
    place.expect(&["hint", "--level", "1", "--stage", "base/3"], 0, &["Who waits?"]);
    place.expect(&["hint", "--level", "4"], 2, &["there is no level 4"]);
    place.expect(&["read"], 0, &["A chapter\n=========", "    fn code() {}"]);
    place.expect(&["read", "--stage", "again"], 0, &["A chapter\n"]);
}

#[test]
fn soaking_plays_with_other_seeds_and_stops_at_red() {
    let place = with_pages("soak", "pong");
    let soak = ["test", "--stage", "base/2", "--soak", "3", "--seed", "40"];
    place.expect(&soak, 0, &["3 rounds green, from seed 40"]);
    let soak = ["test", "--stage", "base/6", "--soak", "3", "--seed", "40"];
    place.expect(&soak, 1, &["✗ base-06-echo", "round 1 of 3, seed 40"]);
}

#[test]
fn watch_plays_again_after_a_change_and_ends_at_q() {
    let place = with_pages("watch", "hang");
    place.expect(&["test"], 0, &["green"]);
    place.expect(&["next"], 0, &["red is right"]);
    let mut watch = Command::new(env!("CARGO_BIN_EXE_redstart-course"))
        .arg("watch")
        .current_dir(&place.root)
        .env("REDSTART_PATIENCE", place.patience.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = lines_of(watch.stdout.take().unwrap());
    wait_for(&lines, "✗ base-02-ping");
    wait_for(&lines, "watching me/");
    place.program(&format!("exec '{}' pong \"$@\"", bad_server()));
    wait_for(&lines, "✓ base-02-ping");
    wait_for(&lines, "watching me/");
    let mut keys = watch.stdin.take().unwrap();
    keys.write_all(b"h\n").unwrap();
    wait_for(&lines, "Who waits?");
    keys.write_all(b"n\n").unwrap();
    wait_for(&lines, "The brief of base-03-again.");
    keys.write_all(b"m\n").unwrap();
    wait_for(&lines, "as a page: me/map.html");
    keys.write_all(b"q\n").unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

fn lines_of(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn wait_for(lines: &Receiver<String>, part: &str) {
    loop {
        let line = lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| {
            panic!("{part:?} did not come");
        });
        if line.contains(part) {
            return;
        }
    }
}

#[test]
fn grade_joins_two_histories_and_changes_no_file() {
    let place = with_pages("grade", "pong");
    let me = place.me();
    place.expect(&["grade"], 2, &["make grade URL="]);
    place.expect(&["grade", "--url", "x"], 2, &["not a git repository"]);
    git(&me, &["init", "-q"]);
    git(&me, &["add", "-A"]);
    git(&me, &["commit", "-qm", "mine"]);
    let theirs = place.root.join("theirs");
    fs::create_dir_all(&theirs).unwrap();
    git(&theirs, &["init", "-q", "-b", "master"]);
    fs::write(theirs.join("codecrafters.yml"), "buildpack: c-23\n").unwrap();
    git(&theirs, &["add", "-A"]);
    git(&theirs, &["commit", "-qm", "theirs"]);
    let url = theirs.display().to_string();
    place.expect(&["grade", "--url", "/nowhere"], 2, &["could not be read", "is set"]);
    fs::write(me.join("your_program.sh"), "#!/bin/sh\n# changed\n").unwrap();
    place.expect(&["grade", "--url", &url], 2, &["not committed"]);
    git(&me, &["commit", "-qam", "more"]);
    let before = git(&me, &["rev-parse", "HEAD^{tree}"]);
    place.expect(&["grade", "--url", &url], 0, &["git -C me push codecrafters HEAD:master"]);
    assert_eq!(git(&me, &["rev-parse", "HEAD^{tree}"]), before);
    git(&me, &["merge-base", "--is-ancestor", "codecrafters/master", "HEAD"]);
    let count = git(&me, &["rev-list", "--count", "HEAD"]);
    place.expect(&["grade", "--url", &url], 0, &["is connected"]);
    assert_eq!(git(&me, &["rev-list", "--count", "HEAD"]), count, "once is enough");
}
