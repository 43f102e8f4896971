//! A load on containers: commands with places for elements, indexes and scores.
//!
//! An element is `elem:` and 7 digits, 12 bytes; a score is 8 random digits. Numbers of a fixed
//! width make every command of a batch equally long, and none begins with a zero, which no server
//! takes.

use super::requests::{Keys, Number};

/// Digits of an element's number.
pub const ELEMENT_DIGITS: usize = 7;

/// What the clients send, again and again.
#[derive(Clone, Debug)]
pub struct Script {
    /// The commands, sent one after the other.
    pub commands: Vec<Vec<Word>>,
    /// Which elements.
    pub keys: Keys,
    /// Elements of the array that is answered, where that is known.
    pub array: Option<usize>,
}

/// One word of a command.
#[derive(Clone, Debug)]
pub enum Word {
    /// This text.
    Text(String),
    /// This text, so many digits, this text.
    Digits(&'static str, (usize, Number), &'static str),
    /// This text and a random number of 8 digits.
    Random(&'static str),
}

impl Script {
    /// From lines like `ZADD zset {score} {element}`: the parts in braces are places.
    ///   {element} the next element      {value} `valu:` and its number
    ///   {new} another than any of these {same-new} that one again
    ///   {short} 7 bytes with its number
    ///   {key} a key                     {id} a stream's ID of 13 digits
    ///   {random} 12 bytes, 8 of them random digits
    ///   {score} a random score          {size} `size`
    ///   {index} one near the middle of `size` elements, {index+9} nine behind it
    pub fn new(lines: &[&str], keys: Keys, size: u64) -> Script {
        let commands = lines.iter().map(|line| {
            line.split_whitespace().map(|text| word(text, size)).collect::<Vec<Word>>()
        });
        Script { commands: commands.collect(), keys, array: None }
    }
}

fn word(text: &str, size: u64) -> Word {
    let digits = |before, number| Word::Digits(before, (ELEMENT_DIGITS, number), "");
    // A digit 5, some others, and one for the ten elements from here: together one less than `size`
    // has.
    let middle = (size.max(100).ilog10() - 2) as usize;
    match text {
        "{element}" => digits("elem:", Number::Next),
        "{new}" => digits("more:", Number::Next),
        "{same-new}" => digits("more:", Number::Same),
        "{value}" => digits("valu:", Number::Same),
        "{short}" => Word::Digits("v", (6, Number::Same), ""),
        "{id}" => digits("100000", Number::Next),
        "{index}" => Word::Digits("5", (middle, Number::Next), "0"),
        "{index+9}" => Word::Digits("5", (middle, Number::Same), "9"),
        "{key}" => Word::Digits("key:", (12, Number::Next), ""),
        "{size}" => Word::Text(size.to_string()),
        "{score}" => Word::Random(""),
        "{random}" => Word::Random("elem"),
        _ => Word::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::requests::{Batch, KeySource};

    fn text(lines: &[&str], keys: Keys, size: u64) -> String {
        let script = Script::new(lines, keys.clone(), size);
        let mut batch = Batch::of_script(&script, 1);
        let (bytes, _) = batch.next(&mut KeySource::new(keys, 1));
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn places_are_filled_in_their_order() {
        let sent = text(&["HSET h {element} {value} {element} {value}"], Keys::Each(7..9), 100);
        for part in ["elem:0000007", "valu:0000007", "elem:0000008", "valu:0000008"] {
            assert!(sent.contains(part), "{part} in {sent}");
        }
    }

    #[test]
    fn indexes_have_no_zero_in_front_and_lie_within() {
        let sent = |size| text(&["ZRANGE z {index} {index+9}"], Keys::Each(33..34), size);
        assert!(sent(1000).ends_with("$3\r\n530\r\n$3\r\n539\r\n"), "{}", sent(1000));
        assert!(sent(100).ends_with("$2\r\n50\r\n$2\r\n59\r\n"), "{}", sent(100));
    }

    #[test]
    fn a_command_without_places_is_sent_as_often_as_there_are_keys() {
        let script = Script::new(&["SMEMBERS s"], Keys::Each(0..1), 1);
        let mut source = KeySource::new(script.keys.clone(), 1);
        let mut batch = Batch::of_script(&script, 1);
        assert_eq!(batch.next(&mut source).1, 1);
        assert_eq!(batch.next(&mut source).1, 0);
    }
}
