//! Commands that wait until somebody else changes a key: BLPOP and its kind.
//!
//! Their handler tries; where there is nothing to take it says what to wait for, having changed
//! nothing. The engine tries again, with the same handler, whenever one of the keys was changed.

use super::{Args, Error, error};
use crate::protocol::{OwnedWords, Reply};
use crate::types::number::parse_float;
use smallvec::SmallVec;

/// How a try ended.
pub enum Served {
    /// The reply is written.
    Now,
    /// There is nothing yet.
    Later(Wait),
    /// There is nothing yet, and a try at this moment (ms) may find something though nobody changes
    /// a key: XREADGROUP with CLAIM.
    LaterOrAt(Wait, u64),
}

/// What a client waits for.
pub struct Wait {
    /// The places of the words that are the keys to wait for.
    pub keys: SmallVec<[usize; 4]>,
    /// When it stops waiting (ms); `None` for never.
    pub until_ms: Option<u64>,
    /// What it is answered then.
    pub timed_out: fn(&mut Reply),
    /// An error of a later try answers it; otherwise it waits on.
    pub ends_on_error: bool,
    /// The call of later tries, where that is another one: XREAD with `$` replaced.
    pub call: Option<OwnedWords>,
}

impl Args<'_> {
    /// The time-out at `at`, in seconds with fractions, as a moment (ms); `None` for 0, which means
    /// never.
    ///
    /// # Errors
    /// As Redis: when it is no number, negative, or too large.
    pub fn deadline(&self, at: usize, now_ms: u64) -> Result<Option<u64>, Error> {
        let seconds = parse_float(self.get(at)).ok_or(error::TIMEOUT_NOT_A_FLOAT)?;
        let ms = (seconds * 1000.0).ceil();
        if ms > i64::MAX as f64 {
            return Err(error::TIMEOUT_OUT_OF_RANGE);
        }
        self.moment(ms as i64, now_ms)
    }

    /// The time-out at `at`, in milliseconds, as a moment (ms); `None` for 0, which means never.
    ///
    /// # Errors
    /// As Redis: when it is no integer, negative, or too large.
    pub fn deadline_ms(&self, at: usize, now_ms: u64) -> Result<Option<u64>, Error> {
        let ms = self.integer(at).map_err(|_| error::TIMEOUT_NOT_AN_INTEGER)?;
        self.moment(ms, now_ms)
    }

    fn moment(&self, ms: i64, now_ms: u64) -> Result<Option<u64>, Error> {
        let ms = u64::try_from(ms).map_err(|_| error::TIMEOUT_NEGATIVE)?;
        if ms > i64::MAX as u64 - now_ms {
            return Err(error::TIMEOUT_OUT_OF_RANGE);
        }
        Ok((ms > 0).then_some(now_ms + ms))
    }
}
