//! What the last run of the server left on the disk: a snapshot, or a log whose commands are run.
//!
//! Commands of a log come from no client.
//! They pass no gates, are not counted, and their replies go nowhere. They run at the moment 0: a
//! log has absolute times only, and no key of it is past its deadline until all of it is there, or
//! a PERSIST further on would come too late.

use super::run::Turn;
use crate::command::{Progress, Table};
use crate::persistence::aof::Replay;
use crate::protocol::{Reply, Words};
use crate::server::{Client, Context, Server, Session, WorkerStats, clock};
use anyhow::{Result, anyhow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Builder;
use std::time::Duration;

/// Clients that come while so little is loaded find all of it; after that they are told to wait.
const PATIENCE: Duration = Duration::from_millis(300);

/// Begins to bring back what the last run of the server left on the disk, on a thread of its own.
/// If that fails, the server ends: it must not go on from less than there was.
///
/// # Errors
/// When the operating system starts no thread.
pub fn begin(server: &Arc<Server>, table: &'static Table) -> std::io::Result<()> {
    server.loading.begin(clock::now_ms());
    let (server, (done, is_done)) = (server.clone(), mpsc::channel::<()>());
    let thread = Builder::new().name("redstart-load".into());
    thread.spawn(move || {
        // It falls out of scope at the end, which is what is waited for.
        let _done = done;
        let restoring = || restore(&server, table);
        match catch_unwind(AssertUnwindSafe(restoring)) {
            Ok(Ok(())) => server.loading.end(),
            Ok(Err(error)) => fail(&format!("{error:#}")),
            Err(_) => fail("a panic"),
        }
    })?;
    // Nothing is ever sent: this ends with the thread, or when patience does.
    let _: Result<(), RecvTimeoutError> = is_done.recv_timeout(PATIENCE);
    Ok(())
}

fn fail(why: &str) -> ! {
    tracing::error!("Fatal error loading the DB: {why}. Exiting.");
    std::process::exit(1);
}

/// Loads the log if there is to be one, else the snapshot.
fn restore(server: &Arc<Server>, table: &'static Table) -> Result<()> {
    let config = server.config.load();
    if !config.persistence.appendonly {
        return server.load_own_snapshot();
    }
    server.aof.load(&config.persistence, &mut Replaying::new(server, table))?;
    server.aof.open(&config.persistence, &server.keyspace, server.base_plan()?)
}

/// Loads the log once more, in the place of all keys: DEBUG LOADAOF.
///
/// # Errors
/// When there is no log, or a file cannot be read.
pub fn restore_again(server: &Arc<Server>, table: &'static Table) -> Result<()> {
    let _nobody_else = server.keyspace.hold(None);
    let options = &server.config.load().persistence;
    server.aof.replay(options, &server.keyspace, &mut Replaying::new(server, table))
}

/// Runs the commands of a log.
pub struct Replaying<'a> {
    server: &'a Arc<Server>,
    table: &'static Table,
    session: Session,
    stats: WorkerStats,
    reply: Reply,
}

impl<'a> Replaying<'a> {
    /// A session of its own, in database 0.
    pub fn new(server: &'a Arc<Server>, table: &'static Table) -> Self {
        Replaying {
            server,
            table,
            session: Session::new(Client::nobody(), true),
            stats: WorkerStats::new(table.entries().len()),
            reply: Reply::new(),
        }
    }
}

impl Replay for Replaying<'_> {
    fn call(&mut self, words: Words<'_>) -> Result<()> {
        let context = Context {
            server: self.server,
            session: &mut self.session,
            stats: &self.stats,
            now_ms: 0,
            // Nothing may wait.
            is_exec: true,
        };
        let mut turn = Turn {
            context,
            table: self.table,
            slow_nanos: 0,
            times_all: false,
            unfinished: None,
            blocked: None,
            ready: Vec::new(),
        };
        let mark = self.reply.mark();
        let found = self.table.find(words.get(0));
        let entry = turn.resolve(found, words).map_err(|error| anyhow!("{}", error.text()))?;
        // A call that fails here failed when it was written, too: it changed what it changed.
        let outcome = turn.call(entry, words, &[], &mut self.reply);
        if let Err(error) = outcome {
            tracing::debug!("a call of the AOF answers: {}", error.text());
        }
        while let Some(rest) = turn.unfinished.as_mut()
            && rest.progress != Progress::Done
        {
            rest.go_on(&mut turn.context, &mut self.reply);
        }
        self.reply.take_back(mark);
        Ok(())
    }

    fn begin_file(&mut self) {
        self.session.select(0);
    }

    fn snapshot(&mut self, place: &Path) -> Result<u64> {
        self.server.load_snapshot(place, true)
    }
}
