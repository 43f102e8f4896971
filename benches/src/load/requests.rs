//! Batches of commands as bytes: built once, then only the digits of the keys change.
//!
//! A key is `key:` and 12 digits, 16 bytes in all; a value is `value_bytes` times `x`. Every
//! command of a batch has the same length, so a key's digits stand at a known place.
//! ```text
//! *3\r\n$3\r\nSET\r\n$16\r\nkey:000000123456\r\n$64\r\nxxxx…xxxx\r\n
//!                           key.at ^^^^^^^^^^^^ rewritten for every batch
//! ```

use std::io::Write;
use std::ops::Range;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::script::{Script, Word};

/// Keys an MSET sets.
const KEYS_PER_MSET: usize = 10;
const KEY_DIGITS: usize = 12;
/// Milliseconds of the nearest and of the farthest deadline of `Deadline::Far`: 2.8 to 27.8 hours,
/// 8 digits each.
const FAR_MS: Range<u64> = 10_000_000..99_999_999;
const FAR_DIGITS: usize = 8;

/// A command that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// `SET key value`
    Set,
    /// `GET key`
    Get,
    /// `INCR key`
    Incr,
    /// `MSET` of ten keys
    Mset,
}

/// When the keys that are set shall die.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deadline {
    /// Never.
    None,
    /// Hours away, each key at its own moment.
    Far,
    /// All at this moment: milliseconds since 1970.
    At(u64),
}

/// Which keys are asked for.
#[derive(Clone, Debug)]
pub enum Keys {
    /// Any of the first `n`, equally likely.
    Uniform(u64),
    /// Each of these once, ascending; the load ends with them.
    Each(Range<u64>),
}

/// What the clients ask for.
#[derive(Clone, Debug)]
pub struct Work {
    /// The command.
    pub operation: Operation,
    /// The keys.
    pub keys: Keys,
    /// Length of the values that SET and MSET write and GET must give back.
    pub value_bytes: usize,
    /// Deadline of what SET writes.
    pub deadline: Deadline,
}

/// The bytes of one batch.
pub struct Batch {
    bytes: Vec<u8>,
    command_bytes: usize,
    commands: usize,
    /// Replies to one command: a script may be of several.
    replies: usize,
    keys: Vec<Place>,
    randoms: Vec<usize>,
}

/// Digits that are rewritten for every batch.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: usize,
    width: usize,
    number: Number,
}

/// What the digits of a place say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// The next key.
    Next,
    /// That of the place before.
    Same,
}

/// Where the next keys come from. All clients of a generator share one.
pub struct KeySource {
    random: fastrand::Rng,
    keys: Keys,
}

impl Operation {
    /// As it is written in tables.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Set => "SET",
            Operation::Get => "GET",
            Operation::Incr => "INCR",
            Operation::Mset => "MSET of 10",
        }
    }
}

impl Batch {
    /// A batch of `commands` commands, all with key 0.
    pub fn new(work: &Work, commands: usize) -> Batch {
        Batch::made_of(commands, |batch| batch.append(work))
    }

    /// A batch of `commands` times what `script` says.
    pub fn of_script(script: &Script, commands: usize) -> Batch {
        let mut batch = Batch::made_of(commands, |batch| {
            for words in &script.commands {
                write!(batch.bytes, "*{}\r\n", words.len()).expect("a vector takes every write");
                words.iter().for_each(|word| batch.script_word(word));
            }
        });
        batch.replies = script.commands.len();
        batch
    }

    fn made_of(commands: usize, mut append: impl FnMut(&mut Batch)) -> Batch {
        let mut batch = Batch {
            bytes: Vec::new(),
            command_bytes: 0,
            commands,
            replies: 1,
            keys: Vec::new(),
            randoms: Vec::new(),
        };
        (0..commands).for_each(|_| append(&mut batch));
        batch.command_bytes = batch.bytes.len() / commands;
        batch
    }

    /// Gives the batch its next keys; what is to be sent, and how many replies it asks for: fewer
    /// at the end of the keys, none after it.
    pub fn next(&mut self, source: &mut KeySource) -> (&[u8], usize) {
        let per_command = self.keys.len() / self.commands;
        let mut filled = 0;
        while filled < self.commands {
            let places = &self.keys[filled * per_command..(filled + 1) * per_command];
            if !fill(&mut self.bytes, places, source) {
                break;
            }
            filled += 1;
        }
        for &place in &self.randoms {
            let random = source.random.u64(FAR_MS);
            write_digits(&mut self.bytes[place..place + FAR_DIGITS], random);
        }
        (&self.bytes[..filled * self.command_bytes], filled * self.replies)
    }

    /// The bytes made last.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn append(&mut self, work: &Work) {
        match work.operation {
            Operation::Get => {
                self.head(2, "GET");
                self.key();
            }
            Operation::Incr => {
                self.head(2, "INCR");
                self.key();
            }
            Operation::Mset => {
                self.head(1 + 2 * KEYS_PER_MSET, "MSET");
                for _ in 0..KEYS_PER_MSET {
                    self.key();
                    self.word(&value(work.value_bytes));
                }
            }
            Operation::Set => self.append_set(work),
        }
    }

    fn append_set(&mut self, work: &Work) {
        let words = if work.deadline == Deadline::None { 3 } else { 5 };
        self.head(words, "SET");
        self.key();
        self.word(&value(work.value_bytes));
        match work.deadline {
            Deadline::None => {}
            Deadline::Far => {
                self.word(b"PX");
                self.word(&[b'1'; FAR_DIGITS]);
                self.randoms.push(self.bytes.len() - FAR_DIGITS - 2);
            }
            Deadline::At(moment_ms) => {
                self.word(b"PXAT");
                self.word(moment_ms.to_string().as_bytes());
            }
        }
    }

    fn head(&mut self, words: usize, name: &str) {
        write!(self.bytes, "*{words}\r\n").expect("a vector takes every write");
        self.word(name.as_bytes());
    }

    fn key(&mut self) {
        self.word(b"key:000000000000");
        let at = self.bytes.len() - KEY_DIGITS - 2;
        self.keys.push(Place { at, width: KEY_DIGITS, number: Number::Next });
    }

    fn script_word(&mut self, word: &Word) {
        match word {
            Word::Text(text) => self.word(text.as_bytes()),
            Word::Digits(before, (width, number), after) => {
                self.word(format!("{before}{}{after}", "0".repeat(*width)).as_bytes());
                let at = self.bytes.len() - 2 - after.len() - width;
                self.keys.push(Place { at, width: *width, number: *number });
            }
            Word::Random(before) => {
                self.word(format!("{before}{}", "1".repeat(FAR_DIGITS)).as_bytes());
                self.randoms.push(self.bytes.len() - FAR_DIGITS - 2);
            }
        }
    }

    fn word(&mut self, word: &[u8]) {
        write!(self.bytes, "${}\r\n", word.len()).expect("a vector takes every write");
        self.bytes.extend_from_slice(word);
        self.bytes.extend_from_slice(b"\r\n");
    }
}

impl KeySource {
    /// Keys in the order `keys` says; the random ones follow from `seed`, so that every server is
    /// asked for the same.
    pub fn new(keys: Keys, seed: u64) -> KeySource {
        KeySource { random: fastrand::Rng::with_seed(seed), keys }
    }

    fn next(&mut self) -> Option<u64> {
        match &mut self.keys {
            Keys::Uniform(count) => Some(self.random.u64(0..*count)),
            Keys::Each(range) => range.next(),
        }
    }
}

/// A value of this length, as SET writes it.
pub fn value(length: usize) -> Vec<u8> {
    vec![b'x'; length]
}

/// Gives one command its keys; false when there are none left. A command without a place for keys
/// uses one up, too, so that `Keys::Each` says how often it is sent.
fn fill(bytes: &mut [u8], places: &[Place], source: &mut KeySource) -> bool {
    let mut any = false;
    let mut last = 0;
    for place in places {
        last = match place.number {
            Number::Same => last,
            Number::Next => match source.next() {
                Some(key) => key,
                None => return any,
            },
        };
        write_digits(&mut bytes[place.at..place.at + place.width], last);
        any = true;
    }
    any || (places.is_empty() && source.next().is_some())
}

fn write_digits(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(operation: Operation, deadline: Deadline) -> Work {
        Work { operation, keys: Keys::Each(7..10), value_bytes: 3, deadline }
    }

    #[test]
    fn a_batch_carries_the_next_keys_and_ends_with_them() {
        let work = work(Operation::Set, Deadline::None);
        let mut source = KeySource::new(work.keys.clone(), 1);
        let mut batch = Batch::new(&work, 2);
        let (bytes, commands) = batch.next(&mut source);
        let expected = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000007\r\n$3\r\nxxx\r\n\
                         *3\r\n$3\r\nSET\r\n$16\r\nkey:000000000008\r\n$3\r\nxxx\r\n";
        assert_eq!((bytes, commands), (&expected[..], 2));
        let (bytes, commands) = batch.next(&mut source);
        assert_eq!((bytes.len(), commands), (expected.len() / 2, 1));
        assert_eq!(batch.next(&mut source), (&b""[..], 0));
    }

    #[test]
    fn a_far_deadline_has_eight_digits() {
        let work = work(Operation::Set, Deadline::Far);
        let mut batch = Batch::new(&work, 1);
        let (bytes, _) = batch.next(&mut KeySource::new(work.keys.clone(), 1));
        let text = String::from_utf8_lossy(bytes).into_owned();
        let deadline = text.split("$8\r\n").nth(1).unwrap().trim_end();
        assert!(FAR_MS.contains(&deadline.parse().unwrap()));
    }

    #[test]
    fn mset_sets_ten_different_keys() {
        let work = Work { keys: Keys::Each(0..10), ..work(Operation::Mset, Deadline::None) };
        let mut batch = Batch::new(&work, 1);
        let (bytes, _) = batch.next(&mut KeySource::new(work.keys.clone(), 1));
        assert!(String::from_utf8_lossy(bytes).contains("key:000000000009"));
        assert!(bytes.starts_with(b"*21\r\n$4\r\nMSET\r\n"));
    }
}
