//! RESTORE: a value that DUMP gave out, here or on another server, becomes a key again.
//!
//! The journal gets the absolute deadline. A deadline in the past makes no key, as with EXPIRE.
//! Source: https://redis.io/docs/latest/commands/restore/

use crate::command::error::dump;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::persistence::rdb::read::{PayloadFlaw, restore as read_payload};
use crate::protocol::Reply;
use crate::store::access::{self, Usage};
use crate::store::{Class, Db, Deadline};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[RESTORE];

const RESTORE: Command = Command::write(
    "RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
    restore,
)
.since("2.6.0")
.grows()
.keys(&["OW update"])
.categories(&["dangerous"])
.costs("O(N) in the bytes of the value; O(N*log(N)) in the members of a sorted set")
.about("Makes a key of what DUMP gave out, with so many milliseconds to live; 0 for ever.");

#[derive(Default)]
struct Options {
    replaces: bool,
    is_absolute: bool,
    usage: Usage,
}

impl Options {
    fn read(args: &Args) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = 4;
        while at < args.len() {
            let has_value = at + 1 < args.len();
            if args.is(at, "REPLACE") {
                options.replaces = true;
            } else if args.is(at, "ABSTTL") {
                options.is_absolute = true;
            } else if args.is(at, "IDLETIME") && has_value && options.usage.frequency.is_none() {
                at += 1;
                let idle_s = args.integer(at)?.try_into().map_err(|_| dump::INVALID_IDLE_TIME)?;
                options.usage.idle_s = Some(idle_s);
            } else if args.is(at, "FREQ") && has_value && options.usage.idle_s.is_none() {
                at += 1;
                let frequency = args.integer(at)?.try_into();
                options.usage.frequency = Some(frequency.map_err(|_| dump::INVALID_FREQUENCY)?);
            } else {
                return Err(error::SYNTAX);
            }
            at += 1;
        }
        Ok(options)
    }
}

fn restore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::read(args)?;
    let key = args.get(1);
    if !options.replaces && db.find_mut(key).is_some() {
        return Err(dump::BUSY_KEY);
    }
    let ttl_ms = u64::try_from(args.integer(2)?).map_err(|_| dump::INVALID_TTL)?;
    let since_ms = if options.is_absolute { 0 } else { db.now() };
    let deadline = (ttl_ms > 0).then(|| ttl_ms.saturating_add(since_ms));
    let (limits, room) = (db.limits(), db.packed_room(key));
    let is_over = deadline.is_some_and(|ms| ms <= db.now());
    let restored = read_payload(args.get(3), limits, room, |value| {
        if !is_over {
            let deadline = deadline.map_or(Deadline::Clear, Deadline::At);
            value.store(|value| db.put(key, value, deadline));
        }
    });
    restored.map_err(|flaw| match flaw {
        PayloadFlaw::Footer => dump::WRONG_FOOTER,
        PayloadFlaw::Value(_) => dump::BAD_DATA,
    })?;
    match is_over {
        true => remove(db, key),
        false => tell(db, args, &options, deadline),
    }
    reply.ok();
    Ok(())
}

/// Removes what was at the key, where what should take its place is over already.
fn remove(db: &mut Db, key: &[u8]) {
    if db.remove(key) {
        db.changed(Class::Generic, "del", key);
        db.replay_as(&[b"DEL", key]);
    }
}

fn tell(db: &mut Db, args: &Args, options: &Options, deadline: Option<u64>) {
    let key = args.get(1);
    let access = access::restored(options.usage, db.now(), db.counts_frequency());
    if let Some(record) = db.look(db.index(), key) {
        record.set_access(access);
    }
    db.changed(Class::Generic, "restore", key);
    let Some(ms) = deadline.filter(|_| !options.is_absolute) else { return };
    let mut text = itoa::Buffer::new();
    let mut words: Vec<&[u8]> = args.iter(0).collect();
    words[2] = text.format(ms).as_bytes();
    words.push(b"ABSTTL");
    db.replay_as(&words);
}
