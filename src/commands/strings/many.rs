//! Several strings at one moment: MSET, MSETNX, MSETEX.

use super::condition::Condition;
use super::lifetime::Lifetime;
use super::set::put_one;
use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[MSET, MSETNX, MSETEX];

const COST: &str = "O(N) where N is the number of keys to set.";
const TIPS: &[&str] = &["request_policy:multi_shard", "response_policy:all_succeeded"];

const MSET: Command = Command::write("MSET key value [key value ...]", mset)
    .since("1.0.1")
    .grows()
    .costs(COST)
    .keys(&["OW update"])
    .tips(TIPS)
    .about("Puts strings at several keys at one moment.");

fn mset(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    check_pairs(args, "mset")?;
    put_all(db, args);
    reply.ok();
    Ok(())
}

const MSETNX: Command = Command::write("MSETNX key value [key value ...]", msetnx)
    .since("1.0.1")
    .grows()
    .costs(COST)
    .keys(&["OW insert"])
    .about("Puts strings at several keys if none of them is there.");

fn msetnx(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    check_pairs(args, "msetnx")?;
    let are_free = args.iter(1).step_by(2).all(|key| db.find_mut(key).is_none());
    if are_free {
        put_all(db, args);
    }
    reply.integer(are_free.into());
    Ok(())
}

fn check_pairs(args: &Args, command: &str) -> Outcome {
    if args.after_name().is_multiple_of(2) { Ok(()) } else { Err(Error::arity(command)) }
}

fn put_all(db: &mut Db, args: &Args) {
    for at in (1..args.len()).step_by(2) {
        db.put(args.get(at), value::encode(args, at + 1), Deadline::Clear);
        db.changed(Class::String, "set", args.get(at));
    }
}

const MSETEX: Command = Command::write(
    "MSETEX numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | \
     EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    msetex,
)
.since("8.4.0")
.grows()
.costs(COST)
.keys(&["OW update"])
.tips(TIPS)
.about("Puts strings at several keys with one deadline; all of them or none.");

fn msetex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::parse(args)?;
    let deadline = options.lifetime.deadline(args, db.now(), "msetex")?;
    let keys = (2..options.from).step_by(2);
    for at in keys.clone() {
        if !options.condition.holds(db.find_mut(args.get(at)))? {
            reply.integer(0);
            return Ok(());
        }
    }
    for at in keys {
        put_one(db, args.get(at), value::encode(args, at + 1), deadline);
    }
    if let Deadline::At(ms) = deadline
        && db.is_followed()
    {
        // Replayed later, a time from now would be another one.
        let mut buffer = itoa::Buffer::new();
        let mut words: Vec<&[u8]> = (0..options.from).map(|at| args.get(at)).collect();
        words.extend([&b"PXAT"[..], buffer.format(ms).as_bytes()]);
        db.replay_as(&words);
    }
    reply.integer(1);
    Ok(())
}

/// What MSETEX was asked for.
struct Options<'a> {
    /// Where the options begin: right after the last value.
    from: usize,
    condition: Condition<'a>,
    lifetime: Lifetime,
}

impl<'a> Options<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, Error> {
        let count = args.integer(1).ok().and_then(|count| i32::try_from(count).ok());
        let count = count.filter(|count| *count > 0).ok_or(error::INVALID_NUMKEYS)? as usize;
        let from = 2 + 2 * count;
        if from > args.len() {
            return Err(error::WRONG_NUMBER_OF_PAIRS);
        }
        let (condition, lifetime) = (Condition::default(), Lifetime::default());
        let mut options = Options { from, condition, lifetime };
        let mut at = from;
        while at < args.len() {
            at += options.take(args, at).ok_or(error::SYNTAX)?;
        }
        Ok(options)
    }

    fn take(&mut self, args: &Args<'a>, at: usize) -> Option<usize> {
        self.lifetime
            .take_time(args, at)
            .or_else(|| self.lifetime.take_keep(args, at))
            .or_else(|| self.condition.take_existence(args, at))
    }
}
