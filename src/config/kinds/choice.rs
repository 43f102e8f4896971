//! Options that are one of a few names: yes/no, an enumeration, or a set of flags.
//!
//! `choices!` makes of a list of variants and names an enum and its table; a variant with several
//! names shows the first. Names are compared without case. The refusal lists all of them, as Redis
//! does.

use super::{Kind, Refusal};

/// A value that has a name in redis.conf.
pub trait Choice: Copy + PartialEq + Send + Sync + 'static {
    /// Every name and its value, in the order in which a refusal lists them.
    const NAMES: &'static [(&'static str, Self)];

    /// The name that CONFIG GET answers.
    fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, value)| *value == self);
        named.expect("every variant is made together with its name").0
    }
}

/// An enum with the names of its variants in redis.conf.
macro_rules! choices {
    ($(
        $(#[doc = $about:literal])+
        $enum:ident {
            $( $(#[doc = $variant_about:literal])+ $variant:ident = $($name:literal)|+, )+
        }
    )+) => {$(
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $enum { $( $(#[doc = $variant_about])+ $variant, )+ }

        impl $crate::config::Choice for $enum {
            const NAMES: &'static [(&'static str, Self)] = &[$( $( ($name, $enum::$variant), )+ )+];
        }
    )+};
}
pub(in crate::config) use choices;

pub(in crate::config) struct YesNo;

/// `yes` or `no`.
pub(in crate::config) const fn yes_no() -> YesNo {
    YesNo
}

impl Kind for YesNo {
    type Value = bool;

    fn parse(&self, words: &[&[u8]], _: &bool) -> Result<bool, Refusal> {
        match words[0] {
            word if word.eq_ignore_ascii_case(b"yes") => Ok(true),
            word if word.eq_ignore_ascii_case(b"no") => Ok(false),
            _ => Err("argument must be 'yes' or 'no'".into()),
        }
    }

    fn show(&self, value: &bool) -> Vec<u8> {
        if *value { b"yes".to_vec() } else { b"no".to_vec() }
    }

    fn accepts(&self) -> String {
        "yes, no".to_string()
    }
}

pub(in crate::config) struct OneOf<C>(std::marker::PhantomData<C>);

/// One of the names of `C`.
pub(in crate::config) const fn one_of<C: Choice>() -> OneOf<C> {
    OneOf(std::marker::PhantomData)
}

impl<C: Choice> Kind for OneOf<C> {
    type Value = C;

    fn parse(&self, words: &[&[u8]], _: &C) -> Result<C, Refusal> {
        find(C::NAMES, words[0]).ok_or_else(|| unknown_name(C::NAMES))
    }

    fn show(&self, value: &C) -> Vec<u8> {
        value.name().as_bytes().to_vec()
    }

    fn accepts(&self) -> String {
        listed(C::NAMES)
    }
}

fn find<V: Copy>(names: &[(&str, V)], word: &[u8]) -> Option<V> {
    let named = names.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
    named.map(|(_, value)| *value)
}

fn unknown_name<V>(names: &[(&str, V)]) -> Refusal {
    format!("argument(s) must be one of the following: {}", listed(names)).into()
}

fn listed<V>(names: &[(&str, V)]) -> String {
    names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// How a signal ends the server: the options of SHUTDOWN that it stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownFlags(u8);

impl ShutdownFlags {
    /// Save when save points are set: no flag at all.
    pub const DEFAULT: Self = Self(0);
    /// Save even without save points.
    pub const SAVE: Self = Self(1);
    /// Do not save.
    pub const NOSAVE: Self = Self(1 << 1);
    /// Do not wait for replicas that lag.
    pub const NOW: Self = Self(1 << 2);
    /// End although saving failed.
    pub const FORCE: Self = Self(1 << 3);
    /// Do not end while a cluster primary still owns slots.
    pub const SAFE: Self = Self(1 << 4);
    /// Hand over to a replica first.
    pub const FAILOVER: Self = Self(1 << 5);

    const NAMES: &'static [(&'static str, Self)] = &[
        ("default", Self::DEFAULT),
        ("save", Self::SAVE),
        ("nosave", Self::NOSAVE),
        ("now", Self::NOW),
        ("force", Self::FORCE),
        ("safe", Self::SAFE),
        ("failover", Self::FAILOVER),
    ];

    /// Whether every flag of `flags` is set.
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

pub(in crate::config) struct Shutdown;

/// Flags of SHUTDOWN.
pub(in crate::config) const fn shutdown_flags() -> Shutdown {
    Shutdown
}

impl Kind for Shutdown {
    type Value = ShutdownFlags;

    fn takes_many(&self) -> bool {
        true
    }

    fn parse(&self, words: &[&[u8]], _: &ShutdownFlags) -> Result<ShutdownFlags, Refusal> {
        let refusal = || unknown_name(ShutdownFlags::NAMES);
        if words.is_empty() {
            return Err(refusal());
        }
        let mut flags = ShutdownFlags::DEFAULT;
        for word in words {
            flags.0 |= find(ShutdownFlags::NAMES, word).ok_or_else(refusal)?.0;
        }
        if flags.contains(ShutdownFlags(ShutdownFlags::SAVE.0 | ShutdownFlags::NOSAVE.0)) {
            return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
        }
        Ok(flags)
    }

    fn show(&self, value: &ShutdownFlags) -> Vec<u8> {
        if *value == ShutdownFlags::DEFAULT {
            return b"default".to_vec();
        }
        let flags = &ShutdownFlags::NAMES[1..];
        let set = flags.iter().filter(|(_, flag)| value.contains(*flag)).map(|(name, _)| *name);
        set.collect::<Vec<_>>().join(" ").into_bytes()
    }

    fn accepts(&self) -> String {
        format!("one or several of {}", listed(ShutdownFlags::NAMES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    choices! {
        /// For the tests.
        Adjust {
            /// Off.
            No = "no",
            /// Two names.
            Relative = "yes" | "relative",
        }
    }

    #[test]
    fn a_name_is_found_without_case_and_shown_by_its_first_spelling() {
        let kind = one_of::<Adjust>();
        let value = kind.parse(&[b"RELATIVE"], &Adjust::No).unwrap();
        assert_eq!(value, Adjust::Relative);
        assert_eq!(kind.show(&value), b"yes");
    }

    #[test]
    fn an_unknown_name_is_answered_with_all_names() {
        let refusal = one_of::<Adjust>().parse(&[b"maybe"], &Adjust::No).unwrap_err();
        assert_eq!(refusal.0, "argument(s) must be one of the following: no, yes, relative");
    }

    #[test]
    fn shutdown_flags_are_shown_in_their_order() {
        let parse = |words: &[&[u8]]| Shutdown.parse(words, &ShutdownFlags::DEFAULT);
        assert_eq!(Shutdown.show(&parse(&[b"force", b"NOSAVE"]).unwrap()), b"nosave force");
        assert_eq!(Shutdown.show(&parse(&[b"default"]).unwrap()), b"default");
        assert!(parse(&[b"save", b"nosave"]).is_err());
        assert!(parse(&[]).is_err());
    }
}
