//! Tests of snapshots: whatever is written meanwhile, a snapshot shows every key once, as it was.

use super::*;
use crate::store::{Db, Deadline, NewValue, Object, Place, Value};
use bytes::Bytes;
use std::collections::HashMap;

/// What is known of a key: its database and name, and its value and deadline.
type Keys = HashMap<(usize, Vec<u8>), (Vec<u8>, Option<u64>)>;

/// Collects what it is shown; a key shown twice is an error.
#[derive(Default)]
struct Shown(Keys);

impl Shown {
    fn add(&mut self, saved: &Saved<'_>) {
        let value = match &saved.value {
            Value::Int(number) => number.to_string().into_bytes(),
            Value::Bytes(bytes) | Value::Packed(_, bytes) => bytes.to_vec(),
            Value::Shared(bytes) => bytes.to_vec(),
            Value::Object(Object::Sample(bytes)) => bytes.clone(),
            Value::Object(_) => panic!("no other containers here"),
        };
        let place = (saved.db, saved.key.to_vec());
        let before = self.0.insert(place, (value, saved.deadline));
        assert!(before.is_none(), "{:?} was shown twice", String::from_utf8_lossy(saved.key));
    }
}

impl Shown {
    /// These, and no others. Names the first that is not, since all would fill many screens.
    #[track_caller]
    fn are(&self, expected: &Keys) {
        let all = expected.keys().chain(self.0.keys());
        let wrong = all.into_iter().find(|place| self.0.get(*place) != expected.get(*place));
        if let Some((db, key)) = wrong {
            let place = (*db, key.clone());
            let (shown, expected) = (self.0.get(&place), expected.get(&place));
            panic!("{} of {db}: {shown:?}, not {expected:?}", String::from_utf8_lossy(key));
        }
    }
}

impl Visitor for Shown {
    fn small(&mut self, record: Saved<'_>) {
        assert!(!matches!(record.value, Value::Shared(_) | Value::Object(_)));
        self.add(&record);
    }

    fn large(&mut self, record: Saved<'_>) {
        self.add(&record);
    }
}

/// A keyspace, what is in it, and chance.
struct World {
    /// Never freed: a snapshot borrows it while it is written to.
    space: &'static Keyspace,
    keys: Keys,
    random: fastrand::Rng,
}

impl World {
    fn new(seed: u64) -> Self {
        World {
            space: Box::leak(Box::new(Keyspace::new(3, 1))),
            keys: Keys::new(),
            random: fastrand::Rng::with_seed(seed),
        }
    }

    fn key(&mut self) -> Vec<u8> {
        format!("key {}", self.random.u32(..3000)).into_bytes()
    }

    fn put(&mut self, db: usize, key: Vec<u8>) {
        let length = match self.random.u32(..8) {
            0 => self.random.usize(1000..3000),
            _ => self.random.usize(..60),
        };
        let bytes: Vec<u8> = (0..length).map(|_| self.random.alphanumeric() as u8).collect();
        let number = self.random.i64(..);
        let (value, content) = match self.random.u32(..6) {
            0 => (NewValue::Int(number), number.to_string().into_bytes()),
            1 => (NewValue::Shared(Bytes::from(bytes.clone())), bytes),
            2 => (NewValue::from(Object::Sample(bytes.clone())), bytes),
            _ => (NewValue::Bytes(&bytes), bytes.clone()),
        };
        let ms = self.random.bool().then(|| self.random.u64(1_000_000..9_000_000));
        let mut handler = Db::new(self.space, db, 1000);
        handler.lock([Place { db, key: &key }].into_iter());
        handler.put(&key, value, ms.map_or(Deadline::Clear, Deadline::At));
        drop(handler);
        self.keys.insert((db, key), (content, ms));
    }

    fn change(&mut self) {
        let (db, key) = (self.random.usize(..3), self.key());
        let place = (db, key.clone());
        let mut handler = Db::new(self.space, db, 1000);
        handler.lock([Place { db, key: &key }].into_iter());
        match self.random.u32(..20) {
            0..8 => {
                drop(handler);
                self.put(db, key);
            }
            8..12 => {
                handler.remove(&key);
                self.keys.remove(&place);
            }
            12..14 => {
                let ms = self.random.u64(1_000_000..9_000_000);
                if handler.set_deadline(&key, Some(ms)) {
                    self.keys.get_mut(&place).expect("the model has it").1 = Some(ms);
                }
            }
            _ => {
                let Some(mut record) = handler.find_mut(&key) else { return };
                let value = &mut self.keys.get_mut(&place).expect("the model has it").0;
                if let Some(number) = record.int_mut() {
                    *number = number.wrapping_add(1);
                    *value = number.to_string().into_bytes();
                } else if let Some(Object::Sample(bytes)) = record.object_mut() {
                    bytes.push(b'+');
                    value.push(b'+');
                } else if let Some(bytes) = record.bytes_mut() {
                    bytes.reverse();
                    value.reverse();
                }
            }
        }
    }

    fn change_much(&mut self) {
        let (a, b) = (self.random.usize(..3), self.random.usize(..3));
        match self.random.u32(..8) {
            0 => {
                drop(self.space.flush_db(a));
                self.keys.retain(|(db, _), _| *db != a);
            }
            1 if a != b => {
                self.space.swap(a, b, 0);
                let swapped = self.keys.drain().map(|((db, key), value)| match db {
                    _ if db == a => ((b, key), value),
                    _ if db == b => ((a, key), value),
                    _ => ((db, key), value),
                });
                self.keys = swapped.collect();
            }
            2 => {
                // Segments split.
                (0..2000).for_each(|at| self.put(a, format!("more {at}").into_bytes()));
            }
            _ => (0..self.random.usize(..300)).for_each(|_| self.change()),
        }
    }
}

#[test]
fn a_snapshot_shows_what_was_there_however_much_is_written_meanwhile() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        for round in 0..4 {
            (0..world.random.usize(..5)).for_each(|_| world.change_much());
            let mut moments = 0;
            let mut snapshot = world.space.begin_snapshot(&mut || moments += 1).expect("none runs");
            assert_eq!(moments, 1);
            assert!(world.space.begin_snapshot(&mut || {}).is_none(), "one at a time");
            let expected = world.keys.clone();
            let count: usize = snapshot.sizes().iter().map(|size| size.keys).sum();
            assert_eq!(count, expected.len());
            let mut shown = Shown::default();
            // The third is given up: the next one has to be right all the same.
            let mut steps = if round == 2 { 3 } else { usize::MAX };
            while steps > 0 && snapshot.step(&mut shown) {
                world.change_much();
                steps -= 1;
            }
            drop(snapshot);
            if round != 2 {
                shown.are(&expected);
            }
        }
    }
}

#[test]
fn a_snapshot_is_of_one_moment_for_all_shards() {
    let space: &'static Keyspace = Box::leak(Box::new(Keyspace::new(1, 4)));
    let ends = AtomicBool::new(false);
    // The writer adds key after key: a snapshot has those up to one of them, and none behind it.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..60_000 {
                let key = format!("{number}");
                let mut db = Db::new(space, 0, 1000);
                db.lock_one(key.as_bytes());
                db.put(key.as_bytes(), NewValue::Int(number), Deadline::Clear);
                if ends.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        for _ in 0..10 {
            let mut snapshot = space.begin_snapshot(&mut || {}).expect("none runs");
            let mut shown = Shown::default();
            while snapshot.step(&mut shown) {}
            let last = shown
                .0
                .values()
                .filter_map(|(value, _)| std::str::from_utf8(value).ok()?.parse::<usize>().ok());
            assert_eq!(last.max().map_or(0, |last| last + 1), shown.0.len());
        }
        ends.store(true, Ordering::Relaxed);
    });
}

#[test]
fn what_is_shown_can_be_loaded() {
    struct Loads<'a>(&'a Keyspace);
    impl Loads<'_> {
        fn load(&mut self, saved: &Saved<'_>) {
            let value = match &saved.value {
                Value::Int(number) => NewValue::Int(*number),
                Value::Bytes(bytes) => NewValue::Bytes(bytes),
                Value::Packed(kind, bytes) => NewValue::Packed(*kind, bytes),
                Value::Shared(bytes) => NewValue::Shared((*bytes).clone()),
                Value::Object(object) => NewValue::from((*object).clone()),
            };
            let place = (saved.db, saved.key);
            self.0.load(place, value, saved.deadline, Some(saved.access), 1000);
        }
    }
    impl Visitor for Loads<'_> {
        fn small(&mut self, record: Saved<'_>) {
            self.load(&record);
        }

        fn large(&mut self, record: Saved<'_>) {
            self.load(&record);
        }
    }
    let mut world = World::new(7);
    (0..20).for_each(|_| world.change_much());
    let copy = Keyspace::new(3, 4);
    let loads = &mut Loads(&copy);
    let mut snapshot = world.space.begin_snapshot(&mut || {}).expect("none runs");
    while snapshot.step(loads) {}
    drop(snapshot);
    let mut shown = Shown::default();
    let mut snapshot = copy.begin_snapshot(&mut || {}).expect("none runs");
    while snapshot.step(&mut shown) {}
    shown.are(&world.keys);
    let due = copy.used_shards(0).unwrap_or_default().iter().map(|shard| shard.due()).min();
    assert!(due.is_some_and(|due| due < 9_000_000), "the expiry thread knows of the deadlines");
    drop(snapshot);
    drop(copy.clear_for_loading());
    assert_eq!(copy.count(0).0 + copy.count(1).0 + copy.count(2).0, 0);
}

#[test]
fn a_database_comes_into_use_while_a_snapshot_waits_for_another() {
    let space = std::sync::Arc::new(Keyspace::new(2, 1));
    let (waits, proceed) = std::sync::mpsc::channel();
    let held = space.shards(0)[1].lock();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            waits.send(()).unwrap();
            drop(space.begin_snapshot(&mut || {}));
        });
        proceed.recv().unwrap();
        // As COPY to another database does. The snapshot may or may not have come to the shard: a
        // wait for each other would be seen often enough.
        std::thread::sleep(std::time::Duration::from_millis(20));
        let (space, (told, done)) = (space.clone(), std::sync::mpsc::channel());
        std::thread::spawn(move || told.send(space.shards(1).len()));
        let made = done.recv_timeout(std::time::Duration::from_secs(5));
        drop(held);
        assert_eq!(made, Ok(2));
    });
}
