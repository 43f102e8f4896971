//! Both forms of a sorted set against a map and a sorted list of the standard library.

use super::*;
use crate::types::packed;
use bounds::LexBound;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Model = BTreeMap<Vec<u8>, f64>;

fn sorted(model: &Model) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> =
        model.iter().map(|(member, score)| (&member[..], *score)).collect();
    entries.sort_by(|one, other| order(one.1, one.0, other.1, other.0));
    entries
}

fn check(view: View<'_>, model: &Model) {
    let expected = sorted(model);
    let all = 0..expected.len();
    assert_eq!(view.len(), expected.len());
    assert!(view.walk(all.clone(), Direction::Up).eq(expected.iter().copied()));
    assert!(view.walk(all, Direction::Down).eq(expected.iter().rev().copied()));
    for (rank, (member, score)) in expected.iter().enumerate() {
        assert_eq!(view.rank(member), Some((rank, *score)));
        assert_eq!(view.score(member), Some(*score));
        assert_eq!(view.at(rank), (*member, *score));
    }
    assert_eq!((view.rank(b"nobody"), view.score(b"nobody")), (None, None));
}

fn check_ranges(view: View<'_>, model: &Model, range: &ScoreRange, direction: Direction) {
    let expected = sorted(model);
    let is_inside = |entry: &&Entry<'_>| !range.is_behind(entry.1) && range.reaches(entry.1);
    let mut inside: Vec<Entry<'_>> = expected.iter().filter(is_inside).copied().collect();
    if direction == Direction::Down {
        inside.reverse();
    }
    let walked: Vec<Entry<'_>> = view.walk(view.score_ranks(range), direction).collect();
    assert_eq!(walked, inside, "{range:?}");
}

/// A packed set, changed as the store would change it.
#[derive(Clone)]
struct Small(packed::Piece);

impl Small {
    fn set(&mut self, member: &[u8], score: f64) {
        if let Some(start) = small::view(&self.0).find(member) {
            let old = small::view(&self.0).entry(start);
            if small::is_as_long(&old, score) {
                return small::set_score(&mut self.0, start, score);
            }
            let range = old.range();
            self.splice(range, &[], -1);
        }
        let at = small::place(small::view(&self.0), score, member);
        let mut entry = packed::Piece::new();
        small::push(&mut entry, member, score);
        self.splice(at..at, &entry, 1);
    }

    fn remove_ranks(&mut self, ranks: Range<usize>) {
        let bytes = small::bytes_of(small::view(&self.0), &ranks);
        self.splice(bytes, &[], -(ranks.len() as isize));
    }

    fn splice(&mut self, range: Range<usize>, with: &[u8], more: isize) {
        let count = small::view(&self.0).count().checked_add_signed(more).expect("enough");
        packed::splice(&mut self.0, range, with);
        packed::set_count(&mut self.0, count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn both_forms_hold_what_a_sorted_list_holds(
        steps in prop::collection::vec((0..12u8, 0..40u8, -3..4i8), 1..150),
        bounds in (-4..5i8, -4..5i8, any::<bool>(), any::<bool>()),
    ) {
        let (mut model, mut large) = (Model::new(), SortedSet::new());
        let mut small = Small(packed::empty());
        for (kind, name, score) in steps {
            let member = format!("member {name:02}").into_bytes();
            let score = f64::from(score);
            match kind {
                0 => {
                    let start = usize::from(name) % (model.len() + 1);
                    let end = (start + 5).min(model.len());
                    let gone: Vec<Vec<u8>> =
                        sorted(&model)[start..end].iter().map(|entry| entry.0.to_vec()).collect();
                    gone.iter().for_each(|member| { model.remove(member); });
                    large.remove_ranks(start..end);
                    small.remove_ranks(start..end);
                }
                1 => {
                    let rank = View::Large(&large).rank(&member);
                    prop_assert_eq!(large.remove(&member), model.remove(&member).is_some());
                    if let Some((rank, _)) = rank {
                        small.remove_ranks(rank..rank + 1);
                    }
                }
                _ => {
                    let old = model.insert(member.clone(), score);
                    let added = large.update(&member, |had| { assert_eq!(had, old); Some(score) });
                    prop_assert_eq!(added, old.is_none());
                    small.set(&member, score);
                }
            }
            check(View::Large(&large), &model);
            check(View::packed(&small.0), &model);
        }
        let range = ScoreRange {
            min: bounds.0.into(),
            max: bounds.1.into(),
            leaves_out_min: bounds.2,
            leaves_out_max: bounds.3,
        };
        for direction in [Direction::Up, Direction::Down] {
            check_ranges(View::Large(&large), &model, &range, direction);
            check_ranges(View::packed(&small.0), &model, &range, direction);
        }
        check(View::Large(&SortedSet::from_view(View::packed(&small.0))), &model);
        let again = SortedSet::from_members(large.members().clone());
        check(View::Large(&again), &model);
        let packed = small::pack(sorted(&model).into_iter(), false);
        prop_assert_eq!(packed, small.0);
    }
}

#[test]
fn a_range_of_bytes_is_found_in_either_form_and_direction() {
    let names = ["a", "ab", "b", "c", "d", "e"];
    let piece = small::pack(names.iter().map(|name| (name.as_bytes(), 1.0)), false);
    let mut large = SortedSet::from_view(View::packed(&piece));
    let range = |min, max| LexRange { min, max };
    let cases = [
        (range(LexBound::Lowest, LexBound::Highest), 0..6),
        (range(LexBound::Closed(b"ab"), LexBound::Closed(b"d")), 1..5),
        (range(LexBound::Open(b"ab"), LexBound::Open(b"d")), 2..4),
        (range(LexBound::Open(b"bb"), LexBound::Closed(b"bc")), 3..3),
        (range(LexBound::Closed(b"x"), LexBound::Highest), 6..6),
        (range(LexBound::Highest, LexBound::Lowest), 0..0),
    ];
    for (range, expected) in cases {
        for direction in [Direction::Up, Direction::Down] {
            for view in [View::packed(&piece), View::Large(&large)] {
                let ranks = view.lex_ranks(&range, direction);
                assert_eq!(ranks.len(), expected.len(), "{range:?}");
                assert!(ranks.is_empty() || ranks == expected, "{range:?}");
            }
        }
        large.set_converted();
    }
}

#[test]
fn minus_zero_is_zero_and_keeps_the_first_spelling() {
    let mut set = SortedSet::new();
    set.update(b"b", |_| Some(-0.0));
    set.update(b"a", |_| Some(0.0));
    set.update(b"b", |_| Some(0.0));
    let names: Vec<&[u8]> = View::Large(&set).walk(0..2, Direction::Up).map(|e| e.0).collect();
    assert_eq!(names, [b"a", b"b"]);
    assert!(set.score(b"b").expect("a member").is_sign_negative());
}

#[test]
fn a_set_of_short_members_takes_little_memory() {
    const COUNT: u32 = 100_000;
    let mut set = SortedSet::new();
    for number in 0..COUNT {
        let score = f64::from(number.wrapping_mul(2_654_435_761));
        set.update(format!("{number:012}").as_bytes(), |_| Some(score));
    }
    let bytes = set.weight() / COUNT as usize;
    assert!(bytes <= 57, "{bytes} bytes for each member of twelve");
    // What is left of it after most have gone takes no more than it needs, and is found.
    for number in 0..COUNT - 1000 {
        assert!(set.remove(format!("{number:012}").as_bytes()));
    }
    let bytes = set.weight() / 1000;
    assert!(bytes < 57 * 3, "{bytes} bytes for each member that is left");
    let mut scores: Vec<f64> = Vec::new();
    for number in COUNT - 1000..COUNT {
        let (rank, score) = set.rank(format!("{number:012}").as_bytes()).expect("a member");
        assert_eq!(View::Large(&set).at(rank).1, score);
        scores.push(score);
    }
    scores.sort_by(f64::total_cmp);
    let walked = View::Large(&set).walk(0..1000, Direction::Up).map(|entry| entry.1);
    assert!(walked.eq(scores));
}
