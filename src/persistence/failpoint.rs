//! Places at which a test has the server die, or the disk fail: the steps of writing files.
//!
//! ```text
//! REDSTART_FAILPOINTS=FILE     lines: `step die`, `step die 2` (the second time), `step error`,
//!                              `step wait` (until the file says something else)
//! FILE.synced                  what has reached the disk, lines: `inode length`
//! ```
//! The file is read at every step, so that a test can change its mind. Only builds with debug
//! assertions look for it; in others nothing is left of all this.

use std::fs::File;
use std::io;

/// Marks a step: the files are between what is done before and after this line.
///
/// # Errors
/// One that a test has asked for.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reached(_: &str) -> io::Result<()> {
    Ok(())
}

/// Notes that so many bytes of a file have reached the disk.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn synced(_: &File, _: u64) {}

#[cfg(debug_assertions)]
pub use on::{reached, synced};

#[cfg(debug_assertions)]
mod on {
    use super::*;
    use std::collections::HashMap;
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;
    use std::sync::{LazyLock, Mutex};
    use std::time::Duration;

    static FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| std::env::var_os("REDSTART_FAILPOINTS").map(PathBuf::from));
    /// How often each step was reached.
    static TIMES: LazyLock<Mutex<HashMap<String, u64>>> = LazyLock::new(Mutex::default);

    /// Marks a step: the files are between what is done before and after this line.
    ///
    /// # Errors
    /// One that a test has asked for.
    pub fn reached(step: &str) -> io::Result<()> {
        let Some(file) = &*FILE else { return Ok(()) };
        let times = {
            let mut all = TIMES.lock().expect("nobody panics with it");
            let times = all.entry(step.to_string()).or_default();
            *times += 1;
            *times
        };
        let mut asked = std::fs::read_to_string(file).unwrap_or_default();
        while asked.lines().any(|line| line.strip_suffix(" wait") == Some(step)) {
            std::thread::sleep(Duration::from_millis(5));
            asked = std::fs::read_to_string(file).unwrap_or_default();
        }
        for line in asked.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let is_time = |words: &[&str]| words.is_empty() || words == [times.to_string()];
            match &words[..] {
                [name, "die", time @ ..] if *name == step && is_time(time) => die(),
                [name, "error", time @ ..] if *name == step && is_time(time) => {
                    return Err(io::Error::other("a test asks for this error"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Ends as `kill -9` ends a process.
    fn die() -> ! {
        use rustix::process::{Signal, getpid, kill_process};
        // Nothing could be done about a failure but what follows anyway.
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort()
    }

    /// Notes that so many bytes of a file have reached the disk.
    pub fn synced(file: &File, length: u64) {
        let Some(place) = &*FILE else { return };
        let inode = file.metadata().map_or(0, |metadata| metadata.ino());
        let notes = place.with_extension("synced");
        let notes = File::options().create(true).append(true).open(notes);
        let noted =
            notes.and_then(|mut notes| notes.write_all(format!("{inode} {length}\n").as_bytes()));
        noted.expect("a test that asks for notes can be written to");
    }
}
