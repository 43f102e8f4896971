//! Error texts of commands on lists.
