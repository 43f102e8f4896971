//! Kinds: how the words of an option become a typed value, and how the value is shown and written
//! back.
//!
//! `numbers` integers, memory sizes, spans of time   `text` strings, paths, secrets   `choice`
//! yes/no, names, flags
//! `lists` options of several words   `events` notify-keyspace-events A kind is a small constant
//! made beside the option (`integer(0, 65535)`); it knows limits, no names of options.

pub(super) mod choice;
pub(super) mod events;
pub(super) mod lists;
pub(super) mod numbers;
pub(super) mod text;

mod kind;

pub(super) use kind::{Kind, Line, Presence, Refusal};
