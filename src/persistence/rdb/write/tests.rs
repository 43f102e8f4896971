//! What values become, byte by byte, by version. Whether other servers read it, tests/ asks them.

use super::{Encoder, FileStyle, Record, SnapshotFile, Style, Tells, Usage, dump};
use crate::persistence::rdb::crc::crc64;
use crate::store::{DbSize, Object, PackedKind, Saved, Value, Visitor};
use crate::types::hash::{Hash, Ttl};
use crate::types::packed::{self, Piece};
use std::io::{Read, Seek, SeekFrom};

fn style(version: u16) -> Style {
    Style { version, compresses: true }
}

fn encoded(version: u16, value: &Value<'_>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), style(version));
    encoder.value(value);
    encoder.sink
}

fn piece(elements: &[&[u8]], count: usize) -> Piece {
    let mut piece = packed::empty();
    elements.iter().for_each(|element| packed::push(&mut piece, element));
    packed::set_count(&mut piece, count);
    piece
}

#[test]
fn strings_that_spell_short_numbers_are_numbers() {
    let cases: [(&[u8], &[u8]); 6] = [
        (b"7", b"\0\xc0\x07"),
        (b"-129", b"\0\xc1\x7f\xff"),
        (b"65536", b"\0\xc2\0\0\x01\0"),
        (b"2147483648", b"\0\x0a2147483648"),
        (b"007", b"\0\x03007"),
        (b"", b"\0\0"),
    ];
    for (text, expected) in cases {
        assert_eq!(encoded(11, &Value::Bytes(text)), expected);
    }
    assert_eq!(encoded(11, &Value::Int(-129)), cases[1].1);
    assert_eq!(encoded(11, &Value::Int(2_147_483_648)), cases[3].1);
}

#[test]
fn strings_are_compressed_where_that_is_wished() {
    let text = [b'a'; 100];
    let packed = encoded(11, &Value::Bytes(&text));
    assert!(packed.starts_with(b"\0\xc3") && packed.len() < 16, "{packed:02x?}");
    let mut plain = Encoder::new(Vec::new(), Style { compresses: false, ..style(11) });
    plain.value(&Value::Bytes(&text));
    assert_eq!(plain.sink, [b"\0\x40\x64", &text[..]].concat());
}

#[test]
fn lengths_take_what_they_need() {
    let cases: [(u64, &[u8]); 5] = [
        (63, b"\x3f"),
        (64, b"\x40\x40"),
        (16_383, b"\x7f\xff"),
        (16_384, b"\x80\0\0\x40\0"),
        (1 << 32, b"\x81\0\0\0\x01\0\0\0\0"),
    ];
    for (length, expected) in cases {
        let mut encoder = Encoder::new(Vec::new(), style(11));
        encoder.length(length);
        assert_eq!(encoder.sink, expected);
    }
}

#[test]
fn small_containers_are_packed_from_the_version_on_that_knows_how() {
    let (hash, set) = (piece(&[b"f", b"v"], 1), piece(&[b"m"], 1));
    let hash = Value::Packed(PackedKind::Hash, &hash);
    let set = Value::Packed(PackedKind::Set, &set);
    assert_eq!(encoded(9, &hash), b"\x04\x01\x01f\x01v");
    assert_eq!(encoded(10, &hash), b"\x10\x0d\x0d\0\0\0\x02\0\x81f\x02\x81v\x02\xff");
    assert_eq!(encoded(10, &set), b"\x02\x01\x01m");
    assert_eq!(encoded(11, &set), b"\x14\x0a\x0a\0\0\0\x01\0\x81m\x02\xff");
    let mut table = piece(&[b"m"], 1);
    packed::set_converted(&mut table);
    assert_eq!(encoded(11, &Value::Packed(PackedKind::Set, &table)), b"\x02\x01\x01m");
    let list = piece(&[b"1", b"a"], 2);
    let list = Value::Packed(PackedKind::List, &list);
    assert_eq!(encoded(9, &list), b"\x01\x02\xc0\x01\x01a");
    assert_eq!(encoded(10, &list), b"\x12\x01\x02\x0c\x0c\0\0\0\x02\0\x01\x01\x81a\x02\xff");
}

#[test]
fn integers_are_as_wide_as_the_widest() {
    let bytes = [&b"\x08"[..], &1_i64.to_le_bytes(), &40_000_i64.to_le_bytes()].concat();
    let set = Value::Packed(PackedKind::IntSet, &bytes);
    let expected = b"\x0b\x10\x04\0\0\0\x02\0\0\0\x01\0\0\0\x40\x9c\0\0";
    assert_eq!(encoded(9, &set), expected);
}

#[test]
fn deadlines_of_fields_ask_for_the_version_that_has_them() {
    let mut hash = Hash::new();
    hash.set(b"f", b"v", Ttl::Keep, 0);
    hash.set_deadline(b"f", Some(1000));
    let object = Object::Hash(hash);
    let bytes = dump(&Value::Object(&object), style(11));
    let value = b"\x18\xe8\x03\0\0\0\0\0\0\x01\x01\x01f\x01v\x0c\0";
    assert_eq!(bytes, [&value[..], &crc64(value).to_le_bytes()].concat());
    let plain = dump(&Value::Int(1), style(9));
    assert_eq!(plain[..5], *b"\0\xc0\x01\x09\0");
}

#[test]
fn what_belongs_to_a_key_stands_before_it() {
    let mut encoder = Encoder::new(Vec::new(), style(11));
    let value = Value::Int(1);
    let record = Record { key: b"k", value: &value, deadline_ms: Some(5), usage: Usage::Idle(9) };
    encoder.record(&record);
    encoder.record(&Record { deadline_ms: None, usage: Usage::Frequency(3), ..record });
    let expected = b"\xfc\x05\0\0\0\0\0\0\0\xf8\x09\0\x01k\xc0\x01\xf9\x03\0\x01k\xc0\x01";
    assert_eq!(encoder.sink, expected);
}

/// The file that these keys make, the last of them shown without a lock.
fn file(keys: &[(&[u8], Value<'_>)]) -> Vec<u8> {
    let mut kept = tempfile::tempfile().expect("a file");
    let style = FileStyle {
        values: style(11),
        has_checksum: true,
        syncs_meanwhile: false,
        tells: Tells::Nothing,
        now_ms: 0,
    };
    let own = kept.try_clone().expect("the same file");
    let mut file = SnapshotFile::begin(own, style, &[("name", "text".into())]);
    file.expect(&[DbSize { db: 1, keys: keys.len(), volatile: 0 }]);
    let saved = |(key, value)| Saved { db: 1, key, value, deadline: None, access: 0 };
    for (key, value) in keys {
        match value {
            Value::Object(object) => file.large(saved((*key, Value::Object(object)))),
            Value::Int(number) => file.small(saved((*key, Value::Int(*number)))),
            _ => unreachable!("the tests have no others"),
        }
    }
    file.end().expect("a disk with room");
    let mut bytes = Vec::new();
    kept.seek(SeekFrom::Start(0)).expect("the beginning");
    kept.read_to_end(&mut bytes).expect("a file to read");
    bytes
}

#[test]
fn a_file_has_head_and_checksum_around_what_it_tells() {
    let bytes = file(&[(b"k", Value::Int(1))]);
    let body = b"REDIS0011\xfa\x04name\x04text\xfe\x01\xfb\x01\0\0\x01k\xc0\x01\xff";
    assert_eq!(bytes, [&body[..], &crc64(body).to_le_bytes()].concat());
}

#[test]
fn a_file_is_of_the_version_of_the_newest_thing_in_it() {
    let mut hash = Hash::new();
    hash.set(b"f", b"v", Ttl::Keep, 0);
    hash.set_deadline(b"f", Some(1000));
    let object = Object::Hash(hash);
    let bytes = file(&[(b"k", Value::Int(1)), (b"h", Value::Object(&object))]);
    assert!(bytes.starts_with(b"REDIS0012"));
    let (body, sum) = bytes.split_at(bytes.len() - 8);
    assert_eq!(sum, crc64(body).to_le_bytes());
}
