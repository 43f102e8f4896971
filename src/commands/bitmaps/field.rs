//! Integers in a bitmap: BITFIELD, BITFIELD_RO.
//!
//! A call is a list of steps. All are read before the first is done, so that a call with a mistake
//! changes nothing; a step that writes makes the string long enough for all of them first.

use super::bit::bit_place;
use crate::command::error::bitmaps as errors;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::commands::strings::{edit, value};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::bits::{Overflow, Width};
use crate::types::number::parse_integer;
use smallvec::SmallVec;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[BITFIELD, BITFIELD_RO];

const BITFIELD: Command = Command::write(
    "BITFIELD key [<GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset \
     value | INCRBY encoding offset increment>> ...]",
    bitfield,
)
.since("3.2.0")
.grows()
.costs("O(1) for each step.")
.keys(&["RW access update variable_flags"])
.about("Reads and writes integers of 1 to 64 bits at any place of the string at `key`.");

fn bitfield(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let steps = read_steps(db, args)?;
    let Some(end) = steps.iter().filter(|step| step.task.writes()).map(Step::end).max() else {
        return answer_reads(db, args, &steps, reply);
    };
    let length = usize::try_from(end.div_ceil(8)).map_err(|_| errors::BIT_OFFSET)?;
    let is_changed = edit::edit(db, args.get(1), length, |bytes, old_length| {
        let mut is_changed = old_length < length;
        reply.array(steps.len());
        for step in &steps {
            is_changed |= step.run(bytes, reply);
        }
        is_changed
    })?;
    if is_changed {
        db.changed(Class::String, "setbit", args.get(1));
    }
    Ok(())
}

const BITFIELD_RO: Command =
    Command::read("BITFIELD_RO key [GET encoding offset [GET encoding offset ...]]", bitfield_ro)
        .since("6.0.0")
        .fast()
        .costs("O(1) for each step.")
        .about("Reads integers of 1 to 64 bits at any place of the string at `key`.");

fn bitfield_ro(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let steps = read_steps(db, args)?;
    if steps.iter().any(|step| step.task.writes()) {
        return Err(errors::BITFIELD_READ_ONLY);
    }
    answer_reads(db, args, &steps, reply)
}

fn answer_reads(db: &Db, args: &Args, steps: &[Step], reply: &mut Reply) -> Outcome {
    let mut buffer = itoa::Buffer::new();
    let bytes = match db.find(args.get(1)) {
        None => b"".as_slice(),
        Some(record) => value::text(&record, &mut buffer)?,
    };
    reply.array(steps.len());
    for step in steps {
        reply.integer(step.width.read(bytes, step.place));
    }
    Ok(())
}

/// GET, SET or INCRBY of one integer.
struct Step {
    width: Width,
    place: u64,
    task: Task,
    overflow: Overflow,
}

enum Task {
    Get,
    Set(i64),
    Add(i64),
}

impl Task {
    fn writes(&self) -> bool {
        !matches!(self, Task::Get)
    }
}

impl Step {
    /// The place after its last bit.
    fn end(&self) -> u64 {
        self.place + u64::from(self.width.bits)
    }

    /// Does it, in bytes long enough for it; whether it changed them.
    fn run(&self, bytes: &mut [u8], reply: &mut Reply) -> bool {
        let old = self.width.read(bytes, self.place);
        let wanted = match self.task {
            Task::Get => {
                reply.integer(old);
                return false;
            }
            Task::Set(value) if self.width.is_signed => self.compared(value),
            // A negative number is a large one here: SAT makes it the largest, not zero.
            Task::Set(value) => (value as u64).into(),
            Task::Add(increment) => i128::from(old) + i128::from(increment),
        };
        let Some(new) = self.width.fit(wanted, self.overflow) else {
            reply.null();
            return false;
        };
        self.width.write(bytes, self.place, new);
        reply.integer(if matches!(self.task, Task::Set(_)) { old } else { new });
        new != old
    }

    /// The number that is compared with the largest and the smallest of the width.
    ///
    /// Redis works out in 64 bits how far the largest is away, so that a number very far below the
    /// smallest counts as too large: SAT makes it the largest.
    fn compared(&self, value: i64) -> i128 {
        let largest = i64::MAX >> (64 - self.width.bits);
        let wraps = self.width.bits < 64 && largest.checked_sub(value).is_none();
        i128::from(value) + if wraps { 1 << 64 } else { 0 }
    }
}

/// Reads the steps of a call.
fn read_steps(db: &Db, args: &Args) -> Result<SmallVec<[Step; 4]>, Error> {
    let mut steps = SmallVec::new();
    let mut overflow = Overflow::Wrap;
    let mut at = 2;
    while at < args.len() {
        let follow = args.len() - at - 1;
        if args.is(at, "OVERFLOW") && follow >= 1 {
            overflow = read_overflow(args, at + 1)?;
            at += 2;
            continue;
        }
        let writes = match args.get(at).to_ascii_uppercase().as_slice() {
            b"GET" if follow >= 2 => false,
            b"SET" | b"INCRBY" if follow >= 3 => true,
            _ => return Err(error::SYNTAX),
        };
        let width = read_width(args.get(at + 1)).ok_or(errors::BITFIELD_TYPE)?;
        let place = match args.get(at + 2).strip_prefix(b"#") {
            Some(number) => bit_place(db, number, width.bits)?,
            None => bit_place(db, args.get(at + 2), 1)?,
        };
        let task = match writes {
            false => Task::Get,
            true if args.is(at, "SET") => Task::Set(args.integer(at + 3)?),
            true => Task::Add(args.integer(at + 3)?),
        };
        at += if writes { 4 } else { 3 };
        steps.push(Step { width, place, task, overflow });
    }
    Ok(steps)
}

fn read_overflow(args: &Args, at: usize) -> Result<Overflow, Error> {
    let names = [("WRAP", Overflow::Wrap), ("SAT", Overflow::Saturate), ("FAIL", Overflow::Fail)];
    let named = names.iter().find(|(name, _)| args.is(at, name));
    named.map(|(_, overflow)| *overflow).ok_or(errors::BITFIELD_OVERFLOW)
}

/// `i1` to `i64`, `u1` to `u63`.
fn read_width(word: &[u8]) -> Option<Width> {
    let (sign, number) = word.split_first()?;
    let (is_signed, most) = match sign {
        b'i' => (true, 64),
        b'u' => (false, 63),
        _ => return None,
    };
    let bits = parse_integer(number).filter(|bits| (1..=most).contains(bits))?;
    Some(Width { bits: bits as u32, is_signed })
}
