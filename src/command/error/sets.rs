//! Error texts of commands on sets.
