//! Places on the earth as numbers, and which numbers lie near a place.
//!
//! Longitude and latitude are each cut into 2^26 steps; the bits of the two take turns, longitude
//! first. So a prefix of the bits names a cell of the map, all places of a cell are neighbours as
//! numbers, and a sorted set finds them by a range of scores:
//!
//! ```text
//!      latitude                    a search looks into the cell of its centre and the eight
//!       ┌────┬────┐                around it, at a size of cell that covers its shape:
//!       │ 01 │ 11 │                  ┌──┬──┬──┐
//!       ├────┼────┤                  │NW│N │NE│   cells that the shape does not reach
//!       │ 00 │ 10 │                  ├──┼──┼──┤   are left out
//!       └────┴────┘ longitude        │W │ ×│E │
//! ```
//! The map is Mercator's, so it ends at 85 degrees of latitude; a number goes round the date line
//! to the cell on the other side. Every step of the arithmetic is Redis's: the same scores, the
//! same distances, the same order of cells.
//! Source: https://redis.io/docs/latest/commands/geoadd/ and
//! https://redis.io/docs/latest/commands/geosearch/

use std::ops::Range;

/// The largest longitude; the smallest is its negative.
const MOST_LONGITUDE: f64 = 180.0;
/// The largest latitude of the map, by EPSG:900913.
const MOST_LATITUDE: f64 = 85.051_128_78;
/// Steps of the finest cells, as a power of two.
const FINEST: u32 = 26;
/// The earth's quadratic mean radius by WGS-84.
const EARTH_RADIUS_M: f64 = 6_372_797.560_856;
/// Half the width of the map.
const MERCATOR_MOST_M: f64 = 20_037_726.37;

/// A place on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// East of Greenwich.
    pub longitude: f64,
    /// North of the equator.
    pub latitude: f64,
}

impl Position {
    /// Whether it lies on the map.
    pub fn is_on_the_map(self) -> bool {
        self.longitude.abs() <= MOST_LONGITUDE && self.latitude.abs() <= MOST_LATITUDE
    }

    /// Its number: the finest cell, in 52 bits.
    pub fn score(self) -> u64 {
        Cell::around(self, FINEST, MOST_LATITUDE).bits
    }

    /// The middle of the finest cell with this number.
    pub fn from_score(score: f64) -> Position {
        Cell { bits: bits_of(score), steps: FINEST }.middle()
    }

    /// Metres along the surface to another place.
    pub fn distance_m(self, other: Position) -> f64 {
        let half_width =
            (other.longitude.to_radians_as_c() - self.longitude.to_radians_as_c()) / 2.0;
        let v = half_width.sin();
        if v == 0.0 {
            return latitude_distance_m(self.latitude, other.latitude);
        }
        let (here, there) = (self.latitude.to_radians_as_c(), other.latitude.to_radians_as_c());
        let u = ((there - here) / 2.0).sin();
        let a = u * u + here.cos() * there.cos() * v * v;
        2.0 * EARTH_RADIUS_M * a.sqrt().asin()
    }

    /// The eleven letters of its geohash. The last has only two bits and is always 0.
    pub fn geohash(self) -> [u8; 11] {
        const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        // Geohashes cut latitudes up to the pole, not to the end of Mercator's map.
        let bits = Cell::around(self, FINEST, 90.0).bits;
        let mut letters = [b'0'; 11];
        for (at, letter) in letters[..10].iter_mut().enumerate() {
            *letter = LETTERS[(bits >> (47 - at * 5) & 31) as usize];
        }
        letters
    }
}

/// Metres between two latitudes.
fn latitude_distance_m(one: f64, other: f64) -> f64 {
    EARTH_RADIUS_M * (other.to_radians_as_c() - one.to_radians_as_c()).abs()
}

/// Degrees and radians, by the factor that Redis multiplies and divides with: the last bit of a
/// distance depends on it.
trait Degrees {
    fn to_radians_as_c(self) -> f64;
    fn to_degrees_as_c(self) -> f64;
}

const DEGREE: f64 = std::f64::consts::PI / 180.0;

impl Degrees for f64 {
    fn to_radians_as_c(self) -> f64 {
        self * DEGREE
    }

    fn to_degrees_as_c(self) -> f64 {
        self / DEGREE
    }
}

/// The bits that a score stands for. Any score can be in a sorted set: those that are no place are
/// read as Redis's machine code reads them.
fn bits_of(score: f64) -> u64 {
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    match score {
        score if score < 0.0 => score as i64 as u64,
        score if score < BEYOND => score as u64,
        _ => 0,
    }
}

/// A cell of the map: the upper bits of the numbers of its places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    /// Bits of longitude and latitude by turns, `steps` of each.
    bits: u64,
    steps: u32,
}

/// The two ends of something that is measured in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    min: f64,
    max: f64,
}

impl Cell {
    /// The cell of a place, on a map that ends at `most_latitude`.
    fn around(place: Position, steps: u32, most_latitude: f64) -> Cell {
        let offset = |degrees: f64, most: f64| {
            let share = (degrees + most) / (most + most);
            (share * (1u64 << steps) as f64) as u32
        };
        let longitude = offset(place.longitude, MOST_LONGITUDE);
        let latitude = offset(place.latitude, most_latitude);
        Cell { bits: spread(longitude) << 1 | spread(latitude), steps }
    }

    fn longitude_steps(self) -> u32 {
        gather(self.bits >> 1)
    }

    fn latitude_steps(self) -> u32 {
        gather(self.bits)
    }

    fn longitudes(self) -> Span {
        self.span(self.longitude_steps(), MOST_LONGITUDE)
    }

    fn latitudes(self) -> Span {
        self.span(self.latitude_steps(), MOST_LATITUDE)
    }

    fn span(self, steps: u32, most: f64) -> Span {
        let all = (1u64 << self.steps) as f64;
        let degrees = |steps: u32| -most + f64::from(steps) / all * (most + most);
        Span { min: degrees(steps), max: degrees(steps.wrapping_add(1)) }
    }

    fn middle(self) -> Position {
        let middle = |span: Span, most: f64| ((span.min + span.max) / 2.0).clamp(-most, most);
        Position {
            longitude: middle(self.longitudes(), MOST_LONGITUDE),
            latitude: middle(self.latitudes(), MOST_LATITUDE),
        }
    }

    /// The cell so many steps to the east and to the north; beyond the map's end its other side.
    fn moved(self, east: i32, north: i32) -> Cell {
        let mask = (1u32 << self.steps) - 1;
        let step = |steps: u32, by: i32| match by {
            0 => steps,
            _ => steps.wrapping_add_signed(by) & mask,
        };
        let longitude = step(self.longitude_steps(), east);
        let latitude = step(self.latitude_steps(), north);
        Cell { bits: spread(longitude) << 1 | spread(latitude), ..self }
    }

    /// The numbers of the places in it.
    fn scores(self) -> Range<u64> {
        let shift = (FINEST - self.steps) * 2;
        self.bits << shift..(self.bits + 1) << shift
    }
}

/// Puts a zero before each bit.
fn spread(bits: u32) -> u64 {
    let mut spread = u64::from(bits);
    for (shift, mask) in SHUFFLE.iter().rev() {
        spread = (spread | spread << shift) & mask;
    }
    spread
}

/// Takes every other bit, from the lowest on.
fn gather(bits: u64) -> u32 {
    let mut gathered = bits & 0x5555_5555_5555_5555;
    for (step, (shift, _)) in SHUFFLE.iter().enumerate() {
        let mask = SHUFFLE.get(step + 1).map_or(0xFFFF_FFFF, |(_, mask)| *mask);
        gathered = (gathered | gathered >> shift) & mask;
    }
    gathered as u32
}

/// The steps between bits one after the other and bits with zeros between them.
const SHUFFLE: [(u32, u64); 5] = [
    (1, 0x5555_5555_5555_5555),
    (2, 0x3333_3333_3333_3333),
    (4, 0x0F0F_0F0F_0F0F_0F0F),
    (8, 0x00FF_00FF_00FF_00FF),
    (16, 0x0000_FFFF_0000_FFFF),
];

/// What a search asks for, in metres.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// All within this distance of the centre.
    Circle(f64),
    /// All within a box around the centre, so wide and so high.
    Box(f64, f64),
    /// All inside the lines between these corners; the centre is their mean.
    Polygon(Vec<Position>),
}

/// A search: a shape and its centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    centre: Position,
    shape: Shape,
}

impl Area {
    /// A shape around a place; a polygon brings its own centre.
    pub fn new(centre: Position, shape: Shape) -> Area {
        let centre = match &shape {
            Shape::Polygon(corners) => mean(corners),
            _ => centre,
        };
        Area { centre, shape }
    }

    /// How far a place is from the centre, in metres, if it lies in the area.
    pub fn distance_m(&self, place: Position) -> Option<f64> {
        match &self.shape {
            Shape::Circle(radius) => {
                Some(self.centre.distance_m(place)).filter(|distance| distance <= radius)
            }
            Shape::Box(width, height) => {
                let north = latitude_distance_m(place.latitude, self.centre.latitude);
                let beside = Position { longitude: self.centre.longitude, ..place };
                let is_inside = north <= height / 2.0 && place.distance_m(beside) <= width / 2.0;
                is_inside.then(|| self.centre.distance_m(place))
            }
            Shape::Polygon(corners) => {
                is_inside(corners, place).then(|| self.centre.distance_m(place))
            }
        }
    }

    /// Ranges of numbers that hold all places of the area, the centre's first; none twice.
    pub fn scores(&self) -> Vec<Range<u64>> {
        let (longitudes, latitudes) = self.bounds();
        let mut steps = steps_for(self.reach_m(&longitudes, &latitudes), self.centre.latitude);
        let mut cell = Cell::around(self.centre, steps, MOST_LATITUDE);
        let is_too_fine = cell.moved(0, 1).latitudes().max < latitudes.max
            || cell.moved(0, -1).latitudes().min > latitudes.min
            || cell.moved(1, 0).longitudes().max < longitudes.max
            || cell.moved(-1, 0).longitudes().min > longitudes.min;
        if steps > 1 && is_too_fine {
            steps -= 1;
            cell = Cell::around(self.centre, steps, MOST_LATITUDE);
        }
        let (east_west, north_south) = (cell.longitudes(), cell.latitudes());
        // The coarsest cells go round the earth: each may be on any side.
        let all = steps < 2;
        let reaches = |east: i32, north: i32| {
            all || !((north < 0 && north_south.min < latitudes.min)
                || (north > 0 && north_south.max > latitudes.max)
                || (east < 0 && east_west.min < longitudes.min)
                || (east > 0 && east_west.max > longitudes.max))
        };
        let mut cells: Vec<Cell> = Vec::with_capacity(NEIGHBOURS.len());
        for (east, north) in NEIGHBOURS {
            let neighbour = cell.moved(east, north);
            if reaches(east, north) && !cells.contains(&neighbour) {
                cells.push(neighbour);
            }
        }
        cells.into_iter().map(Cell::scores).collect()
    }

    /// The box of degrees around the area.
    fn bounds(&self) -> (Span, Span) {
        let (half_width, half_height) = match &self.shape {
            Shape::Circle(radius) => (*radius, *radius),
            Shape::Box(width, height) => (width / 2.0, height / 2.0),
            Shape::Polygon(corners) => return bounds(corners),
        };
        let Position { longitude, latitude } = self.centre;
        let north = (half_height / EARTH_RADIUS_M).to_degrees_as_c();
        // Meridians are nearer to each other at the end that is nearer to a pole.
        let far = if latitude < 0.0 { latitude - north } else { latitude + north };
        let circle = half_width / EARTH_RADIUS_M / far.to_radians_as_c().cos();
        let east = circle.to_degrees_as_c();
        (
            Span { min: longitude - east, max: longitude + east },
            Span { min: latitude - north, max: latitude + north },
        )
    }

    /// Metres from the centre to the farthest corner.
    fn reach_m(&self, longitudes: &Span, latitudes: &Span) -> f64 {
        match &self.shape {
            Shape::Circle(radius) => *radius,
            Shape::Box(width, height) => {
                let (width, height) = (width / 2.0, height / 2.0);
                (width * width + height * height).sqrt()
            }
            Shape::Polygon(_) => [longitudes.min, longitudes.max]
                .into_iter()
                .flat_map(|longitude| {
                    [latitudes.min, latitudes.max].map(|latitude| Position { longitude, latitude })
                })
                .map(|corner| self.centre.distance_m(corner))
                .fold(0.0, f64::max),
        }
    }
}

/// Steps to the cells that a search looks into, in Redis's order: it is that of an unsorted reply.
const NEIGHBOURS: [(i32, i32); 9] =
    [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

/// How fine the cells may be, so that nine of them cover a circle.
fn steps_for(radius_m: f64, latitude: f64) -> u32 {
    if radius_m == 0.0 {
        return FINEST;
    }
    let (mut radius, mut steps) = (radius_m, 1);
    while radius < MERCATOR_MOST_M {
        radius *= 2.0;
        steps += 1;
    }
    steps -= 2;
    // Towards the poles a cell covers less of the ground.
    steps -= i32::from(latitude.abs() > 66.0) + i32::from(latitude.abs() > 80.0);
    steps.clamp(1, FINEST as i32) as u32
}

/// The box of degrees around some places.
fn bounds(places: &[Position]) -> (Span, Span) {
    let span = |most: f64, of: fn(&Position) -> f64| Span {
        min: places.iter().map(of).fold(most, f64::min),
        max: places.iter().map(of).fold(-most, f64::max),
    };
    let longitudes = span(MOST_LONGITUDE, |place| place.longitude);
    (longitudes, span(MOST_LATITUDE, |place| place.latitude))
}

/// The place below the mean of some places, which lies inside the earth.
fn mean(places: &[Position]) -> Position {
    let (mut x, mut y, mut z) = (0.0, 0.0, 0.0);
    for place in places {
        let longitude = place.longitude.to_radians_as_c();
        let latitude = place.latitude.to_radians_as_c();
        x += latitude.cos() * longitude.cos();
        y += latitude.cos() * longitude.sin();
        z += latitude.sin();
    }
    Position {
        longitude: y.atan2(x).to_degrees_as_c(),
        latitude: z.atan2((x * x + y * y).sqrt()).to_degrees_as_c(),
    }
}

/// Whether a place lies inside a polygon: a ray from it to the east crosses an odd number of sides.
fn is_inside(corners: &[Position], place: Position) -> bool {
    let mut is_inside = false;
    let Some(mut before) = corners.last() else { return false };
    for corner in corners {
        let is_above = |end: &Position| end.latitude > place.latitude;
        if is_above(corner) != is_above(before) {
            let (width, height) =
                (before.longitude - corner.longitude, before.latitude - corner.latitude);
            let crossing = width * (place.latitude - corner.latitude) / height + corner.longitude;
            is_inside ^= place.longitude < crossing;
        }
        before = corner;
    }
    is_inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PALERMO: Position = Position { longitude: 13.361389, latitude: 38.115556 };
    const CATANIA: Position = Position { longitude: 15.087269, latitude: 37.502669 };

    #[test]
    fn scores_are_those_of_the_documentation() {
        assert_eq!(PALERMO.score(), 3_479_099_956_230_698);
        assert_eq!(CATANIA.score(), 3_479_447_370_796_909);
        let read = Position::from_score(PALERMO.score() as f64);
        assert_eq!(read.longitude, 13.361_389_338_970_184);
        assert_eq!(read.latitude, 38.115_556_395_496_3);
    }

    #[test]
    fn geohashes_are_those_of_the_documentation() {
        let geohash = |place: Position| Position::from_score(place.score() as f64).geohash();
        assert_eq!(&geohash(PALERMO), b"sqc8b49rny0");
        assert_eq!(&geohash(CATANIA), b"sqdtr74hyu0");
    }

    #[test]
    fn distances_are_those_of_the_documentation() {
        let read = |place: Position| Position::from_score(place.score() as f64);
        let distance = read(PALERMO).distance_m(read(CATANIA));
        assert_eq!((distance * 10_000.0).round(), 1_662_741_516.0);
        assert_eq!(read(PALERMO).distance_m(read(PALERMO)), 0.0);
    }

    #[test]
    fn scores_that_are_no_places_are_places_on_the_map() {
        for score in [-1.0, 1e300, -1e300, f64::INFINITY, 1e19, 0.5, (1u64 << 53) as f64] {
            assert!(Position::from_score(score).is_on_the_map(), "{score}");
        }
    }

    #[test]
    fn the_ends_of_the_map_have_neighbours_on_the_other_side() {
        let cell = Cell::around(Position { longitude: 179.9, latitude: 0.1 }, 10, MOST_LATITUDE);
        let east = cell.moved(1, 0);
        assert_eq!((east.longitude_steps(), east.latitude_steps()), (0, cell.latitude_steps()));
        assert_eq!(east.moved(-1, 0), cell);
    }

    #[test]
    fn a_polygon_holds_what_is_inside_its_lines() {
        let corner = |longitude, latitude| Position { longitude, latitude };
        let corners = [corner(0.0, 0.0), corner(10.0, 0.0), corner(10.0, 10.0), corner(5.0, 2.0)];
        assert!(is_inside(&corners, corner(9.0, 5.0)));
        assert!(!is_inside(&corners, corner(5.0, 5.0)));
        assert!(!is_inside(&corners, corner(11.0, 5.0)));
    }

    fn place() -> impl Strategy<Value = Position> {
        let anywhere = (-180.0..180.0f64, -85.05..85.05f64);
        anywhere.prop_map(|(longitude, latitude)| Position { longitude, latitude })
    }

    fn shape() -> impl Strategy<Value = Shape> {
        let size = || prop_oneof![0.0..1000.0f64, 0.0..1e6f64];
        prop_oneof![
            size().prop_map(Shape::Circle),
            (size(), size()).prop_map(|(width, height)| Shape::Box(width, height)),
        ]
    }

    proptest! {
        #[test]
        fn bits_are_spread_and_gathered(bits in any::<u32>()) {
            let expected: u64 = (0..32).map(|at| u64::from(bits >> at & 1) << (at * 2)).sum();
            prop_assert_eq!(spread(bits), expected);
            prop_assert_eq!(gather(expected), bits);
            prop_assert_eq!(gather(expected << 1), 0);
        }

        #[test]
        fn a_place_comes_back_within_a_metre(place in place()) {
            let back = Position::from_score(place.score() as f64);
            prop_assert!(place.distance_m(back) < 1.0);
        }

        #[test]
        fn the_cells_of_an_area_hold_all_its_places(
            // Beyond 75 degrees Redis's box of degrees is too narrow, and so is this one.
            centre in place().prop_filter("no pole", |place| place.latitude.abs() < 75.0),
            shape in shape(),
            offset in (-10.0..10.0f64, -10.0..10.0f64),
        ) {
            let area = Area::new(centre, shape);
            // The map's very end leaves the 52 bits of a score, as in Redis, and so every cell.
            let near = Position {
                longitude: (centre.longitude + offset.0).clamp(-180.0, 179.999),
                latitude: (centre.latitude + offset.1).clamp(-85.0, 85.0),
            };
            for place in [near, centre] {
                let found = Position::from_score(place.score() as f64);
                if area.distance_m(found).is_some() {
                    let score = place.score();
                    prop_assert!(area.scores().iter().any(|range| range.contains(&score)));
                }
            }
        }

        #[test]
        fn no_area_is_searched_twice(centre in place(), shape in shape(), factor in 1.0..100.0f64) {
            let shape = match shape {
                Shape::Circle(radius) => Shape::Circle(radius * factor),
                other => other,
            };
            let mut ranges = Area::new(centre, shape).scores();
            ranges.sort_by_key(|range| range.start);
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
}
