//! Tests: a follower of the journal that keeps what it is told, as text.

use crate::store::{Event, Follower, JournalEntry};
use parking_lot::Mutex;

/// One entry: calls with their databases, and what happened.
pub struct Noted {
    pub calls: Vec<(usize, String)>,
    pub events: Vec<Event>,
}

impl Noted {
    /// The calls, then the names of the events: `DEL k; DEL l / del del`.
    pub fn line(&self) -> String {
        let calls: Vec<&str> = self.calls.iter().map(|(_, call)| &**call).collect();
        let events: Vec<&str> = self.events.iter().map(|event| event.name).collect();
        format!("{} / {}", calls.join("; "), events.join(" "))
    }
}

/// Keeps every entry until it is asked.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<Noted>>);

impl Recorder {
    /// What was told since the last time.
    pub fn take(&self) -> Vec<Noted> {
        std::mem::take(&mut *self.0.lock())
    }

    /// The same, a line an entry.
    pub fn lines(&self) -> Vec<String> {
        self.take().iter().map(Noted::line).collect()
    }
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Follower for Recorder {
    fn follow(&self, entry: &JournalEntry<'_>) {
        let mut calls = Vec::new();
        entry.each_call(&mut |db, words| {
            let words: Vec<String> = words.iter().map(|word| text(word)).collect();
            calls.push((db, words.join(" ")));
        });
        self.0.lock().push(Noted { calls, events: entry.events.to_vec() });
    }

    fn wants_events(&self) -> bool {
        true
    }
}
