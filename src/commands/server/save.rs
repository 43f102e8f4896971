//! SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE, SHUTDOWN: the data to the disk, and the end of the server.

use crate::command::{Args, Begun, Command, Errand, Error, Outcome, Progress, error, flag};
use crate::persistence::saving::Task;
use crate::protocol::Reply;
use crate::server::{Context, Farewell};
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[BGREWRITEAOF, BGSAVE, LASTSAVE, SAVE, SHUTDOWN];

/// Who waits for a thread looks so often.
const LOOK_MS: u64 = 1;

const BGREWRITEAOF: Command = Command::server("BGREWRITEAOF", bgrewriteaof)
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING)
    .about("Writes the append-only file anew, in the background, from the data as it is.");

fn bgrewriteaof(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let server = context.server;
    match server.saving.running() {
        Some(running) if running.task == Task::Rewrite => {
            return Err(error::persistence::ALREADY_REWRITING);
        }
        None if !context.is_exec => {}
        // Inside EXEC the keys are locked: the rewrite begins when they no longer are.
        _ => {
            server.aof.is_rewrite_scheduled.store(true, Ordering::Relaxed);
            reply.simple("Background append only file rewriting scheduled");
            return Ok(());
        }
    }
    match server.rewrite_in_background() {
        Ok(true) => reply.simple("Background append only file rewriting started"),
        Ok(false) => return Err(error::persistence::ALREADY_REWRITING),
        Err(error) => {
            tracing::warn!("Can't rewrite append only file in background: {error}");
            return Err(error::persistence::CANNOT_REWRITE);
        }
    }
    Ok(())
}

const BGSAVE: Command = Command::server("BGSAVE [SCHEDULE]", bgsave)
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING)
    .about("Saves the data in the background, as it is at this moment.");

fn bgsave(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let may_wait = match args.len() {
        1 => false,
        2 if args.is(1, "SCHEDULE") => true,
        _ => return Err(error::SYNTAX),
    };
    let saving = &context.server.saving;
    match saving.running() {
        Some(running) if running.task.is_save() => {
            return Err(error::persistence::ALREADY_SAVING);
        }
        Some(_) if !may_wait && !context.is_exec => {
            return Err(error::persistence::OTHER_TASK);
        }
        None if !context.is_exec => {}
        _ => {
            // Inside EXEC the keys are locked: the snapshot begins when they no longer are.
            saving.is_scheduled.store(true, Ordering::Relaxed);
            reply.simple("Background saving scheduled");
            return Ok(());
        }
    }
    match context.server.save_in_background(Task::Save) {
        Ok(Some(_)) => reply.simple("Background saving started"),
        Ok(None) => return Err(error::persistence::ALREADY_SAVING),
        Err(error) => {
            tracing::warn!("Can't save in background: {error}");
            return Err(error::persistence::CANNOT_SAVE);
        }
    }
    Ok(())
}

const LASTSAVE: Command = Command::server("LASTSAVE", lastsave)
    .flags(flag::LOADING | flag::STALE)
    .fast()
    .categories(&["admin", "dangerous"])
    .tips(&["nondeterministic_output"])
    .about(
        "When the data was last saved, in seconds since 1970; the start of the server at first.",
    );

fn lastsave(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.integer((context.server.saving.history().saved_ms / 1000) as i64);
    Ok(())
}

const SAVE: Command = Command::long("SAVE", save)
    .flags(flag::ADMIN | flag::NOSCRIPT | flag::NO_ASYNC_LOADING | flag::NO_MULTI)
    .costs("O(N) with N the number of keys")
    .about("Saves the data, and answers when it is on disk. Other clients are served meanwhile.");

fn save(context: &mut Context, _: &Args) -> Begun {
    if context.server.saving.is_saving() {
        return Err(error::persistence::ALREADY_SAVING);
    }
    Ok(Box::new(Save { thread: None }))
}

/// A snapshot that a client waits for.
struct Save {
    thread: Option<JoinHandle<bool>>,
}

impl Errand for Save {
    fn go_on(&mut self, context: &mut Context, reply: &mut Reply) -> Result<Progress, Error> {
        if self.thread.is_none() {
            // None while the append-only file is rewritten: its turn comes.
            let begun = context.server.save_in_background(Task::SaveNow);
            self.thread = begun.map_err(|error| {
                tracing::warn!("Can't save: {error}");
                error::persistence::CANNOT_SAVE
            })?;
        }
        let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else {
            return Ok(Progress::After { ms: LOOK_MS });
        };
        match thread.join() {
            Ok(true) => reply.ok(),
            _ => return Err(error::persistence::CANNOT_SAVE),
        }
        Ok(Progress::Done)
    }
}

const SHUTDOWN: Command = Command::long("SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]", shutdown)
    .flags(
        flag::ADMIN
            | flag::NOSCRIPT
            | flag::LOADING
            | flag::STALE
            | flag::NO_MULTI
            | flag::ALLOW_BUSY,
    )
    .costs("O(N) with N the number of keys, if they are saved")
    .about("Ends the server. Who asked sees the connection close, and no reply.");

fn shutdown(context: &mut Context, args: &Args) -> Begun {
    let given = |name: &str| (1..args.len()).any(|at| args.is(at, name));
    let known = ["NOSAVE", "SAVE", "NOW", "FORCE", "ABORT"];
    let is_known = |at: usize| known.iter().any(|name| args.is(at, name));
    let aborts = given("ABORT");
    let others = known[..4].iter().any(|name| given(name));
    let (save, nosave) = (given("SAVE"), given("NOSAVE"));
    if !(1..args.len()).all(is_known) || aborts && others || save && nosave {
        return Err(error::SYNTAX);
    }
    if aborts {
        // It waits for no replica: there is never an end under way that could be called off.
        return Err(error::NO_SHUTDOWN);
    }
    tracing::warn!("User requested shutdown...");
    let saves = (save || nosave).then_some(save);
    let begun = context.server.end(Farewell { saves, is_forced: given("FORCE") });
    let thread = begun.map_err(|error| {
        tracing::warn!("the server cannot end: {error}");
        error::SHUTTING_DOWN
    })?;
    Ok(Box::new(End { thread: Some(thread) }))
}

/// The end of the server, for the client that asked for it.
struct End {
    thread: Option<JoinHandle<bool>>,
}

impl Errand for End {
    fn go_on(&mut self, context: &mut Context, _: &mut Reply) -> Result<Progress, Error> {
        let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) else {
            return Ok(Progress::After { ms: LOOK_MS });
        };
        match thread.join() {
            Ok(true) => context.session.is_closing = true,
            _ => return Err(error::SHUTTING_DOWN),
        }
        Ok(Progress::Done)
    }
}
