//! The shape of a command's arguments, read from a line of `grammar.txt` or from the answer of
//! COMMAND DOCS.
//!
//! A line is the command and then: `WORD` as it is; `name` an argument (its name says what is put
//! there, see `words`); `[a|b]` one of these or nothing; `(a|b)` one of these; `...` after
//! anything: several times, and after `num…` as often as it says; `@8.4` before an alternative:
//! only for servers of that version.

use redstart_course::wire::Reply;

/// Major and minor number of a version of Redis.
pub type Version = (u32, u32);

/// A part of a command.
#[derive(Debug, Clone)]
pub enum Part {
    /// A fixed word.
    Word(String),
    /// An argument of this name.
    Argument(String),
    /// Maybe.
    Optional(Box<Part>),
    /// One of these.
    Choice(Vec<Part>),
    /// All of these, in order.
    All(Vec<Part>),
    /// Once or more.
    Many(Box<Part>),
    /// A number, and so many of these.
    Counted(Box<Part>),
}

/// Reads a line; None if it is for a newer server.
pub fn parse(line: &str, version: Version) -> Option<Part> {
    let spaced = "[]()|"
        .chars()
        .fold(line.replace("...", " ... "), |text, mark| text.replace(mark, &format!(" {mark} ")));
    let mut tokens: Vec<&str> = spaced.split_whitespace().rev().collect();
    let part = alternatives(&mut tokens, version);
    assert!(tokens.is_empty(), "a bracket too much: {line}");
    part
}

/// `a b|c` up to the closing bracket, which stays; None if no alternative is left.
fn alternatives(tokens: &mut Vec<&str>, version: Version) -> Option<Part> {
    let mut choices = Vec::new();
    loop {
        let known = match tokens.last().and_then(|token| token.strip_prefix('@')) {
            None => true,
            Some(since) => {
                tokens.pop();
                version >= parse_version(since)
            }
        };
        let parts = sequence(tokens, version);
        if known {
            choices.push(if parts.len() == 1 { parts[0].clone() } else { Part::All(parts) });
        }
        if tokens.last() != Some(&"|") {
            break;
        }
        tokens.pop();
    }
    match choices.len() {
        0 => None,
        1 => choices.pop(),
        _ => Some(Part::Choice(choices)),
    }
}

fn sequence(tokens: &mut Vec<&str>, version: Version) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    while let Some(&token) = tokens.last() {
        if matches!(token, "|" | "]" | ")") {
            break;
        }
        tokens.pop();
        match token {
            "[" | "(" => {
                let inner = alternatives(tokens, version);
                tokens.pop();
                let Some(inner) = inner else { continue };
                parts.push(if token == "[" { Part::Optional(Box::new(inner)) } else { inner });
            }
            "..." => {
                let last = parts.pop().expect("something before ...");
                parts.push(Part::Many(Box::new(last)));
            }
            word if word.starts_with(|c: char| c.is_ascii_lowercase()) => {
                parts.push(Part::Argument(word.to_owned()));
            }
            word => parts.push(Part::Word(word.to_owned())),
        }
    }
    counted(parts)
}

/// Makes one part of a number and what it counts.
fn counted(parts: Vec<Part>) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        let is_counted = matches!(joined.last(),
            Some(Part::Argument(name)) if name.starts_with("num") && name != "num-matches");
        match part {
            Part::Many(inner) if is_counted => {
                joined.pop();
                joined.push(Part::Counted(inner));
            }
            part => joined.push(part),
        }
    }
    joined
}

/// `8.4` or `7.2.4`.
pub fn parse_version(text: &str) -> Version {
    let mut numbers = text.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// A command as COMMAND DOCS describes it: what stands after its name.
pub fn from_docs(name: &str, docs: &Reply) -> Part {
    let mut parts: Vec<Part> = name.split('|').map(|word| Part::Word(word.to_owned())).collect();
    parts.extend(counted(list(field(docs, "arguments")).iter().map(argument).collect()));
    Part::All(parts)
}

fn argument(docs: &Reply) -> Part {
    let inner = || list(field(docs, "arguments")).iter().map(argument).collect::<Vec<Part>>();
    let mut part = match text(field(docs, "type")).as_str() {
        "pure-token" => Part::All(Vec::new()),
        "oneof" => Part::Choice(inner()),
        "block" => Part::All(counted(inner())),
        "key" => Part::Argument("key".into()),
        "integer" | "double" | "string" | "unix-time" | "pattern" => {
            Part::Argument(text(field(docs, "name")))
        }
        _ => Part::Argument("value".into()),
    };
    let flags: Vec<String> =
        list(field(docs, "flags")).iter().map(|flag| text(Some(flag))).collect();
    let has = |flag: &str| flags.iter().any(|has| has == flag);
    let token = field(docs, "token").map(|token| Part::Word(text(Some(token))));
    if has("multiple") && !has("multiple_token") {
        part = Part::Many(Box::new(part));
    }
    if let Some(token) = token {
        part = Part::All(vec![token, part]);
    }
    if has("multiple_token") {
        part = Part::Many(Box::new(part));
    }
    if has("optional") { Part::Optional(Box::new(part)) } else { part }
}

/// The value of a field in a flat array of pairs.
pub fn field<'a>(docs: &'a Reply, name: &str) -> Option<&'a Reply> {
    let (Reply::Array(pairs) | Reply::Map(pairs)) = docs else { return None };
    pairs.chunks(2).find(|pair| pair[0].text() == Some(name.as_bytes())).map(|pair| &pair[1])
}

fn list(reply: Option<&Reply>) -> &[Reply] {
    match reply {
        Some(Reply::Array(elements) | Reply::Set(elements)) => elements,
        _ => &[],
    }
}

/// The text of a reply, empty if it has none.
pub fn text(reply: Option<&Reply>) -> String {
    let bytes = reply.and_then(Reply::text).unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(line: &str, version: Version) -> String {
        format!("{:?}", parse(line, version).expect("not newer"))
    }

    #[test]
    fn what_is_newer_than_the_server_is_left_out() {
        assert_eq!(shape("GET key [NX|@8.4 XX]", (8, 0)), shape("GET key [NX]", (8, 0)));
        assert_ne!(shape("GET key [NX|@8.4 XX]", (8, 4)), shape("GET key [NX]", (8, 4)));
        assert!(parse("@8.4 DELEX key", (8, 2)).is_none());
    }

    #[test]
    fn a_number_belongs_to_what_it_counts() {
        let counted = "All([Word(\"ZDIFF\"), Counted(Argument(\"key\"))])";
        assert_eq!(shape("ZDIFF numkeys key...", (8, 0)), counted);
    }
}
