//! Geo: members of a sorted set as places on the earth.
//!
//! A place is a score, so that every command on sorted sets works on places too. The scores, the
//! distances and the cells that a search looks into are `types::geo`; sets are found and changed
//! through `sorted_sets::value`.
//!
//! - `place`: GEOADD, GEOPOS, GEODIST, GEOHASH
//! - `search`: GEOSEARCH, GEOSEARCHSTORE, GEORADIUS, GEORADIUSBYMEMBER and their `_RO` forms:
//!   from the words to the reply
//! - `query`: the words of a search
//! - `journal`: tests of what the journal gets
//!
//! Source: https://redis.io/docs/latest/commands/?group=geo

#[cfg(test)]
mod journal;
mod place;
mod query;
mod search;

use crate::command::error::geo as errors;
use crate::command::{Args, Error, Group};
use crate::protocol::Reply;
use crate::types::geo::Position;

/// The group `geo`.
pub const GROUP: Group =
    Group { name: "geo", category: Some("geo"), commands: &[place::COMMANDS, search::COMMANDS] };

/// Longitude and latitude, from the word at `at` on.
fn position(args: &Args, at: usize) -> Result<Position, Error> {
    let place = Position { longitude: args.float(at)?, latitude: args.float(at + 1)? };
    if place.is_on_the_map() {
        return Ok(place);
    }
    Err(Error::not_on_the_map(place.longitude, place.latitude))
}

/// How many metres the unit at `at` has.
fn unit(args: &Args, at: usize) -> Result<f64, Error> {
    let units = [("M", 1.0), ("KM", 1000.0), ("FT", 0.3048), ("MI", 1609.34)];
    let found = units.iter().find(|(name, _)| args.is(at, name));
    found.map(|(_, metres)| *metres).ok_or(errors::UNIT)
}

/// Answers with longitude and latitude.
fn write_position(place: Position, reply: &mut Reply) {
    reply.array(2);
    reply.double(place.longitude);
    reply.double(place.latitude);
}

/// Answers with a distance: four digits behind the point, a string in either protocol.
fn write_distance(distance: f64, reply: &mut Reply) {
    let scaled = (distance * 10_000.0).round_ties_even() as u64;
    reply.bulk(format!("{}.{:04}", scaled / 10_000, scaled % 10_000).as_bytes());
}
