//! Tests: a stream against a sorted map that does the same.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LIMITS: Limits = Limits { bytes: 200, entries: 7 };

#[derive(Debug, Clone)]
enum Step {
    Add {
        ms: u64,
        seq: u64,
        fields: Vec<(u8, usize)>,
    },
    /// Deletes the entry at this place, if there are so many.
    Delete(usize),
    DeleteMissing(u64),
    Trim {
        most: u64,
        removal: Removal,
    },
    TrimBlocks {
        most: u64,
        limit: u64,
    },
    TrimBelow(u64),
    Range {
        from: u64,
        to: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let fields = prop::collection::vec((0..2_u8, 0..40_usize), 1..3);
    let removal = prop::sample::select(vec![
        Removal::KeepReferences,
        Removal::DropReferences,
        Removal::Unreferenced,
    ]);
    let ms = prop_oneof![4 => 0..3_u64, 1 => 0..300_u64];
    let seq = prop_oneof![4 => 0..3_u64, 1 => Just(u64::from(u32::MAX))];
    prop_oneof![
        8 => (ms, seq, fields).prop_map(|(ms, seq, fields)| Step::Add { ms, seq, fields }),
        6 => (0..40_usize).prop_map(Step::Delete),
        1 => any::<u64>().prop_map(Step::DeleteMissing),
        1 => (0..60_u64, removal).prop_map(|(most, removal)| Step::Trim { most, removal }),
        1 => (0..60_u64, 0..20_u64).prop_map(|(most, limit)| Step::TrimBlocks { most, limit }),
        1 => (0..200_u64).prop_map(Step::TrimBelow),
        4 => (0..200_u64, 0..200_u64).prop_map(|(from, to)| Step::Range { from, to }),
    ]
}

type OwnedPairs = Vec<(Vec<u8>, Vec<u8>)>;
type Model = BTreeMap<Id, OwnedPairs>;

fn owned(entry: Entry<'_>) -> (Id, OwnedPairs) {
    let fields = entry.fields().map(|(name, value)| (name.to_vec(), value.to_vec()));
    (entry.id, fields.collect())
}

fn apply(stream: &mut Stream, model: &mut Model, step: Step) {
    match step {
        Step::Add { ms, seq, fields } => {
            let last = stream.facts().last;
            let id = match ms {
                0 => Id { ms: last.ms, seq: last.seq + 1 + seq },
                _ => Id { ms: last.ms + ms, seq },
            };
            let fields: Vec<(Vec<u8>, Vec<u8>)> =
                fields.iter().map(|(name, length)| (vec![*name], vec![b'v'; *length])).collect();
            let pairs: Vec<(&[u8], &[u8])> =
                fields.iter().map(|(name, value)| (&**name, &**value)).collect();
            stream.add(id, &pairs, LIMITS);
            model.insert(id, fields);
        }
        Step::Delete(place) => {
            if let Some(id) = model.keys().nth(place).copied() {
                model.remove(&id);
                assert!(stream.delete(id) && !stream.delete(id));
            }
        }
        Step::DeleteMissing(ms) => assert!(!stream.delete(Id { ms, seq: u64::MAX })),
        Step::Trim { most, removal } => {
            let expected = (model.len() as u64).saturating_sub(most);
            assert_eq!(stream.trim(Keep::Newest(most), Extent::Exact, removal), expected);
            (0..expected).for_each(|_| drop(model.pop_first()));
        }
        Step::TrimBlocks { most, limit } => {
            let removed =
                stream.trim(Keep::Newest(most), Extent::Blocks(limit), Removal::default());
            (0..removed).for_each(|_| drop(model.pop_first()));
            assert!(removed == 0 || model.len() as u64 >= most);
            assert!(limit == 0 || removed <= limit);
        }
        Step::TrimBelow(ms) => {
            let first = Id { ms, seq: 1 };
            let kept = model.split_off(&first);
            let removed = stream.trim(Keep::From(first), Extent::Exact, Removal::default());
            assert_eq!(removed, std::mem::replace(model, kept).len() as u64);
        }
        Step::Range { from, to } => check_range(stream, model, from, to),
    }
}

fn check_range(stream: &Stream, model: &Model, from: u64, to: u64) {
    let (from, to) = (Id { ms: from, seq: 1 }, Id { ms: to, seq: 2 });
    let within = |(id, _): &(&Id, _)| **id >= from && **id <= to;
    let expected: Vec<_> =
        model.iter().filter(within).map(|(id, fields)| (*id, fields.clone())).collect();
    let found: Vec<_> = stream.log().range(from, to).map(owned).collect();
    assert_eq!(found, expected, "{from} to {to}");
    let mut back: Vec<_> = stream.log().range_back(from, to).map(owned).collect();
    back.reverse();
    assert_eq!(back, expected, "{from} to {to}, backwards");
}

fn check(stream: &Stream, model: &Model) {
    let facts = stream.facts();
    assert_eq!(facts.length, model.len() as u64);
    assert_eq!(stream.log().len(), facts.length);
    assert_eq!(facts.first, model.keys().next().copied().unwrap_or_default());
    assert_eq!(stream.log().last().map(|entry| entry.id), model.keys().next_back().copied());
    let allocated: usize = stream.log().blocks().map(|block| block.allocated()).sum();
    assert!(stream.weight() >= allocated && stream.weight() <= allocated + 9000);
    assert_eq!(stream.log().blocks().count(), stream.log().blocks_len());
    assert!(stream.log().blocks().all(|block| block.live > 0));
}

proptest! {
    #[test]
    fn a_stream_does_what_a_sorted_map_does(steps in prop::collection::vec(step(), 1..200)) {
        let (mut stream, mut model) = (Stream::new(), Model::new());
        for step in steps {
            apply(&mut stream, &mut model, step);
            check(&stream, &model);
        }
        check_range(&stream, &model, 0, u64::MAX);
    }
}

#[test]
fn a_full_block_takes_no_more_than_26_bytes_an_entry() {
    let mut stream = Stream::new();
    for ms in 1..=100_000 {
        let fields: &[(&[u8], &[u8])] = &[(b"field1", b"value-12"), (b"field2", b"value-34")];
        let id = Id { ms: 1_795_000_000_000 + ms / 3, seq: ms % 3 };
        stream.add(id, fields, Limits { bytes: 4096, entries: 100 });
    }
    assert!(stream.weight() / 100_000 < 22, "{} bytes", stream.weight());
}

#[test]
fn only_what_every_group_has_acknowledged_goes() {
    let mut stream = Stream::new();
    for ms in 1..=6 {
        stream.add(Id { ms, seq: 0 }, &[(b"f", b"v")], LIMITS);
    }
    let mut group = Group::new(Id { ms: 5, seq: 0 }, None);
    let consumer = group.add_consumer(b"c", 0);
    let pending = Pending { consumer, delivered_ms: 0, deliveries: 1 };
    group.set_pending(Id { ms: 2, seq: 0 }, pending);
    stream.add_group(b"g", group);
    assert_eq!(stream.trim(Keep::Newest(0), Extent::Exact, Removal::Unreferenced), 4);
    let left: Vec<u64> = stream.log().range(Id::MIN, Id::MAX).map(|entry| entry.id.ms).collect();
    assert_eq!(left, [2, 6]);
    assert_eq!(stream.trim(Keep::Newest(1), Extent::Exact, Removal::DropReferences), 1);
    assert_eq!(stream.group(b"g").map(Group::pending_len), Some(0));
}
