//! Sets: the form that owns its memory, for large sets and for sets under construction.
//!
//! - `int_set`: integers in order, as bytes
//! - `view`: a set to read, in whatever form
//!
//! ```text
//!   members    integers in order │ packed members │ dict
//!   encoding   intset ─► listpack ─► hashtable          what Redis would have made of it
//! ```
//! The two go their own ways. The encoding follows Redis's thresholds and never goes back. The form
//! follows size: what fits a record is packed there, integers are kept in order up to a few
//! thousand (an insertion moves those behind it), all else is a dict.

pub mod int_set;
mod view;

use crate::types::dict::{Beside, Dict};
use crate::types::number::parse_integer;
use crate::types::packed::{self, Layout, Packed, Piece};
pub use view::{Member, View};

/// The most integers kept in order.
const MOST_ORDERED: usize = 4096;
/// The most members packed: a look-up walks them.
pub const MOST_PACKED: usize = 128;
/// Packed members under construction go into a dict from this size on: no record holds more.
const MOST_PACKED_BYTES: usize = 1024;

/// What Redis would have made of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// Few integers.
    IntSet,
    /// Few short members.
    ListPack,
    /// Any members.
    HashTable,
}

/// Up to which size Redis packs a set.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most integers of an int set.
    pub intset_entries: usize,
    /// The most members of a packed set.
    pub listpack_entries: usize,
    /// The longest member of a packed set.
    pub listpack_value: usize,
}

impl Limits {
    /// With more members than this a set is a hash table, whatever they are.
    pub fn most_compact(&self) -> usize {
        self.intset_entries.max(self.listpack_entries)
    }
}

#[derive(Debug, Clone)]
enum Members {
    Integers(Vec<u8>),
    Packed(Piece),
    Table(Dict),
}

/// A set that owns its memory.
#[derive(Debug, Clone)]
pub struct Set {
    members: Members,
    encoding: Encoding,
}

/// A set as it goes into the store.
pub enum Stored {
    /// Integers, for a record.
    Integers(Vec<u8>),
    /// Packed members, for a record.
    Packed(Piece),
    /// Too large for a record.
    Large(Set),
}

impl Set {
    /// An empty set that is to be filled with about `count` members of which this is the first.
    pub fn beginning_with(member: &[u8], count: usize, limits: &Limits) -> Self {
        if count <= limits.intset_entries && parse_integer(member).is_some() {
            Set::empty(Encoding::IntSet)
        } else if count <= limits.listpack_entries {
            Set::empty(Encoding::ListPack)
        } else {
            Set::empty(Encoding::HashTable)
        }
    }

    /// An empty set that Redis would have begun like this.
    pub fn empty(encoding: Encoding) -> Self {
        let members = match encoding {
            Encoding::IntSet => Members::Integers(int_set::empty()),
            _ => Members::Packed(packed::empty()),
        };
        Set { members, encoding }
    }

    /// The members, where they are found by their hash.
    pub fn elements(&self) -> Option<&Dict> {
        match &self.members {
            Members::Table(members) => Some(members),
            _ => None,
        }
    }

    /// A copy of integers that lie in a record.
    pub fn of_integers(bytes: &[u8]) -> Self {
        Set { members: Members::Integers(bytes.to_vec()), encoding: Encoding::IntSet }
    }

    /// A copy of members that lie in a record.
    pub fn of_packed(bytes: &[u8]) -> Self {
        let is_converted = Packed::new(bytes, Layout::Single).is_converted();
        let encoding = if is_converted { Encoding::HashTable } else { Encoding::ListPack };
        Set { members: Members::Packed(Piece::from_slice(bytes)), encoding }
    }

    /// A set of the same members, as if they were added one by one to an int set.
    pub fn copy_of(view: View<'_>, limits: &Limits) -> Self {
        if let View::Table(dict) = view
            && dict.len() > limits.most_compact()
        {
            // So many make a hash table in any case: its memory is copied as it is.
            let members = Members::Table(dict.clone());
            return Set { members, encoding: Encoding::HashTable };
        }
        let mut set = Set::empty(Encoding::IntSet);
        view.for_each(|member| _ = set.add_member(member, limits));
        set
    }

    /// The set, to read.
    #[inline]
    pub fn view(&self) -> View<'_> {
        match &self.members {
            Members::Integers(bytes) => View::Integers(int_set::IntSet::new(bytes)),
            Members::Packed(piece) => View::packed(piece),
            Members::Table(dict) => View::Table(dict),
        }
    }

    /// How many members there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        match &self.members {
            Members::Integers(bytes) => bytes.capacity(),
            Members::Packed(piece) => piece.len(),
            Members::Table(dict) => dict.weight(),
        }
    }

    /// The encoding Redis would name.
    pub fn encoding(&self) -> &'static str {
        match self.encoding {
            Encoding::IntSet => "intset",
            Encoding::ListPack => "listpack",
            Encoding::HashTable => "hashtable",
        }
    }

    /// What Redis would have made of it.
    pub fn form(&self) -> Encoding {
        self.encoding
    }

    /// Whether Redis would keep it in one piece of memory.
    pub fn is_compact(&self) -> bool {
        self.encoding != Encoding::HashTable
    }

    /// Makes it what Redis makes of a set that so many members are to be added to.
    pub fn expect(&mut self, count: usize, limits: &Limits) {
        let most = match self.encoding {
            Encoding::IntSet => limits.intset_entries,
            Encoding::ListPack => limits.listpack_entries,
            Encoding::HashTable => return,
        };
        if count > most {
            self.convert(Encoding::HashTable);
        }
    }

    /// Adds a member; false when it was one.
    #[inline]
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        if self.encoding == Encoding::HashTable
            && let Members::Table(dict) = &mut self.members
        {
            return dict.add(member);
        }
        self.add_compact(member, limits)
    }

    /// Adds a member of another set.
    pub fn add_member(&mut self, member: Member<'_>, limits: &Limits) -> bool {
        self.add(member.text(&mut itoa::Buffer::new()), limits)
    }

    fn add_compact(&mut self, member: &[u8], limits: &Limits) -> bool {
        if self.view().contains(member) {
            return false;
        }
        let len = self.len();
        let fits_listpack = len < limits.listpack_entries && member.len() <= limits.listpack_value;
        let encoding = match self.encoding {
            Encoding::IntSet if parse_integer(member).is_some() => {
                let fits = len < limits.intset_entries;
                if fits { Encoding::IntSet } else { Encoding::HashTable }
            }
            Encoding::HashTable => Encoding::HashTable,
            _ if fits_listpack && self.longest_integer() <= limits.listpack_value => {
                Encoding::ListPack
            }
            _ => Encoding::HashTable,
        };
        if encoding != self.encoding {
            self.convert(encoding);
        }
        self.put(member);
        true
    }

    /// How long the longest integer of an int set is when it is spelled out.
    fn longest_integer(&self) -> usize {
        let Members::Integers(bytes) = &self.members else {
            return 0;
        };
        let set = int_set::IntSet::new(bytes);
        let length = |value: i64| itoa::Buffer::new().format(value).len();
        let ends = [set.iter().next(), set.iter().next_back()];
        ends.into_iter().flatten().map(length).max().unwrap_or(0)
    }

    /// Puts a member that is not there.
    fn put(&mut self, member: &[u8]) {
        let len = self.len();
        let must_grow = match &self.members {
            Members::Integers(_) => len >= MOST_ORDERED,
            Members::Packed(piece) => {
                len >= MOST_PACKED || piece.len() + member.len() + 3 > MOST_PACKED_BYTES
            }
            Members::Table(_) => false,
        };
        if must_grow {
            self.members = Members::Table(self.to_dict());
        }
        match &mut self.members {
            Members::Integers(bytes) => {
                let value = parse_integer(member).expect("an int set gets integers");
                int_set::insert(bytes, value);
            }
            Members::Packed(piece) => {
                packed::push(piece, member);
                let count = Packed::new(piece, Layout::Single).count();
                packed::set_count(piece, count + 1);
            }
            Members::Table(dict) => _ = dict.insert(member, b""),
        }
    }

    /// Removes a member; false when it was none.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.members {
            Members::Integers(bytes) => {
                parse_integer(member).is_some_and(|value| int_set::remove(bytes, value))
            }
            Members::Packed(piece) => {
                let packed = Packed::new(piece, Layout::Single);
                let Some(start) = packed.find(member) else {
                    return false;
                };
                let (range, count) = (packed.entry(start).range(), packed.count());
                packed::splice(piece, range, b"");
                packed::set_count(piece, count - 1);
                true
            }
            Members::Table(dict) => {
                let removed = dict.remove(member);
                if removed {
                    dict.compact(|_, _| ());
                }
                removed
            }
        }
    }

    /// Takes any member out, all being equally likely, and shows it; there must be one.
    pub fn pop(&mut self, show: impl FnOnce(&[u8])) {
        let mut buffer = itoa::Buffer::new();
        let drawn = self.view().random();
        let member: Piece = Piece::from_slice(drawn.text(&mut buffer));
        show(&member);
        self.remove(&member);
    }

    /// Makes it an int set again if Redis would: after SINTERSTORE found only integers.
    pub fn gather_integers(&mut self, limits: &Limits) {
        if self.encoding == Encoding::IntSet || self.len() > limits.intset_entries {
            return;
        }
        let mut integers = Set::empty(Encoding::IntSet);
        self.view().for_each(|member| _ = integers.add_member(member, limits));
        *self = integers;
    }

    /// The form in which it goes into the store, where a record has so many bytes of room.
    pub fn stored(self, room: usize) -> Stored {
        let Set { members, encoding } = self;
        match members {
            Members::Integers(bytes) if bytes.len() <= room => Stored::Integers(bytes),
            Members::Packed(mut piece) if piece.len() <= room => {
                if encoding == Encoding::HashTable {
                    packed::set_converted(&mut piece);
                }
                Stored::Packed(piece)
            }
            Members::Packed(_) => {
                let set = Set { members, encoding };
                Stored::Large(Set { members: Members::Table(set.to_dict()), encoding })
            }
            _ => Stored::Large(Set { members, encoding }),
        }
    }

    /// Shows members from `cursor` on (0 to begin), and gives back the next cursor; 0 at the end.
    /// What Redis would keep in one piece is shown in one.
    pub fn scan(&self, cursor: u64, mut visit: impl FnMut(Member<'_>)) -> u64 {
        match &self.members {
            Members::Table(dict) if !self.is_compact() => {
                dict.scan(cursor, |element| visit(Member::Bytes(dict.key(element))))
            }
            _ => {
                self.view().for_each(visit);
                0
            }
        }
    }

    /// Changes the encoding; integers that are none any more become members like others.
    fn convert(&mut self, encoding: Encoding) {
        if let Members::Integers(_) = self.members {
            let mut others = Set::empty(Encoding::ListPack);
            let mut buffer = itoa::Buffer::new();
            self.view().for_each(|member| others.put(member.text(&mut buffer)));
            self.members = others.members;
        }
        self.encoding = encoding;
    }

    fn to_dict(&self) -> Dict {
        let mut dict = Dict::new(Beside::Nothing);
        let mut buffer = itoa::Buffer::new();
        self.view().for_each(|member| _ = dict.insert(member.text(&mut buffer), b""));
        dict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const LIMITS: Limits = Limits { intset_entries: 8, listpack_entries: 6, listpack_value: 10 };

    fn set_of(words: &[&str]) -> Set {
        let mut set = Set::beginning_with(words[0].as_bytes(), 1, &LIMITS);
        words.iter().for_each(|word| assert!(set.add(word.as_bytes(), &LIMITS)));
        set
    }

    #[test]
    fn the_encoding_follows_the_thresholds_and_never_goes_back() {
        let eight = ["1", "2", "3", "4", "5", "6", "7", "8"];
        let mut set = set_of(&eight);
        assert_eq!(set.encoding(), "intset");
        assert!(set.add(b"9", &LIMITS));
        assert_eq!(set.encoding(), "hashtable");
        eight.iter().for_each(|word| assert!(set.remove(word.as_bytes())));
        assert_eq!((set.encoding(), set.len()), ("hashtable", 1));

        let mut set = set_of(&["1", "2", "a"]);
        assert_eq!(set.encoding(), "listpack");
        assert!(set.add(b"0123456789", &LIMITS));
        assert_eq!(set.encoding(), "listpack");
        assert!(set.add(b"0123456789a", &LIMITS));
        assert_eq!(set.encoding(), "hashtable");

        let mut set = set_of(&["1", "2", "3", "4", "5", "6", "7"]);
        assert!(set.add(b"a", &LIMITS));
        assert_eq!(set.encoding(), "hashtable", "seven integers are too many for a listpack");
    }

    #[test]
    fn an_expected_size_converts_at_once() {
        let mut set = set_of(&["1"]);
        set.expect(9, &LIMITS);
        assert_eq!(set.encoding(), "hashtable");
        assert_eq!(Set::beginning_with(b"1", 7, &LIMITS).encoding(), "intset");
        assert_eq!(Set::beginning_with(b"a", 6, &LIMITS).encoding(), "listpack");
        assert_eq!(Set::beginning_with(b"a", 7, &LIMITS).encoding(), "hashtable");
        assert_eq!(Set::beginning_with(b"1", 9, &LIMITS).encoding(), "hashtable");
    }

    #[test]
    fn large_sets_leave_the_record_and_scan_by_parts_once_they_are_tables() {
        let limits = Limits { intset_entries: 512, listpack_entries: 128, listpack_value: 64 };
        let mut set = Set::empty(Encoding::ListPack);
        (0..128).for_each(|number| _ = set.add(format!("member:{number}").as_bytes(), &limits));
        let Stored::Large(mut set) = set.stored(900) else { panic!("it fits no record") };
        assert_eq!((set.encoding(), set.scan(0, |_| ())), ("listpack", 0));
        set.add(b"one more", &limits);
        assert_eq!(set.encoding(), "hashtable");
        assert_ne!(set.scan(0, |_| ()), 0);
    }

    #[test]
    fn many_integers_are_kept_without_order_whatever_the_limit() {
        let limits = Limits { intset_entries: 1 << 20, ..LIMITS };
        let mut set = Set::empty(Encoding::IntSet);
        (0..6000).for_each(|number| assert!(set.add(number.to_string().as_bytes(), &limits)));
        assert!(!set.add(b"17", &limits) && set.view().contains(b"5999"));
        assert_eq!((set.encoding(), set.len()), ("intset", 6000));
        assert!(matches!(set.members, Members::Table(_)));
    }

    #[test]
    fn samples_have_no_repeats_and_pops_empty_the_set() {
        for count in [5, 40, 3000] {
            let mut set = Set::empty(Encoding::ListPack);
            (0..count).for_each(|number| _ = set.add(format!("m{number}").as_bytes(), &LIMITS));
            for wanted in [1, count / 5, count - 1] {
                let mut drawn = HashSet::new();
                set.view().sample(wanted, |member| assert!(drawn.insert(format!("{member:?}"))));
                assert_eq!(drawn.len(), wanted);
            }
            let mut popped = HashSet::new();
            (0..count).for_each(|_| set.pop(|member| assert!(popped.insert(member.to_vec()))));
            assert!(set.is_empty());
        }
    }

    proptest! {
        #[test]
        fn a_set_holds_what_it_was_given(
            steps in prop::collection::vec((any::<bool>(), 0..40i32, any::<bool>()), 0..120),
        ) {
            let (mut set, mut model) = (Set::empty(Encoding::IntSet), HashSet::new());
            for (adds, number, is_word) in steps {
                let member = if is_word { format!("w{number}") } else { (number - 20).to_string() };
                if adds {
                    prop_assert_eq!(set.add(member.as_bytes(), &LIMITS), model.insert(member));
                } else {
                    prop_assert_eq!(set.remove(member.as_bytes()), model.remove(&member));
                }
                prop_assert_eq!(set.len(), model.len());
            }
            let mut shown = HashSet::new();
            set.view().for_each(|member| {
                let text = member.text(&mut itoa::Buffer::new()).to_vec();
                shown.insert(String::from_utf8(text).unwrap());
            });
            prop_assert_eq!(shown, model);
        }
    }
}
