//! The verbs that show something instead of testing it: `try`.

use super::request::{Request, patience};
use crate::server::Program;
use crate::try_out;

/// A prompt on the program, beside a real server.
pub fn by_hand(request: &Request) -> Result<u8, String> {
    if request.program.is_empty() {
        return Err("--program is missing".into());
    }
    let program = Program {
        command: request.program.clone(),
        flags: request.flags.clone(),
        patience: patience(),
    };
    try_out::run(&program, request.beside.as_deref())
}
