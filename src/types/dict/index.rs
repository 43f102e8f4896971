//! Index: which element has a key. Extendible hashing over small segments.
//!
//! ```text
//!   top bits of the hash ─► directory (2^depth numbers) ─► segment: 1 to 96 groups × 12 slots
//!                           ┌─┬─┬─┬─┬─┬─┬─┬─┐
//!                           │a│a│a│a│b│b│c│d│   a looks at 1 bit, b at 2, c and d at 3
//!                           └─┴─┴─┴─┴─┴─┴─┴─┘
//!   hash    63 ....... 32 | 30 .... 16          | 7 .. 0
//!           prefix        | home in its segment | tag
//! ```
//! A segment grows by a third or a half at a time; a full one of 96 groups splits in two by the
//! next bit of the prefix, and where it looks at as many bits as the directory has, that doubles by
//! copying numbers. On the way back sparse segments shrink and sparse buddies become one. So no
//! insertion or removal moves more than about a thousand elements, however many there are.
//!
//! A group that is full sends what belongs there to the next one, and counts it.

use super::{Hashes, Ref};
use crate::types::fetch::prefetch;
use crate::types::group::{self, LANES};

type Group = group::Group<Ref>;

const EMPTY: Group = Group::empty(Ref(0));

/// Groups from which on a full segment splits.
const SPLIT_GROUPS: usize = 96;
/// The bits of the hash a directory may look at.
const MOST_DEPTH: u32 = 32;
/// A directory this much larger than its segments need: the hash has been broken. Segments grow
/// instead.
const MOST_ENTRIES_A_SEGMENT: usize = 1024;
/// A removal looks whether to shrink each time this many have left a segment.
const SHRINK_CHECK: u16 = 8;
/// Buddies become one segment while that has at most as many groups as this.
const MERGED_GROUPS: usize = 64;
/// Homes are fractions of the segment: this is the whole.
const HOMES: u64 = 1 << HOME_BITS;
const HOME_BITS: u32 = 15;
const DEPTH_BITS: u32 = 6;

#[derive(Clone)]
struct Segment {
    groups: Box<[Group]>,
    /// The first prefix that leads here.
    prefix: u32,
    len: u16,
    /// How many bits of the prefix it looks at.
    depth: u8,
}

/// Where an element stands.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    segment: u32,
    group: u32,
    lane: u32,
}

/// The slots of one dict.
#[derive(Clone)]
pub(super) struct Index {
    segments: Vec<Segment>,
    /// Numbers of segments; empty while there is one segment.
    directory: Vec<u32>,
    depth: u32,
    /// How many segments look at as many bits as the directory.
    deepest: u32,
    /// The most groups a segment has.
    widest: u32,
    group_count: usize,
}

impl Index {
    pub(super) fn new() -> Self {
        Index {
            segments: Vec::new(),
            directory: Vec::new(),
            depth: 0,
            deepest: 0,
            widest: 0,
            group_count: 0,
        }
    }

    /// The element with this hash that `is_wanted`, and where it stands.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_wanted: impl Fn(Ref) -> bool) -> Option<(Slot, Ref)> {
        let number = self.number(hash);
        let segment = self.segments.get(number)?;
        let (mut at, tag) = (segment.home(hash), tag(hash));
        for _ in 0..segment.groups.len() {
            let group = &segment.groups[at];
            for lane in group.matching(tag) {
                let element = group.reference(lane);
                if is_wanted(element) {
                    let (segment, group) = (number as u32, at as u32);
                    return Some((Slot { segment, group, lane: lane as u32 }, element));
                }
            }
            if !group.has_overflow() {
                return None;
            }
            at = segment.after(at);
        }
        None
    }

    /// Asks the processor for the group in which a search for this hash begins.
    #[inline]
    pub(super) fn prefetch(&self, hash: u64) {
        if let Some(segment) = self.segments.get(self.number(hash)) {
            prefetch(&raw const segment.groups[segment.home(hash)]);
        }
    }

    /// The first element that may have this hash.
    #[inline]
    pub(super) fn guess(&self, hash: u64) -> Option<Ref> {
        let segment = self.segments.get(self.number(hash))?;
        let group = &segment.groups[segment.home(hash)];
        group.matching(tag(hash)).next().map(|lane| group.reference(lane))
    }

    /// Puts an element that is not there. `hashes` gives the hash of any element.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, element: Ref, hashes: Hashes<'_>) {
        let mut number = self.number(hash);
        while self.segments.get(number).is_none_or(Segment::is_full) {
            self.make_room(number, hashes);
            number = self.number(hash);
        }
        self.segments[number].insert(hash, element);
    }

    /// Takes an element out.
    pub(super) fn remove(&mut self, hash: u64, slot: Slot, hashes: Hashes<'_>) {
        let number = slot.segment as usize;
        let segment = &mut self.segments[number];
        segment.remove(hash, slot);
        if segment.len.is_multiple_of(SHRINK_CHECK) {
            self.shrink(number, hashes);
        }
    }

    /// Lets a slot hold another element of the same hash.
    pub(super) fn replace(&mut self, slot: Slot, element: Ref) {
        let group = &mut self.segments[slot.segment as usize].groups[slot.group as usize];
        group.set_reference(slot.lane as usize, element);
    }

    /// Any slot of any segment, all being equally likely: the element in it, if there is one.
    pub(super) fn draw(&self, random: &mut fastrand::Rng) -> Option<Ref> {
        let segment = &self.segments[random.usize(..self.segments.len())];
        // Slots that a segment lacks count as empty ones: else elements of small segments would
        // be drawn more often.
        let slot = random.usize(..self.widest as usize * LANES);
        let (group, lane) = (segment.groups.get(slot / LANES)?, slot % LANES);
        (group.tag(lane) != 0).then(|| group.reference(lane))
    }

    /// Shows the elements at `cursor` (0 to begin) and gives back the next cursor; 0 at the end.
    ///
    /// A cursor is `prefix: 32 bits | depth: 6 bits | home: 15 bits`, below 2^53. Shown is all that
    /// has a smaller prefix, and of the segment of that prefix, which looked at `depth` bits, all
    /// that has a smaller home. A split changes neither of an element. A segment that has become
    /// one with its buddy is shown from its beginning again.
    pub(super) fn scan(&self, cursor: u64, hashes: Hashes<'_>, mut visit: impl FnMut(Ref)) -> u64 {
        let prefix = cursor >> (HOME_BITS + DEPTH_BITS);
        if prefix >> 32 != 0 || self.segments.is_empty() {
            return 0;
        }
        let segment = &self.segments[self.number(prefix << 32)];
        let depth = u64::from(segment.depth);
        let is_merged = depth < (cursor >> HOME_BITS) % (1 << DEPTH_BITS);
        let home = if is_merged { 0 } else { cursor % HOMES };
        let first = segment.home(home << 16);
        segment.visit(first, |element| {
            let hash = hashes.of(element);
            if segment.home(hash) == first && (hash >> 16) % HOMES >= home {
                visit(element);
            }
        });
        let next_home = ((first as u64 + 1) * HOMES).div_ceil(segment.groups.len() as u64);
        if next_home < HOMES {
            return prefix << (HOME_BITS + DEPTH_BITS) | depth << HOME_BITS | next_home;
        }
        let range = 1u64 << (MOST_DEPTH - u32::from(segment.depth));
        let next_prefix = u64::from(segment.prefix) + range;
        if next_prefix >> 32 == 0 { next_prefix << (HOME_BITS + DEPTH_BITS) } else { 0 }
    }

    /// Bytes taken from the allocator.
    #[inline]
    pub(super) fn memory_bytes(&self) -> usize {
        self.group_count * size_of::<Group>()
            + self.segments.capacity() * size_of::<Segment>()
            + self.directory.capacity() * size_of::<u32>()
    }

    /// The number of the segment for a hash.
    #[inline]
    fn number(&self, hash: u64) -> usize {
        if self.depth == 0 {
            return 0;
        }
        self.directory[(hash >> (64 - self.depth)) as usize] as usize
    }

    #[cold]
    fn make_room(&mut self, number: usize, hashes: Hashes<'_>) {
        let Some(segment) = self.segments.get(number) else {
            self.segments.reserve_exact(1);
            self.segments.push(Segment::new(1, 0, 0));
            (self.deepest, self.widest, self.group_count) = (1, 1, 1);
            return;
        };
        let groups = segment.groups.len();
        if groups < SPLIT_GROUPS || !self.may_split(segment) {
            self.rebuild(number, next_size(groups), hashes);
        } else {
            self.split(number, hashes);
        }
    }

    fn may_split(&self, segment: &Segment) -> bool {
        let depth = u32::from(segment.depth);
        let entries = self.directory.len() * 2;
        depth < self.depth
            || (depth < MOST_DEPTH && entries <= MOST_ENTRIES_A_SEGMENT * self.segments.len())
    }

    /// Gives a segment another number of groups.
    fn rebuild(&mut self, number: usize, groups: usize, hashes: Hashes<'_>) {
        let old = &self.segments[number];
        let mut new = Segment::new(groups, old.prefix, old.depth);
        old.hashed(hashes, |hash, element| new.insert(hash, element));
        self.group_count = self.group_count + groups - old.groups.len();
        self.widest = self.widest.max(groups as u32);
        if self.segments.len() == 1 {
            self.widest = groups as u32;
        }
        self.segments[number] = new;
    }

    /// Makes two segments of one.
    fn split(&mut self, number: usize, hashes: Hashes<'_>) {
        if u32::from(self.segments[number].depth) == self.depth {
            self.double();
        }
        let old = &self.segments[number];
        let depth = u32::from(old.depth);
        let mut hashed: Vec<(u64, Ref)> = Vec::with_capacity(usize::from(old.len));
        old.hashed(hashes, |hash, element| hashed.push((hash, element)));
        let is_upper = |hash: u64| hash >> (MOST_DEPTH - 1 - depth + 32) & 1 == 1;
        let upper_len = hashed.iter().filter(|(hash, _)| is_upper(*hash)).count();
        let groups = [fitting(hashed.len() - upper_len), fitting(upper_len)];
        let upper_prefix = old.prefix | 1 << (MOST_DEPTH - 1 - depth);
        self.group_count = self.group_count + groups[0] + groups[1] - old.groups.len();
        let mut lower = Segment::new(groups[0], old.prefix, depth as u8 + 1);
        let mut upper = Segment::new(groups[1], upper_prefix, depth as u8 + 1);
        for (hash, element) in hashed {
            if is_upper(hash) { &mut upper } else { &mut lower }.insert(hash, element);
        }
        self.segments[number] = lower;
        self.segments.push(upper);
        self.widest = self.widest.max(groups[0].max(groups[1]) as u32);
        if depth + 1 == self.depth {
            self.deepest += 2;
        }
        self.enter(self.segments.len() - 1);
    }

    /// Lets the directory look at one bit more.
    fn double(&mut self) {
        if self.depth == 0 {
            self.directory = vec![0];
        }
        let mut doubled = Vec::with_capacity(self.directory.len() * 2);
        doubled.extend(self.directory.iter().flat_map(|number| [*number; 2]));
        self.directory = doubled;
        self.depth += 1;
        self.deepest = 0;
    }

    /// Writes a segment into the entries that lead to it.
    fn enter(&mut self, number: usize) {
        if self.depth == 0 {
            return;
        }
        let segment = &self.segments[number];
        let first = (u64::from(segment.prefix) >> (MOST_DEPTH - self.depth)) as usize;
        let count = 1 << (self.depth - u32::from(segment.depth));
        self.directory[first..first + count].fill(number as u32);
    }

    /// Makes a sparse segment smaller, or one with its buddy.
    fn shrink(&mut self, number: usize, hashes: Hashes<'_>) {
        let segment = &self.segments[number];
        let (len, groups) = (usize::from(segment.len), segment.groups.len());
        if len > full_at(groups) / 2 {
            return;
        }
        if segment.depth > 0 {
            let bit = 1u32 << (MOST_DEPTH - u32::from(segment.depth));
            let buddy = self.number(u64::from(segment.prefix ^ bit) << 32);
            let other = &self.segments[buddy];
            let both = len + usize::from(other.len);
            if other.depth == segment.depth && fitting(both) <= MERGED_GROUPS {
                return self.merge(number, buddy, hashes);
            }
        }
        if fitting(len) < groups {
            self.rebuild(number, fitting(len), hashes);
        }
    }

    /// Makes one segment of two buddies.
    fn merge(&mut self, number: usize, buddy: usize, hashes: Hashes<'_>) {
        let (one, other) = (&self.segments[number], &self.segments[buddy]);
        let groups = fitting(usize::from(one.len) + usize::from(other.len));
        let mut merged = Segment::new(groups, one.prefix.min(other.prefix), one.depth - 1);
        one.hashed(hashes, |hash, element| merged.insert(hash, element));
        other.hashed(hashes, |hash, element| merged.insert(hash, element));
        self.group_count = self.group_count + groups - one.groups.len() - other.groups.len();
        if u32::from(one.depth) == self.depth {
            self.deepest -= 2;
        }
        self.segments[number] = merged;
        self.enter(number);
        self.segments.swap_remove(buddy);
        if buddy < self.segments.len() {
            // The last segment has taken the buddy's number.
            self.enter(buddy);
        }
        if self.segments.capacity() > 4 * self.segments.len() {
            self.segments.shrink_to(2 * self.segments.len());
        }
        self.halve();
    }

    /// Lets the directory look at fewer bits while no segment needs them all.
    fn halve(&mut self) {
        while self.depth > 0 && self.deepest == 0 {
            self.depth -= 1;
            let depth = self.depth;
            self.directory = match depth {
                0 => Vec::new(),
                _ => self.directory.iter().step_by(2).copied().collect(),
            };
            let is_deepest = |segment: &&Segment| u32::from(segment.depth) == depth;
            self.deepest = self.segments.iter().filter(is_deepest).count() as u32;
        }
        if self.depth == 0 {
            self.widest = self.segments[0].groups.len() as u32;
        }
    }
}

impl Segment {
    fn new(groups: usize, prefix: u32, depth: u8) -> Self {
        Segment { groups: vec![EMPTY; groups].into_boxed_slice(), prefix, len: 0, depth }
    }

    fn is_full(&self) -> bool {
        usize::from(self.len) >= full_at(self.groups.len())
    }

    /// The group where an element with this hash belongs.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((hash >> 16) % HOMES * self.groups.len() as u64 / HOMES) as usize
    }

    #[inline]
    fn after(&self, group: usize) -> usize {
        if group + 1 == self.groups.len() { 0 } else { group + 1 }
    }

    /// Shows every element with its hash.
    fn hashed(&self, hashes: Hashes<'_>, mut show: impl FnMut(u64, Ref)) {
        for group in &self.groups {
            for lane in group.occupied() {
                show(hashes.of(group.reference(lane)), group.reference(lane));
            }
        }
    }

    /// Shows the elements of a group and of all where those that belong there may lie.
    fn visit(&self, group: usize, mut show: impl FnMut(Ref)) {
        let mut at = group;
        for _ in 0..self.groups.len() {
            let group = &self.groups[at];
            group.occupied().for_each(|lane| show(group.reference(lane)));
            if !group.has_overflow() {
                return;
            }
            at = self.after(at);
        }
    }

    /// Puts an element; there is room.
    #[inline]
    fn insert(&mut self, hash: u64, element: Ref) {
        let (mut at, tag) = (self.home(hash), tag(hash));
        while !self.groups[at].insert(tag, element) {
            self.groups[at].count_overflow();
            at = self.after(at);
        }
        self.len += 1;
    }

    fn remove(&mut self, hash: u64, slot: Slot) {
        let group = slot.group as usize;
        self.groups[group].clear_lane(slot.lane as usize);
        let mut at = self.home(hash);
        while at != group {
            self.groups[at].uncount_overflow();
            at = self.after(at);
        }
        self.len -= 1;
    }
}

/// The tag of a hash; 0 is a free slot's.
#[inline]
fn tag(hash: u64) -> u8 {
    (hash as u8).max(1)
}

/// With how many elements a segment is full: nine tenths of its slots, so that look-ups end soon.
fn full_at(groups: usize) -> usize {
    // The length of a segment is counted in 16 bits; only a broken hash could get there.
    if groups == 1 { LANES } else { (groups * LANES * 9 / 10).min(usize::from(u16::MAX)) }
}

/// The next number of groups: 1, 2, 3, 4, 6, 8, 12, 16, 24 …
fn next_size(groups: usize) -> usize {
    match groups {
        0 | 1 => groups + 1,
        _ if groups.is_power_of_two() => groups / 2 * 3,
        _ => groups / 3 * 4,
    }
}

/// The least number of groups that so many elements leave a fifth of, so that they can grow.
fn fitting(len: usize) -> usize {
    let mut groups = 1;
    while full_at(groups) * 4 / 5 < len {
        groups = next_size(groups);
    }
    groups
}
