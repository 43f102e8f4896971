//! The bytes that say what follows in a snapshot.
//!
//! ```text
//! file     "REDIS" | version: 4 digits | entries | EOF | [checksum: u64 little-endian]
//! entry    opcode | what it announces        or        kind | key: string | value
//! string   length | bytes                    or        0b11 + form | number or compressed bytes
//! length   0b00 + 6 bits | 0b01 + 14 bits | LENGTH_32 + u32 | LENGTH_64 + u64, big-endian
//! DUMP     kind | value | version: u16 little-endian | checksum: u64 little-endian
//! ```
//! The checksum came with version 5; before it, a file ends with EOF.
//! Source: Redis 7.4, 8.6 and Valkey 9, rdb.h

/// How a snapshot begins; its version follows in four digits.
pub const MAGIC: &[u8; 5] = b"REDIS";
/// How a snapshot of Valkey 9 or later begins; its version follows in three digits.
pub const MAGIC_OF_VALKEY: &[u8; 6] = b"VALKEY";

/// The newest version of Redis's whose files are understood.
pub const NEWEST_VERSION: u16 = 13;
/// The version of Valkey 9.
pub const VERSION_OF_VALKEY: u16 = 80;
/// The first version that ends with a checksum.
pub const FIRST_WITH_CHECKSUM: u16 = 5;
/// The first version that has aux fields, sizes of databases, and lists as quicklists: Redis 3.2.
pub const FIRST_WITH_AUX: u16 = 7;
/// The first version that has streams, access times, and 64 bits of length: Redis 5.
pub const FIRST_WITH_STREAMS: u16 = 9;
/// The first version that has listpacks for hashes, sorted sets and lists: Redis 7.0.
pub const FIRST_WITH_LISTPACKS: u16 = 10;
/// The first version that has libraries of functions: Redis 7.0.
pub const FIRST_WITH_FUNCTIONS: u16 = 10;
/// The first version that has listpacks for sets, and when consumers were active: Redis 7.2.
pub const FIRST_WITH_SET_LISTPACKS: u16 = 11;
/// The first version that has deadlines of fields: Redis 7.4.
pub const FIRST_WITH_FIELD_DEADLINES: u16 = 12;

/// What an entry is that is no key.
pub mod opcode {
    /// What a cluster's slot holds: Redis 7.4.
    pub const SLOT_INFO: u8 = 244;
    /// A library of functions.
    pub const FUNCTION: u8 = 245;
    /// One as candidates for Redis 7.0 wrote it.
    pub const FUNCTION_OF_CANDIDATES: u8 = 246;
    /// What a module keeps beside keys.
    pub const MODULE_AUX: u8 = 247;
    /// Seconds since the next key was used: a length.
    pub const IDLE: u8 = 248;
    /// How often the next key is used: a byte.
    pub const FREQUENCY: u8 = 249;
    /// A name and a text about the file.
    pub const AUX: u8 = 250;
    /// How many keys follow in this database, and how many of them have a deadline.
    pub const SIZES: u8 = 251;
    /// The next key's deadline: i64 little-endian, milliseconds.
    pub const DEADLINE_MS: u8 = 252;
    /// The next key's deadline: i32 little-endian, seconds.
    pub const DEADLINE_S: u8 = 253;
    /// The database of the keys that follow.
    pub const DATABASE: u8 = 254;
    /// Nothing follows but the checksum.
    pub const EOF: u8 = 255;
}

/// What kind of value follows.
pub mod kind {
    /// A string.
    pub const STRING: u8 = 0;
    /// Elements.
    pub const LIST: u8 = 1;
    /// Members.
    pub const SET: u8 = 2;
    /// Members with scores as text.
    pub const SORTED_SET: u8 = 3;
    /// Fields with values.
    pub const HASH: u8 = 4;
    /// Members with scores as eight bytes.
    pub const SORTED_SET_2: u8 = 5;
    /// A module's value as candidates for Redis 4.0 wrote it.
    pub const MODULE_OF_CANDIDATES: u8 = 6;
    /// A module's value.
    pub const MODULE: u8 = 7;
    /// Redis before 2.6.
    pub const HASH_ZIPMAP: u8 = 9;
    /// One ziplist.
    pub const LIST_ZIPLIST: u8 = 10;
    /// Sorted integers of one width.
    pub const SET_INTSET: u8 = 11;
    /// One ziplist.
    pub const SORTED_SET_ZIPLIST: u8 = 12;
    /// One ziplist.
    pub const HASH_ZIPLIST: u8 = 13;
    /// Ziplists.
    pub const LIST_QUICKLIST: u8 = 14;
    /// Redis 5.
    pub const STREAM: u8 = 15;
    /// One listpack.
    pub const HASH_LISTPACK: u8 = 16;
    /// One listpack.
    pub const SORTED_SET_LISTPACK: u8 = 17;
    /// Listpacks, and long elements between them.
    pub const LIST_QUICKLIST_2: u8 = 18;
    /// With what was counted and deleted: Redis 7.0.
    pub const STREAM_2: u8 = 19;
    /// One listpack.
    pub const SET_LISTPACK: u8 = 20;
    /// With when consumers were active: Redis 7.2.
    pub const STREAM_3: u8 = 21;
    /// Fields with deadlines as candidates for Redis 7.4 wrote them; in files of Valkey's version,
    /// as Valkey 9 does.
    pub const HASH_DEADLINES_OF_CANDIDATES: u8 = 22;
    /// One listpack of fields, values and deadlines, of the same age.
    pub const HASH_LISTPACK_DEADLINES_OF_CANDIDATES: u8 = 23;
    /// Fields with deadlines: Redis 7.4.
    pub const HASH_DEADLINES: u8 = 24;
    /// One listpack of fields, values and deadlines.
    pub const HASH_LISTPACK_DEADLINES: u8 = 25;
    /// With the ids of idempotent producers: Redis 8.6.
    pub const STREAM_4: u8 = 26;
}

/// The name of the type of a value of this kind, as TYPE answers it.
pub fn type_of(kind_byte: u8) -> &'static str {
    match kind_byte {
        kind::STRING => "string",
        kind::LIST | kind::LIST_ZIPLIST | kind::LIST_QUICKLIST | kind::LIST_QUICKLIST_2 => "list",
        kind::SET | kind::SET_INTSET | kind::SET_LISTPACK => "set",
        kind::SORTED_SET
        | kind::SORTED_SET_2
        | kind::SORTED_SET_ZIPLIST
        | kind::SORTED_SET_LISTPACK => "zset",
        kind::STREAM | kind::STREAM_2 | kind::STREAM_3 | kind::STREAM_4 => "stream",
        kind::MODULE | kind::MODULE_OF_CANDIDATES => "module",
        _ => "hash",
    }
}

/// A length of 32 bits follows.
pub const LENGTH_32: u8 = 0x80;
/// A length of 64 bits follows.
pub const LENGTH_64: u8 = 0x81;
/// How the first byte of a string in a form of its own begins.
pub const FORM: u8 = 0b1100_0000;

/// The forms of strings that are not their bytes.
pub mod form {
    /// A number of 8 bits.
    pub const INT_8: u8 = 0;
    /// A number of 16 bits, little-endian.
    pub const INT_16: u8 = 1;
    /// A number of 32 bits, little-endian.
    pub const INT_32: u8 = 2;
    /// Compressed: its length now and then, both as lengths, and the bytes.
    pub const LZF: u8 = 3;
}

/// What a node of a quicklist is: one element as a string.
pub const NODE_PLAIN: u64 = 1;
/// What a node of a quicklist is: a listpack.
pub const NODE_PACKED: u64 = 2;
