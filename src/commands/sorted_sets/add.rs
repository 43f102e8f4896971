//! ZADD and ZINCRBY: members get scores.

use super::value;
use crate::command::error::sorted_sets as errors;
use crate::command::{Args, Command, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[ZADD, ZINCRBY];

const ZADD: Command = Command::write(
    "ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
    zadd,
)
.since("1.2.0")
.fast()
.grows()
.keys(&["RW update"])
.costs("O(log(N)) for each member, N being the size of the set")
.about("Adds members to a sorted set, or gives them other scores.");

fn zadd(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    add(db, args, Options::default(), reply)
}

const ZINCRBY: Command = Command::write("ZINCRBY key increment member", zincrby)
    .since("1.2.0")
    .fast()
    .grows()
    .keys(&["RW access update"])
    .costs("O(log(N)) where N is the size of the set")
    .about("Adds to the score of a member; one that is not there counts as 0.");

fn zincrby(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    add(db, args, Options { adds_up: true, ..Options::default() }, reply)
}

/// What ZADD was asked for.
#[derive(Default, Clone, Copy)]
struct Options {
    /// NX: leaves members that are there alone.
    only_new: bool,
    /// XX: adds none.
    only_old: bool,
    /// GT: a score may only rise.
    only_greater: bool,
    /// LT: a score may only fall.
    only_less: bool,
    /// CH: the reply counts changed scores as well.
    counts_changed: bool,
    /// INCR: adds to the score.
    adds_up: bool,
}

impl Options {
    fn take(&mut self, args: &Args, at: usize) -> bool {
        let options = [
            ("NX", &mut self.only_new),
            ("XX", &mut self.only_old),
            ("GT", &mut self.only_greater),
            ("LT", &mut self.only_less),
            ("CH", &mut self.counts_changed),
            ("INCR", &mut self.adds_up),
        ];
        let found = options.into_iter().find(|(name, _)| args.is(at, name));
        found.map(|(_, option)| *option = true).is_some()
    }

    fn check(self, pairs: usize) -> Outcome {
        if self.only_new && self.only_old {
            return Err(errors::NX_AND_XX);
        }
        let conditions = [self.only_new, self.only_greater, self.only_less];
        if conditions.into_iter().filter(|is_set| *is_set).count() > 1 {
            return Err(errors::GT_LT_AND_NX);
        }
        if self.adds_up && pairs > 1 {
            return Err(errors::INCR_ONE_PAIR);
        }
        Ok(())
    }
}

/// What became of the members so far.
#[derive(Default)]
struct Tally {
    added: i64,
    changed: i64,
    /// The score of the last member, unless a condition forbade to touch it.
    score: Option<f64>,
    is_nan: bool,
}

impl Tally {
    /// The score that a member gets: none leaves it as it is.
    fn decide(&mut self, options: Options, old: Option<f64>, given: f64) -> Option<f64> {
        self.score = None;
        let Some(old) = old else {
            if options.only_old {
                return None;
            }
            self.added += 1;
            self.score = Some(given);
            return self.score;
        };
        if options.only_new {
            return None;
        }
        let new = if options.adds_up { old + given } else { given };
        self.is_nan = new.is_nan();
        let is_refused = (options.only_less && new >= old) || (options.only_greater && new <= old);
        if self.is_nan || is_refused {
            return None;
        }
        self.score = Some(new);
        self.changed += i64::from(new != old);
        self.score
    }
}

fn add(db: &mut Db, args: &Args, mut options: Options, reply: &mut Reply) -> Outcome {
    // ZINCRBY takes options too, but then has too few words left.
    let mut first = 2;
    while first < args.len() && options.take(args, first) {
        first += 1;
    }
    let words = args.len() - first;
    if words == 0 || !words.is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    options.check(words / 2)?;
    let pairs = || (first..args.len()).step_by(2);
    // Nothing is changed unless every score is a number.
    for at in pairs().skip(1) {
        args.float(at)?;
    }
    let key = args.get(1);
    if words / 2 > db.limits().zset_max_listpack_entries() {
        value::set_converted(db, key);
    }
    let mut tally = Tally::default();
    for at in pairs() {
        let score = args.float(at)?;
        let member = (args.get(at + 1), words / 2);
        value::update_one_of(db, key, member, |old| tally.decide(options, old, score))?;
    }
    let changes = tally.added + tally.changed;
    if tally.is_nan {
        return Err(errors::SCORE_NAN);
    }
    if changes > 0 {
        let event = if options.adds_up { "zincr" } else { "zadd" };
        db.changed(Class::SortedSet, event, key);
    }
    match (options.adds_up, tally.score) {
        (true, Some(score)) => reply.double(score),
        (true, None) => reply.null(),
        (false, _) => reply.integer(if options.counts_changed { changes } else { tally.added }),
    }
    Ok(())
}
