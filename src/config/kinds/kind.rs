//! What every kind of option can do: parse words, show a value as CONFIG GET does, write it as
//! CONFIG REWRITE does.

use std::borrow::Cow;

/// Why words are no value of an option: what stands after " - " in the answer of CONFIG SET, and
/// last on a bad line of redis.conf.
#[derive(Debug, PartialEq)]
pub(in crate::config) struct Refusal(pub(in crate::config) Cow<'static, str>);

impl From<&'static str> for Refusal {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

/// One line of a rewritten redis.conf.
#[derive(Debug, PartialEq)]
pub(in crate::config) struct Line {
    pub text: String,
    pub presence: Presence,
}

/// Whether a line is written although the file had none for its option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::config) enum Presence {
    Always,
    IfThere,
}

/// How an option of this kind is read, shown, written and described.
pub(in crate::config) trait Kind: Send + Sync + 'static {
    type Value: Clone + PartialEq;

    /// Whether the option takes several words; else it gets exactly one.
    fn takes_many(&self) -> bool {
        false
    }

    /// The value of `words`. Some kinds change only a part of `current`, or are relative to it.
    fn parse(&self, words: &[&[u8]], current: &Self::Value) -> Result<Self::Value, Refusal>;

    /// The value as CONFIG GET answers it.
    fn show(&self, value: &Self::Value) -> Vec<u8>;

    /// What stands after the option's name in redis.conf.
    fn written(&self, value: &Self::Value) -> String {
        String::from_utf8_lossy(&self.show(value)).into_owned()
    }

    /// The lines that CONFIG REWRITE leaves for this option; the file loses all others.
    fn lines(&self, name: &str, value: &Self::Value, default: &Self::Value) -> Vec<Line> {
        let presence = if value == default { Presence::IfThere } else { Presence::Always };
        vec![Line { text: format!("{name} {}", self.written(value)), presence }]
    }

    /// What may be given, in words, for the reference.
    fn accepts(&self) -> String;

    /// The default as the reference tells it.
    fn told_default(&self, default: &Self::Value) -> String {
        self.written(default)
    }
}
