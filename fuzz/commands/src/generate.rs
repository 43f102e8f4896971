//! Random commands: a shape from `grammar.txt` or from COMMAND DOCS, filled in, then sometimes
//! damaged.

use crate::random::Random;
use crate::tame::tame;
use crate::template::{self, Part, Version};
use crate::words;
use redstart_course::wire::Reply;
use std::collections::BTreeMap;

const GRAMMAR: &str = include_str!("grammar.txt");
/// Repetitions of a part that may stand several times.
const MOST_REPEATED: usize = 5;

/// How seldom a command that may wait is taken once it is chosen.
const WAITS_ONCE_IN: usize = 16;

/// Commands that are left out, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("MIGRATE", "needs a third server"),
    ("WAIT", "takes its time"),
    ("WAITAOF", "takes its time"),
    ("DUMP", "the format names its version"),
    ("RESTORE", "the format names its version"),
    ("OBJECT|FREQ", "needs an LFU policy"),
    ("OBJECT|HELP", "texts differ between versions"),
    ("XGROUP|HELP", "texts differ between versions"),
    ("XINFO|HELP", "texts differ between versions"),
    ("PFDEBUG", "tells of the inside"),
    ("PFSELFTEST", "takes its time"),
];

/// What can be asked.
pub struct Commands {
    version: Version,
    groups: Vec<Group>,
}

struct Group {
    letter: char,
    /// The shapes of each command.
    commands: Vec<Vec<Part>>,
}

/// Which commands are wanted.
#[derive(Default)]
pub struct Wanted {
    /// Groups and commands; all if empty.
    pub only: Vec<String>,
    /// Groups and commands.
    pub without: Vec<String>,
}

impl Wanted {
    fn has(&self, group: &str, command: &str) -> bool {
        let named = |list: &[String]| {
            list.iter().any(|name| {
                name.eq_ignore_ascii_case(group)
                    || name.eq_ignore_ascii_case(command)
                    || name.eq_ignore_ascii_case(command.split('|').next().unwrap_or(command))
            })
        };
        (self.only.is_empty() || named(&self.only) || group == "transactions")
            && !named(&self.without)
            && !LEFT_OUT.iter().any(|(name, _)| *name == command)
    }
}

impl Commands {
    /// Commands that both servers know. `docs` is the reference's answer to COMMAND DOCS, `known`
    /// the names that the other server knows.
    pub fn new(docs: &Reply, known: &[String], version: Version, wanted: &Wanted) -> Self {
        let mut shapes: BTreeMap<(String, String), Vec<Part>> = BTreeMap::new();
        let mut add = |group: &str, name: String, shape: Part| {
            if wanted.has(group, &name) && known.contains(&name) {
                shapes.entry((group.to_owned(), name)).or_default().push(shape);
            }
        };
        let documented = documented(docs);
        let mut group = "";
        for line in GRAMMAR.lines() {
            if line.is_empty() || line.starts_with('#') {
            } else if let Some(heading) = line.strip_prefix("= ") {
                group = heading.split(' ').next().unwrap_or(heading);
            } else if let Some(shape) = template::parse(line, version) {
                let name = name_of(line, known);
                if documented.iter().any(|(_, documented, _)| *documented == name) {
                    add(group, name, shape);
                }
            }
        }
        for (group, name, entry) in documented {
            if letter(&group).is_some() {
                let shape = template::from_docs(&name, entry);
                add(&group, name, shape);
            }
        }
        let mut groups: BTreeMap<String, Group> = BTreeMap::new();
        for ((name, _), shapes) in shapes {
            let letter = letter(&name).expect("the heading of a group names its letter");
            let empty = || Group { letter, commands: Vec::new() };
            groups.entry(name).or_insert_with(empty).commands.push(shapes);
        }
        Commands { version, groups: groups.into_values().collect() }
    }

    /// How many commands there are.
    pub fn count(&self) -> usize {
        self.groups.iter().map(|group| group.commands.len()).sum()
    }

    fn choose(&self, random: &mut Random) -> (&Group, &Part) {
        let group = random.pick(&self.groups);
        let shapes = random.pick(&group.commands);
        (group, random.pick(shapes))
    }

    /// A command.
    pub fn random(&self, random: &mut Random) -> Vec<Vec<u8>> {
        let (mut group, mut shape) = self.choose(random);
        // Most of them wait for a moment, which is long beside everything else.
        if may_wait(shape) && !random.once_in(WAITS_ONCE_IN) {
            (group, shape) = self.choose(random);
        }
        let mut words = Vec::new();
        fill(shape, group.letter, random, &mut words);
        if random.once_in(20) {
            damage(&mut words, random);
        }
        change_case(&mut words, random);
        tame(&mut words, self.version);
        words
    }
}

fn may_wait(shape: &Part) -> bool {
    match shape {
        Part::Word(name) => {
            name.starts_with("BL") || name.starts_with("BR") || name.starts_with("BZ")
        }
        Part::All(parts) => parts.first().is_some_and(may_wait),
        _ => false,
    }
}

/// Group, name (`OBJECT|ENCODING`) and entry of each command.
fn documented(docs: &Reply) -> Vec<(String, String, &Reply)> {
    let (Reply::Array(entries) | Reply::Map(entries)) = docs else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.chunks(2) {
        let group = template::text(template::field(&entry[1], "group"));
        let name = template::text(Some(&entry[0])).to_uppercase();
        match template::field(&entry[1], "subcommands") {
            Some(Reply::Array(inner) | Reply::Map(inner)) => {
                for entry in inner.chunks(2) {
                    let name = template::text(Some(&entry[0])).to_uppercase();
                    found.push((group.clone(), name, &entry[1]));
                }
            }
            _ => found.push((group, name, &entry[1])),
        }
    }
    found
}

fn name_of(line: &str, known: &[String]) -> String {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with('@'));
    let first = words.next().unwrap_or_default();
    let both = format!("{first}|{}", words.next().unwrap_or_default());
    let is_container = known.iter().any(|name| name.starts_with(&format!("{first}|")));
    if known.contains(&both) {
        both
    } else if is_container {
        known.iter().find(|name| name.starts_with(&format!("{first}|"))).cloned().unwrap_or(both)
    } else {
        first.to_owned()
    }
}

/// The letter of a group's keys: a blank for any.
fn letter(group: &str) -> Option<char> {
    GRAMMAR.lines().filter_map(|line| line.strip_prefix("= ")).find_map(|heading| {
        let mut words = heading.split(' ');
        (words.next() == Some(group)).then(|| {
            words.next().map_or(' ', |word| word.chars().next().expect("words are not empty"))
        })
    })
}

fn fill(part: &Part, letter: char, random: &mut Random, words: &mut Vec<Vec<u8>>) {
    match part {
        Part::Word(word) => words.push(word.clone().into_bytes()),
        Part::Argument(name) => argument(name, letter, random, words),
        Part::Choice(parts) => fill(random.pick(parts), letter, random, words),
        Part::All(parts) => fill_all(parts, letter, random, words),
        Part::Optional(part) => {
            if random.once_in(2) {
                fill(part, letter, random, words);
            }
        }
        Part::Counted(part) => counted(part, letter, random, words),
        Part::Many(part) => {
            // An optional part that may stand several times stands mostly once.
            let most = if matches!(**part, Part::Optional(_)) { 2 } else { MOST_REPEATED };
            for _ in 0..1 + random.below(most) {
                fill(part, letter, random, words);
            }
        }
    }
}

/// In order, except that options which stand together change places.
fn fill_all(parts: &[Part], letter: char, random: &mut Random, words: &mut Vec<Vec<u8>>) {
    let mut at = 0;
    while at < parts.len() {
        let run = parts[at..].iter().take_while(|part| matches!(part, Part::Optional(_))).count();
        if run < 2 || random.once_in(2) {
            fill(&parts[at], letter, random, words);
            at += 1;
            continue;
        }
        let mut options: Vec<&Part> = parts[at..at + run].iter().collect();
        random.shuffle(&mut options);
        for option in options {
            fill(option, letter, random, words);
        }
        at += run;
    }
}

fn argument(name: &str, letter: char, random: &mut Random, words: &mut Vec<Vec<u8>>) {
    match name {
        "slot" => {
            let mut slot = words::argument("small", letter, random);
            slot.insert(0, b'#');
            words.push(slot);
        }
        "timeout" => words.push(words::argument("small", letter, random)),
        _ => words.push(words::argument(name, letter, random)),
    }
}

/// A number, and so many things; the number is seldom wrong.
fn counted(part: &Part, letter: char, random: &mut Random, words: &mut Vec<Vec<u8>>) {
    let count = 1 + random.below(3);
    if random.once_in(20) {
        words.push(words::hostile(random));
    } else {
        words.push(count.to_string().into_bytes());
    }
    for _ in 0..count {
        fill(part, letter, random, words);
    }
}

fn damage(words: &mut Vec<Vec<u8>>, random: &mut Random) {
    let at = 1 + random.below(words.len());
    if at >= words.len() {
        words.push(words::hostile(random));
        return;
    }
    match random.below(5) {
        0 => {
            words.remove(at);
        }
        1 => words.insert(at, words[at].clone()),
        2 => words.insert(at, words::hostile(random)),
        3 => {
            let other = 1 + random.below(words.len() - 1);
            words.swap(at, other);
        }
        _ => words[at] = words::hostile(random),
    }
}

/// Names and options in any case. A key or value never has two capital letters on end.
fn change_case(words: &mut [Vec<u8>], random: &mut Random) {
    for word in words {
        let is_fixed = word.len() > 1 && word.iter().all(|byte| byte.is_ascii_uppercase());
        if is_fixed && random.once_in(4) {
            if random.once_in(2) {
                word.make_ascii_lowercase();
            } else {
                let at = random.below(word.len());
                word[at].make_ascii_lowercase();
            }
        }
    }
}
