//! A set too large for its record.

/// A set too large for its record.
#[derive(Debug, Clone, Default)]
pub struct Set {}

impl Set {
    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        0
    }

    /// The encoding Redis would name.
    pub fn encoding(&self) -> &'static str {
        "hashtable"
    }
}
