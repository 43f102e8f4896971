//! A hash too large for its record, or with fields that have deadlines.
//!
//! ```text
//! fields ─► Dict: field, value beside it
//! deadlines, if any field has one ─► by field, and by time
//! ```
//! A field past its deadline is absent for whoever looks, though it is still here until
//! `remove_due` finds it: so everything that looks is told the time. Which encoding Redis would
//! name follows the thresholds, which whoever inserts compares; it never goes back.
//! Source: https://redis.io/docs/latest/commands/hexpire/

mod deadlines;
#[cfg(test)]
mod tests;

use super::dict::{Beside, Dict, Ref};
use super::packed::Packed;
use deadlines::Deadlines;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What becomes of a field's deadline when its value is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ttl {
    /// It stays.
    Keep,
    /// It goes: HSET.
    Clear,
}

/// How Redis would store the hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Form {
    /// One listpack.
    Listpack,
    /// One listpack with a deadline for each field.
    ListpackWithDeadlines,
    /// A hash table.
    Table,
}

/// A hash too large for its record, or with deadlines.
pub struct Hash {
    fields: Dict,
    deadlines: Option<Box<Deadlines>>,
    form: Form,
    /// The deadline under which the store has the hash on its list, if it has.
    noted_ms: AtomicU64,
}

/// The hash is on no list.
const NOT_NOTED: u64 = u64::MAX;

impl Default for Hash {
    fn default() -> Self {
        Hash::new()
    }
}

impl Clone for Hash {
    fn clone(&self) -> Self {
        // The copy is on nobody's list.
        Hash {
            fields: self.fields.clone(),
            deadlines: self.deadlines.clone(),
            form: self.form,
            noted_ms: AtomicU64::new(NOT_NOTED),
        }
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Hash of {} fields, {:?}", self.fields.len(), self.form)
    }
}

impl Hash {
    /// A hash without fields.
    pub fn new() -> Self {
        Hash {
            fields: Dict::new(Beside::Bytes),
            deadlines: None,
            form: Form::Listpack,
            noted_ms: AtomicU64::new(NOT_NOTED),
        }
    }

    /// The hash that a packed one becomes.
    pub fn from_packed(packed: &Packed<'_>) -> Self {
        let mut hash = Hash::new();
        for entry in packed.entries() {
            hash.fields.insert(entry.name, entry.value);
        }
        if packed.is_converted() {
            hash.form = Form::Table;
        }
        hash
    }

    /// The fields, with their values beside them.
    pub fn elements(&self) -> &Dict {
        &self.fields
    }

    /// How many fields are alive.
    pub fn len(&self, now_ms: u64) -> usize {
        self.fields.len() - self.due(now_ms).map_or(0, |deadlines| deadlines.due(now_ms))
    }

    /// Whether there is no field at all, not even a dead one.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether every field is dead: then the key is absent for everybody.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.due(now_ms).is_some_and(|deadlines| {
            deadlines.len() == self.fields.len()
                && deadlines.last_ms().is_some_and(|last_ms| last_ms <= now_ms)
        })
    }

    /// The value of a field that is alive.
    #[inline]
    pub fn get(&self, field: &[u8], now_ms: u64) -> Option<&[u8]> {
        Some(self.fields.beside(self.living(field, now_ms)?))
    }

    /// Sets the value of a field; true when there was none alive of that name.
    #[inline]
    pub fn set(&mut self, field: &[u8], value: &[u8], ttl: Ttl, now_ms: u64) -> bool {
        let Some(found) = self.fields.find(field) else {
            self.fields.insert(field, value);
            return true;
        };
        let was_dead = self.is_dead(found, now_ms);
        let new = self.fields.set_beside(found, value);
        if let Some(deadlines) = &mut self.deadlines {
            if ttl == Ttl::Clear || was_dead {
                deadlines.set(found, None);
            } else if new != found {
                deadlines.moved(found, new);
            }
        }
        was_dead
    }

    /// Removes a field; true when it was alive.
    pub fn remove(&mut self, field: &[u8], now_ms: u64) -> bool {
        let Some(found) = self.fields.find(field) else { return false };
        let was_dead = self.is_dead(found, now_ms);
        self.take_out(found, field);
        !was_dead
    }

    fn take_out(&mut self, found: Ref, field: &[u8]) {
        if let Some(deadlines) = &mut self.deadlines {
            deadlines.set(found, None);
        }
        self.fields.remove(field);
        let deadlines = &mut self.deadlines;
        self.fields.compact(|from, to| {
            if let Some(deadlines) = deadlines {
                deadlines.moved(from, to);
            }
        });
    }

    /// When a field dies: none where it is not there or dead, `Some(None)` where it lives for ever.
    pub fn deadline(&self, field: &[u8], now_ms: u64) -> Option<Option<u64>> {
        let found = self.living(field, now_ms)?;
        Some(self.deadlines.as_ref().and_then(|deadlines| deadlines.of(found)))
    }

    /// Gives a living field a deadline, or takes it away; the store is to be told.
    pub fn set_deadline(&mut self, field: &[u8], deadline_ms: Option<u64>) {
        let Some(found) = self.fields.find(field) else { return };
        if deadline_ms.is_some() {
            self.expect_deadlines();
        }
        if deadline_ms.is_some() || self.deadlines.is_some() {
            self.deadlines.get_or_insert_default().set(found, deadline_ms);
        }
    }

    /// Removes fields that are dead, `most` of them at the most; tells which.
    pub fn remove_due(&mut self, now_ms: u64, most: usize) -> Vec<Box<[u8]>> {
        let mut removed = Vec::new();
        while removed.len() < most {
            let first = self.deadlines.as_ref().and_then(|deadlines| deadlines.first());
            let Some((_, found)) = first.filter(|(ms, _)| *ms <= now_ms) else { break };
            let field: Box<[u8]> = self.fields.key(found).into();
            self.take_out(found, &field);
            removed.push(field);
        }
        if self.deadlines.as_ref().is_some_and(|deadlines| deadlines.len() == 0) {
            self.deadlines = None;
        }
        removed
    }

    /// The first deadline of a field.
    #[inline]
    pub fn next_due(&self) -> Option<u64> {
        self.deadlines.as_ref()?.first().map(|(ms, _)| ms)
    }

    /// Under which deadline the store has the hash on its list.
    pub fn noted_ms(&self) -> Option<u64> {
        let ms = self.noted_ms.load(Ordering::Relaxed);
        (ms != NOT_NOTED).then_some(ms)
    }

    /// Notes under which deadline the store has it.
    ///
    /// Whoever shares the hash may call it: only the store reads it, under its lock.
    pub fn set_noted_ms(&self, noted_ms: Option<u64>) {
        self.noted_ms.store(noted_ms.unwrap_or(NOT_NOTED), Ordering::Relaxed);
    }

    /// The living fields with their values, in no order.
    pub fn iter(&self, now_ms: u64) -> impl Iterator<Item = (&[u8], &[u8])> {
        let due = self.due(now_ms);
        let is_living = move |found: &Ref| {
            due.and_then(|deadlines| deadlines.of(*found)).is_none_or(|ms| ms > now_ms)
        };
        self.fields.iter().filter(is_living).map(|found| self.pair(found))
    }

    /// All fields with their values and deadlines, dead ones included, in no order.
    pub fn iter_with_deadlines(&self) -> impl Iterator<Item = (&[u8], &[u8], Option<u64>)> {
        let deadlines = self.deadlines.as_deref();
        self.fields.iter().map(move |found| {
            let (field, value) = self.pair(found);
            (field, value, deadlines.and_then(|deadlines| deadlines.of(found)))
        })
    }

    /// Shows the living fields at `cursor` with their values, about a dozen; gives back the next
    /// cursor, 0 after the last.
    pub fn scan<'a>(
        &'a self,
        cursor: u64,
        now_ms: u64,
        mut visit: impl FnMut(&'a [u8], &'a [u8]),
    ) -> u64 {
        self.fields.scan(cursor, |found| {
            if !self.is_dead(found, now_ms) {
                let (field, value) = self.pair(found);
                visit(field, value);
            }
        })
    }

    /// A living field with its value, all being equally likely; there must be one.
    pub fn random(&self, now_ms: u64) -> (&[u8], &[u8]) {
        let dead = self.fields.len() - self.len(now_ms);
        // Few are dead: drawing again is quicker than counting, and as fair.
        if dead * 2 <= self.fields.len() {
            loop {
                let found = self.fields.random();
                if dead == 0 || !self.is_dead(found, now_ms) {
                    return self.pair(found);
                }
            }
        }
        let index = fastrand::usize(..self.len(now_ms));
        self.iter(now_ms).nth(index).expect("one of those that were counted")
    }

    /// How Redis would store it.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Notes for good that Redis would have made room for deadlines.
    pub fn expect_deadlines(&mut self) {
        self.form = self.form.max(Form::ListpackWithDeadlines);
    }

    /// Notes for good that Redis would have made a table of it.
    pub fn set_converted(&mut self) {
        self.form = Form::Table;
    }

    /// The encoding Redis would name.
    pub fn encoding(&self) -> &'static str {
        match self.form {
            Form::Listpack => "listpack",
            Form::ListpackWithDeadlines => "listpackex",
            Form::Table => "hashtable",
        }
    }

    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        self.fields.weight() + self.deadlines.as_ref().map_or(0, |deadlines| deadlines.weight())
    }

    #[inline]
    fn living(&self, field: &[u8], now_ms: u64) -> Option<Ref> {
        self.fields.find(field).filter(|found| !self.is_dead(*found, now_ms))
    }

    #[inline]
    fn is_dead(&self, found: Ref, now_ms: u64) -> bool {
        let due = self.due(now_ms);
        due.and_then(|deadlines| deadlines.of(found)).is_some_and(|ms| ms <= now_ms)
    }

    /// The deadlines, if any of them has passed.
    #[inline]
    fn due(&self, now_ms: u64) -> Option<&Deadlines> {
        let deadlines = self.deadlines.as_deref()?;
        deadlines.first().is_some_and(|(ms, _)| ms <= now_ms).then_some(deadlines)
    }

    #[inline]
    fn pair(&self, found: Ref) -> (&[u8], &[u8]) {
        (self.fields.key(found), self.fields.beside(found))
    }
}
