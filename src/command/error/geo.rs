//! Error texts of commands on positions on the earth.
