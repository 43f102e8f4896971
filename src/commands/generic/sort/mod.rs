//! SORT, SORT_RO: the elements of a list, set or sorted set in order, or what keys made from them
//! hold.
//!
//! ```text
//! options ─► elements of the key ─► what each is sorted by ─► sort, cut by LIMIT ─► GET ─► reply
//! options    source                 lookup                                        lookup   or list
//! ```
//! With a pattern in BY or GET it reads keys that it does not name: the whole database is locked.
//! Where two elements are equal, numbers are ordered by their bytes, texts stay as they came.
//!
//! Source: https://redis.io/docs/latest/commands/sort/

mod lookup;
mod options;
mod source;

use crate::command::error::sort::NOT_A_SCORE;
use crate::command::{Args, Command, Error, Outcome, Reach, flag};
use crate::commands::lists::stored;
use crate::protocol::Reply;
use crate::store::{Class, Db, Place};
use crate::types::list::Element;
use lookup::Pattern;
use options::Options;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[SORT, SORT_RO];

const COST: &str = "O(N+M*log(M)) where N is the number of elements and M that of elements sorted.";
const CATEGORIES: &[&str] = &["list", "set", "sortedset", "dangerous"];

const SORT: Command = Command::write(
    "SORT key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]] \
     [ASC | DESC] [ALPHA] [STORE destination]",
    sort,
)
.grows()
.flags(flag::MOVABLE_KEYS)
.locking(places)
.outside_group()
.categories(CATEGORIES)
.costs(COST)
.keys(&["RO access", "RO access", "OW update"])
.about("The elements of a list, set or sorted set in order, answered or stored as a list.");

fn sort(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::parse(args, true)?;
    let sorted = Sorted::new(db, args.get(1), &options)?;
    let Some(destination) = options.destination else {
        sorted.write(db, &options, reply);
        return Ok(());
    };
    let values = sorted.values(db, &options);
    if values.is_empty() {
        if db.remove(destination) {
            db.changed(Class::Generic, "del", destination);
        }
    } else {
        let elements = values.iter().map(|value| Element::from(value.as_deref().unwrap_or(b"")));
        stored::put_new(db, destination, elements);
        db.changed(Class::List, "sortstore", destination);
    }
    reply.integer(values.len() as i64);
    Ok(())
}

const SORT_RO: Command = Command::read(
    "SORT_RO key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]] \
     [ASC | DESC] [ALPHA]",
    sort_ro,
)
.since("7.0.0")
.flags(flag::MOVABLE_KEYS)
.locking(places_to_read)
.outside_group()
.categories(CATEGORIES)
.costs(COST)
.keys(&["RO access", "RO access"])
.about("As SORT, without STORE.");

fn sort_ro(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::parse(args, false)?;
    Sorted::new(db, args.get(1), &options)?.write(db, &options, reply);
    Ok(())
}

fn places<'a>(args: &Args<'a>, db: usize, places: &mut Vec<Place<'a>>) -> Result<Reach, Error> {
    find_places(args, db, places, true)
}

fn places_to_read<'a>(
    args: &Args<'a>,
    db: usize,
    places: &mut Vec<Place<'a>>,
) -> Result<Reach, Error> {
    find_places(args, db, places, false)
}

fn find_places<'a>(
    args: &Args<'a>,
    db: usize,
    places: &mut Vec<Place<'a>>,
    may_store: bool,
) -> Result<Reach, Error> {
    places.push(Place { db, key: args.get(1) });
    // Words that are refused reach nothing; the handler says so.
    let Ok(options) = Options::parse(args, may_store) else {
        return Ok(Reach::Places);
    };
    places.extend(options.destination.map(|key| Place { db, key }));
    Ok(if options.reads_other_keys() { Reach::Everything } else { Reach::Places })
}

/// What the elements are sorted by.
enum Keys<'d> {
    /// Nothing: they stay as they are.
    None,
    Scores(Vec<f64>),
    /// Their own bytes.
    Own,
    /// The strings that BY found; none comes first.
    Texts(Vec<Option<Cow<'d, [u8]>>>),
}

/// Elements in the order that was asked for, and those of them that LIMIT left.
struct Sorted {
    elements: Vec<Box<[u8]>>,
    order: Vec<u32>,
    range: Range<usize>,
}

impl Sorted {
    fn new(db: &Db, key: &[u8], options: &Options<'_>) -> Result<Self, Error> {
        let found = source::elements(db, key, options)?;
        let (elements, is_sorted) = (found.elements, found.is_sorted);
        let range = match found.is_cut {
            true => 0..elements.len(),
            false => options.range(elements.len()),
        };
        let keys = match is_sorted {
            true => Keys::None,
            false => keys(db, &elements, options, found.is_forced)?,
        };
        let mut order: Vec<u32> = (0..elements.len() as u32).collect();
        let at = |at: u32| &elements[at as usize];
        let mut sort = |compare: &dyn Fn(u32, u32) -> Ordering| {
            order.sort_by(|one, other| {
                let ordering = compare(*one, *other);
                if options.is_descending { ordering.reverse() } else { ordering }
            });
        };
        match &keys {
            Keys::None => {}
            Keys::Own => {
                sort(&|one, other| compared(at(one), options).cmp(compared(at(other), options)));
            }
            Keys::Scores(scores) => sort(&|one, other| {
                let (first, second) = (scores[one as usize], scores[other as usize]);
                let by_score = first.partial_cmp(&second).expect("a score is a number");
                by_score.then_with(|| at(one).cmp(at(other)))
            }),
            Keys::Texts(texts) => {
                let text = |at: u32| texts[at as usize].as_deref();
                let compared = |at: u32| text(at).map(|text| compared(text, options));
                sort(&|one, other| compared(one).cmp(&compared(other)));
            }
        }
        drop(keys);
        Ok(Sorted { elements, order, range })
    }

    /// The elements asked for, in order.
    fn elements(&self) -> impl Iterator<Item = &[u8]> {
        self.order[self.range.clone()].iter().map(|at| &*self.elements[*at as usize])
    }

    /// Answers with the elements, or with what GET finds for them.
    fn write(&self, db: &Db, options: &Options<'_>, reply: &mut Reply) {
        reply.array(self.range.len() * options.values_each());
        for element in self.elements() {
            if options.get.is_empty() {
                reply.bulk(element);
            }
            for pattern in &options.get {
                match lookup::find(db, *pattern, element) {
                    Some(value) => reply.bulk(&value),
                    None => reply.null(),
                }
            }
        }
    }

    /// The elements, or what GET finds for them, to be stored.
    fn values(&self, db: &Db, options: &Options<'_>) -> Vec<Option<Box<[u8]>>> {
        let mut values = Vec::with_capacity(self.range.len() * options.values_each());
        for element in self.elements() {
            if options.get.is_empty() {
                values.push(Some(element.into()));
            }
            let found = options.get.iter().map(|pattern| lookup::find(db, *pattern, element));
            values.extend(found.map(|value| value.map(|value| Box::from(&*value))));
        }
        values
    }
}

/// What each element is sorted by.
fn keys<'d>(
    db: &'d Db,
    elements: &[Box<[u8]>],
    options: &Options<'_>,
    is_forced: bool,
) -> Result<Keys<'d>, Error> {
    let by = options.by.filter(|_| !is_forced);
    match (by, options.is_alpha || is_forced) {
        (None, true) => Ok(Keys::Own),
        (None, false) => {
            let scores = elements.iter().map(|element| score(element));
            scores.collect::<Result<_, _>>().map(Keys::Scores)
        }
        (Some(by), is_alpha) => {
            let found = elements.iter().map(|element| lookup::find_by(db, by, element));
            if is_alpha {
                return Ok(Keys::Texts(found.collect()));
            }
            let scores = found.map(|value| value.map_or(Ok(0.0), |value| score(&value)));
            scores.collect::<Result<_, _>>().map(Keys::Scores)
        }
    }
}

/// What counts of a text when texts are sorted: for a client Redis compares them as C does, up to a
/// zero byte; for a list that is stored, whole.
fn compared<'t>(text: &'t [u8], options: &Options<'_>) -> &'t [u8] {
    match options.destination {
        Some(_) => text,
        None => &text[..c_length(text)],
    }
}

/// Where a text ends for C.
fn c_length(text: &[u8]) -> usize {
    memchr::memchr(0, text).unwrap_or(text.len())
}

/// The number that a text spells. Redis reads it as C does: up to a zero byte, and nothing is 0.
fn score(text: &[u8]) -> Result<f64, Error> {
    let end = c_length(text);
    if end == 0 {
        return Ok(0.0);
    }
    let number: Option<f64> = fast_float2::parse(&text[..end]).ok();
    number.filter(|number| !number.is_nan()).ok_or(NOT_A_SCORE)
}
