//! Edits on their way back into a chapter: after every one, the chapter makes the edited file.

use super::*;

const CHAPTER: &str = "# 1. A\n\n## The code\nFirst.\n\n```rust src/a.rs\nuse std::io;\n\n\
                       fn one() {}\n\nimpl S {\n    fn in_s(&self) {}\n}\n```\n\n## Run it\nNow.\n";
const BEFORE: &str = "fn zero() {}\n\nstruct S;\n";

/// Pulls an edit of `src/a.rs`, and checks that the new chapter makes the same.
fn pulled(edit: impl Fn(&str) -> String) -> String {
    let apply = |chapter: &str| {
        let chapter = Chapter::parse(Path::new("x.md"), chapter.to_owned()).unwrap();
        let mut file = items::parse(BEFORE).unwrap();
        for fence in &chapter.fences {
            match &fence.role {
                Role::Items(_) => file.put_in(items::parse(chapter.content(fence)).unwrap()),
                _ => chapter.content(fence).lines().for_each(|it| file.take_out(it).unwrap()),
            }
        }
        // Members are indented by rustfmt.
        file.render().replace("\nfn in_", "\n    fn in_").replace("\nfn also", "\n    fn also")
    };
    let made = apply(CHAPTER);
    let edited = edit(&made);
    assert_ne!(made, edited, "the edit changes nothing");
    let versions = Versions {
        before: Some(BEFORE.as_bytes()),
        made: Some(made.as_bytes()),
        edited: Some(edited.as_bytes()),
    };
    let text = pull_file(Path::new("x.md"), CHAPTER, "src/a.rs", &versions).unwrap();
    let result = apply(&text);
    let bytes = |text: &str| text.as_bytes().to_vec();
    assert!(
        same_file("a.rs", Some(&bytes(&result)), Some(&bytes(&edited))),
        "{text}\n--\n{result}\n--\n{edited}"
    );
    text
}

#[test]
fn what_the_chapter_shows_is_replaced_where_it_stands() {
    let text = pulled(|made| made.replace("fn one() {}", "fn one() {\n    two();\n}"));
    assert_eq!(text, CHAPTER.replace("fn one() {}", "fn one() {\n    two();\n}"));
    let text = pulled(|made| made.replace("in_s(&self)", "in_s(&mut self)"));
    assert_eq!(text, CHAPTER.replace("in_s(&self)", "in_s(&mut self)"));
}

#[test]
fn what_is_not_as_rustfmt_writes_it_is_mended() {
    let text = CHAPTER.replace("fn one() {}", "fn one(){}");
    let made = format!(
        "use std::io;\n\n{BEFORE}\nfn one() {{}}\n\nimpl S {{\n    fn in_s(&self) {{}}\n}}\n"
    );
    let versions = Versions {
        before: Some(BEFORE.as_bytes()),
        made: Some(made.as_bytes()),
        edited: Some(made.as_bytes()),
    };
    assert_eq!(pull_file(Path::new("x.md"), &text, "src/a.rs", &versions).unwrap(), CHAPTER);
}

#[test]
fn what_earlier_chapters_brought_is_shown_anew() {
    let text = pulled(|made| made.replace("fn zero() {}", "fn zero() -> u8 {\n    0\n}"));
    assert!(text.contains("    fn in_s(&self) {}\n}\n\nfn zero() -> u8 {"), "{text}");
}

#[test]
fn new_items_and_members_come_after_what_is_above_them() {
    let text = pulled(|made| made.replace("fn one() {}", "fn one() {}\n\nfn more() {}"));
    assert!(text.contains("fn one() {}\n\nfn more() {}\n\nimpl S"), "{text}");
    let text = pulled(|made| made.replace("in_s(&self) {}", "in_s(&self) {}\n\n    fn also() {}"));
    assert!(text.contains("in_s(&self) {}\n\n    fn also() {}\n}\n"), "{text}");
}

#[test]
fn imports_change_in_their_lines() {
    let text = pulled(|made| made.replace("use std::io;", "use std::fs;\nuse std::io;"));
    assert!(text.contains("use std::{fs, io};\n"), "{text}");
    let text = pulled(|made| made.replace("use std::io;", "use std::fs;"));
    assert!(!text.contains("std::io") && text.contains("use std::fs;"), "{text}");
}

#[test]
fn what_was_deleted_is_taken_out_or_named() {
    let text = pulled(|made| made.replace("fn one() {}\n\n", ""));
    assert!(!text.contains("fn one"), "{text}");
    let text = pulled(|made| made.replace("fn zero() {}\n\n", ""));
    assert!(text.contains("```rust src/a.rs remove\nfn zero\n```\n\n## Run it"), "{text}");
}

#[test]
fn other_files_are_taken_whole_and_a_missing_one_is_removed() {
    let versions = Versions { before: None, made: None, edited: Some(b"x = 1\n") };
    let text = pull_file(Path::new("x.md"), CHAPTER, "Cargo.toml", &versions).unwrap();
    assert!(text.contains("```toml Cargo.toml\nx = 1\n```\n\n## Run it"), "{text}");
    let versions = Versions { before: Some(b"x = 1\n"), made: Some(b"x = 2\n"), edited: None };
    let again = pull_file(Path::new("x.md"), &text, "Cargo.toml", &versions).unwrap();
    assert!(again.contains("```text Cargo.toml remove\nfile\n```") && !again.contains("x = 1"));
}
