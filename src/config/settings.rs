//! `Config`: the values of all options, and what CONFIG GET and CONFIG SET do with them.
//!
//! CONFIG SET is all or nothing: `set_many` works on a copy and gives it back only when every pair
//! was good. What a changed value brings about (listening elsewhere, more clients) is the server's
//! part; when that fails it keeps the old `Config` and answers `ConfigError::failed`. Texts are
//! Redis's.

use std::fmt;
use std::path::PathBuf;

use super::options::{
    Cluster, Containers, Features, Memory, Network, Observe, Persistence, Process, Protected,
    Replication, Security, Tls,
};
use super::table::{Change, Row, TABLE};
use crate::types::glob::{Case, glob_match};

/// The values of all options.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each section's type says what it holds")]
pub struct Config {
    pub network: Network,
    pub tls: Tls,
    pub process: Process,
    pub observe: Observe,
    pub security: Security,
    pub memory: Memory,
    pub persistence: Persistence,
    pub replication: Replication,
    pub cluster: Cluster,
    pub containers: Containers,
    pub features: Features,
    /// The configuration file, absolute: what CONFIG REWRITE writes and INFO tells. None when there
    /// is none.
    pub file: Option<PathBuf>,
    /// `user` lines, word by word, for the access control lists.
    pub users: Vec<Vec<Vec<u8>>>,
    /// `rename-command` lines: the name, and the new one (empty: the command is taken away).
    pub renamed_commands: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Who sets options: what `enable-protected-configs` and loading may forbid.
#[derive(Clone, Copy, Debug)]
pub struct Setter {
    /// Connected over the loopback interface or a Unix socket.
    pub local: bool,
    /// A snapshot or an AOF is being loaded.
    pub loading: bool,
}

/// Why CONFIG SET changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// No such option; the name as given.
    Unknown(String),
    /// Not now: to be answered with the LOADING error.
    Loading,
    /// An option refused its value; its name, and why.
    Failed(String, String),
}

impl ConfigError {
    /// The error of an option that was accepted but could not take effect.
    pub fn failed(option: &str, why: &str) -> Self {
        Self::Failed(option.to_string(), why.to_string())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                write!(formatter, "Unknown option or number of arguments for CONFIG SET - '{name}'")
            }
            Self::Loading => formatter.write_str("Redis is loading the dataset in memory"),
            Self::Failed(name, why) => {
                write!(
                    formatter,
                    "CONFIG SET failed (possibly related to argument '{name}') - {why}"
                )
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// The options whose names match any of `patterns`, each once, with their values; an alias
    /// counts as an option of its own. A pattern without wildcards finds hidden options too, and
    /// comes back spelt as it was given.
    pub fn get(&self, patterns: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
        let mut found: Vec<(String, Vec<u8>)> = Vec::new();
        let mut add = |name: String, row: &Row| {
            if !found.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                found.push((name, row.slot.show(self)));
            }
        };
        for &pattern in patterns {
            if !pattern.iter().any(|byte| b"*?[".contains(byte)) {
                if let Some(row) = TABLE.find(pattern) {
                    add(String::from_utf8_lossy(pattern).into_owned(), row);
                }
                continue;
            }
            for row in TABLE.rows().filter(|row| !row.marks.hidden) {
                for name in row.names().filter(|name| matches(pattern, name)) {
                    add(name.to_string(), row);
                }
            }
        }
        found
    }

    /// A copy with every pair set, or the error of the first that cannot be. `self` stays as it is.
    pub fn set_many(&self, pairs: &[(&[u8], &[u8])], setter: Setter) -> Result<Self, ConfigError> {
        let rows = self.settable_rows(pairs, setter)?;
        let mut changed = self.clone();
        for (row, (name, value)) in rows.iter().zip(pairs) {
            let refused = match row.slot.takes_many() {
                true => row.slot.set(&mut changed, &split_value(value)),
                false => row.slot.set(&mut changed, &[value]),
            };
            refused.map_err(|refusal| ConfigError::failed(&spelt(name), &refusal.0))?;
        }
        Ok(changed)
    }

    /// The rows of `pairs`, when all are there and may be set. Names come before everything else,
    /// as in Redis.
    fn settable_rows(
        &self,
        pairs: &[(&[u8], &[u8])],
        setter: Setter,
    ) -> Result<Vec<&'static Row>, ConfigError> {
        let mut rows: Vec<&Row> = Vec::with_capacity(pairs.len());
        for (name, _) in pairs {
            let given = || String::from_utf8_lossy(name).into_owned();
            let row = TABLE.find(name).ok_or_else(|| ConfigError::Unknown(given()))?;
            if let Some(why) = self.why_not(row, setter) {
                return Err(ConfigError::Failed(given(), why.to_string()));
            }
            if row.marks.denied_while_loading && setter.loading {
                return Err(ConfigError::Loading);
            }
            // Two names of one option are two options here, as in Redis: the later one wins.
            if pairs[..rows.len()].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                return Err(ConfigError::Failed(given(), "duplicate parameter".to_string()));
            }
            rows.push(row);
        }
        Ok(rows)
    }

    fn why_not(&self, row: &Row, setter: Setter) -> Option<&'static str> {
        let allowed = self.security.enable_protected_configs.allows(setter);
        match row.marks.change {
            Change::AtStart => Some("can't set immutable config"),
            Change::AtRunTime if row.marks.protected && !allowed => {
                Some("can't set protected config")
            }
            Change::AtRunTime => None,
        }
    }

    /// The names of the options in which `other` differs: what the server has to apply after CONFIG
    /// SET.
    pub fn changed(&self, other: &Self) -> Vec<&'static str> {
        let differs = |row: &&Row| row.slot.show(self) != row.slot.show(other);
        TABLE.rows().filter(differs).map(|row| row.name).collect()
    }
}

impl Protected {
    /// Whether `setter` may do what this option protects.
    pub fn allows(self, setter: Setter) -> bool {
        match self {
            Self::No => false,
            Self::Yes => true,
            Self::Local => setter.local,
        }
    }
}

/// Whether the value of `option` must be kept out of SLOWLOG, MONITOR and logs.
pub fn is_sensitive(option: &[u8]) -> bool {
    TABLE.find(option).is_some_and(|row| row.marks.sensitive)
}

/// The name as the table has it: an alias stays an alias.
fn spelt(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_ascii_lowercase()
}

fn matches(pattern: &[u8], name: &str) -> bool {
    glob_match(pattern, name.as_bytes(), Case::Insensitive)
}

/// The words of a value of CONFIG SET: cut at every single blank, without quoting; none when empty.
fn split_value(value: &[u8]) -> Vec<&[u8]> {
    if value.is_empty() {
        return Vec::new();
    }
    value.split(|byte| *byte == b' ').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REMOTE: Setter = Setter { local: false, loading: false };
    const LOCAL: Setter = Setter { local: true, loading: false };

    fn get(config: &Config, patterns: &[&str]) -> Vec<(String, String)> {
        let patterns: Vec<&[u8]> = patterns.iter().map(|pattern| pattern.as_bytes()).collect();
        let text = |(name, value)| (name, String::from_utf8(value).expect("values here are text"));
        config.get(&patterns).into_iter().map(text).collect()
    }

    fn set(config: &Config, pairs: &[(&str, &str)]) -> Result<Config, String> {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        config.set_many(&pairs, REMOTE).map_err(|error| error.to_string())
    }

    fn value(config: &Config, name: &str) -> String {
        get(config, &[name]).remove(0).1
    }

    #[test]
    fn several_patterns_give_every_option_once() {
        let found = get(&Config::default(), &["maxmemory", "maxmemory*", "bind", "*of"]);
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        for name in ["maxmemory", "maxmemory-samples", "maxmemory-clients", "slaveof", "replicaof"]
        {
            assert_eq!(names.iter().filter(|known| **known == name).count(), 1, "{name}");
        }
        assert_eq!(found[0], ("maxmemory".to_string(), "0".to_string()));
    }

    #[test]
    fn a_name_comes_back_as_it_was_given() {
        assert_eq!(get(&Config::default(), &["PORT"]), [("PORT".to_string(), "6379".to_string())]);
        assert_eq!(get(&Config::default(), &["nothing"]), []);
    }

    #[test]
    fn a_hidden_option_needs_its_full_name() {
        let config = Config::default();
        assert!(get(&config, &["*"]).iter().all(|(name, _)| name != "key-load-delay"));
        assert_eq!(value(&config, "key-load-delay"), "0");
    }

    #[test]
    fn several_options_are_set_together() {
        let pairs = [("maxmemory", "10mb"), ("repl-backlog-size", "10000002"), ("save", "3000 5")];
        let config = set(&Config::default(), &pairs).unwrap();
        assert_eq!(value(&config, "maxmemory"), "10485760");
        assert_eq!(value(&config, "save"), "3000 5");
        assert_eq!(config.changed(&Config::default()).len(), 3);
    }

    #[test]
    fn one_bad_value_keeps_all_others_out() {
        let pairs = [("maxmemory", "1"), ("maxmemory-clients", "200%"), ("hz", "x")];
        let error = set(&Config::default(), &pairs).unwrap_err();
        let why = "percentage argument must be less or equal to 100";
        let text = "CONFIG SET failed (possibly related to argument 'maxmemory-clients') - ";
        assert_eq!(error, format!("{text}{why}"));
    }

    #[test]
    fn unknown_immutable_and_doubled_options_are_refused() {
        let refused = |pairs: &[(&str, &str)]| set(&Config::default(), pairs).unwrap_err();
        let unknown = "Unknown option or number of arguments for CONFIG SET - 'foo'";
        assert_eq!(refused(&[("foo", "1")]), unknown);
        assert!(
            refused(&[("daemonize", "yes")]).ends_with("'daemonize') - can't set immutable config")
        );
        let doubled = refused(&[("maxmemory", "1"), ("MAXMEMORY", "2")]);
        assert!(doubled.ends_with("'MAXMEMORY') - duplicate parameter"), "{doubled}");
    }

    #[test]
    fn protected_options_need_permission() {
        let pair: &[(&[u8], &[u8])] = &[(b"dbfilename", b"x.rdb")];
        let mut config = Config::default();
        let error = config.set_many(pair, LOCAL).unwrap_err().to_string();
        assert!(error.ends_with("can't set protected config"), "{error}");
        config.security.enable_protected_configs = Protected::Local;
        assert!(config.set_many(pair, LOCAL).is_ok());
        assert!(config.set_many(pair, REMOTE).is_err());
    }

    #[test]
    fn an_alias_sets_and_shows_the_same_value() {
        let config = set(&Config::default(), &[("slave-read-only", "no")]).unwrap();
        assert!(!config.replication.replica_read_only);
        assert_eq!(value(&config, "replica-read-only"), "no");
        let error = set(&config, &[("Slave-Read-Only", "x")]).unwrap_err();
        assert!(error.contains("argument 'slave-read-only'"), "{error}");
        let config = set(&config, &[("hash-max-ziplist-entries", "7")]).unwrap();
        assert_eq!(value(&config, "hash-max-listpack-entries"), "7");
    }

    #[test]
    fn passwords_are_sensitive() {
        assert!(is_sensitive(b"RequirePass"));
        assert!(!is_sensitive(b"port"));
    }
}
