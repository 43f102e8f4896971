//! Clients that wait for keys: BLPOP and its kind.
//!
//! A waiter is one record, however many keys it waits for; it stands in the queue of each, in the
//! order of tickets. Whoever changed one of the keys takes it (`claim`), tries its call again, and
//! answers it or lets it wait on. Its own connection may give up (time-out, the client left) only
//! while nobody has claimed it, so that nothing taken for it is lost.
//!
//! ```text
//! Waiting ─ claim ─► Claimed ─ answer ─► Answered         the connection writes it
//!    │  ▲───── release ──┘
//!    └─ give_up ─► Gone
//! ```

use crate::protocol::OwnedWords;
use crate::store::{Keyspace, Place, Ready};
use hashbrown::HashMap;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// What a waiter is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its reply, as bytes for the wire.
    Reply(Vec<u8>),
    /// CLIENT UNBLOCK: as if its time were over.
    TimedOut,
    /// CLIENT UNBLOCK ERROR.
    Unblocked,
}

enum State {
    Waiting,
    Claimed,
    Answered(Answer),
    Gone,
}

/// A client that waits.
pub struct Waiter {
    /// Its place in every queue.
    ticket: u64,
    /// The number of the command.
    pub command: usize,
    /// The call to try again.
    pub call: OwnedWords,
    /// The database it runs in.
    pub db: usize,
    /// The keys it waits for.
    pub keys: Vec<Box<[u8]>>,
    /// It is answered in RESP3.
    pub is_resp3: bool,
    /// An error of a later try answers it.
    pub ends_on_error: bool,
    /// It is told when its key goes: XREADGROUP.
    awaits_end: bool,
    /// When its own connection tries again (ms); `NEVER` if it does not.
    again_ms: AtomicU64,
    state: Mutex<State>,
    news: Notify,
}

const NEVER: u64 = u64::MAX;

impl Waiter {
    /// Sets when its own connection tries again (ms).
    pub fn set_again(&self, ms: Option<u64>) {
        self.again_ms.store(ms.unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// When its own connection tries again (ms).
    pub fn again_ms(&self) -> Option<u64> {
        Some(self.again_ms.load(Ordering::Relaxed)).filter(|ms| *ms != NEVER)
    }

    /// Takes it, so that its call can be tried; false when it is answered, gone, or taken.
    pub fn claim(&self) -> bool {
        let mut state = self.state.lock();
        let is_free = matches!(*state, State::Waiting);
        if is_free {
            *state = State::Claimed;
        }
        is_free
    }

    /// Lets it wait on after a try.
    pub fn release(&self) {
        *self.state.lock() = State::Waiting;
        self.news.notify_one();
    }

    /// Gives it its answer, after a claim.
    pub fn answer(&self, answer: Answer) {
        *self.state.lock() = State::Answered(answer);
        self.news.notify_one();
    }

    /// The answer, once: for its connection.
    pub fn take_answer(&self) -> Option<Answer> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::Gone) {
            State::Answered(answer) => Some(answer),
            other => {
                *state = other;
                None
            }
        }
    }

    /// Ends the wait from its own side; false when somebody has claimed it: there will be news.
    pub fn give_up(&self) -> bool {
        let mut state = self.state.lock();
        let is_free = matches!(*state, State::Waiting);
        if is_free {
            *state = State::Gone;
        }
        is_free
    }

    /// Waits for an answer, or for the end of a try that brought none.
    pub async fn news(&self) {
        self.news.notified().await;
    }
}

/// What a client waits for.
pub struct Request {
    /// The number of the command.
    pub command: usize,
    /// The call to try again.
    pub call: OwnedWords,
    /// The database it runs in.
    pub db: usize,
    /// The keys to wait for.
    pub keys: Vec<Box<[u8]>>,
    /// It is answered in RESP3.
    pub is_resp3: bool,
    /// An error of a later try answers it.
    pub ends_on_error: bool,
    /// It is told when its key goes.
    pub awaits_end: bool,
}

type Queue = BTreeMap<u64, Arc<Waiter>>;

/// Everyone who waits.
#[derive(Default)]
pub struct Waiting {
    next_ticket: AtomicU64,
    count: AtomicUsize,
    /// How many are told when their key goes.
    ends_awaited: AtomicUsize,
    queues: Mutex<HashMap<Ready, Queue>>,
}

impl Waiting {
    /// Puts a client in the queues of its keys. To be called with their shards locked: no change
    /// can come between the try that found nothing and this.
    pub fn add(&self, keyspace: &Keyspace, request: Request) -> Arc<Waiter> {
        let mut keys = request.keys;
        keys.sort_unstable();
        keys.dedup();
        let waiter = Arc::new(Waiter {
            ticket: self.next_ticket.fetch_add(1, Ordering::Relaxed),
            command: request.command,
            call: request.call,
            db: request.db,
            keys,
            is_resp3: request.is_resp3,
            ends_on_error: request.ends_on_error,
            awaits_end: request.awaits_end,
            again_ms: AtomicU64::new(NEVER),
            state: Mutex::new(State::Waiting),
            news: Notify::new(),
        });
        self.count.fetch_add(1, Ordering::Relaxed);
        self.ends_awaited.fetch_add(waiter.awaits_end.into(), Ordering::Relaxed);
        let mut queues = self.queues.lock();
        for key in &waiter.keys {
            let queue = queues.entry((waiter.db, key.clone())).or_default();
            queue.insert(waiter.ticket, waiter.clone());
            keyspace.expect(&Place { db: waiter.db, key });
        }
        waiter
    }

    /// Takes a client out of its queues.
    pub fn remove(&self, keyspace: &Keyspace, waiter: &Waiter) {
        let mut queues = self.queues.lock();
        for key in &waiter.keys {
            let place = (waiter.db, key.clone());
            // Its own connection and who answered it both take it out: once is enough.
            let Some(queue) = queues.get_mut(&place) else { return };
            if queue.remove(&waiter.ticket).is_none() {
                return;
            }
            if queue.is_empty() {
                queues.remove(&place);
            }
            keyspace.forget(&Place { db: waiter.db, key });
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.ends_awaited.fetch_sub(waiter.awaits_end.into(), Ordering::Relaxed);
    }

    /// The first in the queue of a key after ticket number `after`.
    pub fn next(&self, ready: &Ready, after: Option<u64>) -> Option<(u64, Arc<Waiter>)> {
        let queues = self.queues.lock();
        let first = after.map_or(0, |ticket| ticket + 1);
        let (ticket, waiter) = queues.get(ready)?.range(first..).next()?;
        Some((*ticket, waiter.clone()))
    }

    /// How many clients wait.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// How many keys are waited for.
    pub fn keys(&self) -> usize {
        self.queues.lock().len()
    }

    /// Whether anybody is told when a key goes.
    pub fn is_an_end_awaited(&self) -> bool {
        self.ends_awaited.load(Ordering::Relaxed) > 0
    }

    /// How many of them end a wait when they go: those XREADGROUP waits for.
    pub fn keys_that_end_waits(&self) -> usize {
        let queues = self.queues.lock();
        queues.values().filter(|queue| queue.values().any(|waiter| waiter.awaits_end)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(keys: &[&str]) -> Request {
        let keys = keys.iter().map(|key| key.as_bytes().into()).collect();
        let call = OwnedWords::from_slices(&["BLPOP"]);
        Request {
            command: 0,
            call,
            db: 0,
            keys,
            is_resp3: false,
            ends_on_error: false,
            awaits_end: false,
        }
    }

    #[test]
    fn who_came_first_stands_first_in_every_queue() {
        let (keyspace, waiting) = (Keyspace::new(1, 2), Waiting::default());
        let first = waiting.add(&keyspace, request(&["a", "b", "a"]));
        let second = waiting.add(&keyspace, request(&["b"]));
        let ready: Ready = (0, b"b".as_slice().into());
        let (ticket, next) = waiting.next(&ready, None).expect("two wait");
        assert!(Arc::ptr_eq(&next, &first));
        let (_, next) = waiting.next(&ready, Some(ticket)).expect("one more waits");
        assert!(Arc::ptr_eq(&next, &second));
        assert_eq!((waiting.count(), waiting.keys()), (2, 2));
        waiting.remove(&keyspace, &first);
        waiting.remove(&keyspace, &first);
        assert_eq!((waiting.count(), waiting.keys()), (1, 1));
    }

    #[test]
    fn nobody_gives_up_while_claimed() {
        let (keyspace, waiting) = (Keyspace::new(1, 2), Waiting::default());
        let waiter = waiting.add(&keyspace, request(&["a"]));
        assert!(waiter.claim());
        assert!(!waiter.claim() && !waiter.give_up());
        waiter.release();
        assert!(waiter.claim());
        waiter.answer(Answer::TimedOut);
        assert!(!waiter.give_up());
        assert_eq!(waiter.take_answer(), Some(Answer::TimedOut));
        assert!(!waiter.claim());
    }
}
