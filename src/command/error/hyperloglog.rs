//! Error texts of commands on HyperLogLogs.

use super::{Error, errors, text};

errors! {
    /// A string that is no HyperLogLog.
    NOT_A_SKETCH = "WRONGTYPE Key is not a valid HyperLogLog string value.";
    /// A HyperLogLog whose registers do not add up.
    CORRUPTED = "INVALIDOBJ Corrupted HLL object detected";
    /// PFDEBUG of a key that is not there.
    NO_KEY = "ERR The specified key does not exist";
    /// PFDEBUG DECODE of a dense HyperLogLog.
    NOT_SPARSE = "ERR HLL encoding is not sparse";
    /// PFDEBUG SIMD with something else than ON and OFF.
    ON_OR_OFF = "ERR Argument must be ON or OFF";
}

impl Error {
    /// PFDEBUG with a subcommand that there is not.
    pub fn unknown_pfdebug(name: &[u8]) -> Self {
        Self::new(format!("ERR Unknown PFDEBUG subcommand '{}'", text(name)))
    }

    /// PFSELFTEST found that something is wrong.
    pub fn selftest_failed(what: &str) -> Self {
        Self::new(format!("ERR TESTFAILED {what}"))
    }
}
