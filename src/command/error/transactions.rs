//! Error texts of MULTI, EXEC, DISCARD, WATCH and UNWATCH.

use super::{Error, errors};

errors! {
    /// MULTI inside MULTI.
    NESTED_MULTI = "ERR MULTI calls can not be nested";
    /// WATCH inside MULTI.
    WATCH_INSIDE_MULTI = "ERR WATCH inside MULTI is not allowed";
    /// EXEC without MULTI.
    EXEC_WITHOUT_MULTI = "ERR EXEC without MULTI";
    /// DISCARD without MULTI.
    DISCARD_WITHOUT_MULTI = "ERR DISCARD without MULTI";
    /// A queued command was refused.
    EXEC_ABORTED = "EXECABORT Transaction discarded because of previous errors.";
    /// A command that cannot wait for EXEC.
    NOT_IN_TRANSACTION = "ERR Command not allowed inside a transaction";
}

impl Error {
    /// EXEC was refused, for this reason.
    pub fn exec_aborted(reason: &str) -> Self {
        let reason = reason.strip_prefix("ERR ").unwrap_or(reason);
        Self::new(format!("EXECABORT Transaction discarded because of: {reason}"))
    }
}
