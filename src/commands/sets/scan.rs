//! SSCAN: a walk over a set in many calls, which outlasts changes.
//!
//! A set that Redis keeps in one piece of memory is answered whole. Of a larger one, every member
//! that stays from the first call to the last is shown; the cursor is that of its table.

use super::view;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Db, Object, Value};
use crate::types::glob::{Case, glob_match};
use crate::types::set::{Member, Set};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SSCAN];

const SSCAN: Command = Command::read("SSCAN key cursor [MATCH pattern] [COUNT count]", sscan)
    .since("2.8.0")
    .tips(&["nondeterministic_output"])
    .costs("O(1) a call, O(N) for a whole walk over N members")
    .about("A few members and the cursor to go on with; 0 begins, and ends, a walk.");

fn sscan(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let text = std::str::from_utf8(args.get(2)).ok();
    let cursor = text.and_then(|text| text.trim_ascii_start().parse().ok());
    let cursor: u64 = cursor.ok_or(error::INVALID_CURSOR)?;
    let Some(record) = db.find(args.get(1)) else {
        reply.array(2);
        reply.bulk(b"0");
        reply.array(0);
        return Ok(());
    };
    let set = view(&record)?;
    let mut found = Found::new(Options::parse(args)?);
    let next = match record.value() {
        Value::Object(Object::Set(large)) => walk(large, cursor, &mut found),
        _ => {
            set.for_each(|member| found.take(member));
            0
        }
    };
    reply.array(2);
    reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    found.write(reply);
    Ok(())
}

/// Goes through a table until enough members were met; gives back the next cursor.
fn walk(set: &Set, mut cursor: u64, found: &mut Found<'_>) -> u64 {
    let count = found.options.count;
    let mut met = 0;
    // Where members were removed, most places are empty: Redis looks at ten for each one wanted.
    for _ in 0..count.saturating_mul(10) {
        cursor = set.scan(cursor, |member| {
            met += 1;
            found.take(member);
        });
        if cursor == 0 || met >= count {
            break;
        }
    }
    cursor
}

/// What a SSCAN has found: kept apart, since the cursor comes before it.
struct Found<'a> {
    options: Options<'a>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Found<'a> {
    fn new(options: Options<'a>) -> Self {
        Found { options, bytes: Vec::new(), ends: Vec::new() }
    }

    fn take(&mut self, member: Member<'_>) {
        let mut buffer = itoa::Buffer::new();
        let text = member.text(&mut buffer);
        let pattern = self.options.pattern;
        if pattern.is_none_or(|pattern| glob_match(pattern, text, Case::Sensitive)) {
            self.bytes.extend_from_slice(text);
            self.ends.push(self.bytes.len());
        }
    }

    fn write(&self, reply: &mut Reply) {
        reply.array(self.ends.len());
        let mut start = 0;
        for &end in &self.ends {
            reply.bulk(&self.bytes[start..end]);
            start = end;
        }
    }
}

/// What SSCAN was asked for.
struct Options<'a> {
    pattern: Option<&'a [u8]>,
    count: usize,
}

impl<'a> Options<'a> {
    fn parse(args: &Args<'a>) -> Result<Self, Error> {
        let mut options = Options { pattern: None, count: 10 };
        let mut at = 3;
        while at < args.len() {
            let has_value = at + 1 < args.len();
            if args.is(at, "COUNT") && has_value {
                let count = usize::try_from(args.integer(at + 1)?).ok();
                options.count = count.filter(|count| *count > 0).ok_or(error::SYNTAX)?;
            } else if args.is(at, "MATCH") && has_value {
                options.pattern = Some(args.get(at + 1)).filter(|pattern| *pattern != b"*");
            } else if args.is(at, "NOVALUES") {
                return Err(error::NOVALUES_OUTSIDE_HSCAN);
            } else {
                return Err(error::SYNTAX);
            }
            at += 2;
        }
        Ok(options)
    }
}
