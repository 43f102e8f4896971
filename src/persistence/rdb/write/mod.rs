//! Values to bytes: snapshots, and what DUMP gives out.
//!
//! - `encoder`: lengths, numbers and strings; `listpack`: the packed form of small containers
//! - `values`: what each type becomes, by version; `streams`: a stream
//! - `dump`: a value by itself; `file`: a whole snapshot

mod dump;
mod encoder;
mod file;
mod listpack;
mod streams;
#[cfg(test)]
mod tests;
mod values;

pub use dump::dump;
pub use encoder::{Encoder, Sink, Style};
pub use file::{FileStyle, SnapshotFile, Tells};
pub use values::{Record, Shown, Usage};
