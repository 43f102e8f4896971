//! Containers of a known size in a server: `list`, `set`, `hash`, `zset`, `stream`, each with the
//! elements `elem:0000000` and up.

use anyhow::{Context, Result};

use crate::load::{Generator, Keys, Script, Shape, Stop};
use crate::servers::Server;

/// Elements of one loading command.
const PER_COMMAND: u64 = 50;
const PIPELINE: usize = 16;

/// A type of container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    List,
    Set,
    Hash,
    SortedSet,
    Stream,
}

/// All of them.
pub const KINDS: [Kind; 5] = [Kind::List, Kind::Set, Kind::Hash, Kind::SortedSet, Kind::Stream];

impl Kind {
    /// As tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::List => "list",
            Kind::Set => "set",
            Kind::Hash => "hash",
            Kind::SortedSet => "sorted set",
            Kind::Stream => "stream",
        }
    }

    /// The key it is kept under.
    pub fn key(self) -> &'static str {
        match self {
            Kind::SortedSet => "zset",
            other => other.name(),
        }
    }

    /// The command that adds elements, and the words of one element.
    fn adding(self) -> (&'static str, &'static str) {
        match self {
            Kind::List => ("RPUSH", "{element}"),
            Kind::Set => ("SADD", "{element}"),
            Kind::Hash => ("HSET", "{element} {value}"),
            Kind::SortedSet => ("ZADD", "{score} {element}"),
            Kind::Stream => ("XADD", "{id} first {short} second {short}"),
        }
    }
}

/// Puts the elements `keys` into `key`.
pub fn fill(server: &Server, kind: Kind, (key, keys): (&str, std::ops::Range<u64>)) -> Result<()> {
    let (command, words) = kind.adding();
    // IDs of a stream have to grow: one entry a command, one client.
    let (per_command, pipeline) = match kind {
        Kind::Stream => (1, PIPELINE * PER_COMMAND as usize),
        _ => (PER_COMMAND, PIPELINE),
    };
    let size = keys.end;
    let whole = keys.end - (keys.end - keys.start) % per_command;
    for (each, part) in [(per_command, keys.start..whole), (1, whole..keys.end)] {
        if part.is_empty() {
            continue;
        }
        let line = format!("{command} {key} {}", vec![words; each as usize].join(" "));
        let script = Script::new(&[&line], Keys::Each(part), size);
        let shape = Shape { clients: 1, pipeline, ping: false };
        play(server, shape, &script).with_context(|| format!("filling a {}", kind.name()))?;
    }
    Ok(())
}

/// Runs a script over each of its keys.
pub fn play(server: &Server, shape: Shape, script: &Script) -> Result<()> {
    Generator::play(server.address, shape, (script, 0))?.run(Stop::WithKeys)?;
    Ok(())
}
