//! Tests of the table as a whole, most of them against a plain model.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use fastrand::Rng;

use super::super::object::Object;
use super::super::record::{Deadline, Kind, NewValue, PackedKind, Value};
use super::*;

/// What a key should hold.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    value: Vec<u8>,
    kind: Kind,
    deadline: Option<u64>,
}

/// A table beside a plain map that is told the same.
struct Pair {
    table: Table,
    model: HashMap<Vec<u8>, Held>,
    random: Rng,
    now: u64,
}

fn content(value: &Value<'_>) -> Vec<u8> {
    match value {
        Value::Int(number) => number.to_string().into_bytes(),
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Shared(bytes) => bytes.to_vec(),
        Value::Packed(_, bytes) => bytes.to_vec(),
        Value::Object(Object::Sample(bytes)) => bytes.clone(),
        Value::Object(_) => unreachable!("these tests put samples"),
    }
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let now = 1_700_000_000_000;
        Pair { table: Table::new(), model: HashMap::new(), random: Rng::with_seed(seed), now }
    }

    /// A key out of `range`; some are long, a few too long for a block.
    fn key(&mut self, range: u32) -> Vec<u8> {
        let number = self.random.u32(..range);
        let mut key = format!("key:{number}").into_bytes();
        match number % 97 {
            0 => key.resize(1500, b'x'),
            1..=5 => key.resize(300, b'y'),
            6 => key.resize(968, b'z'),
            7 => key.resize(969, b'z'),
            _ => {}
        }
        key
    }

    fn deadline(&mut self) -> Option<u64> {
        let most = 1 << self.random.u32(1..34);
        self.random.bool().then(|| self.now + self.random.u64(..most))
    }

    fn put(&mut self, range: u32) {
        let key = self.key(range);
        let length = match self.random.u32(..20) {
            0 => self.random.usize(..3000),
            1..4 => self.random.usize(..1100),
            _ => self.random.usize(..40),
        };
        let bytes: Vec<u8> = (0..length).map(|at| (at * 7 + key.len()) as u8).collect();
        let (value, kind, content) = match self.random.u32(..10) {
            0..3 => {
                let number = self.random.i64(..);
                (NewValue::Int(number), Kind::Int, number.to_string().into_bytes())
            }
            3 => (NewValue::Shared(Bytes::from(bytes.clone())), Kind::Shared, bytes.clone()),
            4 => {
                let object = Object::Sample(bytes.clone());
                (NewValue::from(object), Kind::Object, bytes.clone())
            }
            5 => (NewValue::Raw(&bytes), Kind::Raw, bytes.clone()),
            _ => (NewValue::Bytes(&bytes), Kind::Bytes, bytes.clone()),
        };
        let room = 1000 - if key.len() > 968 { 16 } else { key.len() };
        let in_block = matches!(kind, Kind::Bytes | Kind::Raw) && bytes.len() <= room;
        let shared = matches!(kind, Kind::Bytes | Kind::Raw) && !in_block;
        let kind = if shared { Kind::Shared } else { kind };
        let before = self.model.get(&key).and_then(|held| held.deadline);
        let (deadline, after) = match self.random.u32(..3) {
            0 => (Deadline::Keep, before),
            1 => (Deadline::Clear, None),
            _ => match self.deadline() {
                Some(at) => (Deadline::At(at), Some(at)),
                None => (Deadline::Clear, None),
            },
        };
        let old = self.table.put(hash_key(&key), &key, value, deadline);
        let held = Held { value: content, kind, deadline: after };
        let before = self.model.insert(key, held);
        assert_eq!(old.existed(), before.is_some());
        let large = before.filter(|held| matches!(held.kind, Kind::Shared | Kind::Object));
        assert!(large.is_none_or(|held| old.weight() >= held.value.len()));
    }

    fn check(&self, key: &[u8]) {
        let found = self.table.find(hash_key(key), key).map(|record| {
            assert_eq!(record.key(), key);
            let value = content(&record.value());
            Held { value, kind: record.kind(), deadline: record.deadline() }
        });
        assert_eq!(found.as_ref(), self.model.get(key), "{}", String::from_utf8_lossy(key));
    }

    fn remove(&mut self, range: u32) {
        let key = self.key(range);
        let old = self.table.remove(hash_key(&key), &key);
        assert_eq!(old.is_some(), self.model.remove(&key).is_some());
    }

    fn set_deadline(&mut self, range: u32) {
        let (key, deadline) = (self.key(range), self.deadline());
        let found = self.table.set_deadline(hash_key(&key), &key, deadline);
        let held = self.model.get_mut(&key);
        assert_eq!(found, held.is_some());
        if let Some(held) = held {
            held.deadline = deadline;
        }
    }

    fn edit(&mut self, range: u32) {
        let key = self.key(range);
        let Some(mut record) = self.table.find_mut(hash_key(&key), &key) else {
            return;
        };
        let held = self.model.get_mut(&key).expect("the model has it too");
        record.set_access(12345);
        if let Some(number) = record.int_mut() {
            *number = number.wrapping_add(1);
            held.value = number.to_string().into_bytes();
        } else if let Some(bytes) = record.bytes_mut() {
            bytes.reverse();
            held.value.reverse();
            held.kind = Kind::Raw;
        } else if let Some(shared) = record.shared_mut() {
            held.value.extend(b"and more");
            *shared = Bytes::from(held.value.clone());
        } else if let Some(Object::Sample(bytes)) = record.object_mut() {
            bytes.extend(b"and more");
            held.value.extend(b"and more");
        }
        assert_eq!(record.access(), 12345);
    }

    fn advance(&mut self, milliseconds: u64) {
        self.now += milliseconds;
        let mut dead = Vec::new();
        let mut calls = 0;
        while self.table.advance(self.now, 50, &mut |key, _| dead.push(key.to_vec())) {
            calls += 1;
            assert!(calls < 1_000_000, "advance comes to an end");
        }
        assert!(self.table.next_due() > self.now);
        for key in dead {
            let held = self.model.remove(&key).expect("only keys of the table die, and once");
            assert!(held.deadline.expect("a volatile key") <= self.now);
        }
        let due = |held: &Held| held.deadline.is_some_and(|deadline| deadline <= self.now);
        assert!(!self.model.values().any(due), "no dead key is left");
    }

    fn check_all(&self) {
        self.model.keys().for_each(|key| self.check(key));
        assert_eq!(self.table.len(), self.model.len());
        let volatile = self.model.values().filter(|held| held.deadline.is_some()).count();
        assert_eq!(self.table.volatile_len(), volatile);
        let mut foreign = 0;
        self.table.arena.for_each(|block| foreign += foreign_bytes(block));
        assert_eq!(self.table.foreign, foreign, "the account of foreign memory is right");
        let scanned = scan_all(&self.table);
        assert_eq!(scanned.len(), self.model.len());
        assert!(self.model.keys().all(|key| scanned.contains(key)));
    }
}

fn scan_all(table: &Table) -> HashSet<Vec<u8>> {
    let mut all = HashSet::new();
    let mut cursor = 0;
    loop {
        cursor = table.scan(cursor, &mut |record| {
            assert!(all.insert(record.key().to_vec()), "shown once while nothing changes");
        });
        assert!(cursor < 1 << 40);
        if cursor == 0 {
            return all;
        }
    }
}

fn key_of(number: u32) -> Vec<u8> {
    format!("key:{number:012}").into_bytes()
}

fn fill(table: &mut Table, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let key = key_of(number);
        drop(table.put(hash_key(&key), &key, NewValue::Bytes(&key), Deadline::Clear));
    }
}

fn empty(table: &mut Table, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let key = key_of(number);
        drop(table.remove(hash_key(&key), &key).expect("it is there"));
    }
}

#[test]
fn a_table_does_what_a_map_does() {
    for seed in 0..4 {
        let mut pair = Pair::new(seed);
        let range = [20, 400, 3000, 12_000][seed as usize];
        for step in 0..30_000 {
            match pair.random.u32(..100) {
                0..40 => pair.put(range),
                40..58 => pair.remove(range),
                58..70 => pair.set_deadline(range),
                70..85 => pair.edit(range),
                85..98 => {
                    let key = pair.key(range);
                    pair.check(&key);
                }
                98 => {
                    pair.table.compact(100);
                }
                _ => {
                    let most = 1 << pair.random.u32(..20);
                    let milliseconds = pair.random.u64(..most);
                    pair.advance(milliseconds);
                }
            }
            if step % 5000 == 0 {
                pair.check_all();
            }
        }
        pair.check_all();
        pair.advance(1 << 40);
        pair.check_all();
    }
}

#[test]
fn a_table_grows_to_200000_keys_and_gives_the_memory_back() {
    let mut table = Table::new();
    fill(&mut table, 0..200_000);
    let stats = table.stats();
    assert_eq!(stats.keys, 200_000);
    assert!(table.memory_bytes() < 200_000 * 53, "{} bytes", table.memory_bytes());
    for number in 0..200_000 {
        let key = key_of(number);
        let record = table.find(hash_key(&key), &key).expect("it was put");
        assert!(matches!(record.value(), Value::Bytes(bytes) if bytes == key));
    }
    assert!(table.find(hash_key(b"absent"), b"absent").is_none());
    empty(&mut table, 0..199_000);
    assert_eq!(scan_all(&table).len(), 1000);
    empty(&mut table, 199_000..200_000);
    assert_eq!(table.len(), 0);
    assert!(table.memory_bytes() < 1 << 19, "{:?}", table.stats());
}

#[test]
fn what_stays_through_a_scan_is_shown_though_the_table_grows_and_shrinks() {
    for seed in 0..6 {
        let mut random = Rng::with_seed(seed);
        let mut table = Table::new();
        fill(&mut table, 0..2000);
        let mut others = 2000..2000;
        let mut seen = HashSet::new();
        let mut cursor = 0;
        let mut grows = seed % 2 == 0;
        loop {
            cursor = table.scan(cursor, &mut |record| {
                seen.insert(record.key().to_vec());
            });
            if cursor == 0 {
                break;
            }
            let step = random.u32(..400);
            if grows {
                fill(&mut table, others.end..others.end + step);
                others.end += step;
            } else {
                let step = step.min(others.len() as u32);
                empty(&mut table, others.start..others.start + step);
                others.start += step;
            }
            if others.len() > 40_000 || others.is_empty() {
                grows = others.is_empty();
            }
        }
        assert!((0..2000).all(|number| seen.contains(&key_of(number))), "seed {seed}");
    }
}

#[test]
fn keys_of_one_home_group_and_tag_are_told_apart() {
    // All in one group of their segment: the longest probes there can be.
    fn crowded(key: &[u8]) -> u64 {
        hash_key(key) & !0xFF_FFFF | 0x12_3456
    }
    let mut table = Table::with_hash(crowded);
    let keys: Vec<Vec<u8>> = (0..5000).map(key_of).collect();
    for key in &keys {
        drop(table.put(crowded(key), key, NewValue::Int(1), Deadline::Clear));
    }
    assert!(keys.iter().all(|key| table.find(crowded(key), key).is_some()));
    for key in &keys[..4000] {
        assert!(table.remove(crowded(key), key).is_some());
        assert!(table.find(crowded(key), key).is_none());
    }
    assert!(keys[4000..].iter().all(|key| table.find(crowded(key), key).is_some()));
}

#[test]
#[should_panic(expected = "hashes of keys are spread evenly")]
fn a_broken_hash_stops_the_command_before_it_eats_the_memory() {
    let mut table = Table::with_hash(|_| 42);
    for number in 0..2000 {
        let key = key_of(number);
        drop(table.put(42, &key, NewValue::Int(1), Deadline::Clear));
    }
}

#[test]
fn compaction_gives_back_what_deletes_leave_and_comes_to_an_end() {
    for many in [4000, 40_000] {
        let mut pair = Pair::new(11);
        (0..many).for_each(|_| pair.put(many));
        let full = pair.table.memory_bytes();
        let mut kept = 0;
        for key in pair.model.keys().cloned().collect::<Vec<_>>() {
            kept += 1;
            if kept % 4 != 0 {
                pair.model.remove(&key);
                drop(pair.table.remove(hash_key(&key), &key));
            }
        }
        let mut calls = 0;
        while pair.table.compact(64) {
            calls += 1;
            assert!(calls < many, "compaction ends");
        }
        pair.check_all();
        let left = pair.table.memory_bytes();
        assert!(left < full / 2, "{left} of {full} are left: {:?}", pair.table.stats());
        pair.advance(1 << 40);
        pair.check_all();
    }
}

#[test]
fn an_empty_table_gives_back_its_last_chunk_too() {
    let mut table = Table::new();
    fill(&mut table, 0..5000);
    empty(&mut table, 0..5000);
    assert!(!table.compact(10));
    assert!(table.memory_bytes() < 32_768, "{:?}", table.stats());
    fill(&mut table, 0..10);
    assert_eq!(scan_all(&table).len(), 10);
}

#[test]
fn overwriting_with_the_same_size_allocates_nothing() {
    let mut table = Table::new();
    fill(&mut table, 0..1000);
    let before = table.memory_bytes();
    let key = key_of(5);
    let first = table.find(hash_key(&key), &key).expect("there").key().as_ptr();
    drop(table.put(hash_key(&key), &key, NewValue::Bytes(b"0123456789abcdef"), Deadline::Clear));
    let record = table.find(hash_key(&key), &key).expect("there");
    assert_eq!(record.key().as_ptr(), first);
    assert_eq!(content(&record.value()), b"0123456789abcdef");
    assert_eq!(table.memory_bytes(), before);
}

#[test]
fn random_keys_are_spread_nearly_evenly() {
    let mut table = Table::new();
    fill(&mut table, 0..3000);
    let mut counts: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    for random in 0..300_000 {
        let key = table.random(random).expect("not empty").key().to_vec();
        *counts.entry(key).or_default() += 1;
    }
    assert_eq!(counts.len(), 3000);
    assert!(counts.values().all(|&count| (40..180).contains(&count)));
    let mut single = Table::new();
    assert!(single.random(1).is_none());
    fill(&mut single, 7..8);
    assert!((0..100).all(|random| single.random(random).is_some()));
}

#[test]
fn a_jump_of_the_clock_ahead_takes_few_steps_and_back_loses_nothing() {
    let mut pair = Pair::new(9);
    for _ in 0..3000 {
        pair.put(2000);
    }
    let far = pair.now + 1000;
    // Ahead by a day and back: what was due by then is gone, the rest lives on.
    pair.advance(86_400_000);
    pair.now = far;
    for _ in 0..2000 {
        pair.put(2000);
        pair.set_deadline(2000);
    }
    for _ in 0..50 {
        pair.advance(500);
    }
    pair.check_all();
    pair.advance(1 << 35);
    pair.check_all();
    assert_eq!(pair.table.volatile_len(), 0);
}

#[test]
fn advance_keeps_to_its_budget() {
    let mut table = Table::new();
    for number in 0..10_000 {
        let key = key_of(number);
        drop(table.put(hash_key(&key), &key, NewValue::Int(0), Deadline::At(5_000_000)));
    }
    let mut calls = 0;
    loop {
        let mut dead = 0;
        let more = table.advance(5_000_000, 100, &mut |_, _| dead += 1);
        assert!(dead <= 100);
        calls += 1;
        if !more {
            break;
        }
    }
    assert!(calls >= 100);
    assert_eq!(table.len(), 0);
    assert_eq!(table.next_due(), u64::MAX);
}

#[test]
fn a_packed_container_is_edited_like_a_vector() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut table = Table::new();
    let mut models: Vec<Vec<u8>> = Vec::new();
    for number in 0..200 {
        let key = key_of(number);
        let deadline = if number % 3 == 0 { Deadline::At(9_000_000) } else { Deadline::Clear };
        drop(table.put(hash_key(&key), &key, NewValue::Packed(PackedKind::Set, b"ab"), deadline));
        models.push(b"ab".to_vec());
    }
    for _ in 0..20_000 {
        let number = random.usize(..models.len());
        let (key, model) = (key_of(number as u32), &mut models[number]);
        let start = random.usize(..=model.len());
        let end = random.usize(start..=model.len());
        let with: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
        if model.len() - (end - start) + with.len() > packed_room(&key) {
            continue;
        }
        table.splice(hash_key(&key), &key, start..end, &with);
        model.splice(start..end, with);
        let record = table.find(hash_key(&key), &key).expect("the key is there");
        assert!(matches!(record.value(), Value::Packed(PackedKind::Set, bytes) if bytes == *model));
    }
    assert_eq!(table.volatile_len(), 67);
    table.advance(9_000_000, usize::MAX, &mut |_, _| {});
    assert_eq!(table.len(), 133);
}

#[test]
fn a_table_can_go_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Table>();
    is_send::<Old>();
}
