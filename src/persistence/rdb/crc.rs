//! The checksum of snapshots and of DUMP: CRC-64 with the polynomial of Jones, reflected, from 0.
//!
//! Source: https://reveng.sourceforge.io/crc-catalogue/17plus.htm (CRC-64/REDIS)

use crc_fast::{CrcAlgorithm, Digest, checksum};

/// The checksum of bytes that come piece by piece.
pub struct Checksum(Digest);

impl Default for Checksum {
    fn default() -> Self {
        Checksum(Digest::new(CrcAlgorithm::Crc64Redis))
    }
}

impl Checksum {
    /// Takes the next piece in. Long pieces cost less per byte than short ones.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes in all that came to another one, as if it had come here.
    pub fn append(&mut self, other: &Checksum) {
        self.0.combine(&other.0);
    }

    /// The checksum of all that came so far.
    pub fn value(&self) -> u64 {
        self.0.finalize()
    }
}

/// The checksum of these bytes.
pub fn crc64(bytes: &[u8]) -> u64 {
    checksum(CrcAlgorithm::Crc64Redis, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One bit at a time, as the definition has it.
    fn slowly(bytes: &[u8]) -> u64 {
        const POLYNOMIAL: u64 = 0xad93_d235_94c9_35a9;
        bytes.iter().fold(0, |sum, byte| {
            (0..8).fold(sum ^ u64::from(*byte), |sum, _| match sum & 1 {
                1 => sum >> 1 ^ POLYNOMIAL.reverse_bits(),
                _ => sum >> 1,
            })
        })
    }

    #[test]
    fn the_check_value_is_that_of_the_catalogue() {
        assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(crc64(b""), 0);
    }

    #[test]
    fn pieces_of_every_length_add_up() {
        let bytes: Vec<u8> = (0..2000u32).map(|number| ((number * 7) >> 3) as u8).collect();
        for length in (0..300).chain([511, 1024, 2000]) {
            let mut sum = Checksum::default();
            sum.update(&bytes[..length / 3]);
            let mut rest = Checksum::default();
            rest.update(&bytes[length / 3..length]);
            sum.append(&rest);
            assert_eq!(sum.value(), slowly(&bytes[..length]), "{length}");
            sum = Checksum::default();
            sum.update(&bytes[..length / 3]);
            sum.update(&bytes[length / 3..length]);
            assert_eq!(crc64(&bytes[..length]), sum.value());
        }
    }
}
