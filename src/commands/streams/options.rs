//! The options that XADD and XTRIM have in common: how much is trimmed, and what becomes of
//! references to what goes; and those of XADD alone, which stand among them.

use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Error};
use crate::types::stream::{Extent, Id, Keep, Removal};

/// Without LIMIT an approximate trim stops after so many full blocks …
const BLOCKS_TRIMMED: u64 = 100;
/// … or so many entries, where `stream-node-max-entries` sets no number, …
const ENTRIES_TRIMMED: u64 = 10_000;
/// … and after these in any case.
const MOST_ENTRIES_TRIMMED: u64 = 1_000_000;

/// What is trimmed.
#[derive(Debug, Clone, Copy)]
pub struct Trim {
    /// What stays.
    pub keep: Keep,
    /// How exactly.
    pub extent: Extent,
    /// What becomes of references.
    pub removal: Removal,
}

/// Which id an entry gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewId {
    /// `*`: the time, or what follows the last one.
    Any,
    /// `ms-*`: within these milliseconds.
    Within(u64),
    /// This one.
    Given(Id),
}

/// The producer an entry comes from.
#[derive(Debug, Clone, Copy)]
pub struct Producer<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// What it calls the entry; none for IDMPAUTO: what the entry says.
    pub idempotent: Option<&'a [u8]>,
}

/// The options of one call.
#[derive(Debug, Default)]
pub struct Options<'a> {
    /// NOMKSTREAM was given.
    pub needs_stream: bool,
    /// IDMP or IDMPAUTO.
    pub producer: Option<Producer<'a>>,
    /// XADD: the id, and the place of its word; none when the words ended before it.
    pub id: Option<(NewId, usize)>,
    keep: Option<Keep>,
    is_approximate: bool,
    limit: Option<u64>,
    removal: Option<Removal>,
}

impl<'a> Options<'a> {
    /// Reads XADD's options and id.
    pub fn of_xadd(args: &Args<'a>) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = 2;
        while at < args.len() {
            if args.get(at) == b"*" {
                options.id = Some((NewId::Any, at));
                break;
            }
            let taken = match options.take_trim(args, at)? {
                0 => options.take_xadd(args, at)?,
                taken => taken,
            };
            if taken == 0 {
                options.id = Some((new_id(args.get(at))?, at));
                break;
            }
            at += taken;
        }
        options.check_limit()?;
        Ok(options)
    }

    /// Reads XTRIM's options.
    pub fn of_xtrim(args: &Args<'a>) -> Result<Self, Error> {
        let mut options = Options::default();
        let mut at = 2;
        while at < args.len() {
            let taken = options.take_trim(args, at)?;
            if taken == 0 {
                return Err(error::SYNTAX);
            }
            at += taken;
        }
        if options.keep.is_none() && options.limit.unwrap_or(0) == 0 {
            return Err(streams::NO_STRATEGY);
        }
        options.check_limit()?;
        Ok(options)
    }

    /// Takes the option at `at` if it concerns trimming; gives back how many words it has.
    fn take_trim(&mut self, args: &Args, at: usize) -> Result<usize, Error> {
        let more = args.len() - 1 - at;
        let word = args.get(at);
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        match word.len() {
            6 if more > 0 && is("MAXLEN") => self.take_strategy(args, at, maxlen),
            5 if more > 0 && is("MINID") => self.take_strategy(args, at, minid),
            5 if more > 0 && is("LIMIT") => {
                let limit = args.integer(at + 1)?;
                self.limit = Some(u64::try_from(limit).map_err(|_| streams::NEGATIVE_LIMIT)?);
                Ok(2)
            }
            _ if self.removal.is_none() => {
                self.removal = removal(word);
                Ok(self.removal.is_some().into())
            }
            _ => Ok(0),
        }
    }

    fn take_strategy(
        &mut self,
        args: &Args,
        at: usize,
        read: fn(&Args, usize) -> Result<Keep, Error>,
    ) -> Result<usize, Error> {
        if self.keep.is_some() {
            return Err(streams::TWO_STRATEGIES);
        }
        let sign = args.get(at + 1);
        let has_sign = at + 2 < args.len() && (sign == b"~" || sign == b"=");
        self.is_approximate = has_sign && sign == b"~";
        let threshold = at + 1 + usize::from(has_sign);
        self.keep = Some(read(args, threshold)?);
        Ok(threshold + 1 - at)
    }

    fn take_xadd(&mut self, args: &Args<'a>, at: usize) -> Result<usize, Error> {
        let more = args.len() - 1 - at;
        if args.is(at, "NOMKSTREAM") {
            self.needs_stream = true;
            return Ok(1);
        }
        let (option, words) = match () {
            () if more >= 2 && args.is(at, "IDMP") => ("IDMP", 3),
            () if more >= 1 && args.is(at, "IDMPAUTO") => ("IDMPAUTO", 2),
            () => return Ok(0),
        };
        if self.producer.is_some() {
            return Err(streams::TWO_PRODUCERS);
        }
        let name = args.get(at + 1);
        let idempotent = (words == 3).then(|| args.get(at + 2));
        if name.is_empty() {
            return Err(streams::no_producer(option));
        }
        if idempotent.is_some_and(<[u8]>::is_empty) {
            return Err(streams::NO_IDEMPOTENT_ID);
        }
        self.producer = Some(Producer { name, idempotent });
        Ok(words)
    }

    fn check_limit(&self) -> Result<(), Error> {
        match self.limit {
            Some(limit) if limit > 0 && self.keep.is_none() => Err(streams::LIMIT_ALONE),
            Some(_) if !self.is_approximate => Err(streams::LIMIT_OF_EXACT_TRIM),
            _ => Ok(()),
        }
    }

    /// What is to be trimmed, if anything; `node_entries` is `stream-node-max-entries`.
    pub fn trim(&self, node_entries: u64) -> Option<Trim> {
        let usual = match node_entries.saturating_mul(BLOCKS_TRIMMED) {
            0 => ENTRIES_TRIMMED,
            entries => entries.min(MOST_ENTRIES_TRIMMED),
        };
        let extent = match self.is_approximate {
            true => Extent::Blocks(self.limit.unwrap_or(usual)),
            false => Extent::Exact,
        };
        let removal = self.removal.unwrap_or_default();
        self.keep.map(|keep| Trim { keep, extent, removal })
    }
}

fn maxlen(args: &Args, at: usize) -> Result<Keep, Error> {
    let most = u64::try_from(args.integer(at)?).map_err(|_| streams::NEGATIVE_MAXLEN)?;
    Ok(Keep::Newest(most))
}

fn minid(args: &Args, at: usize) -> Result<Keep, Error> {
    Ok(Keep::From(value::id(args.get(at))?))
}

fn new_id(word: &[u8]) -> Result<NewId, Error> {
    match Id::parse_milliseconds(word) {
        Some(ms) => Ok(NewId::Within(ms)),
        None => Ok(NewId::Given(value::id(word)?)),
    }
}

/// What `word` says about references to what goes, if it does.
pub fn removal(word: &[u8]) -> Option<Removal> {
    let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    match word.len() {
        7 if is("KEEPREF") => Some(Removal::KeepReferences),
        6 if is("DELREF") => Some(Removal::DropReferences),
        5 if is("ACKED") => Some(Removal::Unreferenced),
        _ => None,
    }
}

/// The option that says so.
pub fn removal_word(removal: Removal) -> &'static [u8] {
    match removal {
        Removal::KeepReferences => b"KEEPREF",
        Removal::DropReferences => b"DELREF",
        Removal::Unreferenced => b"ACKED",
    }
}
