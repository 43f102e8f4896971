//! What the journal gets of a delivery: to whom entries went, and how far the group has come.
//!
//! An XCLAIM for each entry says who has it, since when, and how often it was delivered; it does so
//! at whatever time it is replayed. Times at which a consumer was seen, and what it read again of
//! its own history, are not told, as in Redis.
//! Source: https://redis.io/docs/latest/commands/xclaim/ (FORCE, JUSTID, LASTID)

use crate::store::{Class, Db};
use crate::types::stream::{ConsumerRef, Group, Id, IdText, Pending};

/// What a command did to one group of one stream.
pub struct Delivery<'a> {
    key: &'a [u8],
    /// The name of the group.
    pub group: &'a [u8],
    consumer: &'a [u8],
    /// Whether anybody reads the journal: if not, nothing is noted entry by entry.
    is_followed: bool,
    has_new_consumer: bool,
    has_changed: bool,
    has_moved: bool,
    given: Vec<Id>,
    forgotten: Vec<Id>,
    /// How it all ended.
    claimed: Vec<(Id, Pending)>,
    last_delivered: Id,
    entries_read: Option<u64>,
}

impl<'a> Delivery<'a> {
    /// Nothing so far.
    pub fn new(db: &Db, [key, group, consumer]: [&'a [u8]; 3]) -> Self {
        Delivery {
            key,
            group,
            consumer,
            is_followed: db.is_followed(),
            has_new_consumer: false,
            has_changed: false,
            has_moved: false,
            given: Vec::new(),
            forgotten: Vec::new(),
            claimed: Vec::new(),
            last_delivered: Id::MIN,
            entries_read: None,
        }
    }

    /// The consumer, who was seen now; adds it when there is none of its name.
    pub fn find_consumer(&mut self, group: &mut Group, now_ms: u64) -> ConsumerRef {
        let consumer = group.find_consumer(self.consumer).unwrap_or_else(|| {
            self.has_new_consumer = true;
            group.add_consumer(self.consumer, now_ms)
        });
        group.consumer_mut(consumer).seen_ms = now_ms;
        consumer
    }

    /// Notes that the group's last delivered id is another one.
    pub fn note_move(&mut self) {
        self.has_moved = true;
        self.has_changed = true;
    }

    /// Gives an entry to the consumer.
    pub fn give(&mut self, group: &mut Group, id: Id, pending: Pending) {
        group.set_pending(id, pending);
        self.has_changed = true;
        if self.is_followed {
            self.given.push(id);
        }
    }

    /// Takes an entry that has gone from the stream off the group's list.
    pub fn forget(&mut self, group: &mut Group, id: Id) {
        if group.acknowledge(id) {
            self.has_changed = true;
            self.forgotten.push(id);
        }
    }

    /// Notes how things stand in the end.
    pub fn finish(&mut self, group: &Group) {
        self.last_delivered = group.last_delivered;
        self.entries_read = group.entries_read;
        let pending = |id: Id| group.pending(id).map(|pending| (id, pending));
        self.claimed = self.given.iter().filter_map(|id| pending(*id)).collect();
    }

    /// Tells the journal.
    pub fn tell(&self, db: &mut Db) {
        if self.has_new_consumer {
            db.changed(Class::Stream, "xgroup-createconsumer", self.key);
            let words: [&[u8]; 5] =
                [b"XGROUP", b"CREATECONSUMER", self.key, self.group, self.consumer];
            db.replay_as(&words);
        }
        if !self.has_changed {
            return;
        }
        db.changed_unwatched();
        if !self.is_followed {
            return;
        }
        let mut text = IdText::new();
        for id in &self.forgotten {
            db.replay_as(&[b"XACK", self.key, self.group, id.text(&mut text)]);
        }
        for (id, pending) in &self.claimed {
            self.replay_claim(db, *id, pending);
        }
        if self.has_moved {
            self.replay_move(db);
        }
    }

    fn replay_claim(&self, db: &mut Db, id: Id, pending: &Pending) {
        let (mut id_text, mut last_text) = (IdText::new(), IdText::new());
        let (mut time, mut count) = (itoa::Buffer::new(), itoa::Buffer::new());
        db.replay_as(&[
            b"XCLAIM",
            self.key,
            self.group,
            self.consumer,
            b"0",
            id.text(&mut id_text),
            b"TIME",
            time.format(pending.delivered_ms).as_bytes(),
            b"RETRYCOUNT",
            count.format(pending.deliveries.cast_signed()).as_bytes(),
            b"FORCE",
            b"JUSTID",
            b"LASTID",
            self.last_delivered.text(&mut last_text),
        ]);
    }

    fn replay_move(&self, db: &mut Db) {
        let (mut text, mut read) = (IdText::new(), itoa::Buffer::new());
        db.replay_as(&[
            b"XGROUP",
            b"SETID",
            self.key,
            self.group,
            self.last_delivered.text(&mut text),
            b"ENTRIESREAD",
            self.entries_read.map_or("-1", |count| read.format(count)).as_bytes(),
        ]);
    }
}
