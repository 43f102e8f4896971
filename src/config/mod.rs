//! Configuration: what can be set, where it comes from, and how it is read and written back.
//!
//! One table, split by theme in `options/`, holds every option: name, type, default, limits,
//! whether it changes at run time. The `options!` macro (`table.rs`) makes of each line a typed
//! public field and a row of the table:
//!   redis.conf, standard input, command line → `load`, `arguments` → `Config`
//!   CONFIG GET, SET → `settings`   CONFIG REWRITE → `rewrite`
//!   docs/configuration.md → `reference`
//! A `Config` is a plain value: CONFIG SET makes a new one or an error, and the server puts it in
//! place of the old.

mod arguments;
mod kinds;
mod load;
mod options;
mod reference;
mod rewrite;
mod settings;
mod table;
pub mod words;

pub use arguments::{Start, StartError};
pub use kinds::choice::{Choice, ShutdownFlags};
pub use kinds::events::NotifyFlags;
pub use kinds::lists::{OutputLimit, OutputLimits, Primary, SavePoint};
pub use kinds::numbers::MemoryLimit;
pub use kinds::text::Secret;
pub use options::*;
pub use reference::reference;
pub use rewrite::RewriteError;
pub use settings::{Config, ConfigError, Setter, is_sensitive};
