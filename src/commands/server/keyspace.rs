//! DBSIZE, FLUSHALL, FLUSHDB, SWAPDB: whole databases.
//!
//! A flush takes the tables out of their shards at one moment, which is quick whatever they hold,
//! and frees them afterwards: in the background (ASYNC, or neither word and
//! `lazyfree-lazy-user-flush yes`), or so that the reply comes only when the memory is free (SYNC).
//! Little is freed on the spot; for much, a SYNC waits for the background thread, and nobody else
//! does.

use crate::command::{Args, Begun, Command, Errand, Error, Outcome, Progress, error, flag};
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::Flushed;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[DBSIZE, FLUSHALL, FLUSHDB, SWAPDB];

/// Tables that take more than this are freed by the background thread: below it, that is a
/// millisecond's work.
const FREED_AT_ONCE_BYTES: usize = 4 * 1024 * 1024;

const DBSIZE: Command = Command::server("DBSIZE", dbsize)
    .fast()
    .flags(flag::READONLY)
    .categories(&["keyspace"])
    .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
    .about("How many keys the database holds.");

fn dbsize(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let (keys, _) = context.server.keyspace.count(context.session.db);
    reply.integer(keys as i64);
    Ok(())
}

const FLUSHALL: Command = Command::long("FLUSHALL [ASYNC | SYNC]", flushall)
    .flags(flag::WRITE)
    .categories(&["keyspace", "dangerous"])
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .costs("O(1); freeing the memory takes O(N) in the background")
    .about("Removes every key of every database.");

fn flushall(context: &mut Context, args: &Args) -> Begun {
    let server = context.server;
    let db = context.session.db;
    // At the moment itself: a BGSAVE that comes after it saves what is written then.
    let forget = || server.saving.forget_what_is_flushed();
    let begun = flush(context, args, || server.keyspace.flush_all(db, forget))?;
    // Nor is it to come back from a snapshot made before.
    if !server.config.load().persistence.save.is_empty() {
        server.saving.is_scheduled.store(true, Ordering::Relaxed);
    }
    Ok(begun)
}

const FLUSHDB: Command = Command::long("FLUSHDB [ASYNC | SYNC]", flushdb)
    .flags(flag::WRITE)
    .categories(&["keyspace", "dangerous"])
    .tips(&["request_policy:all_shards", "response_policy:all_succeeded"])
    .costs("O(1); freeing the memory takes O(N) in the background")
    .about("Removes every key of the database.");

fn flushdb(context: &mut Context, args: &Args) -> Begun {
    let (server, db) = (context.server, context.session.db);
    flush(context, args, || server.keyspace.flush_db(db))
}

fn flush(context: &mut Context, args: &Args, empty: impl FnOnce() -> Flushed) -> Begun {
    let server = context.server;
    let waits = !context.is_exec;
    let waits = match args.len() {
        1 => waits && !server.config.load().memory.lazyfree_lazy_user_flush,
        2 if args.is(1, "SYNC") => waits,
        2 if args.is(1, "ASYNC") => false,
        _ => return Err(error::SYNTAX),
    };
    let flushed = empty();
    context.stats.changes.add(flushed.keys() as u64);
    let is_free = Arc::new(AtomicBool::new(!waits));
    if flushed.memory_bytes() <= FREED_AT_ONCE_BYTES {
        drop(flushed);
        is_free.store(true, Ordering::Release);
    } else {
        let bell = Bell(is_free.clone());
        server.keyspace.garbage.free(Load { flushed, bell });
    }
    Ok(Box::new(Flush { is_free }))
}

/// What the background thread frees: the tables, then the bell, which tells that they are gone.
struct Load {
    #[allow(dead_code, reason = "held to be dropped")]
    flushed: Flushed,
    #[allow(dead_code, reason = "held to be dropped")]
    bell: Bell,
}

struct Bell(Arc<AtomicBool>);

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A flush under way: the keys are gone, the memory may not be.
struct Flush {
    /// The reply may go out.
    is_free: Arc<AtomicBool>,
}

impl Errand for Flush {
    fn go_on(&mut self, _: &mut Context, reply: &mut Reply) -> Result<Progress, Error> {
        if !self.is_free.load(Ordering::Acquire) {
            return Ok(Progress::After { ms: 1 });
        }
        reply.ok();
        Ok(Progress::Done)
    }
}

const SWAPDB: Command = Command::server("SWAPDB index1 index2", swapdb)
    .since("4.0.0")
    .fast()
    .flags(flag::WRITE)
    .categories(&["keyspace", "dangerous"])
    .about("Exchanges two databases: clients of one see the keys of the other.");

fn swapdb(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let first = number(args, 1).ok_or(error::INVALID_FIRST_DB_INDEX)?;
    let second = number(args, 2).ok_or(error::INVALID_SECOND_DB_INDEX)?;
    let keyspace = &context.server.keyspace;
    let index = |number: i32| {
        let index = usize::try_from(number).ok().filter(|index| *index < keyspace.databases());
        index.ok_or(error::DB_OUT_OF_RANGE)
    };
    let removed = keyspace.swap(index(first)?, index(second)?, context.now_ms);
    context.stats.expired.add(removed as u64);
    context.stats.changes.add(1);
    reply.ok();
    Ok(())
}

/// The word at `at` as what Redis takes for a database's number before it looks whether there is
/// one.
fn number(args: &Args, at: usize) -> Option<i32> {
    args.integer(at).ok().and_then(|number| i32::try_from(number).ok())
}
