//! Who wants to know when a key changes: WATCH, and clients that wait for a list to fill.
//!
//! Each shard has its listeners, by key, behind a lock of their own that is taken only with the
//! shard's lock held. The keyspace counts all of them, so that a write asks nothing more than
//! whether there are any; what a write with listeners costs does not depend on their number, since
//! it looks for those of its own keys only.

use hashbrown::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a client that watches keys is told: true once one of them was changed.
pub type Touched = Arc<AtomicBool>;

/// The listeners of one shard.
#[derive(Default)]
pub(super) struct Listeners {
    /// WATCH: told once, then forgotten.
    watched: HashMap<Box<[u8]>, Vec<Touched>>,
    /// How many clients wait for the key.
    awaited: HashMap<Box<[u8]>, usize>,
}

impl Listeners {
    pub(super) fn watch(&mut self, key: &[u8], touched: &Touched) {
        self.watched.entry(key.into()).or_default().push(touched.clone());
    }

    /// Forgets a watcher; false when it was told already.
    pub(super) fn unwatch(&mut self, key: &[u8], touched: &Touched) -> bool {
        let Some(all) = self.watched.get_mut(key) else { return false };
        let Some(at) = all.iter().position(|other| Arc::ptr_eq(other, touched)) else {
            return false;
        };
        all.swap_remove(at);
        if all.is_empty() {
            self.watched.remove(key);
        }
        true
    }

    pub(super) fn expect(&mut self, key: &[u8]) {
        *self.awaited.entry(key.into()).or_default() += 1;
    }

    pub(super) fn forget(&mut self, key: &[u8]) {
        if let Some(count) = self.awaited.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.awaited.remove(key);
            }
        }
    }

    /// Tells who watches the key that it was changed; how many were told.
    pub(super) fn touch(&mut self, key: &[u8]) -> usize {
        let told = self.watched.remove(key).unwrap_or_default();
        told.iter().for_each(|touched| touched.store(true, Ordering::SeqCst));
        told.len()
    }

    /// Whether anyone waits for the key.
    pub(super) fn is_awaited(&self, key: &[u8]) -> bool {
        self.awaited.contains_key(key)
    }

    /// Every key that somebody listens to.
    pub(super) fn keys(&self) -> Vec<Box<[u8]>> {
        self.watched.keys().chain(self.awaited.keys()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watchers_are_told_once() {
        let mut listeners = Listeners::default();
        let (one, other) = (Touched::default(), Touched::default());
        listeners.watch(b"a", &one);
        listeners.watch(b"a", &other);
        listeners.watch(b"b", &other);
        assert!(listeners.unwatch(b"a", &other));
        assert_eq!(listeners.touch(b"a"), 1);
        assert_eq!(listeners.touch(b"a"), 0);
        assert!(one.load(Ordering::SeqCst) && !other.load(Ordering::SeqCst));
        assert!(!listeners.unwatch(b"a", &one));
    }

    #[test]
    fn a_key_is_awaited_as_long_as_anyone_waits() {
        let mut listeners = Listeners::default();
        listeners.expect(b"a");
        listeners.expect(b"a");
        listeners.forget(b"a");
        assert!(listeners.is_awaited(b"a"));
        listeners.forget(b"a");
        assert!(!listeners.is_awaited(b"a"));
    }
}
