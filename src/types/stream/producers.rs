//! Producers that may send an entry twice: the ids they gave to what they sent last.
//!
//! A producer gives each entry an id of its own choice; when it comes again, the stream answers the
//! entry it has already. So many are kept for each producer, for so long.
//! Source: https://redis.io/docs/latest/develop/data-types/streams/idempotency/

use super::id::Id;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// What an idempotent id takes beside its bytes, which are kept twice.
const SENT_BYTES: usize = 3 * size_of::<Box<[u8]>>() + 2 * size_of::<Id>();

/// How many ids are kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// `IDMP-DURATION`
    pub seconds: u32,
    /// `IDMP-MAXSIZE`: for each producer.
    pub ids: u32,
}

#[derive(Debug, Clone, Default)]
struct Sent {
    entries: HashMap<Box<[u8]>, Id>,
    /// Oldest first.
    order: VecDeque<Box<[u8]>>,
}

/// The producers of a stream.
#[derive(Debug, Clone)]
pub struct Producers {
    keeping: Keeping,
    by_name: BTreeMap<Box<[u8]>, Sent>,
    /// How many entries came with an idempotent id, ever.
    pub added: u64,
    /// How many of them came again, ever.
    pub duplicates: u64,
    weight: usize,
}

impl Producers {
    /// No producers.
    pub fn new(keeping: Keeping) -> Self {
        Producers { keeping, by_name: BTreeMap::new(), added: 0, duplicates: 0, weight: 0 }
    }

    /// The bytes they own, about.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// How many ids are kept, and for how long.
    pub fn keeping(&self) -> Keeping {
        self.keeping
    }

    /// Changes how many are kept, and for how long; forgets all there are if that is something new.
    pub fn keep(&mut self, keeping: Keeping) {
        if keeping != self.keeping {
            let (added, duplicates) = (self.added, self.duplicates);
            *self = Producers { added, duplicates, ..Producers::new(keeping) };
        }
    }

    /// The entry that `producer` sent as `idempotent` before.
    pub fn find(&self, producer: &[u8], idempotent: &[u8], now_ms: u64) -> Option<Id> {
        let found = self.by_name.get(producer)?.entries.get(idempotent).copied();
        found.filter(|id| !self.is_past(*id, now_ms))
    }

    /// Notes what `producer` sent as `idempotent`, which it has not sent before.
    pub fn note(&mut self, producer: &[u8], idempotent: &[u8], id: Id, now_ms: u64) {
        self.forget_past(producer, now_ms);
        let most = self.keeping.ids as usize;
        if !self.by_name.contains_key(producer) {
            self.by_name.insert(producer.into(), Sent::default());
            self.weight += producer.len() + size_of::<Sent>();
        }
        let sent = self.by_name.get_mut(producer).expect("it was just put there");
        while sent.order.len() >= most
            && let Some(oldest) = sent.order.pop_front()
        {
            sent.entries.remove(&oldest);
            self.weight -= 2 * oldest.len() + SENT_BYTES;
        }
        sent.entries.insert(idempotent.into(), id);
        sent.order.push_back(idempotent.into());
        self.weight += 2 * idempotent.len() + SENT_BYTES;
        self.added += 1;
    }

    /// How many producers and ids are known at `now_ms`. Takes time in the number of producers.
    pub fn count(&self, now_ms: u64) -> (u64, u64) {
        let kept = |sent: &Sent| {
            let is_past = |sent_id: &_| self.is_past(sent.entries[sent_id], now_ms);
            (sent.order.len() - sent.order.partition_point(is_past)) as u64
        };
        let counts = self.by_name.values().map(kept).filter(|kept| *kept > 0);
        counts.fold((0, 0), |(producers, ids), kept| (producers + 1, ids + kept))
    }

    fn is_past(&self, id: Id, now_ms: u64) -> bool {
        now_ms.saturating_sub(id.ms) >= u64::from(self.keeping.seconds) * 1000
    }

    /// Drops what is no longer kept: of this producer, and of the one after it, so that producers
    /// that send nothing more are not kept for ever.
    fn forget_past(&mut self, producer: &[u8], now_ms: u64) {
        use std::ops::Bound::{Excluded, Unbounded};
        let others = self.by_name.range::<[u8], _>((Excluded(producer), Unbounded));
        let other = others.map(|(name, _)| name.clone()).next();
        for name in [Some(producer.into()), other].into_iter().flatten() {
            let Some(mut sent) = self.by_name.remove(&name) else { continue };
            while let Some(oldest) = sent.order.front()
                && self.is_past(sent.entries[oldest], now_ms)
            {
                self.weight -= 2 * oldest.len() + SENT_BYTES;
                sent.entries.remove(oldest);
                sent.order.pop_front();
            }
            match sent.order.is_empty() {
                true => self.weight -= name.len() + size_of::<Sent>(),
                false => drop(self.by_name.insert(name, sent)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEPING: Keeping = Keeping { seconds: 1, ids: 2 };

    fn id(ms: u64) -> Id {
        Id { ms, seq: 0 }
    }

    #[test]
    fn the_oldest_id_makes_room() {
        let mut producers = Producers::new(KEEPING);
        for (at, name) in [b"a", b"b", b"c"].into_iter().enumerate() {
            producers.note(b"p", name, id(at as u64), 0);
        }
        let found = [b"a", b"b", b"c"].map(|name| producers.find(b"p", name, 0));
        assert_eq!(found, [None, Some(id(1)), Some(id(2))]);
        assert_eq!((producers.find(b"q", b"c", 0), producers.count(0)), (None, (1, 2)));
    }

    #[test]
    fn ids_are_forgotten_in_time() {
        let mut producers = Producers::new(KEEPING);
        producers.note(b"p", b"a", id(100), 100);
        producers.note(b"q", b"a", id(600), 600);
        assert_eq!(producers.find(b"p", b"a", 1099), Some(id(100)));
        assert_eq!((producers.find(b"p", b"a", 1100), producers.count(1100)), (None, (1, 1)));
        producers.note(b"o", b"a", id(1700), 1700);
        producers.note(b"p", b"b", id(1700), 1700);
        assert_eq!((producers.count(1700), producers.by_name.len()), ((2, 2), 2));
    }

    #[test]
    fn new_settings_begin_anew() {
        let mut producers = Producers::new(KEEPING);
        producers.note(b"p", b"a", id(1), 1);
        producers.keep(KEEPING);
        assert_eq!(producers.find(b"p", b"a", 1), Some(id(1)));
        producers.keep(Keeping { ids: 3, ..KEEPING });
        assert_eq!((producers.find(b"p", b"a", 1), producers.added), (None, 1));
        assert_eq!(producers.weight, 0);
    }
}
