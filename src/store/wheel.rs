//! Wheel: which volatile record dies when.
//!
//! ```text
//!   level 0   64 slots of 1 ms        the deadline differs from `time` in its last 6 bits only
//!   level 1   64 slots of 64 ms       … in its last 12 bits
//!   level 2   64 slots of 4 s         …                                  11 levels: any u64
//! ```
//! A slot is a doubly linked list through the records themselves: unlinking needs no search. The
//! first record's `previous` is a mark with the number of its slot. When the time reaches a slot
//! of level 0, its records are dead; when it reaches a coarser slot, its records are distributed
//! over finer ones. Either way the slot's list becomes the pending list, and `step` takes one
//! record from that: the caller decides how many steps it has time for. Bitmaps of the slots in use
//! find the next one in a few instructions, so a jump of the clock costs nothing by itself.
//!
//! If the clock goes back by more than a blink, the wheel begins anew at the earlier time, and
//! moves the records of the old one over, a step each.
//! Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987)

use super::arena::{Arena, Reference};

const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
/// 11 × 6 bits cover every 64-bit time.
const LEVELS: usize = u64::BITS.div_ceil(LEVEL_BITS) as usize;
/// Marks: level and slot, or one of these.
const PENDING: u32 = (LEVELS * SLOTS) as u32;
/// Added to the mark of a slot of the old ring.
const OLD: u32 = 1 << 10;
/// Workers read the clock at slightly different times: a step back this small is no jump. Records
/// that meanwhile get an earlier deadline are late by as much.
const TOLERANCE_MS: u64 = 20;

/// What one step did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This record's deadline has come; it is off the wheel.
    Dead(Reference),
    /// A record went to a finer slot, or from the old ring to the ring.
    Moved,
    /// Nothing is due.
    Idle,
}

/// The slots of all levels; a level takes memory once it is used.
struct Ring {
    /// Bit `n`: level `n` has a record.
    busy: u16,
    /// Bit `n` of a level: slot `n` has a record.
    occupied: [u64; LEVELS],
    levels: [Option<Box<[Reference; SLOTS]>>; LEVELS],
}

impl Ring {
    fn new() -> Ring {
        Ring { busy: 0, occupied: [0; LEVELS], levels: [const { None }; LEVELS] }
    }

    fn head(&self, slot: usize) -> Reference {
        self.levels[slot / SLOTS].as_ref().map_or(Reference::NONE, |level| level[slot % SLOTS])
    }

    fn set_head(&mut self, slot: usize, head: Reference) {
        let (number, bit) = (slot / SLOTS, 1 << (slot % SLOTS));
        let level = self.levels[number].get_or_insert_with(|| Box::new([Reference::NONE; SLOTS]));
        level[slot % SLOTS] = head;
        if head == Reference::NONE {
            self.occupied[number] &= !bit;
        } else {
            self.occupied[number] |= bit;
        }
        let busy = 1 << number;
        self.busy = if self.occupied[number] == 0 { self.busy & !busy } else { self.busy | busy };
    }

    /// The slot in use that comes first: a finer level's slots all lie before a coarser one's.
    fn first(&self) -> Option<usize> {
        if self.busy == 0 {
            return None;
        }
        let level = self.busy.trailing_zeros() as usize;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }
}

/// The volatile records of one table, by deadline.
pub(super) struct Wheel {
    /// Everything up to here has been handled, or is pending.
    time: u64,
    ring: Ring,
    /// Records taken from a slot that was reached, and those put in with a deadline in the past.
    pending: Reference,
    /// The ring from before the clock went back.
    old: Option<Box<Ring>>,
}

impl Wheel {
    pub(super) fn new(time: u64) -> Wheel {
        Wheel { time, ring: Ring::new(), pending: Reference::NONE, old: None }
    }

    /// Puts a record on the wheel by the deadline written in it.
    pub(super) fn insert(&mut self, arena: &Arena, record: Reference) {
        let deadline = deadline_of(arena, record);
        let slot = if deadline <= self.time { PENDING } else { self.slot_of(deadline) };
        self.push(arena, slot, record);
    }

    /// Takes a record off the wheel.
    pub(super) fn unlink(&mut self, arena: &Arena, record: Reference) {
        let (previous, next) = arena.block(record).links();
        self.set_next(arena, previous, next);
        if next != Reference::NONE {
            arena.block(next).set_previous(previous);
        }
    }

    /// Puts `to` where `from` was: the record has moved, and took its links along.
    pub(super) fn moved(&mut self, arena: &Arena, to: Reference) {
        let (previous, next) = arena.block(to).links();
        self.set_next(arena, previous, to);
        if next != Reference::NONE {
            arena.block(next).set_previous(to);
        }
    }

    /// Does one unit of what is due at `now`.
    pub(super) fn step(&mut self, arena: &Arena, now: u64) -> Step {
        if now.saturating_add(TOLERANCE_MS) < self.time && self.old.is_none() {
            self.begin_anew(arena, now);
        }
        if self.pending == Reference::NONE {
            self.take_slot(arena, now);
        }
        if self.pending != Reference::NONE {
            return self.step_pending(arena, now);
        }
        self.step_old(arena)
    }

    /// A time before which nothing is due: the start of the first slot in use.
    pub(super) fn next_due(&self) -> u64 {
        if self.pending != Reference::NONE || self.old.is_some() {
            return 0;
        }
        self.ring.first().map_or(u64::MAX, |slot| self.start_of(slot))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let rings = std::iter::once(&self.ring).chain(self.old.as_deref());
        let levels = rings.flat_map(|ring| ring.levels.iter().flatten()).count();
        size_of::<Wheel>() + levels * SLOTS * size_of::<Reference>()
    }

    fn step_pending(&mut self, arena: &Arena, now: u64) -> Step {
        let record = self.pending;
        self.unlink(arena, record);
        if self.pending != Reference::NONE {
            arena.block(self.pending).prefetch();
        }
        let deadline = deadline_of(arena, record);
        if deadline <= now {
            return Step::Dead(record);
        }
        // Alive at `now`, yet not behind `time`: the clock is a blink back. Look again after that.
        let slot = self.slot_of(deadline.max(self.time.saturating_add(1)));
        self.push(arena, slot, record);
        Step::Moved
    }

    /// Makes the first slot that has been reached by `now` the pending list, or sets the time.
    fn take_slot(&mut self, arena: &Arena, now: u64) {
        let due = self.ring.first().map(|slot| (slot, self.start_of(slot)));
        let Some((slot, start)) = due.filter(|&(_, start)| start <= now) else {
            self.time = self.time.max(now);
            return;
        };
        self.time = start;
        self.pending = self.ring.head(slot);
        self.ring.set_head(slot, Reference::NONE);
        arena.block(self.pending).set_previous(Reference::mark(PENDING));
    }

    /// Moves one record from the ring the clock left behind.
    fn step_old(&mut self, arena: &Arena) -> Step {
        let Some(old) = &self.old else {
            return Step::Idle;
        };
        let Some(slot) = old.first() else {
            self.old = None;
            return Step::Idle;
        };
        let record = old.head(slot);
        self.unlink(arena, record);
        self.insert(arena, record);
        Step::Moved
    }

    /// Begins at an earlier time; the present ring becomes the old one.
    fn begin_anew(&mut self, arena: &Arena, now: u64) {
        let old = std::mem::replace(&mut self.ring, Ring::new());
        for slot in 0..LEVELS * SLOTS {
            let head = old.head(slot);
            if head != Reference::NONE {
                arena.block(head).set_previous(Reference::mark(OLD + slot as u32));
            }
        }
        self.old = Some(Box::new(old));
        self.time = now;
    }

    /// The slot for a deadline behind `time`: its level is the first 6 bits in which they differ.
    fn slot_of(&self, deadline: u64) -> u32 {
        let level = (deadline ^ self.time).max(1).ilog2() / LEVEL_BITS;
        let slot = deadline >> (level * LEVEL_BITS) & (SLOTS as u64 - 1);
        level * SLOTS as u32 + slot as u32
    }

    /// When a slot in use begins: `time` with the level's 6 bits replaced and those below cleared.
    fn start_of(&self, slot: usize) -> u64 {
        let shift = (slot / SLOTS) as u32 * LEVEL_BITS;
        let above = u64::MAX.checked_shl(shift + LEVEL_BITS).unwrap_or(0);
        self.time & above | ((slot % SLOTS) as u64) << shift
    }

    fn push(&mut self, arena: &Arena, slot: u32, record: Reference) {
        let head = if slot == PENDING { self.pending } else { self.ring.head(slot as usize) };
        let block = arena.block(record);
        block.set_previous(Reference::mark(slot));
        block.set_next(head);
        if head != Reference::NONE {
            arena.block(head).set_previous(record);
        }
        self.set_next(arena, Reference::mark(slot), record);
    }

    /// Sets what follows `previous`, which is a record or the mark of a list.
    fn set_next(&mut self, arena: &Arena, previous: Reference, next: Reference) {
        match previous.as_mark() {
            None => arena.block(previous).set_next(next),
            Some(PENDING) => self.pending = next,
            Some(slot) if slot < OLD => self.ring.set_head(slot as usize, next),
            Some(slot) => {
                let old = self.old.as_mut().expect("a record of the old ring keeps it alive");
                old.set_head((slot - OLD) as usize, next);
            }
        }
    }
}

fn deadline_of(arena: &Arena, record: Reference) -> u64 {
    arena.block(record).deadline().expect("only volatile records are on the wheel")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::block::Shape;
    use super::super::record::Kind;
    use super::*;

    const SHAPE: Shape = Shape {
        kind: Kind::Bytes,
        volatile: true,
        boxed_key: false,
        epoch: false,
        key_bytes: 0,
        value_bytes: 0,
    };

    struct Fixture {
        arena: Arena,
        wheel: Wheel,
        /// What is on the wheel, by deadline.
        model: BTreeMap<(u64, u32), Reference>,
        made: u32,
    }

    impl Fixture {
        fn new(time: u64) -> Fixture {
            let (arena, wheel) = (Arena::new(), Wheel::new(time));
            Fixture { arena, wheel, model: BTreeMap::new(), made: 0 }
        }

        fn insert(&mut self, deadline: u64) {
            let record = self.arena.allocate(SHAPE.bytes());
            self.arena.block(record).write_head(SHAPE, 0);
            self.arena.block(record).set_deadline(deadline);
            self.wheel.insert(&self.arena, record);
            self.made += 1;
            self.model.insert((deadline, self.made), record);
        }

        fn first(&self) -> u64 {
            self.model.keys().next().map_or(u64::MAX, |&(deadline, _)| deadline)
        }

        /// Runs to `now`; gives back the number of steps.
        fn advance(&mut self, now: u64) -> usize {
            let first = self.first();
            let latest = first.max(self.wheel.time.saturating_add(1));
            assert!(self.wheel.next_due() <= latest, "never after the first deadline");
            for steps in 1.. {
                assert!(steps < 1_000_000, "the steps come to an end");
                match self.wheel.step(&self.arena, now) {
                    Step::Idle => {
                        let done = self.first() > now || self.model.is_empty();
                        assert!(done, "nothing that is due is left");
                        return steps;
                    }
                    Step::Moved => {}
                    Step::Dead(record) => {
                        let deadline = deadline_of(&self.arena, record);
                        assert!(deadline <= now, "nothing dies early");
                        let found = self.model.range((deadline, 0)..=(deadline, u32::MAX));
                        let mut keys = found.filter(|&(_, &other)| other == record);
                        let key = *keys.next().expect("on the wheel").0;
                        self.model.remove(&key);
                        self.arena.free(record, SHAPE.bytes());
                    }
                }
            }
            unreachable!("the loop returns")
        }
    }

    #[test]
    fn deadlines_of_every_distance_come_in_their_millisecond() {
        let mut random = fastrand::Rng::with_seed(5);
        let start = 1_763_000_000_123;
        for seed in 0..3 {
            let mut fixture = Fixture::new(start + seed);
            let mut now = start + seed;
            for _ in 0..3000 {
                let reach = 1 << random.u32(0..40);
                fixture.insert(now + random.u64(..reach));
                if random.u8(..3) == 0 {
                    let step = 1 << random.u32(0..30);
                    now += random.u64(..step);
                    fixture.advance(now);
                }
            }
            fixture.advance(u64::MAX);
            assert!(fixture.model.is_empty());
        }
    }

    #[test]
    fn the_ends_of_time_have_slots() {
        let mut fixture = Fixture::new(0);
        for deadline in [0, 1, 63, 64, i64::MAX as u64, u64::MAX - 1, u64::MAX] {
            fixture.insert(deadline);
        }
        fixture.advance(0);
        fixture.advance(64);
        assert_eq!(fixture.model.len(), 3);
        assert!(fixture.wheel.next_due() > 64);
        fixture.advance(i64::MAX as u64);
        assert_eq!(fixture.model.len(), 2);
        fixture.advance(u64::MAX);
        assert!(fixture.model.is_empty());
    }

    #[test]
    fn a_long_empty_time_takes_few_steps() {
        let mut fixture = Fixture::new(1_000);
        fixture.insert(1_000 + (1 << 45));
        let mut steps = 0;
        let mut now = 1_000;
        while !fixture.model.is_empty() {
            now = fixture.wheel.next_due().max(now);
            steps += fixture.advance(now);
        }
        assert_eq!(now, 1_000 + (1 << 45));
        assert!(steps < 40, "{steps} steps");
    }

    #[test]
    fn when_the_clock_goes_back_new_deadlines_still_come_in_time() {
        let mut fixture = Fixture::new(5_000_000);
        (0..500).for_each(|number| fixture.insert(5_000_000 + number * 977));
        fixture.advance(5_100_000);
        // An hour back. Old deadlines wait for their time, those to come are met.
        let mut now = 1_400_000;
        fixture.advance(now);
        (0..500).for_each(|number| fixture.insert(now + number * 7));
        while now < 1_410_000 {
            now += 5;
            fixture.advance(now);
        }
        assert!(fixture.model.keys().all(|&(deadline, _)| deadline >= 5_100_000));
        assert!(fixture.wheel.next_due() > now);
        fixture.advance(6_000_000);
        assert!(fixture.model.is_empty());
    }

    #[test]
    fn a_clock_a_few_milliseconds_back_kills_nothing_early() {
        let mut fixture = Fixture::new(1_000);
        fixture.advance(1_010);
        fixture.insert(1_005);
        fixture.insert(1_012);
        fixture.advance(1_003);
        assert_eq!(fixture.model.len(), 2);
        fixture.advance(1_011);
        assert_eq!(fixture.model.len(), 1);
        fixture.advance(1_012);
        assert!(fixture.model.is_empty());
    }
}
