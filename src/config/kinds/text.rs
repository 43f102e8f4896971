//! Options that are text: strings, paths of files, secrets, and the working directory.
//!
//! Strings must be UTF-8; paths and secrets may hold any bytes. A secret never shows in `Debug`,
//! hence in no log. An optional text is absent when empty: CONFIG REWRITE leaves no line for it.

use std::ffi::OsStr;
use std::fmt;
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Kind, Line, Presence, Refusal};
use crate::config::words::quote;

/// A password or the like.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The secret itself; empty when none is set.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_empty() { "(none)" } else { "(redacted)" })
    }
}

/// A type that a text option can have.
pub(in crate::config) trait Textual:
    Clone + PartialEq + Send + Sync + 'static
{
    fn from_word(word: &[u8]) -> Result<Self, Refusal>;
    fn bytes(&self) -> &[u8];
}

impl Textual for String {
    fn from_word(word: &[u8]) -> Result<Self, Refusal> {
        let text =
            std::str::from_utf8(word).map_err(|_| Refusal::from("argument must be UTF-8 text"))?;
        Ok(text.to_string())
    }

    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Textual for PathBuf {
    fn from_word(word: &[u8]) -> Result<Self, Refusal> {
        Ok(PathBuf::from(OsStr::from_bytes(word)))
    }

    fn bytes(&self) -> &[u8] {
        self.as_os_str().as_bytes()
    }
}

impl Textual for Secret {
    fn from_word(word: &[u8]) -> Result<Self, Refusal> {
        Ok(Self::from(word))
    }

    fn bytes(&self) -> &[u8] {
        self.as_bytes()
    }
}

#[derive(PartialEq)]
enum WhenEmpty {
    Written,
    Absent,
}

type Check = fn(&[u8]) -> Result<(), &'static str>;

pub(in crate::config) struct Text<T> {
    when_empty: WhenEmpty,
    check: Check,
    text: PhantomData<T>,
}

/// A text that is written even when empty.
pub(in crate::config) const fn text<T: Textual>() -> Text<T> {
    Text { when_empty: WhenEmpty::Written, check: |_| Ok(()), text: PhantomData }
}

/// A text that is absent when empty.
pub(in crate::config) const fn optional<T: Textual>() -> Text<T> {
    Text { when_empty: WhenEmpty::Absent, check: |_| Ok(()), text: PhantomData }
}

impl<T> Text<T> {
    /// The same, refusing what `check` refuses.
    pub(in crate::config) const fn checked(mut self, check: Check) -> Self {
        self.check = check;
        self
    }
}

impl<T: Textual> Kind for Text<T> {
    type Value = T;

    fn parse(&self, words: &[&[u8]], _: &T) -> Result<T, Refusal> {
        (self.check)(words[0])?;
        T::from_word(words[0])
    }

    fn show(&self, value: &T) -> Vec<u8> {
        value.bytes().to_vec()
    }

    fn written(&self, value: &T) -> String {
        quote(value.bytes())
    }

    fn lines(&self, name: &str, value: &T, default: &T) -> Vec<Line> {
        if value.bytes().is_empty() && self.when_empty == WhenEmpty::Absent {
            return Vec::new();
        }
        let presence = if value == default { Presence::IfThere } else { Presence::Always };
        vec![Line { text: format!("{name} {}", self.written(value)), presence }]
    }

    fn accepts(&self) -> String {
        "text".to_string()
    }
}

/// Refuses what is no bare file name, with the one text or the other.
pub(in crate::config) fn bare_name(
    word: &[u8],
    when_empty: &'static str,
    when_path: &'static str,
) -> Result<(), &'static str> {
    match word {
        [] => Err(when_empty),
        _ if word.contains(&b'/') || word.contains(&b'\\') => Err(when_path),
        _ => Ok(()),
    }
}

/// Host names as CLUSTER SLOTS tells them to clients.
pub(in crate::config) fn host_name(word: &[u8]) -> Result<(), &'static str> {
    /// The longest host name with its ending zero, as NET_HOST_STR_LEN of Redis.
    const LIMIT_BYTES: usize = 256;
    if word.len() >= LIMIT_BYTES {
        return Err("Hostnames must be less than 256 characters");
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if !word.iter().all(plain) {
        return Err("Hostnames may only contain alphanumeric characters, hyphens or dots");
    }
    Ok(())
}

/// Names of nodes for people: printable, and without what separates fields of nodes.conf.
pub(in crate::config) fn node_name(word: &[u8]) -> Result<(), &'static str> {
    let plain = |byte: &u8| byte.is_ascii_graphic() && !b"!#$%&()*+:;<>?@[]^{|}~".contains(byte);
    if word.iter().all(plain) {
        Ok(())
    } else {
        Err("Announced human node name contained invalid character")
    }
}

/// An IPv4 address, or nothing.
pub(in crate::config) fn ipv4(word: &[u8]) -> Result<(), &'static str> {
    let parsed =
        std::str::from_utf8(word).is_ok_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok());
    if word.is_empty() || parsed { Ok(()) } else { Err("Invalid IPv4 address") }
}

/// An IPv6 address, or nothing.
pub(in crate::config) fn ipv6(word: &[u8]) -> Result<(), &'static str> {
    let parsed =
        std::str::from_utf8(word).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
    if word.is_empty() || parsed { Ok(()) } else { Err("Invalid IPv6 address") }
}

/// A template of the process's title: `{name}` with one of the known names, and not empty.
pub(in crate::config) fn title_template(word: &[u8]) -> Result<(), &'static str> {
    const KNOWN: [&str; 7] =
        ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];
    const REFUSAL: &str = "template format is invalid or contains unknown variables";
    let text = std::str::from_utf8(word).map_err(|_| REFUSAL)?;
    let mut parts = text.split('{');
    let opened = parts.next();
    let all_known =
        parts.all(|part| part.split_once('}').is_some_and(|(name, _)| KNOWN.contains(&name)));
    if opened.is_some() && !text.trim().is_empty() && all_known { Ok(()) } else { Err(REFUSAL) }
}

pub(in crate::config) struct Directory;

/// The working directory: made absolute, relative to the one before, and it must be there.
pub(in crate::config) const fn directory() -> Directory {
    Directory
}

impl Kind for Directory {
    type Value = PathBuf;

    fn parse(&self, words: &[&[u8]], current: &PathBuf) -> Result<PathBuf, Refusal> {
        if words[0].is_empty() {
            return Err("dir can't be empty".into());
        }
        enter(&current.join(OsStr::from_bytes(words[0]))).map_err(|error| reason(&error).into())
    }

    fn show(&self, value: &PathBuf) -> Vec<u8> {
        value.bytes().to_vec()
    }

    fn written(&self, value: &PathBuf) -> String {
        quote(value.bytes())
    }

    fn lines(&self, name: &str, value: &PathBuf, _: &PathBuf) -> Vec<Line> {
        // Started from elsewhere, the same file must lead to the same data.
        vec![Line { text: format!("{name} {}", self.written(value)), presence: Presence::Always }]
    }

    fn accepts(&self) -> String {
        "the path of a directory".to_string()
    }

    fn told_default(&self, _: &PathBuf) -> String {
        "the directory at start".to_string()
    }
}

/// `path` made absolute, when it is a directory that can be entered.
fn enter(path: &Path) -> std::io::Result<PathBuf> {
    let absolute = path.canonicalize()?;
    if !absolute.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
    }
    rustix::fs::access(&absolute, rustix::fs::Access::EXEC_OK)?;
    Ok(absolute)
}

/// What the system calls an error, without the number that Rust puts behind it.
pub(in crate::config) fn reason(error: &std::io::Error) -> String {
    let text = match error.kind() {
        std::io::ErrorKind::NotADirectory => "Not a directory".to_string(),
        _ => error.to_string(),
    };
    text.split(" (os error").next().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_in_debug() {
        assert_eq!(format!("{:?}", Secret::from(&b"hush"[..])), "(redacted)");
    }

    #[test]
    fn an_empty_text_leaves_a_line_and_an_absent_one_none() {
        let empty = String::new();
        let written = text::<String>().lines("logfile", &empty, &empty);
        assert_eq!(written, [Line { text: "logfile \"\"".into(), presence: Presence::IfThere }]);
        assert_eq!(optional::<String>().lines("pidfile", &empty, &empty), []);
    }

    #[test]
    fn a_directory_is_made_absolute_and_must_be_there() {
        let outer = tempfile::tempdir().unwrap();
        std::fs::create_dir(outer.path().join("inner")).unwrap();
        let current = outer.path().to_path_buf();
        let inner = Directory.parse(&[b"inner"], &current).unwrap();
        assert_eq!(inner, outer.path().canonicalize().unwrap().join("inner"));
        let refusal = |word: &[u8]| Directory.parse(&[word], &current).unwrap_err().0;
        assert_eq!(refusal(b"missing"), "No such file or directory");
        assert_eq!(refusal(b""), "dir can't be empty");
        std::fs::write(outer.path().join("file"), "").unwrap();
        assert_eq!(refusal(b"file"), "Not a directory");
    }

    #[test]
    fn a_title_template_has_only_known_names() {
        assert!(title_template(b"{title} x {listen-addr}").is_ok());
        assert!(title_template(b"--my--title--template").is_ok());
        for template in ["", "{title", "{nothing}"] {
            assert!(title_template(template.as_bytes()).is_err(), "{template}");
        }
    }

    #[test]
    fn host_names_are_letters_digits_hyphens_and_dots() {
        assert!(host_name(b"a-1.example").is_ok());
        assert!(host_name(b"a b").is_err());
        assert!(host_name(&[b'a'; 256]).is_err());
    }
}
