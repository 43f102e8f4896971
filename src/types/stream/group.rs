//! Consumer groups: who was given which entry, and has not acknowledged it.
//!
//! ```text
//! pending (the PEL):  id → consumer, time and number of deliveries      per consumer: its ids
//! ```
//! The two say the same about every id; only the functions here change them. A consumer is known
//! by a number, which is given again once it has gone; consumers are listed by name.
//! Source: https://redis.io/docs/latest/develop/data-types/streams/#consumer-groups

use super::id::Id;
use std::collections::{BTreeMap, BTreeSet};

/// What an entry in both lists takes, in B-trees that are two thirds full.
const PENDING_BYTES: usize = (2 * size_of::<Id>() + size_of::<Pending>()) * 3 / 2;
/// What a consumer takes beside its name and its entries.
const CONSUMER_BYTES: usize = size_of::<Consumer>() + 2 * size_of::<usize>() * 3;

/// A consumer of one group, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsumerRef(u32);

/// An entry that was delivered and not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Whom it was delivered to.
    pub consumer: ConsumerRef,
    /// When it was delivered last, in milliseconds since 1970.
    pub delivered_ms: u64,
    /// How often it was delivered.
    pub deliveries: u64,
}

/// One who reads on behalf of a group.
#[derive(Debug, Clone)]
pub struct Consumer {
    /// Its name.
    pub name: Box<[u8]>,
    /// When it last tried to read or claim.
    pub seen_ms: u64,
    /// When it last was given something.
    pub active_ms: Option<u64>,
    pending: BTreeSet<Id>,
}

impl Consumer {
    /// How many entries it was given and has not acknowledged.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }
}

/// A consumer group.
#[derive(Debug, Clone)]
pub struct Group {
    /// The last entry that was delivered: `>` means what comes after it.
    pub last_delivered: Id,
    /// How many entries of the stream lie up to there, deleted ones included; none when that is not
    /// known.
    pub entries_read: Option<u64>,
    pending: BTreeMap<Id, Pending>,
    /// The same by time of delivery, once somebody has asked in that order.
    by_time: Option<BTreeSet<(u64, Id)>>,
    names: BTreeMap<Box<[u8]>, ConsumerRef>,
    consumers: Vec<Option<Consumer>>,
    name_bytes: usize,
}

impl Group {
    /// A group without consumers that has read up to `last_delivered`.
    pub fn new(last_delivered: Id, entries_read: Option<u64>) -> Self {
        Group {
            last_delivered,
            entries_read,
            pending: BTreeMap::new(),
            by_time: None,
            names: BTreeMap::new(),
            consumers: Vec::new(),
            name_bytes: 0,
        }
    }

    /// The bytes it owns, about; takes constant time.
    pub(super) fn weight(&self) -> usize {
        let by_time =
            self.by_time.as_ref().map_or(0, BTreeSet::len) * size_of::<(u64, Id)>() * 3 / 2;
        let consumers = self.consumers.capacity() * CONSUMER_BYTES + 2 * self.name_bytes;
        self.pending.len() * PENDING_BYTES + by_time + consumers
    }

    /// The consumer of this name.
    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerRef> {
        self.names.get(name).copied()
    }

    /// Adds a consumer whose name no other has.
    pub fn add_consumer(&mut self, name: &[u8], now_ms: u64) -> ConsumerRef {
        let consumer = Consumer {
            name: name.into(),
            seen_ms: now_ms,
            active_ms: None,
            pending: BTreeSet::new(),
        };
        // Where no number is free, looking for one would take time in the number of consumers.
        let has_free = self.names.len() < self.consumers.len();
        let free = has_free.then(|| self.consumers.iter().position(Option::is_none)).flatten();
        let place = free.unwrap_or_else(|| {
            self.consumers.push(None);
            self.consumers.len() - 1
        });
        self.consumers[place] = Some(consumer);
        let number = ConsumerRef(place as u32);
        self.names.insert(name.into(), number);
        self.name_bytes += name.len();
        number
    }

    /// Removes a consumer with what it has not acknowledged; gives back how many that were.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let number = self.names.remove(name)?;
        let consumer = self.consumers[number.0 as usize].take().expect("a named consumer is there");
        for id in &consumer.pending {
            self.forget(*id);
        }
        self.name_bytes -= name.len();
        Some(consumer.pending.len())
    }

    /// A consumer.
    pub fn consumer(&self, number: ConsumerRef) -> &Consumer {
        self.consumers[number.0 as usize].as_ref().expect("a number stands for a consumer")
    }

    /// A consumer, to note when it came.
    pub fn consumer_mut(&mut self, number: ConsumerRef) -> &mut Consumer {
        self.consumers[number.0 as usize].as_mut().expect("a number stands for a consumer")
    }

    /// All consumers by name.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = &Consumer> {
        self.names.values().map(|number| self.consumer(*number))
    }

    /// How many entries are pending.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Whether and how an entry is pending.
    pub fn pending(&self, id: Id) -> Option<Pending> {
        self.pending.get(&id).copied()
    }

    /// What is pending from `from` to `to`, both included.
    pub fn pending_between(
        &self,
        from: Id,
        to: Id,
    ) -> impl DoubleEndedIterator<Item = (Id, Pending)> {
        let ids = (from <= to).then(|| self.pending.range(from..=to));
        ids.into_iter().flatten().map(|(id, pending)| (*id, *pending))
    }

    /// What is pending for one consumer, from `from` to `to`, both included.
    pub fn pending_of(
        &self,
        consumer: ConsumerRef,
        from: Id,
        to: Id,
    ) -> impl Iterator<Item = (Id, Pending)> {
        let ids = (from <= to).then(|| self.consumer(consumer).pending.range(from..=to));
        ids.into_iter().flatten().map(|id| (*id, self.pending[id]))
    }

    /// The entries that were last delivered at `ms` or before, the longest idle first. The first
    /// call takes time in the number of pending entries; later ones find the order kept.
    pub fn pending_since(&mut self, ms: u64) -> impl Iterator<Item = Id> {
        self.by_time().range(..=(ms, Id::MAX)).map(|(_, id)| *id)
    }

    /// When the first entry was delivered that was delivered after `ms`. Takes time as
    /// `pending_since`.
    pub fn first_delivery_after(&mut self, ms: u64) -> Option<u64> {
        let after = (ms.checked_add(1)?, Id::MIN);
        self.by_time().range(after..).next().map(|(delivered_ms, _)| *delivered_ms)
    }

    fn by_time(&mut self) -> &BTreeSet<(u64, Id)> {
        let pending = &self.pending;
        self.by_time.get_or_insert_with(|| {
            pending.iter().map(|(id, pending)| (pending.delivered_ms, *id)).collect()
        })
    }

    /// Notes that an entry is pending, and how; whatever was known of it is replaced.
    pub fn set_pending(&mut self, id: Id, pending: Pending) {
        if let Some(before) = self.pending.insert(id, pending) {
            self.forget_time(before.delivered_ms, id);
            if before.consumer != pending.consumer {
                self.consumer_mut(before.consumer).pending.remove(&id);
            }
        }
        self.consumer_mut(pending.consumer).pending.insert(id);
        if let Some(by_time) = &mut self.by_time {
            by_time.insert((pending.delivered_ms, id));
        }
    }

    /// Takes an entry off the list; false when it was not on it.
    pub fn acknowledge(&mut self, id: Id) -> bool {
        let Some(pending) = self.forget(id) else { return false };
        self.consumer_mut(pending.consumer).pending.remove(&id);
        true
    }

    fn forget(&mut self, id: Id) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        self.forget_time(pending.delivered_ms, id);
        Some(pending)
    }

    fn forget_time(&mut self, delivered_ms: u64, id: Id) {
        if let Some(by_time) = &mut self.by_time {
            by_time.remove(&(delivered_ms, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64) -> Id {
        Id { ms, seq: 0 }
    }

    fn ids_of(group: &Group, name: &[u8]) -> Vec<u64> {
        let consumer = group.find_consumer(name).expect("the consumer is there");
        group.pending_of(consumer, Id::MIN, Id::MAX).map(|(id, _)| id.ms).collect()
    }

    #[test]
    fn an_entry_is_pending_for_one_consumer() {
        let mut group = Group::new(Id::MIN, Some(0));
        let (a, b) = (group.add_consumer(b"a", 1), group.add_consumer(b"b", 1));
        let pending = |consumer| Pending { consumer, delivered_ms: 7, deliveries: 1 };
        group.set_pending(id(1), pending(a));
        group.set_pending(id(2), pending(a));
        group.set_pending(id(2), pending(b));
        assert_eq!((ids_of(&group, b"a"), ids_of(&group, b"b")), (vec![1], vec![2]));
        assert!(group.acknowledge(id(1)) && !group.acknowledge(id(1)));
        assert_eq!((ids_of(&group, b"a"), group.pending_len()), (vec![], 1));
    }

    #[test]
    fn a_consumer_goes_with_its_entries_and_its_number_is_given_again() {
        let mut group = Group::new(Id::MIN, None);
        let a = group.add_consumer(b"a", 1);
        group.add_consumer(b"b", 1);
        group.set_pending(id(1), Pending { consumer: a, delivered_ms: 7, deliveries: 1 });
        assert_eq!(group.remove_consumer(b"a"), Some(1));
        assert_eq!((group.remove_consumer(b"a"), group.pending_len()), (None, 0));
        assert_eq!(group.add_consumer(b"c", 2), a);
        let names: Vec<&[u8]> = group.consumers().map(|consumer| &*consumer.name).collect();
        assert_eq!(names, [&b"b"[..], b"c"]);
    }

    #[test]
    fn the_longest_idle_come_first() {
        let mut group = Group::new(Id::MIN, None);
        let consumer = group.add_consumer(b"a", 1);
        let pending = |delivered_ms| Pending { consumer, delivered_ms, deliveries: 1 };
        group.set_pending(id(1), pending(9));
        group.set_pending(id(2), pending(5));
        let since =
            |group: &mut Group| -> Vec<u64> { group.pending_since(8).map(|id| id.ms).collect() };
        assert_eq!(since(&mut group), [2]);
        group.set_pending(id(3), pending(4));
        group.set_pending(id(1), pending(8));
        assert_eq!(since(&mut group), [3, 2, 1]);
        group.set_pending(id(2), pending(9));
        group.acknowledge(id(3));
        assert_eq!(since(&mut group), [1]);
        assert_eq!((group.first_delivery_after(8), group.first_delivery_after(9)), (Some(9), None));
    }
}
