//! A value by itself, as DUMP gives it out and RESTORE takes it.

use super::encoder::{Encoder, Style};
use crate::persistence::rdb::crc::crc64;
use crate::store::Value;

/// The bytes that RESTORE makes this value of.
pub fn dump(value: &Value<'_>, style: Style) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), style);
    encoder.value(value);
    let version = encoder.version();
    let mut bytes = encoder.sink;
    bytes.extend_from_slice(&version.to_le_bytes());
    let sum = crc64(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}
