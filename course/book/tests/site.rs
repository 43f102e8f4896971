//! The book of a small course: every page there, every link leading somewhere, nothing loaded from
//! elsewhere, and a fault in a chapter told instead of hidden.

#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for one test; gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("redstart-book-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample")
}

fn make(root: &Path, out: &Path) -> Output {
    let mut book = Command::new(env!("CARGO_BIN_EXE_redstart-book"));
    book.arg("--root").arg(root).arg("--out").arg(out).output().unwrap()
}

/// All files of the book by name.
fn pages(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let text = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(text).collect()
}

/// What stands in `name="…"`, each.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    html.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_link_leads_to_a_page_and_a_place_in_it() {
    let folder = Folder::new("links");
    let output = make(&sample(), &folder.0);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let pages = pages(&folder.0);
    let mut links = 0;
    for (name, html) in pages.iter().filter(|(name, _)| name.ends_with(".html")) {
        for link in [attributes(html, "href"), attributes(html, "src")].concat() {
            if link == "data:," {
                continue;
            }
            links += 1;
            assert!(!link.contains("://"), "{name} loads or leads to {link}");
            let (page, anchor) = link.split_once('#').unwrap_or((link, ""));
            let page = if page.is_empty() { name } else { page };
            let target = pages.get(page).unwrap_or_else(|| panic!("{name}: no page {page}"));
            let is_there = anchor.is_empty() || attributes(target, "id").contains(&anchor);
            assert!(is_there, "{name}: no {anchor} in {page}");
        }
    }
    assert!(links > 50, "only {links} links");
    for page in [
        "index.html",
        "base-01-bind.html",
        "base-02-ping.html",
        "about.html",
        "language.html",
        "file-src-main-rs.html",
    ] {
        assert!(pages.contains_key(page), "{page}");
    }
    assert!(!pages.contains_key("lists-01-rpush.html"), "it has no chapter");
}

#[test]
fn a_chapter_shows_its_code_its_changes_and_its_test() {
    let folder = Folder::new("chapter");
    assert!(make(&sample(), &folder.0).status.success());
    let pages = pages(&folder.0);
    let ping = &pages["base-02-ping.html"];
    for piece in [
        "<h1>2. The <code>first</code> answer</h1>",
        "stage 2 of 2 · about 10 min · CodeCrafters rg2",
        "<figcaption><span>src/main.rs</span>",
        "<span class=\"plus\">+ <i class=\"k\">use</i> std::io::<i class=\"t\">Write</i>;</span>",
        "<span class=\"minus\">-         <i class=\"f\">drop</i>(client?);</span>",
        "<i class=\"k\">A&gt;</i> PING",
        "<li>Because <em>TCP</em> is a stream.",
        "<div class=\"table\"><table>",
        "<summary>A hint: the shape of an answer</summary>\n<p>A <code>+</code>",
        "<li>You write PONG without the &lt;end&gt; of the line. (case 1)</li>",
        "href=\"base-02-ping.html\" aria-current=\"page\">ping",
        "<small>← before</small>A door",
    ] {
        assert!(ping.contains(piece), "{piece} is not in\n{ping}");
    }
    assert!(pages["base-01-bind.html"].contains("<small>next →</small>The &lt;first&gt; answer"));
    let map = &pages["index.html"];
    assert!(map.contains("In 2 stages") && map.contains("Lists &amp; more"));
    let index = &pages["index.js"];
    assert!(
        index
            .contains("[\"base-02-ping.html#the-idea\",\"Base 2. The first answer\",\"The idea\",")
    );
}

#[test]
fn a_chapter_that_does_not_fit_is_told_and_the_book_made_all_the_same() {
    let folder = Folder::new("fault");
    let root = folder.0.join("root");
    let copied = Command::new("cp").arg("-R").arg(sample()).arg(&root).status().unwrap();
    assert!(copied.success());
    let chapter = root.join("course/stages/base-01-bind/chapter.md");
    let text = fs::read_to_string(&chapter).unwrap();
    fs::write(&chapter, text.replace("fn port() -> u16 {", "fn port( {")).unwrap();
    let out = folder.0.join("out");
    let output = make(&root, &out);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("base-01-bind/chapter.md:9"), "{said}");
    assert!(said.contains("from here on no changes are shown"), "{said}");
    let pages = pages(&out);
    assert!(pages.contains_key("base-02-ping.html"));
    assert!(!pages["base-01-bind.html"].contains("id=\"changes\""));
}

#[test]
fn a_folder_that_is_no_book_is_left_alone() {
    let folder = Folder::new("foreign");
    let out = folder.0.join("out");
    fs::create_dir(&out).unwrap();
    assert!(make(&sample(), &out).status.success(), "an empty folder will do");
    fs::write(out.join("old.html"), "").unwrap();
    assert!(make(&sample(), &out).status.success());
    assert!(!out.join("old.html").exists(), "a page of the book before is gone");
    let own = folder.0.join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("letter.txt"), "dear").unwrap();
    let output = make(&sample(), &own);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("holds no book"));
    assert_eq!(fs::read_to_string(own.join("letter.txt")).unwrap(), "dear");
}
