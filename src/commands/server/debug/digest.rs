//! Digests of values and of all data: equal data, equal digest, however it is stored.
//!
//! A digest is 160 bits, as long as Redis's but not the same. It is the exclusive or of the digests
//! of its parts, so that the order in which they are met does not matter: those of an element, of a
//! field with its value, of a member with its score; where order counts, the place is part of it.
//! That of a record takes in database, key, type and whether it has a deadline.

use crate::command::{Args, Error, Outcome};
use crate::commands::lists::stored::Stored;
use crate::commands::{hashes, sets, sorted_sets};
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::{Object, PackedKind, Record, Value};
use crate::types::list::Order;
use crate::types::sorted_set::Direction;
use crate::types::stream::{Id, Stream};
use foldhash::quality::FixedState;
use std::hash::{BuildHasher, Hasher};

/// Five lanes of 32 bits: 40 hexadecimal digits.
type Digest = [u32; 5];

fn hex(digest: Digest) -> String {
    digest.iter().map(|lane| format!("{lane:08x}")).collect()
}

fn xor(sum: &mut Digest, other: Digest) {
    sum.iter_mut().zip(other).for_each(|(lane, other)| *lane ^= other);
}

/// The digest of these parts, in this order.
fn mix(parts: &[&[u8]]) -> Digest {
    std::array::from_fn(|lane| {
        // A seed that never changes: digests of two servers are compared.
        let mut hasher = FixedState::with_seed(lane as u64).build_hasher();
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish() as u32
    })
}

/// The digest of a record, and of whatever `before` tells it apart by.
fn of_record(before: &[&[u8]], record: &Record<'_>, now_ms: u64) -> Result<Digest, Error> {
    let value: Vec<u8> =
        of_value(record, now_ms)?.iter().flat_map(|lane| lane.to_le_bytes()).collect();
    let has_deadline = [u8::from(record.deadline().is_some())];
    let mut parts = before.to_vec();
    parts.extend([record.type_name().as_bytes(), &value, &has_deadline]);
    Ok(mix(&parts))
}

fn of_value(record: &Record<'_>, now_ms: u64) -> Result<Digest, Error> {
    let mut sum = Digest::default();
    let mut text = itoa::Buffer::new();
    match record.value() {
        Value::Int(number) => sum = mix(&[text.format(number).as_bytes()]),
        Value::Bytes(bytes) => sum = mix(&[bytes]),
        Value::Shared(bytes) => sum = mix(&[bytes]),
        Value::Packed(PackedKind::List, _) | Value::Object(Object::List(_)) => {
            let list = Stored::of(record.value())?;
            let mut place = 0_u64;
            list.walk(0..list.len(), Order::Forward, &mut |element| {
                xor(&mut sum, mix(&[&place.to_le_bytes(), element.bytes]));
                place += 1;
            });
        }
        Value::Packed(PackedKind::Set | PackedKind::IntSet, _) | Value::Object(Object::Set(_)) => {
            sets::view(record)?.for_each(|member| xor(&mut sum, mix(&[member.text(&mut text)])));
        }
        Value::Packed(PackedKind::Hash, _) | Value::Object(Object::Hash(_)) => {
            let hash = hashes::view::view(record.value(), now_ms)?;
            hash.each(|field, value| {
                let has_deadline = [u8::from(hash.deadline(field).flatten().is_some())];
                xor(&mut sum, mix(&[field, value, &has_deadline]));
            });
        }
        Value::Packed(PackedKind::SortedSet, _) | Value::Object(Object::SortedSet(_)) => {
            let set = sorted_sets::value::view(record)?;
            for (member, score) in set.walk(0..set.len(), Direction::Up) {
                // Both zeros are one score.
                xor(&mut sum, mix(&[member, &(score + 0.0).to_le_bytes()]));
            }
        }
        Value::Object(Object::Stream(stream)) => sum = of_stream(stream),
        #[cfg(test)]
        Value::Object(Object::Sample(_)) => unreachable!("samples stay in the store's own tests"),
    }
    Ok(sum)
}

/// Its entries, what it knows of those that went, and its groups with what is pending in them.
fn of_stream(stream: &Stream) -> Digest {
    let facts = stream.facts();
    let mut sum = mix(&[&id(facts.last), &id(facts.max_deleted), &facts.added.to_le_bytes()]);
    for entry in stream.log().range(Id::MIN, Id::MAX) {
        let id = id(entry.id);
        let mut parts: Vec<&[u8]> = vec![&id];
        parts.extend(entry.fields().flat_map(|(name, value)| [name, value]));
        xor(&mut sum, mix(&parts));
    }
    for (name, group) in stream.groups() {
        let read = group.entries_read.unwrap_or(u64::MAX).to_le_bytes();
        xor(&mut sum, mix(&[name, &id(group.last_delivered), &read]));
        for consumer in group.consumers() {
            xor(&mut sum, mix(&[name, &consumer.name]));
        }
        for (entry, pending) in group.pending_between(Id::MIN, Id::MAX) {
            let consumer = &group.consumer(pending.consumer).name;
            xor(&mut sum, mix(&[name, &id(entry), consumer, &pending.deliveries.to_le_bytes()]));
        }
    }
    sum
}

fn id(id: Id) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.ms.to_le_bytes());
    bytes[8..].copy_from_slice(&id.seq.to_le_bytes());
    bytes
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
            if let (true, Ok(before)) = (is_alive, &mut sum) {
                match of_record(&[&number, record.key()], record, context.now_ms) {
                    Ok(own) => xor(before, own),
                    Err(error) => sum = Err(error),
                }
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
            Some(record) => of_record(&[], &record, db.now())?,
            None => Digest::default(),
        };
        reply.simple(&hex(digest));
    }
    Ok(())
}
