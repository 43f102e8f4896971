//! ZSCAN: a walk over a sorted set in many calls, which outlasts changes.
//!
//! A set that Redis keeps as a list of entries is answered whole. Of a larger one, every member
//! that stays from the first call to the last is shown; the cursor is that of its table of members.

use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::dict::Dict;
use crate::types::glob::{Case, glob_match};
use crate::types::number::FloatBuffer;
use crate::types::sorted_set::{Direction, Entry, SortedSet, View};
use std::borrow::Cow;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[ZSCAN];

const ZSCAN: Command = Command::read("ZSCAN key cursor [MATCH pattern] [COUNT count]", zscan)
    .since("2.8.0")
    .tips(&["nondeterministic_output"])
    .costs("O(1) a call, O(N) for a whole walk over N members")
    .about("A few members with their scores, and the cursor to go on with; 0 begins, and ends.");

fn zscan(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let cursor = str::from_utf8(args.get(2)).ok();
    let cursor = cursor.and_then(|text| text.parse().ok()).ok_or(error::INVALID_CURSOR)?;
    let set = value::find(db, args.get(1))?;
    if set.is_empty() {
        reply.array(2);
        reply.bulk(b"0");
        reply.array(0);
        return Ok(());
    }
    let options = Options::parse(args)?;
    reply.array(2);
    match set {
        View::Large(large) if large.is_converted() => {
            scan_members(large.members(), cursor, &options, reply);
        }
        _ => {
            reply.bulk(b"0");
            let mut found = Found::default();
            let entries = set.walk(0..set.len(), Direction::Up);
            let text = |score| FloatBuffer::new().format(score).to_owned();
            let spell = if set.is_listpack() { text } else { seventeen_digits };
            entries.for_each(|entry| found.take(entry, &options, spell));
            found.write(reply);
        }
    }
    Ok(())
}

/// Goes through the table of members until enough were met.
fn scan_members(members: &Dict, cursor: u64, options: &Options<'_>, reply: &mut Reply) {
    let mut found = Found::default();
    let (mut cursor, mut met) = (cursor, 0);
    // Where members were removed, most places are empty: Redis looks at ten for each one wanted.
    for _ in 0..options.count.saturating_mul(10) {
        cursor = members.scan(cursor, |at| {
            met += 1;
            let entry = (members.key(at), SortedSet::score_of(members, at));
            found.take(entry, options, seventeen_digits);
        });
        if cursor == 0 || met >= options.count {
            break;
        }
    }
    reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
    found.write(reply);
}

/// What a ZSCAN has found: the bytes of its reply, since the cursor comes before them.
#[derive(Default)]
struct Found<'a> {
    words: Vec<Cow<'a, [u8]>>,
}

impl<'a> Found<'a> {
    fn take(&mut self, entry: Entry<'a>, options: &Options<'_>, spell: fn(f64) -> String) {
        let (member, score) = entry;
        if options.accepts(member) {
            self.words.push(member.into());
            if options.with_scores {
                self.words.push(spell(score).into_bytes().into());
            }
        }
    }

    fn write(&self, reply: &mut Reply) {
        reply.array(self.words.len());
        self.words.iter().for_each(|word| reply.bulk(word));
    }
}

/// What ZSCAN was asked for.
struct Options<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
    with_scores: bool,
}

impl<'a> Options<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, Error> {
        let mut options = Options { pattern: None, count: 10, with_scores: true };
        let mut at = 3;
        while at < args.len() {
            let has_value = at + 1 < args.len();
            if args.is(at, "COUNT") && has_value {
                let count = args.integer(at + 1)?;
                let count = usize::try_from(count).ok().filter(|count| *count > 0);
                options.count = count.ok_or(error::SYNTAX)?;
                at += 1;
            } else if args.is(at, "MATCH") && has_value {
                options.pattern = Some(args.get(at + 1)).filter(|pattern| *pattern != b"*");
                at += 1;
            } else if args.is(at, "NOSCORES") {
                options.with_scores = false;
            } else if args.is(at, "NOVALUES") {
                return Err(error::NOVALUES_OUTSIDE_HSCAN);
            } else {
                return Err(error::SYNTAX);
            }
            at += 1;
        }
        Ok(options)
    }

    fn accepts(&self, member: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob_match(pattern, member, Case::Sensitive))
    }
}

/// A score as Redis spells it here, and nowhere else, for a skip list: with up to 17 digits.
fn seventeen_digits(score: f64) -> String {
    const DIGITS: i32 = 17;
    if score.is_infinite() {
        return if score < 0.0 { "-inf".into() } else { "inf".into() };
    }
    let exact = format!("{score:.*e}", DIGITS as usize - 1);
    let (digits, power) = exact.split_once('e').expect("that format has an exponent");
    let power: i32 = power.parse().expect("an exponent is a number");
    let without_zeros = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..DIGITS).contains(&power) {
        return without_zeros(&format!("{score:.*}", (DIGITS - 1 - power) as usize));
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_zeros(digits), power.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seventeen_digits_are_spelled_as_c_spells_them() {
        for (score, expected) in [
            (0.1, "0.10000000000000001"),
            (-2.5, "-2.5"),
            (0.0, "0"),
            (-0.0, "-0"),
            (3.0, "3"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (12345678901234567.0, "12345678901234568"),
            (1.5e300, "1.5000000000000001e+300"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(seventeen_digits(score), expected);
        }
    }
}
