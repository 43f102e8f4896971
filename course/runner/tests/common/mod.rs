//! A repository of its own for a test, with links to the course's files, and a way to call the
//! runner there as `make` does.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository with a course and perhaps a `me/`; gone when it is dropped.
pub struct Place {
    /// Where it lies.
    pub root: PathBuf,
    /// What limits are multiplied by: more than once, because tests run beside each other.
    pub patience: f64,
}

/// What a command printed, both streams, and its exit code.
pub struct Said {
    pub text: String,
    pub code: i32,
}

impl Place {
    pub fn new(name: &str) -> Self {
        let root =
            std::env::temp_dir().join(format!("redstart-place-{}-{name}", std::process::id()));
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let real = real.canonicalize().expect("the repository");
        fs::create_dir_all(root.join("course")).expect("it can be made");
        fs::create_dir_all(root.join("tests")).expect("it can be made");
        for part in ["course/tracks.toml", "course/starters", "tests/stages"] {
            symlink(real.join(part), root.join(part)).expect("it can be made");
        }
        Place { root, patience: 2.0 }
    }

    /// With a `me/` whose program is this script, at the first stage.
    pub fn with_program(name: &str, script: &str) -> Self {
        let place = Place::new(name);
        place.program(script);
        let said = place.run(&["start"]);
        assert_eq!(said.code, 0, "{}", said.text);
        place
    }

    /// The same with the bad server in one of its modes.
    pub fn with_server(name: &str, mode: &str) -> Self {
        Self::with_program(name, &format!("exec '{}' {mode} \"$@\"", bad_server()))
    }

    pub fn me(&self) -> PathBuf {
        self.root.join("me")
    }

    pub fn program(&self, script: &str) {
        fs::create_dir_all(self.me()).expect("it can be made");
        let path = self.me().join("your_program.sh");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it can be made");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be made");
    }

    pub fn run(&self, words: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_redstart-course"))
            .args(words)
            .current_dir(&self.root)
            .env("REDSTART_PATIENCE", self.patience.to_string())
            .output()
            .expect("the runner runs");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).expect("text");
        assert!(!text.contains("RUST_BACKTRACE"), "a panic of the runner:\n{text}");
        Said { text, code: output.status.code().expect("no signal") }
    }

    /// `run`, and all these words are in what it says.
    pub fn expect(&self, words: &[&str], code: i32, parts: &[&str]) -> String {
        let said = self.run(words);
        assert_eq!(said.code, code, "{words:?} said:\n{}", said.text);
        for part in parts {
            assert!(said.text.contains(part), "{part:?} is not in:\n{}", said.text);
        }
        said.text
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A folder left behind in the temporary one is no reason to fail.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// The program that does one thing wrong.
pub fn bad_server() -> &'static str {
    env!("CARGO_BIN_EXE_bad-server")
}
