//! WAIT and WAITAOF: until replicas, or the disk, have what this connection wrote.
//!
//! There are no replicas: none ever acknowledges, so that a call that asks for some waits for its
//! whole time-out and answers with what it has.
//! Source: https://redis.io/docs/latest/commands/wait/

use crate::command::{Args, Begun, Command, Errand, Error, Progress, error, flag};
use crate::protocol::Reply;
use crate::server::Context;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[WAIT, WAITAOF];

const WAIT: Command = Command::long("WAIT numreplicas timeout", wait)
    .since("3.0.0")
    .flags(flag::BLOCKING)
    .outside_group()
    .categories(&["connection"])
    .tips(&["request_policy:all_shards", "response_policy:agg_min"])
    .about("Waits, at most `timeout` ms, until so many replicas have all that was written here.");

fn wait(context: &mut Context, args: &Args) -> Begun {
    let wanted = args.integer(1)?;
    let until_ms = until(context, args, 2)?;
    let waits = wanted > 0 && !context.is_exec;
    let patience = if waits { until_ms } else { Some(0) };
    Ok(Box::new(Acknowledgement { until_ms: patience, answer: |reply| reply.integer(0) }))
}

const WAITAOF: Command = Command::long("WAITAOF numlocal numreplicas timeout", waitaof)
    .since("7.2.0")
    .flags(flag::BLOCKING)
    .outside_group()
    .categories(&["connection"])
    .tips(&["request_policy:all_shards", "response_policy:agg_min"])
    .about("Waits, at most `timeout` ms, until what was written here is in AOFs on disk.");

fn waitaof(context: &mut Context, args: &Args) -> Begun {
    let local = args.integer_in(1, 0..=1)?;
    let replicas = args.integer_in(2, 0..=i64::MAX)?;
    let until_ms = until(context, args, 3)?;
    let log = &context.server.aof.log;
    if local > 0 && !log.is_on() {
        return Err(error::WAITAOF_WITHOUT_AOF);
    }
    let until_ms = if context.is_exec { Some(0) } else { until_ms };
    let position = log.is_on().then(|| log.appended());
    Ok(Box::new(OnDisk { position, local: local > 0, replicas: replicas > 0, until_ms }))
}

/// What was appended before the call reaches the disk.
struct OnDisk {
    /// The end of what was appended; none without an AOF.
    position: Option<u64>,
    /// Whether to wait for it.
    local: bool,
    /// Whether to wait for replicas, of which there are none.
    replicas: bool,
    until_ms: Option<u64>,
}

impl Errand for OnDisk {
    fn go_on(&mut self, context: &mut Context, reply: &mut Reply) -> Result<Progress, Error> {
        /// Under `everysec` it takes a second at the most.
        const LOOK_AGAIN_MS: u64 = 5;
        let synced = context.server.aof.log.synced();
        let is_synced = self.position.is_some_and(|position| synced >= position);
        let left_ms = self.until_ms.map_or(u64::MAX, |ms| ms.saturating_sub(context.now_ms));
        if left_ms > 0 && (self.replicas || self.local && !is_synced) {
            return Ok(Progress::After { ms: left_ms.min(LOOK_AGAIN_MS) });
        }
        reply.array(2);
        reply.integer(is_synced.into());
        reply.integer(0);
        Ok(Progress::Done)
    }
}

/// When the time-out at `at` ends; `None` for 0, which means never.
fn until(context: &Context, args: &Args, at: usize) -> Result<Option<u64>, Error> {
    let timeout_ms = args.integer(at).map_err(|_| error::TIMEOUT_NOT_AN_INTEGER)?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| error::TIMEOUT_NEGATIVE)?;
    let until_ms = context.now_ms + timeout_ms;
    if until_ms > i64::MAX as u64 {
        return Err(error::TIMEOUT_OUT_OF_RANGE);
    }
    Ok(Some(until_ms).filter(|_| timeout_ms > 0))
}

/// An acknowledgement that does not come.
struct Acknowledgement {
    /// When to stop waiting; `None` for never.
    until_ms: Option<u64>,
    answer: fn(&mut Reply),
}

impl Errand for Acknowledgement {
    fn go_on(&mut self, context: &mut Context, reply: &mut Reply) -> Result<Progress, Error> {
        let left_ms = self.until_ms.map_or(u64::MAX, |ms| ms.saturating_sub(context.now_ms));
        if left_ms > 0 {
            return Ok(Progress::After { ms: left_ms });
        }
        (self.answer)(reply);
        Ok(Progress::Done)
    }
}
