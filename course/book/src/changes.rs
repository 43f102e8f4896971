//! What a stage changes: the program before its chapter and after it, file by file, as lines that
//! came, went or stayed.

use crate::highlight;
use redstart_proof::checkpoint::Files;
use similar::{ChangeTag, TextDiff};

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// The files that differ, as HTML; empty if none does.
pub fn html(before: &Files, after: &Files) -> String {
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    let mut html = String::new();
    for path in paths {
        let (old, new) = (text(before, path), text(after, path));
        if old != new {
            html.push_str(&file(path, &old, &new, !before.contains_key(path)));
        }
    }
    html
}

fn text(files: &Files, path: &str) -> String {
    files.get(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

fn file(path: &str, old: &str, new: &str, is_new: bool) -> String {
    let diff = TextDiff::from_lines(old, new);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    let (came, went) = (count(ChangeTag::Insert), count(ChangeTag::Delete));
    let word = match (is_new, new.is_empty()) {
        (true, _) => ", a new file",
        (_, true) => ", removed",
        _ => "",
    };
    let language = highlight::of_path(path);
    let (old_lines, new_lines) = (highlight::lines(old, language), highlight::lines(new, language));
    let mut rows = String::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            rows.push_str("<span class=\"gap\">⋯</span>\n");
        }
        for change in group.iter().flat_map(|part| diff.iter_changes(part)) {
            let (class, sign, line) = match change.tag() {
                ChangeTag::Insert => ("plus", '+', line(&new_lines, change.new_index())),
                ChangeTag::Delete => ("minus", '-', line(&old_lines, change.old_index())),
                ChangeTag::Equal => ("same", ' ', line(&new_lines, change.new_index())),
            };
            rows.push_str(&format!("<span class=\"{class}\">{sign} {line}</span>\n"));
        }
    }
    let path = redstart_course::map::escaped(path);
    format!(
        "<details class=\"diff\"><summary><code>{path}</code> <span class=\"counts\"><b \
         class=\"plus\">+{came}</b> <b class=\"minus\">−{went}</b>{word}</span></summary>\n\
         <pre><code>{rows}</code></pre></details>\n"
    )
}

fn line(lines: &[String], index: Option<usize>) -> &str {
    index.and_then(|index| lines.get(index)).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(path, text)| ((*path).into(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn only_what_changed_is_shown_with_its_signs() {
        let before =
            files(&[("same", "x\n"), ("src/a.rs", "fn a() {}\nfn b() {}\n"), ("old", "o\n")]);
        let after =
            files(&[("same", "x\n"), ("src/a.rs", "fn a() {}\nfn c() {}\n"), ("new", "n\n")]);
        let html = html(&before, &after);
        assert_eq!(html.matches("<details").count(), 3);
        assert!(
            html.contains("<span class=\"plus\">+ <i class=\"k\">fn</i> <i class=\"f\">c</i>() {}")
        );
        assert!(
            html.contains("<span class=\"minus\">- <i class=\"k\">fn</i> <i class=\"f\">b</i>")
        );
        assert!(html.contains(", a new file") && html.contains(", removed"));
        assert!(!html.contains(">same<"));
    }
}
