//! PFADD, PFCOUNT, PFMERGE.

use super::{put, sketch_in};
use crate::command::{Args, Command, Error, Outcome};
use crate::commands::strings::edit;
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::hyperloglog::{self as sketch, REGISTERS, Registers, Trace};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[PFADD, PFCOUNT, PFMERGE];

const PFADD: Command = Command::write("PFADD key [element [element ...]]", pfadd)
    .since("2.8.9")
    .grows()
    .fast()
    .costs("O(1) for each element.")
    .keys(&["RW insert"])
    .about("Counts elements in the HyperLogLog at `key`; answers whether that changed it.");

fn pfadd(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let is_changed = match db.find(key) {
        None => {
            add_sparse(db, args, sketch::empty())?;
            true
        }
        Some(record) => {
            let old = sketch_in(&record)?;
            match (changes(old, args)?, sketch::is_dense(old)) {
                (false, _) => false,
                (true, true) => add_dense(db, args)?,
                (true, false) => {
                    let old = old.to_vec();
                    add_sparse(db, args, old)?;
                    true
                }
            }
        }
    };
    if is_changed {
        db.changed(Class::String, "pfadd", key);
    }
    reply.integer(is_changed.into());
    Ok(())
}

fn traces<'a>(args: &Args<'a>) -> impl Iterator<Item = Trace> + use<'a> {
    args.iter(2).map(Trace::of)
}

/// Whether any of the elements changes the sketch: most often none does.
fn changes(old: &[u8], args: &Args) -> Result<bool, Error> {
    for trace in traces(args) {
        if sketch::would_change(old, trace)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Changes a dense sketch where it lies.
fn add_dense(db: &mut Db, args: &Args) -> Result<bool, Error> {
    edit::edit(db, args.get(1), 0, |bytes, _| {
        for trace in traces(args) {
            sketch::add_dense(bytes, trace);
        }
        sketch::mark_stale(bytes);
        true
    })
}

/// Adds to a sketch and puts it. One that turns out to be corrupted keeps the elements before.
fn add_sparse(db: &mut Db, args: &Args, mut bytes: Vec<u8>) -> Outcome {
    let longest = db.limits().hll_sparse_max_bytes();
    let done = traces(args).try_for_each(|trace| {
        sketch::add(&mut bytes, trace, longest)?;
        Ok(())
    });
    if done.is_ok() {
        sketch::mark_stale(&mut bytes);
    } else if is_same(db, args.get(1), &bytes) {
        return done;
    } else {
        db.changed_silently(args.get(1));
    }
    put(db, args.get(1), bytes);
    done
}

fn is_same(db: &Db, key: &[u8], bytes: &[u8]) -> bool {
    db.find(key).is_some_and(|record| sketch_in(&record) == Ok(bytes))
}

const PFCOUNT: Command = Command::write("PFCOUNT key [key ...]", pfcount)
    .counts_as_reader()
    .since("2.8.9")
    .costs("O(1) with a key whose count is known, else O(N) in the number of keys, at 12 KB each.")
    .keys(&["RW access"])
    .about("About how many different elements were counted at the keys, each once.");

fn pfcount(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let count = match args.len() {
        2 => count_one(db, args.get(1))?,
        _ => sketch::count_registers(&merged(db, args.iter(1))?),
    };
    reply.integer(count);
    Ok(())
}

/// The count of one sketch, which is kept in its header: asking again costs nothing.
fn count_one(db: &mut Db, key: &[u8]) -> Result<i64, Error> {
    let Some(record) = db.find(key) else { return Ok(0) };
    let bytes = sketch_in(&record)?;
    if let Some(count) = sketch::known_count(bytes) {
        return Ok(count);
    }
    let count = sketch::count(bytes)?;
    edit::edit(db, key, 0, |bytes, _| sketch::keep_count(bytes, count))?;
    db.changed_silently(key);
    Ok(count)
}

/// The largest of each register at the keys.
fn merged<'a>(db: &Db, keys: impl Iterator<Item = &'a [u8]>) -> Result<Registers, Error> {
    let mut registers = [0; REGISTERS];
    for key in keys {
        if let Some(record) = db.find(key) {
            sketch::merge_into(&mut registers, sketch_in(&record)?)?;
        }
    }
    Ok(registers)
}

const PFMERGE: Command = Command::write("PFMERGE destkey [sourcekey [sourcekey ...]]", pfmerge)
    .since("2.8.9")
    .grows()
    .costs("O(N) in the number of keys, at 12 KB each.")
    .keys(&["RW access insert", "RO access"])
    .about("Makes the HyperLogLog at `destkey` count what those at the other keys have counted.");

fn pfmerge(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let key = args.get(1);
    let registers = merged(db, args.iter(1))?;
    let is_dense = |key| {
        db.look(db.index(), key)
            .is_some_and(|record| sketch_in(&record).is_ok_and(sketch::is_dense))
    };
    let any_is_dense = args.iter(1).any(is_dense);
    let mut bytes = match db.find(key) {
        None => sketch::empty(),
        Some(record) => sketch_in(&record)?.to_vec(),
    };
    if any_is_dense {
        sketch::make_dense(&mut bytes)?;
    }
    sketch::raise(&mut bytes, &registers, db.limits().hll_sparse_max_bytes())?;
    put(db, key, bytes);
    db.changed(Class::String, "pfadd", key);
    reply.ok();
    Ok(())
}
