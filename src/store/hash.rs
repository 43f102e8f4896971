//! The hash of a key: 64-bit foldhash under a seed drawn when the process starts, so that nobody
//! outside can choose keys that meet in one place.
//!
//! Every table and the choice of a shard use this one function, each its own bits:
//! ```text
//!   63 ........ 54 | 53 ............... 24 | 23 ...... 16 | 15 ........... 0
//!   shard          | directory, from the top | tag, stride | home group
//! ```
//! The `quality` flavour is used because all of these bits must be independent of each other.
//! Source: https://docs.rs/foldhash

use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use foldhash::quality::RandomState;

static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// The hash of `key` in this process: what every method of a `Table` wants beside the key.
#[inline]
pub fn hash_key(key: &[u8]) -> u64 {
    let mut hasher = STATE.build_hasher();
    hasher.write(key);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_hash_alike_and_others_do_not() {
        assert_eq!(hash_key(b"user:1"), hash_key(b"user:1"));
        assert_ne!(hash_key(b"user:1"), hash_key(b"user:2"));
        assert_ne!(hash_key(b""), hash_key(b"\0"));
    }

    #[test]
    fn every_bit_is_set_for_about_half_of_the_keys() {
        let mut set = [0u32; 64];
        for number in 0..8192u32 {
            let hash = hash_key(format!("key:{number}").as_bytes());
            for (bit, count) in set.iter_mut().enumerate() {
                *count += (hash >> bit & 1) as u32;
            }
        }
        assert!(set.iter().all(|&count| (3700..4500).contains(&count)), "{set:?}");
    }
}
