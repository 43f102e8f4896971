//! Values and deadlines in one call: HGETDEL, HGETEX, HSETEX.

use super::expire::{self, replay};
use super::set::{pairs, tell_removal};
use super::{edit, fields, get};
use crate::command::error::{self, hashes};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::hash::Ttl;
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[HGETDEL, HGETEX, HSETEX];

const COST: &str = "O(N) in the number of fields named.";

const HGETDEL: Command = Command::write("HGETDEL key FIELDS numfields field [field ...]", hgetdel)
    .since("8.0.0")
    .fast()
    .keys(&["RW access delete"])
    .costs(COST)
    .about("The values of fields, which are removed.");

fn hgetdel(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    edit::look(db, key)?;
    let fields = fields::last(args, 2, hashes::FIELDS_NOT_POSITIVE)?;
    let mut removed = Vec::new();
    reply.array(fields.len());
    for at in fields {
        let field = args.get(at);
        get::write(edit::look(db, key)?.and_then(|hash| hash.get(field)), reply);
        if edit::remove(db, key, field)? {
            removed.push(field);
        }
    }
    if !removed.is_empty() {
        tell_removal(db, key);
        replay(db, &[b"HDEL", key], &removed);
    }
    Ok(())
}

/// What becomes of the deadlines of fields that a call names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expiration {
    Unsaid,
    Persist,
    Keep,
    At(u64),
}

const HGETEX: Command = Command::write(
    "HGETEX key [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
     PXAT unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]",
    hgetex,
)
.since("8.0.0")
.fast()
.keys(&["RW access update"])
.costs(COST)
.about("The values of fields, which are given deadlines, or lose them.");

fn hgetex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    edit::look(db, key)?;
    let (expiration, fields) = read_hgetex(args, db.now())?;
    if expiration != Expiration::Unsaid {
        edit::expect_deadlines(db, key)?;
    }
    let mut touched: Vec<&[u8]> = Vec::new();
    reply.array(fields.len());
    for at in fields {
        let field = args.get(at);
        let hash = edit::look(db, key)?;
        let value = hash.and_then(|hash| hash.get(field));
        get::write(value, reply);
        let deadline = hash.and_then(|hash| hash.deadline(field));
        match (expiration, deadline) {
            (Expiration::At(moment_ms), Some(_)) => {
                expire::set_deadline(db, key, field, moment_ms)?;
            }
            (Expiration::Persist, Some(Some(_))) => {
                edit::with_large(db, key, |hash| hash.set_deadline(field, None));
            }
            _ => continue,
        }
        touched.push(field);
    }
    match expiration {
        Expiration::At(moment_ms) => expire::tell_deadlines(db, key, &touched, moment_ms),
        _ => tell_persisted(db, key, &touched),
    }
    Ok(())
}

fn tell_persisted(db: &mut Db, key: &[u8], fields: &[&[u8]]) {
    if fields.is_empty() {
        return;
    }
    db.changed(Class::Hash, "hpersist", key);
    let count = itoa::Buffer::new().format(fields.len()).to_owned();
    replay(db, &[b"HPERSIST", key, b"FIELDS", count.as_bytes()], fields);
}

/// Expiration and fields of a call of HGETEX.
fn read_hgetex(args: &Args, now_ms: u64) -> Result<(Expiration, Range<usize>), Error> {
    let (before, words) = take_expiration(args, 2, now_ms)?;
    let at = 2 + words;
    if at + 1 >= args.len() {
        return Err(Error::arity("hgetex"));
    }
    let fields = fields::announced(args, at, hashes::FIELDS_NOT_POSITIVE)?;
    if fields.end >= args.len() {
        let fits = fields.end == args.len();
        return if fits { Ok((before, fields)) } else { Err(hashes::FIELDS_MISMATCH) };
    }
    let (after, words) = take_expiration(args, fields.end, now_ms)?;
    match (before, after) {
        (Expiration::Unsaid, _) if words > 0 && fields.end + words == args.len() => {
            Ok((after, fields))
        }
        _ if words > 0 => Err(hashes::ONE_EXPIRATION_OR_PERSIST),
        _ => Err(hashes::FIELDS_MISMATCH),
    }
}

/// The option at `at` if it is one of HGETEX's, and how many words it has.
fn take_expiration(args: &Args, at: usize, now_ms: u64) -> Result<(Expiration, usize), Error> {
    if args.is(at, "PERSIST") {
        return Ok((Expiration::Persist, 1));
    }
    match expire::clock(args.get(at), "hgetex", now_ms) {
        Some(clock) => {
            let moment_ms = expire::moment_behind(args, at, clock)?;
            Ok((Expiration::At(moment_ms), 2))
        }
        None => Ok((Expiration::Unsaid, 0)),
    }
}

const HSETEX: Command = Command::write(
    "HSETEX key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
     PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]",
    hsetex,
)
.since("8.0.0")
.fast()
.grows()
.costs(COST)
.about("Sets fields with one deadline; all of them or none.");

fn hsetex(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::read(args, db.now())?;
    let key = args.get(1);
    if !options.hold(db, args)? {
        reply.integer(0);
        return Ok(());
    }
    let pairs = || pairs(args, options.pairs.clone());
    match options.expiration {
        Expiration::At(moment_ms) if moment_ms <= db.now() => {
            let fields: Vec<&[u8]> = pairs().map(|(field, _)| field).collect();
            set_dead(db, key, &fields)?;
        }
        Expiration::Keep => {
            for pair in pairs() {
                edit::set(db, key, pair, Ttl::Keep)?;
            }
            db.changed(Class::Hash, "hset", key);
        }
        Expiration::At(moment_ms) => {
            edit::set_all(db, key, pairs(), Ttl::Clear)?;
            edit::with_large(db, key, |hash| {
                pairs().for_each(|(field, _)| hash.set_deadline(field, Some(moment_ms)));
            });
            db.changed(Class::Hash, "hset", key);
            db.event(Class::Hash, "hexpire", key);
        }
        Expiration::Unsaid | Expiration::Persist => {
            edit::set_all(db, key, pairs(), Ttl::Clear)?;
            db.changed(Class::Hash, "hset", key);
        }
    }
    options.tell(db, args);
    reply.integer(1);
    Ok(())
}

/// Sets fields whose moment has passed: they are gone after it.
fn set_dead(db: &mut Db, key: &[u8], fields: &[&[u8]]) -> Outcome {
    edit::expect_deadlines(db, key)?;
    for field in fields {
        edit::remove(db, key, field)?;
    }
    db.changed(Class::Hash, "hset", key);
    tell_removal(db, key);
    replay(db, &[b"HDEL", key], fields);
    Ok(())
}

/// What HSETEX was asked for.
struct Options {
    /// NX or XX: whether the key must be there.
    wants_key: Option<bool>,
    /// FNX or FXX: whether all fields must be there, or none.
    wants_fields: Option<bool>,
    expiration: Expiration,
    /// Where fields and values stand.
    pairs: Range<usize>,
}

impl Options {
    fn read(args: &Args, now_ms: u64) -> Result<Self, Error> {
        let expiration = Expiration::Unsaid;
        let mut options = Options { wants_key: None, wants_fields: None, expiration, pairs: 0..0 };
        let mut at = 2;
        while at < args.len() {
            if args.is(at, "FIELDS") && options.pairs.is_empty() {
                at = options.take_fields(args, at)?;
                continue;
            }
            let words = options.take(args, at, now_ms)?;
            if words == 0 {
                // Redis 8.0 ends with the fields: a word behind them is one too many.
                let is_behind = !options.pairs.is_empty();
                let unknown = || Error::unknown_argument(args.get(at));
                return Err(if is_behind { Error::arity("hsetex") } else { unknown() });
            }
            at += words;
        }
        if options.pairs.is_empty() { Err(Error::arity("hsetex")) } else { Ok(options) }
    }

    /// Takes FIELDS and what belongs to it; where the words go on.
    fn take_fields(&mut self, args: &Args, at: usize) -> Result<usize, Error> {
        // The count, a field and its value.
        if at + 3 >= args.len() {
            return Err(Error::arity("hsetex"));
        }
        let count = args.integer(at + 1).ok().and_then(|count| i32::try_from(count).ok());
        let count = count.filter(|count| *count > 0).ok_or(hashes::FIELDS_INVALID)? as usize;
        self.pairs = at + 2..at + 2 + 2 * count;
        if self.pairs.end > args.len() {
            return Err(Error::arity("hsetex"));
        }
        Ok(self.pairs.end)
    }

    /// Takes another option; how many words it has, 0 if it is none.
    fn take(&mut self, args: &Args, at: usize, now_ms: u64) -> Result<usize, Error> {
        for (yes, no, wanted, conflict) in [
            ("XX", "NX", &mut self.wants_key, error::SYNTAX),
            ("FXX", "FNX", &mut self.wants_fields, hashes::ONE_FIELD_CONDITION),
        ] {
            let is_yes = args.is(at, yes);
            if is_yes || args.is(at, no) {
                return if wanted.replace(is_yes).is_none() { Ok(1) } else { Err(conflict) };
            }
        }
        let clock = expire::clock(args.get(at), "hsetex", now_ms);
        if clock.is_none() && !args.is(at, "KEEPTTL") {
            return Ok(0);
        }
        if self.expiration != Expiration::Unsaid {
            return Err(hashes::ONE_EXPIRATION);
        }
        let Some(clock) = clock else {
            self.expiration = Expiration::Keep;
            return Ok(1);
        };
        self.expiration = Expiration::At(expire::moment_behind(args, at, clock)?);
        Ok(2)
    }

    /// Whether key and fields are as asked for.
    fn hold(&self, db: &mut Db, args: &Args) -> Result<bool, Error> {
        let hash = edit::look(db, args.get(1))?;
        if self.wants_key.is_some_and(|wanted| wanted != hash.is_some()) {
            return Ok(false);
        }
        let Some(wanted) = self.wants_fields else { return Ok(true) };
        let is_there = |field| hash.is_some_and(|hash| hash.get(field).is_some());
        Ok(pairs(args, self.pairs.clone()).all(|(field, _)| is_there(field) == wanted))
    }

    /// Gives the journal the form that replays to the same state: without conditions, with an
    /// absolute time.
    fn tell(&self, db: &mut Db, args: &Args) {
        let mut buffer = itoa::Buffer::new();
        let time: [&[u8]; 2] = match self.expiration {
            Expiration::At(moment_ms) if moment_ms <= db.now() => return,
            Expiration::At(moment_ms) => [b"PXAT", buffer.format(moment_ms).as_bytes()],
            Expiration::Keep => [b"KEEPTTL", b""],
            Expiration::Unsaid | Expiration::Persist => [b"", b""],
        };
        let count = itoa::Buffer::new().format(self.pairs.len() / 2).to_owned();
        let mut words: Vec<&[u8]> = vec![b"HSETEX", args.get(1)];
        words.extend(time.into_iter().filter(|word| !word.is_empty()));
        words.extend([&b"FIELDS"[..], count.as_bytes()]);
        let pairs: Vec<&[u8]> = self.pairs.clone().map(|at| args.get(at)).collect();
        replay(db, &words, &pairs);
    }
}
