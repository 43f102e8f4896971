//! The index of the search: a script that holds every section of every chapter. A page that was
//! opened from the file system may load a script, but no JSON.

use crate::render::Section;
use std::fmt::Write as _;

/// All sections of all pages.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<String>,
}

impl Index {
    /// Adds the sections of a page.
    pub fn add(&mut self, address: &str, title: &str, sections: &[Section]) {
        for section in sections {
            let anchor = if section.id.is_empty() { "" } else { "#" };
            let text = section.text.split_whitespace().collect::<Vec<_>>().join(" ");
            self.entries.push(format!(
                "[{},{},{},{}]",
                quoted(&format!("{address}{anchor}{}", section.id)),
                quoted(title),
                quoted(&section.heading),
                quoted(&text)
            ));
        }
    }

    /// The script.
    pub fn script(&self) -> String {
        format!("window.INDEX = [\n{}\n];\n", self.entries.join(",\n"))
    }
}

/// A string of JavaScript that may also stand within a page.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '<' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04x}", letter as u32);
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_become_entries_that_a_browser_can_read() {
        let mut index = Index::default();
        let section = |id: &str, text: &str| Section {
            id: id.into(),
            heading: "On \"the\" wire".into(),
            text: text.into(),
        };
        index.add("a.html", "A", &[section("", "x  y\n</script>"), section("on-the-wire", "\\r")]);
        assert_eq!(
            index.script(),
            concat!(
                "window.INDEX = [\n",
                r#"["a.html","A","On \"the\" wire","x y \u003c/script>"],"#,
                "\n",
                r#"["a.html#on-the-wire","A","On \"the\" wire","\\r"]"#,
                "\n];\n"
            )
        );
    }
}
