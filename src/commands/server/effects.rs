//! What a changed option brings about beyond its value.
//!
//! `apply` does what can fail, before the new options are in force: the first refusal puts back
//! what was done and leaves the old ones. `Server::settle` does the rest, after. Options that are
//! simply read where they are needed (time-outs, limits, passwords) appear in neither.

use crate::config::{Choice, Config, ConfigError};
use rustix::process::{Resource, getrlimit, setrlimit};

/// File descriptors that the server needs beside those of clients.
const RESERVED_DESCRIPTORS: u64 = 32;

/// Applies what differs between the options in force and those to come.
///
/// # Errors
/// What CONFIG SET answers, when one cannot be applied.
pub fn apply(old: &Config, new: &Config) -> Result<(), ConfigError> {
    for name in new.changed(old) {
        if let Err(error) = apply_one(name, new) {
            undo(old, new);
            return Err(error);
        }
    }
    Ok(())
}

fn apply_one(name: &'static str, new: &Config) -> Result<(), ConfigError> {
    match name {
        "bind" | "port" => {
            tracing::warn!("CONFIG SET {name}: Redstart listens where it was told to at its start");
            Err(ConfigError::failed(name, "Unable to listen on this port(s). Check server logs."))
        }
        "maxclients" => allow_descriptors(new.network.maxclients.into()),
        "dir" => enter(new),
        "loglevel" => {
            crate::observe::log::set_level(new.observe.loglevel.name());
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Puts back what `apply_one` may have done before another option was refused.
fn undo(old: &Config, new: &Config) {
    if old.observe.loglevel != new.observe.loglevel {
        crate::observe::log::set_level(old.observe.loglevel.name());
    }
    if old.process.dir != new.process.dir
        && let Err(error) = enter(old)
    {
        tracing::warn!("the working directory could not be put back: {error}");
    }
}

fn enter(config: &Config) -> Result<(), ConfigError> {
    let entered = std::env::set_current_dir(&config.process.dir);
    entered.map_err(|error| ConfigError::failed("dir", &format!("Changing directory: {error}")))
}

/// Sees to it that `clients` connections can be open.
fn allow_descriptors(clients: u64) -> Result<(), ConfigError> {
    let wanted = clients + RESERVED_DESCRIPTORS;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    limit.current = Some(wanted);
    if setrlimit(Resource::Nofile, limit).is_ok() {
        return Ok(());
    }
    let most = getrlimit(Resource::Nofile).maximum.unwrap_or(wanted);
    let most = most.saturating_sub(RESERVED_DESCRIPTORS);
    Err(ConfigError::failed(
        "maxclients",
        &format!(
            "The operating system is not able to handle the specified number of clients, try \
             with {most}"
        ),
    ))
}
