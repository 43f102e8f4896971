//! Error texts of commands on SORT.
