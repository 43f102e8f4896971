//! What XREADGROUP gives a consumer: what is new to its group, what it has pending, and with CLAIM
//! what others have had pending for too long.

use super::journal::Delivery;
use super::value;
use crate::protocol::Reply;
use crate::types::stream::{ConsumerRef, Entry, Facts, GroupMut, Id, Log, Pending, Stream};

/// Which entries a consumer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// `>`: those that nobody of the group was given.
    New,
    /// Those it was given itself and has not acknowledged, after this id.
    Pending(Id),
}

/// Who reads, and how.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// The most entries of a stream.
    pub count: usize,
    /// NOACK: what is new does not become pending.
    pub is_forgetful: bool,
    /// CLAIM: what has been idle for so long comes first.
    pub min_idle_ms: Option<u64>,
    /// Now.
    pub now_ms: u64,
}

/// A group at its stream, about to be served.
struct Table<'t, 's, 'd> {
    reader: Reader,
    group: GroupMut<'s>,
    log: &'s Log,
    facts: Facts,
    consumer: ConsumerRef,
    delivery: &'t mut Delivery<'d>,
}

impl Reader {
    /// Has the consumer of `delivery` read from its group, which is in `stream`. `begin` is called
    /// before anything is written. Gives back when an entry will next have been idle for too long
    /// (ms).
    pub fn read<'r>(
        self,
        stream: &mut Stream,
        wanted: Wanted,
        delivery: &mut Delivery<'_>,
        begin: impl FnOnce() -> &'r mut Reply,
    ) -> Option<u64> {
        let facts = stream.facts();
        let group = stream.group_mut(delivery.group);
        let (mut group, log) = group.expect("the caller has looked the group up");
        let consumer = delivery.find_consumer(&mut group, self.now_ms);
        let mut table = Table { reader: self, group, log, facts, consumer, delivery };
        let next_ms = match wanted {
            Wanted::Pending(after) => {
                table.write_history(after, begin());
                None
            }
            Wanted::New => {
                let claimed = table.claimable();
                if !claimed.is_empty() || table.has_news() {
                    table.write_news(&claimed, begin());
                }
                table.next_claimable()
            }
        };
        table.delivery.finish(&table.group);
        next_ms
    }
}

impl<'s> Table<'_, 's, '_> {
    /// What was given to the consumer and not acknowledged: each counts as given again.
    fn write_history(&mut self, after: Id, reply: &mut Reply) {
        let from = after.next().unwrap_or(Id::MIN);
        let pending = self.group.pending_of(self.consumer, from, Id::MAX);
        let pending: Vec<(Id, Pending)> = pending.take(self.reader.count).collect();
        reply.array(pending.len());
        for (id, pending) in pending {
            match self.log.entry(id) {
                Some(entry) => {
                    value::write_entry(&entry, reply);
                    let deliveries = pending.deliveries.wrapping_add(1);
                    let delivered_ms = self.reader.now_ms;
                    self.group.set_pending(id, Pending { delivered_ms, deliveries, ..pending });
                }
                None => {
                    reply.array(2);
                    value::write_id(id, reply);
                    reply.null_array();
                }
            }
        }
    }

    /// What has been idle for too long, the longest first. Entries that have gone are passed over.
    fn claimable(&mut self) -> Vec<Id> {
        let reader = self.reader;
        let Some(idle_since) = reader.min_idle_ms.and_then(|idle| reader.now_ms.checked_sub(idle))
        else {
            return Vec::new();
        };
        let ids = self.group.pending_since(idle_since);
        ids.filter(|id| self.log.entry(*id).is_some()).take(reader.count).collect()
    }

    fn next_claimable(&mut self) -> Option<u64> {
        let idle_ms = self.reader.min_idle_ms?;
        let idle_since = self.reader.now_ms.saturating_sub(idle_ms);
        let delivered_ms = self.group.first_delivery_after(idle_since)?;
        Some(delivered_ms.saturating_add(idle_ms))
    }

    /// What nobody of the group was given.
    fn news(&self) -> impl Iterator<Item = Entry<'s>> + use<'s> {
        let last = self.group.last_delivered;
        let from = last.next().filter(|_| self.facts.last > last);
        let log = self.log;
        from.into_iter().flat_map(move |from| log.range(from, Id::MAX))
    }

    fn has_news(&self) -> bool {
        self.news().next().is_some()
    }

    fn write_news(&mut self, claimed: &[Id], reply: &mut Reply) {
        let open = reply.open_array();
        for id in claimed {
            self.claim(*id, reply);
        }
        let mut count = claimed.len();
        for entry in self.news().take(self.reader.count - count) {
            self.facts.deliver(&mut self.group, entry.id);
            self.delivery.note_move();
            if !self.reader.is_forgetful {
                self.give(entry.id, 1);
            }
            self.write(&entry, (0, 0), reply);
            count += 1;
        }
        reply.close_array(open, count);
    }

    fn claim(&mut self, id: Id, reply: &mut Reply) {
        let Some((entry, pending)) = self.log.entry(id).zip(self.group.pending(id)) else {
            unreachable!("what is claimable is pending, and in the stream");
        };
        let idle_ms = self.reader.now_ms - pending.delivered_ms;
        self.write(&entry, (idle_ms, pending.deliveries), reply);
        self.give(id, pending.deliveries.wrapping_add(1));
    }

    fn give(&mut self, id: Id, deliveries: u64) {
        let (consumer, delivered_ms) = (self.consumer, self.reader.now_ms);
        self.delivery.give(&mut self.group, id, Pending { consumer, delivered_ms, deliveries });
        self.group.consumer_mut(consumer).active_ms = Some(delivered_ms);
    }

    /// Writes an entry; with CLAIM how long it was idle and how often it had been delivered.
    fn write(&self, entry: &Entry<'_>, (idle_ms, deliveries): (u64, u64), reply: &mut Reply) {
        if self.reader.min_idle_ms.is_none() {
            return value::write_entry(entry, reply);
        }
        reply.array(4);
        value::write_id_and_fields(entry, reply);
        reply.integer(idle_ms as i64);
        reply.integer(deliveries as i64);
    }
}
