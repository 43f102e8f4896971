//! Differences that are meant: those that docs/differences.md names, and those between the
//! reference's version and the newer one that Redstart follows.

use crate::compare;
use crate::tame::name;
use crate::template::Version;
use redstart_course::wire::Reply;
use std::ops::Range;

/// The reason why these replies may differ, if they may.
pub fn named(
    words: &[Vec<u8>],
    ours: &Reply,
    theirs: &Reply,
    version: Version,
) -> Option<&'static str> {
    let name = name(words);
    DIFFERENCES
        .iter()
        .filter(|row| row.versions.contains(&version))
        .filter(|row| row.commands.is_empty() || row.commands.contains(&name.as_str()))
        .find(|row| (row.is_meant)(ours, theirs))
        .map(|row| row.reason)
}

struct Row {
    /// Names of commands; none for all.
    commands: &'static [&'static str],
    /// Versions of the reference.
    versions: Range<Version>,
    is_meant: fn(&Reply, &Reply) -> bool,
    reason: &'static str,
}

const NONE: Version = (0, 0);
const ALL: Version = (u32::MAX, 0);

const DIFFERENCES: &[Row] = &[
    Row {
        commands: &[],
        versions: NONE..ALL,
        is_meant: quotes_no_text,
        reason: "bytes that are no text, quoted in an error: Redis stops at a zero byte",
    },
    Row {
        commands: &["SCAN", "SSCAN", "HSCAN", "ZSCAN"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| is_bad_cursor(ours) || is_bad_cursor(theirs),
        reason: "cursors that no server gave: signs, blanks and zero bytes in them",
    },
    Row {
        commands: &["GETEX"],
        versions: NONE..(8, 4),
        is_meant: |ours, _| is_any_error(ours),
        reason: "the deadline is looked at before the key since Redis 8.4",
    },
    Row {
        commands: &["OBJECT"],
        versions: (8, 2)..ALL,
        is_meant: |ours, theirs| is_text(ours, "embstr") && is_text(theirs, "raw"),
        reason: "whether a string is embstr depends on its key since Redis 8.2",
    },
    Row {
        commands: &["OBJECT"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| is_text(ours, "1") && matches!(theirs, Reply::Integer(_)),
        reason: "how many share a value is a matter of the inside: Redis shares small numbers",
    },
    Row {
        commands: &["BITCOUNT", "BITPOS"],
        versions: NONE..(8, 0),
        is_meant: |ours, _| is_any_error(ours),
        reason: "before Redis 8.0 the arguments are looked at only if there is a key",
    },
    Row {
        commands: &["OBJECT"],
        versions: NONE..(7, 2),
        is_meant: |ours, theirs| {
            is_text(ours, "listpack")
                && (is_text(theirs, "quicklist") || is_text(theirs, "hashtable"))
                || is_text(theirs, "listpack")
                    && (is_text(ours, "hashtable") || is_text(ours, "skiplist"))
        },
        reason: "small lists and sets are listpacks, and HSET goes by its pairs, since 7.2",
    },
    Row {
        commands: &["LPOS", "LREM"],
        versions: NONE..(7, 2),
        is_meant: |ours, _| is_any_error(ours),
        reason: "the smallest rank and count are errors since Redis 7.2",
    },
    Row {
        commands: &[
            "BLPOP",
            "BRPOP",
            "BLMOVE",
            "BRPOPLPUSH",
            "BLMPOP",
            "BZPOPMIN",
            "BZPOPMAX",
            "BZMPOP",
        ],
        versions: NONE..(8, 0),
        is_meant: |ours, theirs| is_any_error(ours) && is_any_error(theirs),
        reason: "infinite timeouts are called negative before Redis 8.0",
    },
    Row {
        commands: &["OBJECT"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| is_text(ours, "listpack") && is_text(theirs, "listpackex"),
        reason: "a deadline for a field that is not there does not change how a hash is stored",
    },
    Row {
        commands: &["OBJECT"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| is_text(ours, "listpack") && is_text(theirs, "skiplist"),
        reason: "SORT of a sorted set leaves it as it is stored",
    },
    Row {
        commands: &[
            "GEOPOS",
            "GEOSEARCH",
            "GEORADIUS",
            "GEORADIUS_RO",
            "GEORADIUSBYMEMBER",
            "GEORADIUSBYMEMBER_RO",
        ],
        versions: NONE..(8, 0),
        is_meant: same_places,
        reason: "coordinates are written with 17 digits after the point before Redis 8.0",
    },
    Row {
        commands: &["SORT", "SORT_RO"],
        versions: NONE..(8, 0),
        is_meant: |ours, theirs| is_any_error(ours) != is_any_error(theirs),
        reason: "before Redis 8.0 weights are what C reads, with an earlier number's error",
    },
    Row {
        commands: &["SORT", "SORT_RO"],
        versions: (8, 0)..ALL,
        is_meant: |ours, theirs| !is_any_error(ours) && is_weight_no_number(theirs),
        reason: "an error of an earlier command's number makes SORT refuse its weights",
    },
    Row {
        commands: &["HSETEX", "HGETEX"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| is_any_error(ours) && is_any_error(theirs),
        reason: "which of two mistakes in the words is told first",
    },
    Row {
        commands: &["XREAD", "XREADGROUP", "XSETID", "ZRANK", "ZREVRANK"],
        versions: NONE..(7, 2),
        is_meant: |ours, theirs| is_any_error(ours) && is_any_error(theirs),
        reason: "WITHSCORE, and other texts about streams, came with Redis 7.2",
    },
    Row {
        commands: &["XSETID"],
        versions: NONE..(7, 2),
        is_meant: |ours, theirs| is_below_deleted(ours) && *theirs == Reply::Simple(b"OK".to_vec()),
        reason: "a last id below an entry that was deleted is an error since Redis 7.2",
    },
    Row {
        commands: &["XINFO", "XGROUP"],
        versions: NONE..(7, 2),
        is_meant: |ours, theirs| !is_any_error(ours) && !is_any_error(theirs),
        reason: "claiming makes the consumer, and fields were added, since Redis 7.2",
    },
    Row {
        commands: &[],
        versions: NONE..(7, 2),
        is_meant: same_numbers,
        reason: "scores are written with as few digits as tell them apart since Redis 7.2",
    },
    Row {
        commands: &["ZSCAN"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| !is_any_error(ours) && !is_any_error(theirs),
        reason: "scores have more digits where SORT has turned the set into a skiplist",
    },
    Row {
        commands: &["SORT", "SORT_RO"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| {
            ours.wire().contains(&0) && compare::sorted(ours, 1) == compare::sorted(theirs, 1)
        },
        reason: "to Redis, texts are the same up to a zero byte",
    },
    Row {
        commands: &["ZINCRBY"],
        versions: NONE..ALL,
        is_meant: |ours, theirs| is_any_error(ours) && is_any_error(theirs),
        reason: "Redis reads ZADD's options in it, to refuse them",
    },
];

/// Both are errors, and the same up to the first byte that is no printable text.
fn quotes_no_text(ours: &Reply, theirs: &Reply) -> bool {
    let (Reply::Error(ours), Reply::Error(theirs)) = (ours, theirs) else { return false };
    let odd = ours.iter().position(|byte| !(b' '..=b'~').contains(byte));
    odd.is_some_and(|odd| theirs.starts_with(&ours[..odd]))
}

/// The same but for how floats are written.
fn same_numbers(ours: &Reply, theirs: &Reply) -> bool {
    match (ours, theirs) {
        (Reply::Array(ours), Reply::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| same_numbers(ours, theirs))
        }
        (Reply::Bulk(_), Reply::Bulk(_)) | (Reply::Double(_), Reply::Double(_)) => {
            let number = |reply: &Reply| {
                let text = String::from_utf8_lossy(reply.text()?).into_owned();
                text.parse::<f64>().ok()
            };
            ours == theirs || number(ours).is_some() && number(ours) == number(theirs)
        }
        _ => ours == theirs,
    }
}

/// The same but for coordinates, which are as near as 17 digits after the point tell.
fn same_places(ours: &Reply, theirs: &Reply) -> bool {
    match (ours, theirs) {
        (Reply::Array(ours), Reply::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| same_places(ours, theirs))
        }
        _ => {
            let number = |reply: &Reply| {
                let text = String::from_utf8_lossy(reply.text()?).into_owned();
                text.parse::<f64>().ok()
            };
            let near = |(one, other): (f64, f64)| (one - other).abs() < 1e-12;
            ours == theirs || number(ours).zip(number(theirs)).is_some_and(near)
        }
    }
}

fn is_bad_cursor(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(error) if error == b"ERR invalid cursor")
}

fn is_below_deleted(reply: &Reply) -> bool {
    let text = b"ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
    matches!(reply, Reply::Error(error) if error == text)
}

fn is_weight_no_number(reply: &Reply) -> bool {
    let text = b"ERR One or more scores can't be converted into double";
    matches!(reply, Reply::Error(error) if error == text)
}

fn is_any_error(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(_))
}

fn is_text(reply: &Reply, text: &str) -> bool {
    reply.text() == Some(text.as_bytes())
}
