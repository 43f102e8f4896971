//! Plays commands on both servers and finds the first reply that differs.
//!
//! Commands leave in batches, a connection at a time. Some kinds go alone: SPOP, whose members are
//! taken out of the reference by SREM; other random choices, whose members the reference must have;
//! SCAN and its like, which go round until the cursor is 0; and those that may leave different
//! things at their keys, on purpose.

use crate::compare::{Manner, manner, same, sorted};
use crate::differences;
use crate::servers::{OBSERVER, Side, Step, is_missing};
use crate::tame::name;
use crate::template::Version;
use redstart_course::wire::Reply;

/// What leaves at once: little enough for the sockets' buffers.
const BATCH_COMMANDS: usize = 48;
const BATCH_BYTES: usize = 32 << 10;
/// A HyperLogLog: its runs come behind a header; a long one begins with these two bits.
const SKETCH_HEADER_BYTES: usize = 16;
const LONG_RUN: u8 = 0b01;
/// Calls of one SCAN.
const MOST_CALLS: usize = 10_000;

/// Options that decide on encodings, with their usual values.
pub const THRESHOLDS: &[(&str, &str)] = &[
    ("hash-max-listpack-entries", "512"),
    ("hash-max-listpack-value", "64"),
    ("set-max-intset-entries", "512"),
    ("set-max-listpack-entries", "128"),
    ("set-max-listpack-value", "64"),
    ("zset-max-listpack-entries", "128"),
    ("zset-max-listpack-value", "64"),
    ("list-max-listpack-size", "-2"),
    ("stream-node-max-entries", "100"),
    ("hll-sparse-max-bytes", "3000"),
];

/// Both servers.
pub struct Pair {
    /// The one under test.
    pub ours: Side,
    /// The reference.
    pub theirs: Side,
    /// The reference's version.
    pub version: Version,
    /// The queued commands of connections inside MULTI.
    queued: [Option<Vec<Step>>; 3],
}

/// Two replies that differ.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What was sent until then, the last one being what shows it.
    pub steps: Vec<Step>,
    /// The reply of the server under test.
    pub ours: Reply,
    /// The reference's.
    pub theirs: Reply,
}

/// What the reference answered to each step, for a transcript.
pub type Answers = Vec<(Reply, Manner)>;

impl Pair {
    /// Two servers that have just started.
    pub fn new(ours: Side, theirs: Side, version: Version) -> Self {
        Pair { ours, theirs, version, queued: [const { None }; 3] }
    }

    /// Empties both servers and drops all connections.
    pub fn reset(&mut self) -> Result<(), String> {
        self.queued = [const { None }; 3];
        for side in [&mut self.ours, &mut self.theirs] {
            side.disconnect()?;
            side.ask(&Step::new(OBSERVER, &["FLUSHALL"]));
            for (option, value) in THRESHOLDS {
                // Older servers lack some of them.
                side.ask(&Step::new(OBSERVER, &["CONFIG", "SET", option, value]));
            }
        }
        Ok(())
    }

    /// Plays all steps; the first difference, if there is one.
    pub fn play(&mut self, steps: &[Step], answers: &mut Answers) -> Option<Difference> {
        let mut at = 0;
        while at < steps.len() {
            let length = self.batch(&steps[at..]);
            let found = if length == 0 {
                self.alone(&steps[at], answers)
            } else {
                self.together(&steps[at..at + length], answers)
            };
            if let Some((place, ours, theirs)) = found {
                return Some(Difference { steps: steps[..=at + place].to_vec(), ours, theirs });
            }
            at += length.max(1);
        }
        None
    }

    /// How many steps can leave at once; 0 if the first one goes alone.
    fn batch(&self, steps: &[Step]) -> usize {
        let mut bytes = 0;
        let alike = steps.iter().take(BATCH_COMMANDS).take_while(|step| {
            bytes += step.words.iter().map(|word| word.len() + 16).sum::<usize>();
            step.connection == steps[0].connection && !goes_alone(step) && bytes < BATCH_BYTES
        });
        match alike.count() {
            0 if !goes_alone(&steps[0]) => 1,
            count => count,
        }
    }

    fn together(&mut self, steps: &[Step], answers: &mut Answers) -> Option<(usize, Reply, Reply)> {
        let connection = steps[0].connection;
        self.theirs.send(connection, steps);
        self.ours.send(connection, steps);
        for (at, step) in steps.iter().enumerate() {
            let (ours, theirs) = (self.ours.receive(connection), self.theirs.receive(connection));
            if !self.agree(step, &ours, &theirs, answers) {
                return Some((at, ours, theirs));
            }
        }
        None
    }

    /// Compares two replies, and keeps the account of transactions.
    fn agree(&mut self, step: &Step, ours: &Reply, theirs: &Reply, answers: &mut Answers) -> bool {
        let own = manner(&step.words);
        answers.push((theirs.clone(), own));
        let queue = &mut self.queued[step.connection];
        let refused = matches!(theirs, Reply::Error(text) if !text.starts_with(b"EXECABORT"));
        match name(&step.words).as_str() {
            "MULTI" if !refused => *queue = Some(Vec::new()),
            "DISCARD" if !refused => *queue = None,
            "EXEC" if !refused => {
                let done = queue.take().unwrap_or_default();
                if let (Reply::Array(ours), Reply::Array(theirs)) = (ours, theirs) {
                    let mut each = ours.iter().zip(theirs).zip(done);
                    return ours.len() == theirs.len()
                        && each.all(|((ours, theirs), step)| self.alike(&step, ours, theirs));
                }
            }
            _ => {
                if let (Some(queue), Reply::Simple(text)) = (queue, theirs)
                    && text == b"QUEUED"
                {
                    queue.push(step.clone());
                }
            }
        }
        self.alike(step, ours, theirs)
    }

    /// Whether the replies to a command are the same, or differ on purpose. That both are silent is
    /// no reply.
    fn alike(&self, step: &Step, ours: &Reply, theirs: &Reply) -> bool {
        let is_named = || differences::named(&step.words, ours, theirs, self.version).is_some();
        !is_missing(theirs) && (same(manner(&step.words), ours, theirs) || is_named())
    }

    fn alone(&mut self, step: &Step, answers: &mut Answers) -> Option<(usize, Reply, Reply)> {
        if self.queued[step.connection].is_some() {
            if !is_random(step) {
                return self.together(std::slice::from_ref(step), answers);
            }
            // What it would do cannot be made up for on the other side.
            answers.push((Reply::Simple(b"QUEUED".to_vec()), Manner::Ignored));
            return None;
        }
        let (ours, theirs, agree) = match name(&step.words).as_str() {
            "SPOP" => self.take_random(step),
            "RANDOMKEY" | "SRANDMEMBER" | "HRANDFIELD" | "ZRANDMEMBER" => self.choose_random(step),
            "XSETID" | "PFADD" | "PFCOUNT" | "PFMERGE" => self.apart(step),
            _ => self.go_round(step),
        };
        let own = manner(&step.words);
        answers.push((theirs.clone(), own));
        let is_named = || differences::named(&step.words, &ours, &theirs, self.version).is_some();
        let agree = !is_missing(&theirs) && (agree || is_named());
        (!agree).then_some((0, ours, theirs))
    }

    /// SPOP: what ours took is taken out of theirs.
    fn take_random(&mut self, step: &Step) -> (Reply, Reply, bool) {
        let ours = self.ours.ask(step);
        let taken: Vec<Vec<u8>> = members(&ours);
        if taken.is_empty() {
            let theirs = self.theirs.ask(step);
            let agree = same(Manner::Exactly, &ours, &theirs);
            return (ours, theirs, agree);
        }
        let key = step.words[1].clone();
        let mut ask = |words| self.theirs.ask(&Step { connection: step.connection, words });
        let count = number(&ask(vec![b"SCARD".to_vec(), key.clone()]));
        let asked = match step.words.get(2) {
            None => Some(1),
            Some(word) => String::from_utf8_lossy(word).parse().ok(),
        };
        let expected = asked.zip(count).map(|(asked, count)| asked.min(count));
        let words = [vec![b"SREM".to_vec(), key], taken.clone()].concat();
        let removed = ask(words);
        let agree =
            number(&removed) == Some(taken.len() as i64) && expected == Some(taken.len() as i64);
        (ours, removed, agree)
    }

    /// What ours chose, theirs must have.
    fn choose_random(&mut self, step: &Step) -> (Reply, Reply, bool) {
        let (ours, theirs) = (self.ours.ask(step), self.theirs.ask(step));
        let mut agree = same(Manner::Shape, &ours, &theirs);
        let chosen = members(&ours);
        let query: &[u8] = match name(&step.words).as_str() {
            "RANDOMKEY" => b"EXISTS",
            "SRANDMEMBER" => b"SMISMEMBER",
            "HRANDFIELD" => b"HMGET",
            _ => b"ZMSCORE",
        };
        if agree && !chosen.is_empty() && step.words.len() < 4 {
            let key = step.words.get(1).cloned();
            let words = [vec![query.to_vec()], key.into_iter().collect(), chosen].concat();
            let has = self.theirs.ask(&Step { connection: step.connection, words });
            let missing = |reply: &Reply| match reply {
                Reply::Nil | Reply::Null => true,
                reply => reply.text() == Some(b"0") && query != b"HMGET" && query != b"ZMSCORE",
            };
            agree = !missing(&has)
                && !matches!(&has, Reply::Array(elements) if elements.iter().any(missing));
        }
        (ours, theirs, agree)
    }

    /// Where only the reference does what an old version, or a flaw, lets it do, the keys go on
    /// both sides.
    fn apart(&mut self, step: &Step) -> (Reply, Reply, bool) {
        let (ours, theirs) = (self.ours.ask(step), self.theirs.ask(step));
        let is_cut = is_error(&ours) && !is_error(&theirs) && self.has_cut_sketch(step);
        let is_named = differences::named(&step.words, &ours, &theirs, self.version).is_some();
        let agree = is_cut || is_named || same(Manner::Exactly, &ours, &theirs);
        if agree && is_error(&ours) != is_error(&theirs) {
            let words = [vec![b"DEL".to_vec()], step.words[1..].to_vec()].concat();
            let step = Step { words, ..step.clone() };
            self.ours.ask(&step);
            self.theirs.ask(&step);
        }
        (ours, theirs, agree)
    }

    /// Whether a sketch ends within a run: Redis reads on behind the string, and writes there.
    fn has_cut_sketch(&mut self, step: &Step) -> bool {
        step.words[1..].iter().any(|key| {
            let words = vec![b"GET".to_vec(), key.clone()];
            let sketch = self.ours.ask(&Step { words, ..step.clone() });
            let mut runs = sketch.text().unwrap_or_default().iter().skip(SKETCH_HEADER_BYTES);
            while let Some(first) = runs.next() {
                if first >> 6 == LONG_RUN && runs.next().is_none() {
                    return true;
                }
            }
            false
        })
    }

    /// SCAN and its like, round and round.
    fn go_round(&mut self, step: &Step) -> (Reply, Reply, bool) {
        let (ours, theirs) = (all(&mut self.ours, step), all(&mut self.theirs, step));
        let agree = match (&ours, &theirs) {
            (Reply::Error(_), _) | (_, Reply::Error(_)) => ours == theirs,
            _ if starts_at_zero(step) => ours == theirs,
            _ => true,
        };
        (ours, theirs, agree)
    }
}

fn goes_alone(step: &Step) -> bool {
    let parts = ["XSETID", "PFADD", "PFCOUNT", "PFMERGE"];
    is_random(step) || parts.contains(&&*name(&step.words))
}

/// Answers what it likes, in an order that it likes.
fn is_random(step: &Step) -> bool {
    matches!(
        name(&step.words).as_str(),
        "SPOP"
            | "RANDOMKEY"
            | "SRANDMEMBER"
            | "HRANDFIELD"
            | "ZRANDMEMBER"
            | "SCAN"
            | "SSCAN"
            | "HSCAN"
            | "ZSCAN"
    )
}

fn cursor_place(step: &Step) -> usize {
    if name(&step.words) == "SCAN" { 1 } else { 2 }
}

fn starts_at_zero(step: &Step) -> bool {
    step.words.get(cursor_place(step)).is_some_and(|cursor| cursor == b"0")
}

/// Everything that calls until cursor 0 return, each once and in order; or the error.
fn all(side: &mut Side, step: &Step) -> Reply {
    let mut step = step.clone();
    let place = cursor_place(&step);
    let with_values = matches!(name(&step.words).as_str(), "HSCAN" | "ZSCAN")
        && !step.words.iter().any(|word| word.eq_ignore_ascii_case(b"NOVALUES"));
    let mut found = Vec::new();
    for _ in 0..MOST_CALLS {
        let reply = side.ask(&step);
        let Reply::Array(parts) = &reply else { return reply };
        let [cursor, elements] = parts.as_slice() else { return reply };
        found.extend(sorted(elements, if with_values { 2 } else { 1 }).1);
        let cursor = cursor.text().unwrap_or_default();
        if cursor == b"0" || !starts_at_zero(&step) && found.len() > MOST_CALLS {
            break;
        }
        let cursor = cursor.to_vec();
        step.words[place] = cursor;
    }
    found.sort();
    found.dedup();
    Reply::Array(found.into_iter().map(Reply::Bulk).collect())
}

fn members(reply: &Reply) -> Vec<Vec<u8>> {
    match reply {
        Reply::Bulk(member) => vec![member.clone()],
        Reply::Array(elements) | Reply::Set(elements) => {
            elements.iter().filter_map(|element| element.text().map(<[u8]>::to_vec)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_error(reply: &Reply) -> bool {
    matches!(reply, Reply::Error(_))
}

fn number(reply: &Reply) -> Option<i64> {
    let Reply::Integer(digits) = reply else { return None };
    String::from_utf8_lossy(digits).parse().ok()
}
