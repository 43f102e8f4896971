//! Reading strings: GET, MGET, STRLEN, GETRANGE, DIGEST; and GETDEL and GETEX, which read and then
//! change the key.

use super::condition;
use super::lifetime::Lifetime;
use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline, Record, Value};
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[GET, MGET, STRLEN, GETRANGE, SUBSTR, DIGEST, GETDEL, GETEX];

const GET: Command =
    Command::read("GET key", get).fast().about("The string at `key`, or null when there is none.");

fn get(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    value::write(db.find(args.get(1)), reply)
}

const MGET: Command = Command::read("MGET key [key ...]", mget)
    .fast()
    .costs("O(N) where N is the number of keys to retrieve.")
    .tips(&["request_policy:multi_shard"])
    .about(
        "The strings at several keys; null for a key that is not there or holds something else.",
    );

fn mget(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    reply.array(args.after_name());
    for key in args.iter(1) {
        let found = db.find(key).filter(Record::is_string);
        value::write(found, reply)?;
    }
    Ok(())
}

const STRLEN: Command = Command::read("STRLEN key", strlen)
    .since("2.2.0")
    .fast()
    .keys(&["RO"])
    .about("How many bytes the string at `key` has; 0 when there is none.");

fn strlen(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let length = match db.find(args.get(1)) {
        None => 0,
        Some(record) => value::text(&record, &mut itoa::Buffer::new())?.len(),
    };
    reply.integer(length as i64);
    Ok(())
}

const GETRANGE: Command = Command::read("GETRANGE key start end", getrange)
    .since("2.4.0")
    .costs("O(N) where N is the number of bytes asked for.")
    .about("The bytes from `start` to `end`, both included; negative places count from the end.");

const SUBSTR: Command = Command::read("SUBSTR key start end", getrange)
    .costs("O(N) where N is the number of bytes asked for.")
    .replaced_by("2.0.0", "`GETRANGE`")
    .about("The older name of GETRANGE.");

/// From here on a piece of a large string is cheaper to share than to copy.
const SHARED_FROM_BYTES: usize = 16 * 1024;

fn getrange(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (start, end) = (args.integer(2)?, args.integer(3)?);
    let Some(record) = db.find(args.get(1)) else {
        reply.bulk(b"");
        return Ok(());
    };
    let mut buffer = itoa::Buffer::new();
    let text = value::text(&record, &mut buffer)?;
    let range = range(start, end, text.len());
    match record.value() {
        Value::Shared(bytes) if range.len() >= SHARED_FROM_BYTES => {
            reply.bulk_shared(&bytes.slice(range));
        }
        _ => reply.bulk(&text[range]),
    }
    Ok(())
}

/// The part of `length` bytes from `start` to `end`, both included.
fn range(start: i64, end: i64, length: usize) -> Range<usize> {
    // Before the places are cut to the string: -1 to -5 is empty, although both may lie before the
    // first byte.
    if start < 0 && end < 0 && start > end {
        return 0..0;
    }
    let length = length as i64;
    let from_start = |place: i64| if place < 0 { (length + place).max(0) } else { place };
    let (start, end) = (from_start(start), from_start(end).min(length - 1));
    if start > end {
        return 0..0;
    }
    start as usize..end as usize + 1
}

const DIGEST: Command = Command::read("DIGEST key", digest)
    .since("8.4.0")
    .fast()
    .costs("O(N) where N is the length of the string.")
    .about("The XXH3 digest of the string at `key` in hexadecimal, for IFDEQ and IFDNE.");

fn digest(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let Some(record) = db.find(args.get(1)) else {
        reply.null();
        return Ok(());
    };
    let mut buffer = itoa::Buffer::new();
    reply.bulk(&condition::digest(value::text(&record, &mut buffer)?));
    Ok(())
}

const GETDEL: Command = Command::write("GETDEL key", getdel)
    .since("6.2.0")
    .fast()
    .keys(&["RW access delete"])
    .about("The string at `key`, which is removed.");

fn getdel(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    value::write(db.find(key), reply)?;
    if db.remove(key) {
        db.changed(Class::Generic, "del", key);
        db.replay_as(&[b"DEL", key]);
    }
    Ok(())
}

const GETEX: Command = Command::write(
    "GETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
     PXAT unix-time-milliseconds | PERSIST]",
    getex,
)
.since("6.2.0")
.fast()
.keys(&["RW access update"])
.about("The string at `key`; sets or takes away its deadline, if asked.");

fn getex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let lifetime = getex_options(args)?;
    let deadline = lifetime.deadline(args, db.now(), "getex")?;
    let key = args.get(1);
    let found = db.find(key);
    let had_deadline = found.as_ref().and_then(Record::deadline).is_some();
    let is_missing = found.is_none();
    value::write(found, reply)?;
    match deadline {
        _ if is_missing => {}
        Deadline::At(ms) => expire_at(db, key, ms),
        Deadline::Clear if lifetime == Lifetime::Persist && had_deadline => {
            db.set_deadline(key, None);
            db.changed(Class::Generic, "persist", key);
            db.replay_as(&[b"PERSIST", key]);
        }
        Deadline::Clear | Deadline::Keep => {}
    }
    Ok(())
}

fn getex_options(args: &Args) -> Result<Lifetime, Error> {
    let mut lifetime = Lifetime::default();
    let mut at = 2;
    while at < args.len() {
        let taken = lifetime.take_time(args, at).or_else(|| lifetime.take_persist(args, at));
        at += taken.ok_or(error::SYNTAX)?;
    }
    Ok(lifetime)
}

/// Gives a key that is there its deadline; one that has passed removes it.
fn expire_at(db: &mut Db, key: &[u8], ms: u64) {
    if ms <= db.now() {
        db.remove(key);
        db.changed(Class::Generic, "del", key);
        db.replay_as(&[b"DEL", key]);
        return;
    }
    db.set_deadline(key, Some(ms));
    db.changed(Class::Generic, "expire", key);
    db.replay_as(&[b"PEXPIREAT", key, itoa::Buffer::new().format(ms).as_bytes()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_string() {
        let cases = [
            ((0, -1), 0..5),
            ((-3, 100), 2..5),
            ((3, 1), 0..0),
            ((0, -100), 0..1),
            ((-100, -99), 0..1),
            ((-99, -100), 0..0),
            ((5, 9), 0..0),
            ((i64::MIN, i64::MAX), 0..5),
        ];
        for ((start, end), expected) in cases {
            assert_eq!(range(start, end, 5), expected, "{start} to {end}");
        }
        assert_eq!(range(0, -1, 0), 0..0);
    }
}
