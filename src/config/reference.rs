//! docs/configuration.md, made from the table: what each option is for, takes, and does today.

use std::fmt::Write;

use super::table::{Change, Effect, Row, TABLE};

const HEAD: &str = "\
# Configuration

Made from the table in `src/config/options`; `REDSTART_BLESS=1 cargo test docs_are_fresh`
rewrites it.

Options come from a file in redis.conf's syntax, from standard input and from the command line, in
this order: `redstart /etc/redis.conf --port 6380 -`. `CONFIG GET`, `CONFIG SET` and `CONFIG
REWRITE` work on the same table. Every option of Redis up to 8 and of Valkey up to 9 is accepted.

- **Changes** `live`: by `CONFIG SET`; `at start`: only in the file or on the command line;
  `protected`: `CONFIG SET` needs `enable-protected-configs`; `hidden`: `CONFIG GET` finds it only
  under its full name.
- **Works** `yes`: it does what it says; `–`: the value is checked, stored, answered and rewritten,
  and has no effect yet.
- Memory takes the units `k`, `m`, `g` (powers of 1000) and `kb`, `mb`, `gb` (powers of 1024).
";

/// The reference of all options, as markdown.
pub fn reference() -> String {
    let mut text = HEAD.to_string();
    for (about, rows) in &TABLE.sections {
        text.push_str(&format!("\n## {}\n\n", about.trim()));
        text.push_str(
            "| Option | Takes | Default | Changes | Works | |\n|---|---|---|---|---|---|\n",
        );
        for row in rows {
            push_row(&mut text, row);
        }
    }
    text
}

fn push_row(text: &mut String, row: &Row) {
    let names: Vec<String> = row.names().map(|name| format!("`{name}`")).collect();
    let (names, takes) = (names.join(", "), row.slot.accepts());
    let default = match row.slot.told_default() {
        default if default.is_empty() || default == "\"\"" => String::new(),
        default => format!("`{default}`"),
    };
    let (changes, works) = (changes(row), works(row));
    let about = row.about.trim();
    writeln!(text, "| {names} | {takes} | {default} | {changes} | {works} | {about} |")
        .expect("writing to a String does not fail");
}

fn changes(row: &Row) -> String {
    let mut said = vec![match row.marks.change {
        Change::AtRunTime => "live",
        Change::AtStart => "at start",
    }];
    if row.marks.protected {
        said.push("protected");
    }
    if row.marks.hidden {
        said.push("hidden");
    }
    said.join(", ")
}

fn works(row: &Row) -> &'static str {
    match row.marks.effect {
        Effect::Works => "yes",
        Effect::StoredOnly => "–",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_are_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
        let made = reference();
        if std::env::var_os("REDSTART_BLESS").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == made, "docs/configuration.md is stale: REDSTART_BLESS=1 rewrites it");
    }

    #[test]
    fn every_option_has_a_sentence() {
        for row in TABLE.rows() {
            assert!(row.about.trim().ends_with('.'), "{}", row.name);
            assert!(!row.about.contains('|'), "{}", row.name);
        }
    }
}
