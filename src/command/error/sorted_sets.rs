//! Error texts of commands on sorted sets.
