//! XADD: a new entry at the end of a stream.
//!
//! The journal gets the id that the entry got, and an exact trim in place of an approximate one:
//! where blocks end depends on options that may differ when it is replayed.

use super::options::{NewId, Options, Producer, Trim, removal_word};
use super::value;
use crate::command::error::streams;
use crate::command::{Args, Command, Error, Outcome};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::stream::{
    Extent, Id, IdText, Keep, Keeping, Limits, MAX_NODE_BYTES, Producers, Removal, Stream,
};
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_128;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XADD];

const XADD: Command = Command::write(
    "XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] \
     [IDMPAUTO producer-id | IDMP producer-id idempotent-id] \
     [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
    xadd,
)
.since("5.0.0")
.fast()
.grows()
.costs("O(1) for the entry, O(N) for the N entries that are trimmed.")
.tips(&["nondeterministic_output"])
.about("Adds an entry at the end of the stream at `key`, trims it if asked, and answers its id.");

type Pairs<'a> = SmallVec<[(&'a [u8], &'a [u8]); 8]>;

/// A call of XADD.
struct Addition<'a> {
    new_id: NewId,
    pairs: Pairs<'a>,
    producer: Option<Producer<'a>>,
    trim: Option<Trim>,
    limits: Limits,
    keeping: Keeping,
    now_ms: u64,
}

/// What came of it.
enum Added {
    /// The entry has this id, and so many others went.
    New { id: Id, trimmed: u64, threshold: Option<Keep> },
    /// The producer had sent it before.
    Again(Id),
}

fn xadd(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::of_xadd(args)?;
    let wrong_arity = || Error::arity("xadd");
    let (new_id, at) = options.id.ok_or_else(wrong_arity)?;
    let words = args.len() - at - 1;
    if words < 2 || words % 2 == 1 {
        return Err(wrong_arity());
    }
    if new_id == NewId::Given(Id::MIN) {
        return Err(streams::ID_IS_ZERO);
    }
    if options.producer.is_some() && new_id != NewId::Any {
        return Err(streams::PRODUCER_WITH_ID);
    }
    let limits = value::node_limits(db);
    let addition = Addition {
        new_id,
        pairs: pairs(args, at + 1),
        producer: options.producer,
        trim: options.trim(limits.entries),
        limits,
        keeping: keeping(db),
        now_ms: db.time(),
    };
    let key = args.get(1);
    if options.needs_stream && db.find_mut(key).is_none() {
        reply.null();
        return Ok(());
    }
    let added = value::edit_or_make(db, key, |stream| addition.apply(stream))?;
    match added {
        Added::Again(id) => value::write_id(id, reply),
        Added::New { id, trimmed, threshold } => {
            value::write_id(id, reply);
            db.changed(Class::Stream, "xadd", key);
            if trimmed > 0 {
                db.event(Class::Stream, "xtrim", key);
            }
            addition.replay(db, key, id, threshold);
        }
    }
    Ok(())
}

fn pairs<'a>(args: &Args<'a>, from: usize) -> Pairs<'a> {
    (from..args.len()).step_by(2).map(|at| (args.get(at), args.get(at + 1))).collect()
}

/// What a stream's producers begin with.
pub fn keeping(db: &Db) -> Keeping {
    let limits = db.limits();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Keeping {
        seconds: number(limits.stream_idmp_duration_s()),
        ids: number(limits.stream_idmp_maxsize()),
    }
}

impl Addition<'_> {
    fn apply(&self, stream: &mut Stream) -> Result<Added, Error> {
        if let Some(id) = self.find_sent(stream) {
            return Ok(Added::Again(id));
        }
        let id = self.choose_id(stream)?;
        let bytes: usize = self.pairs.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes as u64 > MAX_NODE_BYTES {
            return Err(streams::ENTRY_TOO_LARGE);
        }
        stream.add(id, &self.pairs, self.limits);
        if let Some(producer) = self.producer {
            let producers = stream.producers_mut(|| Producers::new(self.keeping));
            producers.note(producer.name, &self.idempotent(producer), id, self.now_ms);
        }
        let Some(trim) = self.trim else {
            return Ok(Added::New { id, trimmed: 0, threshold: None });
        };
        let trimmed = stream.trim(trim.keep, trim.extent, trim.removal);
        Ok(Added::New { id, trimmed, threshold: Some(exact_threshold(stream, trim)) })
    }

    fn find_sent(&self, stream: &mut Stream) -> Option<Id> {
        let producer = self.producer?;
        let producers = stream.producers_mut(|| Producers::new(self.keeping));
        let sent = producers.find(producer.name, &self.idempotent(producer), self.now_ms);
        producers.duplicates += u64::from(sent.is_some());
        sent
    }

    /// What the producer calls the entry. IDMPAUTO: a digest of the fields, whatever their order.
    fn idempotent(&self, producer: Producer<'_>) -> SmallVec<[u8; 32]> {
        if let Some(idempotent) = producer.idempotent {
            return SmallVec::from_slice(idempotent);
        }
        let digest = |(name, value): &(&[u8], &[u8])| {
            let length = (name.len() as u64).to_le_bytes();
            xxh3_128(&[&length, *name, *value].concat())
        };
        let sum = self.pairs.iter().map(digest).fold(0, u128::wrapping_add);
        SmallVec::from_slice(&sum.to_le_bytes())
    }

    fn choose_id(&self, stream: &Stream) -> Result<Id, Error> {
        let last = stream.facts().last;
        if last == Id::MAX {
            return Err(streams::IDS_EXHAUSTED);
        }
        let id = match self.new_id {
            NewId::Any => stream.next_id(self.now_ms),
            NewId::Within(ms) if ms == last.ms => last.next().filter(|next| next.ms == ms),
            NewId::Within(ms) => Some(Id { ms, seq: 0 }),
            NewId::Given(id) => Some(id),
        };
        id.filter(|id| *id > last).ok_or(streams::ID_TOO_SMALL)
    }

    /// Tells the journal what was decided here.
    fn replay(&self, db: &mut Db, key: &[u8], id: Id, threshold: Option<Keep>) {
        let is_approximate = self.trim.is_some_and(|trim| matches!(trim.extent, Extent::Blocks(_)));
        let is_decided = matches!(self.new_id, NewId::Given(_)) && !is_approximate;
        if is_decided || !db.is_followed() {
            return;
        }
        let mut text = IdText::new();
        let id = id.text(&mut text);
        let mut words: Vec<&[u8]> = vec![b"XADD", key];
        let mut buffer = ThresholdText::new();
        if let Some((trim, keep)) = self.trim.zip(threshold) {
            words.extend(buffer.words(keep, trim.removal));
        }
        words.push(id);
        words.extend(self.pairs.iter().flat_map(|(name, value)| [*name, *value]));
        db.replay_as(&words);
        if let Some(producer) = self.producer {
            let idempotent = self.idempotent(producer);
            db.replay_as(&[b"XIDMPRECORD", key, producer.name, &idempotent, id]);
        }
    }
}

/// What an exact trim would have to be told to leave what is there now.
pub fn exact_threshold(stream: &Stream, trim: Trim) -> Keep {
    match (trim.extent, trim.keep) {
        (Extent::Exact, keep) => keep,
        (Extent::Blocks(_), Keep::Newest(_)) => Keep::Newest(stream.facts().length),
        (Extent::Blocks(_), Keep::From(_)) => {
            Keep::From(stream.log().first().map_or(Id::MAX, |entry| entry.id))
        }
    }
}

/// Room for the words of an exact trim.
pub struct ThresholdText {
    id: IdText,
    number: itoa::Buffer,
}

impl ThresholdText {
    /// Room for one.
    pub fn new() -> Self {
        ThresholdText { id: IdText::new(), number: itoa::Buffer::new() }
    }

    /// The words that ask for it.
    pub fn words(&mut self, keep: Keep, removal: Removal) -> [&[u8]; 4] {
        let (strategy, threshold): (&[u8], &[u8]) = match keep {
            Keep::Newest(most) => (b"MAXLEN", self.number.format(most).as_bytes()),
            Keep::From(id) => (b"MINID", id.text(&mut self.id)),
        };
        [removal_word(removal), strategy, b"=", threshold]
    }
}
