//! Error texts of what cannot be brought to the disk.

use super::Error;

impl Error {
    /// A write while the append-only file cannot be written.
    pub fn aof_fails(why: &str) -> Self {
        Self::new(format!("MISCONF Errors writing to the AOF file: {why}"))
    }
}
