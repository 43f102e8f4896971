//! XCLAIM and XAUTOCLAIM: entries that a consumer was given, and is not done with, go to another.
//!
//! The journal gets an XCLAIM for each entry that says what is known of it afterwards, so that it
//! does not depend on the time at which it is replayed.

use super::journal::Delivery;
use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::number::parse_integer;
use crate::types::stream::{Group, GroupMut, Id, Log, Pending};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XCLAIM, XAUTOCLAIM];

const XCLAIM: Command = Command::write(
    "XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] \
     [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
    xclaim,
)
.since("5.0.0")
.fast()
.costs("O(log N) for each id, where N is the number of entries pending in the group.")
.tips(&["nondeterministic_output"])
.about("Gives entries that have been idle for so long to another consumer, and answers them.");

/// The options of XCLAIM.
struct Claim {
    min_idle_ms: i64,
    ids: Vec<Id>,
    /// What the time of delivery is set to.
    delivered_ms: u64,
    deliveries: Option<u64>,
    forces: bool,
    only_ids: bool,
    last_delivered: Id,
}

fn xclaim(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (key, name, now_ms) = (args.get(1), args.get(2), db.time());
    let no_group = || streams::no_key_or_group(key, name);
    let mut delivery = Delivery::new(db, [key, name, args.get(3)]);
    let Some(mut record) = db.find_mut(key) else { return Err(no_group()) };
    let stream = value::stream_mut(&mut record)?;
    let (mut group, log) = stream.group_mut(name).ok_or_else(no_group)?;
    let claim = Claim::read(args, now_ms)?;
    if claim.last_delivered > group.last_delivered {
        group.last_delivered = claim.last_delivered;
        delivery.note_move();
    }
    let consumer = delivery.find_consumer(&mut group, now_ms);
    let open = reply.open_array();
    let mut count = 0;
    for id in &claim.ids {
        let Some(entry) = log.entry(*id) else {
            delivery.forget(&mut group, *id);
            continue;
        };
        let Some(deliveries) = claim.deliveries_of(&group, *id, now_ms) else { continue };
        let delivered_ms = claim.delivered_ms;
        delivery.give(&mut group, *id, Pending { consumer, delivered_ms, deliveries });
        group.consumer_mut(consumer).active_ms = Some(now_ms);
        match claim.only_ids {
            true => value::write_id(*id, reply),
            false => value::write_entry(&entry, reply),
        }
        count += 1;
    }
    reply.close_array(open, count);
    delivery.finish(&group);
    drop(group);
    drop(record);
    delivery.tell(db);
    Ok(())
}

impl Claim {
    fn read(args: &Args, now_ms: u64) -> Result<Self, Error> {
        let number = |at: usize, what: &str| {
            let invalid = || streams::invalid_claim_number(what, "XCLAIM");
            parse_integer(args.get(at)).ok_or_else(invalid)
        };
        let min_idle_ms = number(4, "min-idle-time")?.max(0);
        let ids: Vec<Id> = args.iter(5).map_while(|word| Id::parse(word, 0)).collect();
        let mut at = 5 + ids.len();
        let mut claim = Claim {
            min_idle_ms,
            ids,
            delivered_ms: now_ms,
            deliveries: None,
            forces: false,
            only_ids: false,
            last_delivered: Id::MIN,
        };
        while at < args.len() {
            let has_value = at + 1 < args.len();
            // A moment in the future, or before 1970, is taken as now: clients' clocks differ.
            let moment = |ms: i64| u64::try_from(ms).map_or(now_ms, |ms| ms.min(now_ms));
            let is = |name: &str| args.is(at, name);
            match () {
                () if is("FORCE") => claim.forces = true,
                () if is("JUSTID") => claim.only_ids = true,
                () if has_value && is("IDLE") => {
                    let idle_ms = number(at + 1, "IDLE option")?;
                    claim.delivered_ms = moment((now_ms as i64).wrapping_sub(idle_ms));
                }
                () if has_value && is("TIME") => {
                    claim.delivered_ms = moment(number(at + 1, "TIME option")?);
                }
                () if has_value && is("RETRYCOUNT") => {
                    let count = number(at + 1, "RETRYCOUNT option")?;
                    claim.deliveries = u64::try_from(count).ok();
                }
                () if has_value && is("LASTID") => {
                    claim.last_delivered = value::id(args.get(at + 1))?;
                }
                () => return Err(streams::unknown_claim_option(args.get(at))),
            }
            at += if is("FORCE") || is("JUSTID") { 1 } else { 2 };
        }
        Ok(claim)
    }

    /// How often an entry will have been delivered once it is claimed; none where it is not.
    fn deliveries_of(&self, group: &Group, id: Id, now_ms: u64) -> Option<u64> {
        let before = match group.pending(id) {
            Some(pending) => {
                is_idle(&pending, self.min_idle_ms, now_ms).then_some(pending.deliveries)?
            }
            // As if it had been delivered once.
            None => self.forces.then_some(1)?,
        };
        let counted = if self.only_ids { before } else { before.wrapping_add(1) };
        Some(self.deliveries.unwrap_or(counted))
    }
}

/// Whether nobody was given the entry for so long.
fn is_idle(pending: &Pending, min_idle_ms: i64, now_ms: u64) -> bool {
    min_idle_ms == 0 || now_ms as i64 - pending.delivered_ms as i64 >= min_idle_ms
}

const XAUTOCLAIM: Command = Command::write(
    "XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]",
    xautoclaim,
)
.since("6.2.0")
.fast()
.costs("O(1) if COUNT is small.")
.keys(&["RW delete"])
.tips(&["nondeterministic_output"])
.about("Gives entries that have been idle for so long to a consumer, wherever they are pending.");

/// How many pending entries are looked at for each that may be claimed.
const LOOKED_AT_FOR_EACH: usize = 10;
/// How many are claimed without COUNT.
const USUALLY_CLAIMED: usize = 100;
/// The greatest COUNT: what Redis can make an array of, for ids of 16 bytes.
const MOST_CLAIMED: i64 = i64::MAX / 16;

/// The options of XAUTOCLAIM.
struct AutoClaim {
    min_idle_ms: i64,
    start: Id,
    count: usize,
    only_ids: bool,
}

impl AutoClaim {
    fn read(args: &Args) -> Result<Self, Error> {
        let min_idle_ms = parse_integer(args.get(4))
            .ok_or_else(|| streams::invalid_claim_number("min-idle-time", "XAUTOCLAIM"))?
            .max(0);
        let start = value::range_start(args.get(5))?;
        let mut claim = AutoClaim { min_idle_ms, start, count: USUALLY_CLAIMED, only_ids: false };
        let mut at = 6;
        while at < args.len() {
            if args.is(at, "COUNT") && at + 1 < args.len() {
                let count = parse_integer(args.get(at + 1));
                let count = count.filter(|count| (1..=MOST_CLAIMED).contains(count));
                claim.count = count.ok_or(streams::CLAIM_COUNT)? as usize;
                at += 2;
            } else if args.is(at, "JUSTID") {
                claim.only_ids = true;
                at += 1;
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(claim)
    }
}

fn xautoclaim(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let claim = AutoClaim::read(args)?;
    let (key, name, now_ms) = (args.get(1), args.get(2), db.time());
    let no_group = || streams::no_key_or_group(key, name);
    let mut delivery = Delivery::new(db, [key, name, args.get(3)]);
    let Some(mut record) = db.find_mut(key) else { return Err(no_group()) };
    let stream = value::stream_mut(&mut record)?;
    let (mut group, log) = stream.group_mut(name).ok_or_else(no_group)?;
    let consumer = delivery.find_consumer(&mut group, now_ms);
    let (taken, next) = claim.look(&group, log, now_ms);
    reply.array(3);
    value::write_id(next, reply);
    let open = reply.open_array();
    let mut count = 0;
    let mut gone = Vec::new();
    for (id, pending) in taken {
        let Some(entry) = log.entry(id) else {
            delivery.forget(&mut group, id);
            gone.push(id);
            continue;
        };
        let deliveries = pending.deliveries.wrapping_add(u64::from(!claim.only_ids));
        delivery.give(&mut group, id, Pending { consumer, delivered_ms: now_ms, deliveries });
        group.consumer_mut(consumer).active_ms = Some(now_ms);
        match claim.only_ids {
            true => value::write_id(id, reply),
            false => value::write_entry(&entry, reply),
        }
        count += 1;
    }
    reply.close_array(open, count);
    reply.array(gone.len());
    gone.iter().for_each(|id| value::write_id(*id, reply));
    delivery.finish(&group);
    drop(group);
    drop(record);
    delivery.tell(db);
    Ok(())
}

impl AutoClaim {
    /// The pending entries to take, those that have gone among them, and where the next call goes
    /// on; 0-0 at the end.
    fn look(&self, group: &GroupMut<'_>, log: &Log, now_ms: u64) -> (Vec<(Id, Pending)>, Id) {
        let mut taken = Vec::new();
        let mut entries = group.pending_between(self.start, Id::MAX);
        let looked_at = self.count.saturating_mul(LOOKED_AT_FOR_EACH);
        for (id, pending) in entries.by_ref().take(looked_at) {
            if is_idle(&pending, self.min_idle_ms, now_ms) || log.entry(id).is_none() {
                taken.push((id, pending));
            }
            if taken.len() == self.count {
                break;
            }
        }
        let next = entries.next().map_or(Id::MIN, |(id, _)| id);
        (taken, next)
    }
}
