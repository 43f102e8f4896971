//! Tests: packs made by hand as Redis makes them; damage wherever it may be.

use super::*;
use proptest::prelude::*;

fn read<'a>(mut pack: impl Pack<'a>) -> Result<Vec<Item<'a>>, Damage> {
    let mut items = Vec::new();
    while let Some(item) = pack.next_item()? {
        items.push(item);
    }
    Ok(items)
}

fn listpack_of(count: u16, body: &[u8]) -> Vec<u8> {
    let length = (6 + body.len() + 1) as u32;
    [&length.to_le_bytes()[..], &count.to_le_bytes(), body, &[255]].concat()
}

fn ziplist_of(last: u32, count: u16, body: &[u8]) -> Vec<u8> {
    let length = (10 + body.len() + 1) as u32;
    let head = [&length.to_le_bytes()[..], &last.to_le_bytes(), &count.to_le_bytes()].concat();
    [&head[..], body, &[255]].concat()
}

const TEXT: Item<'_> = Item::Bytes(b"abc");

#[test]
fn every_form_of_an_element_of_a_listpack_is_read() {
    let long = [b'x'; 200];
    let body = [
        &[0x7F, 1, 0x83, b'a', b'b', b'c', 4, 0xDF, 0xFF, 2, 0xC8, 0x00, 2][..],
        &[0xF1, 0x00, 0x80, 3, 0xF2, 0xFF, 0xFF, 0x7F, 4, 0xF3, 0, 0, 0, 0x80, 5],
        &[0xF4, 0, 0, 0, 0, 0, 0, 0, 0x80, 9, 0x80, 1],
        &[0xE0, 200],
        &long,
        // 202 backwards: its high bits first, its low ones marked.
        &[0x01, 0xCA],
        &[0xF0, 200, 0, 0, 0],
        &long,
        &[0x01, 0xCD],
    ]
    .concat();
    let numbers = [-1, 2048, -32768, 8_388_607, -2_147_483_648, i64::MIN].map(Item::Integer);
    let mut expected = vec![Item::Integer(127), TEXT];
    expected.extend(numbers);
    expected.extend([Item::Bytes(b""), Item::Bytes(&long), Item::Bytes(&long)]);
    for count in [11, u16::MAX] {
        let bytes = listpack_of(count, &body);
        assert_eq!(read(Listpack::new(&bytes).unwrap()).unwrap(), expected);
    }
    for count in [10, 12] {
        let bytes = listpack_of(count, &body);
        assert!(read(Listpack::new(&bytes).unwrap()).is_err());
    }
    let empty = listpack_of(0, &[]);
    assert_eq!(read(Listpack::new(&empty).unwrap()), Ok(vec![]));
}

#[test]
fn every_form_of_an_element_of_a_ziplist_is_read() {
    let long = [b'x'; 300];
    let body = [
        &[0, 3, b'a', b'b', b'c', 5, 0xF1, 2, 0xFD, 2, 0xFE, 0xFF, 3, 0xC0, 0, 0x80][..],
        &[4, 0xF0, 0xFF, 0xFF, 0x7F, 5, 0xD0, 0, 0, 0, 0x80],
        &[6, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0x80, 10, 0x41, 0x2C],
        &long,
        // 303 bytes came before; a small length may be written in five bytes, too.
        &[254, 0x2F, 1, 0, 0, 0x80, 0, 0, 1, 0x2C],
        &long,
        &[254, 0x36, 1, 0, 0, 0],
    ]
    .concat();
    let numbers = [0, 12, -1, -32768, 8_388_607, -2_147_483_648, i64::MIN].map(Item::Integer);
    let mut expected = vec![TEXT];
    expected.extend(numbers);
    expected.extend([Item::Bytes(&long), Item::Bytes(&long), Item::Bytes(b"")]);
    let last = (10 + body.len() - 6) as u32;
    for count in [11, u16::MAX] {
        let bytes = ziplist_of(last, count, &body);
        assert_eq!(read(Ziplist::new(&bytes).unwrap()).unwrap(), expected);
    }
    for (last, count) in [(last, 10), (last, 12), (last - 1, 11)] {
        let bytes = ziplist_of(last, count, &body);
        assert!(read(Ziplist::new(&bytes).unwrap()).is_err());
    }
    let empty = ziplist_of(10, 0, &[]);
    assert_eq!(read(Ziplist::new(&empty).unwrap()), Ok(vec![]));
}

#[test]
fn a_zipmap_gives_fields_and_values_in_turn() {
    let body = b"\x03abc\x02\x01de?\x00\xFE\x01\x00\x00\x00\x00z\xFF";
    for count in [2, 254] {
        let bytes = [&[count], &body[..]].concat();
        let items = read(Zipmap::new(&bytes).unwrap()).unwrap();
        assert_eq!(items, [TEXT, Item::Bytes(b"de"), Item::Bytes(b""), Item::Bytes(b"z")]);
    }
    for count in [1, 3] {
        let bytes = [&[count], &body[..]].concat();
        assert!(read(Zipmap::new(&bytes).unwrap()).is_err());
    }
    assert!(read(Zipmap::new(b"\x01\x01a\xFF").unwrap()).is_err(), "a field without a value");
}

#[test]
fn an_int_set_is_in_order() {
    let of = |width: u32, integers: &[i64]| {
        let mut bytes = [width.to_le_bytes(), (integers.len() as u32).to_le_bytes()].concat();
        for integer in integers {
            bytes.extend_from_slice(&integer.to_le_bytes()[..width as usize]);
        }
        bytes
    };
    for width in [2, 4, 8] {
        let bytes = of(width, &[-5, 0, 300]);
        let pack = IntSetPack::new(&bytes).unwrap();
        assert_eq!((pack.len(), pack.is_empty()), (3, false));
        assert_eq!(read(pack).unwrap(), [-5, 0, 300].map(Item::Integer));
        for disorder in [[0, 0], [1, 0]] {
            let bytes = of(width, &disorder);
            assert!(read(IntSetPack::new(&bytes).unwrap()).is_err());
        }
    }
    assert!(IntSetPack::new(&of(3, &[1])).is_err());
    assert!(IntSetPack::new(&of(2, &[1])[..9]).is_err());
}

/// Reads as each kind of pack; how it ends is up to the bytes.
fn read_as_all(bytes: &[u8]) {
    drop(Listpack::new(bytes).and_then(read));
    drop(Ziplist::new(bytes).and_then(read));
    drop(Zipmap::new(bytes).and_then(read));
    drop(IntSetPack::new(bytes).and_then(read));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..80)) {
        read_as_all(&body);
        read_as_all(&listpack_of(u16::MAX, &body));
        read_as_all(&ziplist_of(10, u16::MAX, &body));
        read_as_all(&[&[254][..], &body, &[255]].concat());
    }
}
