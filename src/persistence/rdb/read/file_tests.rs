//! Tests: whole snapshots of every version, made by hand as the servers of their time made them.

use super::*;
use crate::persistence::rdb::crc::crc64;
use crate::persistence::rdb::kinds::{FIRST_WITH_AUX, FIRST_WITH_CHECKSUM, FIRST_WITH_STREAMS};
use crate::persistence::rdb::kinds::{VERSION_OF_VALKEY, kind, opcode};
use crate::store::Limits;
use proptest::prelude::*;

/// Everything that a snapshot holds, a line for each.
#[derive(Default)]
struct Notes(Vec<String>);

impl Contents for Notes {
    fn key(&mut self, loaded: Loaded<'_>) -> Result<(), Flaw> {
        let key = String::from_utf8_lossy(loaded.key).into_owned();
        let until = loaded.deadline.map(|ms| format!(" until {ms}")).unwrap_or_default();
        let idle = loaded.usage.idle_s.map(|s| format!(" idle {s}")).unwrap_or_default();
        let often = loaded.usage.frequency.map(|count| format!(" used {count}"));
        let often = often.unwrap_or_default();
        self.0.push(format!("{}:{key} {}{until}{idle}{often}", loaded.db, loaded.kind));
        Ok(())
    }

    fn empty_key(&mut self, key: &[u8]) {
        self.0.push(format!("empty {}", String::from_utf8_lossy(key)));
    }

    fn aux(&mut self, name: &[u8], text: &[u8]) {
        let [name, text] = [name, text].map(String::from_utf8_lossy);
        self.0.push(format!("{name}={text}"));
    }

    fn function(&mut self, code: &[u8]) {
        self.0.push(format!("function {}", String::from_utf8_lossy(code)));
    }

    fn module(&mut self, name: &str, key: Option<&[u8]>) {
        self.0.push(format!("module {name} {:?}", key.map(String::from_utf8_lossy)));
    }
}

fn read_with(bytes: &[u8], change: impl FnOnce(&mut Rules<'_>)) -> Result<(Whole, String), Error> {
    let (mut source, limits, mut notes) = (bytes, Limits::default(), Notes::default());
    let mut rules =
        Rules { limits: &limits, checks_sum: true, takes_any_version: false, skips_modules: false };
    change(&mut rules);
    let whole = read_snapshot(&mut source, bytes.len() as u64, rules, &mut notes)?;
    Ok((whole, notes.0.join(", ")))
}

fn read(bytes: &[u8]) -> Result<(Whole, String), Error> {
    read_with(bytes, |_| {})
}

fn failure(bytes: &[u8]) -> String {
    read(bytes).map(|(_, notes)| notes).unwrap_err().to_string()
}

fn head(version: u16) -> Vec<u8> {
    match version {
        VERSION_OF_VALKEY => format!("VALKEY{version:03}").into_bytes(),
        _ => format!("REDIS{version:04}").into_bytes(),
    }
}

/// A snapshot with these entries, and the end that its version has.
fn file_of(version: u16, entries: &[&[u8]]) -> Vec<u8> {
    let mut bytes = head(version);
    bytes.extend_from_slice(&entries.concat());
    bytes.push(opcode::EOF);
    if version >= FIRST_WITH_CHECKSUM {
        bytes.extend_from_slice(&crc64(&bytes).to_le_bytes());
    }
    bytes
}

/// What a server of this version would have written, and what is to be read of it.
fn sample(version: u16) -> (Vec<u8>, String) {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    if version >= FIRST_WITH_AUX {
        entries.push([&[opcode::AUX][..], b"\x09redis-ver\x053.2.0"].concat());
        told.push("redis-ver=3.2.0");
    }
    entries.push(vec![opcode::DATABASE, 3]);
    if version >= FIRST_WITH_AUX {
        entries.push(vec![opcode::SIZES, 3, 2]);
    }
    let seconds = [&[opcode::DEADLINE_S][..], &1_000_000i32.to_le_bytes(), b"\0\x01s\xC0\x07"];
    entries.push(seconds.concat());
    told.push("3:s 0 until 1000000000");
    if version >= 3 {
        let ms = [&[opcode::DEADLINE_MS][..], &12_345_678_901i64.to_le_bytes(), b"\0\x01m\x01v"];
        entries.push(ms.concat());
        told.push("3:m 0 until 12345678901");
    }
    let packs: &[(u16, u8, &str, &[u8])] = &[
        (2, kind::HASH_ZIPMAP, "3:k 9", b"\x07\x01\x01f\x01\0v\xFF"),
        (2, kind::SET_INTSET, "3:k 11", b"\x0A\x02\0\0\0\x01\0\0\0\x05\0"),
        (6, kind::LIST_QUICKLIST, "3:k 14", b"\x01\x0E\x0E\0\0\0\x0A\0\0\0\x01\0\0\x01e\xFF"),
        (10, kind::HASH_LISTPACK, "3:k 16", b"\x0D\x0D\0\0\0\x02\0\x81f\x02\x81v\x02\xFF"),
        (11, kind::SET_LISTPACK, "3:k 20", b"\x0A\x0A\0\0\0\x01\0\x81m\x02\xFF"),
    ];
    for (since, kind_byte, line, value) in packs {
        if version >= *since {
            entries.push([&[*kind_byte, 1, b'k'][..], value].concat());
            told.push(line);
        }
    }
    if version >= FIRST_WITH_STREAMS {
        entries.push([&[opcode::IDLE, 9][..], b"\0\x01i\x01v"].concat());
        entries.push([&[opcode::FREQUENCY, 200][..], b"\0\x01f\x01v"].concat());
        entries.push([&[opcode::FUNCTION][..], b"\x04code"].concat());
        told.extend(["3:i 0 idle 9", "3:f 0 used 200", "function code"]);
    }
    if version >= 12 {
        entries.push(vec![opcode::SLOT_INFO, 1, 2, 3]);
        // Of Redis, a hash with an absolute deadline; of Valkey, one with eight bytes of it.
        let hash: &[u8] = match version {
            VERSION_OF_VALKEY => b"\x16\x01h\x01\x01f\x01v\x00\x00\x01\0\0\0\0\0",
            _ => b"\x16\x01h\x01\x05\x01f\x01v",
        };
        entries.push(hash.to_vec());
        told.push("3:h 22");
    }
    let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
    (file_of(version, &entries), told.join(", "))
}

#[test]
fn snapshots_of_every_version_are_read() {
    for version in (1..=13).chain([VERSION_OF_VALKEY]) {
        let (bytes, told) = sample(version);
        let (whole, notes) = read(&bytes).unwrap();
        assert_eq!(notes, told, "{version}");
        assert_eq!((whole.version, whole.bytes), (version, bytes.len() as u64));
        let sum = if version >= FIRST_WITH_CHECKSUM { Sum::Right } else { Sum::Absent };
        assert_eq!(whole.sum, sum, "{version}");
    }
}

#[test]
fn what_follows_the_end_is_left_alone() {
    let (mut bytes, _) = sample(11);
    let length = bytes.len() as u64;
    bytes.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
    assert_eq!(read(&bytes).unwrap().0.bytes, length);
}

#[test]
fn a_checksum_is_compared_unless_there_is_none_or_nobody_asks() {
    let (bytes, _) = sample(11);
    let end = bytes.len() - 8;
    let mut without = bytes.clone();
    without[end..].fill(0);
    assert_eq!(read(&without).unwrap().0.sum, Sum::Absent);
    let mut wrong = bytes.clone();
    wrong[end] ^= 1;
    assert!(failure(&wrong).starts_with("RDB CRC error"));
    let unchecked = read_with(&wrong, |rules| rules.checks_sum = false).unwrap();
    assert_eq!(unchecked.0.sum, Sum::Unchecked);
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    assert_eq!(failure(b"RADISH011"), "Wrong signature trying to load DB from file (at byte 9)");
    let version = "Can't handle RDB format version 0099 (at byte 9)";
    assert_eq!(failure(&file_of(99, &[])), version);
    assert!(read_with(&file_of(99, &[]), |rules| rules.takes_any_version = true).is_ok());
    assert_eq!(failure(b""), "the file ends too early (at byte 0)");
    assert_eq!(failure(&head(11)), "the file ends too early (at byte 9)");
    let unknown = failure(&file_of(11, &[b"\x63\x01k\x01v"]));
    assert_eq!(unknown, "Unknown RDB encoding type 99 (at byte 14)");
    assert_eq!(read(&file_of(11, &[b"\x01\x01k\0"])).unwrap().1, "empty k");
}

#[test]
fn what_modules_wrote_is_refused_by_name_or_passed_over() {
    let id = [&[0x81][..], &0u64.to_be_bytes()].concat();
    let values = [&[1, 5, 2, 6][..], b"\x03abcd\x04abcdefgh\x05\x01s", &[0]].concat();
    let key = [&[kind::MODULE][..], b"\x01k", &id, &values].concat();
    let aux = [&[opcode::MODULE_AUX][..], &id, &[2, 1], &values].concat();
    let name = "AAAAAAAAA";
    assert!(failure(&file_of(11, &[&key])).contains(name));
    assert!(failure(&file_of(11, &[&aux])).contains(name));
    let bytes = file_of(11, &[&key, &aux]);
    let (_, notes) = read_with(&bytes, |rules| rules.skips_modules = true).unwrap();
    assert_eq!(notes, format!("module {name} Some(\"k\"), module {name} None"));
}

proptest! {
    #[test]
    fn a_snapshot_that_is_cut_or_changed_is_an_error(
        version in prop_oneof![5..=13u16, Just(VERSION_OF_VALKEY)],
        at in any::<prop::sample::Index>(),
        byte in 1..=255u8,
    ) {
        let (bytes, _) = sample(version);
        let at = at.index(bytes.len());
        prop_assert!(read(&bytes[..at]).is_err());
        let mut changed = bytes.clone();
        changed[at] ^= byte;
        // A version before there were checksums cannot tell.
        prop_assert!(at < head(version).len() || read(&changed).is_err());
        drop(read_with(&changed, |rules| rules.checks_sum = false));
    }
}
