//! Tests of dicts: against a map of the standard library, and what they weigh.

use super::*;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

fn member(number: usize) -> Vec<u8> {
    format!("member:{number:05}").into_bytes()
}

fn filled(beside: Beside, value: &[u8], count: usize) -> Dict {
    let mut dict = Dict::new(beside);
    (0..count).for_each(|number| _ = dict.insert(&member(number), value));
    dict
}

/// Bytes an element takes in a dict of `count`, that of the dict itself included.
fn bytes_each(beside: Beside, value: &[u8], count: usize) -> f64 {
    let dict = filled(beside, value, count);
    (dict.weight() + size_of::<Dict>()) as f64 / count as f64
}

#[test]
fn an_element_of_a_large_dict_takes_little_more_than_its_bytes() {
    for count in [20_000, 50_000, 70_000, 100_000] {
        let each = |beside, value| bytes_each(beside, value, count);
        let set = each(Beside::Nothing, b"");
        let scores = each(Beside::Fixed8, b"8 bytes.");
        let hash = each(Beside::Bytes, b"twelve bytes");
        assert!(set <= 25.5, "{count}: {set}");
        assert!(scores <= 33.5, "{count}: {scores}");
        assert!(hash <= 38.5, "{count}: {hash}");
    }
}

#[test]
fn a_small_dict_takes_what_its_elements_need() {
    for count in [50, 100, 200, 500, 1000, 2000] {
        let each = bytes_each(Beside::Nothing, b"", count);
        assert!(each < if count < 100 { 36.0 } else { 31.0 }, "{count}: {each}");
    }
}

#[test]
fn what_is_removed_gives_its_memory_back() {
    let mut dict = filled(Beside::Nothing, b"", 50_000);
    let full = dict.weight();
    for number in (0..50_000).filter(|number| number % 8 != 0) {
        assert!(dict.remove(&member(number)));
        dict.compact(|_, _| ());
    }
    assert_eq!(dict.len(), 50_000 / 8);
    assert!(dict.weight() < full / 3, "{} of {full}", dict.weight());
    for number in 0..50_000 {
        assert_eq!(dict.find(&member(number)).is_some(), number % 8 == 0);
    }
    for number in (0..50_000).step_by(8) {
        assert!(dict.remove(&member(number)));
        dict.compact(|_, _| ());
    }
    assert!(dict.is_empty() && dict.weight() < 4096, "{}", dict.weight());
}

#[test]
fn a_dict_emptied_from_one_end_keeps_no_empty_segments() {
    let mut dict = filled(Beside::Nothing, b"", 40_000);
    let (mut cursor, mut met) = (0, Vec::new());
    while met.len() < 39_900 {
        cursor = dict.scan(cursor, |element| met.push(dict.key(element).to_vec()));
    }
    for key in met {
        assert!(dict.remove(&key));
        dict.compact(|_, _| ());
    }
    assert!(dict.len() < 200 && dict.weight() < 8000, "{} for {}", dict.weight(), dict.len());
}

#[test]
fn references_stay_until_compact_tells_of_another() {
    let mut dict = Dict::new(Beside::Fixed8);
    let value = |number: usize| (number as u64).to_le_bytes();
    let mut references: HashMap<usize, Ref> =
        (0..5000).map(|number| (number, dict.insert(&member(number), &value(number)))).collect();
    for number in (0..5000).filter(|number| number % 5 != 0) {
        references.remove(&number);
        assert!(dict.remove(&member(number)));
        let mut moves = Vec::new();
        dict.compact(|from, to| moves.push((from, to)));
        for (from, to) in moves {
            let moved = references.values_mut().find(|reference| **reference == from);
            *moved.expect("only what lives moves") = to;
        }
    }
    for (number, reference) in references {
        assert_eq!(dict.key(reference), member(number));
        assert_eq!(dict.beside(reference), value(number));
    }
}

#[test]
fn every_element_is_drawn_about_as_often_as_any_other() {
    for count in [3, 20, 1500] {
        let mut dict = filled(Beside::Nothing, b"", 2 * count);
        (0..count).for_each(|number| _ = dict.remove(&member(number)));
        let mut drawn: HashMap<Vec<u8>, f64> = HashMap::new();
        let draws = 200 * count;
        for _ in 0..draws {
            *drawn.entry(dict.key(dict.random()).to_vec()).or_default() += 1.0;
        }
        assert_eq!(drawn.len(), count);
        let chi_square: f64 = drawn.values().map(|times| (times - 200.0).powi(2) / 200.0).sum();
        let (freedom, spread) = (count as f64 - 1.0, (2.0 * (count as f64 - 1.0)).sqrt());
        assert!(chi_square < freedom + 6.0 * spread, "{count}: {chi_square}");
    }
}

#[test]
fn a_scan_shows_all_that_stays_while_others_come_and_go() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..20 {
        let mut dict = filled(Beside::Nothing, b"", random.usize(1..8000));
        let stays: HashSet<Vec<u8>> =
            (0..dict.len()).filter(|number| number % 7 == 0).map(member).collect();
        let (mut shown, mut cursor, mut next) = (HashSet::new(), 0, dict.len());
        let mut gone: Vec<usize> = (0..next).filter(|number| number % 7 != 0).collect();
        let grows = random.bool();
        loop {
            cursor = dict.scan(cursor, |element| _ = shown.insert(dict.key(element).to_vec()));
            assert!(cursor < 1 << 53);
            if cursor == 0 {
                break;
            }
            for _ in 0..random.usize(..40) {
                if grows && next < 30_000 {
                    dict.insert(&member(next), b"");
                    next += 1;
                } else if let Some(number) = gone.pop() {
                    dict.remove(&member(number));
                    dict.compact(|_, _| ());
                }
            }
        }
        assert!(stays.is_subset(&shown));
    }
    // Cursors that nobody gave out.
    let dict = filled(Beside::Nothing, b"", 3000);
    for cursor in [u64::MAX, 1 << 53, (1 << 53) - 1, 12345] {
        dict.scan(cursor, |_| ());
    }
}

#[test]
fn walking_one_dict_to_fill_another_takes_no_longer_than_filling_the_first() {
    let one = filled(Beside::Nothing, b"", 30_000);
    let mut other = Dict::new(Beside::Nothing);
    one.iter().for_each(|element| assert!(other.add(one.key(element))));
    assert_eq!(other.len(), one.len());
    let (a, b) = (one.weight() as f64, other.weight() as f64);
    assert!((a / b - 1.0).abs() < 0.1, "{a} {b}");
}

#[derive(Debug, Clone)]
enum Step {
    Put(u16, usize),
    Remove(u16),
    Compact,
    Clone,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let length = prop_oneof![8 => 0..30usize, 2 => 240..260usize, 1 => 990..1010usize,
        1 => Just(70_000usize)];
    let step = prop_oneof![
        6 => (0..400u16, length).prop_map(|(key, length)| Step::Put(key, length)),
        4 => (0..400u16).prop_map(Step::Remove),
        2 => Just(Step::Compact),
        1 => Just(Step::Clone),
    ];
    prop::collection::vec(step, 1..400)
}

/// Keys of many lengths, the empty one included.
fn key(number: u16) -> Vec<u8> {
    let length = if number % 50 == 49 { 1200 } else { usize::from(number % 17) * 3 };
    let text = if number == 0 { String::new() } else { number.to_string() };
    let mut key = text.into_bytes();
    key.resize(key.len().max(length), 0xFF);
    if number == 0 { Vec::new() } else { key }
}

proptest! {
    #[test]
    fn a_dict_holds_what_a_map_holds(steps in steps(), kind in 0..3usize) {
        let kind = [Beside::Nothing, Beside::Fixed8, Beside::Bytes][kind];
        let (mut dict, mut map) = (Dict::new(kind), HashMap::<Vec<u8>, Vec<u8>>::new());
        for step in steps {
            match step {
                Step::Put(number, length) => {
                    let key = key(number);
                    let value = match kind {
                        Beside::Nothing => Vec::new(),
                        Beside::Fixed8 => (length as u64).to_le_bytes().to_vec(),
                        Beside::Bytes => vec![0xFF; length],
                    };
                    let element = match dict.find(&key) {
                        Some(element) => dict.set_beside(element, &value),
                        None => dict.insert(&key, &value),
                    };
                    prop_assert_eq!(dict.beside(element), &value[..]);
                    map.insert(key, value);
                }
                Step::Remove(number) => {
                    prop_assert_eq!(dict.remove(&key(number)), map.remove(&key(number)).is_some());
                }
                Step::Compact => dict.compact(|_, _| ()),
                Step::Clone => dict = dict.clone(),
            }
            prop_assert_eq!(dict.len(), map.len());
        }
        let found: HashMap<Vec<u8>, Vec<u8>> = dict
            .iter()
            .map(|element| (dict.key(element).to_vec(), dict.beside(element).to_vec()))
            .collect();
        prop_assert_eq!(&found, &map);
        for (key, value) in &map {
            let element = dict.find(key).expect("it was put");
            prop_assert_eq!(dict.beside(element), &value[..]);
        }
        let (mut shown, mut cursor) = (HashSet::new(), 0);
        loop {
            cursor = dict.scan(cursor, |element| _ = shown.insert(dict.key(element).to_vec()));
            if cursor == 0 {
                break;
            }
        }
        prop_assert_eq!(shown.len(), map.len());
    }
}
