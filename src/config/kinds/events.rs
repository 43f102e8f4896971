//! notify-keyspace-events: which events are published, one letter per class.
//!
//! K and E choose the channel (keyspace, keyevent); the others choose classes; `A` stands for
//! `g$lshzxetd`, that is for all classes but m (misses), n (new keys), o (overwritten) and c (type
//! changed).
//! Source: https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/

use super::{Kind, Refusal};
use crate::config::words::quote;

/// The classes of keyspace events that are published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotifyFlags(u32);

impl NotifyFlags {
    /// Nothing is published.
    pub const NONE: Self = Self(0);
    /// `g`: DEL, EXPIRE, RENAME …
    pub const GENERIC: Self = Self(1);
    /// `$`
    pub const STRING: Self = Self(1 << 1);
    /// `l`
    pub const LIST: Self = Self(1 << 2);
    /// `s`
    pub const SET: Self = Self(1 << 3);
    /// `h`
    pub const HASH: Self = Self(1 << 4);
    /// `z`
    pub const SORTED_SET: Self = Self(1 << 5);
    /// `x`
    pub const EXPIRED: Self = Self(1 << 6);
    /// `e`
    pub const EVICTED: Self = Self(1 << 7);
    /// `t`
    pub const STREAM: Self = Self(1 << 8);
    /// `d`
    pub const MODULE: Self = Self(1 << 9);
    /// `n`
    pub const NEW_KEY: Self = Self(1 << 10);
    /// `o`
    pub const OVERWRITTEN: Self = Self(1 << 11);
    /// `c`
    pub const TYPE_CHANGED: Self = Self(1 << 12);
    /// `K`: on the channel of the key.
    pub const KEYSPACE: Self = Self(1 << 13);
    /// `E`: on the channel of the event.
    pub const KEYEVENT: Self = Self(1 << 14);
    /// `m`
    pub const MISS: Self = Self(1 << 15);
    /// `A`: the ten classes from `g` to `d`.
    pub const ALL: Self = Self((1 << 10) - 1);

    /// Every letter but `A`, in the order in which CONFIG GET answers them.
    const LETTERS: [(u8, Self); 16] = [
        (b'g', Self::GENERIC),
        (b'$', Self::STRING),
        (b'l', Self::LIST),
        (b's', Self::SET),
        (b'h', Self::HASH),
        (b'z', Self::SORTED_SET),
        (b'x', Self::EXPIRED),
        (b'e', Self::EVICTED),
        (b't', Self::STREAM),
        (b'd', Self::MODULE),
        (b'n', Self::NEW_KEY),
        (b'o', Self::OVERWRITTEN),
        (b'c', Self::TYPE_CHANGED),
        (b'K', Self::KEYSPACE),
        (b'E', Self::KEYEVENT),
        (b'm', Self::MISS),
    ];

    /// Whether every class of `flags` is published.
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    fn from_letters(letters: &[u8]) -> Option<Self> {
        letters.iter().try_fold(Self::NONE, |flags, letter| {
            let known = Self::LETTERS.iter().find(|(known, _)| known == letter);
            let flag = if *letter == b'A' { Self::ALL } else { known?.1 };
            Some(Self(flags.0 | flag.0))
        })
    }

    fn letters(self) -> String {
        let mut letters = String::new();
        if self.contains(Self::ALL) {
            letters.push('A');
        }
        let spoken_for = if self.contains(Self::ALL) { Self::ALL } else { Self::NONE };
        for (letter, flag) in Self::LETTERS {
            if self.contains(flag) && !spoken_for.contains(flag) {
                letters.push(char::from(letter));
            }
        }
        letters
    }
}

pub(in crate::config) struct Events;

/// The letters of notify-keyspace-events.
pub(in crate::config) const fn events() -> Events {
    Events
}

impl Kind for Events {
    type Value = NotifyFlags;

    fn parse(&self, words: &[&[u8]], _: &NotifyFlags) -> Result<NotifyFlags, Refusal> {
        // Redis takes `o` and `c` since 8.2, without telling of them here.
        let refusal = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
        NotifyFlags::from_letters(words[0]).ok_or(refusal.into())
    }

    fn show(&self, value: &NotifyFlags) -> Vec<u8> {
        value.letters().into_bytes()
    }

    fn written(&self, value: &NotifyFlags) -> String {
        quote(value.letters().as_bytes())
    }

    fn accepts(&self) -> String {
        "letters of `Ag$lshzxeKEtmdnoc`".to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(letters: &str) -> String {
        NotifyFlags::from_letters(letters.as_bytes()).unwrap().letters()
    }

    #[test]
    fn letters_come_back_in_their_own_order() {
        assert_eq!(shown("KEA"), "AKE");
        assert_eq!(shown("EKlg"), "glKE");
        assert_eq!(shown("mAn"), "Anm");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn all_ten_classes_are_shown_as_a() {
        assert_eq!(shown("g$lshzxetd"), "A");
    }

    #[test]
    fn an_unknown_letter_is_refused() {
        assert_eq!(NotifyFlags::from_letters(b"KEq"), None);
    }
}
