//! The command table: every command by its name, with what its usage line says already worked out.
//!
//! Built once, before the first connection, from the groups of `commands`. A look-up folds the case
//! of the first eight bytes into a number, so that the common names cost one probe and one
//! comparison.

use super::usage::{self, Arity, Keys, Node};
use super::{Command, Group, Handler, flag};
use crate::protocol::Words;
use hashbrown::HashMap;

/// A command of the table.
pub struct Entry {
    /// Its number: index of its counters.
    pub id: usize,
    /// What its file declares.
    pub command: Command,
    /// Its name in lower case, parent included: `config|get`.
    pub name: String,
    /// The group it belongs to.
    pub group: &'static str,
    /// How many words a call has.
    pub arity: Arity,
    /// How many words name it: 2 for a subcommand.
    pub name_words: usize,
    /// Its arguments.
    pub arguments: Vec<Node>,
    /// Where its keys are.
    pub keys: Vec<Keys>,
    /// Takes so little that timing each call would cost as much as the call.
    pub is_quick: bool,
    /// The place of its only key, if it has just one.
    pub single_key: Option<usize>,
    /// Where the name of an element of the container at that key stands, most likely.
    pub element: Option<usize>,
    /// The group's ACL category.
    category: Option<&'static str>,
    /// Its subcommands, by their own name in lower case.
    pub subcommands: Vec<(String, usize)>,
}

impl Entry {
    /// Whether the command has the mark.
    #[inline]
    pub fn has(&self, flag: u32) -> bool {
        self.command.flags & flag != 0
    }

    /// Its ACL categories without the `@`, those that follow from group and flags first.
    pub fn categories(&self) -> Vec<&'static str> {
        let is_container = matches!(self.command.handler, Handler::Container);
        let group = if is_container || self.command.outside_group { None } else { self.category };
        let mut categories: Vec<&'static str> = group.into_iter().collect();
        let marks = [
            (flag::READONLY, "read"),
            (flag::WRITE, "write"),
            (flag::ADMIN, "admin"),
            (flag::ADMIN, "dangerous"),
            (flag::BLOCKING, "blocking"),
        ];
        categories.extend(marks.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name));
        categories.push(if self.has(flag::FAST) { "fast" } else { "slow" });
        categories.extend(self.command.categories);
        categories
    }

    /// What happens to the keys of specification number `at`: `RO access`, `OW update` …
    pub fn key_flags(&self, at: usize) -> &'static str {
        let by_kind = if self.has(flag::WRITE) { "RW update" } else { "RO access" };
        self.command.key_flags.get(at).copied().unwrap_or(by_kind)
    }

    /// The keys' places in the old form of COMMAND INFO: first, last and step. Specifications
    /// that follow each other count as one; zeros when the keys do not stand at fixed places.
    pub fn key_range(&self) -> (i64, i64, i64) {
        if let [Keys::Range { first, last, step }] = self.keys.as_slice() {
            return (*first as i64, *last, *step as i64);
        }
        let mut range: Option<(i64, i64)> = None;
        for keys in &self.keys {
            let Keys::Range { first, last, step: 1 } = keys else { continue };
            range = match range {
                None => Some((*first as i64, *last)),
                Some((start, end)) if end == *first as i64 - 1 => Some((start, *last)),
                other => other,
            };
        }
        range.map_or((0, 0, 0), |(first, last)| (first, last, 1))
    }

    /// The names of its flags, as COMMAND INFO lists them.
    pub fn flag_names(&self) -> impl Iterator<Item = &'static str> {
        let shown = self.command.flags & !flag::HIDDEN;
        flag::NAMES.iter().filter(move |(flag, _)| shown & flag != 0).map(|(_, name)| *name)
    }

    /// Calls `visit` with the place of every key of a call, in order. False when the words do not
    /// fit: a count that is no number or larger than what follows.
    #[inline]
    pub fn each_key(&self, words: Words<'_>, mut visit: impl FnMut(usize)) -> bool {
        self.keys.iter().all(|keys| {
            if let Keys::After { token, from } = *keys {
                // The command decides which of several it means, so that all of them are locked.
                words_after(token, from, words).for_each(&mut visit);
                return true;
            }
            let Some((first, last, step)) = span(*keys, words) else {
                return *keys == Keys::Unknown;
            };
            let mut at = first;
            while at <= last {
                visit(at);
                at += step;
            }
            true
        })
    }
}

/// The first and last place of a key specification in this call, and the distance between keys.
#[inline]
pub fn span(keys: Keys, words: Words<'_>) -> Option<(usize, usize, usize)> {
    match keys {
        Keys::Range { first, last, step } if last >= 0 => Some((first, last as usize, step)),
        Keys::Range { first, last, step } => {
            Some((first, words.len().checked_sub(last.unsigned_abs() as usize)?, step))
        }
        Keys::Counted { at, step } => {
            let count = crate::types::number::parse_integer(words.get(at))?;
            let count = usize::try_from(count).ok().filter(|count| *count > 0)?;
            let last = count.checked_sub(1)?.checked_mul(step)?.checked_add(at + 1)?;
            (last < words.len()).then_some((at + 1, last, step))
        }
        Keys::Halved { token, .. } => {
            let word = |at| (at < words.len()).then(|| words.get(at));
            let first = usage::place_of_token(token, word)? + 1;
            let after = words.len() - first;
            (after > 0 && after.is_multiple_of(2)).then(|| (first, first + after / 2 - 1, 1))
        }
        // The last of several counts; none is an empty span.
        Keys::After { token, from } => {
            Some(words_after(token, from, words).last().map_or((1, 0, 1), |at| (at, at, 1)))
        }
        Keys::Behind { token, from } => {
            let first = words_after(token, from, words).next();
            Some(first.map_or((1, 0, 1), |first| (first, words.len() - 1, 1)))
        }
        Keys::Unknown => None,
    }
}

/// The places of the words that follow `token`, at `from` or behind it.
fn words_after<'w>(
    token: &'static str,
    from: usize,
    words: Words<'w>,
) -> impl Iterator<Item = usize> + use<'w> {
    let is_token = move |at: &usize| words.get(*at).eq_ignore_ascii_case(token.as_bytes());
    (from..words.len().saturating_sub(1)).filter(is_token).map(|at| at + 1)
}

/// Every command the server has.
pub struct Table {
    entries: Vec<Entry>,
    by_name: HashMap<Box<[u8]>, usize, foldhash::fast::FixedState>,
}

/// No command name is longer; longer words are unknown without a look-up.
const LONGEST_NAME: usize = 32;

impl Table {
    /// Builds the table.
    ///
    /// # Panics
    /// When two commands share a name or a subcommand has no parent: mistakes that the first test
    /// finds.
    pub fn new(groups: &[Group]) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let declared = groups.iter().flat_map(|group| {
            group.commands.iter().flat_map(|list| list.iter()).map(move |command| (group, *command))
        });
        for (group, command) in declared {
            entries.push(entry(entries.len(), group, command));
        }
        let mut by_name = HashMap::with_hasher(foldhash::fast::FixedState::default());
        for entry in entries.iter().filter(|entry| entry.name_words == 1) {
            let earlier = by_name.insert(entry.name.as_bytes().into(), entry.id);
            assert!(earlier.is_none(), "two commands are named {}", entry.name);
        }
        for id in 0..entries.len() {
            let Some((parent, own)) = entries[id].name.split_once('|') else { continue };
            let (parent, own) = (parent.as_bytes().to_vec(), own.to_string());
            let parent = by_name[parent.as_slice()];
            entries[parent].subcommands.push((own, id));
        }
        Table { entries, by_name }
    }

    /// Gives a command another name, or takes it away: `rename-command`.
    ///
    /// # Errors
    /// When there is no such command, or one with the new name; as Redis says it.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), &'static str> {
        let to = to.to_ascii_lowercase();
        if self.by_name.contains_key(to.as_slice()) {
            return Err("Target command name already exists");
        }
        let from = from.to_ascii_lowercase();
        let id = self.by_name.remove(from.as_slice()).ok_or("No such command in rename-command")?;
        if !to.is_empty() {
            self.by_name.insert(to.into(), id);
        }
        Ok(())
    }

    /// The command named by the first word, whatever its case; a container is not resolved further.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<&Entry> {
        let mut folded = [0u8; LONGEST_NAME];
        let folded = folded.get_mut(..name.len())?;
        folded.copy_from_slice(name);
        folded.make_ascii_lowercase();
        self.by_name.get(&*folded).map(|id| &self.entries[*id])
    }

    /// The subcommand of `parent` with this name.
    pub fn find_subcommand(&self, parent: &Entry, name: &[u8]) -> Option<&Entry> {
        let of = |(own, _): &&(String, usize)| own.as_bytes().eq_ignore_ascii_case(name);
        parent.subcommands.iter().find(of).map(|(_, id)| &self.entries[*id])
    }

    /// The command with this full name: `get`, `config|get`.
    pub fn find_full(&self, name: &[u8]) -> Option<&Entry> {
        match memchr::memchr(b'|', name) {
            None => self.find(name),
            Some(bar) => self.find_subcommand(self.find(&name[..bar])?, &name[bar + 1..]),
        }
    }

    /// Every command, subcommands included, by number.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn entry(id: usize, group: &Group, command: Command) -> Entry {
    let name = command.full_name().to_ascii_lowercase();
    assert!(name.len() <= LONGEST_NAME, "{name} is longer than LONGEST_NAME");
    let name_words = 1 + usize::from(name.contains('|'));
    let arguments = usage::parse(command.usage);
    let own = usage::arity(&arguments);
    let is_container = matches!(command.handler, Handler::Container);
    let arity = match is_container {
        true if own == (Arity { min: 0, exact: true }) => Arity { min: 2, exact: false },
        _ => Arity { min: own.min + name_words, exact: own.exact },
    };
    let mut keys = usage::keys(&arguments, name_words);
    // What happens to keys is told once for each place; a place more is one that no rule finds.
    keys.resize(keys.len().max(command.key_flags.len()), Keys::Unknown);
    let is_quick = command.has(flag::FAST) || name == "set";
    let single_key = match keys.as_slice() {
        [Keys::Range { first, last, .. }] if *last == *first as i64 => Some(*first),
        _ => None,
    };
    let element = single_key.and_then(|_| usage::element(&arguments, name_words));
    let moves = |keys: &Keys| !matches!(keys, Keys::Range { .. });
    let flags = command.flags | if keys.iter().any(moves) { flag::MOVABLE_KEYS } else { 0 };
    Entry {
        id,
        command: Command { flags, ..command },
        name,
        group: group.name,
        arity,
        name_words,
        arguments,
        keys,
        is_quick,
        single_key,
        element,
        category: group.category,
        subcommands: Vec::new(),
    }
}
