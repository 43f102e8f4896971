//! Reading snapshots, and the values that DUMP gives out.
//!
//! ```text
//! source ─ input ─► lengths, strings ─ value ─► LoadedValue ─► the store
//! ```
//! - `input`: bytes as they come, with their checksum
//! - `value`: a value of any kind; `hash`, `set`, `sorted_set`, `list`, `stream`: their parts
//! - `file`: a whole snapshot; `payload`: what DUMP gave out; `module`: what only modules know
//! - `flaw`: what can be wrong
//!
//! Nothing is believed: a damaged snapshot is an error that says where, never a panic, and never an
//! allocation that its own bytes could not fill.

mod file;
#[cfg(test)]
mod file_tests;
mod flaw;
mod hash;
mod input;
mod list;
mod module;
mod payload;
mod set;
mod sorted_set;
mod stream;
#[cfg(test)]
mod tests;
mod value;

pub use file::{Contents, Loaded, Rules, Sum, Whole, read_snapshot};
pub use flaw::{Error, Flaw};
pub use input::Input;
pub use payload::{PayloadFlaw, restore};
pub use value::{Context, LoadedValue, read_value};
