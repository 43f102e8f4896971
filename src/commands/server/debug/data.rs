//! DEBUG's looks at the data from inside: how it is stored, and making a lot.

use crate::command::{Args, Outcome, error};
use crate::commands::generic::object::encoding_name;
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::{Deadline, NewValue, TableStats, access};

/// DEBUG OBJECT key
pub fn object(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(2);
    let mut db = context.db();
    db.lock_one(key);
    let record = db.look(db.index(), key).ok_or(error::NO_SUCH_KEY)?;
    let idle_s = match db.counts_frequency() {
        true => 0,
        false => access::idle_seconds(record.access(), db.now()),
    };
    reply.simple(&format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{idle_s}",
        record.key().as_ptr(),
        encoding_name(&record),
        record.bytes(),
        record.access(),
    ));
    Ok(())
}

/// DEBUG POPULATE count [prefix] [size]
pub fn populate(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let count = args.integer_in(2, 0..=i64::MAX)?;
    let prefix = if args.len() > 3 { args.get(3) } else { b"key" };
    let size = if args.len() > 4 { args.integer_in(4, 0..=i64::MAX)? as usize } else { 0 };
    if size > context.server.config.load().network.proto_max_bulk_len {
        return Err(error::STRING_TOO_LONG);
    }
    for number in 0..count {
        let key = [prefix, format!(":{number}").as_bytes()].concat();
        let mut value = format!("value:{number}").into_bytes();
        if size > 0 {
            value.resize(size, 0);
        }
        let mut db = context.db();
        db.lock_one(&key);
        if db.find_mut(&key).is_none() {
            db.put(&key, NewValue::Bytes(&value), Deadline::Clear);
        }
    }
    reply.ok();
    Ok(())
}

/// DEBUG HTSTATS db
pub fn htstats(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let db = usize::try_from(args.integer(2)?).ok();
    let keyspace = &context.server.keyspace;
    let db = db.filter(|db| *db < keyspace.databases()).ok_or(error::OUT_OF_RANGE_DATABASE)?;
    let shards = keyspace.used_shards(db).unwrap_or_default();
    let mut sum = TableStats::default();
    for shard in shards {
        let stats = shard.lock().stats();
        sum.keys += stats.keys;
        sum.volatile_keys += stats.volatile_keys;
        sum.segments += stats.segments;
        sum.directory_entries += stats.directory_entries;
        sum.index_bytes += stats.index_bytes;
        sum.record_bytes += stats.record_bytes;
        sum.foreign_bytes += stats.foreign_bytes;
    }
    let text = format!(
        "[Tables of database {db}]\nshards: {}\nnumber of elements: {}\nwith a deadline: {}\n\
         segments: {}\ndirectory entries: {}\nbytes of slots: {}\nbytes of records: {}\n\
         bytes of large values: {}\n",
        shards.len(),
        sum.keys,
        sum.volatile_keys,
        sum.segments,
        sum.directory_entries,
        sum.index_bytes,
        sum.record_bytes,
        sum.foreign_bytes,
    );
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// DEBUG HTSTATS-KEY key
pub fn htstats_key(context: &mut Context, args: &Args, _: &mut Reply) -> Outcome {
    let key = args.get(2);
    let mut db = context.db();
    db.lock_one(key);
    match db.look(db.index(), key) {
        None => Err(error::NO_SUCH_KEY),
        // Strings, the only type there is, have none.
        Some(_) => Err(error::NO_HASH_TABLE),
    }
}
