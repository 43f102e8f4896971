//! Error texts of commands on bitmaps.
