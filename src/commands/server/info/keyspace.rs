//! INFO's section Keyspace: how many keys each database holds, and how long they have to live.

use super::Lines;
use crate::server::Context;
use crate::store::Table;

/// Keys looked at for a database's average time to live.
const SAMPLES: usize = 64;

/// Keyspace: databases with at least one key.
pub fn keyspace(context: &Context, lines: &mut Lines) {
    let keyspace = &context.server.keyspace;
    for db in 0..keyspace.databases() {
        let (keys, volatile) = keyspace.count(db);
        if keys == 0 {
            continue;
        }
        let average = if volatile == 0 { 0 } else { average_ttl_ms(context, db) };
        lines.add(
            &format!("db{db}"),
            format!("keys={keys},expires={volatile},avg_ttl={average},subexpiry=0"),
        );
    }
}

/// The average time to live of volatile keys that come up by chance, in milliseconds: an estimate,
/// as Redis's is. 0 when none comes up, because few of many keys are volatile.
fn average_ttl_ms(context: &Context, db: usize) -> u64 {
    let shards = context.server.keyspace.used_shards(db).unwrap_or_default();
    let mut found = Vec::with_capacity(SAMPLES);
    for _ in 0..4 * SAMPLES {
        let shard = &shards[fastrand::usize(..shards.len())];
        found.extend(random_ttl_ms(&shard.lock(), context.now_ms));
        if found.len() == SAMPLES {
            break;
        }
    }
    found.iter().sum::<u64>() / (found.len() as u64).max(1)
}

fn random_ttl_ms(table: &Table, now_ms: u64) -> Option<u64> {
    if table.volatile_len() == 0 {
        return None;
    }
    let record = table.random(fastrand::u64(..))?;
    record.deadline().map(|deadline| deadline.saturating_sub(now_ms))
}
