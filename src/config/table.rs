//! The table: one row per option, and the macro that makes rows and typed fields of one list.
//!
//! ```text
//! options! {
//!     /// Sockets and clients.
//!     network: Network {
//!         /// The TCP port; 0 closes the TCP listeners.
//!         "port" port: u16 = 6379, integer(0, 65535), MUTABLE;
//!     }
//! }
//! ``` gives a struct `Network` with a public field `port: u16`, its default, and the row that
//! CONFIG and redis.conf find under the name `port`. More names follow the first:
//! `"replica-priority" | "slave-priority"`. The comment is the reference's text.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Config;
use super::kinds::{Kind, Line, Refusal};

/// When and by whom an option may be changed, and what it does today.
#[derive(Clone, Copy)]
pub(super) struct Marks {
    pub change: Change,
    pub effect: Effect,
    /// Found by CONFIG GET only under its full name.
    pub hidden: bool,
    /// Its value must not appear in SLOWLOG, MONITOR or a log.
    pub sensitive: bool,
    /// CONFIG SET needs enable-protected-configs.
    pub protected: bool,
    /// Not while a snapshot or AOF is loaded.
    pub denied_while_loading: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Change {
    AtRunTime,
    AtStart,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Effect {
    Works,
    StoredOnly,
}

/// Changes by CONFIG SET.
pub(super) const MUTABLE: Marks = Marks {
    change: Change::AtRunTime,
    effect: Effect::Works,
    hidden: false,
    sensitive: false,
    protected: false,
    denied_while_loading: false,
};

/// Set in redis.conf or on the command line only.
pub(super) const IMMUTABLE: Marks = Marks { change: Change::AtStart, ..MUTABLE };

impl Marks {
    /// Accepted and remembered, without any effect yet.
    pub(super) const fn stored_only(self) -> Self {
        Self { effect: Effect::StoredOnly, ..self }
    }

    pub(super) const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    pub(super) const fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    pub(super) const fn protected(self) -> Self {
        Self { protected: true, ..self }
    }

    pub(super) const fn denied_while_loading(self) -> Self {
        Self { denied_while_loading: true, ..self }
    }
}

/// A field of `Config` with its kind.
pub(super) struct Field<K: Kind> {
    pub kind: K,
    pub value: fn(&Config) -> &K::Value,
    pub value_mut: fn(&mut Config) -> &mut K::Value,
}

/// What a row does with its field, whatever the field's type.
pub(super) trait Slot: Send + Sync {
    fn takes_many(&self) -> bool;
    fn set(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Refusal>;
    fn show(&self, config: &Config) -> Vec<u8>;
    fn lines(&self, name: &str, config: &Config) -> Vec<Line>;
    fn accepts(&self) -> String;
    fn told_default(&self) -> String;
}

impl<K: Kind> Slot for Field<K> {
    fn takes_many(&self) -> bool {
        self.kind.takes_many()
    }

    fn set(&self, config: &mut Config, words: &[&[u8]]) -> Result<(), Refusal> {
        if !self.takes_many() && words.len() != 1 {
            return Err("wrong number of arguments".into());
        }
        let value = self.kind.parse(words, (self.value)(config))?;
        *(self.value_mut)(config) = value;
        Ok(())
    }

    fn show(&self, config: &Config) -> Vec<u8> {
        self.kind.show((self.value)(config))
    }

    fn lines(&self, name: &str, config: &Config) -> Vec<Line> {
        self.kind.lines(name, (self.value)(config), (self.value)(&TABLE.defaults))
    }

    fn accepts(&self) -> String {
        self.kind.accepts()
    }

    fn told_default(&self) -> String {
        self.kind.told_default((self.value)(&TABLE.defaults))
    }
}

/// One option.
pub(super) struct Row {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// Sentences for the reference, joined from the lines of the comment.
    pub about: &'static str,
    pub marks: Marks,
    pub slot: Box<dyn Slot>,
}

/// Every option, by section and by name.
pub(super) struct Table {
    pub sections: Vec<(&'static str, Vec<Row>)>,
    /// From every name, aliases included, to section and row.
    names: HashMap<&'static str, (usize, usize)>,
    pub defaults: Config,
}

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let sections = super::options::sections();
    let mut names = HashMap::new();
    for (section, (_, rows)) in sections.iter().enumerate() {
        for (place, row) in rows.iter().enumerate() {
            for name in row.names() {
                let before = names.insert(name, (section, place));
                assert!(before.is_none(), "two options are called {name}");
            }
        }
    }
    Table { sections, names, defaults: Config::default() }
});

impl Table {
    /// The option called `name`, in any case, by its name or an alias.
    pub(super) fn find(&self, name: &[u8]) -> Option<&Row> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        let (section, place) = *self.names.get(name.as_str())?;
        Some(&self.sections[section].1[place])
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|(_, rows)| rows)
    }
}

impl Row {
    /// The name, then the aliases.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// A section of the table: see the head of this file.
macro_rules! options {
    (
        $(#[doc = $section_about:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $about:literal])+
                $name:literal $(| $alias:literal)* $field:ident: $type:ty =
                    $default:expr, $kind:expr, $marks:expr;
            )+
        }
    ) => {
        $(#[doc = $section_about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Section {
            $( $(#[doc = $about])+ pub $field: $type, )+
        }

        impl Default for $Section {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $Section {
            pub(super) const ABOUT: &str = concat!($($section_about),+);

            pub(super) fn rows() -> Vec<$crate::config::table::Row> {
                vec![$(
                    $crate::config::table::Row {
                        name: $name,
                        aliases: &[$($alias),*],
                        about: concat!($($about),+),
                        marks: $marks,
                        slot: Box::new($crate::config::table::Field {
                            kind: $kind,
                            value: |config| &config.$section.$field,
                            value_mut: |config| &mut config.$section.$field,
                        }),
                    },
                )+]
            }
        }
    };
}
pub(super) use options;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_read_back_from_what_is_shown() {
        for row in TABLE.rows() {
            let mut config = Config::default();
            let shown = row.slot.show(&TABLE.defaults);
            let words: Vec<&[u8]> = match row.slot.takes_many() {
                true => shown.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect(),
                false => vec![&shown],
            };
            // What is shown as nothing (replicaof) has no words to read.
            if !words.is_empty() {
                row.slot.set(&mut config, &words).unwrap_or_else(|_| panic!("{}", row.name));
            }
            assert_eq!(row.slot.show(&config), shown, "{}", row.name);
        }
    }

    #[test]
    fn names_are_lower_case_and_found_in_any() {
        for row in TABLE.rows() {
            assert!(row.names().all(|name| name == name.to_lowercase()), "{}", row.name);
        }
        assert_eq!(TABLE.find(b"SLAVE-Priority").map(|row| row.name), Some("replica-priority"));
        assert!(TABLE.find(b"nothing").is_none());
    }
}
