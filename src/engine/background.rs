//! Work that no client asked for: deadlines, idle clients, the peak of memory, save points.
//!
//! One thread, asleep until something is due. Deadlines: it looks at every shard's `due` without
//! locking, works through those that are due in slices, one lock at a time, and sleeps until the
//! next; a writer that brings an earlier deadline wakes it.

use super::blocking::Waiters;
use crate::command::Table;
use crate::server::rates::Sample;
use crate::server::{Server, clock};
use crate::store::{Old, Shard};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Units of work (removals, relinks) under one lock: about 0.1 ms.
const SLICE: usize = 200;
/// It looks around at least this often, for idle clients, the peak of memory and save points.
const LONGEST_SLEEP_MS: u64 = 100;
/// Due keys are collected for at least this long, so that a stream of deadlines does not wake it
/// for each.
const SHORTEST_SLEEP_MS: u64 = 1;

/// Records moved under one lock, out of memory that deletes left sparse: about 0.1 ms.
const COMPACT_SLICE: usize = 200;
/// Shards looked at for sparse memory each time.
const COMPACT_SHARDS: usize = 64;

/// Starts the thread. It ends when the server is asked to.
///
/// # Errors
/// When the operating system starts no thread.
pub fn start(
    server: Arc<Server>,
    table: &'static Table,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("redstart-tick".into());
    thread.spawn(move || run(&server, table))
}

fn run(server: &Arc<Server>, table: &'static Table) {
    server.keyspace.alarm.adopt();
    let mut next_look_ms = 0;
    let mut next_shard = 0;
    while !server.ending.is_asked() {
        let now_ms = clock::now_ms();
        let next_due = expire(server, now_ms);
        let ready = server.keyspace.take_ready();
        if !ready.is_empty() {
            let stats = server.stats.background();
            Waiters { server, table, stats, now_ms }.serve(ready);
        }
        if now_ms >= next_look_ms {
            look_around(server, now_ms);
            server.rewrite_if_due();
            server.save_if_due(now_ms);
            next_shard = compact(server, next_shard);
            next_look_ms = now_ms + LONGEST_SLEEP_MS;
        }
        let wake_ms = next_due.clamp(now_ms + SHORTEST_SLEEP_MS, now_ms + LONGEST_SLEEP_MS);
        server.keyspace.alarm.sleeps_until(wake_ms);
        let due_again = soonest(server) <= wake_ms.saturating_sub(1);
        if !due_again {
            std::thread::park_timeout(Duration::from_millis(
                wake_ms.saturating_sub(clock::now_ms()),
            ));
        } else {
            std::thread::sleep(Duration::from_millis(SHORTEST_SLEEP_MS));
        }
    }
}

fn used(server: &Server) -> impl Iterator<Item = (usize, &Shard)> {
    let shards = |db| server.keyspace.used_shards(db).unwrap_or_default();
    (0..server.keyspace.databases())
        .flat_map(move |db| shards(db).iter().map(move |shard| (db, shard)))
}

/// The earliest deadline of all shards, or a moment before it.
fn soonest(server: &Server) -> u64 {
    used(server).map(|(_, shard)| shard.due()).min().unwrap_or(u64::MAX)
}

/// Removes what is past its deadline; says when the next is due.
fn expire(server: &Server, now_ms: u64) -> u64 {
    let is_allowed = server.keyspace.active_expiry.load(Ordering::Relaxed)
        && server.pause.at(now_ms).is_none()
        && !server.loading.is_on();
    if !is_allowed {
        return u64::MAX;
    }
    for (db, shard) in used(server).filter(|(_, shard)| shard.due() <= now_ms) {
        while expire_slice(server, db, shard, now_ms) {}
    }
    soonest(server)
}

/// One slice of one shard; true when more is due.
fn expire_slice(server: &Server, db: usize, shard: &Shard, now_ms: u64) -> bool {
    let followers = &server.keyspace.followers;
    let mut heavy: Vec<Old> = Vec::new();
    let mut removed = 0;
    let mut table = shard.lock();
    let mut dead_fields = 0;
    let more_fields = table.expire_fields(now_ms, SLICE, &mut |dead| {
        dead_fields += dead.fields.len() as u64;
        if followers.any() {
            followers.tell_fields_expired(db, &dead);
        }
        server.keyspace.touch_unasked(db, shard, dead.key);
        heavy.extend(dead.old);
    });
    let more = table.advance(now_ms, SLICE, &mut |key, old| {
        removed += 1;
        if followers.any() {
            followers.tell_expired(db, key);
        }
        server.keyspace.touch_unasked(db, shard, key);
        if old.weight() > 0 {
            heavy.push(old);
        }
    });
    shard.set_due(table.next_due());
    // Whoever waits for the shard gets it between two slices. To yield the processor instead would
    // let expiry starve on a busy machine.
    table.hand_over();
    if !heavy.is_empty() {
        server.keyspace.garbage.free(heavy);
    }
    let stats = server.stats.background();
    stats.expired.add(removed);
    stats.expired_fields.add(dead_fields);
    more || more_fields
}

/// Gives memory back that deletes left sparse, in slices; says with which shard to go on.
fn compact(server: &Server, from: usize) -> usize {
    let mut seen = 0;
    for (_, shard) in used(server).skip(from).take(COMPACT_SHARDS) {
        seen += 1;
        // A shard that somebody works on is looked at the next time round.
        while let Some(mut table) = shard.try_lock() {
            let more = table.compact(COMPACT_SLICE);
            table.hand_over();
            if !more {
                break;
            }
        }
    }
    if seen < COMPACT_SHARDS { 0 } else { from + seen }
}

/// What needs no precise moment.
fn look_around(server: &Server, now_ms: u64) {
    server.watch_memory();
    let stats = &server.stats;
    server.samples.add(Sample {
        at_ms: now_ms,
        commands: stats.sum(|worker| &worker.commands),
        net_in: stats.sum(|worker| &worker.net_in),
        net_out: stats.sum(|worker| &worker.net_out),
    });
    let config = server.config.load();
    let timeout_s = config.network.timeout.as_secs();
    if timeout_s > 0 {
        for client in server.clients.all() {
            if client.idle_seconds(now_ms) > timeout_s {
                client.hang_up();
            }
        }
    }
}
