//! Generated pages are fresh: docs/commands.md says what the command table says.
//!
//! `REDSTART_BLESS=1 cargo test --test docs`, or `make docs`, writes them anew.

use redstart::command::{Entry, Handler};
use redstart::commands;
use std::fmt::Write;
use std::path::Path;

fn page() -> String {
    let mut page = String::from(
        "# Commands\n\nGenerated from the command table (`make docs`). \
         Where a command stands: `make where C=getex`.\n",
    );
    let entries = commands::table().entries();
    let mut groups: Vec<&str> = entries.iter().map(|entry| entry.group).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        write!(
            page,
            "\n## {group}\n\n| command | what it does | cost | since |\n|---|---|---|---|\n"
        )
        .expect("a string takes text");
        let mut rows: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.group == group)
            .filter(|entry| !matches!(entry.command.handler, Handler::Container))
            .collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        for entry in rows {
            let command = &entry.command;
            let usage = command.usage.replacen('|', " ", entry.name_words - 1);
            let usage = usage.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
            let (about, cost) = (command.summary, command.complexity.replace('|', "\\|"));
            writeln!(page, "| `{usage}` | {about} | {cost} | {} |", command.since)
                .expect("a string takes text");
        }
    }
    page
}

#[test]
fn docs_commands_md_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let page = page();
    if std::env::var_os("REDSTART_BLESS").is_some() {
        std::fs::write(&path, &page).expect("docs/ can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/commands.md is stale: `make docs` writes it anew");
}

#[test]
fn every_command_says_what_it_does() {
    let silent: Vec<&str> = commands::table()
        .entries()
        .iter()
        .filter(|entry| entry.command.summary.is_empty())
        .map(|entry| entry.name.as_str())
        .collect();
    assert!(silent.is_empty(), "no summary: {silent:?}");
}
