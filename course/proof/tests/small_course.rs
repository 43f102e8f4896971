//! A course of two stages, made in a temporary directory: it is proved, and everything that can be
//! wrong with it is found.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use redstart_proof::checkpoint;
use redstart_proof::course::{Choice, Course};
use redstart_proof::play::Manner;
use redstart_proof::whole::{self, Wish};
use std::fs;
use std::path::{Path, PathBuf};

const TRACKS: &str = "[[track]]\nid = \"small\"\n\n[[stage]]\nid = \"small-01-ping\"\n\
                      track = \"small\"\nminutes = 1\n\n[[stage]]\nid = \"small-02-unknown\"\n\
                      track = \"small\"\nminutes = 1\n";

const STARTER: &str = r#"//! Accepts, and says nothing.

use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip_while(|word| word != "--port").skip(1);
    let port = words.next().and_then(|word| word.parse().ok()).unwrap_or(6379);
    for client in TcpListener::bind(("127.0.0.1", port))?.incoming() {
        let client = client?;
        std::thread::spawn(move || serve(client));
    }
    Ok(())
}

fn serve(_client: TcpStream) {}
"#;

const PING: &str = r#"```rust src/main.rs
use std::io::{Read, Write};

fn serve(mut client: TcpStream) {
    let mut buffer = [0; 512];
    while let Ok(count) = client.read(&mut buffer) {
        if count == 0 || client.write_all(answer(&buffer[..count])).is_err() {
            return;
        }
    }
}

fn answer(_request: &[u8]) -> &'static [u8] {
    b"+PONG\r\n"
}
```"#;

const UNKNOWN: &str = r#"```rust src/main.rs
fn answer(request: &[u8]) -> &'static [u8] {
    let is_ping = request.windows(4).any(|word| word == b"PING");
    if is_ping { b"+PONG\r\n" } else { b"-ERR unknown\r\n" }
}
```"#;

/// A directory that goes when the test ends.
struct Place {
    root: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Place {
    fn make(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("redstart-{name}-{}", std::process::id()));
        let place = Place { root };
        place.write("course/tracks.toml", TRACKS);
        place.write("course/runner/src/lib.rs", "");
        place.write("course/starters/rust/src/main.rs", STARTER);
        let manifest = "[package]\nname = \"small\"\nedition = \"2024\"\n\n[workspace]\n";
        place.write("course/starters/rust/Cargo.toml", manifest);
        place.write("rustfmt.toml", "max_width = 100\nuse_small_heuristics = \"Max\"\n");
        place.write(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"small\"\nversion = \"0.0.0\"\n",
        );
        let wrong = [("+PONG", "+PING"), ("+PONG", "-PONG"), (r"\r\n", r"\n")];
        place.stage("small-01-ping", PING, "case a\nA> PING\nA< PONG\n", wrong);
        let wrong = [("ERR unknown", "ERR no"), ("-ERR", "+ERR"), ("-ERR unknown", "$-1")];
        place.stage("small-02-unknown", UNKNOWN, "case b\nA> NO\nA< (error) ERR unknown\n", wrong);
        place
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn stage(&self, id: &str, code: &str, cases: &str, wrong: [(&str, &str); 3]) {
        let mut chapter = "# 1. A\n".to_owned();
        for section in ["What you will have", "The idea", "On the wire", "Predict"] {
            chapter.push_str(&format!("## {section}\n{}", "A line.\n".repeat(25)));
        }
        chapter.push_str(&format!("## The code\n{code}\n\n## Run it\n"));
        chapter.push_str("```redis\nA> PING\nA< PONG\n```\n## In the real server\n");
        chapter.push_str("`course/runner/src/lib.rs`\n## Three questions\n## Going further\n");
        self.write(&format!("course/stages/{id}/chapter.md"), &chapter);
        self.write(&format!("course/stages/{id}/brief.md"), "Do it.\n");
        self.write(&format!("course/stages/{id}/hints.md"), "## 1\nWhat?\n## 2\nThis.\n");
        let mut mutants = String::new();
        for (index, (find, replace)) in wrong.iter().enumerate() {
            mutants.push_str(&format!(
                "[[mutant]]\nname = \"wrong-{index}\"\ncause = \"{index}.\"\n\
                 file = \"src/main.rs\"\nfind = '{find}'\nreplace = '{replace}'\ncase = 1\n"
            ));
        }
        self.write(&format!("course/stages/{id}/mutants.toml"), &mutants);
        self.write(&format!("tests/stages/{id}.redis"), &format!("stage {id}\ntitle T\n{cases}"));
    }

    fn course(&self) -> Course {
        Course::open(&self.root, &Choice::default()).unwrap()
    }

    fn prove(&self, bless: bool) -> Vec<String> {
        let manner = Manner { patience: 4.0, seed: 41 };
        whole::prove(&self.course(), &[0, 1], Wish { manner, bless, jobs: 1 }).unwrap()
    }

    /// Proves after one text of a file was replaced, and puts it back.
    fn broken(&self, path: &str, from: &str, to: &str) -> Vec<String> {
        let file = self.root.join(path);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{path} has no {from}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
        let faults = self.prove(false);
        fs::write(&file, text).unwrap();
        faults
    }
}

fn has(faults: &[String], part: &str) {
    assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
}

#[test]
fn a_course_is_proved_and_what_is_wrong_with_it_is_found() {
    let place = Place::make("small-course");
    has(&place.prove(false), "not recorded yet");
    assert_eq!(place.prove(true), [] as [&str; 0]);
    assert_eq!(place.prove(false), [] as [&str; 0]);

    let folder = "course/stages/small-02-unknown";
    let first = "course/stages/small-01-ping/chapter.md";
    let (chapter, mutants) = (format!("{folder}/chapter.md"), format!("{folder}/mutants.toml"));
    let transcript = "tests/stages/small-02-unknown.redis";
    for (path, from, to, part) in [
        (&*chapter, "-ERR unknown", "-ERR unknowm", "should be green: case 1"),
        (&chapter, "A< PONG", "A< \"PONG\"", "case 1 of chapter"),
        (&chapter, "fn answer", "fn unused() {}\n\nfn answer", "there are warnings"),
        (&chapter, "    if is", "  if is", "not as rustfmt writes it"),
        (&chapter, "unknown\\r\\n\" }", "unknown\\r\\n\"", "chapter.md:"),
        (&chapter, "b\"+PONG", "b'+' + b\"PONG", "it is not built"),
        (&chapter, "src/lib.rs`", "src/lib.rs#Nothing`", "no item called Nothing"),
        (&chapter, "## Predict\n", "", "`## Predict` is missing"),
        (&mutants, "ERR no", "ERR none", "is recorded as `+2 (error) ERR no`"),
        (&mutants, "case = 1", "case = 2", "should be the first red one"),
        (&mutants, "ERR no", "ERR unknown' #", "changes nothing"),
        (&mutants, "cause = \"1.\"", "cause = \"One.\"", "its cause changed"),
        (&mutants, "find = '-ERR'", "find = 'n'", "and has to be there once"),
        (&mutants, "find = '-ERR'", "find = '\"-ERR'", "wrong-1 is not built"),
        (&mutants, "find = '-ERR'", "find = 'PONG'", "it should pass the stage before"),
        (first, PING, UNKNOWN, "there are warnings"),
        (transcript, "A< (error) ERR unknown", "A< (error) *", "no case is red"),
        (transcript, "case b", "case a\nA> PING\nA< PONG\ncase b", "is red for no mutant"),
        (transcript, "A> NO\nA< (error) ERR unknown", "A> PING\nA< PONG", "before: no case"),
    ] {
        has(&place.broken(path, from, to), part);
    }
    assert_eq!(place.prove(false), [] as [&str; 0]);

    // What fits what was recorded is not recorded anew: it may be chance.
    let answers = place.root.join(folder).join("answers.txt");
    let text = fs::read_to_string(&answers).unwrap().replace("ERR no", "ERR {*}");
    fs::write(&answers, &text).unwrap();
    for bless in [false, true] {
        assert_eq!(place.prove(bless), [] as [&str; 0]);
        assert_eq!(fs::read_to_string(&answers).unwrap(), text);
    }
}

#[test]
fn a_checkpoint_that_was_edited_is_not_written_over() {
    let place = Place::make("small-checkpoint");
    let course = place.course();
    let folder = checkpoint::make(&course, 1).unwrap();
    let read = |path: &Path| fs::read_to_string(path.join("src/main.rs")).unwrap();
    assert!(read(&folder).contains("ERR unknown"));
    checkpoint::make(&course, 1).unwrap();
    let edited = read(&folder).replace("ERR unknown", "ERR edited");
    fs::write(folder.join("src/main.rs"), &edited).unwrap();
    let refused = checkpoint::make(&course, 1).unwrap_err().to_string();
    assert!(refused.contains("make pull"), "{refused}");
    assert_eq!(read(&folder), edited);
    assert_eq!(redstart_proof::pull::pull(&course, 1).unwrap(), ["src/main.rs"]);
    let chapter = place.root.join("course/stages/small-02-unknown/chapter.md");
    assert!(fs::read_to_string(chapter).unwrap().contains("ERR edited"));
    checkpoint::make(&course, 0).unwrap();
    checkpoint::make(&course, 1).unwrap();
}
