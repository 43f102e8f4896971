//! DEBUG's looks at the data from inside: how it is stored, what it comes to, and making a lot.
//!
//! A digest is 160 bits, as long as Redis's but not the same: each record's own (over database,
//! key, value and whether it has a deadline), all of them combined by exclusive or, so that the
//! order of the records does not matter.

use crate::command::{Args, Error, Outcome, error};
use crate::commands::generic::object::encoding_name;
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::{Deadline, NewValue, Record, TableStats, Value, access};
use foldhash::quality::FixedState;
use std::hash::{BuildHasher, Hasher};

/// Five lanes of 32 bits: 40 hexadecimal digits.
type Digest = [u32; 5];

fn hex(digest: Digest) -> String {
    digest.iter().map(|lane| format!("{lane:08x}")).collect()
}

fn xor(mut sum: Digest, other: Digest) -> Digest {
    sum.iter_mut().zip(other).for_each(|(lane, other)| *lane ^= other);
    sum
}

/// The digest of a value, and of whatever `before` tells it apart by.
fn digest_of(before: &[&[u8]], record: &Record<'_>) -> Result<Digest, Error> {
    let mut text = itoa::Buffer::new();
    let value: &[u8] = match record.value() {
        Value::Int(number) => text.format(number).as_bytes(),
        Value::Bytes(bytes) => bytes,
        Value::Shared(bytes) => bytes,
        Value::Packed(..) | Value::Object(_) => return Err(error::WRONG_TYPE),
    };
    let has_deadline = [u8::from(record.deadline().is_some())];
    Ok(std::array::from_fn(|lane| {
        // A seed that never changes: digests of two servers are compared.
        let mut hasher = FixedState::with_seed(lane as u64).build_hasher();
        for part in before.iter().copied().chain([value, &has_deadline]) {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish() as u32
    }))
}

/// DEBUG DIGEST.
pub fn digest(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let keyspace = &context.server.keyspace;
    let used = (0..keyspace.databases()).filter(|db| keyspace.used_shards(*db).is_some());
    let mut sum = Ok(Digest::default());
    // All at one moment: nothing changes while it is worked out.
    for (db, tables) in keyspace.lock_all(used) {
        let number = (db as u64).to_le_bytes();
        let mut visit = |record: &Record<'_>| {
            let is_alive = record.deadline().is_none_or(|deadline| deadline > context.now_ms);
            if let (true, Ok(before)) = (is_alive, &sum) {
                let before = *before;
                sum = digest_of(&[&number, record.key()], record).map(|own| xor(before, own));
            }
        };
        for table in &tables {
            let mut cursor = 0;
            loop {
                cursor = table.scan(cursor, &mut visit);
                if cursor == 0 {
                    break;
                }
            }
        }
    }
    reply.simple(&hex(sum?));
    Ok(())
}

/// DEBUG DIGEST-VALUE key [key ...]
pub fn digest_value(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    reply.array(args.len() - 2);
    for key in args.iter(2) {
        let mut db = context.db();
        db.lock_one(key);
        let digest = match db.look(db.index(), key) {
            Some(record) => digest_of(&[], &record)?,
            None => Digest::default(),
        };
        reply.simple(&hex(digest));
    }
    Ok(())
}

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
