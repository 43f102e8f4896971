//! Crashes: the server is killed at random moments and at every step of writing its files, the
//! power is cut, the disk refuses, files are damaged. What was promised is there afterwards, and
//! nothing that nobody sent.
//!
//! ```text
//! REDSTART_CRASHES=200            so many random kills under `always`, a quarter under `everysec`
//! ```
//! A power cut is played as the worst that may happen: of each file of the log only what a sync has
//! covered is left, as the server under test notes it for these tests (persistence/failpoint.rs).

mod support;

#[path = "crash/bench.rs"]
mod bench;
#[path = "crash/damage.rs"]
mod damage;
#[path = "crash/disk.rs"]
mod disk;
#[path = "crash/history.rs"]
mod history;
#[path = "crash/kills.rs"]
mod kills;
#[path = "crash/snapshots.rs"]
mod snapshots;
#[path = "crash/steps.rs"]
mod steps;

const ALWAYS: &[&str] = &["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
const EVERYSEC: &[&str] = &["--appendonly", "yes", "--save", ""];
