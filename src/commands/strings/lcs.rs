//! LCS: what two strings have in common, in order though not in one piece.

use super::value;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::lcs::{self, Run};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[LCS];

const LCS: Command =
    Command::read("LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]", lcs)
        .since("7.0.0")
        .costs("O(N*M) where N and M are the lengths of the strings, 64 steps at a time.")
        .about("The longest sequence of bytes that two strings have in the same order.");

fn lcs(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let (first, second) = (db.find(args.get(1)), db.find(args.get(2)));
    let mut buffers = [itoa::Buffer::new(), itoa::Buffer::new()];
    let [a_buffer, b_buffer] = &mut buffers;
    let a = first.as_ref().map_or(Ok(&b""[..]), |record| value::text(record, a_buffer));
    let b = second.as_ref().map_or(Ok(&b""[..]), |record| value::text(record, b_buffer));
    let (Ok(a), Ok(b)) = (a, b) else { return Err(error::LCS_NEEDS_STRINGS) };
    let options = Options::parse(args)?;
    check_size(a.len(), b.len(), db.longest_string_bytes())?;
    match options.answer {
        Answer::Length => reply.integer(lcs::length(a, b) as i64),
        Answer::Text => reply.bulk(&lcs::text(a, &lcs::runs(a, b))),
        Answer::Places => write_places(&lcs::runs(a, b), &options, reply),
    }
    Ok(())
}

/// Refuses what Redis refuses: it holds a table of (a + 1) × (b + 1) numbers of 4 bytes, which must
/// not be larger than the longest string. Redstart needs a small part of that; the limit also
/// bounds the time that others wait.
fn check_size(a: usize, b: usize, longest: usize) -> Outcome {
    let table_bytes = (a as u128 + 1) * (b as u128 + 1) * 4;
    if table_bytes > longest as u128 { Err(error::LCS_TOO_LONG) } else { Ok(()) }
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Text,
    Length,
    Places,
}

struct Options {
    answer: Answer,
    /// Runs shorter than this are left out of the places.
    shortest: i64,
    tells_lengths: bool,
}

impl Options {
    fn parse(args: &Args) -> Result<Self, Error> {
        let mut options = Options { answer: Answer::Text, shortest: 0, tells_lengths: false };
        let (mut wants_length, mut wants_places) = (false, false);
        let mut at = 3;
        while at < args.len() {
            if args.is(at, "IDX") {
                wants_places = true;
            } else if args.is(at, "LEN") {
                wants_length = true;
            } else if args.is(at, "WITHMATCHLEN") {
                options.tells_lengths = true;
            } else if args.is(at, "MINMATCHLEN") && at + 1 < args.len() {
                at += 1;
                options.shortest = args.integer(at)?;
            } else {
                return Err(error::SYNTAX);
            }
            at += 1;
        }
        options.answer = match (wants_length, wants_places) {
            (true, true) => return Err(error::LCS_LEN_AND_IDX),
            (true, false) => Answer::Length,
            (false, true) => Answer::Places,
            (false, false) => Answer::Text,
        };
        Ok(options)
    }
}

fn write_places(runs: &[Run], options: &Options, reply: &mut Reply) {
    let is_shown = |run: &&Run| run.length as i64 >= options.shortest;
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(runs.iter().filter(is_shown).count());
    for run in runs.iter().filter(is_shown) {
        reply.array(2 + usize::from(options.tells_lengths));
        for start in [run.a_start, run.b_start] {
            reply.array(2);
            reply.integer(start as i64);
            reply.integer((start + run.length - 1) as i64);
        }
        if options.tells_lengths {
            reply.integer(run.length as i64);
        }
    }
    reply.bulk(b"len");
    reply.integer(runs.iter().map(|run| run.length as i64).sum());
}
