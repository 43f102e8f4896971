//! Which clients CLIENT LIST and CLIENT KILL mean: every filter must be passed.
//!
//! `ID 3 4 USER default NOT-NAME worker` keeps those with one of the numbers, of that user, and
//! not of that name. A filter that comes twice counts the last time, but numbers add up.
//! Source: the filters of Redis 8 and Valkey 9.

use super::clients::flags;
use crate::command::{Args, Error, error};
use crate::server::Client;
use crate::types::number::parse_integer;
use std::mem::discriminant;
use std::sync::atomic::Ordering;

/// Every flag letter that CLIENT LIST of Redis or Valkey can show.
const FLAG_LETTERS: &[u8] = b"OSMPxbtRBdcuAUreTIiEN";

/// What one filter looks at.
#[derive(Debug, PartialEq)]
enum Test<'a> {
    Ids(Vec<u64>),
    Address(&'a [u8]),
    LocalAddress(&'a [u8]),
    Ip(&'a [u8]),
    /// Every client is a normal one: there are no replicas and no subscribers.
    IsNormal(bool),
    /// There is no other user than `default`.
    User,
    AgeSeconds(u64),
    IdleSeconds(u64),
    Flags(&'a [u8]),
    Name(&'a [u8]),
    Library(&'a [u8]),
    LibraryVersion(&'a [u8]),
    Db(u32),
    Capabilities(&'a [u8]),
}

/// The filters of one call.
#[derive(Default)]
pub struct Filter<'a> {
    /// The filters, each with whether it is turned round.
    tests: Vec<(bool, Test<'a>)>,
    /// SKIPME, where it was given.
    pub skips_me: Option<bool>,
}

/// What a filter needs to know of the server.
pub struct Limits {
    /// How many databases there are.
    pub databases: usize,
    /// What is wrong with an ID that is no number.
    pub bad_id: Error,
}

impl<'a> Filter<'a> {
    /// The filters in `args` from word `from` on.
    pub fn parse(args: &Args<'a>, from: usize, limits: &Limits) -> Result<Self, Error> {
        let mut filter = Filter::default();
        let mut at = from;
        while at < args.len() {
            at = filter.take(args, at, limits)?;
        }
        Ok(filter)
    }

    /// The one filter of the old form: an address.
    pub fn address(address: &'a [u8]) -> Self {
        Filter { tests: vec![(false, Test::Address(address))], skips_me: Some(false) }
    }

    /// Takes the filter at `at`; says where the next one is.
    fn take(&mut self, args: &Args<'a>, at: usize, limits: &Limits) -> Result<usize, Error> {
        let word = args.get(at).to_ascii_uppercase();
        let (name, negated) = match word.strip_prefix(b"NOT-") {
            Some(name) => (name, true),
            None => (&*word, false),
        };
        if name == b"ID" && at + 1 < args.len() {
            return self.take_ids(args, (at + 1, negated), limits);
        }
        if at + 1 >= args.len() {
            return Err(error::SYNTAX);
        }
        if name == b"SKIPME" && !negated {
            self.skips_me = Some(yes_or_no(args, at + 1)?);
        } else {
            let test = test(name, args, (at + 1, negated), limits)?;
            let kind = (negated, discriminant(&test));
            self.tests.retain(|(negated, other)| (*negated, discriminant(other)) != kind);
            self.tests.push((negated, test));
        }
        Ok(at + 2)
    }

    fn take_ids(
        &mut self,
        args: &Args<'a>,
        (from, negated): (usize, bool),
        limits: &Limits,
    ) -> Result<usize, Error> {
        let numbers = args.iter(from).map_while(parse_integer);
        let ids = numbers.map(|number| u64::try_from(number).ok().filter(|id| *id > 0));
        let ids: Option<Vec<u64>> = ids.collect();
        let ids = ids.ok_or(error::CLIENT_ID_TOO_SMALL)?;
        if ids.is_empty() {
            return Err(limits.bad_id.clone());
        }
        let next = from + ids.len();
        let earlier = self.tests.iter_mut().find_map(|(other, test)| match test {
            Test::Ids(earlier) if *other == negated => Some(earlier),
            _ => None,
        });
        match earlier {
            Some(earlier) => earlier.extend(ids),
            None => self.tests.push((negated, Test::Ids(ids))),
        }
        Ok(next)
    }

    /// Whether `client` passes every filter at `now_ms`.
    pub fn passes(&self, client: &Client, now_ms: u64) -> bool {
        self.tests.iter().all(|(negated, test)| test.fits(client, now_ms) != *negated)
    }
}

fn yes_or_no(args: &Args, at: usize) -> Result<bool, Error> {
    match () {
        () if args.is(at, "YES") => Ok(true),
        () if args.is(at, "NO") => Ok(false),
        () => Err(error::SYNTAX),
    }
}

/// The filter called `name` with the value at `at`.
fn test<'a>(
    name: &[u8],
    args: &Args<'a>,
    (at, negated): (usize, bool),
    limits: &Limits,
) -> Result<Test<'a>, Error> {
    let value = args.get(at);
    Ok(match name {
        b"ADDR" => Test::Address(value),
        b"LADDR" => Test::LocalAddress(value),
        b"IP" => Test::Ip(value),
        b"TYPE" => Test::IsNormal(is_normal(value)?),
        b"USER" if value == b"default" => Test::User,
        b"USER" => return Err(Error::client_filter("No such user", value)),
        b"MAXAGE" if !negated => Test::AgeSeconds(seconds("maxage", value)?),
        b"IDLE" if !negated => Test::IdleSeconds(seconds("idle", value)?),
        b"FLAGS" => Test::Flags(letters("flags", FLAG_LETTERS, (value, negated))?),
        b"NAME" => Test::Name(value),
        b"LIB-NAME" => Test::Library(value),
        b"LIB-VER" => Test::LibraryVersion(value),
        b"DB" => Test::Db(db(value, negated, limits.databases)?),
        b"CAPA" => Test::Capabilities(letters("capa", b"r", (value, negated))?),
        _ => return Err(error::SYNTAX),
    })
}

fn is_normal(value: &[u8]) -> Result<bool, Error> {
    let others = ["slave", "replica", "master", "primary", "pubsub"];
    if value.eq_ignore_ascii_case(b"normal") {
        return Ok(true);
    }
    match others.iter().any(|other| value.eq_ignore_ascii_case(other.as_bytes())) {
        true => Ok(false),
        false => Err(Error::client_filter("Unknown client type", value)),
    }
}

fn seconds(name: &str, value: &[u8]) -> Result<u64, Error> {
    let seconds = parse_integer(value).ok_or_else(|| Error::named_not_an_integer(name))?;
    u64::try_from(seconds).ok().filter(|s| *s > 0).ok_or_else(|| Error::not_positive(name))
}

fn letters<'a>(
    what: &str,
    known: &[u8],
    (value, negated): (&'a [u8], bool),
) -> Result<&'a [u8], Error> {
    if value.iter().all(|letter| known.contains(letter)) {
        return Ok(value);
    }
    let filter = if negated { format!("NOT-{}", what.to_uppercase()) } else { "provided".into() };
    Err(Error::unknown_letters(what, &filter, value))
}

fn db(value: &[u8], negated: bool, databases: usize) -> Result<u32, Error> {
    let name = if negated { "NOT-DB" } else { "DB" };
    let number = parse_integer(value).ok_or_else(|| Error::named_not_an_integer(name))?;
    let number = u32::try_from(number).ok().filter(|number| (*number as usize) < databases);
    number.ok_or_else(|| Error::db_filter(name, databases - 1))
}

impl Test<'_> {
    fn fits(&self, client: &Client, now_ms: u64) -> bool {
        match self {
            Test::Ids(ids) => ids.contains(&client.id),
            Test::Address(address) => client.address.as_bytes() == *address,
            Test::LocalAddress(address) => client.local_address.as_bytes() == *address,
            Test::Ip(ip) => ip_of(client).as_bytes() == *ip,
            Test::IsNormal(is_normal) => *is_normal,
            Test::User => true,
            Test::AgeSeconds(age) => now_ms.saturating_sub(client.created_ms) / 1000 >= *age,
            Test::IdleSeconds(idle) => client.idle_seconds(now_ms) >= *idle,
            Test::Flags(wanted) => {
                let flags = flags(client);
                wanted.iter().all(|letter| flags.as_bytes().contains(letter))
            }
            Test::Name(name) => client.named.lock().name == *name,
            Test::Library(name) => client.named.lock().library == *name,
            Test::LibraryVersion(version) => client.named.lock().library_version == *version,
            Test::Db(db) => client.figures.db.load(Ordering::Relaxed) == *db,
            Test::Capabilities(wanted) => {
                wanted.is_empty() || client.figures.redirects.load(Ordering::Relaxed)
            }
        }
    }
}

/// The address without its port, and without the brackets of IPv6. A Unix socket has none.
fn ip_of(client: &Client) -> &str {
    if client.is_unix {
        return "";
    }
    let ip = client.address.rsplit_once(':').map_or("", |(ip, _)| ip);
    ip.trim_start_matches('[').trim_end_matches(']')
}
