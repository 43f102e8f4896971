//! Searches: the members of a sorted set that lie in an area of the map.

use super::query::{self, Form, Order, Query};
use super::{write_distance, write_position};
use crate::command::{Args, Command, Error, Outcome};
use crate::commands::sorted_sets::value;
use crate::protocol::Reply;
use crate::store::Db;
use crate::types::geo::Position;
use crate::types::sorted_set::bounds::ScoreRange;
use crate::types::sorted_set::{Direction, SortedSet, View};

/// The commands of this file.
pub const COMMANDS: &[Command] =
    &[GEOSEARCH, GEOSEARCHSTORE, GEORADIUS, GEORADIUS_RO, GEORADIUSBYMEMBER, GEORADIUSBYMEMBER_RO];

const COST: &str = "O(N+log(M)) where N is the number of members in the cells around the area and \
                    M the size of the set.";

const GEOSEARCH: Command = Command::read(
    "GEOSEARCH key <<FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius \
     <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> | BYPOLYGON num-vertices \
     longitude latitude longitude latitude longitude latitude [longitude latitude ...]> \
     [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
    geosearch,
)
.since("6.2.0")
.costs(COST)
.about("The members that lie in a circle, a box or a polygon.");

fn geosearch(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer(db, args, Form::Search, reply)
}

const GEOSEARCHSTORE: Command = Command::write(
    "GEOSEARCHSTORE destination source <<FROMMEMBER member | FROMLONLAT longitude latitude> \
     <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>> | BYPOLYGON \
     num-vertices longitude latitude longitude latitude longitude latitude \
     [longitude latitude ...]> [ASC | DESC] [COUNT count [ANY]] [STOREDIST]",
    geosearchstore,
)
.since("6.2.0")
.grows()
.costs(COST)
.keys(&["OW update", "RO access"])
.about("Stores the members that lie in a circle, a box or a polygon; answers how many they are.");

fn geosearchstore(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer_or_store(db, args, Form::SearchStore, reply)
}

const GEORADIUS: Command = Command::write(
    "GEORADIUS key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] \
     [COUNT count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]",
    georadius,
)
.since("3.2.0")
.grows()
.costs(COST)
.keys(&["RO access", "OW update", "OW update"])
.replaced_by("6.2.0", "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")
.about("The members within a distance of a place; stores them where it is told to.");

fn georadius(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer_or_store(db, args, Form::Radius, reply)
}

const GEORADIUS_RO: Command = Command::read(
    "GEORADIUS_RO key longitude latitude radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] \
     [WITHHASH] [COUNT count [ANY]] [ASC | DESC]",
    georadius_ro,
)
.since("3.2.10")
.costs(COST)
.replaced_by("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")
.about("The members within a distance of a place.");

fn georadius_ro(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer(db, args, Form::RadiusRead, reply)
}

const GEORADIUSBYMEMBER: Command = Command::write(
    "GEORADIUSBYMEMBER key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] \
     [COUNT count [ANY]] [ASC | DESC] [STORE key | STOREDIST key]",
    georadiusbymember,
)
.since("3.2.0")
.grows()
.costs(COST)
.keys(&["RO access", "OW update", "OW update"])
.replaced_by(
    "6.2.0",
    "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
)
.about("The members within a distance of another; stores them where it is told to.");

fn georadiusbymember(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer_or_store(db, args, Form::Member, reply)
}

const GEORADIUSBYMEMBER_RO: Command = Command::read(
    "GEORADIUSBYMEMBER_RO key member radius <M | KM | FT | MI> [WITHCOORD] [WITHDIST] [WITHHASH] \
     [COUNT count [ANY]] [ASC | DESC]",
    georadiusbymember_ro,
)
.since("3.2.10")
.costs(COST)
.replaced_by("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")
.about("The members within a distance of another.");

fn georadiusbymember_ro(db: &Db, args: &Args, reply: &mut Reply) -> Outcome {
    answer(db, args, Form::MemberRead, reply)
}

/// A member that lies in the area.
struct Found<'a> {
    member: &'a [u8],
    score: f64,
    place: Position,
    distance_m: f64,
}

fn answer(db: &Db, args: &Args, form: Form, reply: &mut Reply) -> Outcome {
    let (query, found) = search(db, args, form)?;
    write(&query, &found, reply);
    Ok(())
}

fn answer_or_store(db: &mut Db, args: &Args, form: Form, reply: &mut Reply) -> Outcome {
    let (query, found) = search(db, args, form)?;
    let Some((destination, by_distance)) = query.store else {
        write(&query, &found, reply);
        return Ok(());
    };
    let mut set = SortedSet::new();
    for Found { member, score, distance_m, .. } in found {
        let score = if by_distance { distance_m / query.unit_m } else { score };
        set.update(member, |_| Some(score));
    }
    let event = if form == Form::SearchStore { "geosearchstore" } else { "georadiusstore" };
    let count = value::store(db, args.get(destination), set, event);
    reply.integer(count as i64);
    Ok(())
}

/// Reads a search and looks for what it asks for.
fn search<'d>(db: &'d Db, args: &Args, form: Form) -> Result<(Query, Vec<Found<'d>>), Error> {
    let record = db.find(args.get(form.source()));
    let set = record.map(|record| value::view(&record)).transpose()?;
    let query = query::read(form, args, set)?;
    let mut found = set.map_or(Vec::new(), |set| find(&query, set));
    sort(&query, &mut found);
    Ok((query, found))
}

/// The members in the area, cell by cell.
fn find<'d>(query: &Query, set: View<'d>) -> Vec<Found<'d>> {
    let Some(area) = &query.area else { return Vec::new() };
    let most = query.count.filter(|_| query.any).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for scores in area.scores() {
        let (min, max) = (scores.start as f64, scores.end as f64);
        let range = ScoreRange { leaves_out_max: true, ..ScoreRange::closed(min, max) };
        for (member, score) in set.walk(set.score_ranks(&range), Direction::Up) {
            let place = Position::from_score(score);
            if let Some(distance_m) = area.distance_m(place) {
                found.push(Found { member, score, place, distance_m });
            }
            if found.len() >= most {
                return found;
            }
        }
    }
    found
}

/// Puts the members in the order that was asked for, and leaves out those beyond the count.
fn sort(query: &Query, found: &mut Vec<Found<'_>>) {
    let most = query.count.unwrap_or(usize::MAX);
    let compare = |one: &Found<'_>, other: &Found<'_>| {
        let nearer = one.distance_m.total_cmp(&other.distance_m);
        if query.order == Order::FarthestFirst { nearer.reverse() } else { nearer }
    };
    if query.order == Order::AsFound {
        found.truncate(most);
        return;
    }
    if most < found.len() {
        found.select_nth_unstable_by(most, compare);
        found.truncate(most);
    }
    found.sort_by(compare);
}

fn write(query: &Query, found: &[Found<'_>], reply: &mut Reply) {
    let options = [query.with_distance, query.with_hash, query.with_position];
    let more = options.into_iter().filter(|is_asked| *is_asked).count();
    reply.array(found.len());
    for Found { member, score, place, distance_m } in found {
        if more > 0 {
            reply.array(1 + more);
        }
        reply.bulk(member);
        if query.with_distance {
            write_distance(distance_m / query.unit_m, reply);
        }
        if query.with_hash {
            reply.integer(*score as i64);
        }
        if query.with_position {
            write_position(*place, reply);
        }
    }
}
