//! The values that DUMP gives out: kind | value | version: u16 | checksum: u64, little-endian.

use super::flaw::Flaw;
use super::input::Input;
use super::value::{Context, LoadedValue, read_value};
use crate::persistence::rdb::crc::crc64;
use crate::persistence::rdb::kinds::{NEWEST_VERSION, VERSION_OF_VALKEY};
use crate::store::Limits;

/// Bytes of version and checksum.
const FOOTER_BYTES: usize = 10;

/// Why a payload is no value.
#[derive(Debug)]
pub enum PayloadFlaw {
    /// It is of a version not known, or its checksum is another.
    Footer,
    /// What stands before that is no value.
    Value(Flaw),
}

/// Reads a value that DUMP gave out, for a key where a packed container may take `room` bytes, and
/// gives it to `put`.
pub fn restore<T>(
    payload: &[u8],
    limits: &Limits,
    room: usize,
    put: impl FnOnce(LoadedValue<'_>) -> T,
) -> Result<T, PayloadFlaw> {
    let (value, version) = check_footer(payload).ok_or(PayloadFlaw::Footer)?;
    let context = Context { limits, room, is_valkey: version >= VERSION_OF_VALKEY };
    let mut source = value;
    let mut input = Input::new(&mut source, value.len() as u64);
    let kind_byte = input.byte().map_err(PayloadFlaw::Value)?;
    let loaded = read_value(&mut input, kind_byte, &context).map_err(PayloadFlaw::Value)?;
    Ok(put(loaded))
}

/// The value's bytes, and which version they are of.
fn check_footer(payload: &[u8]) -> Option<(&[u8], u16)> {
    let (value, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER_BYTES)?)?;
    let (version, checksum) = footer.split_first_chunk()?;
    let version = u16::from_le_bytes(*version);
    let is_known = version <= NEWEST_VERSION || version == VERSION_OF_VALKEY;
    let summed = &payload[..payload.len() - size_of::<u64>()];
    let is_whole = crc64(summed).to_le_bytes() == *checksum;
    (is_known && is_whole).then_some((value, version))
}
