//! Colours for code: comments, strings, numbers, keywords, types, calls. Not a parser: a reader's
//! eye needs no more, and what is not known stays plain. Yields lines of HTML, so that a line can
//! have a number or a sign in front of it; nothing stays open over a line's end.

use redstart_course::map::escaped;

const RUST: &str = "as async await break const continue crate dyn else enum extern false fn for if \
                    impl in let loop match mod move mut pub ref return self static struct super \
                    trait true type unsafe use where while";
const OTHERS: &str = "and break case class const continue def del do elif else except export false \
                      finally for from func function go if import in int is let match new nil not \
                      null or package pass raise return static struct switch then throw true try \
                      type undefined using var void while with yield None True False fi done esac \
                      exec set echo public private class extends";

/// How a language is written.
struct Language {
    keywords: &'static str,
    /// What begins a comment that ends with its line.
    comments: &'static [&'static str],
    has_block_comments: bool,
    quotes: &'static [char],
}

fn language(name: &str) -> Option<Language> {
    let c_like = |keywords, quotes| Language {
        keywords,
        comments: &["//"],
        has_block_comments: true,
        quotes,
    };
    let hash_like = || Language {
        keywords: OTHERS,
        comments: &["#"],
        has_block_comments: false,
        quotes: &['"', '\''],
    };
    match name {
        // A single quote begins a lifetime as often as a letter.
        "rust" => Some(c_like(RUST, &['"'])),
        "c" | "go" | "java" | "js" | "javascript" | "ts" | "typescript" | "json" => {
            Some(c_like(OTHERS, &['"', '\'', '`']))
        }
        "python" | "sh" | "bash" | "toml" | "yaml" | "yml" | "conf" => Some(hash_like()),
        _ => None,
    }
}

/// The name of a file's language, by its ending.
pub fn of_path(path: &str) -> &str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("rs") => "rust",
        Some("py") => "python",
        Some("lock") => "toml",
        Some(ending) => ending,
        None => "",
    }
}

/// Lines of HTML for a text in this language.
pub fn lines(text: &str, name: &str) -> Vec<String> {
    let pieces = match (name, language(name)) {
        ("redis", _) => session(text),
        (_, Some(language)) => Scanner { text, at: 0, language, pieces: Vec::new() }.run(),
        (_, None) => vec![("", text)],
    };
    let mut lines = vec![String::new()];
    for (class, text) in pieces {
        for (index, part) in text.split('\n').enumerate() {
            if index > 0 {
                lines.push(String::new());
            }
            let Some(line) = lines.last_mut().filter(|_| !part.is_empty()) else { continue };
            if class.is_empty() {
                line.push_str(&escaped(part));
            } else {
                line.push_str(&format!("<i class=\"{class}\">{}</i>", escaped(part)));
            }
        }
    }
    if text.ends_with('\n') {
        lines.pop();
    }
    lines
}

/// A session: who speaks, and what is said apart from what comes back.
fn session(text: &str) -> Vec<(&'static str, &str)> {
    let mut pieces = Vec::new();
    for line in text.split_inclusive('\n') {
        let word = line.trim_start().split([' ', '\n']).next().unwrap_or("");
        let sign = word.chars().nth(1);
        let class = match (line.trim_start().chars().next(), sign) {
            (Some('#'), _) => "c",
            (Some('A'..='Z' | '@'), Some('>' | '+')) => "k",
            (Some('A'..='Z' | '@'), Some('<')) => "s",
            _ if ["case", "stage", "title", "why"].contains(&word) => "t",
            _ => "n",
        };
        let (head, rest) = line.split_at(line.find(word).unwrap_or(0) + word.len());
        if class == "c" || class == "n" {
            pieces.push((class, line));
        } else {
            pieces.extend([(class, head), ("", rest)]);
        }
    }
    pieces
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    language: Language,
    pieces: Vec<(&'static str, &'a str)>,
}

impl<'a> Scanner<'a> {
    fn run(mut self) -> Vec<(&'static str, &'a str)> {
        while let Some(first) = self.rest().chars().next() {
            let (class, length) = self.piece(first);
            self.pieces.push((class, &self.text[self.at..self.at + length]));
            self.at += length;
        }
        self.pieces
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn piece(&self, first: char) -> (&'static str, usize) {
        let rest = self.rest();
        if self.language.comments.iter().any(|mark| rest.starts_with(mark)) {
            return ("c", rest.find('\n').unwrap_or(rest.len()));
        }
        if self.language.has_block_comments && rest.starts_with("/*") {
            return ("c", rest.find("*/").map_or(rest.len(), |at| at + 2));
        }
        if self.language.quotes.contains(&first) {
            return ("s", quoted(rest, first));
        }
        let is_rust = self.language.keywords == RUST;
        if is_rust && first == '\'' {
            return letter_or_lifetime(rest);
        }
        if is_rust && rest.starts_with("#[") {
            return ("a", rest.find(']').map_or(2, |at| at + 1));
        }
        if first.is_alphabetic() || first == '_' {
            return self.word(rest);
        }
        if first.is_ascii_digit() {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
            return ("n", rest.find(|letter| !is_part(letter)).unwrap_or(rest.len()));
        }
        ("", first.len_utf8())
    }

    fn word(&self, rest: &str) -> (&'static str, usize) {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        let length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        if self.language.keywords == RUST
            && behind.starts_with('"')
            && ["b", "r", "br"].contains(&word)
        {
            return ("s", length + quoted(behind, '"'));
        }
        let class = if self.language.keywords.split_whitespace().any(|keyword| keyword == word) {
            "k"
        } else if word.starts_with(char::is_uppercase) {
            "t"
        } else if behind.starts_with('(') || behind.starts_with('!') && !behind.starts_with("!=") {
            "f"
        } else {
            ""
        };
        (class, length)
    }
}

/// The length of a text in quotes; to the end if they are never closed.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + letter.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// `'a'`, `'\n'`, or `'static`.
fn letter_or_lifetime(rest: &str) -> (&'static str, usize) {
    let mut letters = rest.char_indices().skip(1);
    if let Some((_, '\\')) = letters.next() {
        return ("s", quoted(rest, '\''));
    }
    if let Some((at, '\'')) = letters.next() {
        return ("s", at + 1);
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let length = rest[1..].find(|letter| !is_part(letter)).unwrap_or(rest.len() - 1);
    ("a", length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_is_coloured_and_its_text_kept() {
        let text = "// a <b>\nfn get<'a>(&self) -> Option<u8> { b\"x\\\"y\".len(); 'x' }\n";
        let lines = lines(text, "rust");
        assert_eq!(lines[0], "<i class=\"c\">// a &lt;b&gt;</i>");
        assert_eq!(lines.len(), 2);
        for piece in [
            "<i class=\"k\">fn</i> get&lt;",
            "<i class=\"f\">len</i>()",
            "<i class=\"a\">'a</i>",
            "<i class=\"t\">Option</i>&lt;u8&gt;",
            "<i class=\"s\">b&quot;x\\&quot;y&quot;</i>",
            "<i class=\"s\">'x'</i>",
        ] {
            assert!(lines[1].contains(piece), "{piece} in {}", lines[1]);
        }
    }

    #[test]
    fn nothing_stays_open_at_the_end_of_a_line() {
        let lines = lines("/* a\nb */ x\n\"c\nd\"", "rust");
        assert_eq!(
            lines,
            [
                "<i class=\"c\">/* a</i>",
                "<i class=\"c\">b */</i> x",
                "<i class=\"s\">&quot;c</i>",
                "<i class=\"s\">d&quot;</i>",
            ]
        );
    }

    #[test]
    fn sessions_and_unknown_languages_keep_their_text() {
        let lines_of = lines("A> SET a <1>\nA< OK\nwait 20ms\n", "redis");
        assert_eq!(lines_of[0], "<i class=\"k\">A&gt;</i> SET a &lt;1&gt;");
        assert_eq!(lines_of[1], "<i class=\"s\">A&lt;</i> OK");
        assert_eq!(lines("fn x\n\ny", "text"), ["fn x", "", "y"]);
        assert_eq!(lines("", "rust"), [""]);
    }
}
