//! Options of how containers are laid out: up to which size they are packed into one block.

use crate::config::kinds::numbers::*;
use crate::config::kinds::text::optional;
use crate::config::table::{IMMUTABLE, MUTABLE, options};

options! {
    /// Containers
    containers: Containers {
        /// The most fields of a packed hash.
        "hash-max-listpack-entries" | "hash-max-ziplist-entries" hash_max_listpack_entries: usize =
            512, integer(0, I64_MAX), MUTABLE;
        /// The longest field or value of a packed hash.
        "hash-max-listpack-value" | "hash-max-ziplist-value" hash_max_listpack_value: usize =
            64, memory(0, I64_MAX), MUTABLE;
        /// The size of a block of a list: so many elements, or -1 to -5 for 4, 8, 16, 32, 64 KB.
        "list-max-listpack-size" | "list-max-ziplist-size" list_max_listpack_size: i32 =
            -2, integer(I32_MIN, I32_MAX), MUTABLE;
        /// How many blocks at each end of a list stay uncompressed; 0 compresses none.
        "list-compress-depth" list_compress_depth: u32 =
            0, integer(0, I32_MAX), MUTABLE.stored_only();
        /// The most members of a set of integers that is packed.
        "set-max-intset-entries" set_max_intset_entries: usize =
            512, integer(0, I64_MAX), MUTABLE;
        /// The most members of a packed set.
        "set-max-listpack-entries" set_max_listpack_entries: usize =
            128, integer(0, I64_MAX), MUTABLE;
        /// The longest member of a packed set.
        "set-max-listpack-value" set_max_listpack_value: usize =
            64, integer(0, I64_MAX), MUTABLE;
        /// The most members of a packed sorted set.
        "zset-max-listpack-entries" | "zset-max-ziplist-entries" zset_max_listpack_entries: usize =
            128, integer(0, I64_MAX), MUTABLE;
        /// The longest member of a packed sorted set.
        "zset-max-listpack-value" | "zset-max-ziplist-value" zset_max_listpack_value: usize =
            64, memory(0, I64_MAX), MUTABLE;
        /// The size up to which a HyperLogLog is sparse.
        "hll-sparse-max-bytes" hll_sparse_max_bytes: usize =
            3000, memory(0, I64_MAX), MUTABLE;
        /// The size of a block of a stream; 0 is no limit.
        "stream-node-max-bytes" stream_node_max_bytes: usize =
            4096, memory(0, I64_MAX), MUTABLE;
        /// The most entries of a block of a stream; 0 is no limit.
        "stream-node-max-entries" stream_node_max_entries: u64 =
            100, integer(0, I64_MAX), MUTABLE;
        /// For how many seconds a stream remembers the ids by which producers mark repeated
        /// entries.
        "stream-idmp-duration" stream_idmp_duration_s: u32 =
            100, integer(1, 86_400), MUTABLE;
        /// How many such ids a stream remembers for each producer.
        "stream-idmp-maxsize" stream_idmp_maxsize: u32 =
            100, integer(1, 10_000), MUTABLE;
        /// A seed of the tables' hash, shared by servers whose SCAN cursors are to agree.
        "hash-seed" hash_seed: String = String::new(), optional(), IMMUTABLE.stored_only();
    }
}
