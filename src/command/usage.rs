//! Reads a usage line into what the server needs to know of a call: how many words it has, which of
//! them are keys, and the arguments as COMMAND DOCS lists them.
//!
//! ```text
//! SET key value [NX | XX] [GET] [EX seconds | KEEPTTL]
//!     └ Word     └ OneOf of tokens   └ OneOf: a Word with a token, a token
//! MSET key value [key value ...]        a Block that may come several times
//! ```
//! Upper case is sent as it stands, lower case is a name for what is sent; `[ ]` may be left out,
//! `|` separates ways, `< >` holds ways of which one must be taken, `...` repeats what stands
//! before it; `...` alone stands for words that mean nothing. Source of the notation:
//! https://redis.io/docs/latest/develop/reference/command-arguments/

/// One argument of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it consists of.
    pub kind: Kind,
    /// The word sent before it: `EX` of `EX seconds`.
    pub token: Option<&'static str>,
    /// May be left out.
    pub optional: bool,
    /// May come several times.
    pub multiple: bool,
    /// Its token is sent again each time.
    pub multiple_token: bool,
}

/// What an argument consists of.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A value, by the name the usage line gives it.
    Word(&'static str),
    /// A word sent as it stands.
    Token(&'static str),
    /// One of these.
    OneOf(Vec<Node>),
    /// These, one after the other.
    Block(Vec<Node>),
}

/// How many words a call has, the command's name included.
#[derive(Debug, PartialEq, Clone, Copy)]
pub struct Arity {
    /// The fewest.
    pub min: usize,
    /// Whether there may not be more.
    pub exact: bool,
}

impl Arity {
    /// Redis's notation: 3 is "exactly three", -3 is "three or more".
    pub fn signed(self) -> i64 {
        if self.exact { self.min as i64 } else { -(self.min as i64) }
    }

    /// Whether a call of `words` words fits.
    #[inline]
    pub fn fits(self, words: usize) -> bool {
        if self.exact { words == self.min } else { words >= self.min }
    }
}

/// Where keys stand in a call.
#[derive(Debug, PartialEq, Clone, Copy)]
pub enum Keys {
    /// Every `step`-th word from `first` to `last`; a negative `last` counts from the end.
    Range {
        /// The first key's place; the command's name is at 0.
        first: usize,
        /// The last key's place.
        last: i64,
        /// The distance from one key to the next.
        step: usize,
    },
    /// The word at `at` tells how many keys follow it, `step` words apart.
    Counted {
        /// The place of the count.
        at: usize,
        /// The distance from one key to the next.
        step: usize,
    },
    /// The first half of the words after `token`, which stands at `from` or behind it.
    Halved {
        /// The word before the keys.
        token: &'static str,
        /// The first place it may have.
        from: usize,
    },
    /// The word after `token`, if that is there at all, which stands at `from` or behind it.
    After {
        /// The word before the key.
        token: &'static str,
        /// The first place it may have.
        from: usize,
    },
    /// Every word after `token`, if that is there at all, which stands at `from` or behind it.
    Behind {
        /// The word before the keys.
        token: &'static str,
        /// The first place it may have.
        from: usize,
    },
    /// Keys that no rule finds: made from data, or anywhere in the call (SORT).
    Unknown,
}

/// The argument names that stand for keys. One list, so that a usage line needs no extra marks.
const KEY_NAMES: &[&str] = &[
    "key",
    "key1",
    "key2",
    "newkey",
    "source",
    "destination",
    "destkey",
    "sourcekey",
    "shardchannel",
];

impl Node {
    fn new(kind: Kind) -> Self {
        Node { kind, token: None, optional: false, multiple: false, multiple_token: false }
    }

    /// Whether this stands for a key, or for something else in its place.
    pub fn is_key(&self) -> bool {
        match &self.kind {
            Kind::Word(name) => KEY_NAMES.contains(name),
            Kind::OneOf(ways) => !self.optional && ways.iter().any(Node::is_bare_key),
            _ => false,
        }
    }

    fn is_bare_key(&self) -> bool {
        self.is_named("key") && self.token.is_none()
    }

    fn is_named(&self, name: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) if *own == name)
    }

    /// The words of one occurrence.
    fn words(&self) -> Arity {
        let own = match &self.kind {
            Kind::Word(_) | Kind::Token(_) => Arity { min: 1, exact: true },
            Kind::Block(nodes) => arity(nodes),
            Kind::OneOf(ways) => {
                let ways: Vec<Arity> = ways.iter().map(Node::words).collect();
                let min = ways.iter().map(|way| way.min).min().unwrap_or(0);
                Arity { min, exact: ways.iter().all(|way| way.exact && way.min == min) }
            }
        };
        Arity { min: own.min + usize::from(self.token.is_some()), exact: own.exact }
    }
}

/// The arguments in `usage` after the command's name, which is its first word.
///
/// # Panics
/// On unbalanced brackets: a mistake in the table, found by the first test that builds it.
pub fn parse(usage: &'static str) -> Vec<Node> {
    let mut words = Words { rest: usage };
    words.next();
    let nodes = sequence(&mut words);
    assert!(words.next().is_none(), "unbalanced usage line: {usage}");
    nodes
}

/// The pieces of a usage line: names, tokens and the signs `[ ] < > |`.
struct Words {
    rest: &'static str,
}

impl Words {
    fn peek(&self) -> Option<&'static str> {
        let rest = self.rest.trim_start();
        let signs = ['[', ']', '<', '>', '|', ' '];
        match rest.find(|c| signs.contains(&c)) {
            None if rest.is_empty() => None,
            None => Some(rest),
            // Subcommands are written `CONFIG|GET`: there the bar belongs to the word.
            Some(0) => Some(&rest[..1]),
            Some(end) if rest[end..].starts_with('|') => {
                Some(&rest[..rest.find(' ').unwrap_or(rest.len())])
            }
            Some(end) => Some(&rest[..end]),
        }
    }

    fn next(&mut self) -> Option<&'static str> {
        let word = self.peek()?;
        self.rest = &self.rest.trim_start()[word.len()..];
        Some(word)
    }
}

fn is_token(word: &str) -> bool {
    !word.chars().any(|c| c.is_ascii_lowercase())
}

/// Reads nodes up to a closing sign, a bar or the end.
fn sequence(words: &mut Words) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    while let Some(word) = words.peek().filter(|word| !["]", ">", "|"].contains(word)) {
        words.next();
        match word {
            "[" => optional(words, &mut nodes),
            "<" => {
                let ways = alternatives(words, ">");
                nodes.push(Node::new(Kind::OneOf(ways)));
            }
            "..." => nodes = vec![repeated(nodes)],
            token if is_token(token) => nodes.push(Node::new(Kind::Token(token))),
            name => nodes.push(Node::new(Kind::Word(name))),
        }
    }
    nodes
}

/// Marks a sequence as one that was followed by `...`.
fn repeated(nodes: Vec<Node>) -> Node {
    Node { multiple: true, ..Node::new(Kind::Block(nodes)) }
}

/// Reads what stands in `[ ]`: either ways that may be left out, or a repetition of what came
/// before.
fn optional(words: &mut Words, nodes: &mut Vec<Node>) {
    let mut ways = alternatives(words, "]");
    let is_repetition =
        |node: &Node| node.multiple && node.token.is_none() && matches!(node.kind, Kind::Block(_));
    if ways.len() == 1 && is_repetition(&ways[0]) {
        let Some(Node { kind: Kind::Block(again), .. }) = ways.pop() else {
            unreachable!("a repetition is a block")
        };
        return repeat(nodes, again);
    }
    let mut node = match ways.len() {
        1 => ways.remove(0),
        _ => Node::new(Kind::OneOf(ways)),
    };
    node.optional = true;
    nodes.push(node);
}

/// `key value` followed by `[key value ...]`: the last nodes, if they are the same, come several
/// times.
fn repeat(nodes: &mut Vec<Node>, again: Vec<Node>) {
    let again_words: usize = again.iter().map(|node| node.words().min).sum();
    let mut start = nodes.len();
    let mut taken = 0;
    while start > 0 && taken < again_words {
        start -= 1;
        taken += nodes[start].words().min;
    }
    let has_token =
        |nodes: &[Node]| matches!(nodes.first(), Some(Node { kind: Kind::Token(_), .. }));
    // `[key ...]` with something else before it: any number, none included.
    let is_first = nodes[start..] != again;
    if !is_first {
        nodes.truncate(start);
    }
    let multiple_token = has_token(&again) && again.len() > 1;
    let mut node = single(again);
    (node.multiple, node.multiple_token) = (true, multiple_token);
    node.optional = is_first;
    nodes.push(node);
}

/// Reads ways separated by bars up to `end`; each way becomes one node.
fn alternatives(words: &mut Words, end: &str) -> Vec<Node> {
    let mut ways = Vec::new();
    loop {
        let nodes = sequence(words);
        ways.push(single(nodes));
        match words.next() {
            Some("|") => continue,
            other => {
                assert_eq!(other, Some(end), "unbalanced usage line");
                return ways;
            }
        }
    }
}

/// One node for a sequence: `EX seconds` is a word with a token, `LIMIT offset count` a block with
/// one.
fn single(mut nodes: Vec<Node>) -> Node {
    if nodes.len() == 1 {
        return nodes.remove(0);
    }
    let token = match nodes.first() {
        Some(Node { kind: Kind::Token(token), optional: false, .. }) => Some(*token),
        _ => None,
    };
    if token.is_some() {
        nodes.remove(0);
    }
    let inner = match nodes.len() {
        1 if nodes[0].token.is_none() && !nodes[0].optional => nodes.remove(0),
        _ => Node::new(Kind::Block(nodes)),
    };
    Node { token, ..inner }
}

/// How many words a sequence has, the command's name not counted.
pub fn arity(nodes: &[Node]) -> Arity {
    nodes.iter().fold(Arity { min: 0, exact: true }, |sum, node| {
        let own = node.words();
        let min = if node.optional { 0 } else { own.min };
        let exact = own.exact && !node.optional && !node.multiple;
        Arity { min: sum.min + min, exact: sum.exact && exact }
    })
}

/// What stands before the keys of XREAD and XREADGROUP, which are followed by an id for each.
const STREAMS: &str = "STREAMS";

/// The options that may stand before `STREAMS`, and how many words each has.
const STREAMS_OPTIONS: [(&str, usize); 5] =
    [("COUNT", 2), ("BLOCK", 2), ("CLAIM", 2), ("GROUP", 3), ("NOACK", 1)];

/// The place of `token` in a call like XREAD; none where something else than an option precedes it.
pub fn place_of_token<'w>(
    token: &str,
    mut word: impl FnMut(usize) -> Option<&'w [u8]>,
) -> Option<usize> {
    let mut at = 1;
    loop {
        let given = word(at)?;
        if given.eq_ignore_ascii_case(token.as_bytes()) {
            return Some(at);
        }
        let names = |(name, _): &&(&str, usize)| given.eq_ignore_ascii_case(name.as_bytes());
        at += STREAMS_OPTIONS.iter().find(names)?.1;
    }
}

/// Where the keys are: `at` is the place of the first node (1, or 2 for a subcommand).
///
/// Only keys before the first part of varying length, and those that this part repeats, are found;
/// and those after `STREAMS`, and of options, as in `[STORE key]`.
pub fn keys(nodes: &[Node], at: usize) -> Vec<Keys> {
    if let Some(place) = nodes.iter().position(|node| node.kind == Kind::Token(STREAMS)) {
        return vec![Keys::Halved { token: STREAMS, from: at + arity(&nodes[..place]).min }];
    }
    let mut found: Vec<Keys> = Vec::new();
    let mut place = at;
    for (index, node) in nodes.iter().enumerate() {
        let rest = arity(&nodes[index + 1..]).min as i64;
        let step = match &node.kind {
            Kind::Block(inner) if inner.first().is_some_and(Node::is_key) => inner.len(),
            _ => 1,
        };
        let holds_keys = node.is_key() || step > 1;
        let follows_a_count = index > 0 && nodes[index - 1].is_named("numkeys");
        if holds_keys && follows_a_count {
            found.push(Keys::Counted { at: place - 1, step });
        } else if holds_keys && node.multiple {
            found.push(Keys::Range { first: place, last: -1 - rest, step });
        } else if node.is_key() && !node.optional && node.token.is_none() {
            push_single(&mut found, place, node);
        }
        if node.optional || node.multiple || !node.words().exact {
            break;
        }
        place += node.words().min;
    }
    found.extend(keys_of_options(nodes, at));
    found
}

/// Where the first field or member is named, if no option comes before it: a guess, to fetch it
/// ahead.
pub fn element(nodes: &[Node], at: usize) -> Option<usize> {
    let is_name = |node: &Node| node.is_named("field") || node.is_named("member");
    let mut place = at;
    for node in nodes.iter().filter(|node| !node.optional) {
        if node.token.is_some() {
            return None;
        }
        let parts = match &node.kind {
            Kind::Block(parts) => parts.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if let Some(index) = parts.iter().position(is_name) {
            return Some(place + index);
        }
        if node.multiple || !node.words().exact {
            return None;
        }
        place += node.words().min;
    }
    None
}

/// Keys that stand behind a word of their own, and are called just that: the `destination` of SORT
/// is one that no rule finds.
fn keys_of_options(nodes: &[Node], at: usize) -> impl Iterator<Item = Keys> {
    let fixed = nodes.iter().position(|node| node.optional).unwrap_or(nodes.len());
    let from = at + arity(&nodes[..fixed]).min;
    let ways = nodes[fixed..].iter().flat_map(|node| match &node.kind {
        Kind::OneOf(ways) => ways.as_slice(),
        _ => std::slice::from_ref(node),
    });
    ways.filter(|way| way.is_named("key")).filter_map(move |way| {
        let token = way.token?;
        Some(match way.multiple {
            true => Keys::Behind { token, from },
            false => Keys::After { token, from },
        })
    })
}

/// Adds one key; `key1 key2` are one range, `key newkey` are two.
fn push_single(found: &mut Vec<Keys>, place: usize, node: &Node) {
    if node.is_named("key2")
        && let Some(Keys::Range { last, .. }) = found.last_mut()
    {
        *last = place as i64;
        return;
    }
    found.push(Keys::Range { first: place, last: place as i64, step: 1 });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(usage: &'static str) -> (i64, Vec<Keys>) {
        let nodes = parse(usage);
        let arity = arity(&nodes);
        (Arity { min: arity.min + 1, ..arity }.signed(), keys(&nodes, 1))
    }

    #[test]
    fn a_usage_line_tells_arity_and_keys() {
        let range = |first, last, step| vec![Keys::Range { first, last, step }];
        assert_eq!(facts("GET key"), (2, range(1, 1, 1)));
        assert_eq!(facts("DEL key [key ...]"), (-2, range(1, -1, 1)));
        assert_eq!(facts("MSET key value [key value ...]"), (-3, range(1, -1, 2)));
        assert_eq!(facts("BLPOP key [key ...] timeout"), (-3, range(1, -2, 1)));
        assert_eq!(facts("LCS key1 key2 [LEN] [IDX]"), (-3, range(1, 2, 1)));
        assert_eq!(facts("SET key value [NX | XX] [GET] [EX seconds | KEEPTTL]").0, -3);
        assert_eq!(facts("PING [message]"), (-1, vec![]));
        assert_eq!(facts("QUIT ..."), (-1, vec![]));
        assert_eq!(facts("LIST [ID id [id ...]] [NAME name]"), (-1, vec![]));
        let counted = vec![Keys::Counted { at: 1, step: 2 }];
        assert_eq!(facts("MSETEX numkeys key value [key value ...] [NX | XX]"), (-4, counted));
        let halved = |from| vec![Keys::Halved { token: "STREAMS", from }];
        assert_eq!(facts("XREAD [COUNT count] STREAMS key [key ...] id [id ...]"), (-4, halved(1)));
        assert_eq!(facts("X GROUP group me STREAMS key [key ...] id [id ...]"), (-7, halved(4)));
        let after = |token| Keys::After { token, from: 3 };
        let stored = [range(1, 1, 1), vec![after("STORE"), after("STOREDIST")]].concat();
        assert_eq!(facts("X key member [COUNT n] [STORE key | STOREDIST key]"), (-3, stored));
        let behind = vec![Keys::Behind { token: "KEYS", from: 4 }];
        let moved = [range(2, 2, 1), behind].concat();
        assert_eq!(facts("X host <key | \"\"> db [COPY] [KEYS key [key ...]]"), (-4, moved));
        let two = [range(1, 1, 1), range(2, 2, 1)].concat();
        assert_eq!(facts("RENAME key newkey"), (3, two));
    }

    #[test]
    fn the_place_of_an_element_is_told_where_it_is_fixed() {
        for (usage, place) in [
            ("HGET key field", Some(2)),
            ("HSET key field value [field value ...]", Some(2)),
            ("HDEL key field [field ...]", Some(2)),
            ("ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]", Some(3)),
            ("GEOADD key [CH] longitude latitude member [longitude latitude member ...]", Some(4)),
            ("ZINCRBY key increment member", Some(3)),
            ("HGETEX key [EX seconds] FIELDS numfields field [field ...]", Some(4)),
            ("SMEMBERS key", None),
        ] {
            assert_eq!(element(&parse(usage), 1), place, "{usage}");
        }
    }

    #[test]
    fn a_token_before_a_name_belongs_to_it() {
        let nodes = parse("GETEX key [EX seconds | PERSIST] [LIMIT offset count]");
        let Kind::OneOf(ways) = &nodes[1].kind else { panic!("{nodes:?}") };
        assert_eq!((ways[0].token, &ways[0].kind), (Some("EX"), &Kind::Word("seconds")));
        assert_eq!(ways[1].kind, Kind::Token("PERSIST"));
        assert_eq!(nodes[2].token, Some("LIMIT"));
        assert!(matches!(&nodes[2].kind, Kind::Block(inner) if inner.len() == 2));
    }
}
