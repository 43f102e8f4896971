//! Error texts of commands on hashes.
