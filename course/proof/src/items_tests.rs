//! Items of files, and what fences make of them.

use super::*;

const FILE: &str = "\
//! A file.

mod b;

use std::collections::{BTreeMap, HashMap};
use std::io;

// Three is enough.
const MOST: usize = 3; // really
const LEAST: usize = 1;

/// Keeps.
#[derive(Default)]
pub struct Store {
    entries: HashMap<u8, u8>,
}

impl Store {
    /// One.
    fn one(&self) -> usize {
        1
    }

    fn two(&self) -> usize {
        2
    }
}

// The end of it.
fn main() {}
";

fn merged(fence: &str) -> String {
    let mut file = parse(FILE).unwrap();
    file.put_in(parse(fence).unwrap());
    file.render()
}

#[test]
fn a_file_is_put_together_as_it_was() {
    assert_eq!(
        parse(FILE).unwrap().render(),
        FILE.replace("    /// One", "/// One").replace("    fn two", "fn two")
    );
}

#[test]
fn comments_belong_to_the_item_below_or_before_them() {
    let file = parse(FILE).unwrap();
    assert_eq!(file.head, "//! A file.");
    let keys: Vec<&str> = file.items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["value MOST", "value LEAST", "type Store", "impl Store", "value main"]);
    assert_eq!(file.items[0].text, "// Three is enough.\nconst MOST: usize = 3; // really");
    assert!(!file.items[1].gap && file.items[2].gap);
    assert_eq!(file.items[4].text, "// The end of it.\nfn main() {}");
}

#[test]
fn an_item_replaces_the_one_of_its_name() {
    let text = merged("const MOST: usize = 4;\nfn main() {\n    run();\n}\n");
    assert!(text.contains("\nconst MOST: usize = 4;\nconst LEAST") && !text.contains("Three"));
    assert!(text.ends_with("fn main() {\n    run();\n}\n") && !text.contains("The end"));
    let text = merged("pub enum Store {\n    A,\n}\n");
    assert!(text.contains("enum Store") && !text.contains("struct Store"));
}

#[test]
fn members_are_merged_one_by_one_and_new_ones_stand_after_their_neighbour() {
    let text = merged("impl Store {\n    fn one(&self) {}\n\n    fn more(&self) {}\n}\n");
    let order: Vec<usize> =
        ["fn one(&self) {}", "fn more", "fn two"].iter().map(|it| text.find(it).unwrap()).collect();
    assert!(order.is_sorted() && !text.contains("/// One"), "{text}");
}

#[test]
fn new_items_find_their_place() {
    let text = merged("struct After;\n\nfn main() {}\n\nfn last() {}\n");
    let order: Vec<usize> = ["impl Store", "struct After", "fn main", "fn last"]
        .iter()
        .map(|it| text.find(it).unwrap())
        .collect();
    assert!(order.is_sorted(), "{text}");
    assert!(merged("fn lonely() {}").ends_with("fn main() {}\n\nfn lonely() {}\n"));
}

#[test]
fn imports_are_merged_by_the_name_they_bring_in() {
    let text = merged("use crate::HashMap;\nuse std::io::Read;\nuse std::fmt::Write as _;\n");
    assert!(text.contains("use std::collections::BTreeMap;"), "{text}");
    assert!(text.contains("use crate::HashMap;"), "{text}");
    assert!(text.contains("use std::io::{self, Read};"), "{text}");
    assert!(text.contains("use std::fmt::Write as _;"), "{text}");
    let text = merged("mod a;\nmod b;");
    assert!(text.contains("mod a;\nmod b;\n\nuse"), "{text}");
}

#[test]
fn what_is_named_is_taken_out_and_what_is_not_there_is_told() {
    let mut file = parse(FILE).unwrap();
    for line in ["use std::io", "const MOST", "Store::two", "fn main", "mod b"] {
        file.take_out(line).unwrap();
    }
    let text = file.render();
    for gone in ["use std::io", "MOST", "two", "main", "mod b"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    file.take_out("Store::one").unwrap();
    assert!(!file.render().contains("impl Store"));
    for line in ["fn nobody", "use std::fs", "Store::one", "main", "let x"] {
        assert!(file.take_out(line).is_err(), "{line}");
    }
}

#[test]
fn several_blocks_of_one_type_are_one() {
    let mut file = parse("impl A {\n    fn a() {}\n}\n\nimpl A {\n    fn b() {}\n}\n").unwrap();
    file.put_in(parse("impl A {\n    fn b() { 1 }\n    fn c() {}\n}\n").unwrap());
    let text = file.render();
    assert_eq!(text.matches("fn b").count(), 1, "{text}");
    assert_eq!(text.matches("fn c").count(), 1, "{text}");
}

#[test]
fn what_is_not_rust_is_told_with_its_line() {
    assert!(parse("fn a() {}\nfn {").unwrap_err().to_string().starts_with("line 2:"));
}
