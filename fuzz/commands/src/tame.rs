//! Takes out of a random command what would make the run depend on time, take for ever, or need
//! gigabytes: on a real server as well.

use crate::template::Version;

/// Deadlines that lie between these, in the unit of the command, might pass during the run.
const SOON_SECONDS: std::ops::RangeInclusive<i64> = 1..=5_000;
const SOON_MILLISECONDS: std::ops::RangeInclusive<i64> = 1..=5_000_000;
/// Longer values than this are for other tests.
const FARTHEST_BYTE: i64 = 5_000;
/// Redis's arithmetic of bit fields leaves 64 bits below the negative of it.
const MOST_SUBTRACTED: i64 = 1 << 62;
/// XGROUP CREATE with all its options.
const MOST_GROUP_WORDS: usize = 8;
/// Longer words are no numbers.
const ODD_BOUND_BYTES: usize = 8;
/// Repetitions of random members.
const MOST_RANDOM: i64 = 1_000;

/// Changes the words that have to be changed.
pub fn tame(words: &mut Vec<Vec<u8>>, version: Version) {
    deadlines(words);
    let name = name(words);
    if version < (8, 4) && name.starts_with('H') {
        before_8_4(words);
    }
    if version < (7, 2) {
        before_7_2(&name, words);
    }
    if name.starts_with('Z') {
        bounds(words);
        if name.contains("LEX") || words.iter().any(|word| is(word, "BYLEX")) {
            by_members(words);
        }
    }
    match name.as_str() {
        "SETRANGE" | "SETBIT" | "GETBIT" => words.iter_mut().skip(2).take(1).for_each(near),
        "WATCH" => words.iter_mut().skip(1).for_each(|key| {
            if key.starts_with(b"x") || key.starts_with(b"b") {
                key[0] = b's';
            }
        }),
        "XGROUP" => {
            // Redis counts the words of CREATE: the same option twice may be too many.
            words.truncate(MOST_GROUP_WORDS);
            words.iter_mut().skip(2).take(1).for_each(unwatched);
        }
        "XSETID" => words.iter_mut().skip(1).take(1).for_each(unwatched),
        "LSET" => words.iter_mut().skip(2).take(1).for_each(|word| {
            if number(word).is_some_and(|number| i32::try_from(number).is_err()) {
                *word = b"7".to_vec();
            }
        }),
        "BITFIELD" | "BITFIELD_RO" => {
            // A string that grows though the number fails to: Redis does not tell who watches it.
            if words.iter().any(|word| is(word, "FAIL")) && words[1].first() != Some(&b'b') {
                words[1] = b"b1".to_vec();
            }
            words.iter_mut().skip(2).for_each(near);
        }
        "SRANDMEMBER" | "HRANDFIELD" | "ZRANDMEMBER" => words.iter_mut().skip(2).for_each(|word| {
            let huge = -i64::MAX..-MOST_RANDOM;
            if number(word).is_some_and(|number| huge.contains(&number)) {
                *word = b"-7".to_vec();
            }
        }),
        // A SPOP that leaves few of many makes a new set, which SREM on the other side does not.
        "SPOP" => words.iter_mut().skip(2).for_each(|word| {
            if number(word).is_some_and(|number| (5..MOST_RANDOM).contains(&number)) {
                *word = MOST_RANDOM.to_string().into_bytes();
            }
        }),
        "BLPOP" | "BRPOP" | "BLMOVE" | "BRPOPLPUSH" | "BZPOPMIN" | "BZPOPMAX" => {
            words.iter_mut().skip(1).last().into_iter().for_each(short_wait);
        }
        "BLMPOP" | "BZMPOP" => words.iter_mut().skip(1).take(1).for_each(short_wait),
        "XREAD" | "XREADGROUP" => after(words, "BLOCK", |word| {
            if number(word).is_some_and(|number| number >= 0) {
                *word = b"1".to_vec();
            }
        }),
        "HEXPIRE" | "HPEXPIRE" | "HEXPIREAT" | "HPEXPIREAT" | "HGETEX" | "HSETEX" => {
            fields_last(words);
        }
        "XADD" | "XTRIM" => stream(words),
        "XCLAIM" => claim(words),
        "SORT" | "SORT_RO" => sort(words),
        _ => {}
    }
}

/// Options of HEXPIRE and its kind may stand behind the fields since Redis 8.4.
fn before_8_4(words: &mut Vec<Vec<u8>>) {
    let Some(fields) = words.iter().position(|word| is(word, "FIELDS")) else { return };
    let count = words.get(fields + 1).and_then(|count| number(count)).unwrap_or(0);
    if let Ok(count) = usize::try_from(count) {
        words.truncate(count.saturating_add(fields + 2));
    }
}

/// What an old server refuses, though the command is the same.
fn before_7_2(name: &str, words: &mut Vec<Vec<u8>>) {
    match name {
        "ZRANK" | "ZREVRANK" => words.truncate(3),
        "XSETID" => words.truncate(3),
        // Which texts are numbers is another matter there.
        "SORT" => {
            let store = words.iter().position(|word| is(word, "STORE"));
            words.truncate(store.unwrap_or(words.len()));
        }
        "XREAD" => words.iter_mut().skip(2).filter(|word| *word == b"+").for_each(|word| {
            *word = b"$".to_vec();
        }),
        _ => {}
    }
}

/// Bounds of scores as C reads them: hexadecimal, after blanks, up to a zero byte. Redis 8 refuses
/// what Redis 7 takes.
fn bounds(words: &mut [Vec<u8>]) {
    for word in words.iter_mut().skip(2) {
        let digits = word.strip_prefix(b"(").unwrap_or(word);
        let is_odd = digits.starts_with(b"0x") || digits.starts_with(b" ") || word.contains(&0);
        // -0 loses its sign in a listpack, and SORT may have turned that into a skiplist.
        let is_odd = is_odd || word == b"-0";
        if is_odd && word.len() < ODD_BOUND_BYTES {
            *word = b"(8".to_vec();
        }
    }
}

/// Ranges of members mean something where all scores are the same: in the sets of these keys.
fn by_members(words: &mut [Vec<u8>]) {
    let place = if name(words) == "ZRANGESTORE" { 2 } else { 1 };
    if let Some(key) = words.get_mut(place) {
        let number = key.last().map_or(0, |last| last % 4);
        *key = format!("y{number}").into_bytes();
    }
}

/// The command's name in capitals.
pub fn name(words: &[Vec<u8>]) -> String {
    words.first().map(|name| String::from_utf8_lossy(name).to_uppercase()).unwrap_or_default()
}

fn number(word: &[u8]) -> Option<i64> {
    std::str::from_utf8(word).ok()?.trim().parse().ok()
}

fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

/// Changes what follows an option.
fn after(words: &mut [Vec<u8>], option: &str, mut change: impl FnMut(&mut Vec<u8>)) {
    for at in 1..words.len() {
        if is(&words[at - 1], option) {
            change(&mut words[at]);
        }
    }
}

fn deadlines(words: &mut [Vec<u8>]) {
    for option in ["EX", "EXAT"] {
        after(words, option, |word| later(word, 20_000, SOON_SECONDS));
    }
    for option in ["PX", "PXAT"] {
        after(words, option, |word| later(word, 20_000_000, SOON_MILLISECONDS));
    }
    let all = |words: &mut [Vec<u8>], to, soon: std::ops::RangeInclusive<i64>| {
        words.iter_mut().skip(2).take(1).for_each(|word| later(word, to, soon.clone()));
    };
    match name(words).as_str() {
        "EXPIRE" | "SETEX" | "HEXPIRE" => all(words, 20_000, SOON_SECONDS),
        "PEXPIRE" | "PSETEX" | "HPEXPIRE" => all(words, 20_000_000, SOON_MILLISECONDS),
        _ => {}
    }
}

fn later(word: &mut Vec<u8>, to: i64, soon: std::ops::RangeInclusive<i64>) {
    if number(word).is_some_and(|number| soon.contains(&number)) {
        *word = to.to_string().into_bytes();
    }
}

fn near(word: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(word).into_owned();
    let (mark, digits) = match text.strip_prefix('#') {
        Some(digits) => ("#", digits),
        None => ("", text.as_str()),
    };
    let Some(far) = number(digits.as_bytes()) else { return };
    let is_far = !mark.is_empty() && far.unsigned_abs() >= FARTHEST_BYTE as u64;
    if (FARTHEST_BYTE..1 << 33).contains(&far) || is_far {
        *word = format!("{mark}{}", far.unsigned_abs() % FARTHEST_BYTE as u64).into_bytes();
    } else if far < -MOST_SUBTRACTED {
        *word = (-MOST_SUBTRACTED).to_string().into_bytes();
    }
}

/// In Redis, watchers are not told when a group is made, for example.
fn unwatched(key: &mut Vec<u8>) {
    if !key.starts_with(b"x") {
        *key = b"x1".to_vec();
    }
}

/// A wait that ends at once. What is no number or negative stays: it is answered with an error.
fn short_wait(word: &mut Vec<u8>) {
    let is_number = |first: &u8| first.is_ascii_digit() || b" +.".contains(first);
    if word.first().is_some_and(is_number) || word == b"-0" {
        *word = b"0.001".to_vec();
    }
}

/// Options behind the fields of a hash: only Redis 8.4 and later take them there.
fn fields_last(words: &mut [Vec<u8>]) {
    const OPTIONS: &[&str] =
        &["NX", "XX", "GT", "LT", "EX", "PX", "EXAT", "PXAT", "PERSIST", "KEEPTTL", "FNX", "FXX"];
    for word in words.iter_mut().skip(4).rev().take(2) {
        if OPTIONS.iter().any(|option| is(word, option)) {
            *word = b"bar".to_vec();
        }
    }
}

/// Ids made of the clock, and trimming that leaves it to the server where to stop.
fn stream(words: &mut Vec<Vec<u8>>) {
    words.retain(|word| word != b"~");
    for word in words.iter_mut().skip(2) {
        if word == b"*" {
            *word = b"50-1".to_vec();
        }
    }
}

/// Times of delivery are the clock's.
fn claim(words: &mut Vec<Vec<u8>>) {
    words.retain(|word| !is(word, "IDLE") && !is(word, "TIME"));
}

/// Without an order the result is a matter of the inside, and must not be stored.
fn sort(words: &mut Vec<Vec<u8>>) {
    let mut orderless = false;
    after(words, "BY", |word| orderless |= !word.contains(&b'*'));
    let by = words.iter().any(|word| is(word, "BY"));
    if by {
        // Equal weights that are texts: nothing says which comes first.
        words.retain(|word| !is(word, "ALPHA"));
    }
    if orderless {
        words.retain(|word| !is(word, "STORE") && !is(word, "LIMIT"));
    }
}
