//! A server that dies where it is told to, and whose power can be cut.

use crate::support::{Connection, PATIENCE, Server, program};
use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The server, and what tells it where to die.
pub struct Bench {
    /// The server.
    pub server: Server,
    /// Starts it with its failpoints.
    program: PathBuf,
    tools: tempfile::TempDir,
}

impl Bench {
    /// Starts a server with these flags.
    pub fn start(flags: &[&str]) -> Self {
        let tools = tempfile::tempdir().expect("a directory");
        let program = tools.path().join("redstart");
        let points = tools.path().join("points");
        let (points, path) = (points.display(), env!("CARGO_BIN_EXE_redstart"));
        // A file that may not grow is an error then, and no signal.
        let ignore = "trap '' XFSZ";
        let script =
            format!("#!/bin/sh\n{ignore}\nREDSTART_FAILPOINTS={points} exec {path} \"$@\"\n");
        fs::write(&program, script).expect("a script");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        Bench { server: Server::start_program(&program, flags), program, tools }
    }

    /// Kills the server, however it is, and starts it again with no failpoint set.
    pub fn start_again(&mut self, flags: &[&str]) {
        self.ask_for("");
        self.server.start_as(&self.program, flags);
    }

    /// Starts the server, which is to die at this step; whether it did before it answered.
    pub fn dies_at_start(&mut self, step: &str, flags: &[&str]) -> bool {
        self.ask_for(&format!("{step} die"));
        self.server.try_to_start(&self.program, flags) == Err(None)
    }

    /// Sets failpoints, one a line; none with an empty text.
    pub fn ask_for(&self, lines: &str) {
        fs::write(self.tools.path().join("points"), lines).expect("failpoints");
    }

    /// Limits the length of files, in bytes, as a disk that is full would; false where the tool
    /// for it is missing.
    pub fn limit_files(&self, bytes: &str) -> bool {
        let Some(prlimit) = program("prlimit") else {
            println!("SKIPPED: there is no prlimit");
            return false;
        };
        let id = self.server.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let status = Command::new(prlimit).args(["--pid", &id, &limit]).status();
        status.expect("prlimit runs").success()
    }

    /// Waits until the server has died.
    pub fn wait_for_death(&mut self) {
        assert_eq!(self.server.wait(), None, "a signal ends it:\n{}", self.server.log());
    }

    /// Kills the server and takes from the files of its log what no sync has covered.
    pub fn cut_the_power(&mut self) {
        if self.server.is_running() {
            self.server.signal("KILL");
        }
        self.server.wait();
        let notes = fs::read_to_string(self.tools.path().join("points.synced"));
        let mut synced = HashMap::new();
        for line in notes.expect("notes").lines() {
            let (inode, length) = line.split_once(' ').expect("two numbers");
            let number = |text: &str| text.parse::<u64>().expect("a number");
            synced.insert(number(inode), number(length));
        }
        for path in files_of_log(self.server.dir.path()) {
            let file = File::options().write(true).open(&path).expect("a file of the log");
            let metadata = file.metadata().expect("its length");
            let length = synced.get(&metadata.ino()).copied().unwrap_or(0);
            // A file that nobody has written to yet may have the number of one that was removed.
            let (before, after) = (metadata.len(), length.min(metadata.len()));
            println!("power cut: {after} of {before} bytes stay of {}", path.display());
            file.set_len(after).expect("it can be cut");
        }
    }
}

/// The files that changes are appended to.
pub fn files_of_log(dir: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(dir.join("appendonlydir")).expect("the directory of the log");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.to_string_lossy().ends_with(".incr.aof")).collect()
}

/// Waits until no rewrite is under way.
pub fn wait_for_rewrite(connection: &mut Connection) {
    let began = Instant::now();
    while connection.ask("INFO persistence").contains("aof_rewrite_in_progress:1") {
        assert!(began.elapsed() < PATIENCE, "the rewrite does not end");
        std::thread::sleep(Duration::from_millis(2));
    }
}
