//! Are two replies the same, as far as Redis promises anything?

use crate::tame::name;
use redstart_course::wire::Reply;

/// Deadlines may be set this much apart on the two servers.
const MILLISECONDS_APART: i64 = 5_000;
const SECONDS_APART: i64 = 5;

/// How replies of a command are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// To the byte.
    Exactly,
    /// An array or a set whose elements have no order.
    AnyOrder,
    /// A flat array of pairs, or a map, whose pairs have no order.
    Pairs,
    /// Numbers may differ by what a clock differs.
    Near,
    /// As maps of what a clock or the inside of the server has part in: see `told`.
    Fields,
    /// As many elements of the same type: random ones, or parts of what has no order.
    Shape,
    /// Not at all.
    Ignored,
}

/// How the replies to a command are compared.
pub fn manner(words: &[Vec<u8>]) -> Manner {
    let has = |option: &str| words.iter().any(|word| word.eq_ignore_ascii_case(option.as_bytes()));
    let second = words.get(1).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    match name(words).as_str() {
        "SMEMBERS" | "SUNION" | "SINTER" | "SDIFF" | "KEYS" | "HKEYS" | "HVALS" => Manner::AnyOrder,
        "HGETALL" => Manner::Pairs,
        "TTL" | "PTTL" | "EXPIRETIME" | "PEXPIRETIME" | "HTTL" | "HPTTL" | "HEXPIRETIME"
        | "HPEXPIRETIME" => Manner::Near,
        // The reference's clock for it may lag by seconds.
        "OBJECT" if second == b"IDLETIME" => Manner::Ignored,
        "XINFO" | "XPENDING" => Manner::Fields,
        "RANDOMKEY" | "SRANDMEMBER" | "HRANDFIELD" | "ZRANDMEMBER" | "SPOP" => Manner::Shape,
        "SCAN" | "SSCAN" | "HSCAN" | "ZSCAN" => Manner::Ignored,
        "SORT" | "SORT_RO" if has("BY") => {
            if has("LIMIT") {
                Manner::Shape
            } else {
                Manner::AnyOrder
            }
        }
        "HELLO" => Manner::Ignored,
        _ => Manner::Exactly,
    }
}

/// Whether the replies are the same.
pub fn same(manner: Manner, ours: &Reply, theirs: &Reply) -> bool {
    if ours == theirs {
        return true;
    }
    if matches!(ours, Reply::Error(_)) || matches!(theirs, Reply::Error(_)) {
        return false;
    }
    match manner {
        Manner::Exactly => false,
        Manner::Ignored => true,
        Manner::Shape => shape(ours) == shape(theirs),
        Manner::Near => near(ours, theirs),
        Manner::Fields => told(ours, theirs),
        Manner::AnyOrder => sorted(ours, 1) == sorted(theirs, 1),
        Manner::Pairs => sorted(ours, 2) == sorted(theirs, 2),
    }
}

/// Type and number of elements.
fn shape(reply: &Reply) -> (u8, usize) {
    let kind = reply.wire()[0];
    match reply {
        Reply::Array(elements) | Reply::Set(elements) | Reply::Map(elements) => {
            (kind, elements.len())
        }
        Reply::Nil => (kind, 1),
        _ => (kind, 0),
    }
}

fn near(ours: &Reply, theirs: &Reply) -> bool {
    match (ours, theirs) {
        (Reply::Array(ours), Reply::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| near(ours, theirs))
        }
        (Reply::Integer(ours), Reply::Integer(theirs)) => {
            let number = |digits: &[u8]| String::from_utf8_lossy(digits).parse::<i64>().ok();
            let (Some(ours), Some(theirs)) = (number(ours), number(theirs)) else { return false };
            let apart = ours.abs_diff(theirs) as i64;
            let is_time = ours >= 0 && theirs >= 0;
            ours == theirs
                || is_time
                    && apart <= if ours > 1_000_000 { MILLISECONDS_APART } else { SECONDS_APART }
        }
        _ => ours == theirs,
    }
}

/// A number as long as milliseconds since 1970.
const MOMENT_DIGITS: usize = 13;
/// Fields of XINFO that depend on the clock or on how streams are stored.
const INEXACT_FIELDS: &[&[u8]] =
    &[b"idle", b"inactive", b"seen-time", b"active-time", b"radix-tree-keys", b"radix-tree-nodes"];

/// Arrays of names and values: what both tell must be the same, and theirs must be there. Times of
/// delivery are near each other.
fn told(ours: &Reply, theirs: &Reply) -> bool {
    let (Some(own), Some(other)) = (elements(ours), elements(theirs)) else {
        let is_moment = |reply: &Reply| is_number(reply) && reply.wire().len() > MOMENT_DIGITS;
        return ours == theirs || is_moment(ours) && near(ours, theirs);
    };
    let name = |reply: &Reply| match reply {
        Reply::Bulk(name) => Some(name.clone()),
        _ => None,
    };
    let is_map = |pairs: &[Reply]| {
        let first = pairs.first().and_then(name);
        first.is_some_and(|first| first == b"length" || first == b"name")
    };
    if is_map(own) && is_map(other) {
        return other.chunks(2).all(|pair| {
            let found = own.chunks(2).find(|own| own[0] == pair[0]);
            found.is_some_and(|own| {
                let is_inexact =
                    name(&pair[0]).is_some_and(|name| INEXACT_FIELDS.contains(&&*name));
                is_inexact || told(&own[1], &pair[1])
            })
        });
    }
    own.len() == other.len()
        && own.iter().zip(other).enumerate().all(|(at, (own, theirs))| {
            // XPENDING: id, consumer, milliseconds since its delivery, number of deliveries.
            at == 2 && other.len() == 4 && is_number(own) && is_number(theirs) || told(own, theirs)
        })
}

fn is_number(reply: &Reply) -> bool {
    matches!(reply, Reply::Integer(_))
}

fn elements(reply: &Reply) -> Option<&[Reply]> {
    match reply {
        Reply::Array(elements) | Reply::Map(elements) => Some(elements),
        _ => None,
    }
}

/// The elements on the wire, `width` to a piece, in an order of their own; with the type.
pub fn sorted(reply: &Reply, width: usize) -> (u8, Vec<Vec<u8>>) {
    let kind = reply.wire()[0];
    match reply {
        Reply::Array(elements) | Reply::Set(elements) | Reply::Map(elements) => {
            let mut pieces: Vec<Vec<u8>> = elements
                .chunks(width)
                .map(|piece| piece.iter().flat_map(Reply::wire).collect())
                .collect();
            pieces.sort();
            (kind, pieces)
        }
        _ => (kind, vec![reply.wire()]),
    }
}
