//! The command table against the facts: `tests/data/commands.csv` (every command of Redis 8 and
//! Valkey 9) and, where one is installed, a real server's COMMAND INFO.

mod support;

use redstart::command::{Entry, flag};
use redstart::commands::table;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::Server;

/// Flags of the facts that Redstart has no use for: sentinels, AOF internals, and what is worked
/// out from the keys.
const NO_USE_FOR: &[&str] = &[
    "sentinel",
    "movablekeys",
    "may_replicate",
    "skip_monitor",
    "skip_slowlog",
    "no_mandatory_keys",
    "all_dbs",
    "experimental",
];

/// One line of the facts, by the names of the columns.
type Facts = BTreeMap<String, String>;

/// The facts on every command, by its full name in lower case.
fn facts() -> BTreeMap<String, Facts> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/commands.csv");
    let text = std::fs::read_to_string(path).expect("the facts are part of the repository");
    let mut lines = text.lines().map(cells);
    let columns = lines.next().expect("the first line names the columns");
    lines
        .map(|cells| {
            let facts: Facts = columns.iter().cloned().zip(cells).collect();
            (facts["name"].to_lowercase().replace(' ', "|"), facts)
        })
        .collect()
}

/// The cells of a line; those in quotes may hold commas.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            other => cells.last_mut().expect("there is always a cell").push(other),
        }
    }
    cells
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_string).collect()
}

/// What the table says of a command, in the columns of the facts.
fn told(entry: &Entry) -> Facts {
    let flags = flag::NAMES.iter().filter(|(flag, _)| entry.has(*flag)).map(|(_, name)| *name);
    let flags: BTreeSet<&str> = flags.filter(|name| !NO_USE_FOR.contains(name)).collect();
    let categories: BTreeSet<String> =
        entry.categories().iter().map(|name| format!("@{name}")).collect();
    let (first, last, step) = entry.key_range();
    let (deprecated, replaced) = entry.command.replaced_by.unwrap_or_default();
    let pairs = [
        ("group", entry.group.replace('-', "_")),
        ("since", entry.command.since.to_string()),
        ("arity", entry.arity.signed().to_string()),
        ("flags", flags.into_iter().collect::<Vec<_>>().join(" ")),
        ("first_key", first.to_string()),
        ("last_key", last.to_string()),
        ("step", step.to_string()),
        ("acl_categories", categories.into_iter().collect::<Vec<_>>().join(" ")),
        ("key_specs", entry.keys.len().to_string()),
        ("deprecated_since", deprecated.to_string()),
        ("replaced_by", replaced.replace('`', "")),
    ];
    pairs.map(|(name, value)| (name.to_string(), value)).into()
}

/// A fact as it compares with what is told.
fn comparable(column: &str, fact: &str) -> String {
    let sorted = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(" ");
    match column {
        "flags" => {
            sorted(words(fact).into_iter().filter(|w| !NO_USE_FOR.contains(&w.as_str())).collect())
        }
        "acl_categories" => sorted(words(fact)),
        "group" => fact.replace('-', "_"),
        // Marks of names, which the facts have in part.
        "replaced_by" => fact.replace(['`', '!'], ""),
        _ => fact.to_string(),
    }
}

#[test]
fn every_command_is_as_the_facts_say() {
    let facts = facts();
    let mut findings = Vec::new();
    for entry in table().entries() {
        let Some(facts) = facts.get(&entry.name) else {
            findings.push(format!("{}: the facts know no such command", entry.name));
            continue;
        };
        for (column, told) in told(entry) {
            let fact = comparable(&column, &facts[&column]);
            if told != fact {
                findings.push(format!("{}: {column} is {told:?}, not {fact:?}", entry.name));
            }
        }
    }
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn every_command_says_what_it_does() {
    for entry in table().entries() {
        assert!(entry.command.summary.ends_with('.'), "{} has no sentence", entry.name);
        assert!(!entry.command.complexity.is_empty(), "{} has no cost", entry.name);
    }
}

#[test]
fn keys_are_told_of_once_for_each_place() {
    const KNOWN: &[&str] = &[
        "RO",
        "RW",
        "OW",
        "RM",
        "access",
        "update",
        "insert",
        "delete",
        "not_key",
        "incomplete",
        "variable_flags",
    ];
    for entry in table().entries() {
        let flags = entry.command.key_flags;
        assert!(flags.len() <= entry.keys.len(), "{} has fewer keys than flags", entry.name);
        for word in flags.iter().flat_map(|flags| flags.split(' ')) {
            assert!(KNOWN.contains(&word), "{}: {word:?} is no flag of a key", entry.name);
        }
    }
}

/// What COMMAND INFO answers, as far as it is compared: columns of the facts, and key specs.
fn answered(reply: &redis::Value) -> Option<Facts> {
    let redis::Value::Array(fields) = reply else { return None };
    let number = |at: usize| text(&fields[at]);
    let list = |at: usize| {
        let redis::Value::Array(items) = &fields[at] else { panic!("a list: {:?}", fields[at]) };
        items.iter().map(text).collect::<BTreeSet<_>>()
    };
    let joined = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(" ");
    let flags = list(2).into_iter().filter(|name| !NO_USE_FOR.contains(&name.as_str())).collect();
    let pairs = [
        ("arity", number(1)),
        ("flags", joined(flags)),
        ("first_key", number(3)),
        ("last_key", number(4)),
        ("step", number(5)),
        ("acl_categories", joined(list(6))),
        ("key_specs", text(&without_notes(&fields[8]))),
    ];
    Some(pairs.map(|(name, value)| (name.to_string(), value)).into())
}

/// Key specifications without the remarks for people that some of them have.
fn without_notes(specs: &redis::Value) -> redis::Value {
    let redis::Value::Array(specs) = specs else { panic!("a list: {specs:?}") };
    let strip = |spec: &redis::Value| match spec {
        redis::Value::Array(fields) if text(&fields[0]) == "notes" => {
            redis::Value::Array(fields[2..].to_vec())
        }
        other => other.clone(),
    };
    redis::Value::Array(specs.iter().map(strip).collect())
}

fn text(value: &redis::Value) -> String {
    match value {
        redis::Value::Int(number) => number.to_string(),
        redis::Value::SimpleString(text) => text.clone(),
        redis::Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        redis::Value::Array(items) => {
            format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}"),
    }
}

fn command_info(server: &Server, names: &[&str]) -> Vec<Option<Facts>> {
    let url = format!("redis://127.0.0.1:{}", server.port);
    let client = redis::Client::open(url).expect("the address is well formed");
    let mut connection = client.get_connection().expect("the server answers");
    let mut command = redis::cmd("COMMAND");
    command.arg("INFO").arg(names);
    let replies: Vec<redis::Value> = command.query(&mut connection).expect("an array");
    replies.iter().map(answered).collect()
}

/// Commands whose key flags changed after Redis 7.0.
const NEWER_KEY_FLAGS: &[&str] = &["sinterstore"];

#[test]
fn a_real_server_tells_the_same_of_its_commands() {
    let Some(program) = support::program("redis-server") else {
        eprintln!("no redis-server on this machine: not compared");
        return;
    };
    let facts = facts();
    // Subcommands are asked for one by one, too: their order within a container means nothing.
    let names: Vec<&str> = table().entries().iter().map(|entry| &*entry.name).collect();
    let ours = command_info(&Server::start(&[]), &names);
    let theirs = command_info(&Server::start_program(&program, &["--save", ""]), &names);
    let mut findings = Vec::new();
    for ((name, ours), theirs) in names.iter().zip(ours).zip(theirs) {
        let ours = ours.expect("every command of the table is found");
        // A command newer than the installed server: the facts alone judge.
        let Some(theirs) = theirs else { continue };
        for (column, ours) in &ours {
            let is_newer = match &**column {
                "key_specs" => NEWER_KEY_FLAGS.contains(name),
                // The facts are of Redis 8: where they side with us, the difference is newer.
                _ => comparable(column, &facts[*name][column]) == *ours,
            };
            if *ours != theirs[column] && !is_newer {
                findings.push(format!("{name}: {column}\n  {ours}\n  {}", theirs[column]));
            }
        }
    }
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
