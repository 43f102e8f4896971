//! Error texts of commands on streams.
