//! What a command is: its usage line, its handler and a few marks.
//!
//! A command stands in one place, the file of its group under `commands/`: a `const` made with one
//! of the builders here, and the handler below it. Everything else the server needs to know of it
//! (name, arity, keys, the answers of COMMAND) is read from the usage line when the table is built
//! (`table`).
//!
//! The kind of handler is the flag: a reader sees `&Db`, so that a reader that writes does not
//! compile.

pub mod args;
mod errand;
pub mod error;
pub mod table;
pub mod usage;
mod wait;

pub use args::Args;
pub use errand::{Begun, Errand, Progress};
pub use error::Error;
pub use table::{Entry, Table};
pub use wait::{Served, Wait};

use crate::protocol::Reply;
use crate::server::Context;
use crate::store::{Db, Place};
use std::panic::Location;

/// What a handler answers with: its reply is written, or this error takes its place.
pub type Outcome = Result<(), Error>;

/// The function behind a command, by what it may touch.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Sees the data of its keys, cannot change it.
    Read(fn(&Db, &Args, &mut Reply) -> Outcome),
    /// Changes the data of its keys.
    Write(fn(&mut Db, &Args, &mut Reply) -> Outcome),
    /// Concerns the connection or the server; locks what it needs of the keyspace itself.
    Server(fn(&mut Context, &Args, &mut Reply) -> Outcome),
    /// As `Write`, and may wait for others to change its keys.
    Blocking(fn(&mut Db, &Args, &mut Reply) -> Result<Served, Error>),
    /// Runs the commands that MULTI queued: the engine's own business.
    Exec,
    /// As `Server`, for what does not end in one turn.
    Long(fn(&mut Context, &Args) -> Begun),
    /// Has subcommands and does nothing by itself.
    Container,
}

/// Which shards are locked before a handler runs.
#[derive(Clone, Copy)]
pub enum Locks {
    /// Those of the keys that the usage line names, in the session's database.
    Keys,
    /// Those that this function finds: for commands that reach into another database, or read
    /// keys that they do not name.
    Places(for<'a> fn(&Args<'a>, usize, &mut Vec<Place<'a>>) -> Result<Reach, Error>),
}

/// What a command that finds its places itself reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The places it found.
    Places,
    /// Any key of the session's database.
    Everything,
}

/// The marks of commands, as COMMAND INFO names them.
pub mod flag {
    /// Takes constant or logarithmic time: ACL category @fast.
    pub const FAST: u32 = 1;
    /// May need more memory: refused once `maxmemory` is reached.
    pub const DENYOOM: u32 = 1 << 1;
    /// Runs while the data set is being loaded.
    pub const LOADING: u32 = 1 << 2;
    /// Runs on a replica whose link to its primary is down.
    pub const STALE: u32 = 1 << 3;
    /// Not for scripts.
    pub const NOSCRIPT: u32 = 1 << 4;
    /// Runs before the client has authenticated.
    pub const NO_AUTH: u32 = 1 << 5;
    /// For whoever runs the server: ACL categories @admin and @dangerous.
    pub const ADMIN: u32 = 1 << 6;
    /// Runs while a script keeps the server busy.
    pub const ALLOW_BUSY: u32 = 1 << 7;
    /// Not inside MULTI.
    pub const NO_MULTI: u32 = 1 << 8;
    /// Only where `enable-debug-command` or its like allows it.
    pub const PROTECTED: u32 = 1 << 9;
    /// Not during an asynchronous load on a replica.
    pub const NO_ASYNC_LOADING: u32 = 1 << 10;
    /// May wait.
    pub const BLOCKING: u32 = 1 << 11;
    /// Touches keys that it does not name.
    pub const TOUCHES_ARBITRARY_KEYS: u32 = 1 << 12;
    /// Runs in a cluster node that is importing the slot.
    pub const ASKING: u32 = 1 << 13;
    /// Reads data. Set by the kind of handler, or by hand where a server handler reads.
    pub const READONLY: u32 = 1 << 14;
    /// Changes data. Set by the kind of handler, or by hand where a server handler writes.
    pub const WRITE: u32 = 1 << 15;
    /// Keys cannot all be found from fixed positions.
    pub const MOVABLE_KEYS: u32 = 1 << 16;
    /// Runs at once inside MULTI, instead of being queued.
    pub const NEVER_QUEUED: u32 = 1 << 17;
    /// Looks at no key, so that a transaction need not hold them all for it.
    pub const KEYLESS: u32 = 1 << 18;

    /// Flags that COMMAND INFO does not tell of, as in Redis.
    pub const HIDDEN: u32 = PROTECTED | TOUCHES_ARBITRARY_KEYS | NEVER_QUEUED | KEYLESS;

    /// Every flag with its name, in the order in which COMMAND INFO lists them.
    pub const NAMES: &[(u32, &str)] = &[
        (WRITE, "write"),
        (READONLY, "readonly"),
        (DENYOOM, "denyoom"),
        (ADMIN, "admin"),
        (NOSCRIPT, "noscript"),
        (BLOCKING, "blocking"),
        (LOADING, "loading"),
        (STALE, "stale"),
        (ASKING, "asking"),
        (FAST, "fast"),
        (NO_AUTH, "no_auth"),
        (NO_ASYNC_LOADING, "no_async_loading"),
        (NO_MULTI, "no_multi"),
        (MOVABLE_KEYS, "movablekeys"),
        (ALLOW_BUSY, "allow_busy"),
        (PROTECTED, "protected"),
        (TOUCHES_ARBITRARY_KEYS, "touches_arbitrary_keys"),
    ];
}

/// One command: what its file declares.
#[derive(Clone, Copy)]
pub struct Command {
    /// The usage line: `"GETRANGE key start end"`, `"CONFIG|GET parameter [parameter ...]"`.
    pub usage: &'static str,
    /// One sentence on what it does.
    pub summary: &'static str,
    /// What runs.
    pub handler: Handler,
    /// What is locked before it runs.
    pub locks: Locks,
    /// The first Redis (or Valkey) version that had it.
    pub since: &'static str,
    /// Bits of [`flag`].
    pub flags: u32,
    /// ACL categories that do not follow from group and flags.
    pub categories: &'static [&'static str],
    /// Whether the group's own ACL category is left out.
    pub outside_group: bool,
    /// The version that declared it outdated, and what to use instead.
    pub replaced_by: Option<(&'static str, &'static str)>,
    /// Cost in the number of keys, bytes or elements.
    pub complexity: &'static str,
    /// What happens to the keys of each specification, where it is not what the kind of handler
    /// says.
    pub key_flags: &'static [&'static str],
    /// Hints to clients and proxies: what COMMAND INFO calls tips.
    pub tips: &'static [&'static str],
    /// What it answers inside a transaction instead of waiting, where that is not what it answers
    /// at its time-out.
    pub refusal: Option<fn(&mut Reply)>,
    /// Where the command is declared.
    pub place: &'static Location<'static>,
}

impl Command {
    #[track_caller]
    const fn new(usage: &'static str, handler: Handler, flags: u32) -> Self {
        Command {
            usage,
            summary: "",
            handler,
            locks: Locks::Keys,
            since: "1.0.0",
            flags,
            categories: &[],
            outside_group: false,
            replaced_by: None,
            complexity: "O(1)",
            key_flags: &[],
            tips: &[],
            refusal: None,
            place: Location::caller(),
        }
    }

    /// A command that looks at its keys.
    #[track_caller]
    pub const fn read(usage: &'static str, run: fn(&Db, &Args, &mut Reply) -> Outcome) -> Self {
        Self::new(usage, Handler::Read(run), flag::READONLY)
    }

    /// A command that may change its keys.
    #[track_caller]
    pub const fn write(
        usage: &'static str,
        run: fn(&mut Db, &Args, &mut Reply) -> Outcome,
    ) -> Self {
        Self::new(usage, Handler::Write(run), flag::WRITE)
    }

    /// A command that may change its keys, or wait until others do.
    #[track_caller]
    pub const fn blocking(
        usage: &'static str,
        run: fn(&mut Db, &Args, &mut Reply) -> Result<Served, Error>,
    ) -> Self {
        Self::new(usage, Handler::Blocking(run), flag::WRITE | flag::BLOCKING)
    }

    /// EXEC.
    #[track_caller]
    pub const fn exec(usage: &'static str) -> Self {
        Self::new(usage, Handler::Exec, 0)
    }

    /// A command about the connection or the server.
    #[track_caller]
    pub const fn server(
        usage: &'static str,
        run: fn(&mut Context, &Args, &mut Reply) -> Outcome,
    ) -> Self {
        Self::new(usage, Handler::Server(run), 0)
    }

    /// A command about the server or all keys that does not end in one turn.
    #[track_caller]
    pub const fn long(usage: &'static str, begin: fn(&mut Context, &Args) -> Begun) -> Self {
        Self::new(usage, Handler::Long(begin), 0)
    }

    /// The parent of subcommands: `CONFIG` of `CONFIG|GET`.
    #[track_caller]
    pub const fn container(usage: &'static str) -> Self {
        Self::new(usage, Handler::Container, 0)
    }

    /// What it does, in one sentence.
    pub const fn about(self, summary: &'static str) -> Self {
        Command { summary, ..self }
    }

    /// The version it came with.
    pub const fn since(self, since: &'static str) -> Self {
        Command { since, ..self }
    }

    /// Its cost, where it is not constant.
    pub const fn costs(self, complexity: &'static str) -> Self {
        Command { complexity, ..self }
    }

    /// Adds marks: bits of [`flag`].
    pub const fn flags(self, flags: u32) -> Self {
        Command { flags: self.flags | flags, ..self }
    }

    /// Takes constant or logarithmic time.
    pub const fn fast(self) -> Self {
        self.flags(flag::FAST)
    }

    /// May need more memory, so it is refused once `maxmemory` is reached.
    pub const fn grows(self) -> Self {
        self.flags(flag::DENYOOM)
    }

    /// Counts as a reader: what its handler changes is a copy of what the keys hold anyway, as the
    /// count that PFCOUNT keeps.
    pub const fn counts_as_reader(self) -> Self {
        Command { flags: self.flags & !flag::WRITE | flag::READONLY, ..self }
    }

    /// Adds ACL categories that follow neither from the group nor from the flags.
    pub const fn categories(self, categories: &'static [&'static str]) -> Self {
        Command { categories, ..self }
    }

    /// Leaves out the ACL category of the group.
    pub const fn outside_group(self) -> Self {
        Command { outside_group: true, ..self }
    }

    /// Says what happens to the keys, one text for each key specification of the usage line:
    /// `RO`, `RW`, `OW` (overwrites) or `RM`, then what becomes of the value (`access`, `update`,
    /// `insert`, `delete`). Without it readers are `RO access` and writers `RW update`.
    pub const fn keys(self, key_flags: &'static [&'static str]) -> Self {
        Command { key_flags, ..self }
    }

    /// Adds hints to clients and proxies: `nondeterministic_output`, `request_policy:all_shards` …
    pub const fn tips(self, tips: &'static [&'static str]) -> Self {
        Command { tips, ..self }
    }

    /// Says what to use instead, and since which version.
    pub const fn replaced_by(self, since: &'static str, other: &'static str) -> Self {
        Command { replaced_by: Some((since, other)), ..self }
    }

    /// Answers this inside a transaction instead of waiting.
    pub const fn refusing(self, refusal: fn(&mut Reply)) -> Self {
        Command { refusal: Some(refusal), ..self }
    }

    /// Locks what `places` finds instead of the keys in the session's database.
    pub const fn locking(
        self,
        places: for<'a> fn(&Args<'a>, usize, &mut Vec<Place<'a>>) -> Result<Reach, Error>,
    ) -> Self {
        Command { locks: Locks::Places(places), ..self }
    }

    /// Reads only: XREAD, which may wait.
    pub const fn reads_only(self) -> Self {
        Command { flags: self.flags & !flag::WRITE | flag::READONLY, ..self }
    }

    /// The name without its parent: `get` of `CONFIG|GET`, in the case of the usage line.
    pub fn own_name(&self) -> &'static str {
        let name = self.full_name();
        name.split_once('|').map_or(name, |(_, own)| own)
    }

    /// The name with its parent: `CONFIG|GET`.
    pub fn full_name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// Whether the command has the mark.
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// A group of commands: one of the groups of redis.io, one file or folder under `commands/`.
pub struct Group {
    /// The name of the group as COMMAND DOCS gives it: `string`, `sorted-set` …
    pub name: &'static str,
    /// Its ACL category, if it has one.
    pub category: Option<&'static str>,
    /// What belongs to it.
    pub commands: &'static [&'static [Command]],
}
