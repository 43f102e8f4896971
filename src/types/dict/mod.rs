//! Dict: keys, each once, found by their hash, with something beside each: a set's members, a
//! hash's fields and values, a sorted set's members and scores.
//!
//! ```text
//!   hash ─► index: tags and references, 5.3 bytes a slot ─► element in the arena: key and what is
//!                                                           beside it, in granules of 4 bytes
//! ```
//! Nothing is moved at once but small parts: a dict of ten millions grows and shrinks in steps of
//! at most a thousand elements. An element keeps its reference until it is removed, `set_beside`
//! gives another one, or `compact` says so.
//!
//! - `elements`: an element as bytes; `arena`: the memory they lie in
//! - `index`: the directory and its segments

mod arena;
mod elements;
mod index;
#[cfg(test)]
mod tests;

use elements::Elements;
use foldhash::fast::RandomState;
use index::Index;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

/// How many elements one call of `compact` moves.
const MOVES: usize = 4;

static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// An element of a dict.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ref(u32);

/// What stands beside each key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beside {
    /// Nothing: a set.
    Nothing,
    /// Eight bytes: a score.
    Fixed8,
    /// Bytes: a value.
    Bytes,
}

/// Keys, each once, with something beside each.
#[derive(Clone)]
pub struct Dict {
    index: Index,
    elements: Elements,
    len: usize,
    /// Its own, so that walking one dict to fill another does not fill one segment after the
    /// other.
    seed: u64,
}

impl Dict {
    /// An empty dict.
    pub fn new(beside: Beside) -> Self {
        let seed = fastrand::u64(..);
        Dict { index: Index::new(), elements: Elements::new(beside), len: 0, seed }
    }

    /// How many keys there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no key.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element with this key.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<Ref> {
        let found = self.index.find(self.hash(key), |element| self.elements.key(element) == key);
        found.map(|(_, element)| element)
    }

    /// The hash of a key, for the two below.
    #[inline]
    pub fn hash_of(&self, key: &[u8]) -> u64 {
        self.hash(key)
    }

    /// Asks the processor for the cache line that a look-up of `hash` reads first.
    #[inline]
    pub fn prefetch_group(&self, hash: u64) {
        self.index.prefetch(hash);
    }

    /// Asks the processor for the element that a look-up of `hash` is likely to read; reads the
    /// group, so call `prefetch_group` some time before.
    #[inline]
    pub fn prefetch_element(&self, hash: u64) {
        if let Some(element) = self.index.guess(hash) {
            self.elements.prefetch(element);
        }
    }

    /// Puts a key that is not there, with what is to stand beside it.
    #[inline]
    pub fn insert(&mut self, key: &[u8], beside: &[u8]) -> Ref {
        self.insert_hashed(self.hash(key), key, beside)
    }

    /// Puts a key without anything beside it, unless it is there; true when it was not.
    #[inline]
    pub fn add(&mut self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        if self.index.find(hash, |element| self.elements.key(element) == key).is_some() {
            return false;
        }
        self.insert_hashed(hash, key, b"");
        true
    }

    #[inline]
    fn insert_hashed(&mut self, hash: u64, key: &[u8], beside: &[u8]) -> Ref {
        debug_assert!(self.find(key).is_none(), "a key is inserted once");
        let element = self.elements.add(key, beside);
        let hashes = Hashes { elements: &self.elements, seed: self.seed };
        self.index.insert(hash, element, hashes);
        self.len += 1;
        element
    }

    /// Removes a key; false when it was not there. All other elements stay where they are.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        let found = self.index.find(hash, |element| self.elements.key(element) == key);
        let Some((slot, element)) = found else {
            return false;
        };
        let hashes = Hashes { elements: &self.elements, seed: self.seed };
        self.index.remove(hash, slot, hashes);
        self.elements.remove(element);
        self.len -= 1;
        true
    }

    /// Moves a few elements, if that can give memory back; tells of each where it was and where it
    /// is. To be called after every removal by whoever can bear that elements move.
    pub fn compact(&mut self, mut moved: impl FnMut(Ref, Ref)) {
        for _ in 0..MOVES {
            let Some((from, to)) = self.elements.move_one() else {
                return;
            };
            let hash = self.hashes().of(to);
            let found = self.index.find(hash, |element| element == from);
            let (slot, _) = found.expect("an element that moves is in the index");
            self.index.replace(slot, to);
            moved(from, to);
        }
    }

    /// The key of an element.
    #[inline]
    pub fn key(&self, element: Ref) -> &[u8] {
        self.elements.key(element)
    }

    /// What stands beside the key of an element.
    #[inline]
    pub fn beside(&self, element: Ref) -> &[u8] {
        self.elements.beside(element)
    }

    /// The same, to write over it.
    #[inline]
    pub fn beside_mut(&mut self, element: Ref) -> &mut [u8] {
        self.elements.beside_mut(element)
    }

    /// Puts something else beside the key of an element, which may be another one after it.
    pub fn set_beside(&mut self, element: Ref, beside: &[u8]) -> Ref {
        let hash = self.hashes().of(element);
        let new = self.elements.set_beside(element, beside);
        if new != element {
            let found = self.index.find(hash, |other| other == element);
            let (slot, _) = found.expect("an element is in the index");
            self.index.replace(slot, new);
        }
        new
    }

    /// Every element, in the order in which they lie in memory.
    pub fn iter(&self) -> impl Iterator<Item = Ref> + '_ {
        self.elements.iter()
    }

    /// Any element, all being equally likely; there must be one.
    pub fn random(&self) -> Ref {
        assert!(self.len > 0, "an element is drawn from a dict that has some");
        let mut random = fastrand::Rng::new();
        loop {
            if let Some(element) = self.index.draw(&mut random) {
                return element;
            }
        }
    }

    /// Shows the elements at `cursor` (0 to begin), about a dozen, and gives back the next cursor,
    /// below 2^53; 0 after the last. Every element that stays from the first call to the last is
    /// shown, however the dict grows and shrinks in between; some may be shown twice.
    pub fn scan(&self, cursor: u64, visit: impl FnMut(Ref)) -> u64 {
        self.index.scan(cursor, self.hashes(), visit)
    }

    /// The bytes it owns; takes constant time.
    #[inline]
    pub fn weight(&self) -> usize {
        self.index.memory_bytes() + self.elements.memory_bytes()
    }

    #[inline]
    fn hashes(&self) -> Hashes<'_> {
        Hashes { elements: &self.elements, seed: self.seed }
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> u64 {
        hash_of_key(self.seed, key)
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Dict of {} elements, {:?}", self.len, self.elements.kind)
    }
}

/// The hashes of elements: what the index asks for when it moves them.
#[derive(Clone, Copy)]
struct Hashes<'a> {
    elements: &'a Elements,
    seed: u64,
}

impl Hashes<'_> {
    #[inline]
    fn of(&self, element: Ref) -> u64 {
        hash_of_key(self.seed, self.elements.key(element))
    }
}

/// The hash of a key: foldhash under a seed of the process, folded once more under the dict's.
#[inline]
fn hash_of_key(seed: u64, key: &[u8]) -> u64 {
    /// Any odd number without structure.
    const FOLD: u128 = 0x9E37_79B9_7F4A_7C15;
    let mut hasher = STATE.build_hasher();
    hasher.write(key);
    let product = u128::from(hasher.finish() ^ seed) * FOLD;
    product as u64 ^ (product >> 64) as u64
}
