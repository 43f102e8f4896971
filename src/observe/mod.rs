//! What operators see: the log. INFO's figures are in `server::stats`.

pub mod log;
