//! The words of SORT after its key.

use super::Pattern;
use crate::command::{Args, Error, error};
use std::ops::Range;

/// What SORT is asked for.
#[derive(Default)]
pub struct Options<'a> {
    /// What elements are sorted by instead of themselves.
    pub by: Option<Pattern<'a>>,
    /// BY names one key for all elements: there is nothing to sort by.
    pub is_unsorted: bool,
    /// From the largest to the smallest.
    pub is_descending: bool,
    /// As texts instead of numbers.
    pub is_alpha: bool,
    /// What is answered instead of the elements.
    pub get: Vec<Pattern<'a>>,
    /// Where the result is stored.
    pub destination: Option<&'a [u8]>,
    offset: i64,
    /// How many elements; all of them below zero.
    count: Option<i64>,
}

impl<'a> Options<'a> {
    /// Reads them.
    pub fn parse(args: &Args<'a>, may_store: bool) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = 2;
        while at < args.len() {
            let more = args.len() - at - 1;
            let mut taken = 1;
            if args.is(at, "ASC") {
                options.is_descending = false;
            } else if args.is(at, "DESC") {
                options.is_descending = true;
            } else if args.is(at, "ALPHA") {
                options.is_alpha = true;
            } else if args.is(at, "LIMIT") && more >= 2 {
                options.offset = args.integer(at + 1)?;
                options.count = Some(args.integer(at + 2)?);
                taken = 3;
            } else if may_store && args.is(at, "STORE") && more >= 1 {
                options.destination = Some(args.get(at + 1));
                taken = 2;
            } else if args.is(at, "BY") && more >= 1 {
                let pattern = Pattern::new(args.get(at + 1));
                // A later BY with a pattern does not undo this, as in Redis.
                options.is_unsorted |= !pattern.has_place();
                options.by = Some(pattern);
                taken = 2;
            } else if args.is(at, "GET") && more >= 1 {
                options.get.push(Pattern::new(args.get(at + 1)));
                taken = 2;
            } else {
                return Err(error::SYNTAX);
            }
            at += taken;
        }
        Ok(options)
    }

    /// Whether it reads keys that are made from elements.
    pub fn reads_other_keys(&self) -> bool {
        let by = self.by.filter(|_| !self.is_unsorted);
        by.iter().chain(&self.get).any(Pattern::has_place)
    }

    /// How many values are answered for each element.
    pub fn values_each(&self) -> usize {
        self.get.len().max(1)
    }

    /// Which of `len` elements LIMIT leaves.
    pub fn range(&self, len: usize) -> Range<usize> {
        let start = usize::try_from(self.offset.max(0)).unwrap_or(len).min(len);
        let count = self.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(len);
        start..start.saturating_add(count).min(len)
    }
}
