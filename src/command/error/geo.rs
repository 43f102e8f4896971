//! Error texts of commands on places.

use super::{Error, errors, text};

errors! {
    /// A unit of length that there is not.
    UNIT = "ERR unsupported unit provided. please use M, KM, FT, MI";
    /// A radius that is no number.
    RADIUS_NOT_A_NUMBER = "ERR need numeric radius";
    /// A radius below 0.
    NEGATIVE_RADIUS = "ERR radius cannot be negative";
    /// The width of a box that is no number.
    WIDTH_NOT_A_NUMBER = "ERR need numeric width";
    /// The height of a box that is no number.
    HEIGHT_NOT_A_NUMBER = "ERR need numeric height";
    /// A box with a side below 0.
    NEGATIVE_BOX = "ERR height or width cannot be negative";
    /// How many corners a polygon has is no number.
    VERTICES_NOT_A_NUMBER = "ERR invalid number of vertices";
    /// A polygon of two corners, or of fewer than announced.
    TOO_FEW_VERTICES = "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
    /// A search around a member that is not there.
    NO_SUCH_MEMBER = "ERR could not decode requested zset member";
    /// COUNT below 1.
    COUNT_NOT_POSITIVE = "ERR COUNT must be > 0";
    /// ANY without COUNT.
    ANY_WITHOUT_COUNT = "ERR the ANY argument requires COUNT argument";
    /// GEOSEARCHSTORE with an option for replies.
    SEARCH_STORE_WITH = "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and \
        WITHCOORD options";
    /// GEORADIUS STORE with an option for replies.
    RADIUS_STORE_WITH = "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH \
        and WITHCOORD options";
}

impl Error {
    /// Coordinates that are not on the map.
    pub fn not_on_the_map(longitude: f64, latitude: f64) -> Self {
        Self::new(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"))
    }

    /// A search without a centre, by the name that the client called it.
    pub fn search_without_centre(command: &[u8]) -> Self {
        let name = text(command);
        Self::new(format!(
            "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {name}"
        ))
    }

    /// A search without a shape, by the name that the client called it.
    pub fn search_without_shape(command: &[u8]) -> Self {
        let name = text(command);
        Self::new(format!("ERR exactly one of BYRADIUS and BYBOX can be specified for {name}"))
    }
}
