//! Tests: runs commands on a keyspace whose journal is followed by one who keeps what he is told,
//! as text.

use crate::command::{Args, Handler, Locks};
use crate::protocol::{OwnedWords, Reply};
use crate::store::{Db, Event, Follower, JournalEntry, Keyspace, Place};
use parking_lot::Mutex;
use std::sync::Arc;

/// The moment at which a bench begins.
pub const NOW_MS: u64 = 1_000_000;

/// A keyspace of two databases, and what its journal told.
pub struct Bench {
    pub space: Keyspace,
    pub notes: Arc<Recorder>,
    /// The moment at which commands run.
    pub now_ms: u64,
}

impl Bench {
    pub fn new() -> Self {
        let (space, notes) = (Keyspace::new(2, 3), Arc::new(Recorder::default()));
        space.followers.add(notes.clone());
        Bench { space, notes, now_ms: NOW_MS }
    }

    /// Runs calls, separated by `; `; what the last of them left.
    pub fn ran(&self, calls: &str) -> Vec<Noted> {
        for call in calls.split("; ") {
            self.notes.take();
            run(&self.space, call, self.now_ms);
        }
        self.notes.take()
    }
}

/// Runs a call in database 0; the reply.
pub fn run(space: &Keyspace, call: &str, now_ms: u64) -> Vec<u8> {
    let words: Vec<&[u8]> = call.split(' ').map(str::as_bytes).collect();
    let owned = OwnedWords::from_slices(&words);
    let table = crate::commands::table();
    let mut entry = table.find(words[0]).expect("a command of the table");
    if let Some(own) = words.get(1).and_then(|word| table.find_subcommand(entry, word)) {
        entry = own;
    }
    let args = Args::new(owned.view(), entry.name_words);
    let mut places = Vec::new();
    match entry.command.locks {
        Locks::Places(find) => {
            find(&args, 0, &mut places).expect("a sound call");
        }
        Locks::Keys => {
            entry.each_key(owned.view(), |at| places.push(Place { db: 0, key: words[at] }));
        }
    }
    let (mut db, mut reply) = (Db::new(space, 0, now_ms), Reply::new());
    db.lock(places.into_iter());
    let outcome = match entry.command.handler {
        Handler::Write(run) => run(&mut db, &args, &mut reply),
        Handler::Read(run) => run(&db, &args, &mut reply),
        Handler::Blocking(run) => run(&mut db, &args, &mut reply).map(drop),
        _ => panic!("{call} does not concern data"),
    };
    outcome.expect("a sound call");
    db.commit(words.iter().copied());
    reply.to_vec()
}

/// Runs calls, separated by `; `, on an empty keyspace: what the journal has of the last one.
pub fn journal_of(calls: &str) -> String {
    lines(&Bench::new().ran(calls)).join("\n")
}

/// Entries, a line each.
pub fn lines(noted: &[Noted]) -> Vec<String> {
    noted.iter().map(Noted::line).collect()
}

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
