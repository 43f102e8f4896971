//! The gates: what a command has to pass before it runs, in Redis's order.
//!
//! known command → arity → authentication → permission → memory → disk → loading. A refusal is an
//! error reply; the connection goes on.

use crate::command::{Entry, Error, Handler, error, flag};
use crate::server::{Context, PauseKind};
use std::sync::atomic::Ordering;

/// Whether the command may run now.
#[inline]
pub fn check(context: &Context<'_>, entry: &Entry) -> Result<(), Error> {
    if !context.session.is_authenticated && !entry.has(flag::NO_AUTH) && needs_password(context) {
        return Err(error::NO_AUTH);
    }
    if entry.has(flag::PROTECTED) && !is_permitted(context) {
        return Err(Error::protected("DEBUG", "enable-debug-command"));
    }
    if entry.has(flag::DENYOOM) && context.server.is_out_of_memory.load(Ordering::Relaxed) {
        return Err(error::OUT_OF_MEMORY);
    }
    let server = context.server;
    if server.aof.log.is_failing() || server.saving.has_failed.load(Ordering::Relaxed) {
        check_disk(context, entry)?;
    }
    if server.loading.is_on() && !entry.has(flag::LOADING) {
        return Err(error::LOADING);
    }
    Ok(())
}

/// What cannot be brought to the disk is not to be written. PING says so, too, for those who look
/// after the server.
#[cold]
fn check_disk(context: &Context<'_>, entry: &Entry) -> Result<(), Error> {
    let writes = entry.has(flag::WRITE) || writes_queued(context, entry);
    if !writes && entry.name != "ping" {
        return Ok(());
    }
    if context.server.distrusts_disk() {
        return Err(error::persistence::SAVING_FAILED);
    }
    match context.server.aof.log.failure() {
        Some(why) => Err(Error::aof_fails(&why)),
        None => Ok(()),
    }
}

/// A password that was taken back after the client came is asked for no longer.
#[cold]
fn needs_password(context: &Context<'_>) -> bool {
    !context.server.config.load().security.requirepass.is_empty()
}

/// Whether this client may use DEBUG.
#[cold]
fn is_permitted(context: &Context<'_>) -> bool {
    context.server.permits_debug(&context.session.client)
}

/// How long (ms) the command has to wait for CLIENT PAUSE to end; `None` when it may run.
#[inline]
pub fn waits(context: &Context<'_>, entry: Option<&Entry>) -> Option<u64> {
    let kind = context.server.pause.at(context.now_ms)?;
    let entry = entry?;
    // As with Redis, a pause of all commands holds CLIENT UNPAUSE back, too: it ends by itself.
    let waits = match kind {
        PauseKind::All => true,
        PauseKind::Write => entry.has(flag::WRITE) || writes_queued(context, entry),
    };
    waits.then(|| context.server.pause.left_ms(context.now_ms))
}

/// EXEC of a transaction that writes.
fn writes_queued(context: &Context<'_>, entry: &Entry) -> bool {
    let transaction = context.session.transaction.as_ref();
    matches!(entry.command.handler, Handler::Exec) && transaction.is_some_and(|own| own.writes)
}
