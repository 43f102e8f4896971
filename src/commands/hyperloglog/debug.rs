//! PFDEBUG, PFSELFTEST: for whoever works on HyperLogLog.

use super::{put, sketch_in};
use crate::command::error::hyperloglog as errors;
use crate::command::{Args, Command, Error, Outcome, flag};
use crate::protocol::Reply;
use crate::server::Context;
use crate::store::Db;
use crate::types::hyperloglog::{self as sketch, REGISTERS, Trace};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[PFDEBUG, PFSELFTEST];

const PFDEBUG: Command = Command::write("PFDEBUG subcommand key", pfdebug)
    .since("2.8.9")
    .grows()
    .flags(flag::ADMIN)
    .costs("O(1), at 12 KB.")
    .keys(&["RW access"])
    .about(
        "Shows the insides of a HyperLogLog: GETREG, DECODE, ENCODING; makes it dense: TODENSE.",
    );

fn pfdebug(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    if args.is(1, "SIMD") {
        return simd(args, reply);
    }
    let record = db.find(args.get(2)).ok_or(errors::NO_KEY)?;
    let bytes = sketch_in(&record)?;
    let is_dense = sketch::is_dense(bytes);
    match args.get(1).to_ascii_uppercase().as_slice() {
        b"GETREG" => {
            let mut registers = [0; REGISTERS];
            sketch::merge_into(&mut registers, bytes)?;
            make_dense(db, args.get(2))?;
            reply.array(REGISTERS);
            registers.iter().for_each(|register| reply.integer((*register).into()));
        }
        b"DECODE" if is_dense => return Err(errors::NOT_SPARSE),
        b"DECODE" => reply.bulk(sketch::describe_runs(bytes).as_bytes()),
        b"ENCODING" => reply.simple(if is_dense { "dense" } else { "sparse" }),
        b"TODENSE" => {
            make_dense(db, args.get(2))?;
            reply.integer((!is_dense).into());
        }
        _ => return Err(Error::unknown_pfdebug(args.get(1))),
    }
    Ok(())
}

/// Redis chooses here between two ways of merging. There is one here, as fast with either word.
fn simd(args: &Args, reply: &mut Reply) -> Outcome {
    match (args.is(2, "ON"), args.is(2, "OFF")) {
        (true, _) => reply.simple("enabled"),
        (_, true) => reply.simple("disabled"),
        _ => return Err(errors::ON_OR_OFF),
    }
    Ok(())
}

/// Makes the sketch at `key` dense if it is not.
fn make_dense(db: &mut Db, key: &[u8]) -> Outcome {
    let record = db.find(key).ok_or(errors::NO_KEY)?;
    let old = sketch_in(&record)?;
    if !sketch::is_dense(old) {
        let mut bytes = old.to_vec();
        sketch::make_dense(&mut bytes)?;
        put(db, key, bytes);
        db.changed_silently(key);
    }
    Ok(())
}

const PFSELFTEST: Command = Command::server("PFSELFTEST", pfselftest)
    .since("2.8.9")
    .flags(flag::ADMIN)
    .costs("O(1), about 100 ms.")
    .about("Counts known numbers of elements and sees whether the answers are near enough.");

/// The most elements that are counted. Redis counts ten times as many, and stands still for it.
const MOST_ELEMENTS: u64 = 1_000_000;

fn pfselftest(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let (mut sparse, mut dense) = (sketch::empty(), sketch::empty());
    sketch::make_dense(&mut dense)?;
    let seed = fastrand::u64(..);
    let mut checkpoint = 1;
    for number in 1..=MOST_ELEMENTS {
        let trace = Trace::of(&(number ^ seed).to_le_bytes());
        sketch::add_dense(&mut dense, trace);
        sketch::add(&mut sparse, trace, LONGEST_SPARSE)?;
        if number == checkpoint {
            check(&sparse, &dense, number)?;
            checkpoint *= 10;
        }
    }
    reply.ok();
    Ok(())
}

/// The default of `hll-sparse-max-bytes`.
const LONGEST_SPARSE: usize = 3000;

fn check(sparse: &[u8], dense: &[u8], elements: u64) -> Outcome {
    let count = sketch::count(dense)?;
    if sketch::count(sparse)? != count {
        return Err(Error::selftest_failed("dense/sparse disagree"));
    }
    // Six times the standard error; one collision among ten elements is no error.
    let standard_error = 1.04 / (REGISTERS as f64).sqrt();
    let most = (standard_error * 6.0 * elements as f64).ceil() as u64;
    let difference = count.unsigned_abs().abs_diff(elements);
    if difference > most.max(1) {
        let what = format!("Too big error. card:{elements} abserr:{difference}");
        return Err(Error::selftest_failed(&what));
    }
    Ok(())
}
