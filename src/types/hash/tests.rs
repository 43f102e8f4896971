//! Tests: a hash against a map of field to value and deadline.

use super::super::packed::{self, Layout};
use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>;

fn living(model: &Model, now_ms: u64) -> BTreeMap<&[u8], &[u8]> {
    let is_living = |ms: &Option<u64>| ms.is_none_or(|ms| ms > now_ms);
    let all = model.iter().filter(|(_, (_, ms))| is_living(ms));
    all.map(|(field, (value, _))| (&field[..], &value[..])).collect()
}

fn check(hash: &Hash, model: &Model, now_ms: u64) {
    let expected = living(model, now_ms);
    assert_eq!(hash.len(now_ms), expected.len());
    assert_eq!(hash.iter(now_ms).collect::<BTreeMap<_, _>>(), expected);
    let (mut scanned, mut cursor) = (BTreeMap::new(), 0);
    loop {
        cursor = hash.scan(cursor, now_ms, |field, value| {
            scanned.insert(field, value);
        });
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(scanned, expected);
    for (field, (_, deadline_ms)) in model {
        assert_eq!(hash.get(field, now_ms), expected.get(&field[..]).copied());
        let deadline = hash.deadline(field, now_ms);
        assert_eq!(deadline, expected.contains_key(&field[..]).then_some(*deadline_ms));
    }
    assert_eq!(hash.next_due(), model.values().filter_map(|(_, ms)| *ms).min());
    assert_eq!(hash.is_over(now_ms), expected.is_empty() && !model.is_empty());
    if !expected.is_empty() {
        let (field, value) = hash.random(now_ms);
        assert_eq!(expected.get(field), Some(&value));
    }
}

proptest! {
    #[test]
    fn a_hash_holds_what_a_map_would(
        steps in prop::collection::vec((0..5u8, 0..40u8, 0..60usize, 0..20u64), 0..200),
    ) {
        let (mut hash, mut model, mut now_ms) = (Hash::new(), Model::new(), 10);
        for (kind, field, length, delay_ms) in steps {
            let (field, value) = (vec![field; usize::from(field) % 5 + 1], vec![7; length]);
            let is_living = living(&model, now_ms).contains_key(&field[..]);
            match kind {
                0 | 1 => {
                    let ttl = if kind == 0 { Ttl::Clear } else { Ttl::Keep };
                    prop_assert_eq!(hash.set(&field, &value, ttl, now_ms), !is_living);
                    let old = model.get(&field).and_then(|(_, ms)| *ms);
                    let kept = old.filter(|_| kind == 1 && is_living);
                    model.insert(field, (value, kept));
                }
                2 => {
                    prop_assert_eq!(hash.remove(&field, now_ms), is_living);
                    model.remove(&field);
                }
                3 if is_living => {
                    let deadline_ms = (delay_ms > 0).then_some(now_ms + delay_ms);
                    hash.set_deadline(&field, deadline_ms);
                    model.get_mut(&field).expect("it is alive").1 = deadline_ms;
                }
                4 => {
                    now_ms += delay_ms;
                    check(&hash, &model, now_ms);
                    for field in hash.remove_due(now_ms, length) {
                        let (_, deadline_ms) = model.remove(&field[..]).expect("it was there");
                        prop_assert!(deadline_ms.is_some_and(|ms| ms <= now_ms));
                    }
                }
                _ => {}
            }
            check(&hash, &model, now_ms);
            check(&hash.clone(), &model, now_ms);
        }
    }
}

#[test]
fn a_packed_hash_keeps_its_fields_and_its_form() {
    let mut piece = packed::empty();
    for word in ["a", "1", "b", "2"] {
        packed::push(&mut piece, word.as_bytes());
    }
    packed::set_count(&mut piece, 2);
    let hash = Hash::from_packed(&Packed::new(&piece, Layout::Pair));
    assert_eq!((hash.len(0), hash.get(b"b", 0), hash.encoding()), (2, Some(&b"2"[..]), "listpack"));
    packed::set_converted(&mut piece);
    let hash = Hash::from_packed(&Packed::new(&piece, Layout::Pair));
    assert_eq!(hash.encoding(), "hashtable");
}

#[test]
fn forms_never_go_back() {
    let mut hash = Hash::new();
    hash.set(b"a", b"1", Ttl::Clear, 0);
    hash.set_deadline(b"a", Some(5));
    hash.set_deadline(b"a", None);
    assert_eq!(hash.encoding(), "listpackex");
    hash.set_converted();
    hash.set_deadline(b"a", Some(5));
    assert_eq!((hash.encoding(), hash.remove_due(5, 10).len()), ("hashtable", 1));
    assert!(hash.is_empty());
}
