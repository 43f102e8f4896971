//! Up to which size Redis packs a container, and how DUMP writes one: options as handlers read
//! them.
//!
//! What a container says of its encoding follows the `*-max-*` options; how it is stored here does
//! not.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU16, AtomicUsize, Ordering};

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident: $type:ty, $atomic:ty = $default:expr;)*) => {
        /// The options, each to be read at any time.
        pub struct Limits {
            $($name: $atomic,)*
        }

        /// Values for all of them.
        pub struct LimitValues {
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Limits { $($name: <$atomic>::new($default),)* }
            }
        }

        impl Limits {
            $($(#[$doc])*
            #[inline]
            pub fn $name(&self) -> $type {
                self.$name.load(Ordering::Relaxed)
            })*

            /// Puts new values in force.
            pub fn set(&self, values: &LimitValues) {
                $(self.$name.store(values.$name, Ordering::Relaxed);)*
            }
        }
    };
}

limits! {
    /// The most fields of a packed hash.
    hash_max_listpack_entries: usize, AtomicUsize = 512;
    /// The longest field or value of a packed hash.
    hash_max_listpack_value: usize, AtomicUsize = 64;
    /// The size of a block of a list: so many elements, or -1 to -5 for 4 to 64 KB.
    list_max_listpack_size: i64, AtomicI64 = -2;
    /// The most members of a set of integers that is packed.
    set_max_intset_entries: usize, AtomicUsize = 512;
    /// The most members of a packed set.
    set_max_listpack_entries: usize, AtomicUsize = 128;
    /// The longest member of a packed set.
    set_max_listpack_value: usize, AtomicUsize = 64;
    /// The most members of a packed sorted set.
    zset_max_listpack_entries: usize, AtomicUsize = 128;
    /// The longest member of a packed sorted set.
    zset_max_listpack_value: usize, AtomicUsize = 64;
    /// The size up to which a HyperLogLog is sparse.
    hll_sparse_max_bytes: usize, AtomicUsize = 3000;
    /// The size of a block of a stream; 0 is no limit.
    stream_node_max_bytes: usize, AtomicUsize = 4096;
    /// The most entries of a block of a stream; 0 is no limit.
    stream_node_max_entries: usize, AtomicUsize = 100;
    /// For how many seconds a stream remembers what producers said they had sent.
    stream_idmp_duration_s: usize, AtomicUsize = 100;
    /// How much of that it remembers for each producer.
    stream_idmp_maxsize: usize, AtomicUsize = 100;
    /// For which version of RDB values are written.
    rdb_version: u16, AtomicU16 = 11;
    /// Whether their strings are compressed.
    rdbcompression: bool, AtomicBool = true;
}
