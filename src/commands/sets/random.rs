//! Members drawn by chance: SPOP takes them out, SRANDMEMBER leaves them. All members, and all
//! choices of several, are equally likely.
//!
//! What was drawn is not the same in every replay: SPOP is replayed as SREM, or as DEL where it
//! took everything.

use super::members::write_all;
use super::{change, find, view};
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db, Deadline, Object, PackedKind, Value};
use crate::types::set::{Encoding, Set, View};
use std::ops::ControlFlow;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SPOP, SRANDMEMBER];

/// What a draw with repeats may answer, about, in bytes: the count is a client's number.
const MOST_DRAWN_BYTES: u64 = 1 << 30;
/// Members of one SREM in the journal.
const MEMBERS_A_CALL: usize = 1024;

const SPOP: Command = Command::write("SPOP key [count]", spop)
    .fast()
    .costs("O(1) without a count, O(N) where N is the count")
    .keys(&["RW access delete"])
    .tips(&["nondeterministic_output"])
    .about("Removes one or several members, chosen by chance, and answers them.");

fn spop(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let count = match args.len() {
        2 => None,
        3 => Some(count_of(args)?),
        _ => return Err(error::SYNTAX),
    };
    let size = match db.find_mut(key) {
        Some(record) => view(&record.read())?.len(),
        None => 0,
    };
    match count {
        None if size == 0 => reply.null(),
        None => pop_one(db, key, reply),
        Some(count) if count == 0 || size == 0 => reply.set(0),
        Some(count) if count >= size => pop_all(db, key, reply),
        Some(count) => pop_some(db, key, count, reply),
    }
    Ok(())
}

/// How many members SPOP is to take. Redis has one answer to all that is no such number.
fn count_of(args: &Args) -> Result<usize, Error> {
    let count = args.integer_in(2, 0..=i64::MAX).map_err(|_| error::MUST_BE_POSITIVE)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn pop_one(db: &mut Db, key: &[u8], reply: &mut Reply) {
    let mut popped = Vec::new();
    let is_last = take_out(db, key, |set| {
        set.pop(|member| popped.extend_from_slice(member));
        None
    });
    reply.bulk(&popped);
    db.replay_as(&[b"SREM", key, &popped]);
    db.changed(Class::Set, "spop", key);
    if is_last {
        db.event(Class::Generic, "del", key);
    }
}

fn pop_all(db: &mut Db, key: &[u8], reply: &mut Reply) {
    let mut count = 0;
    if let Some(record) = db.find_mut(key)
        && let Ok(set) = view(&record.read())
    {
        count = set.len();
        write_all(set, reply);
    }
    db.remove(key);
    db.replay_as(&[b"DEL", key]);
    db.journal.changes += count as u64 - 1;
    db.changed(Class::Set, "spop", key);
    db.event(Class::Generic, "del", key);
}

/// Pops `count` members, fewer than there are.
fn pop_some(db: &mut Db, key: &[u8], count: usize, reply: &mut Reply) {
    /// Redis makes a new set of those that stay when they are fewer than this part of the others;
    /// its encoding then follows the thresholds anew.
    const STAYING_PART: usize = 5;
    let limits = change::limits(db);
    let mut popped = Popped { reply, members: Vec::new(), is_followed: db.is_followed() };
    popped.reply.set(count);
    take_out(db, key, |set| {
        let staying = set.len() - count;
        if staying * STAYING_PART > count {
            (0..count).for_each(|_| set.pop(|member| popped.take(member)));
            return None;
        }
        let encoding =
            if set.encoding() == "intset" { Encoding::IntSet } else { Encoding::ListPack };
        let mut rest = Set::empty(encoding);
        (0..staying).for_each(|_| set.pop(|member| _ = rest.add(member, &limits)));
        set.view().for_each(|member| popped.take(member.text(&mut itoa::Buffer::new())));
        Some(rest)
    });
    for part in popped.members.chunks(MEMBERS_A_CALL) {
        let mut call: Vec<&[u8]> = vec![b"SREM", key];
        call.extend(part.iter().map(|member| &**member));
        db.replay_as(&call);
    }
    db.journal.changes += count as u64 - 1;
    db.changed(Class::Set, "spop", key);
}

/// Where popped members go: into the reply, and into the journal if anyone reads it.
struct Popped<'a> {
    reply: &'a mut Reply,
    members: Vec<Box<[u8]>>,
    is_followed: bool,
}

impl Popped<'_> {
    fn take(&mut self, member: &[u8]) {
        self.reply.bulk(member);
        if self.is_followed {
            self.members.push(member.into());
        }
    }
}

/// Lets `take` remove members from the set at `key`, which is there; another set that it gives
/// back takes the place. True when the key went with its last member.
fn take_out(db: &mut Db, key: &[u8], take: impl FnOnce(&mut Set) -> Option<Set>) -> bool {
    let mut record = db.find_mut(key).expect("the key was found before");
    let packed = match record.value() {
        Value::Packed(PackedKind::IntSet, bytes) => Some(Set::of_integers(bytes)),
        Value::Packed(_, bytes) => Some(Set::of_packed(bytes)),
        _ => None,
    };
    let (is_empty, instead) = match (packed, record.object_mut()) {
        (Some(mut set), _) => {
            let instead = take(&mut set);
            (set.is_empty(), instead.or(Some(set)))
        }
        (None, Some(Object::Set(set))) => {
            let instead = take(set);
            (set.is_empty(), instead)
        }
        _ => unreachable!("the type was looked at before"),
    };
    drop(record);
    if is_empty {
        db.remove(key);
    } else if let Some(set) = instead {
        change::put(db, key, set, Deadline::Keep);
    }
    is_empty
}

const SRANDMEMBER: Command = Command::read("SRANDMEMBER key [count]", srandmember)
    .costs("O(1) without a count, O(N) where N is the count")
    .tips(&["nondeterministic_output"])
    .about("One or several members, chosen by chance; a negative count allows repeats.");

fn srandmember(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let count = match args.len() {
        2 => None,
        3 => Some(args.integer_in(2, -i64::MAX..=i64::MAX)?),
        _ => return Err(error::SYNTAX),
    };
    let set = find(db, args.get(1))?;
    match (set, count) {
        (None, None) => reply.null(),
        (None, Some(_)) | (_, Some(0)) => reply.array(0),
        (Some(set), None) => write_one(set, reply),
        (Some(set), Some(count)) if count < 0 => {
            return draw(set, count.unsigned_abs(), reply);
        }
        (Some(set), Some(count)) => choose(set, count as usize, reply),
    }
    Ok(())
}

fn write_one(set: View<'_>, reply: &mut Reply) {
    reply.bulk(set.random().text(&mut itoa::Buffer::new()));
}

/// So many members, each drawn from all.
fn draw(set: View<'_>, count: u64, reply: &mut Reply) -> Result<(), Error> {
    // What one member adds to the reply, taking those that stand first as a sample.
    const SAMPLE: usize = 64;
    const HEAD_BYTES: u64 = 8;
    let (mut bytes, mut seen) = (0, 0);
    let _ = set.try_for_each(|member| {
        bytes += HEAD_BYTES + member.text(&mut itoa::Buffer::new()).len() as u64;
        seen += 1;
        if seen == SAMPLE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if count > set.len() as u64 && count.saturating_mul(bytes / seen as u64) > MOST_DRAWN_BYTES {
        return Err(error::sets::COUNT_OUT_OF_RANGE);
    }
    reply.array(count as usize);
    (0..count).for_each(|_| write_one(set, reply));
    Ok(())
}

/// So many different members, or all if there are no more.
fn choose(set: View<'_>, count: usize, reply: &mut Reply) {
    let mut buffer = itoa::Buffer::new();
    reply.array(count.min(set.len()));
    if count >= set.len() {
        set.for_each(|member| reply.bulk(member.text(&mut buffer)));
    } else {
        set.sample(count, |member| reply.bulk(member.text(&mut buffer)));
    }
}
