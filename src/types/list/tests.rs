//! Lists against a deque: whatever is done, in whatever order, they hold the same.

use super::block::Step;
use super::{Element, End, List, Order};
use proptest::prelude::*;
use std::collections::VecDeque;

type Model = VecDeque<Vec<u8>>;

/// All elements in this order.
fn elements(list: &List, order: Order) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    list.walk(0..list.len(), order, &mut |element| {
        found.push(element.bytes.to_vec());
        Step::Continue(())
    });
    found
}

fn check(list: &List, model: &Model) {
    assert_eq!(list.len(), model.len());
    assert!(elements(list, Order::Forward).iter().eq(model.iter()));
    assert!(elements(list, Order::Backward).iter().eq(model.iter().rev()));
    let owned: usize = list.blocks.iter().map(|block| block.capacity()).sum();
    let blocks = list.blocks.capacity() * size_of::<super::block::Block>();
    assert_eq!(list.weight(), owned + blocks);
    for (at, block) in list.blocks.iter().enumerate() {
        assert!(block.count() > 0);
        let mut bytes = super::limits::EMPTY_NODE_BYTES;
        let _: Step = block.walk(0..block.count(), &mut |element| {
            bytes += super::limits::node_bytes(element.bytes);
            Step::Continue(())
        });
        assert!(block.is_large() || block.node_bytes() == bytes);
        let is_inner = at >= 2 && at + 2 < list.blocks.len();
        assert!(!is_inner || !block.is_open(), "block {at} of {}", list.blocks.len());
    }
    assert!(list.is_cut || list.blocks.len() <= 1);
}

fn push(list: &mut List, model: &mut Model, setting: i64, end: End, element: Vec<u8>) {
    list.prepare(setting, element.len(), 1);
    list.push(end, Element::from(&element[..]));
    match end {
        End::Left => model.push_front(element),
        End::Right => model.push_back(element),
    }
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Left), Just(End::Right)]
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Forward), Just(Order::Backward)]
}

fn element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => (0..50u32).prop_map(|number| format!("member:{number:05}").into_bytes()),
        4 => (0..9u32).prop_map(|number| number.to_string().into_bytes()),
        1 => (0..2u8, 200..600usize).prop_map(|(byte, length)| vec![byte; length]),
        1 => (0..2u8, 8000..8500usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

#[derive(Clone, Debug)]
enum Edit {
    Push(End, Vec<u8>, u8),
    Drop(End, u8),
    Insert(usize, End, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(Vec<u8>, Order, u8),
    Walk(usize, usize, Order),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (end(), element(), 1..30u8).prop_map(|(end, element, times)| {
            Edit::Push(end, element, times)
        }),
        2 => (end(), 0..20u8).prop_map(|(end, count)| Edit::Drop(end, count)),
        3 => (any::<usize>(), end(), element()).prop_map(|(at, end, element)| {
            Edit::Insert(at, end, element)
        }),
        2 => (any::<usize>(), element()).prop_map(|(at, element)| Edit::Replace(at, element)),
        1 => (element(), order(), 0..4u8).prop_map(|(element, order, most)| {
            Edit::Remove(element, order, most)
        }),
        1 => (any::<usize>(), any::<usize>(), order()).prop_map(|(from, count, order)| {
            Edit::Walk(from, count, order)
        }),
    ]
}

fn apply(list: &mut List, model: &mut Model, setting: i64, edit: Edit) {
    let len = model.len();
    match edit {
        Edit::Push(end, element, times) => {
            (0..times).for_each(|_| push(list, model, setting, end, element.clone()));
        }
        Edit::Drop(end, count) => {
            let count = usize::from(count).min(len);
            list.drop_at(end, count);
            match end {
                End::Left => drop(model.drain(..count)),
                End::Right => model.truncate(len - count),
            }
            list.settle(setting);
        }
        Edit::Insert(at, side, element) if len > 0 => {
            list.prepare(setting, element.len(), 1);
            list.insert(at % len, side, Element::from(&element[..]));
            model.insert(at % len + usize::from(side == End::Right), element);
        }
        Edit::Replace(at, element) if len > 0 => {
            list.prepare(setting, element.len(), 1);
            list.replace(at % len, Element::from(&element[..]));
            model[at % len] = element;
            list.settle(setting);
        }
        Edit::Remove(element, order, most) => {
            let most = if most == 0 { usize::MAX } else { usize::from(most) };
            let mut removed = 0;
            let mut keep = |found: &Vec<u8>| {
                let goes = *found == element && removed < most;
                removed += usize::from(goes);
                !goes
            };
            match order {
                Order::Forward => model.retain(keep),
                Order::Backward => {
                    *model = model.drain(..).rev().filter(&mut keep).collect();
                    model.make_contiguous().reverse();
                }
            }
            assert_eq!(list.remove_equal(&element, order, most), removed);
            list.settle(setting);
        }
        Edit::Walk(from, count, order) => {
            let from = from % (len + 1);
            let to = from + count % (len - from + 1);
            let mut found = Vec::new();
            list.walk(from..to, order, &mut |element| {
                found.push(element.bytes.to_vec());
                Step::Continue(())
            });
            if order == Order::Backward {
                found.reverse();
            }
            assert!(found.iter().eq(model.range(from..to)));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn it_holds_what_a_deque_would_hold(
        setting in prop_oneof![Just(-2i64), Just(-1), Just(1), Just(4), Just(0)],
        edits in prop::collection::vec(edit(), 1..60),
    ) {
        let (mut list, mut model) = (List::default(), Model::new());
        for edit in edits {
            apply(&mut list, &mut model, setting, edit);
            check(&list, &model);
        }
        check(&list.clone(), &model);
    }
}

fn members(count: usize) -> List {
    let mut list = List::default();
    for number in 0..count {
        let element = format!("member:{number:05}").into_bytes();
        list.prepare(-2, element.len(), 1);
        list.push(End::Right, Element::from(&element[..]));
    }
    list
}

#[test]
fn an_element_of_twelve_bytes_takes_few_more_in_a_long_list() {
    let list = members(100_000);
    let each = list.weight() as f64 / list.len() as f64;
    assert!(each < 3.0, "{each}");
    let mut strangers = List::default();
    let mut state = 1u64;
    for _ in 0..100_000 {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        let element = format!("member:{:05}", (state >> 33) % 100_000).into_bytes();
        strangers.prepare(-2, element.len(), 1);
        strangers.push(End::Right, Element::from(&element[..]));
    }
    let each = strangers.weight() as f64 / strangers.len() as f64;
    assert!(each < 7.0, "{each}");
}

#[test]
fn a_list_is_a_listpack_up_to_one_node_and_again_below_half_of_it() {
    let mut list = members(584);
    assert_eq!(list.encoding(), "listpack");
    let mut list_cut = members(585);
    assert_eq!(list_cut.encoding(), "quicklist");
    list_cut.drop_at(End::Right, 1);
    list_cut.drop_at(End::Left, 291);
    list_cut.settle(-2);
    assert_eq!(list_cut.encoding(), "quicklist");
    list_cut.drop_at(End::Left, 1);
    list_cut.settle(-2);
    assert_eq!(list_cut.encoding(), "listpack");
    list.drop_at(End::Right, 584);
    assert!(list.is_empty() && list.weight() < 400);
}

#[test]
fn elements_that_come_and_go_at_the_edge_of_a_block_seal_nothing() {
    let mut list = members(585 * 7);
    let open = |list: &List| list.blocks.iter().filter(|block| block.is_open()).count();
    let blocks = list.blocks.len();
    while list.blocks.len() == blocks {
        list.drop_at(End::Right, 1);
    }
    for _ in 0..10 {
        list.push(End::Right, Element::from(&b"member:00042"[..]));
        assert_eq!((list.blocks.len(), open(&list)), (blocks, 4));
        list.drop_at(End::Right, 1);
        assert_eq!((list.blocks.len(), open(&list)), (blocks - 1, 3));
    }
}
