//! Error texts of scripts and functions.

use super::{Error, errors, text};

errors! {
    /// FUNCTION FLUSH with a third word.
    FLUSH_OPTION = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option";
}

impl Error {
    /// A subcommand of FUNCTION with too many words.
    pub fn wrong_function_call(name: &[u8]) -> Self {
        let name = text(&name[..name.len().min(128)]);
        Self::new(format!(
            "ERR unknown subcommand or wrong number of arguments for '{name}'. Try FUNCTION HELP."
        ))
    }
}
