//! Error texts of commands on streams.

use super::{Error, errors, text};

errors! {
    /// A word that should be an entry's id.
    INVALID_ID = "ERR Invalid stream ID specified as stream command argument";
    /// A range that begins behind the greatest id.
    INVALID_START = "ERR invalid start ID for the interval";
    /// A range that ends before the smallest id.
    INVALID_END = "ERR invalid end ID for the interval";
    /// XADD of the id that stands for "before every entry".
    ID_IS_ZERO = "ERR The ID specified in XADD must be greater than 0-0";
    /// XADD of an id that would not be the last one.
    ID_TOO_SMALL = "ERR The ID specified in XADD is equal or smaller than the target stream top \
        item";
    /// XADD after the greatest id.
    IDS_EXHAUSTED = "ERR The stream has exhausted the last possible ID, unable to add more items";
    /// XADD of more than a block can hold.
    ENTRY_TOO_LARGE = "ERR Elements are too large to be stored";
    /// MAXLEN beside MINID.
    TWO_STRATEGIES = "ERR syntax error, MAXLEN and MINID options at the same time are not \
        compatible";
    /// A negative MAXLEN.
    NEGATIVE_MAXLEN = "ERR The MAXLEN argument must be >= 0.";
    /// A negative LIMIT.
    NEGATIVE_LIMIT = "ERR The LIMIT argument must be >= 0.";
    /// LIMIT without MAXLEN or MINID.
    LIMIT_ALONE = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy";
    /// LIMIT of an exact trim.
    LIMIT_OF_EXACT_TRIM = "ERR syntax error, LIMIT cannot be used without the special ~ option";
    /// XTRIM without MAXLEN or MINID.
    NO_STRATEGY = "ERR syntax error, XTRIM must be called with a trimming strategy";
    /// IDMP or IDMPAUTO twice.
    TWO_PRODUCERS = "ERR IDMP/IDMPAUTO specified multiple times";
    /// IDMP or IDMPAUTO with an id of the client's choice.
    PRODUCER_WITH_ID = "ERR IDMP/IDMPAUTO can be used only with auto-generated IDs";
    /// IDMP without idempotent id.
    NO_IDEMPOTENT_ID = "ERR IDMP requires a non-empty idempotent ID";
    /// XCFGSET without options.
    NO_SETTING = "ERR At least one parameter (IDMP-DURATION or IDMP-MAXSIZE) is required";
    /// XCFGSET with a time that is not taken.
    KEEPING_SECONDS = "ERR IDMP-DURATION must be between 1 and 86400 seconds";
    /// XCFGSET with a size that is not taken.
    KEEPING_IDS = "ERR IDMP-MAXSIZE must be between 1 and 10000 entries";
    /// XIDMPRECORD with an empty word.
    EMPTY_PRODUCER = "ERR XIDMPRECORD requires a non-empty producer ID and idempotent ID";
    /// XIDMPRECORD of an entry that is not there.
    NO_SUCH_ENTRY = "ERR no such entry in the stream";
    /// XIDMPRECORD of a pair that stands for another entry.
    OTHER_ENTRY = "ERR the producer ID and idempotent ID already map to a different stream ID";
    /// XDELEX and XACKDEL: the count is no positive number.
    NUMBER_OF_IDS = "ERR Number of IDs must be a positive integer";
    /// XDELEX and XACKDEL: fewer words than the count says.
    NUMBER_OF_WORDS = "ERR The `numids` parameter must match the number of arguments";
    /// XSETID below what is in the stream.
    LAST_ID_TOO_SMALL = "ERR The ID specified in XSETID is smaller than the target stream top item";
    /// XSETID below what was deleted.
    LAST_ID_BELOW_DELETED = "ERR The ID specified in XSETID is smaller than current \
        max_deleted_entry_id";
    /// XSETID below the MAXDELETEDID beside it.
    LAST_ID_BELOW_GIVEN = "ERR The ID specified in XSETID is smaller than the provided \
        max_deleted_entry_id";
    /// XSETID with a negative ENTRIESADDED.
    NEGATIVE_ENTRIES_ADDED = "ERR entries_added must be positive";
    /// XSETID with fewer entries added than there are.
    TOO_FEW_ENTRIES_ADDED = "ERR The entries_added specified in XSETID is smaller than the target \
        stream length";
    /// XGROUP without the stream.
    GROUP_NEEDS_KEY = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE \
        you may want to use the MKSTREAM option to create an empty stream automatically.";
    /// XGROUP CREATE of a group that is there.
    GROUP_EXISTS = "BUSYGROUP Consumer Group name already exists";
    /// XGROUP CREATE and SETID: a negative ENTRIESREAD that is not -1.
    NEGATIVE_ENTRIES_READ = "ERR value for ENTRIESREAD must be positive or -1";
    /// XREADGROUP without GROUP.
    NO_GROUP_OPTION = "ERR Missing GROUP option for XREADGROUP";
    /// `>` where nothing was ever delivered.
    NEW_OUTSIDE_GROUP = "ERR The > ID can be specified only when calling XREADGROUP using the \
        GROUP <group> <consumer> option.";
    /// XREADGROUP CLAIM with something else than a number.
    IDLE_NOT_AN_INTEGER = "ERR min-idle-time is not an integer or out of range";
    /// XREADGROUP CLAIM with a negative number.
    NEGATIVE_IDLE = "ERR min-idle-time must be a positive integer";
    /// XAUTOCLAIM with a COUNT that is no positive number.
    CLAIM_COUNT = "ERR COUNT must be > 0";
}

/// A group that is not there, or its stream.
pub fn no_key_or_group(key: &[u8], group: &[u8]) -> Error {
    Error::new(format!("NOGROUP No such key '{}' or consumer group '{}'", text(key), text(group)))
}

/// The same, as XREADGROUP says it.
pub fn no_group_to_read(key: &[u8], group: &[u8]) -> Error {
    let Error(text) = no_key_or_group(key, group);
    Error::new(format!("{text} in XREADGROUP with GROUP option"))
}

/// A group that is not there, in a stream that is.
pub fn no_group(key: &[u8], group: &[u8]) -> Error {
    Error::new(format!(
        "NOGROUP No such consumer group '{}' for key name '{}'",
        text(group),
        text(key)
    ))
}

/// IDMP or IDMPAUTO without producer.
pub fn no_producer(option: &str) -> Error {
    Error::new(format!("ERR {option} requires a non-empty producer ID"))
}

/// An option of XREADGROUP in XREAD.
pub fn only_for_groups(option: &str) -> Error {
    Error::new(format!(
        "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
    ))
}

/// `$` or `+` in XREADGROUP.
pub fn meaningless_id(id: char) -> Error {
    Error::new(format!(
        "ERR The {id} ID is meaningless in the context of XREADGROUP: you want to read the history \
         of this consumer by specifying a proper ID, or use the > ID to get new messages. The {id} \
         ID would just return an empty result set."
    ))
}

/// XREAD and XREADGROUP: not as many ids as keys.
pub fn unbalanced(command: &str) -> Error {
    let ids = if command == "xread" { "ID, '+', or '$'" } else { "ID or '>'" };
    Error::new(format!(
        "ERR Unbalanced '{command}' list of streams: for each stream key an {ids} must be \
         specified."
    ))
}

/// XCLAIM and XAUTOCLAIM: a number that is none.
pub fn invalid_claim_number(what: &str, command: &str) -> Error {
    Error::new(format!("ERR Invalid {what} argument for {command}"))
}

/// XCLAIM with an option it does not know.
pub fn unknown_claim_option(option: &[u8]) -> Error {
    Error::new(format!("ERR Unrecognized XCLAIM option '{}'", text(option)))
}

/// XGROUP and XINFO: options that the subcommand does not take.
pub fn wrong_subcommand(name: &[u8], parent: &str) -> Error {
    let name = text(&name[..name.len().min(128)]);
    Error::new(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try {parent} HELP."
    ))
}
