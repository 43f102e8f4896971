//! Snapshots and the payloads of RESTORE under any bytes: an error or a value, never a panic.
//!
//! Input: what it is u8 (below 32 the kind of a value, then a snapshot's entries, then a payload) |
//! bytes. Heads and checksums are put around them, or no input would come further than these.

use redstart::persistence::rdb::crc::crc64;
use redstart::persistence::rdb::kinds::{VERSION_OF_VALKEY, opcode};
use redstart::persistence::rdb::read::{
    Contents, Context, Flaw, Input, Loaded, Rules, read_snapshot, read_value, restore,
};
use redstart::store::Limits;

/// About the room in a record.
const ROOM: usize = 900;
const VALUES: u8 = 32;
const SNAPSHOTS: u8 = 128;

struct Nobody;

impl Contents for Nobody {
    fn key(&mut self, loaded: Loaded<'_>) -> Result<(), Flaw> {
        drop(loaded.value);
        Ok(())
    }
}

/// Panics when the loader is wrong about these bytes.
pub fn check(data: &[u8]) {
    let [what, bytes @ ..] = data else { return };
    let limits = Limits::default();
    match *what {
        kind @ ..VALUES => {
            let mut source = bytes;
            let mut input = Input::new(&mut source, bytes.len() as u64);
            let context = Context { limits: &limits, room: ROOM, is_valkey: false };
            if let Ok(value) = read_value(&mut input, kind, &context) {
                drop(value);
            }
        }
        VALUES..SNAPSHOTS => check_snapshot(bytes, &limits),
        version => {
            let version = if version % 2 == 0 { 11 } else { VERSION_OF_VALKEY };
            let mut payload = [bytes, &version.to_le_bytes()].concat();
            payload.extend(crc64(&payload).to_le_bytes());
            drop(restore(&payload, &limits, ROOM, |value| drop(value)));
        }
    }
}

fn check_snapshot(entries: &[u8], limits: &Limits) {
    let mut bytes = [b"REDIS0012", entries, &[opcode::EOF]].concat();
    bytes.extend(crc64(&bytes).to_le_bytes());
    for skips_modules in [false, true] {
        let rules = Rules { limits, checks_sum: true, takes_any_version: false, skips_modules };
        let mut source = bytes.as_slice();
        if let Ok(whole) = read_snapshot(&mut source, bytes.len() as u64, rules, &mut Nobody) {
            assert!(whole.bytes <= bytes.len() as u64, "more was read than there is");
        }
    }
}
