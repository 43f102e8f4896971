//! The words of a search, from either family of commands.
//!
//! ```text
//! GEORADIUS key longitude latitude    radius unit  ┐
//! GEORADIUSBYMEMBER key member        radius unit  │ options, in any order
//! GEOSEARCH key                                    │ (GEOSEARCH has centre and shape among them)
//! GEOSEARCHSTORE destination source                ┘
//! ```
//! The set is looked up first: a centre that is one of its members is read while the words are.

use super::{position, unit};
use crate::command::error::geo as errors;
use crate::command::{Args, Error, error};
use crate::types::geo::{Area, Position, Shape};
use crate::types::number::parse_integer;
use crate::types::sorted_set::View;

/// The commands that search.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// GEORADIUS
    Radius,
    /// GEORADIUS_RO
    RadiusRead,
    /// GEORADIUSBYMEMBER
    Member,
    /// GEORADIUSBYMEMBER_RO
    MemberRead,
    /// GEOSEARCH
    Search,
    /// GEOSEARCHSTORE
    SearchStore,
}

impl Form {
    /// Where the key of the set stands.
    pub fn source(self) -> usize {
        if self == Form::SearchStore { 2 } else { 1 }
    }

    fn is_search(self) -> bool {
        matches!(self, Form::Search | Form::SearchStore)
    }

    fn may_store(self) -> bool {
        matches!(self, Form::Radius | Form::Member)
    }

    /// Where the options begin.
    fn options(self) -> usize {
        match self {
            Form::Radius | Form::RadiusRead => 6,
            Form::Member | Form::MemberRead => 5,
            Form::Search => 2,
            Form::SearchStore => 3,
        }
    }
}

/// How a reply is ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As the members were found.
    AsFound,
    /// The nearest first.
    NearestFirst,
    /// The farthest first.
    FarthestFirst,
}

/// A search.
pub struct Query {
    /// Where to look; none where there is no set, and so no centre perhaps.
    pub area: Option<Area>,
    /// How many metres the unit of the reply has.
    pub unit_m: f64,
    /// The order.
    pub order: Order,
    /// The most members of the reply.
    pub count: Option<usize>,
    /// Whether the first that are found will do.
    pub any: bool,
    /// Distances in the reply.
    pub with_distance: bool,
    /// Scores in the reply.
    pub with_hash: bool,
    /// Positions in the reply.
    pub with_position: bool,
    /// Where the place of the key to store at is, and whether distances are stored.
    pub store: Option<(usize, bool)>,
}

/// Reads the words of a search in `set`, if there is one.
pub fn read(form: Form, args: &Args, set: Option<View<'_>>) -> Result<Query, Error> {
    let mut reader = Reader {
        form,
        args,
        set,
        centre: None,
        shape: None,
        query: Query {
            area: None,
            unit_m: 1.0,
            order: Order::AsFound,
            count: None,
            any: false,
            with_distance: false,
            with_hash: false,
            with_position: false,
            store: (form == Form::SearchStore).then_some((1, false)),
        },
    };
    reader.read_fixed()?;
    let mut at = form.options();
    while at < args.len() {
        at += reader.read_option(at)?;
    }
    reader.finish()
}

struct Reader<'a, 'q> {
    form: Form,
    args: &'q Args<'a>,
    set: Option<View<'q>>,
    centre: Option<Centre>,
    shape: Option<Shape>,
    query: Query,
}

/// Around what a search is.
#[derive(Clone, Copy, PartialEq)]
enum Centre {
    /// A member; at a place if there is a set.
    Member(Option<Position>),
    Place(Position),
}

impl Reader<'_, '_> {
    /// Reads what stands before the options.
    fn read_fixed(&mut self) -> Result<(), Error> {
        match self.form {
            Form::Radius | Form::RadiusRead => {
                self.centre = Some(Centre::Place(position(self.args, 2)?));
                self.read_radius(4)
            }
            // Redis reads no radius where there is no set to search.
            Form::Member | Form::MemberRead if self.set.is_none() => Ok(()),
            Form::Member | Form::MemberRead => {
                self.read_member(2)?;
                self.read_radius(3)
            }
            Form::Search | Form::SearchStore => Ok(()),
        }
    }

    fn read_member(&mut self, at: usize) -> Result<(), Error> {
        let place = match self.set {
            None => None,
            Some(set) => {
                let score = set.score(self.args.get(at)).ok_or(errors::NO_SUCH_MEMBER)?;
                Some(Position::from_score(score))
            }
        };
        self.centre = Some(Centre::Member(place));
        Ok(())
    }

    fn read_radius(&mut self, at: usize) -> Result<(), Error> {
        let radius = self.args.float(at).map_err(|_| errors::RADIUS_NOT_A_NUMBER)?;
        if radius < 0.0 {
            return Err(errors::NEGATIVE_RADIUS);
        }
        self.query.unit_m = unit(self.args, at + 1)?;
        self.shape = Some(Shape::Circle(radius * self.query.unit_m));
        Ok(())
    }

    fn read_box(&mut self, at: usize) -> Result<(), Error> {
        let width = self.args.float(at).map_err(|_| errors::WIDTH_NOT_A_NUMBER)?;
        let height = self.args.float(at + 1).map_err(|_| errors::HEIGHT_NOT_A_NUMBER)?;
        if width < 0.0 || height < 0.0 {
            return Err(errors::NEGATIVE_BOX);
        }
        self.query.unit_m = unit(self.args, at + 2)?;
        self.shape = Some(Shape::Box(width * self.query.unit_m, height * self.query.unit_m));
        Ok(())
    }

    /// Reads the corners of a polygon; gives back how many words they are, their count included.
    fn read_polygon(&mut self, at: usize) -> Result<usize, Error> {
        let count = parse_integer(self.args.get(at)).and_then(|count| i32::try_from(count).ok());
        let count = count.ok_or(errors::VERTICES_NOT_A_NUMBER)?;
        let most = (self.args.len() - at - 1) / 2;
        let count = usize::try_from(count).ok().filter(|count| (3..=most).contains(count));
        let count = count.ok_or(errors::TOO_FEW_VERTICES)?;
        let corners = (0..count).map(|corner| position(self.args, at + 1 + corner * 2));
        self.shape = Some(Shape::Polygon(corners.collect::<Result<_, _>>()?));
        self.query.unit_m = 1.0;
        Ok(1 + count * 2)
    }

    /// Reads the option at `at`; gives back how many words it has.
    fn read_option(&mut self, at: usize) -> Result<usize, Error> {
        let (args, query) = (self.args, &mut self.query);
        let follow = args.len() - at - 1;
        match args.get(at).to_ascii_uppercase().as_slice() {
            b"WITHDIST" => query.with_distance = true,
            b"WITHHASH" => query.with_hash = true,
            b"WITHCOORD" => query.with_position = true,
            b"ANY" => query.any = true,
            b"ASC" => query.order = Order::NearestFirst,
            b"DESC" => query.order = Order::FarthestFirst,
            b"COUNT" if follow >= 1 => {
                let count = args.integer(at + 1)?;
                let count = usize::try_from(count).ok().filter(|count| *count > 0);
                query.count = Some(count.ok_or(errors::COUNT_NOT_POSITIVE)?);
                return Ok(2);
            }
            b"STORE" if follow >= 1 && self.form.may_store() => {
                query.store = Some((at + 1, false));
                return Ok(2);
            }
            b"STOREDIST" if follow >= 1 && self.form.may_store() => {
                query.store = Some((at + 1, true));
                return Ok(2);
            }
            b"STOREDIST" if self.form == Form::SearchStore => query.store = Some((1, true)),
            _ if self.form.is_search() => return self.read_search_option(at),
            _ => return Err(error::SYNTAX),
        }
        Ok(1)
    }

    /// Reads a centre or a shape.
    fn read_search_option(&mut self, at: usize) -> Result<usize, Error> {
        let follow = self.args.len() - at - 1;
        let takes = |shape: fn(&Shape) -> bool| self.shape.as_ref().is_none_or(shape);
        let is_polygon = matches!(self.shape, Some(Shape::Polygon(_)));
        match self.args.get(at).to_ascii_uppercase().as_slice() {
            b"FROMMEMBER"
                if follow >= 1 && !is_polygon && !matches!(self.centre, Some(Centre::Place(_))) =>
            {
                self.read_member(at + 1)?;
                Ok(2)
            }
            b"FROMLONLAT"
                if follow >= 2
                    && !is_polygon
                    && !matches!(self.centre, Some(Centre::Member(_))) =>
            {
                self.centre = Some(Centre::Place(position(self.args, at + 1)?));
                Ok(3)
            }
            b"BYRADIUS" if follow >= 2 && takes(|shape| matches!(shape, Shape::Circle(_))) => {
                self.read_radius(at + 1)?;
                Ok(3)
            }
            b"BYBOX" if follow >= 3 && takes(|shape| matches!(shape, Shape::Box(..))) => {
                self.read_box(at + 1)?;
                Ok(4)
            }
            b"BYPOLYGON"
                if follow >= 1
                    && self.centre.is_none()
                    && takes(|shape| matches!(shape, Shape::Polygon(_))) =>
            {
                Ok(1 + self.read_polygon(at + 1)?)
            }
            _ => Err(error::SYNTAX),
        }
    }

    /// Checks what options may stand beside each other.
    fn finish(self) -> Result<Query, Error> {
        let Reader { form, args, centre, shape, mut query, .. } = self;
        if query.store.is_some() && (query.with_distance || query.with_hash || query.with_position)
        {
            let is_search = form == Form::SearchStore;
            let error =
                if is_search { errors::SEARCH_STORE_WITH } else { errors::RADIUS_STORE_WITH };
            return Err(error);
        }
        let is_polygon = matches!(shape, Some(Shape::Polygon(_)));
        if form.is_search() && centre.is_none() && !is_polygon {
            return Err(Error::search_without_centre(args.get(0)));
        }
        if form.is_search() && shape.is_none() {
            return Err(Error::search_without_shape(args.get(0)));
        }
        if query.any && query.count.is_none() {
            return Err(errors::ANY_WITHOUT_COUNT);
        }
        // The nearest are meant, unless any will do.
        if query.count.is_some() && query.order == Order::AsFound && !query.any {
            query.order = Order::NearestFirst;
        }
        let place = match centre {
            Some(Centre::Place(place) | Centre::Member(Some(place))) => Some(place),
            // A polygon finds its own.
            None if is_polygon => Some(Position { longitude: 0.0, latitude: 0.0 }),
            _ => None,
        };
        query.area = place.zip(shape).map(|(place, shape)| Area::new(place, shape));
        Ok(query)
    }
}
