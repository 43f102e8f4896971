//! Tests: values of every kind, from bytes made by hand; damage anywhere in them.

use super::*;
use crate::persistence::rdb::kinds::kind;
use crate::store::{Limits, NewValue, Object, PackedKind};
use crate::types::hash::Hash;
use crate::types::list::Order;
use crate::types::packed::{Layout, Packed};
use crate::types::set::View as SetView;
use crate::types::set::int_set::IntSet;
use crate::types::sorted_set::{Direction, View as SortedSetView};
use crate::types::stream::{Id, Stream};
use proptest::prelude::*;
use std::ops::ControlFlow;

const ROOM: usize = 900;

fn text(bytes: &[u8]) -> String {
    match bytes.len() {
        ..40 => String::from_utf8_lossy(bytes).into_owned(),
        length => format!("{}x{length}", char::from(bytes[0])),
    }
}

fn sorted(mut parts: Vec<String>) -> String {
    parts.sort();
    parts.join(" ")
}

/// A value as text: its form, its encoding, what is in it.
fn described(value: LoadedValue<'_>) -> String {
    value.store(|value| match value {
        NewValue::Int(number) => format!("int {number}"),
        NewValue::Bytes(bytes) | NewValue::Raw(bytes) => format!("bytes {}", text(bytes)),
        NewValue::Shared(bytes) => format!("shared {}", text(&bytes)),
        NewValue::Packed(kind, bytes) => {
            format!("packed {} {}", kind.encoding(bytes), packed_parts(kind, bytes))
        }
        NewValue::Object(object) => {
            format!("object {} {}", object.encoding(), object_parts(&object))
        }
    })
}

fn packed_parts(kind: PackedKind, bytes: &[u8]) -> String {
    let single = |entry: crate::types::packed::Entry<'_>| text(entry.name);
    let joined = |parts: Vec<String>| parts.join(" ");
    match kind {
        PackedKind::Hash => {
            let packed = Packed::new(bytes, Layout::Pair);
            assert_eq!(packed.count(), packed.entries().count());
            let pair = |entry: crate::types::packed::Entry<'_>| {
                format!("{}={}", text(entry.name), text(entry.value))
            };
            joined(packed.entries().map(pair).collect())
        }
        PackedKind::SortedSet => scores(SortedSetView::packed(bytes)),
        PackedKind::IntSet => joined(IntSet::new(bytes).iter().map(|i| i.to_string()).collect()),
        PackedKind::Set | PackedKind::List => {
            let packed = Packed::new(bytes, Layout::Single);
            assert_eq!(packed.count(), packed.entries().count());
            joined(packed.entries().map(single).collect())
        }
    }
}

fn scores(view: SortedSetView<'_>) -> String {
    let entries = view.walk(0..view.len(), Direction::Up);
    let parts: Vec<String> =
        entries.map(|(member, score)| format!("{}={score:?}", text(member))).collect();
    parts.join(" ")
}

fn object_parts(object: &Object) -> String {
    match object {
        Object::Hash(hash) => fields(hash),
        Object::Set(set) => {
            let mut members = Vec::new();
            let view: SetView<'_> = set.view();
            view.for_each(|member| members.push(text(member.text(&mut itoa::Buffer::new()))));
            sorted(members)
        }
        Object::SortedSet(set) => scores(SortedSetView::Large(set)),
        Object::List(list) => {
            let mut elements = Vec::new();
            list.walk(0..list.len(), Order::Forward, &mut |element| {
                elements.push(text(element.bytes));
                ControlFlow::Continue(())
            });
            elements.join(" ")
        }
        Object::Stream(stream) => stream_parts(stream),
        Object::Sample(_) => unreachable!("nothing reads one"),
    }
}

fn fields(hash: &Hash) -> String {
    let field = |(field, value): (&[u8], &[u8])| {
        let until = hash.deadline(field, 0).flatten().map(|ms| format!("@{ms}"));
        format!("{}={}{}", text(field), text(value), until.unwrap_or_default())
    };
    sorted(hash.iter(0).map(field).collect())
}

fn stream_parts(stream: &Stream) -> String {
    let entries = stream.log().range(Id::MIN, Id::MAX).map(|entry| {
        let fields = entry.fields().map(|(name, value)| format!("{}:{}", text(name), text(value)));
        format!("{}({})", entry.id, fields.collect::<Vec<_>>().join(","))
    });
    let mut parts: Vec<String> = entries.collect();
    let facts = stream.facts();
    parts.push(format!("[{} last {}", facts.length, facts.last));
    parts.push(format!("deleted {} added {}]", facts.max_deleted, facts.added));
    for (name, group) in stream.groups() {
        parts.push(format!(
            "{}@{} read {:?}",
            text(name),
            group.last_delivered,
            group.entries_read
        ));
        for consumer in group.consumers() {
            let seen = (consumer.seen_ms, consumer.active_ms);
            let own = group.find_consumer(&consumer.name).unwrap();
            let pending = group.pending_of(own, Id::MIN, Id::MAX);
            let pending = pending
                .map(|(id, how)| format!("{id}:{}x{}", how.delivered_ms, how.deliveries))
                .collect::<Vec<_>>();
            parts.push(format!("{}{seen:?}{pending:?}", text(&consumer.name)));
        }
    }
    if let Some(producers) = stream.producers() {
        let (added, again) = (producers.added, producers.duplicates);
        parts.push(format!("producers {:?} of {added} and {again}", producers.count(0)));
    }
    parts.join(" ")
}

fn read_of(kind_byte: u8, bytes: &[u8], is_valkey: bool) -> Result<String, Flaw> {
    let mut source = bytes;
    let mut input = Input::new(&mut source, bytes.len() as u64);
    let context = Context { limits: &Limits::default(), room: ROOM, is_valkey };
    let value = described(read_value(&mut input, kind_byte, &context)?);
    assert_eq!(input.left(), 0, "it was read to its end");
    Ok(value)
}

fn read(kind_byte: u8, bytes: &[u8]) -> String {
    read_of(kind_byte, bytes, false).unwrap()
}

fn damage(kind_byte: u8, bytes: &[u8]) -> String {
    read_of(kind_byte, bytes, false).unwrap_err().to_string()
}

/// Strings, each behind its length.
fn strings(strings: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for string in strings {
        match string.len() {
            length @ ..64 => bytes.push(length as u8),
            length => {
                bytes.push(0x80);
                bytes.extend_from_slice(&(length as u32).to_be_bytes());
            }
        }
        bytes.extend_from_slice(string);
    }
    bytes
}

/// A length below 64, then strings.
fn counted(count: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[count][..], &strings(parts)].concat()
}

enum Element<'a> {
    Text(&'a str),
    Number(i64),
}

use Element::{Number, Text};

fn listpack(elements: &[Element<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for element in elements {
        let start = body.len();
        match element {
            Text(text) if text.len() < 64 => {
                body.push(0x80 | text.len() as u8);
                body.extend_from_slice(text.as_bytes());
            }
            Text(text) => {
                body.extend_from_slice(&[0xE0 | (text.len() >> 8) as u8, text.len() as u8]);
                body.extend_from_slice(text.as_bytes());
            }
            Number(number @ 0..=127) => body.push(*number as u8),
            Number(number) => {
                body.push(0xF4);
                body.extend_from_slice(&number.to_le_bytes());
            }
        }
        let length = body.len() - start;
        match length {
            ..128 => body.push(length as u8),
            _ => body.extend_from_slice(&[(length >> 7) as u8, length as u8 | 0x80]),
        }
    }
    let head = [&(body.len() as u32 + 7).to_le_bytes()[..], &(elements.len() as u16).to_le_bytes()];
    [&head.concat()[..], &body, &[255]].concat()
}

fn ziplist(elements: &[&str]) -> Vec<u8> {
    let (mut body, mut before, mut last) = (Vec::new(), 0, 10);
    for element in elements {
        last = 10 + body.len();
        body.extend_from_slice(&[before as u8, element.len() as u8]);
        body.extend_from_slice(element.as_bytes());
        before = 2 + element.len();
    }
    let head = [(body.len() as u32 + 11).to_le_bytes(), (last as u32).to_le_bytes()].concat();
    [&head[..], &(elements.len() as u16).to_le_bytes(), &body, &[255]].concat()
}

fn as_string(pack: &[u8]) -> Vec<u8> {
    strings(&[pack])
}

fn long(letter: u8) -> Vec<u8> {
    vec![letter; 1000]
}

#[test]
fn strings_are_integers_where_they_spell_one() {
    assert_eq!(read(kind::STRING, b"\x03abc"), "bytes abc");
    assert_eq!(read(kind::STRING, b"\x03-12"), "int -12");
    assert_eq!(read(kind::STRING, b"\xC1\x00\x80"), "int -32768");
    assert_eq!(read(kind::STRING, b"\x0207"), "bytes 07");
    assert_eq!(read(kind::STRING, &strings(&[&long(b'x')])), "shared xx1000");
}

#[test]
fn hashes_of_every_kind() {
    let plain = counted(2, &[b"a", b"1", b"b", b""]);
    assert_eq!(read(kind::HASH, &plain), "packed listpack a=1 b=");
    let wide = counted(1, &[b"a", &[b'x'; 65]]);
    assert_eq!(read(kind::HASH, &wide), "packed hashtable a=xx65");
    let large = counted(2, &[b"a", &long(b'x'), b"b", b"2"]);
    assert_eq!(read(kind::HASH, &large), "object hashtable a=xx1000 b=2");
    let zipmap = b"\x02\x01a\x01\x001\x01b\x01\x012.\xFF";
    assert_eq!(read(kind::HASH_ZIPMAP, &as_string(zipmap)), "packed listpack a=1 b=2");
    let pack = as_string(&ziplist(&["a", "1", "b", "2"]));
    assert_eq!(read(kind::HASH_ZIPLIST, &pack), "packed listpack a=1 b=2");
    let pack = as_string(&listpack(&[Text("a"), Number(1), Number(-7), Text("")]));
    assert_eq!(read(kind::HASH_LISTPACK, &pack), "packed listpack a=1 -7=");
    // Redis does not look at how long the elements of a listpack are.
    let x = "x".repeat(1000);
    let pack = as_string(&listpack(&[Text("a"), Text(&x)]));
    assert_eq!(read(kind::HASH_LISTPACK, &pack), "object listpack a=xx1000");
}

#[test]
fn hashes_whose_fields_have_deadlines() {
    let first_ms = 1_000u64.to_le_bytes();
    let fields = [&[2, 0][..], &strings(&[b"a", b"1"]), &[5], &strings(&[b"b", b"2"])].concat();
    let with_first = [&first_ms[..], &fields].concat();
    let expected = "object listpackex a=1 b=2@1004";
    assert_eq!(read(kind::HASH_DEADLINES, &with_first), expected);
    let expected = "object listpackex a=1 b=2@5";
    assert_eq!(read(kind::HASH_DEADLINES_OF_CANDIDATES, &fields), expected);
    let pack = listpack(&[Text("b"), Number(2), Number(700), Text("a"), Number(1), Number(0)]);
    let pack = as_string(&pack);
    let expected = "object listpackex a=1 b=2@700";
    assert_eq!(read(kind::HASH_LISTPACK_DEADLINES_OF_CANDIDATES, &pack), expected);
    let with_first = [&first_ms[..], &pack].concat();
    assert_eq!(read(kind::HASH_LISTPACK_DEADLINES, &with_first), expected);
    let of_valkey = [
        &[2][..],
        &strings(&[b"a", b"1"]),
        &(-1i64).to_le_bytes(),
        &strings(&[b"b", b"2"]),
        &700i64.to_le_bytes(),
    ];
    let of_valkey = read_of(kind::HASH_DEADLINES_OF_CANDIDATES, &of_valkey.concat(), true).unwrap();
    assert_eq!(of_valkey, expected);
}

#[test]
fn sets_of_every_kind() {
    assert_eq!(read(kind::SET, &counted(2, &[b"7", b"-3"])), "packed intset -3 7");
    assert_eq!(read(kind::SET, &counted(2, &[b"7", b"b"])), "packed listpack 7 b");
    let wide = counted(1, &[&[b'x'; 65]]);
    assert_eq!(read(kind::SET, &wide), "packed hashtable xx65");
    let large = counted(2, &[&long(b'x'), b"b"]);
    assert_eq!(read(kind::SET, &large), "object hashtable b xx1000");
    let integers = [&[2, 0, 0, 0, 2, 0, 0, 0, 0xFF, 0xFF, 5, 0][..]].concat();
    assert_eq!(read(kind::SET_INTSET, &as_string(&integers)), "packed intset -1 5");
    let pack = as_string(&listpack(&[Text("b"), Number(7)]));
    assert_eq!(read(kind::SET_LISTPACK, &pack), "packed listpack b 7");
    let x = "x".repeat(1000);
    let pack = as_string(&listpack(&[Text("b"), Text(&x)]));
    assert_eq!(read(kind::SET_LISTPACK, &pack), "object listpack b xx1000");
}

#[test]
fn sorted_sets_of_every_kind() {
    let binary = [&[3][..], b"\x01b", &2.5f64.to_le_bytes(), b"\x01a", &2.5f64.to_le_bytes()];
    let binary = [&binary.concat()[..], b"\x01c", &f64::NEG_INFINITY.to_le_bytes()].concat();
    let expected = "packed listpack c=-inf a=2.5 b=2.5";
    assert_eq!(read(kind::SORTED_SET_2, &binary), expected);
    let spelled = b"\x04\x01a\x032.5\x01b\xFE\x01c\xFF\x01d\x02-0";
    let expected = "packed listpack c=-inf d=0.0 a=2.5 b=inf";
    assert_eq!(read(kind::SORTED_SET, spelled), expected);
    let pack = as_string(&ziplist(&["a", "1", "b", "2.5"]));
    assert_eq!(read(kind::SORTED_SET_ZIPLIST, &pack), "packed listpack a=1.0 b=2.5");
    let pack = listpack(&[Text("a"), Number(-1), Number(5), Text("2.5"), Text("c"), Text("inf")]);
    let expected = "packed listpack a=-1.0 5=2.5 c=inf";
    assert_eq!(read(kind::SORTED_SET_LISTPACK, &as_string(&pack)), expected);
    let large = [&[2][..], &strings(&[&long(b'x')]), &1f64.to_le_bytes(), b"\x01a"].concat();
    let large = [&large[..], &(-0.0f64).to_le_bytes()].concat();
    assert_eq!(read(kind::SORTED_SET_2, &large), "object skiplist a=-0.0 xx1000=1.0");
    let nan = [&[1][..], b"\x01b", &f64::NAN.to_le_bytes()].concat();
    assert!(damage(kind::SORTED_SET_2, &nan).contains("no number"));
    assert!(damage(kind::SORTED_SET, b"\x01\x01a\xFD").contains("no number"));
    assert!(damage(kind::SORTED_SET, b"\x01\x01a\x01x").contains("no number"));
}

#[test]
fn lists_of_every_kind() {
    assert_eq!(read(kind::LIST, &counted(2, &[b"a", b"7"])), "packed listpack a 7");
    let large = counted(2, &[b"a", &long(b'x')]);
    assert_eq!(read(kind::LIST, &large), "object listpack a xx1000");
    let pack = ziplist(&["a", "b"]);
    assert_eq!(read(kind::LIST_ZIPLIST, &as_string(&pack)), "packed listpack a b");
    let one = [&[1][..], &as_string(&pack)].concat();
    assert_eq!(read(kind::LIST_QUICKLIST, &one), "packed listpack a b");
    let two = [&[2][..], &as_string(&pack), &as_string(&pack)].concat();
    assert_eq!(read(kind::LIST_QUICKLIST, &two), "object quicklist a b a b");
    let pack = as_string(&listpack(&[Text("a"), Number(1)]));
    assert_eq!(read(kind::LIST_QUICKLIST_2, &[&[1, 2][..], &pack].concat()), "packed listpack a 1");
    let huge = as_string(&[b'x'; 9000]);
    let mixed = [&[2, 2][..], &pack, &[1], &huge].concat();
    assert_eq!(read(kind::LIST_QUICKLIST_2, &mixed), "object quicklist a 1 xx9000");
    // Empty nodes are passed over, as in Redis.
    let empty = as_string(&listpack(&[]));
    let with_empty = [&[2, 2][..], &empty, &[2], &pack].concat();
    assert_eq!(read(kind::LIST_QUICKLIST_2, &with_empty), "packed listpack a 1");
    assert!(damage(kind::LIST_QUICKLIST_2, &[&[1, 3][..], &pack].concat()).contains("node"));
}

/// A node of three entries: one with the node's names, one deleted, one with names of its own.
fn stream_node() -> Vec<u8> {
    let head = [2, 1, 1].map(Number).into_iter().chain([Text("f"), Number(0)]);
    let first = [2, 0, 0].map(Number).into_iter().chain([Text("v"), Number(4)]);
    let deleted = [3, 1, 0].map(Number).into_iter().chain([Text("w"), Number(4)]);
    let own = [0, 2, -3, 1].map(Number).into_iter().chain([Text("g"), Number(9), Number(6)]);
    let elements: Vec<Element<'_>> = head.chain(first).chain(deleted).chain(own).collect();
    let key = [5u64.to_be_bytes(), 4u64.to_be_bytes()].concat();
    [as_string(&key), as_string(&listpack(&elements))].concat()
}

fn raw_id(ms: u64, seq: u64) -> Vec<u8> {
    [ms.to_be_bytes(), seq.to_be_bytes()].concat()
}

#[test]
fn streams_of_every_kind() {
    let ms = |ms: u64| ms.to_le_bytes();
    let entries = "5-4(f:v) 7-1(g:9)";
    let first = [&[1][..], &stream_node(), &[2, 9, 0]].concat();
    let pending = [&[1][..], &raw_id(5, 4), &ms(100), &[3]].concat();
    let group = |read: &[u8], active: &[u8]| {
        let consumer = [&[1][..], b"\x01c", &ms(200), active, &[1], &raw_id(5, 4)].concat();
        [&[1][..], b"\x01g\x05\x04", read, &pending, &consumer].concat()
    };
    let one = [&first[..], &group(&[], &[])].concat();
    let facts = "[2 last 9-0 deleted 0-0 added 2]";
    let consumer = r#"c(200, Some(200))["5-4:100x3"]"#;
    let expected = format!("object stream {entries} {facts} g@5-4 read Some(1) {consumer}");
    assert_eq!(read(kind::STREAM, &one), expected);
    let facts = [5, 4, 6, 4, 3];
    let two = [&first[..], &facts, &group(&[1], &[])].concat();
    let facts_told = "[2 last 9-0 deleted 6-4 added 3]";
    let expected = format!("object stream {entries} {facts_told} g@5-4 read Some(1) {consumer}");
    assert_eq!(read(kind::STREAM_2, &two), expected);
    let unknown = [&[0x81][..], &[0xFF; 8]].concat();
    let three = [&first[..], &facts, &group(&unknown, &ms(u64::MAX))].concat();
    let consumer = r#"c(200, None)["5-4:100x3"]"#;
    let expected = format!("object stream {entries} {facts_told} g@5-4 read None {consumer}");
    assert_eq!(read(kind::STREAM_3, &three), expected);
    let sent = [&[60, 7, 1][..], b"\x01p\x01\x02ii\x05\x04", &[2, 1]].concat();
    let four = [&three[..], &sent].concat();
    assert_eq!(read(kind::STREAM_4, &four), format!("{expected} producers (1, 1) of 2 and 1"));
    let as_usual = [&three[..], &[0x40, 100, 0x40, 100, 0, 0, 0]].concat();
    assert_eq!(read(kind::STREAM_4, &as_usual), expected);
    let empty = [0, 0, 3, 0, 0, 0, 2, 0, 9, 0];
    let expected = "object stream [0 last 3-0 deleted 2-0 added 9]";
    assert_eq!(read(kind::STREAM_3, &empty), expected);
}

#[test]
fn what_is_damaged_is_named() {
    let twice = [&b"a"[..], b"1", b"a", b"2"];
    assert!(damage(kind::HASH, &counted(2, &twice)).contains("twice"));
    assert!(damage(kind::SET, &counted(2, &[b"a", b"a"])).contains("twice"));
    assert!(damage(kind::SET, &counted(2, &[b"1", b"1"])).contains("twice"));
    let members = [&b"\x02\x01a"[..], &[0; 8], b"\x01a", &[0; 8]].concat();
    assert!(damage(kind::SORTED_SET_2, &members).contains("twice"));
    let (x, y) = (long(b'x'), long(b'x'));
    assert!(damage(kind::HASH, &counted(2, &[&x, b"1", &y, b"2"])).contains("twice"));
    let odd = as_string(&listpack(&[Text("a"), Number(1), Text("b")]));
    assert!(damage(kind::HASH_LISTPACK, &odd).contains("without a value"));
    assert!(damage(kind::SORTED_SET_LISTPACK, &odd).contains("without a score"));
    for empty in [kind::LIST, kind::SET, kind::HASH, kind::SORTED_SET, kind::SORTED_SET_2] {
        assert!(matches!(read_of(empty, &[0], false), Err(Flaw::Empty)));
    }
    let pack = as_string(&listpack(&[]));
    for empty in [kind::HASH_LISTPACK, kind::SORTED_SET_LISTPACK, kind::SET_LISTPACK] {
        assert!(matches!(read_of(empty, &pack, false), Err(Flaw::Empty)));
    }
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let id = "test-type".chars().fold(0, |id, c| id << 6 | letters.find(c).unwrap() as u64);
    let module = [&[0x81][..], &(id << 10 | 3).to_be_bytes()].concat();
    assert!(damage(kind::MODULE, &module).ends_with("module type 'test-type'"));
    assert!(damage(99, &pack).contains("99"));
}

/// Whole values of many kinds, to be damaged.
fn samples() -> Vec<(u8, Vec<u8>)> {
    let pairs = as_string(&listpack(&[Text("a"), Number(1), Text("b"), Number(200)]));
    let triples = as_string(&listpack(&[Text("b"), Number(2), Number(700)]));
    let group = [b"\x01\x01g\x05\x04\x01", &[1][..], &raw_id(5, 4), &[0; 8], b"\x01\x01\x01c"];
    let group = [&group.concat()[..], &[0; 16], &[1], &raw_id(5, 4)].concat();
    let stream = [&[1][..], &stream_node(), &[2, 9, 0, 5, 4, 6, 4, 3], &group].concat();
    assert!(read_of(kind::STREAM_3, &stream, false).is_ok());
    vec![
        (kind::STRING, b"\xC3\x05\x08\x01xy\x80\x01".to_vec()),
        (kind::HASH, counted(2, &[b"a", b"1", b"b", b""])),
        (kind::SET, counted(2, &[b"7", b"b"])),
        (kind::SORTED_SET, b"\x04\x01a\x032.5\x01b\xFE\x01c\xFF\x01d\x02-0".to_vec()),
        (kind::HASH_ZIPMAP, as_string(b"\x02\x01a\x01\x001\x01b\x01\x012.\xFF")),
        (kind::HASH_LISTPACK, pairs.clone()),
        (kind::SORTED_SET_LISTPACK, pairs.clone()),
        (kind::SET_LISTPACK, pairs.clone()),
        (kind::HASH_LISTPACK_DEADLINES, [&[0; 8][..], &triples].concat()),
        (kind::LIST_QUICKLIST_2, [&[1, 2][..], &pairs].concat()),
        (kind::LIST_QUICKLIST, [&[1][..], &as_string(&ziplist(&["a", "b"]))].concat()),
        (kind::SET_INTSET, as_string(&[2, 0, 0, 0, 2, 0, 0, 0, 0xFF, 0xFF, 5, 0])),
        (kind::STREAM_3, stream),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damage_is_an_error_or_another_value(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        kind_byte in prop::option::of(0..30u8),
        end in any::<prop::sample::Index>(),
    ) {
        let (own, bytes) = which.get(&samples()).clone();
        let mut bytes = bytes;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = &bytes[..end.index(bytes.len() + 1)];
        for bytes in [&bytes[..], cut] {
            let mut source = bytes;
            let mut input = Input::new(&mut source, bytes.len() as u64);
            let context = Context { limits: &Limits::default(), room: ROOM, is_valkey: false };
            let value = read_value(&mut input, kind_byte.unwrap_or(own), &context);
            drop(value.map(described));
        }
    }
}
