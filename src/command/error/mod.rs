//! Every error text a client can see.
//!
//! Texts are protocol: clients match on their first word and test suites on the rest, so they stand
//! once, here, in Redis's own wording; those of one group of commands in a file of their own. An
//! error is written as `-` + text + CRLF by the reply writer.

pub mod bitmaps;
pub mod dump;
pub mod geo;
pub mod hashes;
pub mod hyperloglog;
pub mod lists;
pub mod persistence;
pub mod scripting;
pub mod sets;
pub mod sort;
pub mod sorted_sets;
pub mod streams;
pub mod transactions;

use std::borrow::Cow;
use std::fmt;

/// The error a command answers with: a code word (`ERR`, `WRONGTYPE` …) and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(pub Cow<'static, str>);

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub const $name: $crate::command::Error =
            $crate::command::Error(std::borrow::Cow::Borrowed($text));)*
    };
}
pub(crate) use errors;

errors! {
    /// The key holds another type.
    WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
    /// An option or its place is wrong.
    SYNTAX = "ERR syntax error";
    /// A number was expected.
    NOT_AN_INTEGER = "ERR value is not an integer or out of range";
    /// A floating point number was expected.
    NOT_A_FLOAT = "ERR value is not a valid float";
    /// A count that must not be negative is.
    MUST_BE_POSITIVE = "ERR value is out of range, must be positive";
    /// INCR and its family left 64 bits.
    INCREMENT_OVERFLOW = "ERR increment or decrement would overflow";
    /// DECRBY by the smallest integer.
    DECREMENT_OVERFLOW = "ERR decrement would overflow";
    /// INCRBYFLOAT left the finite numbers.
    INCREMENT_NAN = "ERR increment would produce NaN or Infinity";
    /// The key must exist.
    NO_SUCH_KEY = "ERR no such key";
    /// SELECT, MOVE, COPY beyond `databases`.
    DB_OUT_OF_RANGE = "ERR DB index is out of range";
    /// A database number that is no number.
    INVALID_DB_INDEX = "ERR invalid DB index";
    /// The same, where SWAPDB's first argument is meant.
    INVALID_FIRST_DB_INDEX = "ERR invalid first DB index";
    /// The same, where SWAPDB's second argument is meant.
    INVALID_SECOND_DB_INDEX = "ERR invalid second DB index";
    /// MOVE or COPY onto itself.
    SAME_OBJECT = "ERR source and destination objects are the same";
    /// DEBUG HTSTATS of a database that is not there.
    OUT_OF_RANGE_DATABASE = "ERR Out of range database";
    /// A negative offset.
    OFFSET_OUT_OF_RANGE = "ERR offset is out of range";
    /// A value would become longer than `proto-max-bulk-len`.
    STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    /// A digest of a length that digests do not have.
    DIGEST_LENGTH = "ERR must be exactly 16 hexadecimal characters";
    /// DELEX with a condition on a key that holds no string.
    CONDITION_NEEDS_STRING = "ERR Key should be of string type if conditions are specified";
    /// DELEX with a word that is no condition.
    INVALID_CONDITION = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE";
    /// MSETEX with a count that is no positive number.
    INVALID_NUMKEYS = "ERR invalid numkeys value";
    /// MSETEX with fewer words than the count says.
    WRONG_NUMBER_OF_PAIRS = "ERR wrong number of key-value pairs";
    /// LCS of something else than strings.
    LCS_NEEDS_STRINGS = "ERR The specified keys must contain string values";
    /// LCS with LEN beside IDX.
    LCS_LEN_AND_IDX = "ERR If you want both the length and indexes, please just use IDX.";
    /// LCS of strings too long to compare.
    LCS_TOO_LONG = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
    /// INCREX with ENX and no time.
    ENX_WITHOUT_EXPIRATION = "ERR ENX flag requires an expiration";
    /// INCREX with bounds that leave nothing between them.
    BOUNDS_CROSS = "ERR LBOUND can't be greater than UBOUND";
    /// INCREX SATURATE whose step to the bound is no 64-bit integer.
    APPLIED_INCREMENT_OVERFLOW = "ERR applied increment would overflow";
    /// INCREX BYFLOAT by an infinite number.
    INCREMENT_IS_INFINITE = "ERR BYFLOAT increment cannot be Infinity";
    /// INCREX BYFLOAT of an infinite number.
    VALUE_IS_INFINITE = "ERR value cannot be Infinity";
    /// SCAN's cursor is no number.
    INVALID_CURSOR = "ERR invalid cursor";
    /// NOVALUES is for hashes.
    NOVALUES_OUTSIDE_HSCAN = "ERR NOVALUES option can only be used in HSCAN";
    /// OBJECT FREQ while idle times are counted.
    FREQUENCY_NOT_COUNTED = "ERR An LFU maxmemory policy is not selected, access frequency not \
        tracked. Please note that when switching between policies at runtime LRU and LFU data will \
        take some time to adjust.";
    /// OBJECT IDLETIME while frequencies are counted.
    IDLE_TIME_NOT_COUNTED = "ERR An LFU maxmemory policy is selected, idle time not tracked. \
        Please note that when switching between policies at runtime LRU and LFU data will take \
        some time to adjust.";
    /// WAITAOF for the server's own AOF where there is none.
    WAITAOF_WITHOUT_AOF =
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
    /// EXPIRE with NX beside XX, GT or LT.
    EXPIRE_NX_AND_OTHERS =
        "ERR NX and XX, GT or LT options at the same time are not compatible";
    /// EXPIRE with GT beside LT.
    EXPIRE_GT_AND_LT = "ERR GT and LT options at the same time are not compatible";
    /// HELLO with a version other than 2 and 3.
    NO_PROTOCOL = "NOPROTO unsupported protocol version";
    /// A version that is no number.
    PROTOCOL_NOT_A_NUMBER = "ERR Protocol version is not an integer or out of range";
    /// The client must authenticate first.
    NO_AUTH = "NOAUTH Authentication required.";
    /// Wrong name or password.
    WRONG_PASS = "WRONGPASS invalid username-password pair or user is disabled.";
    /// AUTH without a password set.
    AUTH_WITHOUT_PASSWORD = "ERR AUTH <password> called without any password configured for the \
        default user. Are you sure your configuration is correct?";
    /// HELLO before AUTH, without AUTH.
    HELLO_WITHOUT_AUTH = "NOAUTH HELLO must be called with the client already authenticated, \
        otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the \
        client and select the RESP protocol version at the same time";
    /// A client's name that CLIENT LIST could not show.
    CLIENT_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";
    /// CLIENT IMPORT-SOURCE without `import-mode`.
    NOT_IMPORTING = "ERR Server is not in import mode";
    /// CLIENT KILL by an address that nobody has.
    NO_SUCH_CLIENT = "ERR No such client";
    /// CLIENT KILL or LIST by a number below 1.
    CLIENT_ID_TOO_SMALL = "ERR client-id should be greater than 0";
    /// CLIENT LIST ID with something else than a number.
    INVALID_CLIENT_ID = "ERR Invalid client ID";
    /// CLIENT PAUSE for something else than WRITE or ALL.
    PAUSE_MODE = "ERR CLIENT PAUSE mode must be WRITE or ALL";
    /// CLIENT UNBLOCK with something else than TIMEOUT or ERROR.
    UNBLOCK_REASON = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
    /// A time-out that is no number.
    TIMEOUT_NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
    /// A time-out of BLPOP and its kind that is no number.
    TIMEOUT_NOT_A_FLOAT = "ERR timeout is not a float or out of range";
    /// A time-out that lies in the past.
    TIMEOUT_NEGATIVE = "ERR timeout is negative";
    /// A time-out beyond what the clock can count.
    TIMEOUT_OUT_OF_RANGE = "ERR timeout is out of range";
    /// Too many clients.
    MAX_CLIENTS = "ERR max number of clients reached";
    /// A client from another machine, and no password.
    PROTECTED_MODE = "DENIED Redstart is running in protected mode because protected mode is \
        enabled and no password is set for the default user. In this mode connections are only \
        accepted from the loopback interface. To let clients from other machines in, set a \
        password with 'requirepass', or turn protected mode off with 'protected-mode no' if the \
        port is not reachable from outside.";
    /// COMMAND GETKEYS of a command without keys.
    NO_KEY_ARGUMENTS = "ERR The command has no key arguments";
    /// COMMAND GETKEYS of a name the server does not have.
    INVALID_COMMAND = "ERR Invalid command specified";
    /// COMMAND GETKEYS with too few or too many words.
    INVALID_ARGUMENT_COUNT = "ERR Invalid number of arguments specified for command";
    /// COMMAND GETKEYS where the words do not fit the command.
    INVALID_ARGUMENTS = "ERR Invalid arguments specified for command";
    /// `maxmemory` is reached.
    OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
    /// MEMORY PURGE failed.
    PURGE = "ERR Error purging dirty pages";
    /// DEBUG HTSTATS-KEY of a value that is no hash table.
    NO_HASH_TABLE = "ERR The value stored at the specified key is not represented using an hash \
        table";
    /// The data set is being loaded.
    LOADING = "LOADING Redis is loading the dataset in memory";
    /// A number that does not fit into 32 bits.
    NOT_32_BITS = "ERR value is out of range, value must between -2147483648 and 2147483647";
    /// SHUTDOWN ABORT while the server is not ending.
    NO_SHUTDOWN = "ERR No shutdown in progress.";
    /// SLOWLOG GET with a count below -1.
    SLOWLOG_COUNT = "ERR count should be greater than or equal to -1";
    /// The server is ending.
    SHUTTING_DOWN = "ERR Errors trying to SHUTDOWN. Check logs.";
    /// A handler broke an invariant. The connection goes on; the log has the rest.
    INTERNAL = "ERR internal error, see the server's log";
}

impl Error {
    /// An error whose text is made from the call.
    pub fn new(text: impl Into<String>) -> Self {
        Error(Cow::Owned(text.into()))
    }

    /// The whole text, code word included.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The first word: what INFO's errorstats count by.
    pub fn code(&self) -> &str {
        self.0.split(' ').next().unwrap_or("ERR")
    }

    /// Too few or too many words for `name` (`get`, `config|get`).
    pub fn arity(name: &str) -> Self {
        Self::new(format!("ERR wrong number of arguments for '{name}' command"))
    }

    /// A deadline that is not positive or does not fit, in `name`.
    pub fn invalid_expire(name: &str) -> Self {
        Self::new(format!("ERR invalid expire time in '{name}' command"))
    }

    /// A named argument that is no float.
    pub fn not_a_float(what: &str) -> Self {
        Self::new(format!("ERR {what} is not a valid float"))
    }

    /// A name that the table does not have, with the first of its arguments for whoever reads the
    /// log.
    pub fn unknown_command(name: &[u8], arguments: &[&[u8]]) -> Self {
        // Redis cuts the name at 128 bytes, and the arguments once they fill 128.
        let mut shown = String::new();
        for argument in arguments {
            if shown.len() >= 128 {
                break;
            }
            let room = 128 - shown.len();
            shown.push_str(&format!("'{}' ", text(&argument[..argument.len().min(room)])));
        }
        let name = text(&name[..name.len().min(128)]);
        Self::new(format!("ERR unknown command '{name}', with args beginning with: {shown}"))
    }

    /// A subcommand that `parent` (in upper case) does not have.
    pub fn unknown_subcommand(parent: &str, name: &[u8]) -> Self {
        let name = text(&name[..name.len().min(128)]);
        Self::new(format!("ERR unknown subcommand '{name}'. Try {} HELP.", parent.to_uppercase()))
    }

    /// LATENCY GRAPH of an event that never happened.
    pub fn no_samples(event: &[u8]) -> Self {
        Self::new(format!("ERR No samples available for event '{}'", text(event)))
    }

    /// A subcommand of DEBUG that there is not, or that takes other words.
    pub fn unknown_debug(name: &[u8]) -> Self {
        let name = text(&name[..name.len().min(128)]);
        Self::new(format!(
            "ERR unknown subcommand or wrong number of arguments for '{name}'. Try DEBUG HELP."
        ))
    }

    /// DEBUG PROTOCOL of a type that there is not.
    pub fn wrong_protocol_sample() -> Self {
        Self::new(
            "ERR Wrong protocol type name. Please use one of the following: string|integer|double|\
             null|array|set|map|attrib|push|verbatim|true|false",
        )
    }

    /// DEBUG PROTOCOL push to a client of RESP2.
    pub fn push_needs_resp3() -> Self {
        Self::new("ERR RESP2 is not supported by this command")
    }

    /// An error that explains itself, as another part of the server words it.
    pub fn plain(error: &dyn fmt::Display) -> Self {
        Self::new(format!("ERR {error}"))
    }

    /// A command that an option has to permit.
    pub fn protected(name: &str, option: &str) -> Self {
        Self::new(format!(
            "ERR {name} command not allowed. If the {option} option is set to \"local\", you can \
             run it from a local connection, otherwise you need to set this option in the \
             configuration file, and then restart the server."
        ))
    }

    /// HELLO with an option it does not know, or one cut short.
    pub fn hello_option(option: &[u8]) -> Self {
        Self::new(format!("ERR Syntax error in HELLO option '{}'", text(option)))
    }

    /// CLIENT SETINFO of something else than LIB-NAME or LIB-VER.
    pub fn unrecognized_option(option: &[u8]) -> Self {
        Self::new(format!("ERR Unrecognized option '{}'", text(option)))
    }

    /// CLIENT SETINFO with a value that CLIENT LIST could not show.
    pub fn not_plain(field: &[u8]) -> Self {
        let field = text(field);
        Self::new(format!("ERR {field} cannot contain spaces, newlines or special characters."))
    }

    /// CLIENT KILL or LIST: a filter's value that is none.
    pub fn client_filter(what: &str, given: &[u8]) -> Self {
        Self::new(format!("ERR {what} '{}'", text(given)))
    }

    /// CLIENT KILL or LIST: letters that stand for no flag.
    pub fn unknown_letters(what: &str, filter: &str, given: &[u8]) -> Self {
        Self::new(format!("ERR Unknown {what} found in the {filter} filter: {}", text(given)))
    }

    /// CLIENT KILL or LIST: a database that there is not.
    pub fn db_filter(name: &str, highest: usize) -> Self {
        Self::new(format!("ERR {name} number should be between 0 and {highest}"))
    }

    /// A number that must be positive, by its name.
    pub fn not_positive(name: &str) -> Self {
        Self::new(format!("ERR {name} should be greater than 0"))
    }

    /// A number that is none, by its name.
    pub fn named_not_an_integer(name: &str) -> Self {
        Self::new(format!("ERR {name} is not an integer or out of range"))
    }

    /// A number outside what the command takes.
    pub fn out_of_range(least: i64, most: i64) -> Self {
        // "must between" is Redis's wording.
        let range = format!("{least} and {most}");
        Self::new(format!("ERR value is out of range, value must between {range}"))
    }

    /// EXPIRE with an option it does not know.
    pub fn unsupported_option(option: &[u8]) -> Self {
        Self::new(format!("ERR Unsupported option {}", text(option)))
    }
}

/// Bytes of a client as they may stand in an error text.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
