//! Places of members: GEOADD, GEOPOS, GEODIST, GEOHASH.

use super::{position, unit, write_distance, write_position};
use crate::command::{Args, Command, Outcome, error};
use crate::commands::sorted_sets::value;
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::geo::Position;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[GEOADD, GEOPOS, GEODIST, GEOHASH];

const GEOADD: Command = Command::write(
    "GEOADD key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]",
    geoadd,
)
.since("3.2.0")
.grows()
.costs("O(log(N)) for each member, N being the size of the set.")
.keys(&["RW update"])
.about("Adds members with their places to a sorted set, or moves them.");

fn geoadd(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let mut first = 2;
    let (mut only_new, mut only_old, mut counts_changed) = (false, false, false);
    while first < args.len() {
        match args.get(first).to_ascii_uppercase().as_slice() {
            b"NX" => only_new = true,
            b"XX" => only_old = true,
            b"CH" => counts_changed = true,
            _ => break,
        }
        first += 1;
    }
    let words = args.len() - first;
    if words == 0 || !words.is_multiple_of(3) || (only_new && only_old) {
        return Err(error::SYNTAX);
    }
    // Nothing is changed unless every place is one.
    for at in (first..args.len()).step_by(3) {
        position(args, at)?;
    }
    let (mut added, mut moved) = (0, 0);
    for at in (first..args.len()).step_by(3) {
        let score = position(args, at)?.score() as f64;
        value::update(db, args.get(1), args.get(at + 2), |old| match old {
            None if only_old => None,
            None => {
                added += 1;
                Some(score)
            }
            Some(old) if only_new || old == score => None,
            Some(_) => {
                moved += 1;
                Some(score)
            }
        })?;
    }
    if added + moved > 0 {
        db.changed(Class::SortedSet, "zadd", args.get(1));
    }
    reply.integer(if counts_changed { added + moved } else { added });
    Ok(())
}

const GEOPOS: Command = Command::read("GEOPOS key [member [member ...]]", geopos)
    .since("3.2.0")
    .costs("O(1) for each member.")
    .about("Longitude and latitude of members; null for those that are not there.");

fn geopos(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let set = value::find(db, args.get(1))?;
    reply.array(args.len() - 2);
    for member in args.iter(2) {
        match set.score(member) {
            None => reply.null_array(),
            Some(score) => write_position(Position::from_score(score), reply),
        }
    }
    Ok(())
}

const GEODIST: Command = Command::read("GEODIST key member1 member2 [M | KM | FT | MI]", geodist)
    .since("3.2.0")
    .about("The distance between two members, in metres or another unit.");

fn geodist(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let metres = match args.len() {
        4 => 1.0,
        5 => unit(args, 4)?,
        _ => return Err(error::SYNTAX),
    };
    let set = value::find(db, args.get(1))?;
    match (set.score(args.get(2)), set.score(args.get(3))) {
        (Some(one), Some(other)) => {
            let distance = Position::from_score(one).distance_m(Position::from_score(other));
            write_distance(distance / metres, reply);
        }
        _ => reply.null(),
    }
    Ok(())
}

const GEOHASH: Command = Command::read("GEOHASH key [member [member ...]]", geohash)
    .since("3.2.0")
    .costs("O(1) for each member.")
    .about("The geohashes of members, eleven letters each; null for those that are not there.");

fn geohash(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    let set = value::find(db, args.get(1))?;
    reply.array(args.len() - 2);
    for member in args.iter(2) {
        match set.score(member) {
            None => reply.null(),
            Some(score) => reply.bulk(&Position::from_score(score).geohash()),
        }
    }
    Ok(())
}
