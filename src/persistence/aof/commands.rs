//! A base of commands: for each key those that make it, where `aof-use-rdb-preamble` is off.
//!
//! ```text
//! string      SET key value               sorted set  ZADD key score member …
//! list        RPUSH key element …         hash        HMSET key field value … HPEXPIREAT
//! set         SADD key member …           stream      see `stream`
//! deadline    PEXPIREAT key ms
//! ```
//! A large container is made by many calls, so that none of them keeps a server that loads it busy
//! for long.

use super::encode::{begin, call, select, timestamp, word};
use crate::persistence::failpoint;
use crate::persistence::rdb::write::Shown;
use crate::persistence::saving::Progress;
use crate::persistence::temporary;
use crate::store::{Keyspace, Saved, Visitor};
use crate::types::hash::Hash;
use crate::types::list::Order;
use crate::types::number::FloatBuffer;
use crate::types::set::{self, Member};
use crate::types::sorted_set::{self, Direction};
use crate::types::stream::{Group, Id, Stream};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Elements of one call: Redis's AOF_REWRITE_ITEMS_PER_CMD.
const ITEMS_OF_A_CALL: usize = 64;
/// So much is collected before it is written.
const BUFFER_BYTES: usize = 256 * 1024;

/// Writes all keys to a file, and brings it to the disk; `at_moment` runs at the moment that it
/// shows. `note_s` is the time to be noted at its beginning, where that is asked for.
///
/// # Errors
/// A sentence on what failed. There is no such file then.
pub fn write(
    keyspace: &Keyspace,
    place: &Path,
    note_s: Option<u64>,
    progress: &Progress,
    at_moment: &mut dyn FnMut(),
) -> Result<()> {
    let mut temporary = place.as_os_str().to_owned();
    temporary.push(".temp");
    temporary::put(place, temporary.as_ref(), |path| {
        write_keys(keyspace, path, note_s, progress, at_moment)
    })?;
    failpoint::reached("base-renamed").context("making the base")
}

fn write_keys(
    keyspace: &Keyspace,
    place: &Path,
    note_s: Option<u64>,
    progress: &Progress,
    at_moment: &mut dyn FnMut(),
) -> Result<()> {
    let told = || format!("writing {}", place.display());
    let file = File::create(place).with_context(told)?;
    let mut calls = Calls { file, out: Vec::new(), db: None, failure: None, holds_lock: false };
    if let Some(seconds) = note_s {
        timestamp(&mut calls.out, seconds);
    }
    let Some(mut snapshot) = keyspace.begin_snapshot(at_moment) else {
        bail!("a snapshot is under way");
    };
    failpoint::reached("base-moment").with_context(told)?;
    while snapshot.step(&mut calls) {
        let wrote = failpoint::reached("base-step").and_then(|()| calls.write_out());
        wrote.with_context(told)?;
        if progress.is_cancelled.load(Ordering::Relaxed) {
            bail!("it was cancelled");
        }
    }
    calls.write_out().and_then(|()| calls.file.sync_all()).with_context(told)?;
    failpoint::reached("base-written").with_context(told)
}

/// Calls on their way to the file.
struct Calls {
    file: File,
    out: Vec<u8>,
    db: Option<usize>,
    /// What went wrong while a value was shown.
    failure: Option<io::Error>,
    /// A shard is locked: nothing may be written to the file.
    holds_lock: bool,
}

impl Visitor for Calls {
    fn small(&mut self, record: Saved<'_>) {
        self.holds_lock = true;
        self.record(&record);
    }

    fn large(&mut self, record: Saved<'_>) {
        self.holds_lock = false;
        self.record(&record);
    }
}

impl Calls {
    fn write_out(&mut self) -> io::Result<()> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        self.file.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Between two elements of a value.
    fn rest(&mut self) {
        if !self.holds_lock
            && self.out.len() >= BUFFER_BYTES
            && let Err(error) = self.write_out()
        {
            self.out.clear();
            self.failure = Some(error);
        }
    }

    fn record(&mut self, saved: &Saved<'_>) {
        if self.db.replace(saved.db) != Some(saved.db) {
            select(&mut self.out, saved.db);
        }
        let key = saved.key;
        match Shown::of(&saved.value) {
            Shown::Number(number) => {
                let mut digits = itoa::Buffer::new();
                call(&mut self.out, &[b"SET", key, digits.format(number).as_bytes()]);
            }
            Shown::String(bytes) => call(&mut self.out, &[b"SET", key, bytes]),
            Shown::SmallList(list) => {
                let mut items = self.items(b"RPUSH", key, list.count(), 1);
                list.entries().for_each(|entry| items.add(&[entry.name]));
            }
            Shown::List(list) => {
                let mut items = self.items(b"RPUSH", key, list.len(), 1);
                list.walk(0..list.len(), Order::Forward, &mut |element| {
                    items.add(&[element.bytes]);
                    ControlFlow::Continue(())
                });
            }
            Shown::Set(set, _) => self.set(key, &set),
            Shown::SortedSet(set) => self.sorted_set(key, &set),
            Shown::SmallHash(hash) => {
                let mut items = self.items(b"HMSET", key, hash.count(), 2);
                hash.entries().for_each(|entry| items.add(&[entry.name, entry.value]));
            }
            Shown::Hash(hash) => self.hash(key, hash),
            Shown::Stream(stream) => self.stream(key, stream),
        }
        if let Some(ms) = saved.deadline {
            let mut digits = itoa::Buffer::new();
            call(&mut self.out, &[b"PEXPIREAT", key, digits.format(ms).as_bytes()]);
        }
    }

    /// The calls of a container of `count` elements, each of so many words.
    fn items<'c>(
        &'c mut self,
        name: &'static [u8],
        key: &'c [u8],
        count: usize,
        words: usize,
    ) -> Items<'c> {
        Items { calls: self, name, key, left: count, open: 0, words }
    }

    fn set(&mut self, key: &[u8], set: &set::View<'_>) {
        let mut items = self.items(b"SADD", key, set.len(), 1);
        set.for_each(|member| match member {
            Member::Integer(number) => items.add(&[itoa::Buffer::new().format(number).as_bytes()]),
            Member::Bytes(bytes) => items.add(&[bytes]),
        });
    }

    fn sorted_set(&mut self, key: &[u8], set: &sorted_set::View<'_>) {
        let mut items = self.items(b"ZADD", key, set.len(), 2);
        let mut text = FloatBuffer::new();
        for (member, score) in set.walk(0..set.len(), Direction::Up) {
            items.add(&[text.format(score).as_bytes(), member]);
        }
    }

    fn hash(&mut self, key: &[u8], hash: &Hash) {
        // At the moment 0 all fields are alive.
        let mut items = self.items(b"HMSET", key, hash.len(0), 2);
        for (field, value, _) in hash.iter_with_deadlines() {
            items.add(&[field, value]);
        }
        for (field, _, deadline_ms) in hash.iter_with_deadlines() {
            let Some(ms) = deadline_ms else { continue };
            let mut digits = itoa::Buffer::new();
            let ms = digits.format(ms).as_bytes();
            call(&mut self.out, &[b"HPEXPIREAT", key, ms, b"FIELDS", b"1", field]);
            self.rest();
        }
    }

    /// XADD for each entry, XSETID for what the stream remembers, then its groups.
    fn stream(&mut self, key: &[u8], stream: &Stream) {
        let facts = stream.facts();
        for entry in stream.log().range(Id::MIN, Id::MAX) {
            begin(&mut self.out, 3 + 2 * entry.len());
            word(&mut self.out, b"XADD");
            word(&mut self.out, key);
            word(&mut self.out, entry.id.to_string().as_bytes());
            for (name, value) in entry.fields() {
                word(&mut self.out, name);
                word(&mut self.out, value);
            }
            self.rest();
        }
        if facts.length == 0 {
            // Adds an entry and removes it: no id is 0-0.
            let id = facts.last.max(Id { ms: 0, seq: 1 }).to_string();
            let id = id.as_bytes();
            call(&mut self.out, &[b"XADD", key, b"MAXLEN", b"0", id, b"x", b"y"]);
        }
        let (last, deleted) = (facts.last.to_string(), facts.max_deleted.to_string());
        let added = facts.added.to_string();
        let (last, deleted, added) = (last.as_bytes(), deleted.as_bytes(), added.as_bytes());
        let (tells_added, tells_deleted) = (b"ENTRIESADDED", b"MAXDELETEDID");
        let set = [b"XSETID", key, last, tells_added, added, tells_deleted, deleted];
        call(&mut self.out, &set);
        for (name, group) in stream.groups() {
            self.group(key, name, group);
        }
    }

    fn group(&mut self, key: &[u8], name: &[u8], group: &Group) {
        let id = group.last_delivered.to_string();
        let read = group.entries_read.map_or("-1".to_string(), |read| read.to_string());
        let (id, read) = (id.as_bytes(), read.as_bytes());
        call(&mut self.out, &[b"XGROUP", b"CREATE", key, name, id, b"ENTRIESREAD", read]);
        for consumer in group.consumers() {
            let owner = &*consumer.name;
            call(&mut self.out, &[b"XGROUP", b"CREATECONSUMER", key, name, owner]);
            let number = group.find_consumer(owner).expect("a consumer has its name");
            for (id, pending) in group.pending_of(number, Id::MIN, Id::MAX) {
                let (id, ms) = (id.to_string(), pending.delivered_ms.to_string());
                let (id, ms) = (id.as_bytes(), ms.as_bytes());
                let count = pending.deliveries.to_string();
                let head: [&[u8]; 6] = [b"XCLAIM", key, name, owner, b"0", id];
                let tail: [&[u8]; 6] =
                    [b"TIME", ms, b"RETRYCOUNT", count.as_bytes(), b"JUSTID", b"FORCE"];
                begin(&mut self.out, head.len() + tail.len());
                head.iter().chain(&tail).for_each(|each| word(&mut self.out, each));
                self.rest();
            }
        }
    }
}

/// The elements of a container, in calls of `ITEMS_OF_A_CALL`.
struct Items<'c> {
    calls: &'c mut Calls,
    name: &'static [u8],
    key: &'c [u8],
    /// Elements that no call was begun for.
    left: usize,
    /// Elements that the call still lacks.
    open: usize,
    /// Words of an element.
    words: usize,
}

impl Items<'_> {
    fn add(&mut self, words: &[&[u8]]) {
        let out = &mut self.calls.out;
        if self.open == 0 {
            self.open = self.left.min(ITEMS_OF_A_CALL);
            self.left -= self.open;
            begin(out, 2 + self.open * self.words);
            word(out, self.name);
            word(out, self.key);
        }
        words.iter().for_each(|each| word(out, each));
        self.open -= 1;
        if self.open == 0 {
            self.calls.rest();
        }
    }
}
