//! Commands that do not end in one turn: they wait (WAIT), or have so much to do (KEYS over
//! millions) that the other connections of their worker get their turns in between.
//!
//! The handler of such a command reads its words and gives back an [`Errand`]. The engine calls it
//! again and again until it is done; what it has to remember, it holds itself. Nothing is locked
//! between two calls.

use super::Error;
use crate::protocol::Reply;
use crate::server::Context;

/// What the handler of such a command gives back.
pub type Begun = Result<Box<dyn Errand>, Error>;

/// The rest of a command under way.
pub trait Errand {
    /// Goes on for about a millisecond at the most. The reply is written by the call that answers
    /// `Done`.
    ///
    /// # Errors
    /// The error the command answers with; it has ended then.
    fn go_on(&mut self, context: &mut Context<'_>, reply: &mut Reply) -> Result<Progress, Error>;
}

/// What an errand needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing: the reply is written.
    Done,
    /// To go on, once the others had their turn.
    Again,
    /// To be called again after this time, or earlier.
    After {
        /// Milliseconds.
        ms: u64,
    },
}
