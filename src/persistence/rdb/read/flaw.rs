//! What can be wrong with a snapshot.

use crate::persistence::rdb::packs::Damage;
use std::borrow::Cow;
use std::{fmt, io};

/// Why reading ended.
#[derive(Debug)]
pub enum Flaw {
    /// The bytes end too early.
    Short,
    /// What is written cannot be.
    Damaged(Cow<'static, str>),
    /// It is whole, but nothing that this server knows.
    Unknown(String),
    /// A container without elements. Redis once wrote such keys, and passes over them.
    Empty,
    /// The file could not be read.
    Io(io::Error),
}

impl From<Damage> for Flaw {
    fn from(damage: Damage) -> Self {
        Flaw::Damaged(damage.0.into())
    }
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Flaw::Io(error)
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Short => out.write_str("the file ends too early"),
            Flaw::Damaged(what) => out.write_str(what),
            Flaw::Unknown(what) => out.write_str(what),
            Flaw::Empty => out.write_str("a container without elements"),
            Flaw::Io(error) => write!(out, "reading failed: {error}"),
        }
    }
}

/// Damage of this kind.
pub(super) fn damaged<T>(what: &'static str) -> Result<T, Flaw> {
    Err(Flaw::Damaged(what.into()))
}

/// Why and where reading ended.
#[derive(Debug)]
pub struct Error {
    /// How many bytes of the file had been read.
    pub offset: u64,
    /// What was wrong there.
    pub flaw: Flaw,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (at byte {})", self.flaw, self.offset)
    }
}

impl std::error::Error for Error {}
