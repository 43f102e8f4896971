//! What is put where an argument stands: mostly something sensible from a small stock, so that
//! commands meet each other's keys and members; now and then something hostile.

use crate::random::Random;

/// Names of keys: a letter for the group that likes to use it, and a number. Few, so that types
/// collide.
pub const KEY_LETTERS: &str = "slhtzxbpg";
const KEYS_PER_LETTER: usize = 4;

const ODD_KEYS: &[&[u8]] = &[b"", b"a key", b"\x00\xff\r\n", b"none", b"{t1}t2"];

const MEMBERS: &[&[u8]] = &[
    b"a",
    b"b",
    b"c",
    b"d",
    b"e",
    b"f",
    b"aa",
    b"ab",
    b"B",
    b"1",
    b"2",
    b"3",
    b"10",
    b"-7",
    b"300",
    b"70000",
    b"5000000000",
    b"-9223372036854775808",
    b"3.5",
    b"",
    b"\x00",
    b"\xff\xfe",
    b"a b",
    b"foo",
    b"bar",
];

const INTEGERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "127",
    "128",
    "255",
    "256",
    "-129",
    "32768",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "-9223372036854775807",
    "4611686018427387904",
    "-4611686018427387905",
];

const NO_INTEGERS: &[&str] = &[
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "99999999999999999999999",
    "",
    " 1",
    "1 ",
    "+1",
    "01",
    "-0",
    "-",
    "1e3",
    "0x10",
    "1.0",
    "nan",
    "inf",
    "abc",
    "\x001",
    "1\x00",
];

const FLOATS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "0.1",
    "0.2",
    "3.14",
    "-2.5",
    "1.5e3",
    "1e-5",
    "1e17",
    "1e21",
    "5e-324",
    "1.7976931348623157e308",
    "-1e308",
    "0.30000000000000004",
    "123456789.123456789",
    "1e16",
    "9007199254740993",
    "inf",
    "-inf",
    "+inf",
    "infinity",
];

const NO_FLOATS: &[&str] =
    &["nan", "", " 1", "1 ", "0x1p3", "1e400", "1e-400", "abc", "1.", ".5", "1e", "--1", "1,5"];

const WORDS: &[&str] = &[
    "", "*", "-", "+", "(", "[", "$", ">", "~", "=", "0", "-1", "NX", "XX", "GET", "COUNT", "LIMIT",
];

/// An argument of this name, for a command of the group with this letter (a blank for any).
pub fn argument(name: &str, letter: char, random: &mut Random) -> Vec<u8> {
    if random.once_in(60) {
        return hostile(random);
    }
    match name {
        "key" | "source" | "destination" | "newkey" | "key1" | "key2" | "sourcekey" | "destkey"
        | "dstkey" => key(letter, random),
        // No other argument gets to these keys: see `tame`.
        "lexkey" => format!("y{}", random.below(4)).into_bytes(),
        "value" | "element" | "string" | "pivot" => value(random),
        "member" | "field" | "member1" | "member2" => member(random),
        "index" | "start" | "stop" | "end" | "rank" | "increment-int" | "small" => {
            integer(-12, 12, random)
        }
        "count" | "len" | "num-matches" | "maxlen" | "entries-read" => integer(0, 12, random),
        "offset" | "bit-offset" => integer(0, 300, random),
        "integer" | "decrement" => integer(-300, 300, random),
        "increment" | "float" | "score" => float(random),
        "bit" => integer(0, 1, random),
        "seconds" => integer(10_000, 90_000, random),
        "milliseconds" => integer(20_000_000, 90_000_000, random),
        "timestamp" | "unix-time-seconds" => integer(3_000_000_000, 3_000_090_000, random),
        "unix-time-milliseconds" | "milliseconds-timestamp" => {
            integer(3_000_000_000_000, 3_000_090_000_000, random)
        }
        "pattern" => pattern(random),
        "by" => random
            .pick(&["h*->a", "s*", "nosort", "w*", "#", "h*->", "*", "*->a"])
            .to_string()
            .into(),
        "unit" => random.pick(&["m", "KM", "ft", "MI", "km", "x"]).to_string().into(),
        "db" | "destination-db" | "index-db" => integer(0, 3, random),
        "type" => random
            .pick(&["string", "list", "hash", "set", "zset", "stream", "x"])
            .to_string()
            .into(),
        "min" | "max" if random.once_in(3) => lex(random),
        "min" | "max" | "bound" => bound(random),
        "lex" => lex(random),
        "weight" => float(random),
        "id" | "lastid" | "last-id" | "threshold" | "max-deleted-id" => id(random),
        "group" => random.pick(&["g1", "g2", ""]).to_string().into(),
        "consumer" => random.pick(&["c1", "c2", "c3"]).to_string().into(),
        "min-idle-time" => random.pick(&["0", "0", "0", "100000000"]).to_string().into(),
        "encoding" => encoding(random),
        "longitude" => coordinate(180, random),
        "latitude" => coordinate(85, random),
        "radius" | "width" | "height" => {
            random.pick(&["0", "1", "100", "500", "5000", "20000", "0.5", "-1"]).to_string().into()
        }
        "cursor" => random.pick(&["0", "0", "0", "0", "7", "-1", "x"]).to_string().into(),
        _ => value(random),
    }
}

/// A key: mostly one that the group likes.
pub fn key(letter: char, random: &mut Random) -> Vec<u8> {
    if random.once_in(80) {
        return random.pick(ODD_KEYS).to_vec();
    }
    let letter = if letter == ' ' || random.once_in(12) {
        *random.pick(KEY_LETTERS.as_bytes()) as char
    } else {
        letter
    };
    format!("{letter}{}", 1 + random.below(KEYS_PER_LETTER)).into_bytes()
}

/// Something nobody expects there.
pub fn hostile(random: &mut Random) -> Vec<u8> {
    match random.below(5) {
        0 => random.pick(INTEGERS).as_bytes().to_vec(),
        1 => random.pick(NO_INTEGERS).as_bytes().to_vec(),
        2 => random.pick(NO_FLOATS).as_bytes().to_vec(),
        3 => random.pick(WORDS).as_bytes().to_vec(),
        _ => key(' ', random),
    }
}

fn integer(least: i64, most: i64, random: &mut Random) -> Vec<u8> {
    match random.below(40) {
        0 => random.pick(NO_INTEGERS).as_bytes().to_vec(),
        1 => random.pick(INTEGERS).as_bytes().to_vec(),
        _ => random.between(least, most).to_string().into_bytes(),
    }
}

fn float(random: &mut Random) -> Vec<u8> {
    match random.below(40) {
        0 => random.pick(NO_FLOATS).as_bytes().to_vec(),
        1..12 => random.pick(FLOATS).as_bytes().to_vec(),
        12..16 => format!("{}.{}", random.between(-9, 9), random.below(1000)).into_bytes(),
        _ => random.between(-20, 20).to_string().into_bytes(),
    }
}

fn value(random: &mut Random) -> Vec<u8> {
    match random.below(24) {
        0 => random.pick(INTEGERS).as_bytes().to_vec(),
        1 => random.pick(NO_INTEGERS).as_bytes().to_vec(),
        2 => random.pick(FLOATS).as_bytes().to_vec(),
        3 => (0..random.below(12)).map(|_| random.any() as u8).collect(),
        // Around the lengths at which encodings change.
        4 => vec![b'x'; *random.pick(&[43, 44, 45, 63, 64, 65, 253, 254, 255])],
        5 if random.once_in(8) => vec![b'y'; *random.pick(&[1023, 1024, 1025, 4096, 16_400])],
        6..14 => random.between(-50, 50).to_string().into_bytes(),
        _ => member(random),
    }
}

/// A member or field.
fn member(random: &mut Random) -> Vec<u8> {
    match random.below(30) {
        0 => vec![b'm'; *random.pick(&[9, 33, 63, 64, 65, 200])],
        1 => random.between(0, 100_000).to_string().into_bytes(),
        _ => random.pick(MEMBERS).to_vec(),
    }
}

fn pattern(random: &mut Random) -> Vec<u8> {
    const PATTERNS: &[&str] = &[
        "*", "s*", "?1", "[a-f]*", "[^a]*", "*[1-3]", "h\\*", "", "a**b", "[", "[a", "[z-a]1",
        "*\\", "??", "k?", "l[1", "[]", "[^]x",
    ];
    random.pick(PATTERNS).as_bytes().to_vec()
}

/// A bound of scores.
fn bound(random: &mut Random) -> Vec<u8> {
    let open = random.once_in(4);
    let mut text = if random.once_in(4) {
        random.pick(&["-inf", "+inf", "inf"]).as_bytes().to_vec()
    } else {
        float(random)
    };
    if open {
        text.insert(0, b'(');
    }
    text
}

/// A bound of members.
fn lex(random: &mut Random) -> Vec<u8> {
    match random.below(8) {
        0 => b"-".to_vec(),
        1 => b"+".to_vec(),
        kind => {
            let mut text = member(random);
            text.insert(0, if kind < 5 { b'[' } else { b'(' });
            text
        }
    }
}

/// The id of a stream's entry.
fn id(random: &mut Random) -> Vec<u8> {
    match random.below(16) {
        0 => random.pick(&["-", "+", "$", ">", "0", "0-0", "(5", "(3-2"]).to_string().into(),
        1 => random
            .pick(&[
                "18446744073709551615-18446744073709551615",
                "1-18446744073709551615",
                "x-1",
                "1-",
                "-1-1",
                "18446744073709551616",
                "1-1-1",
            ])
            .to_string()
            .into(),
        2..5 => random.between(0, 40).to_string().into_bytes(),
        _ => format!("{}-{}", random.below(40), random.below(4)).into_bytes(),
    }
}

fn encoding(random: &mut Random) -> Vec<u8> {
    let sign = *random.pick(&['i', 'u', 'u', 'U']);
    format!("{sign}{}", random.pick(&[1, 2, 4, 7, 8, 9, 16, 31, 32, 33, 63, 63, 64, 65, 0]))
        .into_bytes()
}

fn coordinate(most: i64, random: &mut Random) -> Vec<u8> {
    match random.below(24) {
        0 => hostile(random),
        1 => random
            .pick(&["180", "-180", "180.1", "85.05112878", "-85.05112878", "90", "0"])
            .to_string()
            .into(),
        2..12 => random.between(-most, most).to_string().into_bytes(),
        _ => format!("{}.{:06}", random.between(-3, 3) + most / 10, random.below(1_000_000))
            .into_bytes(),
    }
}
