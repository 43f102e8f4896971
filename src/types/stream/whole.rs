//! A stream: its entries, what it remembers of those that have gone, and its groups.

use super::block::Pairs;
use super::group::Group;
use super::id::Id;
use super::log::{Limits, Log};
use super::nodes::radix_tree_nodes;
use super::producers::Producers;
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

/// What a group takes beside what it owns.
const GROUP_BYTES: usize = size_of::<Group>() * 3 / 2;

/// A stream.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    pub(super) log: Log,
    groups: BTreeMap<Box<[u8]>, Group>,
    groups_weight: usize,
    facts: Facts,
    producers: Option<Box<Producers>>,
}

/// What a stream knows of the entries it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// How many entries there are.
    pub length: u64,
    /// The oldest one; 0-0 when there is none.
    pub first: Id,
    /// The last id that was given.
    pub last: Id,
    /// The greatest id that XDEL or its like removed.
    pub max_deleted: Id,
    /// How many entries were ever added.
    pub added: u64,
}

impl Stream {
    /// An empty stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        let producers = self.producers.as_ref();
        let producers = producers.map_or(0, |known| known.weight() + size_of::<Producers>());
        self.log.weight() + self.groups_weight + producers
    }

    /// The encoding Redis would name.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }

    /// Its entries.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What it knows of the entries it had.
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// The id an entry gets that comes at `now_ms`; none when ids have run out.
    pub fn next_id(&self, now_ms: u64) -> Option<Id> {
        match now_ms > self.facts.last.ms {
            true => Some(Id { ms: now_ms, seq: 0 }),
            false => self.facts.last.next(),
        }
    }

    /// Adds an entry, whose id is greater than the last one.
    pub fn add(&mut self, id: Id, pairs: Pairs<'_>, limits: Limits) {
        debug_assert!(id > self.facts.last, "ids only grow");
        self.log.push(id, pairs, limits);
        self.facts.last = id;
        self.facts.added += 1;
        self.facts.length += 1;
        if self.facts.length == 1 {
            self.facts.first = id;
        }
    }

    /// Deletes an entry as XDEL does; false when it is not there. Groups keep what they know of it.
    pub fn delete(&mut self, id: Id) -> bool {
        if !self.log.delete(id) {
            return false;
        }
        self.facts.max_deleted = self.facts.max_deleted.max(id);
        if id == self.facts.first || self.log.is_empty() {
            self.note_first();
        }
        self.facts.length = self.log.len();
        true
    }

    /// Notes what is left after entries went.
    pub(super) fn note_first(&mut self) {
        self.facts.length = self.log.len();
        self.facts.first = self.log.first().map_or(Id::MIN, |entry| entry.id);
    }

    /// Sets what XSETID sets.
    pub fn set_facts(&mut self, last: Id, added: Option<u64>, max_deleted: Option<Id>) {
        self.facts.last = last;
        self.facts.added = added.unwrap_or(self.facts.added);
        self.facts.max_deleted = max_deleted.unwrap_or(self.facts.max_deleted);
    }

    /// How many nodes Redis's radix tree would have. Takes time in the number of blocks.
    pub fn radix_tree_nodes(&self) -> u64 {
        radix_tree_nodes(self.log.blocks().map(|block| block.base))
    }

    /// The group of this name.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// All groups by name.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.groups.iter().map(|(name, group)| (&**name, group))
    }

    /// The group of this name to change, and the entries.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<(GroupMut<'_>, &Log)> {
        let group = self.groups.get_mut(name)?;
        let before = group.weight();
        Some((GroupMut { group, before, total: &mut self.groups_weight }, &self.log))
    }

    /// Adds a group; false when there is one of this name.
    pub fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        if self.groups.contains_key(name) {
            return false;
        }
        self.groups_weight += group.weight() + GROUP_BYTES + name.len();
        self.groups.insert(name.into(), group);
        true
    }

    /// Removes a group; false when there is none.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        let Some(group) = self.groups.remove(name) else { return false };
        self.groups_weight -= group.weight() + GROUP_BYTES + name.len();
        true
    }

    /// Whether a group has yet to read an entry, or to acknowledge it.
    pub fn is_referenced(&self, id: Id) -> bool {
        let waits = |group: &Group| group.last_delivered < id || group.pending(id).is_some();
        self.groups.values().any(waits)
    }

    /// Takes an entry off the lists of all groups; false when it was on none.
    pub fn drop_references(&mut self, id: Id) -> bool {
        let mut found = false;
        for group in self.groups.values_mut() {
            let before = group.weight();
            found |= group.acknowledge(id);
            self.groups_weight = self.groups_weight - before + group.weight();
        }
        found
    }

    /// What it knows of producers, once one has named itself.
    pub fn producers(&self) -> Option<&Producers> {
        self.producers.as_deref()
    }

    /// What it knows of producers, which begins as `first` says.
    pub fn producers_mut(&mut self, first: impl FnOnce() -> Producers) -> &mut Producers {
        self.producers.get_or_insert_with(|| Box::new(first()))
    }
}

impl Facts {
    /// How many entries lie up to `id`, deleted ones included; none where the stream cannot tell.
    pub fn distance(&self, id: Id) -> Option<u64> {
        let has_gone = self.length == 0 && id <= self.last;
        if self.added == 0 || has_gone || id == self.last && !self.is_cut(id) {
            return Some(self.added);
        }
        let is_unclear = self.is_cut(id) || id > self.last;
        if is_unclear || (self.max_deleted != Id::MIN && self.max_deleted >= self.first) {
            return None;
        }
        let before_first = self.added.wrapping_sub(self.length);
        match id.cmp(&self.first) {
            std::cmp::Ordering::Less => Some(before_first),
            std::cmp::Ordering::Equal => Some(before_first + 1),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// Whether an entry after `id` was deleted.
    fn is_cut(&self, id: Id) -> bool {
        id != Id::MIN && id < self.max_deleted
    }

    /// Whether an entry from `id` on was deleted, as far as that matters for what is still there.
    pub fn has_gap_from(&self, id: Id) -> bool {
        self.length != 0 && self.max_deleted != Id::MIN && id <= self.max_deleted
    }

    /// How many entries `group` has yet to read; none where the stream cannot tell.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        if self.added == 0 || self.length == 0 {
            return Some(0);
        }
        if group.last_delivered < self.first && self.max_deleted < self.first {
            return Some(self.length as i64);
        }
        let known = group.entries_read.filter(|_| !self.has_gap_from(group.last_delivered));
        let read = known.or_else(|| self.distance(group.last_delivered))?;
        Some((self.added as i64).wrapping_sub(read as i64))
    }

    /// Notes in `group` that the entry at `id`, which comes after all it has read, was delivered.
    pub fn deliver(&self, group: &mut Group, id: Id) {
        match group.entries_read {
            // Behind a trim it may have missed entries that it never read.
            Some(read)
                if group.last_delivered >= self.first
                    && !self.has_gap_from(group.last_delivered) =>
            {
                group.entries_read = Some(read.wrapping_add(1));
            }
            _ if self.added != 0 => group.entries_read = self.distance(id),
            _ => {}
        }
        group.last_delivered = id;
    }
}

/// A group to change; the stream's account of memory follows.
pub struct GroupMut<'a> {
    group: &'a mut Group,
    before: usize,
    total: &'a mut usize,
}

impl Deref for GroupMut<'_> {
    type Target = Group;

    fn deref(&self) -> &Group {
        self.group
    }
}

impl DerefMut for GroupMut<'_> {
    fn deref_mut(&mut self) -> &mut Group {
        self.group
    }
}

impl Drop for GroupMut<'_> {
    fn drop(&mut self) {
        *self.total = *self.total - self.before + self.group.weight();
    }
}
