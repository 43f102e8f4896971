//! Reading what comes after an id, of several streams at once, and waiting for it: XREAD and, on
//! behalf of a group, XREADGROUP.
//!
//! A call that waits is tried again whenever one of its keys was changed. `$` means the last entry
//! at the time of the call, so later tries get its id instead.

use super::deliver::{Reader, Wanted};
use super::journal::Delivery;
use super::value;
use crate::command::error::{self, streams};
use crate::command::{Args, Command, Error, Served, Wait};
use crate::protocol::{Open, OwnedWords, Protocol, Reply};
use crate::store::Db;
use crate::types::stream::{Id, IdText};
use std::ops::Range;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XREAD, XREADGROUP];

const XREAD: Command = Command::blocking(
    "XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
    xread,
)
.reads_only()
.since("5.0.0")
.costs("O(N) where N is the number of entries answered.")
.keys(&["RO access"])
.about("The entries of streams after an id of each; waits for some, if asked.");

const XREADGROUP: Command = Command::blocking(
    "XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [CLAIM min-idle-time] \
     [NOACK] STREAMS key [key ...] id [id ...]",
    xreadgroup,
)
.since("5.0.0")
.costs("O(N) where N is the number of entries answered.")
.keys(&["RO access"])
.about("Gives a consumer entries that its group was not given; waits for some, if asked.");

/// What one of the two is called with.
struct Call<'a> {
    /// The places of the keys; the ids follow them.
    keys: Range<usize>,
    count: usize,
    /// BLOCK: when it stops waiting; `Some(None)` for never.
    until_ms: Option<Option<u64>>,
    /// The names of group and consumer.
    group: Option<[&'a [u8]; 2]>,
    is_forgetful: bool,
    min_idle_ms: Option<u64>,
}

impl<'a> Call<'a> {
    fn read(args: &Args<'a>, now_ms: u64) -> Result<Self, Error> {
        let mut call = Call {
            keys: 0..0,
            count: usize::MAX,
            until_ms: None,
            group: None,
            is_forgetful: false,
            min_idle_ms: None,
        };
        let mut at = 1;
        while at < args.len() {
            if args.is(at, "STREAMS") && at + 1 < args.len() {
                call.keys = at + 1..at + 1 + (args.len() - at - 1) / 2;
                break;
            }
            at += call.take_option(args, at, now_ms)?;
        }
        match () {
            () if call.keys.is_empty() && at >= args.len() => Err(error::SYNTAX),
            () if call.ids_from() + call.keys.len() != args.len() => {
                Err(streams::unbalanced(&args.text(0).to_ascii_lowercase()))
            }
            () => Ok(call),
        }
    }

    /// Takes the option at `at`; gives back how many words it has.
    fn take_option(&mut self, args: &Args<'a>, at: usize, now_ms: u64) -> Result<usize, Error> {
        let more = args.len() - 1 - at;
        let is_group_read = args.is(0, "XREADGROUP");
        let for_groups = |option: &str| match is_group_read {
            true => Ok(()),
            false => Err(streams::only_for_groups(option)),
        };
        match () {
            () if more > 0 && args.is(at, "BLOCK") => {
                self.until_ms = Some(args.deadline_ms(at + 1, now_ms)?);
                Ok(2)
            }
            () if more > 0 && args.is(at, "COUNT") => {
                // 0 and less mean no limit.
                let count = usize::try_from(args.integer(at + 1)?).unwrap_or(0);
                self.count = if count == 0 { usize::MAX } else { count };
                Ok(2)
            }
            () if more > 1 && args.is(at, "GROUP") => {
                for_groups("GROUP")?;
                self.group = Some([args.get(at + 1), args.get(at + 2)]);
                Ok(3)
            }
            () if args.is(at, "NOACK") => {
                for_groups("NOACK")?;
                self.is_forgetful = true;
                Ok(1)
            }
            () if more > 0 && args.is(at, "CLAIM") => {
                for_groups("CLAIM")?;
                let idle_ms = args.integer(at + 1).map_err(|_| streams::IDLE_NOT_AN_INTEGER)?;
                let idle_ms = u64::try_from(idle_ms).map_err(|_| streams::NEGATIVE_IDLE)?;
                self.min_idle_ms = Some(idle_ms);
                Ok(2)
            }
            () => Err(error::SYNTAX),
        }
    }

    fn ids_from(&self) -> usize {
        self.keys.end
    }

    /// The place of the id that belongs to the key at `at`.
    fn id_of(&self, at: usize) -> usize {
        at + self.keys.len()
    }

    /// What there is to wait for when nothing was found; the null where it does not wait.
    fn later(&self, call: Option<OwnedWords>, reply: &mut Reply) -> Served {
        let Some(until_ms) = self.until_ms else {
            reply.null_array();
            return Served::Now;
        };
        Served::Later(Wait {
            keys: self.keys.clone().collect(),
            until_ms,
            timed_out: Reply::null_array,
            // A group that has gone will not come back for this client.
            ends_on_error: self.group.is_some(),
            call,
        })
    }
}

/// The streams of a reply: it begins with the first that has something to tell.
struct Page<'r> {
    reply: &'r mut Reply,
    open: Option<Open>,
    streams: usize,
}

impl<'r> Page<'r> {
    fn new(reply: &'r mut Reply) -> Self {
        Page { reply, open: None, streams: 0 }
    }

    /// Begins the next stream.
    fn begin(&mut self, key: &[u8]) -> &mut Reply {
        if self.open.is_none() {
            self.open = Some(self.reply.open_array());
        }
        self.streams += 1;
        if self.reply.protocol() == Protocol::Resp2 {
            self.reply.array(2);
        }
        self.reply.bulk(key);
        self.reply
    }

    /// Ends the reply; false when no stream had anything to tell.
    fn end(self) -> bool {
        let Some(open) = self.open else { return false };
        match self.reply.protocol() {
            Protocol::Resp2 => self.reply.close_array(open, self.streams),
            Protocol::Resp3 => self.reply.close_map(open, self.streams),
        }
        true
    }
}

fn xread(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    let call = Call::read(args, db.time())?;
    let after: Vec<Id> =
        call.keys.clone().map(|at| read_id(db, args, &call, at)).collect::<Result<_, _>>()?;
    let mut page = Page::new(reply);
    for (at, after) in call.keys.clone().zip(&after) {
        let Some(stream) = value::find(db, args.get(at))? else { continue };
        let Some(from) = after.next().filter(|_| stream.facts().last > *after) else { continue };
        let mut entries = stream.log().range(from, Id::MAX).take(call.count).peekable();
        if entries.peek().is_some() {
            value::write_entries(entries, page.begin(args.get(at)));
        }
    }
    if page.end() {
        return Ok(Served::Now);
    }
    let has_last = call.keys.clone().any(|at| args.get(call.id_of(at)) == b"$");
    let resolved = (has_last && call.until_ms.is_some()).then(|| resolve(args, &call, &after));
    Ok(call.later(resolved, reply))
}

/// The id after which the stream at place `at` is read.
fn read_id(db: &Db, args: &Args, call: &Call<'_>, at: usize) -> Result<Id, Error> {
    let stream = value::find(db, args.get(at))?;
    match args.get(call.id_of(at)) {
        b"$" => Ok(stream.map_or(Id::MIN, |stream| stream.facts().last)),
        b"+" => {
            let last = stream.and_then(|stream| stream.log().last());
            Ok(last.and_then(|last| last.id.previous()).unwrap_or(Id::MIN))
        }
        b">" => Err(streams::NEW_OUTSIDE_GROUP),
        word => value::id(word),
    }
}

/// The call with ids in place of `$`.
fn resolve(args: &Args, call: &Call<'_>, after: &[Id]) -> OwnedWords {
    let mut words = OwnedWords::from_slices::<&[u8]>(&[]);
    let mut text = IdText::new();
    for (at, word) in args.iter(0).enumerate() {
        match at.checked_sub(call.ids_from()) {
            Some(number) if word == b"$" => words.push(after[number].text(&mut text)),
            _ => words.push(word),
        }
    }
    words
}

fn xreadgroup(db: &mut Db, args: &Args, reply: &mut Reply) -> Result<Served, Error> {
    let call = Call::read(args, db.time())?;
    let [group, consumer] = call.group.ok_or(streams::NO_GROUP_OPTION)?;
    let wanted: Vec<Wanted> = call
        .keys
        .clone()
        .map(|at| read_wanted(db, args, &call, (at, group)))
        .collect::<Result<_, _>>()?;
    let reader = Reader {
        count: call.count,
        is_forgetful: call.is_forgetful,
        min_idle_ms: call.min_idle_ms,
        now_ms: db.time(),
    };
    let mut page = Page::new(reply);
    let mut again_ms = None;
    for (at, wanted) in call.keys.clone().zip(wanted) {
        let key = args.get(at);
        let mut delivery = Delivery::new(db, [key, group, consumer]);
        let mut record = db.find_mut(key).ok_or(error::NO_SUCH_KEY)?;
        let stream = value::stream_mut(&mut record)?;
        let next_ms = reader.read(stream, wanted, &mut delivery, || page.begin(key));
        again_ms = [again_ms, next_ms].into_iter().flatten().min();
        drop(record);
        delivery.tell(db);
    }
    match page.end() {
        true => Ok(Served::Now),
        false => Ok(match (call.later(None, reply), again_ms) {
            (Served::Later(wait), Some(ms)) => Served::LaterOrAt(wait, ms),
            (served, _) => served,
        }),
    }
}

/// What the stream at place `at` is asked for; its group must be there.
fn read_wanted(
    db: &Db,
    args: &Args,
    call: &Call<'_>,
    (at, group): (usize, &[u8]),
) -> Result<Wanted, Error> {
    let key = args.get(at);
    let stream = value::find(db, key)?;
    if stream.is_none_or(|stream| stream.group(group).is_none()) {
        return Err(streams::no_group_to_read(key, group));
    }
    match args.get(call.id_of(at)) {
        b"$" => Err(streams::meaningless_id('$')),
        b"+" => Err(streams::meaningless_id('+')),
        b">" => Ok(Wanted::New),
        word => match value::id(word)? {
            // The greatest id is how Redis itself notes `>`.
            Id::MAX => Ok(Wanted::New),
            id => Ok(Wanted::Pending(id)),
        },
    }
}
