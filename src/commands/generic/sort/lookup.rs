//! Patterns of BY and GET: the key that a pattern and an element make, and what it holds.
//!
//! ```text
//! weight_*          the string at weight_ELEMENT
//! user_*->name      the field `name` of the hash at user_ELEMENT
//! #                 the element itself
//! ```
//! The first `*` is where the element goes. A pattern without one finds nothing.

use crate::commands::hashes::view::view;
use crate::store::{Db, Value};
use memchr::memmem;
use std::borrow::Cow;

/// A pattern of BY or GET.
#[derive(Clone, Copy)]
pub struct Pattern<'a> {
    /// The whole of it.
    text: &'a [u8],
    /// Where the element goes.
    place: Option<usize>,
    /// Where the key ends, and the field begins.
    field: Option<(usize, usize)>,
}

impl<'a> Pattern<'a> {
    /// Reads a pattern.
    pub fn new(text: &'a [u8]) -> Self {
        let place = memchr::memchr(b'*', text);
        let arrow = place.and_then(|place| {
            memmem::find(&text[place + 1..], b"->").map(|arrow| place + 1 + arrow)
        });
        // An arrow at the end is part of the key.
        let field = arrow.filter(|arrow| arrow + 2 < text.len()).map(|arrow| (arrow, arrow + 2));
        Pattern { text, place, field }
    }

    /// Whether it differs from element to element.
    pub fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// The key for an element, and the field if it is a hash.
    fn key(&self, element: &[u8]) -> Option<(Vec<u8>, Option<&'a [u8]>)> {
        let place = self.place?;
        let (end, field) = match self.field {
            Some((end, start)) => (end, Some(&self.text[start..])),
            None => (self.text.len(), None),
        };
        Some(([&self.text[..place], element, &self.text[place + 1..end]].concat(), field))
    }
}

/// What GET answers for an element.
pub fn find<'d>(db: &'d Db, pattern: Pattern<'_>, element: &'d [u8]) -> Option<Cow<'d, [u8]>> {
    if pattern.text == b"#" {
        return Some(Cow::Borrowed(element));
    }
    find_by(db, pattern, element)
}

/// What BY finds for an element.
pub fn find_by<'d>(db: &'d Db, pattern: Pattern<'_>, element: &[u8]) -> Option<Cow<'d, [u8]>> {
    let (key, field) = pattern.key(element)?;
    let value = db.find(&key)?.value();
    if let Some(field) = field {
        return view(value, db.now()).ok()?.get(field).map(Cow::Borrowed);
    }
    match value {
        Value::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
        Value::Shared(bytes) => Some(Cow::Borrowed(bytes)),
        Value::Int(number) => {
            Some(Cow::Owned(itoa::Buffer::new().format(number).as_bytes().to_vec()))
        }
        Value::Packed(..) | Value::Object(_) => None,
    }
}
