//! SLOWLOG: the latest commands that took longer than `slowlog-log-slower-than`.
//!
//! The limit stands in an atomic, so that a command that was quick costs one comparison; only slow
//! ones take the lock. Long calls are kept in part, passwords not at all.

use crate::config::is_sensitive;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// Words of a call that are kept.
const MOST_WORDS: usize = 32;
/// Bytes of a word that are kept.
const MOST_BYTES: usize = 128;
/// What stands in place of a password.
const REDACTED: &[u8] = b"(redacted)";

/// One slow call.
#[derive(Debug, Clone)]
pub struct SlowCall {
    /// Its number: no two calls share one, not even after a reset.
    pub id: u64,
    /// When it ran, in seconds since 1970.
    pub unix_seconds: u64,
    /// How long it took, in microseconds.
    pub took_us: u64,
    /// Its words, long ones cut.
    pub words: Vec<Vec<u8>>,
    /// The client's address.
    pub address: String,
    /// The client's name.
    pub name: Vec<u8>,
}

/// The log.
#[derive(Default)]
pub struct SlowLog {
    slower_than_us: AtomicI64,
    most_calls: AtomicUsize,
    calls: Mutex<Calls>,
}

#[derive(Default)]
struct Calls {
    next_id: u64,
    /// The latest first.
    kept: VecDeque<SlowCall>,
}

impl SlowLog {
    /// Sets from how many microseconds on a call is slow (0: all are, negative: none), and how
    /// many are kept.
    pub fn limit(&self, slower_than_us: i64, most_calls: usize) {
        self.slower_than_us.store(slower_than_us, Ordering::Relaxed);
        self.most_calls.store(most_calls, Ordering::Relaxed);
        self.calls.lock().kept.truncate(most_calls);
    }

    /// Whether the limit is so low that quick commands may pass it and must be timed, too.
    #[inline]
    pub fn times_quick_ones(&self) -> bool {
        /// No quick command takes this long unless the system takes the processor away.
        const QUICK_US: i64 = 1000;
        (0..QUICK_US).contains(&self.slower_than_us.load(Ordering::Relaxed))
    }

    /// Whether a call that took so long belongs into the log.
    #[inline]
    pub fn is_slow(&self, nanos: u64) -> bool {
        let limit = self.slower_than_us.load(Ordering::Relaxed);
        limit >= 0 && nanos / 1000 >= limit as u64
    }

    /// Takes a slow call in; `call.words` whole, `call.id` of no meaning.
    pub fn add(&self, mut call: SlowCall) {
        let most_calls = self.most_calls.load(Ordering::Relaxed);
        if most_calls == 0 {
            return;
        }
        call.words = trimmed(call.words);
        let mut calls = self.calls.lock();
        call.id = calls.next_id;
        calls.next_id += 1;
        calls.kept.push_front(call);
        calls.kept.truncate(most_calls);
    }

    /// The latest `count` calls, the latest first.
    pub fn latest(&self, count: usize) -> Vec<SlowCall> {
        self.calls.lock().kept.iter().take(count).cloned().collect()
    }

    /// How many calls are kept.
    pub fn len(&self) -> usize {
        self.calls.lock().kept.len()
    }

    /// True when none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all calls.
    pub fn clear(&self) {
        self.calls.lock().kept.clear();
    }
}

/// The words as they are kept: passwords hidden, long words and long calls cut.
fn trimmed(mut words: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    hide_passwords(&mut words);
    let all = words.len();
    if all > MOST_WORDS {
        let left_out = all - MOST_WORDS + 1;
        words.truncate(MOST_WORDS - 1);
        words.push(format!("... ({left_out} more arguments)").into_bytes());
    }
    for word in &mut words {
        if word.len() > MOST_BYTES {
            let left_out = word.len() - MOST_BYTES;
            word.truncate(MOST_BYTES);
            word.extend_from_slice(format!("... ({left_out} more bytes)").as_bytes());
        }
    }
    words
}

fn hide_passwords(words: &mut [Vec<u8>]) {
    let is = |word: Option<&Vec<u8>>, name: &str| {
        word.is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
    };
    let hide = |word: &mut Vec<u8>| *word = REDACTED.to_vec();
    if is(words.first(), "AUTH") {
        words.iter_mut().skip(1).for_each(hide);
    } else if is(words.first(), "HELLO") {
        let auth = words.iter().position(|word| word.eq_ignore_ascii_case(b"AUTH"));
        if let Some(at) = auth {
            words.iter_mut().skip(at + 1).take(2).for_each(hide);
        }
    } else if is(words.first(), "CONFIG") && is(words.get(1), "SET") {
        for pair in words[2..].chunks_mut(2) {
            if let [name, value] = pair
                && is_sensitive(name)
            {
                hide(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(call: &str) -> Vec<Vec<u8>> {
        call.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn passwords_are_not_kept() {
        assert_eq!(trimmed(words("auth me secret")), words("auth (redacted) (redacted)"));
        let hello = trimmed(words("HELLO 3 AUTH me secret SETNAME x"));
        assert_eq!(hello, words("HELLO 3 AUTH (redacted) (redacted) SETNAME x"));
        let config = trimmed(words("config set timeout 3 requirepass secret"));
        assert_eq!(config, words("config set timeout 3 requirepass (redacted)"));
    }

    #[test]
    fn long_calls_and_words_are_cut() {
        let long = trimmed(vec![b"x".to_vec(); 40]);
        assert_eq!((long.len(), &*long[31]), (32, &b"... (9 more arguments)"[..]));
        let word = &trimmed(vec![vec![b'y'; 200]])[0];
        assert!(word.ends_with(b"y... (72 more bytes)") && word.len() == 147);
    }

    #[test]
    fn a_limit_below_zero_switches_it_off() {
        let log = SlowLog::default();
        log.limit(-1, 10);
        assert!(!log.is_slow(u64::MAX) && !log.times_quick_ones());
        log.limit(10_000, 10);
        assert!(!log.is_slow(9_999_999) && log.is_slow(10_000_000) && !log.times_quick_ones());
        log.limit(0, 10);
        assert!(log.is_slow(0) && log.times_quick_ones());
    }
}
