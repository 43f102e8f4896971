//! Error texts of snapshots and of the append-only file.

use super::{Error, errors};

errors! {
    /// SAVE, BGSAVE: a snapshot is under way.
    ALREADY_SAVING = "ERR Background save already in progress";
    /// BGSAVE while something else walks over all keys.
    OTHER_TASK = "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE \
        SCHEDULE in order to schedule a BGSAVE whenever possible.";
    /// BGREWRITEAOF: a rewrite is under way.
    ALREADY_REWRITING = "ERR Background append only file rewriting already in progress";
    /// A rewrite did not begin; the log says why.
    CANNOT_REWRITE = "ERR Can't execute an AOF background rewriting. Please check the server logs \
        for more information.";
    /// DEBUG LOADAOF of a file that cannot be loaded.
    CANNOT_LOAD_AOF = "ERR Error trying to load the AOF files, check server logs.";
    /// A snapshot failed; the log says why.
    CANNOT_SAVE = "ERR";
    /// The last snapshot failed: what cannot be saved is not to be written.
    SAVING_FAILED = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable \
        to persist to disk. Commands that may modify the data set are disabled, because this \
        instance is configured to report errors during writes if RDB snapshotting fails \
        (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the \
        RDB error.";
    /// DEBUG RELOAD with another word.
    RELOAD_OPTIONS = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
    /// DEBUG RELOAD of a file that cannot be loaded.
    RELOAD_FAILED = "ERR Error trying to load the RDB dump, check server logs.";
    /// MIGRATE with a key and KEYS.
    KEY_AND_KEYS = "ERR When using MIGRATE KEYS option, the key argument must be set to the empty \
        string";
    /// MIGRATE of keys that clients change all the time.
    KEEPS_CHANGING = "IOERR keys were changed each time they were sent, try again";
}

impl Error {
    /// A write while the append-only file cannot be written.
    pub fn aof_fails(why: &str) -> Self {
        Self::new(format!("MISCONF Errors writing to the AOF file: {why}"))
    }
}
