//! The latency monitor: when something took longer than `latency-monitor-threshold`.
//!
//! Each kind of event keeps its last 160 seconds in which something was slow, one sample a second:
//! the longest of it. Off, which is the default, it costs one comparison a batch.
//! Source: https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/
//! ("Redis latency monitoring")

use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

/// Samples that are kept of one event.
const MOST_SAMPLES: usize = 160;

/// The longest of one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spike {
    /// The second, since 1970.
    pub unix_seconds: u64,
    /// How long it took.
    pub took_ms: u64,
}

/// What is known of one kind of event.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The oldest first. Never empty once it is in the monitor.
    pub spikes: VecDeque<Spike>,
    /// The longest since the start or the last reset.
    pub longest_ms: u64,
}

/// The monitor.
#[derive(Default)]
pub struct Latency {
    threshold_ms: AtomicU64,
    events: Mutex<BTreeMap<&'static str, History>>,
}

impl Latency {
    /// Sets from how many milliseconds on an event is kept; 0 switches the monitor off.
    pub fn limit(&self, threshold_ms: u64) {
        self.threshold_ms.store(threshold_ms, Ordering::Relaxed);
    }

    /// Whether events are watched at all.
    pub fn is_on(&self) -> bool {
        self.threshold_ms.load(Ordering::Relaxed) > 0
    }

    /// Whether something that took so long is to be kept.
    #[inline]
    pub fn is_slow(&self, nanos: u64) -> bool {
        let threshold_ms = self.threshold_ms.load(Ordering::Relaxed);
        threshold_ms > 0 && nanos / 1_000_000 >= threshold_ms
    }

    /// Keeps an event.
    pub fn add(&self, event: &'static str, spike: Spike) {
        let mut events = self.events.lock();
        let history = events.entry(event).or_default();
        history.longest_ms = history.longest_ms.max(spike.took_ms);
        if let Some(last) = history.spikes.back_mut()
            && last.unix_seconds == spike.unix_seconds
        {
            last.took_ms = last.took_ms.max(spike.took_ms);
            return;
        }
        if history.spikes.len() == MOST_SAMPLES {
            history.spikes.pop_front();
        }
        history.spikes.push_back(spike);
    }

    /// Every kind of event that happened, with its history.
    pub fn all(&self) -> Vec<(&'static str, History)> {
        self.events.lock().iter().map(|(event, history)| (*event, history.clone())).collect()
    }

    /// The history of one kind of event.
    pub fn history(&self, event: &[u8]) -> Option<History> {
        let events = self.events.lock();
        let found = events.iter().find(|(name, _)| event.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, history)| history.clone())
    }

    /// Forgets one kind of event; false when it never happened.
    pub fn forget(&self, event: &[u8]) -> bool {
        let mut events = self.events.lock();
        let before = events.len();
        events.retain(|name, _| !event.eq_ignore_ascii_case(name.as_bytes()));
        events.len() < before
    }

    /// Forgets everything; says how many kinds of events there were.
    pub fn forget_all(&self) -> usize {
        std::mem::take(&mut *self.events.lock()).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_keeps_its_longest() {
        let latency = Latency::default();
        assert!(!latency.is_slow(u64::MAX));
        latency.limit(10);
        assert!(!latency.is_slow(9_999_999) && latency.is_slow(10_000_000));
        for (unix_seconds, took_ms) in [(1, 20), (1, 30), (1, 10), (2, 15)] {
            latency.add("command", Spike { unix_seconds, took_ms });
        }
        let history = latency.history(b"COMMAND").expect("it happened");
        assert_eq!(history.longest_ms, 30);
        let spikes: Vec<_> = history.spikes.iter().map(|spike| spike.took_ms).collect();
        assert_eq!(spikes, [30, 15]);
        assert!(latency.forget(b"command") && !latency.forget(b"command"));
    }

    #[test]
    fn old_seconds_give_way() {
        let latency = Latency::default();
        (0..200).for_each(|second| {
            latency.add("command", Spike { unix_seconds: second, took_ms: 5 });
        });
        let history = latency.history(b"command").expect("it happened");
        assert_eq!((history.spikes.len(), history.spikes[0].unix_seconds), (MOST_SAMPLES, 40));
    }
}
