//! A stream.

/// A stream.
#[derive(Debug, Clone, Default)]
pub struct Stream {}

impl Stream {
    /// The bytes it owns, about; takes constant time.
    pub fn weight(&self) -> usize {
        0
    }

    /// The encoding Redis would name.
    pub fn encoding(&self) -> &'static str {
        "stream"
    }
}
